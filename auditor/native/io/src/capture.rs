//! One capture, read from its first byte to its last: its frames in file order, and what can be said of it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;

use auditor_core::time::Timestamp;

use crate::batch::{Batch, FrameMeta};
use crate::block::Block;
use crate::hash::Feed;
use crate::input::{End, Input, Opened, Shared};
use crate::split::{Splitter, Stop};

/// How much is read at once: large enough to make calls rare, small enough to stay in a core's second-level cache beside
/// what the system copies from and what the engine keeps.
pub(crate) const LARGE_BLOCK: usize = 256 * 1024;
/// The same where many captures are open at once, or only the first frame is wanted.
pub(crate) const SMALL_BLOCK: usize = 32 * 1024;
/// How much may lie between a frame and the end of its capture for the end to be looked for. Counted in what frames
/// hold, not in blocks read, so that it depends on the capture alone.
const LOOKAHEAD: u64 = 4 * 1024 * 1024;
/// What a frame counts beyond its bytes.
const FRAME_COST: u64 = 64;

/// Why a capture was not read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureError {
    /// It is not what it should be.
    Format {
        /// Where, in the decompressed bytes.
        offset: u64,
        /// What should stand there.
        expected: Cow<'static, str>,
    },
    /// The system said no.
    Io(String),
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { offset, expected } => write!(f, "at offset {offset}: expected {expected}"),
            Self::Io(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for CaptureError {}

impl From<io::Error> for CaptureError {
    fn from(error: io::Error) -> Self {
        let words = error.to_string();
        let number = error.raw_os_error().map(|number| format!(" (os error {number})")).unwrap_or_default();
        Self::Io(words.strip_suffix(&number).unwrap_or(&words).to_owned())
    }
}

/// What can be said of a capture, as far as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureSummary {
    /// As its source was called.
    pub path: String,
    /// The source's vantage point.
    pub vantage: u16,
    /// Of the bytes on disk; none where hashing is off, or the source is no capture or was not read to its end.
    pub sha256: Option<[u8; 32]>,
    /// Frames.
    pub packets: u64,
    /// The frames' lengths on the wire, together.
    pub bytes: u64,
    /// The earliest time.
    pub first: Option<Timestamp>,
    /// The latest time.
    pub last: Option<Timestamp>,
    /// It broke off, or could not be read on at some point; everything before is delivered.
    pub truncated: bool,
    /// With `truncated`: why reading stopped before the end. Without: why it could not be read at all.
    pub error: Option<CaptureError>,
    /// Frames of which only the first bytes were captured.
    pub snapped: u64,
    /// Frames more than a second older than the one before them.
    pub backwards: u64,
    /// Frames that the kernel had no room for, of a live capture.
    pub dropped: u64,
    /// The time of the last frame counted.
    pub(crate) previous: Option<Timestamp>,
}

impl CaptureSummary {
    /// Whether nothing could be read: no capture, or no such file.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        self.error.is_some() && !self.truncated
    }

    /// Counts the next frames.
    pub(crate) fn add(&mut self, frames: &[FrameMeta]) {
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return };
        let mut previous = self.previous.unwrap_or(first.time);
        let mut earliest = self.first.unwrap_or(first.time);
        let mut latest = self.last.unwrap_or(first.time);
        for frame in frames {
            self.bytes = self.bytes.wrapping_add(u64::from(frame.wire_len));
            self.snapped += u64::from(frame.len < frame.wire_len);
            // Only what goes back can be earlier than all before it.
            if frame.time < previous {
                self.backwards += u64::from(previous.since(frame.time) > Timestamp::SECOND);
                earliest = earliest.min(frame.time);
            }
            latest = latest.max(frame.time);
            previous = frame.time;
        }
        self.packets += u64::try_from(frames.len()).unwrap_or_default();
        self.first = Some(earliest);
        self.last = Some(latest);
        self.previous = Some(last.time);
    }
}

/// A capture that is being read.
pub(crate) struct Capture {
    pub(crate) index: u32,
    /// Its place in the order of captures: of frames at the same time, those of the lower rank come first.
    pub(crate) rank: usize,
    input: Option<Input>,
    splitter: Splitter,
    /// The record that the last block ended in, as far as it was read. Copied out, so that the block is free for the next
    /// bytes: what is read goes where the last was, which is in the cache.
    rest: Vec<u8>,
    /// How many bytes that record needs at least.
    need: usize,
    /// Where the next byte to split stands in the decompressed stream.
    offset: u64,
    /// Blocks with frames that were not taken yet, and how many of the first one's were.
    blocks: VecDeque<Arc<Block>>,
    taken: usize,
    /// Frames taken from all blocks.
    delivered: u64,
    first: Option<Timestamp>,
    summary: CaptureSummary,
    feed: Feed,
    shared: Shared,
}

impl Capture {
    /// Begins with an opened source; an error becomes part of the summary.
    pub(crate) fn begin(
        index: u32,
        summary: CaptureSummary,
        opened: io::Result<Opened>,
        shared: &Shared,
        feed: Feed,
    ) -> Self {
        let input = opened.and_then(|opened| Input::new(opened, shared, &feed));
        let mut capture = Self {
            index,
            rank: 0,
            input: None,
            splitter: Splitter::default(),
            rest: Vec::new(),
            need: 0,
            offset: 0,
            blocks: VecDeque::new(),
            taken: 0,
            delivered: 0,
            first: None,
            summary,
            feed,
            shared: shared.clone(),
        };
        match input {
            Ok(input) => capture.input = Some(input),
            Err(error) => capture.summary.error = Some(error.into()),
        }
        capture
    }

    /// The source's vantage point.
    pub(crate) const fn vantage(&self) -> u16 {
        self.summary.vantage
    }

    /// The time of the first frame in the file, once it was read.
    pub(crate) const fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// Reads until there is a frame to take, `block_size` bytes at a time; returns its time, none at the end.
    pub(crate) fn refill(&mut self, block_size: usize) -> Option<Timestamp> {
        while self.blocks.is_empty() && self.input.is_some() {
            self.load(block_size);
        }
        self.head()
    }

    /// The time of the next frame at hand.
    pub(crate) fn head(&self) -> Option<Timestamp> {
        self.blocks.front().and_then(|block| block.frames.get(self.taken)).map(|frame| frame.time)
    }

    /// Whether nothing follows that is later than `time`. Says no where finding out would mean to look far ahead.
    pub(crate) fn ends_by(&mut self, time: Timestamp) -> bool {
        let mut ahead = 0_u64;
        let mut index = 0;
        let mut from = self.taken;
        loop {
            let Some(block) = self.blocks.get(index) else {
                if self.input.is_none() {
                    return true;
                }
                self.load(LARGE_BLOCK);
                continue;
            };
            for frame in block.frames.get(from..).unwrap_or_default() {
                ahead += u64::from(frame.len) + FRAME_COST;
                if frame.time > time || ahead > LOOKAHEAD {
                    return false;
                }
            }
            index += 1;
            from = 0;
        }
    }

    /// Takes the frames at hand that come before `limit`, a time and a rank, up to the next change of link type.
    /// The first is taken in any case.
    pub(crate) fn take(&mut self, limit: Option<(Timestamp, usize)>) -> Option<Batch> {
        let block = Arc::clone(self.blocks.front()?);
        let start = self.taken;
        let run = block.runs.partition_point(|run| run.from <= start);
        let link = block.runs.get(run.checked_sub(1)?)?.link;
        let mut end = block.runs.get(run).map_or(block.frames.len(), |next| next.from);
        if let Some(limit) = limit {
            let rank = self.rank;
            let run = block.frames.get(start..end).unwrap_or_default();
            end = start + 1 + run.iter().skip(1).take_while(|frame| (frame.time, rank) < limit).count();
        }
        let first = self.delivered + 1;
        self.delivered += u64::try_from(end - start).unwrap_or_default();
        if end == block.frames.len() {
            self.blocks.pop_front();
            self.taken = 0;
        } else {
            self.taken = end;
        }
        Some(Batch {
            capture: self.index,
            vantage: self.summary.vantage,
            link,
            first,
            block,
            range: start..end,
        })
    }

    /// What can be said of it so far.
    pub(crate) fn summary(self) -> CaptureSummary {
        self.summary
    }

    /// Reads and splits one block.
    fn load(&mut self, block_size: usize) {
        let Some(input) = &mut self.input else { return };
        let carried = self.rest.len();
        let size = block_size.max(self.need).max(carried + SMALL_BLOCK);
        let mut block = self.shared.pool.take(size);
        if let Some(front) = block.bytes.get_mut(..carried) {
            front.copy_from_slice(&self.rest);
        }
        self.rest.clear();
        let (read, end) = input.fill(block.bytes.get_mut(carried..size).unwrap_or_default());
        let filled = carried + read;
        let hash_here = self.feed.is_on() && input.is_plain();
        let split = self.splitter.split(&mut block, filled);
        self.first = self.first.or(block.frames.first().map(|frame| frame.time));
        self.summary.add(&block.frames);

        let block = Arc::new(block);
        if hash_here && read > 0 {
            self.feed.update(&block, carried..filled);
        }
        if !block.frames.is_empty() {
            self.blocks.push_back(Arc::clone(&block));
        }
        self.offset += u64::try_from(split.consumed).unwrap_or_default();
        match (split.stop, end) {
            (Stop::Corrupt(expected), _) => self.stop(Some(expected), None),
            (Stop::Need(need), None) => {
                self.need = need;
                self.rest.extend_from_slice(block.bytes.get(split.consumed..filled).unwrap_or_default());
            }
            (Stop::Need(_), Some(end)) => self.end(filled - split.consumed, end),
        }
    }

    /// The bytes ended, `left` of them in a record that is not whole.
    fn end(&mut self, left: usize, end: End) {
        let bytes_left = u64::try_from(left).unwrap_or_default();
        self.summary.truncated = left > 0 || !self.splitter.may_end();
        match end {
            End::Complete if self.splitter.is_capture() => self.stop(None, None),
            End::Complete => {
                self.offset += bytes_left;
                self.stop(Some(self.splitter.expected(left)), None);
            }
            End::BrokenOff if self.splitter.is_capture() => {
                self.summary.truncated = true;
                self.stop(None, None);
            }
            End::BrokenOff => {
                self.offset += bytes_left;
                self.stop(Some("more compressed data"), None);
            }
            End::Damaged(expected) => {
                self.offset += bytes_left;
                self.stop(Some(expected), None);
            }
            End::Failed(error) => self.stop(None, Some(error)),
        }
    }

    /// Reads no more frames: because something else was expected here, the system failed, or all is read.
    fn stop(&mut self, expected: Option<&'static str>, failure: Option<io::Error>) {
        let input = self.input.take();
        if let Some(expected) = expected {
            self.summary.error =
                Some(CaptureError::Format { offset: self.offset, expected: expected.into() });
        }
        if let Some(failure) = failure {
            self.summary.error = Some(failure.into());
        }
        let unread = self.summary.error.is_some();
        self.summary.truncated = self.splitter.is_capture() && (self.summary.truncated || unread);
        let failed = matches!(self.summary.error, Some(CaptureError::Io(_)));
        if !self.splitter.is_capture() || failed || !self.feed.is_on() {
            return;
        }
        match input.map_or(Ok(()), |input| input.drain(&self.shared, &self.feed)) {
            Ok(()) => self.feed.finish(),
            Err(error) => {
                self.summary.truncated = true;
                self.summary.error.get_or_insert(error.into());
            }
        }
    }
}
