//! The bell of systems on which no interface is watched: of whoever asks the workers.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Signals do not end the wait: so it is a short one.
const SIGNALS: Duration = Duration::from_millis(100);

/// A bell that one thread listens to.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// Wakes who listens, now or when it is about to wait.
    pub(super) fn ring(&self) {
        *self.rung() = true;
        self.changed.notify_all();
    }

    /// Says that who listens is awake.
    pub(super) fn hear(&self) {
        *self.rung() = false;
    }

    /// Waits until it is rung, or for a while, which may be shorter; says whether it is rung.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let rung = self.rung();
        let waited = self.changed.wait_timeout_while(rung, patience.min(SIGNALS), |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn rung(&self) -> MutexGuard<'_, bool> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_ends_the_wait_or_forestalls_it_until_it_is_heard() {
        let bell = Bell::new().unwrap();
        assert!(!bell.wait(Duration::ZERO));
        std::thread::scope(|scope| {
            scope.spawn(|| bell.ring());
            while !bell.wait(SIGNALS) {}
        });
        assert!(bell.wait(Duration::ZERO));
        bell.hear();
        assert!(!bell.wait(Duration::ZERO));
    }

    #[test]
    fn no_wait_is_longer_than_a_signal_may_be_left_alone() {
        let begun = std::time::Instant::now();
        assert!(!Bell::default().wait(Duration::from_secs(3600)));
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
