//! Captures, played: with the pauses that they were taken with, faster, or as fast as they can be read; once or again
//! and again, each time later than the last.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use auditor_core::engine::Engine;
use auditor_core::time::Timestamp;

use super::board::Board;
use super::desk::{Desk, Shared};
use super::ingest;
use crate::batch::Batch;
use crate::capture::CaptureSummary;
use crate::input::SourceKind;
use crate::stream::{CaptureSource, Stream, StreamOptions};

/// Batches that may wait for a worker.
pub(super) const WAITING: usize = 4;
/// How long a worker waits for frames before it looks whether it is asked.
const PATIENCE: Duration = Duration::from_millis(10);
/// How many flows that have ended, or frames, may wait before a worker waits for whoever asks: captures can wait, and
/// nothing must be missed.
const PENDING: usize = 1 << 13;
const UNTOLD: usize = 1 << 19;

/// How captures are played.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How much faster than they were taken; as fast as they can be read if none.
    pub speed: Option<f64>,
    /// How often.
    pub loops: u32,
    /// How much later than the last frame the first one comes again.
    pub gap: Duration,
}

/// Frames for a worker, and how much later than they say they are.
pub(super) struct Step {
    batch: Batch,
    shift: i64,
}

/// One worker: takes steps until there are no more.
pub(super) fn work(steps: &Receiver<Step>, mut engine: Engine, mut desk: Desk) {
    let mut until = None;
    let mut untold = 0;
    loop {
        match steps.recv_timeout(PATIENCE) {
            Ok(Step { batch, shift }) => {
                ingest(&mut engine, &mut desk.kept, &batch, shift);
                let last = batch.frames().last().map(|frame| Timestamp(frame.time.0.saturating_add(shift)));
                until = until.max(last);
                desk.has_seen = true;
                untold += batch.frames().len();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let mut has_answered = desk.serve(&mut engine, until);
        let must_wait = engine.pending() > PENDING || (untold > UNTOLD && engine.has_news());
        while must_wait && !has_answered && !desk.is_stopped() {
            desk.call();
            thread::sleep(Duration::from_millis(1));
            has_answered = desk.serve(&mut engine, until);
        }
        if has_answered {
            untold = 0;
        }
    }
    desk.close(engine, until);
}

/// Reads the captures, and gives every worker every step when its time has come.
pub(super) fn play(
    sources: Vec<CaptureSource>,
    pace: Pace,
    workers: &[SyncSender<Step>],
    board: &Board,
    shared: &Shared,
) {
    let mut clock = Clock { speed: pace.speed, begun: None };
    let mut shift = 0_i64;
    let mut next = Some(sources);
    for turn in 0..pace.loops.max(1) {
        let Some(sources) = next.take() else { return };
        let is_last = turn + 1 >= pace.loops;
        next = if is_last { None } else { again(&sources) };
        for (index, _) in sources.iter().enumerate() {
            board.post(index).into_iter().for_each(super::board::Post::opened);
        }
        let mut stream = Stream::open(sources, StreamOptions { hash: false });
        for batch in &mut stream {
            if !clock.play(batch, shift, workers, board, shared) {
                break;
            }
        }
        let summaries = stream.finish();
        for (index, summary) in summaries.iter().enumerate() {
            if let Some(post) = board.post(index) {
                post.closed(summary.error.as_ref().map(ToString::to_string));
            }
        }
        if shared.is_stopped() {
            return;
        }
        shift = shift.saturating_add(span(&summaries)).saturating_add(nanoseconds(pace.gap));
    }
}

/// The sources once more; none where one of them can be read only once.
fn again(sources: &[CaptureSource]) -> Option<Vec<CaptureSource>> {
    let copy = |source: &CaptureSource| {
        let kind = match &source.kind {
            SourceKind::File(path) => SourceKind::File(path.clone()),
            SourceKind::Memory(bytes) => SourceKind::Memory(bytes.clone()),
            SourceKind::Stdin | SourceKind::Fd(_) => return None,
        };
        Some(CaptureSource { path: source.path.clone(), kind, vantage: source.vantage })
    };
    sources.iter().map(copy).collect()
}

/// From the first frame of all captures to the last.
fn span(summaries: &[CaptureSummary]) -> i64 {
    let first = summaries.iter().filter_map(|summary| summary.first).min();
    let last = summaries.iter().filter_map(|summary| summary.last).max();
    first.zip(last).map_or(0, |(first, last)| last.since(first))
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Says when a frame is due.
struct Clock {
    speed: Option<f64>,
    /// When the first frame was played, and its time.
    begun: Option<(Instant, Timestamp)>,
}

impl Clock {
    /// Gives the frames of a batch to the workers as they become due; no once there is nobody to give them to.
    fn play(
        &mut self,
        mut batch: Batch,
        shift: i64,
        workers: &[SyncSender<Step>],
        board: &Board,
        shared: &Shared,
    ) -> bool {
        while !shared.is_stopped() {
            let Some(first) = batch.frames().first() else { return true };
            let count = match self.left(first.time, shift) {
                Some(left) if !left.is_zero() => {
                    thread::sleep(left.min(PATIENCE));
                    continue;
                }
                Some(_) => batch
                    .frames()
                    .iter()
                    .take_while(|frame| self.left(frame.time, shift).is_none_or(|left| left.is_zero()))
                    .count(),
                None => batch.frames().len(),
            };
            let (due, rest) = batch.split_at(count.max(1));
            batch = rest;
            if let (Some(post), Some(last)) = (board.post(due.capture as usize), due.frames().last()) {
                let bytes = due.frames().iter().map(|frame| u64::from(frame.wire_len)).sum();
                post.came(due.frames().len() as u64, bytes, Timestamp(last.time.0.saturating_add(shift)));
            }
            for worker in workers {
                // A worker only goes away by a panic, which joining it brings to light.
                if worker.send(Step { batch: due.clone(), shift }).is_err() {
                    return false;
                }
            }
        }
        false
    }

    /// How long until a frame is due; none if there is no waiting.
    fn left(&mut self, time: Timestamp, shift: i64) -> Option<Duration> {
        let speed = self.speed?;
        let time = Timestamp(time.0.saturating_add(shift));
        let (begun, first) = *self.begun.get_or_insert_with(|| (Instant::now(), time));
        #[expect(clippy::cast_precision_loss, reason = "a pause needs no nanoseconds")]
        let due = (time.since(first) as f64 / Timestamp::SECOND as f64 / speed).clamp(0.0, 1e9);
        Some(Duration::from_secs_f64(due).saturating_sub(begun.elapsed()))
    }
}
