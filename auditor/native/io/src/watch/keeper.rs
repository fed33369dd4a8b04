//! Opens interfaces, looks after them every second, and opens those again that went away and came back.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::Tap;
use super::bell::Bell;
use super::board::Board;
use super::live::Lane;
use crate::bpf::Program;
use crate::live::LiveError;
use crate::packet;
use crate::ring::Rings;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);

/// Whoever keeps the interfaces open.
pub(super) struct Keeper {
    taps: Vec<Kept>,
    steering: Program,
    /// The way to each.
    workers: Vec<(Sender<Lane>, Arc<Bell>)>,
    board: Arc<Board>,
    /// To ask about interfaces.
    descriptor: OwnedFd,
}

struct Kept {
    tap: Tap,
    open: Option<Open>,
}

/// An interface that is open.
struct Open {
    index: libc::c_int,
    ending: Arc<AtomicBool>,
}

impl Keeper {
    /// Opens the interfaces that are there; each worker is sent a lane of each.
    ///
    /// # Errors
    /// Without the right to capture.
    pub(super) fn open(
        taps: Vec<Tap>,
        steering: Program,
        workers: Vec<(Sender<Lane>, Arc<Bell>)>,
        board: Arc<Board>,
    ) -> Result<Self, LiveError> {
        let descriptor = packet::socket(libc::SOCK_DGRAM).map_err(packet::refusal)?;
        let taps = taps.into_iter().map(|tap| Kept { tap, open: None }).collect();
        let mut keeper = Self { taps, steering, workers, board, descriptor };
        keeper.look()?;
        Ok(keeper)
    }

    /// Looks after the interfaces until nobody is left who could call for it.
    pub(super) fn keep(mut self, alarm: &Receiver<()>) {
        while !matches!(alarm.recv_timeout(LOOK), Err(RecvTimeoutError::Disconnected)) {
            // What is wrong is on the board.
            let _ = self.look();
        }
    }

    fn look(&mut self) -> Result<(), LiveError> {
        let mut refused = Ok(());
        for index in 0..self.taps.len() {
            let Some(kept) = self.taps.get_mut(index) else { continue };
            let Some(post) = self.board.post(index) else { continue };
            if let Some(open) = &kept.open {
                let Err(error) = still_there(&kept.tap.interface, open, &self.descriptor) else { continue };
                open.ending.store(true, Ordering::Relaxed);
                kept.open = None;
                post.closed(Some(error.to_string()));
            }
            match Rings::open(&kept.tap, self.workers.len(), &self.steering) {
                Ok(Rings { rings, index: number }) => {
                    let ending = Arc::new(AtomicBool::new(false));
                    for (ring, (worker, bell)) in rings.into_iter().zip(&self.workers) {
                        // A worker that is gone needs none.
                        let _ = worker.send(Lane::new(index, kept.tap.vantage, ring, Arc::clone(&ending)));
                        bell.ring();
                    }
                    kept.open = Some(Open { index: number, ending });
                    post.opened();
                }
                Err(error) => {
                    post.closed(Some(error.to_string()));
                    if let LiveError::NoPermission | LiveError::Unsupported = error {
                        refused = Err(error);
                    }
                }
            }
        }
        refused
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        for index in 0..self.taps.len() {
            if self.taps.get(index).is_some_and(|kept| kept.open.is_some())
                && let Some(post) = self.board.post(index)
            {
                post.closed(None);
            }
        }
    }
}

/// Whether the interface that was opened still has its name, is up, and delivers.
fn still_there(name: &str, open: &Open, descriptor: &OwnedFd) -> Result<(), LiveError> {
    let index = packet::index(name)?;
    if index != open.index {
        // Another one under the same name.
        return Err(LiveError::NoInterface(name.to_owned()));
    }
    let is_up = packet::is_up(descriptor, name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => LiveError::NoInterface(name.to_owned()),
        _ => LiveError::Io(error),
    })?;
    // A worker whose ring the kernel has detached ends it for all.
    if is_up && !open.ending.load(Ordering::Relaxed) { Ok(()) } else { Err(LiveError::Down(name.to_owned())) }
}
