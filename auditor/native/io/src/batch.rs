//! What a consumer gets: runs of frames that lie in one shared block.

use std::ops::Range;
use std::sync::Arc;

use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;

use crate::block::Block;

/// Where one frame lies in its batch's bytes, and when it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameMeta {
    /// When it was captured.
    pub time: Timestamp,
    /// Its first byte in the block.
    pub start: u32,
    /// Captured bytes.
    pub len: u32,
    /// Bytes on the wire: `len`, or more where a snap length cut the frame.
    pub wire_len: u32,
}

impl FrameMeta {
    pub(crate) const fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
    }
}

/// From which frame of a block on a link type holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkRun {
    pub(crate) from: usize,
    pub(crate) link: LinkType,
}

/// A frame with everything that is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// 1-based in its capture, as Wireshark counts.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// Bytes on the wire.
    pub wire_len: u32,
    /// Captured bytes.
    pub bytes: &'a [u8],
}

/// Consecutive frames of one capture with one link type. Cheap to clone; workers may share it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The capture's place among the sources of its stream.
    pub capture: u32,
    /// The source's vantage point.
    pub vantage: u16,
    /// What the frames' first bytes are.
    pub link: LinkType,
    /// The first frame's number, 1-based in its capture; the others follow without gaps.
    pub first: u64,
    pub(crate) block: Arc<Block>,
    pub(crate) range: Range<usize>,
}

impl Batch {
    /// The frames in their order. That of index `i` has the number `first + i`.
    #[must_use]
    pub fn frames(&self) -> &[FrameMeta] {
        self.block.frames.get(self.range.clone()).unwrap_or_default()
    }

    /// The batch in two: its first `count` frames, and the others.
    #[must_use]
    pub(crate) fn split_at(self, count: usize) -> (Self, Self) {
        let Range { start, end } = self.range;
        let cut = end.min(start + count);
        let rest = Self {
            first: self.first + count as u64,
            range: cut..end,
            block: Arc::clone(&self.block),
            ..self
        };
        (Self { range: start..cut, ..self }, rest)
    }

    /// The captured bytes of one of this batch's frames; empty for a frame of another batch that lies elsewhere.
    #[must_use]
    pub fn bytes(&self, frame: &FrameMeta) -> &[u8] {
        self.block.bytes.get(frame.range()).unwrap_or_default()
    }

    /// The frames with their numbers and bytes.
    pub fn iter(&self) -> impl Iterator<Item = Frame<'_>> + '_ {
        (self.first..).zip(self.frames()).map(|(number, frame)| Frame {
            number,
            time: frame.time,
            wire_len: frame.wire_len,
            bytes: self.bytes(frame),
        })
    }
}
