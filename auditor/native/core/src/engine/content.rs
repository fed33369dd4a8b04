//! What an engine collects across its flows, so that somebody who joins the engines can prove what was passed on.

use std::hash::BuildHasher;

use crate::content::Budget;
use crate::content::layers::PieceLayers;
use crate::content::metadata::MetadataStore;
use crate::detect::passed::{Collected, Passed, Proof, SentPieces};
use crate::flow::key::Seeded;
use crate::wire::bt::hashes::Hashes;
use crate::wire::bt::metadata::MetadataMessage;

/// Info dicts and hashes off the wire, and what the digests of pieces cost.
#[derive(Clone, Debug)]
pub struct Content {
    /// Info dicts, whole and in blocks.
    pub metadata: MetadataStore,
    /// Hashes of v2 torrents.
    pub layers: PieceLayers,
    /// Of the readers, and of the digests that are not reported yet.
    budget: Budget,
    /// Of that, what the digests cost.
    kept: usize,
}

impl Default for Content {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Content {
    /// Keeps no more than `cap` bytes: half for info dicts, an eighth for hashes, the rest for pieces.
    #[must_use]
    pub const fn new(cap: usize) -> Self {
        Self {
            metadata: MetadataStore::new(cap / 2),
            layers: PieceLayers::new(cap / 8),
            budget: Budget::new(cap / 2 - cap / 8),
            kept: 0,
        }
    }

    /// How many bytes more the readers may hold.
    pub(super) const fn free(&self) -> usize {
        self.budget.cap.saturating_sub(self.budget.now)
    }

    /// Takes what the reader of a flow hands on. `lent` is what it held when it was last asked.
    pub(super) fn take(&mut self, flow: u64, collected: Collected, lent: &mut usize) {
        self.budget.give(*lent);
        self.budget.now = self.budget.now.saturating_add(collected.held);
        self.budget.hits += collected.refused;
        *lent = collected.held;
        for passed in collected.passed {
            self.prove(flow, &passed);
        }
    }

    /// Takes back what the reader of a flow held, which is gone.
    pub(super) const fn take_back(&mut self, lent: usize) {
        self.budget.give(lent);
    }

    /// Keeps the digests of a flow until it is reported.
    pub(super) fn keep(&mut self, mut sent: Vec<SentPieces>) -> Vec<SentPieces> {
        sent.retain(|pieces| {
            let fits = self.budget.take(pieces.cost());
            self.kept += if fits { pieces.cost() } else { 0 };
            fits
        });
        sent
    }

    /// What was collected since the last call. Hashes stay, to prove later ones by; blocks of info dicts are put together
    /// by who is given them.
    pub(super) fn tell(&mut self) -> Self {
        let fresh = self.layers.fresh();
        let layers = std::mem::replace(&mut self.layers, fresh);
        let told = self.drain();
        self.layers = layers;
        told
    }

    /// What was collected, with nothing left of it here but what readers hold.
    pub(super) fn drain(&mut self) -> Self {
        self.budget.give(self.kept);
        let rest = Self {
            metadata: MetadataStore::new(self.metadata.budget().cap),
            layers: PieceLayers::new(self.layers.budget().cap),
            budget: Budget { hits: 0, ..self.budget },
            kept: 0,
        };
        std::mem::replace(self, rest)
    }

    /// How often a cap kept something out or made something go.
    pub(super) const fn refusals(&self) -> u64 {
        self.metadata.budget().hits + self.layers.budget().hits + self.budget.hits
    }

    /// Takes a message that may prove something. Whose it is matters only to tell liars from others.
    fn prove(&mut self, flow: u64, passed: &Passed) {
        match &passed.what {
            Proof::Metadata { infohash, body } => {
                if let Ok((message, _)) = MetadataMessage::parse(body) {
                    let source = Seeded(flow).hash_one((passed.stream, passed.end));
                    self.metadata.collect(infohash, source, &message);
                }
            }
            Proof::Hashes(body) => {
                if let Ok(hashes) = Hashes::parse(body) {
                    self.layers.collect(&hashes);
                }
            }
        }
    }
}
