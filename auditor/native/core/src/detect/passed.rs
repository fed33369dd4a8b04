//! What passes in a flow of what a torrent consists of. One flow alone seldom proves it: an info dict may pass in other
//! flows than the pieces that it proves. So readers hand it on, and whoever sees all flows compares.

use std::collections::BTreeMap;

use crate::content::pieces::{self, PieceCounts, PieceDigest};
use crate::flow::key::End;

/// A message that may prove something of what others pass on. Nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// In which of the flow's streams, as in the stream's own observations.
    pub stream: u32,
    /// The end that sent it.
    pub end: End,
    /// What.
    pub what: Proof,
}

/// What such a message is, with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Of `ut_metadata` (BEP 9).
    Metadata {
        /// The torrent that the sender named.
        infohash: [u8; 20],
        /// As `wire::bt::metadata` reads it.
        body: Vec<u8>,
    },
    /// Hashes of a v2 torrent (BEP 52), as `wire::bt::hashes` reads them.
    Hashes(Vec<u8>),
}

/// What a reader hands on since it was last asked, and what it costs to go on.
#[derive(Debug, Default)]
pub struct Collected {
    /// Bytes held now, bookkeeping included.
    pub held: usize,
    /// How often something was not taken because of the cap.
    pub refused: u64,
    /// What passed.
    pub passed: Vec<Passed>,
}

impl Collected {
    /// Adds what another reader of the same flow hands on.
    pub fn add(&mut self, other: Self) {
        self.held += other.held;
        self.refused += other.refused;
        self.passed.extend(other.passed);
    }
}

/// The digests of the pieces that one end of a stream sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPieces {
    /// In which of the flow's streams, as in the stream's own observations.
    pub stream: u32,
    /// The end that sent them.
    pub end: End,
    /// The torrent that it named, or else the other end did.
    pub infohash: [u8; 20],
    /// By index.
    pub digests: BTreeMap<u32, PieceDigest>,
    /// What became of the bytes that are in no digest.
    pub counts: PieceCounts,
}

impl SentPieces {
    /// What keeping them costs.
    #[must_use]
    pub fn cost(&self) -> usize {
        pieces::CLOSED_COST.saturating_mul(self.digests.len().saturating_add(1))
    }
}
