//! Many captures as one stream of frames in the order of time.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use auditor_core::time::Timestamp;

use crate::batch::Batch;
use crate::capture::{Capture, CaptureSummary, LARGE_BLOCK, SMALL_BLOCK};
use crate::hash::{Feed, Hasher};
use crate::input::{Opened, Shared, SourceKind};

/// Captures open at once, at most. Where more overlap, the next ones wait until one ends, and their frames come late.
const MAX_OPEN: usize = 64;
/// Up to so many, each gets large blocks.
const FEW: usize = 4;
/// A capture that ends so shortly after another began is continued by it: a cut in frames slightly out of order
/// makes such ends, and file order is right for them.
const SLACK: i64 = 10_000_000;

/// A capture to read.
#[derive(Debug)]
pub struct CaptureSource {
    /// What to call it.
    pub path: String,
    /// Where its bytes are.
    pub kind: SourceKind,
    /// Where it was taken: captures of one vantage point are read as one.
    pub vantage: u16,
}

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// Whether to compute the SHA-256 of each capture, on a thread of its own.
    pub hash: bool,
}

/// How far reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read, as they lie on disk.
    pub bytes_read: u64,
    /// Bytes of all sources; none where one of them is a pipe.
    pub bytes_total: Option<u64>,
}

/// The frames of all captures in the order of time.
///
/// Frames of one capture stay in their order. Captures are merged by the times of their next frames; of frames at one
/// time those of the capture that begins first come first. A capture is opened only when the stream has come to
/// its first frame. The order depends on what the captures contain, not on how they were listed, as long as no
/// two begin at the same time; and a capture cut into files gives the stream that it gave whole, as long as frames
/// near the cuts are out of order by milliseconds at most.
pub struct Stream {
    /// Captures that are not open yet, in the order in which they begin.
    waiting: VecDeque<Waiting>,
    open: Vec<Capture>,
    /// One for each source.
    summaries: Vec<CaptureSummary>,
    hasher: Option<Hasher>,
    shared: Shared,
    bytes_total: Option<u64>,
}

struct Waiting {
    index: u32,
    vantage: u16,
    /// None without frames, and where it does not matter.
    first: Option<Timestamp>,
    rank: usize,
    state: WaitingState,
}

enum WaitingState {
    Closed(SourceKind),
    /// A pipe can be read only once.
    Begun(Box<Capture>),
}

impl Stream {
    /// Looks at the first frame of each source, unless there is only one; from then on files are closed until needed.
    #[must_use]
    pub fn open(sources: Vec<CaptureSource>, options: StreamOptions) -> Self {
        let mut stream = Self {
            waiting: VecDeque::with_capacity(sources.len()),
            open: Vec::new(),
            summaries: Vec::with_capacity(sources.len()),
            hasher: options.hash.then(Hasher::start),
            shared: Shared::default(),
            bytes_total: Some(0),
        };
        let alone = sources.len() == 1;
        let aside = Shared::default();
        for (index, source) in (0..).zip(sources) {
            let CaptureSource { path, kind, vantage } = source;
            stream.summaries.push(CaptureSummary { path, vantage, ..CaptureSummary::default() });
            let opened = Opened::open(&kind);
            let size = opened.as_ref().map_or(Some(0), |opened| opened.size);
            stream.bytes_total = stream.bytes_total.zip(size).map(|(total, size)| total.saturating_add(size));
            let repeatable = opened.as_ref().map_or(true, |opened| opened.repeatable);
            let (first, state) = if alone {
                (None, WaitingState::Begun(Box::new(stream.begin(index, opened))))
            } else if repeatable {
                let peeked = CaptureSummary { vantage, ..CaptureSummary::default() };
                let mut peek = Capture::begin(index, peeked, opened, &aside, Feed::default());
                (peek.refill(SMALL_BLOCK), WaitingState::Closed(kind))
            } else {
                let mut capture = stream.begin(index, opened);
                (capture.refill(SMALL_BLOCK), WaitingState::Begun(Box::new(capture)))
            };
            stream.waiting.push_back(Waiting { index, vantage, first, rank: 0, state });
        }
        let paths = &stream.summaries;
        stream.waiting.make_contiguous().sort_by_key(|waiting| {
            (waiting.first, paths.get(waiting.index as usize).map(|summary| &summary.path), waiting.index)
        });
        for (rank, waiting) in stream.waiting.iter_mut().enumerate() {
            waiting.rank = rank;
        }
        stream
    }

    /// How far reading came.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { bytes_read: self.shared.meter.load(Ordering::Relaxed), bytes_total: self.bytes_total }
    }

    /// Ends reading, and says of each source, in their order, what can be said.
    #[must_use]
    pub fn finish(mut self) -> Vec<CaptureSummary> {
        for capture in std::mem::take(&mut self.open) {
            self.close(capture);
        }
        for waiting in std::mem::take(&mut self.waiting) {
            if let WaitingState::Begun(capture) = waiting.state {
                self.close(*capture);
            }
        }
        let mut digests = self.hasher.map(Hasher::finish).unwrap_or_default();
        for (index, summary) in (0..).zip(&mut self.summaries) {
            summary.sha256 = digests.remove(&index);
        }
        self.summaries
    }

    fn begin(&self, index: u32, opened: std::io::Result<Opened>) -> Capture {
        let feed = self.hasher.as_ref().map(|hasher| hasher.feed(index)).unwrap_or_default();
        let summary = self.summaries.get(index as usize).cloned().unwrap_or_default();
        Capture::begin(index, summary, opened, &self.shared, feed)
    }

    fn close(&mut self, capture: Capture) {
        if let Some(summary) = self.summaries.get_mut(capture.index as usize) {
            *summary = capture.summary();
        }
    }

    /// Reads on where nothing is at hand, and closes what has ended.
    fn refill(&mut self) {
        let block_size = if self.open.len() <= FEW { LARGE_BLOCK } else { SMALL_BLOCK };
        let mut index = 0;
        while let Some(capture) = self.open.get_mut(index) {
            if capture.refill(block_size).is_some() {
                index += 1;
            } else {
                let ended = self.open.remove(index);
                self.close(ended);
            }
        }
    }

    /// Opens the captures whose first frame comes next.
    fn admit(&mut self) {
        while self.open.len() < MAX_OPEN
            && let Some(next) = self.waiting.front()
        {
            let key = next.first.map(|first| (first, next.rank));
            let due = self.earliest().is_none_or(|(_, earliest)| key < Some(earliest));
            let (vantage, first) = (next.vantage, next.first);
            if !due
                || first
                    .is_some_and(|first| self.open.iter_mut().any(|open| is_continued(open, vantage, first)))
            {
                return;
            }
            let Some(Waiting { index, rank, state, .. }) = self.waiting.pop_front() else { return };
            let mut capture = match state {
                WaitingState::Closed(kind) => self.begin(index, Opened::open(&kind)),
                WaitingState::Begun(capture) => *capture,
            };
            capture.rank = rank;
            self.open.push(capture);
            self.refill();
        }
    }

    /// The open capture whose next frame is the earliest, and that frame's time and rank.
    fn earliest(&self) -> Option<(usize, (Timestamp, usize))> {
        let heads = self.open.iter().enumerate();
        let keys = heads.filter_map(|(index, capture)| Some((index, (capture.head()?, capture.rank))));
        keys.min_by_key(|(_, key)| *key)
    }
}

impl Iterator for Stream {
    type Item = Batch;

    /// The next frames; waits for them where a source is a pipe.
    fn next(&mut self) -> Option<Batch> {
        self.refill();
        self.admit();
        let (index, earliest) = self.earliest()?;
        let heads = self.open.iter().filter_map(|capture| Some((capture.head()?, capture.rank)));
        let next = self.waiting.front().and_then(|next| Some((next.first?, next.rank)));
        // One that could not be admitted yet, though it begins earlier, sets no limit.
        let limit = heads.chain(next).filter(|key| *key > earliest).min();
        self.open.get_mut(index)?.take(limit)
    }
}

/// Whether the capture of the same vantage point that begins at `first` goes on where `open` is about to end.
fn is_continued(open: &mut Capture, vantage: u16, first: Timestamp) -> bool {
    let Some(begun) = open.first().filter(|_| open.vantage() == vantage) else { return false };
    let overlap = SLACK.min(first.since(begun) / 8);
    open.ends_by(Timestamp(first.0.saturating_add(overlap)))
}
