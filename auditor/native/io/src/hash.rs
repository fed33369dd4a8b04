//! SHA-256 of what is read, in the same pass, on a thread of its own.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};

use crate::block::Block;

/// Blocks that may wait to be hashed: the bound on memory, and how far reading may run ahead. So few are still in the cache
/// when they are hashed; more of them make nothing faster, since in the long run the slower of the two decides.
const AHEAD: usize = 2;

enum Job {
    Update { capture: u32, block: Arc<Block>, range: Range<usize> },
    Finish { capture: u32 },
}

/// The thread that hashes, and the way to it.
#[derive(Debug)]
pub(crate) struct Hasher {
    jobs: SyncSender<Job>,
    thread: JoinHandle<HashMap<u32, [u8; 32]>>,
}

impl Hasher {
    /// Starts the thread.
    pub(crate) fn start() -> Self {
        let (jobs, queue) = sync_channel(AHEAD);
        Self { jobs, thread: thread::spawn(move || work(&queue)) }
    }

    /// The way for the bytes of one capture.
    pub(crate) fn feed(&self, capture: u32) -> Feed {
        Feed { capture, jobs: Some(self.jobs.clone()) }
    }

    /// Waits for the queue to empty. Captures that were not read to their end have no digest.
    pub(crate) fn finish(self) -> HashMap<u32, [u8; 32]> {
        drop(self.jobs);
        self.thread.join().unwrap_or_default()
    }
}

/// Takes one capture's bytes to the hasher, in their order; or nowhere, where hashing is off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed {
    capture: u32,
    jobs: Option<SyncSender<Job>>,
}

impl Feed {
    /// Whether anybody listens.
    pub(crate) const fn is_on(&self) -> bool {
        self.jobs.is_some()
    }

    /// Hands over the next bytes.
    pub(crate) fn update(&self, block: &Arc<Block>, range: Range<usize>) {
        if let Some(jobs) = &self.jobs {
            // The thread ends only after its last sender: sending cannot fail.
            let _ = jobs.send(Job::Update { capture: self.capture, block: Arc::clone(block), range });
        }
    }

    /// Says that these were all bytes.
    pub(crate) fn finish(&self) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Job::Finish { capture: self.capture });
        }
    }
}

fn work(queue: &Receiver<Job>) -> HashMap<u32, [u8; 32]> {
    let mut running: HashMap<u32, Sha256> = HashMap::new();
    let mut done = HashMap::new();
    for job in queue {
        match job {
            Job::Update { capture, block, range } => {
                running.entry(capture).or_default().update(block.bytes.get(range).unwrap_or_default());
            }
            Job::Finish { capture } => {
                done.insert(capture, running.remove(&capture).unwrap_or_default().finalize().into());
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Pool;

    #[test]
    fn captures_are_hashed_apart_and_unfinished_ones_have_no_digest() {
        let hasher = Hasher::start();
        let mut block = Pool::default().take(8);
        block.bytes[..4].copy_from_slice(b"xabc");
        let block = Arc::new(block);
        let (one, two, three) = (hasher.feed(1), hasher.feed(2), hasher.feed(3));
        one.update(&block, 1..3);
        two.update(&block, 0..4);
        one.update(&block, 3..4);
        one.finish();
        three.finish();
        drop((one, two, three));

        let digests = hasher.finish();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let hex = |digest: [u8; 32]| digest.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(digests.len(), 2);
        assert_eq!(hex(digests[&1]), abc);
        assert_eq!(hex(digests[&3]), nothing);
    }
}
