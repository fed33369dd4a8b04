//! What came by so far, for whoever looks: counters that workers raise and anybody reads at any time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use auditor_core::time::Timestamp;

/// What came by at one interface, or out of one capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceCounters {
    /// The interface, or the capture's path.
    pub name: String,
    /// It is there, up, and being captured.
    pub is_open: bool,
    /// Frames.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames for which the kernel had no room.
    pub lost: u64,
    /// Frames that we threw away, by reason.
    pub discarded: BTreeMap<&'static str, u64>,
    /// How often it was opened.
    pub openings: u64,
    /// The time of the last frame.
    pub last_frame: Option<Timestamp>,
    /// Why it is not open.
    pub error: Option<String>,
}

/// How full a table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Entries, or bytes.
    pub size: usize,
    /// At most.
    pub cap: usize,
}

/// A look at a watch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchCounters {
    /// In the order in which they were given.
    pub interfaces: Vec<InterfaceCounters>,
    /// Of all workers together.
    pub tables: BTreeMap<&'static str, Table>,
    /// Frames that the kernel gave to another worker than their flow's.
    pub handed_on: u64,
    /// How many there are.
    pub workers: usize,
}

/// Counters of one interface.
#[derive(Debug)]
pub(super) struct Post {
    name: String,
    is_open: AtomicBool,
    frames: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
    openings: AtomicU64,
    last_frame: AtomicI64,
    error: Mutex<Option<String>>,
    discarded: Mutex<BTreeMap<&'static str, u64>>,
}

/// All counters of a watch.
#[derive(Debug)]
pub(super) struct Board {
    posts: Vec<Post>,
    /// By worker.
    tables: Mutex<BTreeMap<usize, BTreeMap<&'static str, Table>>>,
    handed_on: AtomicU64,
}

const NEVER: i64 = i64::MIN;

impl Board {
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let posts = names.into_iter().map(Post::new).collect();
        Self { posts, tables: Mutex::default(), handed_on: AtomicU64::new(0) }
    }

    pub(super) fn post(&self, index: usize) -> Option<&Post> {
        self.posts.get(index)
    }

    /// Takes down how full a worker's tables are.
    pub(super) fn show(&self, worker: usize, tables: &[(&'static str, usize, usize)]) {
        let tables = tables.iter().map(|(name, size, cap)| (*name, Table { size: *size, cap: *cap }));
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).insert(worker, tables.collect());
    }

    /// So many were handed on.
    pub(super) fn handed_on(&self, frames: u64) {
        self.handed_on.fetch_add(frames, Ordering::Relaxed);
    }

    pub(super) fn read(&self, workers: usize) -> WatchCounters {
        let mut tables = BTreeMap::<_, Table>::new();
        for (name, of_one) in self.tables.lock().unwrap_or_else(PoisonError::into_inner).values().flatten() {
            let table = tables.entry(*name).or_default();
            table.size += of_one.size;
            table.cap += of_one.cap;
        }
        WatchCounters {
            interfaces: self.posts.iter().map(Post::read).collect(),
            tables,
            handed_on: self.handed_on.load(Ordering::Relaxed),
            workers,
        }
    }
}

impl Post {
    fn new(name: String) -> Self {
        Self {
            name,
            is_open: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            openings: AtomicU64::new(0),
            last_frame: AtomicI64::new(NEVER),
            error: Mutex::default(),
            discarded: Mutex::default(),
        }
    }

    pub(super) fn opened(&self) {
        self.openings.fetch_add(1, Ordering::Relaxed);
        self.is_open.store(true, Ordering::Relaxed);
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It is not open, or no longer; `error` says why, unless it just ended.
    pub(super) fn closed(&self, error: Option<String>) {
        self.is_open.store(false, Ordering::Relaxed);
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// Frames came.
    pub(super) fn came(&self, frames: u64, bytes: u64, last: Timestamp) {
        self.frames.fetch_add(frames, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.last_frame.fetch_max(last.0, Ordering::Relaxed);
    }

    /// So many more were lost in the kernel.
    pub(super) fn lost(&self, frames: u64) {
        self.lost.fetch_add(frames, Ordering::Relaxed);
    }

    /// So many were thrown away by us.
    pub(super) fn discarded(&self, reason: &'static str, frames: u64) {
        if frames > 0 {
            let mut discarded = self.discarded.lock().unwrap_or_else(PoisonError::into_inner);
            *discarded.entry(reason).or_default() += frames;
        }
    }

    fn read(&self) -> InterfaceCounters {
        let last = self.last_frame.load(Ordering::Relaxed);
        InterfaceCounters {
            name: self.name.clone(),
            is_open: self.is_open.load(Ordering::Relaxed),
            frames: self.frames.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            discarded: self.discarded.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            openings: self.openings.load(Ordering::Relaxed),
            last_frame: (last != NEVER).then_some(Timestamp(last)),
            error: self.error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
