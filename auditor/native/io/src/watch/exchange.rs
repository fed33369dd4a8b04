//! Where workers hand frames on to each other, and say how far they are.
//!
//! Each pair has a box of its own, in which parcels lie in the order of time. A worker takes in what others hand on between
//! its own frames, where it belongs; so it must know that nothing older is to come, and each says up to when it has
//! handed on everything.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use auditor_core::engine::Parcel;
use auditor_core::time::Timestamp;

/// Bytes that may wait in one box.
const ROOM: usize = 16 << 20;
/// What a frame takes beyond its bytes.
const FRAME: usize = 96;

/// All boxes of a watch.
#[derive(Debug)]
pub(super) struct Exchange {
    workers: usize,
    /// By sender and receiver.
    boxes: Vec<Mutex<Waiting>>,
    progress: Vec<AtomicI64>,
}

#[derive(Debug, Default)]
struct Waiting {
    parcels: VecDeque<Parcel>,
    size: usize,
}

impl Exchange {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            workers,
            boxes: (0..workers * workers).map(|_| Mutex::default()).collect(),
            progress: (0..workers).map(|_| AtomicI64::new(i64::MIN)).collect(),
        }
    }

    /// Hands a parcel on; gives it back where there is no room.
    pub(super) fn hand_on(&self, from: usize, to: usize, parcel: Parcel) -> Result<(), Parcel> {
        let Some(waiting) = self.boxes.get(from * self.workers + to) else { return Err(parcel) };
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let size = size(&parcel);
        if waiting.size + size > ROOM {
            return Err(parcel);
        }
        waiting.size += size;
        waiting.parcels.push_back(parcel);
        Ok(())
    }

    /// The next parcel.
    pub(super) fn take(&self, from: usize, to: usize) -> Option<Parcel> {
        let waiting = self.boxes.get(from * self.workers + to)?;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let parcel = waiting.parcels.pop_front()?;
        waiting.size -= size(&parcel);
        Some(parcel)
    }

    /// Up to when a worker has handed on everything. To be asked before its boxes are looked into.
    pub(super) fn progress(&self, worker: usize) -> Timestamp {
        self.progress.get(worker).map_or(Timestamp(i64::MAX), |at| Timestamp(at.load(Ordering::Acquire)))
    }

    /// Says so; to be called after everything was handed on.
    pub(super) fn come(&self, worker: usize, to: Timestamp) {
        if let Some(progress) = self.progress.get(worker) {
            progress.store(to.0, Ordering::Release);
        }
    }
}

fn size(parcel: &Parcel) -> usize {
    parcel.len() + parcel.frames().len() * FRAME
}
