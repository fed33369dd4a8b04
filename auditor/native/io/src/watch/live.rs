//! Interfaces, watched: one worker's part.
//!
//! A worker has a lane of each interface, a ring, and a box from each other worker. It takes frames in by their times,
//! whichever way they come, so that its engine sees them as it would see a capture of them all. A lane without frames says
//! nothing about what is about to come; but what came [`LATE`] ago would be here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use auditor_core::detect::FrameRef;
use auditor_core::engine::{Engine, Frame, Parcel};
use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;

use super::bell::Bell;
use super::board::Board;
use super::desk::Desk;
use super::exchange::Exchange;
use crate::ring::{LATE, Ring, RingFrame, wait};

/// How long a worker waits for frames at most. Who wants something of it rings its bell.
const PATIENCE: Duration = Duration::from_millis(250);
/// The same where others wait until they know how far it is.
const AMONG_OTHERS: Duration = Duration::from_millis(10);
/// The same while it has frames whose time has not come, or is about to end.
const SHORT: Duration = Duration::from_millis(2);
/// For how long frames are held back at most. Longer, and the clock was set or another worker is behind: late frames do less
/// harm than lost ones.
const HELD: Duration = Duration::from_millis(400);
/// How often the kernel is asked what it lost.
const ASK: Duration = Duration::from_millis(250);
/// How often time passes for the engine while no frames come, which else say what time it is.
const PASS: Duration = Duration::from_secs(1);
/// How long a worker that is stopped reads on, if it does not come to the time at which it was.
const LEAVE: Duration = Duration::from_secs(1);

/// One interface's frames for one worker.
pub(super) struct Lane {
    tap: usize,
    vantage: u16,
    ring: Ring,
    /// The interface is gone, or must be opened anew.
    ending: Arc<AtomicBool>,
    ends_at: Option<Instant>,
    asked: Instant,
    /// Frames that the kernel put into the ring.
    received: u64,
}

/// One worker's part.
pub(super) struct Worker {
    pub(super) number: usize,
    pub(super) workers: usize,
    pub(super) arriving: Receiver<Lane>,
    pub(super) bell: Arc<Bell>,
    pub(super) alarm: Sender<()>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) engine: Engine,
    pub(super) desk: Desk,
    pub(super) taps: usize,
}

/// A parcel that is being taken in.
#[derive(Default)]
struct Unpacking {
    parcel: Parcel,
    next: usize,
}

/// What frames of one lane have in common.
struct Origin {
    capture: u32,
    vantage: u16,
    link: LinkType,
    workers: u64,
    /// The worker's number.
    me: u64,
}

/// Where the next frames come from.
#[derive(Clone, Copy)]
enum Way {
    Lane(usize),
    Worker(usize),
}

/// Everything about a worker that runs.
struct Run {
    worker: Worker,
    board: Arc<Board>,
    lanes: Vec<Lane>,
    boxes: Vec<Unpacking>,
    /// Frames of each tap so far.
    counts: Vec<u64>,
    /// Everything up to there was taken in.
    until: Option<Timestamp>,
    held_since: Option<Instant>,
    /// When time last passed for the engine.
    passed: Instant,
    /// When it was told to stop, and what time it was.
    stopped: Option<(Instant, Timestamp)>,
}

impl Worker {
    /// Takes in what comes until the watch is stopped.
    pub(super) fn work(self) {
        let board = Arc::clone(&self.desk.board);
        let mut run = Run {
            board,
            lanes: Vec::new(),
            boxes: (0..self.workers).map(|_| Unpacking::default()).collect(),
            counts: vec![0; self.taps],
            until: None,
            held_since: None,
            passed: Instant::now(),
            stopped: None,
            worker: self,
        };
        loop {
            // Before everything that it may be rung for is looked at.
            run.worker.bell.hear();
            run.lanes.extend(run.worker.arriving.try_iter());
            let came = run.step();
            if let Some((since, at)) = run.stopped {
                if run.until.is_some_and(|until| until >= at) || since.elapsed() >= LEAVE {
                    break;
                }
            } else if run.worker.desk.is_stopped() {
                run.stopped = Some((Instant::now(), now()));
            }
            run.worker.desk.serve(&mut run.worker.engine, run.until);
            if !came {
                run.rest();
            }
        }
        run.leave();
    }
}

impl Run {
    /// Takes in what is next; no if nothing is, or its time has not come.
    fn step(&mut self) -> bool {
        self.end_lanes();
        let quiet = Timestamp(now().0.saturating_sub(nanoseconds(LATE)));
        let me = self.worker.number;
        // Of each way, when its next frame was captured, or before when none will have been.
        let mut next: Option<(Timestamp, Way)> = None;
        let mut second = Timestamp(i64::MAX);
        let mut own = quiet;
        let mut add = |head: Option<Timestamp>, bound: Timestamp, way: Way| match (head, next) {
            (Some(head), Some((first, _))) if head >= first => second = second.min(head),
            (Some(head), earlier) => {
                if let Some((first, _)) = earlier {
                    second = second.min(first);
                }
                next = Some((head, way));
            }
            (None, _) => second = second.min(bound),
        };
        let mut is_pressed = false;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let head = lane.ring.head();
            is_pressed |= head.is_some() && lane.ring.is_half_full();
            own = own.min(head.map_or(quiet, |head| Timestamp(head.0.saturating_sub(1))));
            // One that ends has nothing more to wait for.
            let bound = if lane.ends_at.is_some() { Timestamp(i64::MAX) } else { quiet };
            add(head, bound, Way::Lane(index));
        }
        let mut others = Timestamp(i64::MAX);
        for (from, unpacking) in self.boxes.iter_mut().enumerate().filter(|(from, _)| *from != me) {
            let bound = self.worker.exchange.progress(from);
            let head = unpacking.head(|| self.worker.exchange.take(from, me));
            others = others.min(head.map_or(bound, |head| Timestamp(head.0.saturating_sub(1))));
            add(head, bound, Way::Worker(from));
        }
        if self.lanes.len() > 1 || self.worker.workers > 1 || next.is_none() {
            self.come(own, others);
        }
        let Some((head, way)) = next else {
            self.held_since = None;
            return false;
        };
        let mut limit = second;
        if head > second {
            let since = *self.held_since.get_or_insert_with(Instant::now);
            if !is_pressed && since.elapsed() < HELD {
                return false;
            }
            limit = Timestamp(i64::MAX);
        } else {
            self.held_since = None;
        }
        self.take(way, limit);
        true
    }

    /// Takes in what is at hand on one way, up to a time.
    fn take(&mut self, way: Way, limit: Timestamp) {
        self.passed = Instant::now();
        self.worker.desk.has_seen = true;
        let Worker { engine, desk, workers, number: me, .. } = &mut self.worker;
        let (workers, me) = (*workers as u64, *me as u64);
        match way {
            Way::Lane(index) => {
                let Some(lane) = self.lanes.get_mut(index) else { return };
                let Some(count) = self.counts.get_mut(lane.tap) else { return };
                let capture = u32::try_from(lane.tap).unwrap_or(u32::MAX);
                let origin = Origin { capture, vantage: lane.vantage, link: lane.ring.link(), workers, me };
                let first = *count;
                let came = lane.ring.read(limit, |frames| {
                    engine.ingest(frames.map(|frame| origin.frame(&frame, count)));
                });
                let here = origin.number(first)..origin.number(*count);
                // Few prove anything: rather than that all are remembered, these are read again.
                let mut counted = first;
                let mut again = lane.ring.again(&came).map(|frame| origin.frame(&frame, &mut counted));
                desk.kept.keep(
                    engine,
                    |place| place.capture == capture && here.contains(&place.number),
                    |place| again.find(|frame| frame.place == place),
                );
                drop(again);
                self.until = self.until.max(came.last);
                if let (Some(post), Some(last)) = (self.board.post(lane.tap), came.last) {
                    post.came(came.frames, came.bytes, last);
                    post.discarded("not-ip", came.not_ip);
                }
                self.hand_on();
            }
            Way::Worker(from) => {
                let Some(unpacking) = self.boxes.get_mut(from) else { return };
                let (frames, parcel) = unpacking.until(limit);
                engine.ingest_handed(frames.iter().map(|handed| parcel.frame(handed)));
                let find = |place: FrameRef| {
                    frames.iter().map(|handed| parcel.frame(handed)).find(|frame| frame.place == place)
                };
                desk.kept.keep(engine, |place| find(place).is_some(), find);
            }
        }
    }

    /// Hands on what is other workers'.
    fn hand_on(&mut self) {
        for (to, parcel) in self.worker.engine.take_strays() {
            let frames = parcel.frames().len() as u64;
            match self.worker.exchange.hand_on(self.worker.number, to, parcel) {
                Ok(()) => self.board.handed_on(frames),
                Err(parcel) => {
                    for handed in parcel.frames() {
                        let tap = parcel.frame(handed).place.capture as usize;
                        if let Some(post) = self.board.post(tap) {
                            post.discarded("worker-behind", 1);
                        }
                    }
                }
            }
        }
    }

    /// Says how far this worker is.
    fn come(&mut self, own: Timestamp, others: Timestamp) {
        self.worker.exchange.come(self.worker.number, own);
        self.until = self.until.max(Some(own.min(others)));
    }

    /// Lets time pass where nothing came, and waits for something.
    fn rest(&mut self) {
        if self.passed.elapsed() >= PASS {
            self.passed = Instant::now();
            if let Some(until) = self.until {
                self.worker.engine.expire(until);
            }
        }
        let mut descriptors = Vec::with_capacity(self.lanes.len() + 1);
        // With frames at hand, the rings are ready all the time.
        if self.held_since.is_none() {
            descriptors.extend(self.lanes.iter().map(|lane| lane.ring.descriptor()));
        }
        descriptors.push(self.worker.bell.descriptor());
        for index in wait(&descriptors, self.patience()) {
            if let Some(lane) = self.lanes.get_mut(index)
                && lane.ring.error().is_some()
            {
                lane.ending.store(true, Ordering::Relaxed);
                let _ = self.worker.alarm.send(());
            }
        }
    }

    /// How long there is nothing to do but for frames and for the bell.
    fn patience(&self) -> Duration {
        if self.held_since.is_some() || self.stopped.is_some() {
            return SHORT;
        }
        let patience = if self.worker.workers > 1 { AMONG_OTHERS } else { PATIENCE };
        self.worker.desk.quiet(&self.worker.engine).map_or(patience, |quiet| quiet.min(patience))
    }

    /// Ends the lanes whose interface is gone once everything was read, and asks the kernel what it lost.
    fn end_lanes(&mut self) {
        for lane in &mut self.lanes {
            if lane.ends_at.is_none() && lane.ending.load(Ordering::Relaxed) {
                lane.ends_at = Instant::now().checked_add(LATE);
            }
            if lane.asked.elapsed() >= ASK {
                lane.asked = Instant::now();
                lane.count_lost(&self.board);
            }
        }
        let board = &self.board;
        self.lanes.retain_mut(|lane| {
            let is_over = lane.ends_at.is_some_and(|at| Instant::now() >= at) && lane.ring.head().is_none();
            if is_over {
                lane.close(board);
            }
            !is_over
        });
    }

    fn leave(mut self) {
        self.worker.exchange.come(self.worker.number, Timestamp(i64::MAX));
        for lane in &mut self.lanes {
            lane.close(&self.board);
        }
        self.worker.desk.close(self.worker.engine, self.until);
    }
}

impl Lane {
    pub(super) fn new(tap: usize, vantage: u16, ring: Ring, ending: Arc<AtomicBool>) -> Self {
        Self { tap, vantage, ring, ending, ends_at: None, asked: Instant::now(), received: 0 }
    }

    fn count_lost(&mut self, board: &Board) {
        let (Ok(statistics), Some(post)) = (self.ring.statistics(), board.post(self.tap)) else { return };
        self.received += statistics.received.saturating_sub(statistics.dropped);
        post.lost(statistics.dropped);
    }

    /// Counts what is left in the ring, which nobody will read.
    fn close(&mut self, board: &Board) {
        self.count_lost(board);
        if let Some(post) = board.post(self.tap) {
            post.discarded("unread", self.received.saturating_sub(self.ring.frames_read()));
        }
    }
}

impl Origin {
    /// The number of the frame before which so many came: unique among all workers, and in the order of time within each.
    const fn number(&self, count: u64) -> u64 {
        count * self.workers + self.me + 1
    }

    /// The next frame.
    #[inline]
    fn frame<'a>(&self, frame: &RingFrame<'a>, count: &mut u64) -> Frame<'a> {
        let place = FrameRef { capture: self.capture, number: self.number(*count) };
        *count += 1;
        let RingFrame { time, wire_len, bytes } = *frame;
        Frame { time, link: self.link, wire_len, place, vantage: self.vantage, bytes }
    }
}

impl Unpacking {
    /// The time of the next frame; `more` gives the next parcel.
    fn head(&mut self, more: impl FnOnce() -> Option<Parcel>) -> Option<Timestamp> {
        if self.next >= self.parcel.frames().len() {
            *self = Self { parcel: more()?, next: 0 };
        }
        self.parcel.frames().get(self.next).map(auditor_core::engine::Handed::time)
    }

    /// The next frames up to a time.
    fn until(&mut self, limit: Timestamp) -> (&[auditor_core::engine::Handed], &Parcel) {
        let left = self.parcel.frames().get(self.next..).unwrap_or_default();
        let count = left.iter().take_while(|handed| handed.time() <= limit).count();
        self.next += count;
        (left.get(..count).unwrap_or_default(), &self.parcel)
    }
}

/// The wall clock, by which the kernel stamps frames.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(Duration::ZERO, |since| since);
    Timestamp(nanoseconds(since))
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
