//! Wakes a worker that waits for frames, so that it need not look by itself, many times a second, whether it is wanted.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// A worker's bell.
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

    /// Wakes the worker, now or when it is about to wait.
    pub(super) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // There is room for the only byte, and a reader, which is here.
            let _ = (&self.writer).write(&[0]);
        }
    }

    /// Says that the worker is awake.
    pub(super) fn hear(&self) {
        if self.rung.swap(false, Ordering::AcqRel) {
            let _ = (&self.reader).read(&mut [0]);
        }
    }

    /// What becomes readable when it is rung.
    pub(super) fn descriptor(&self) -> RawFd {
        self.reader.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::ring::wait;

    fn waits(bell: &Bell) -> bool {
        let begun = Instant::now();
        wait(&[bell.descriptor()], Duration::from_millis(200));
        begun.elapsed() >= Duration::from_millis(150)
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
}
