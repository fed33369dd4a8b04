//! Where a worker meets whoever asks it: it is asked for what is new, and answers between two batches.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use auditor_core::engine::{Engine, News};
use auditor_core::time::Timestamp;

use super::bell::Bell;
use super::board::Board;
use super::kept::{Kept, Slice};

/// How soon after its last answer a worker may say that it has news: asking costs, and news come in bunches.
const QUIET: Duration = Duration::from_millis(200);
/// How often a worker shows how full its tables are.
const SHOW: Duration = Duration::from_millis(250);

/// What all workers of a watch and whoever asks them share.
pub(super) struct Shared {
    stopped: AtomicBool,
    /// Which workers are to answer.
    asked: Vec<AtomicBool>,
    /// What wakes each worker, unless they look by themselves.
    wake: Vec<Wake>,
    /// Rung when there is news.
    news: Bell,
}

/// Wakes a worker.
pub(super) type Wake = Box<dyn Fn() + Send + Sync>;

/// What a worker answers.
pub(super) struct Answer {
    pub(super) news: News,
    pub(super) slices: Vec<Slice>,
    /// Slices for which there was no room.
    pub(super) unkept: u64,
    /// Up to when everything is in it or in an earlier one.
    pub(super) until: Option<Timestamp>,
    /// A frame came by, now or earlier.
    pub(super) has_seen: bool,
    pub(super) is_last: bool,
}

/// One worker's place.
pub(super) struct Desk {
    worker: usize,
    shared: Arc<Shared>,
    pub(super) board: Arc<Board>,
    answers: mpsc::Sender<Answer>,
    answered: Instant,
    /// It said that it has news, and was not asked since.
    told: bool,
    shown: Option<Instant>,
    /// A frame came by.
    pub(super) has_seen: bool,
    pub(super) kept: Kept,
}

impl Shared {
    pub(super) fn new(workers: usize, wake: Vec<Wake>) -> io::Result<Self> {
        Ok(Self {
            stopped: AtomicBool::new(false),
            asked: (0..workers).map(|_| AtomicBool::new(false)).collect(),
            wake,
            news: Bell::new()?,
        })
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.wake.iter().for_each(|wake| wake());
    }

    /// Asks all workers; what was news is being taken.
    pub(super) fn ask(&self) {
        self.news.hear();
        for asked in &self.asked {
            asked.store(true, Ordering::Release);
        }
        self.wake.iter().for_each(|wake| wake());
    }

    /// Waits for news, until the time is over or a signal comes; says whether there is.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        self.news.wait(patience)
    }

    fn tell(&self) {
        self.news.ring();
    }
}

impl Desk {
    pub(super) fn new(
        worker: usize,
        shared: Arc<Shared>,
        board: Arc<Board>,
        answers: mpsc::Sender<Answer>,
    ) -> Self {
        Self {
            worker,
            shared,
            board,
            answers,
            answered: Instant::now(),
            told: false,
            shown: None,
            has_seen: false,
            kept: Kept::default(),
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.shared.is_stopped()
    }

    /// Answers if asked; says if there is something to ask for. `until` is how far the frames were taken in.
    /// Says whether it answered.
    pub(super) fn serve(&mut self, engine: &mut Engine, until: Option<Timestamp>) -> bool {
        let now = Instant::now();
        if self.shown.is_none_or(|shown| now.duration_since(shown) >= SHOW) {
            self.shown = Some(now);
            self.board.show(self.worker, &engine.sizes());
        }
        if self.is_asked() {
            self.answer(engine.tell(), until, false);
            return true;
        }
        if !self.told && engine.has_news() && now.duration_since(self.answered) >= QUIET {
            self.told = true;
            self.shared.tell();
        }
        false
    }

    /// How long it may be before [`Self::serve`] says that there is news; none if nothing makes it.
    #[cfg(target_os = "linux")]
    pub(super) fn quiet(&self, engine: &Engine) -> Option<Duration> {
        (!self.told && engine.has_news()).then(|| QUIET.saturating_sub(self.answered.elapsed()))
    }

    /// Says that there is news, however short ago it answered.
    pub(super) fn call(&mut self) {
        self.told = true;
        self.shared.tell();
    }

    /// Says the last word.
    pub(super) fn close(mut self, engine: Engine, until: Option<Timestamp>) {
        self.board.show(self.worker, &engine.sizes().map(|(name, _, cap)| (name, 0, cap)));
        self.answer(engine.tell_last(), until, true);
        self.shared.tell();
    }

    fn is_asked(&self) -> bool {
        self.shared.asked.get(self.worker).is_some_and(|asked| asked.swap(false, Ordering::Acquire))
    }

    fn answer(&mut self, news: News, until: Option<Timestamp>, is_last: bool) {
        self.answered = Instant::now();
        self.told = false;
        let (slices, unkept) = self.kept.take();
        let has_seen = self.has_seen;
        // Nobody listens once the watch was dropped.
        let _ = self.answers.send(Answer { news, slices, unkept, until, has_seen, is_last });
    }
}
