//! A watch that goes on: frames from interfaces or captures through the engine, and what is new whenever somebody asks.
//!
//! Workers run by themselves. [`Watch::drain`] waits until one of them has something to tell, asks all of them, and
//! joins what they answer. Nobody who is slow to ask makes a worker wait, unless frames come from captures: the engine's
//! own caps bound what is kept, and count what is not.

#[cfg_attr(not(target_os = "linux"), path = "bell_elsewhere.rs")]
mod bell;
/// Tested here too, though this system has the better one.
#[cfg(all(test, target_os = "linux"))]
mod bell_elsewhere;
mod board;
mod desk;
#[cfg(target_os = "linux")]
mod exchange;
#[cfg(target_os = "linux")]
mod keeper;
mod kept;
#[cfg(target_os = "linux")]
mod live;
mod pieces;
mod replay;

use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use auditor_core::correlate::standing::{Caps, Delta, Standing};
use auditor_core::detect::FrameRef;
use auditor_core::engine::{Delivery, Engine, Frame, Options};
use auditor_core::time::Timestamp;

use self::board::Board;
pub use self::board::{InterfaceCounters, Table, WatchCounters};
use self::desk::{Answer, Desk, Shared, Wake};
use self::kept::Kept;
pub use self::kept::Slice;
use self::pieces::Pieces;
pub use self::replay::Pace;
use crate::batch::{Batch, FrameMeta};
use crate::bpf::Program;
use crate::live::LiveError;
use crate::stream::CaptureSource;

/// An interface to capture.
#[derive(Clone, Debug)]
pub struct Tap {
    /// Its name.
    pub interface: String,
    /// The number of its vantage point.
    pub vantage: u16,
    /// How many bytes of each frame are kept.
    pub snap_length: u32,
    /// Whether to see frames for other machines, too.
    pub promiscuous: bool,
    /// Bytes of each worker's ring.
    pub ring_bytes: u64,
    /// Bytes of a block of it at least: large rings are made of larger ones.
    pub block_bytes: u32,
    /// What to let in; everything if none.
    pub filter: Option<Program>,
    /// Whether the card stamps the frames, not the kernel.
    pub hardware_stamps: bool,
}

/// What is new since the watch was last asked.
#[derive(Debug, Default)]
pub struct News {
    /// The facts.
    pub delta: Delta,
    /// The beginnings of frames that prove them.
    pub slices: Vec<Slice>,
    /// Up to when, in the frames' own time, everything is in this or an earlier answer.
    pub seen_until: Option<Timestamp>,
    /// The source has ended, or was stopped, and this is the last answer.
    pub is_over: bool,
}

/// Workers that watch, and whoever asks them.
pub struct Watch {
    shared: Arc<Shared>,
    board: Arc<Board>,
    workers: usize,
    inner: Mutex<Inner>,
}

struct Inner {
    lines: Vec<Line>,
    threads: Vec<JoinHandle<()>>,
    standing: Standing,
    pieces: Pieces,
    is_over: bool,
}

/// The way to one worker.
struct Line {
    answers: mpsc::Receiver<Answer>,
    until: Option<Timestamp>,
    has_seen: bool,
    is_over: bool,
}

impl Watch {
    /// Watches interfaces. One that is missing or down is tried again every second.
    ///
    /// # Errors
    /// Without the right to capture, or without Linux.
    #[cfg(target_os = "linux")]
    pub fn live(taps: Vec<Tap>, options: &Options, workers: usize) -> Result<Self, LiveError> {
        let workers = workers.max(1);
        let board = Arc::new(Board::new(taps.iter().map(|tap| tap.interface.clone())));
        let steering = crate::bpf::steer::program(&auditor_core::flow::steer::Steering::new(options.seed));
        let (lanes, arriving): (Vec<_>, Vec<_>) = (0..workers).map(|_| mpsc::channel()).unzip();
        let bells = (0..workers).map(|_| bell::Bell::new().map(Arc::new)).collect::<io::Result<Vec<_>>>();
        let bells = bells.map_err(LiveError::Io)?;
        let count = taps.len();
        let ways = lanes.into_iter().zip(bells.iter().cloned()).collect();
        let keeper = keeper::Keeper::open(taps, steering, ways, Arc::clone(&board))?;
        let wake = |bell: &Arc<bell::Bell>| {
            let bell = Arc::clone(bell);
            Box::new(move || bell.ring()) as Wake
        };
        let wake = bells.iter().map(wake).collect();
        let (watch, desks) = Self::begin(board, options.clone(), workers, wake).map_err(LiveError::Io)?;
        let (alarm, alarms) = mpsc::channel();
        let exchange = Arc::new(exchange::Exchange::new(workers));
        for (number, ((desk, arriving), bell)) in desks.into_iter().zip(arriving).zip(bells).enumerate() {
            let shard = (number as u64, workers as u64);
            let worker = live::Worker {
                number,
                workers,
                arriving,
                bell,
                alarm: alarm.clone(),
                exchange: Arc::clone(&exchange),
                engine: Engine::new(Options {
                    shard,
                    delivery: Delivery::ToOne,
                    goes_on: true,
                    ..options.clone()
                }),
                desk,
                taps: count,
            };
            watch.run("watch", move || worker.work()).map_err(LiveError::Io)?;
        }
        watch.run("keeper", move || keeper.keep(&alarms)).map_err(LiveError::Io)?;
        Ok(watch)
    }

    /// Watches no interfaces: packet sockets are Linux's.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(target_os = "linux"))]
    pub fn live(_taps: Vec<Tap>, _options: &Options, _workers: usize) -> Result<Self, LiveError> {
        Err(LiveError::Unsupported)
    }

    /// Watches captures being played.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn replay(
        sources: Vec<CaptureSource>,
        pace: Pace,
        options: &Options,
        workers: usize,
    ) -> io::Result<Self> {
        let board = Arc::new(Board::new(sources.iter().map(|source| source.path.clone())));
        let workers = workers.max(1);
        let (watch, desks) = Self::begin(board, options.clone(), workers, Vec::new())?;
        let mut senders = Vec::new();
        for (shard, desk) in (0..).zip(desks) {
            let engine =
                Engine::new(Options { shard: (shard, workers as u64), goes_on: true, ..options.clone() });
            let (sender, steps) = mpsc::sync_channel(replay::WAITING);
            senders.push(sender);
            watch.run("watch", move || replay::work(&steps, engine, desk))?;
        }
        let (board, shared) = (Arc::clone(&watch.board), Arc::clone(&watch.shared));
        watch.run("replay", move || replay::play(sources, pace, &senders, &board, &shared))?;
        Ok(watch)
    }

    fn begin(
        board: Arc<Board>,
        options: Options,
        workers: usize,
        wake: Vec<Wake>,
    ) -> io::Result<(Self, Vec<Desk>)> {
        let shared = Arc::new(Shared::new(workers, wake)?);
        let mut desks = Vec::with_capacity(workers);
        let mut lines = Vec::with_capacity(workers);
        for worker in 0..workers {
            let (sender, answers) = mpsc::channel();
            desks.push(Desk::new(worker, Arc::clone(&shared), Arc::clone(&board), sender));
            lines.push(Line { answers, until: None, has_seen: false, is_over: false });
        }
        let (threads, is_over) = (Vec::new(), false);
        let standing = Standing::new(options, Caps::default());
        let inner = Inner { lines, threads, standing, pieces: Pieces::default(), is_over };
        Ok((Self { shared, board, workers, inner: Mutex::new(inner) }, desks))
    }

    fn run(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work)?;
        self.inner().threads.push(thread);
        Ok(())
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is news, but no longer than `wait`, nor once the thread was sent a signal; says whether there is.
    pub fn wait(&self, wait: Duration) -> bool {
        let has_pieces = !self.inner().pieces.is_empty();
        has_pieces || self.shared.wait(wait)
    }

    /// Takes what is new, as of now, or the next piece of what was.
    ///
    /// # Panics
    /// With what a worker panicked with.
    pub fn drain(&self) -> News {
        let mut inner = self.inner();
        if let Some(news) = inner.pieces.next() {
            return news;
        }
        if inner.is_over {
            return News { is_over: true, ..News::default() };
        }
        self.shared.ask();
        let (mut slices, mut unkept) = (Vec::new(), 0);
        let Inner { lines, standing, .. } = &mut *inner;
        for (engine, line) in (0..).zip(lines).filter(|(_, line)| !line.is_over) {
            // A worker that is gone without a last word has panicked, which joining it brings to light.
            let Ok(answer) = line.answers.recv() else {
                line.is_over = true;
                continue;
            };
            line.until = line.until.max(answer.until);
            line.has_seen |= answer.has_seen;
            line.is_over = answer.is_last;
            standing.take(engine, answer.news);
            slices.extend(answer.slices);
            unkept += answer.unkept;
        }
        let is_over = inner.lines.iter().all(|line| line.is_over);
        if is_over {
            inner.is_over = true;
            for thread in std::mem::take(&mut inner.threads) {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        }
        let seen_until = inner.lines.iter().map(|line| line.until).min().flatten();
        let seen_until = seen_until.filter(|_| inner.lines.iter().any(|line| line.has_seen));
        let mut delta = inner.advance(seen_until, is_over);
        if unkept > 0 {
            *delta.limits.entry("kept_frames").or_default() += unkept;
        }
        self.board.show(self.workers, &inner.standing.sizes());
        inner.pieces.first(News { delta, slices, seen_until, is_over })
    }

    /// Ends watching. What was seen so far is handed over by the next drains.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Ends watching and waits until all workers have; what was not handed over is gone.
    pub fn close(&self) {
        self.stop();
        let mut inner = self.inner();
        (inner.is_over, inner.pieces) = (true, Pieces::default());
        for thread in std::mem::take(&mut inner.threads) {
            // Whoever closes a watch wants to know nothing more of it.
            let _ = thread.join();
        }
    }

    /// What came by so far.
    #[must_use]
    pub fn counters(&self) -> WatchCounters {
        self.board.read(self.workers)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    /// Says how far all workers are; gives what is new.
    fn advance(&mut self, seen_until: Option<Timestamp>, is_over: bool) -> Delta {
        if is_over {
            return self.standing.finish();
        }
        // Frames may come a little late, as engines allow.
        let watermark = seen_until.map_or(i64::MIN, |until| until.0.saturating_sub(Timestamp::SECOND));
        self.standing.advance(Timestamp(watermark))
    }
}

/// Takes a batch in, its frames `shift` nanoseconds later than they say, and keeps what proves something.
fn ingest(engine: &mut Engine, kept: &mut Kept, batch: &Batch, shift: i64) {
    let frame = |number: u64, meta: &FrameMeta| Frame {
        time: Timestamp(meta.time.0.saturating_add(shift)),
        link: batch.link,
        wire_len: meta.wire_len,
        place: FrameRef { capture: batch.capture, number },
        vantage: batch.vantage,
        bytes: batch.bytes(meta),
    };
    engine.ingest((batch.first..).zip(batch.frames()).map(|(number, meta)| frame(number, meta)));
    let find = |place: FrameRef| {
        let index = place.number.checked_sub(batch.first).filter(|_| place.capture == batch.capture)?;
        let meta = batch.frames().get(usize::try_from(index).ok()?)?;
        Some(frame(place.number, meta))
    };
    kept.keep(engine, |place| find(place).is_some(), find);
}

#[cfg(test)]
mod tests;
