//! Interfaces, watched.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use auditor_core::engine::Engine;
use auditor_core::time::Timestamp;

use super::board::Board;
use super::desk::Desk;
use super::{Tap, ingest};
use crate::batch::Batch;
use crate::live::{Live, LiveError, LiveOptions};

/// How often an interface that is not open is tried.
const RETRY: Duration = Duration::from_secs(1);
/// How often the kernel is asked what it lost.
const ASK: Duration = Duration::from_millis(250);
/// By how much a frame may come later than its time: the kernel hands it over at once.
const LATE: i64 = Timestamp::SECOND / 5;

/// One interface, open or not.
pub(super) struct Port {
    index: u32,
    tap: Tap,
    live: Option<Live>,
    tried: Instant,
    asked: Instant,
    lost: u64,
    frames: u64,
}

/// Opens the interfaces that are there.
///
/// # Errors
/// What would be no better a second later.
pub(super) fn open(taps: Vec<Tap>, board: &Board) -> Result<Vec<Port>, LiveError> {
    let now = Instant::now();
    let mut ports = Vec::with_capacity(taps.len());
    for (index, tap) in (0..).zip(taps) {
        let mut port = Port { index, tap, live: None, tried: now, asked: now, lost: 0, frames: 0 };
        match port.open(board) {
            Err(error @ (LiveError::NoPermission | LiveError::Unsupported)) => return Err(error),
            Ok(()) | Err(_) => ports.push(port),
        }
    }
    Ok(ports)
}

/// The worker: takes what the interfaces deliver until it is stopped.
pub(super) fn work(mut ports: Vec<Port>, mut engine: Engine, mut desk: Desk) {
    let board = Arc::clone(&desk.board);
    let mut until = None;
    let mut expired = Instant::now();
    while !desk.is_stopped() {
        if ports.iter().all(|port| port.live.is_none()) {
            thread::sleep(Duration::from_millis(20));
        }
        let begun = now();
        let mut idle = true;
        for port in &mut ports {
            let Some(batch) = port.receive(&board) else { continue };
            if let Some(last) = batch.frames().last() {
                idle = false;
                until = until.max(Some(last.time));
                ingest(&mut engine, &batch, 0);
            }
        }
        if idle && expired.elapsed() >= RETRY {
            expired = Instant::now();
            let quiet = Timestamp(begun.0.saturating_sub(LATE));
            until = until.map(|until: Timestamp| until.max(quiet));
            engine.expire(quiet);
        }
        desk.serve(&mut engine, until);
    }
    for port in &mut ports {
        port.close(&board, None);
    }
    desk.close(engine, until);
}

impl Port {
    fn open(&mut self, board: &Board) -> Result<(), LiveError> {
        self.tried = Instant::now();
        let options = LiveOptions {
            snap_length: self.tap.snap_length,
            promiscuous: self.tap.promiscuous,
            vantage: self.tap.vantage,
            duration: None,
            stop: Arc::default(),
        };
        let post = board.post(self.index as usize);
        match Live::open(&self.tap.interface, options) {
            Ok(live) => {
                self.lost = 0;
                self.live = Some(live);
                post.into_iter().for_each(super::board::Post::opened);
                Ok(())
            }
            Err(error) => {
                if let Some(post) = post {
                    post.closed(Some(error.to_string()));
                }
                Err(error)
            }
        }
    }

    /// What has come; waits a moment.
    fn receive(&mut self, board: &Board) -> Option<Batch> {
        if self.live.is_none() && self.tried.elapsed() >= RETRY {
            // The board says why not.
            let _ = self.open(board);
        }
        let live = self.live.as_mut()?;
        match live.receive() {
            Ok(batch) => {
                let mut batch = batch?;
                batch.capture = self.index;
                batch.first = self.frames + 1;
                self.count(&batch, board);
                Some(batch)
            }
            Err(error) => {
                self.close(board, Some(error.to_string()));
                None
            }
        }
    }

    fn count(&mut self, batch: &Batch, board: &Board) {
        let Some(post) = board.post(self.index as usize) else { return };
        if let Some(last) = batch.frames().last() {
            self.frames += batch.frames().len() as u64;
            let bytes = batch.frames().iter().map(|frame| u64::from(frame.wire_len)).sum();
            post.came(batch.frames().len() as u64, bytes, last.time);
        }
        if self.asked.elapsed() >= ASK {
            self.asked = Instant::now();
            self.count_lost(board);
        }
    }

    fn count_lost(&mut self, board: &Board) {
        let Some(Ok(statistics)) = self.live.as_mut().map(Live::statistics) else { return };
        if let Some(post) = board.post(self.index as usize) {
            post.lost(statistics.dropped.saturating_sub(self.lost));
        }
        self.lost = statistics.dropped;
    }

    fn close(&mut self, board: &Board, error: Option<String>) {
        self.count_lost(board);
        self.live = None;
        self.tried = Instant::now();
        if let Some(post) = board.post(self.index as usize) {
            post.closed(error);
        }
    }
}

/// The wall clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Timestamp(i64::try_from(since).unwrap_or(i64::MAX))
}
