//! What was passed on, proven: info dicts rebuilt off the wire, and pieces hashed against them.
//!
//! `metadata` collects the blocks of an info dict and believes them once they hash to the infohash. `pieces` hashes what
//! passes, before it is known what it should hash to, and keeps digests, never bytes. `layers` collects the hashes
//! of v2 torrents that peers send each other, and `verify` compares. None of these is a detector: they get the
//! views of `wire`, and know no flow and no end.
//!
//! **Order and workers.** An info dict's blocks may pass in several flows, and flows are shared among workers. So
//! each worker keeps a [`metadata::MetadataStore`] and a [`layers::PieceLayers`] of its own, and whoever joins the
//! workers joins them by `merge`: what is believed depends on hashes alone, so it is the same for any order and any
//! number of workers as long as no cap was reached. Digests belong to one direction of one flow, which one worker
//! sees whole; they are compared after the join.

pub mod layers;
pub mod merkle;
pub mod metadata;
pub mod pieces;
pub mod verify;

/// Memory that several owners share, against a common cap; bookkeeping included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes held now.
    pub now: usize,
    /// Bytes held at most.
    pub cap: usize,
    /// How often something was given up or not taken because of the cap.
    pub hits: u64,
}

impl Budget {
    /// With nothing held yet.
    #[must_use]
    pub const fn new(cap: usize) -> Self {
        Self { now: 0, cap, hits: 0 }
    }

    /// Takes `bytes`, unless that exceeds the cap.
    pub(crate) const fn take(&mut self, bytes: usize) -> bool {
        let fits = self.fits(bytes);
        if fits {
            self.now += bytes;
        } else {
            self.hits += 1;
        }
        fits
    }

    /// Whether `bytes` more are within the cap.
    pub(crate) const fn fits(&self, bytes: usize) -> bool {
        bytes <= self.cap.saturating_sub(self.now)
    }

    /// Gives `bytes` back.
    pub(crate) const fn give(&mut self, bytes: usize) {
        self.now = self.now.saturating_sub(bytes);
    }
}
