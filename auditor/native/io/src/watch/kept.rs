//! The beginnings of frames that prove something, copied out before the frames are gone.

use auditor_core::detect::FrameRef;
use auditor_core::engine::{Engine, Frame};
use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;

/// How many may wait for whoever asks.
const MOST: usize = 1 << 14;

/// The beginning of a frame: its headers, and what of its payload may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Which frame.
    pub frame: FrameRef,
    /// When it was captured.
    pub time: Timestamp,
    /// What its bytes begin with.
    pub link: LinkType,
    /// Its length on the wire.
    pub wire_len: u32,
    /// As much as may be kept.
    pub data: Box<[u8]>,
}

/// Slices that nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Kept {
    slices: Vec<Slice>,
    /// How many found no room.
    refused: u64,
}

impl Kept {
    /// Keeps of the frames that an engine has just taken in those that it cites. `is_here` says whether a frame is among
    /// them, and `find` finds those that are, in their order.
    pub(super) fn keep<'a>(
        &mut self,
        engine: &mut Engine,
        is_here: impl Fn(FrameRef) -> bool,
        mut find: impl FnMut(FrameRef) -> Option<Frame<'a>>,
    ) {
        for cited in engine.cited(is_here) {
            let Some(frame) = find(cited.frame) else { continue };
            if self.slices.len() >= MOST {
                self.refused += 1;
                continue;
            }
            self.slices.push(Slice {
                frame: frame.place,
                time: frame.time,
                link: frame.link,
                wire_len: frame.wire_len,
                data: cited.slice(frame.link, frame.bytes).into(),
            });
        }
    }

    /// Takes them, and how many were refused.
    pub(super) fn take(&mut self) -> (Vec<Slice>, u64) {
        (std::mem::take(&mut self.slices), std::mem::take(&mut self.refused))
    }
}
