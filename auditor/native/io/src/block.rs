//! Pooled blocks of bytes, shared between whoever reads them and given back when the last one is done.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch::{FrameMeta, LinkRun};

/// How many idle buffers are kept; more are only alive while somebody reads them.
const IDLE: usize = 12;

/// Buffers that wait for their next use, so that a steady state allocates nothing and touches no fresh page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Contents>>>);

impl Pool {
    /// A block with room for at least `size` bytes, of unspecified content, without frames.
    pub(crate) fn take(&self, size: usize) -> Block {
        let mut contents = self.idle().pop().unwrap_or_default();
        if contents.bytes.len() < size {
            // Not grown: zeroed memory comes from the system untouched, and counts only where it is written.
            contents.bytes = vec![0; size];
        }
        contents.frames.clear();
        contents.runs.clear();
        Block { contents, pool: self.clone() }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Contents>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a block holds: bytes, and the frames found in them.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// As long as the buffer is, not as far as it is filled: the frames and ranges say which bytes count.
    pub(crate) bytes: Vec<u8>,
    pub(crate) frames: Vec<FrameMeta>,
    /// Where the link type changes among `frames`; not empty unless `frames` is.
    pub(crate) runs: Vec<LinkRun>,
}

/// Contents on loan from a pool. Filled by one owner, then shared behind an `Arc`.
#[derive(Debug)]
pub(crate) struct Block {
    contents: Contents,
    pool: Pool,
}

impl Deref for Block {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        &self.contents
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut Contents {
        &mut self.contents
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut idle = self.pool.idle();
        if idle.len() < IDLE {
            idle.push(mem::take(&mut self.contents));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_block_is_used_again_and_grows_where_it_must() {
        let pool = Pool::default();
        let first = pool.take(100);
        let address = first.bytes.as_ptr();
        drop(first);

        let again = pool.take(50);
        assert_eq!((again.bytes.as_ptr(), again.bytes.len()), (address, 100));
        drop(again);
        assert_eq!(pool.take(200).bytes.len(), 200);
    }

    #[test]
    fn no_more_than_the_idle_cap_is_kept() {
        let pool = Pool::default();
        let blocks: Vec<_> = (0..IDLE + 5).map(|_| pool.take(1)).collect();
        drop(blocks);
        assert_eq!(pool.idle().len(), IDLE);
    }
}
