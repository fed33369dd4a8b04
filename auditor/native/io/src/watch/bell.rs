//! Wakes whoever waits: a worker for frames, or whoever asks the workers. So nobody need look, many times a second,
//! whether it is wanted.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::ring::wait;

/// A bell that one thread listens to.
#[derive(Debug)]
pub(super) struct Bell {
    /// A byte is in the pipe, or about to be.
    rung: AtomicBool,
    reader: PipeReader,
    writer: PipeWriter,
}

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self { rung: AtomicBool::new(false), reader, writer })
    }

    /// Wakes who listens, now or when it is about to wait.
    pub(super) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // There is room for the only byte, and a reader, which is here.
            let _ = (&self.writer).write(&[0]);
        }
    }

    /// Says that who listens is awake.
    pub(super) fn hear(&self) {
        if self.rung.swap(false, Ordering::AcqRel) {
            let _ = (&self.reader).read(&mut [0]);
        }
    }

    /// Waits until it is rung, the time is over, or a signal comes; says whether it is rung.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        if !self.is_rung() && !patience.is_zero() {
            wait(&[self.descriptor()], patience);
        }
        self.is_rung()
    }

    /// What becomes readable when it is rung.
    pub(super) fn descriptor(&self) -> RawFd {
        self.reader.as_raw_fd()
    }

    fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn waits(bell: &Bell) -> bool {
        let begun = Instant::now();
        let is_rung = bell.wait(Duration::from_millis(200));
        let has_waited = begun.elapsed() >= Duration::from_millis(150);
        assert_ne!(is_rung, has_waited);
        has_waited
    }

    #[test]
    fn who_is_rung_for_does_not_wait_and_then_waits_again() {
        let bell = Bell::new().unwrap();
        bell.ring();
        bell.ring();
        assert!(!waits(&bell));
        bell.hear();
        bell.hear();
        assert!(waits(&bell));
        bell.ring();
        assert!(!waits(&bell));
    }

    #[test]
    fn who_has_no_time_does_not_wait() {
        let begun = Instant::now();
        assert!(!Bell::new().unwrap().wait(Duration::ZERO));
        assert!(begun.elapsed() < Duration::from_millis(150));
    }
}
