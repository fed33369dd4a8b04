//! `bt.handshake`, `bt.messages`, `bt.extended`, `bt.pex` and `bt.metadata`: the peer wire protocol in clear (BEP 3, 6, 9,
//! 10, 11, 21, 52, 54, 55).
//!
//! Sees a handshake at the first byte of a direction, wherever segments cut it, and counts what follows it. A piece
//! counts with the bytes of it that passed, and is hashed as it passes: only digests are kept. Extended messages and
//! hashes are collected whole, up to a bound. Sees nothing of an obfuscated stream (MSE).
//!
//! Proves that the sender speaks the protocol and named this infohash. Fooled by a peer that sends a handshake for
//! a torrent it does not have: the other end's answer, and pieces, tell. What an end says of itself, of its peers, and
//! of the other end's address is its word. An info dict proves itself, once it hashes to the infohash; and then proves
//! pieces. That is for whoever sees all flows: it is handed on by [`StreamReader::collect`].

mod extensions;
mod talk;
#[cfg(test)]
mod tests;

pub use self::extensions::Introduction;

use self::extensions::Said;
use self::talk::{Talk, Whole};
use super::named::{Named, Names};
use super::passed::{Collected, Passed, Proof, SentPieces};
use super::{Confidence, Fact, Observation, Probe, Span, Stamp, StreamDetector, StreamReader};
use crate::anomaly::{Anomalies, Anomaly};
use crate::content::Budget;
use crate::error::ParseError;
use crate::flow::key::{End, Ends};
use crate::wire::bt::handshake::HandshakeHead;
use crate::wire::bt::hashes::Hashes;

/// The id of the observation of a handshake.
pub const HANDSHAKE: &str = "bt.handshake";
/// The id of the observation of messages.
pub const MESSAGES: &str = "bt.messages";
/// The id of the observation of what an end said of itself.
pub const EXTENDED: &str = "bt.extended";
/// The id of the observation of peers that an end named.
pub const PEX: &str = "bt.pex";
/// The id of the observation of metadata that passed.
pub const METADATA: &str = "bt.metadata";
/// The id of the observation of addresses that an end was told.
pub const EXTERNAL_ADDRESS: &str = "bt.external_address";

/// The most that a reader may hold more until it is asked what it holds. Several times what one direction's pieces need.
const LENT: usize = 4 << 20;

/// Knows the peer wire by its handshake.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerWire;

impl StreamDetector for PeerWire {
    fn probe(&self, first: &[u8]) -> Probe {
        match HandshakeHead::parse(first) {
            Ok(_) => Probe::Match,
            Err(ParseError::Truncated { .. }) => Probe::NeedMore,
            Err(_) => Probe::Reject,
        }
    }

    fn open(&self) -> Box<dyn StreamReader> {
        Box::<Reader>::default()
    }
}

/// Reads both directions of one connection.
#[derive(Debug)]
pub(super) struct Reader {
    ends: Ends<Talk>,
    said: Ends<Said>,
    names: Names,
    passed: Vec<Passed>,
    /// What is held of messages and pieces, against what was lent.
    budget: Budget,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            ends: Ends::default(),
            said: Ends::default(),
            names: Names::default(),
            passed: Vec::new(),
            budget: Budget::new(LENT),
        }
    }
}

impl Reader {
    /// Says that the handshake of one end was encrypted and its messages are not: they are what comes next.
    pub(super) const fn expect_messages(&mut self, end: End) {
        self.ends.at_mut(end).expect_messages();
    }

    /// The torrent that an end named, or else the other end did.
    fn infohash(&self, end: End) -> Option<[u8; 20]> {
        self.ends.at(end).infohash().or_else(|| self.ends.at(end.other()).infohash())
    }

    /// Reads a message that was collected whole.
    fn heed(&mut self, end: End, whole: Whole, anomalies: &mut Anomalies) {
        let Whole { id, body, stamp } = whole;
        let Some(id) = id else {
            if Hashes::parse(&body).is_ok() {
                self.passed.push(Passed { stream: 0, end, what: Proof::Hashes(body) });
            } else {
                anomalies.count(Anomaly::MessageMalformed);
            }
            return;
        };
        if id == 0 {
            match self.said.at_mut(end).introduce(&body, stamp) {
                // What the other end sent in its extensions can be read now.
                Ok(()) => {
                    for (id, body, stamp) in self.said.at_mut(end.other()).take_waiting(&mut self.budget) {
                        self.extension(end.other(), id, body, stamp, anomalies);
                    }
                }
                Err(_) => anomalies.count(Anomaly::MessageMalformed),
            }
        } else {
            self.extension(end, id, body, stamp, anomalies);
        }
    }

    /// Reads a message whose id is the one that its receiver announced.
    fn extension(&mut self, end: End, id: u8, body: Vec<u8>, stamp: Stamp, anomalies: &mut Anomalies) {
        let receiver = self.said.at(end.other());
        let Some(extension) = receiver.extension(id) else {
            if !receiver.has_introduced() {
                self.said.at_mut(end).wait(id, body, stamp, &mut self.budget);
            }
            return;
        };
        let infohash = self.infohash(end);
        match self.said.at_mut(end).extension_of(extension, &body, stamp) {
            Ok(named) => {
                for endpoint in named.endpoints {
                    if let Some(infohash) = infohash {
                        self.names.push(Named { endpoint, infohash, source: named.source, stamp, by: end });
                    }
                }
                if let (true, Some(infohash)) = (named.is_block, infohash) {
                    let what = Proof::Metadata { infohash, body };
                    self.passed.push(Passed { stream: 0, end, what });
                }
            }
            Err(_) => anomalies.count(Anomaly::MessageMalformed),
        }
    }
}

impl StreamReader for Reader {
    fn read(&mut self, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        self.ends.at_mut(end).read(bytes, stamp, &mut self.budget, anomalies);
        for whole in self.ends.at_mut(end).take_whole() {
            self.heed(end, whole, anomalies);
        }
    }

    fn skip(&mut self, end: End, missing: u64, _: Stamp) {
        self.ends.at_mut(end).skip(missing, &mut self.budget);
    }

    fn miss_beginning(&mut self, end: End) {
        self.ends.at_mut(end).miss_beginning();
    }

    fn wants(&self, end: End) -> bool {
        self.ends.at(end).wants()
    }

    fn observations(&self) -> Vec<Observation> {
        let mut found = Vec::new();
        for end in [End::Orig, End::Resp] {
            let talk = self.ends.at(end);
            found.extend(talk.handshake(end));
            found.extend(talk.messages(end));
            found.extend(self.infohash(end).and_then(|infohash| talk.allowed_fast(end, infohash)));
            found.extend(self.said.at(end).observations(end));
        }
        found
    }

    fn proofs(&self) -> usize {
        let of = |end| self.ends.at(end).proofs() + self.said.at(end).proofs();
        of(End::Orig) + of(End::Resp)
    }

    /// A handshake at the first byte proves that its sender speaks the protocol. Of one that may be quoted, the answer
    /// does, or what follows it; and what follows, or the other end's words, may refute it.
    fn believable(&self, begun: Ends<bool>) -> Vec<Observation> {
        let mut seen = self.observations();
        for end in [End::Orig, End::Resp] {
            let (talk, other) = (self.ends.at(end), self.ends.at(end.other()));
            if *begun.at(end) || talk.infohash().is_none() || talk.fits(other) {
                continue;
            }
            if talk.is_foreign() || other.is_foreign() {
                seen.retain(|observation| observation.end != end);
            } else if !talk.is_fluent() {
                for observation in seen.iter_mut().filter(|observation| observation.end == end) {
                    observation.confidence = Confidence::Suspected;
                }
            }
        }
        seen
    }

    fn named(&mut self) -> Vec<Named> {
        self.names.take()
    }

    fn collect(&mut self, free: usize) -> Collected {
        self.budget.cap = self.budget.now.saturating_add(free.min(LENT));
        Collected {
            held: self.budget.now,
            refused: std::mem::take(&mut self.budget.hits),
            passed: std::mem::take(&mut self.passed),
        }
    }

    fn pieces(&mut self) -> Vec<SentPieces> {
        let mut sent = Vec::new();
        for end in [End::Orig, End::Resp] {
            let infohash = self.infohash(end);
            let (digests, counts) = self.ends.at_mut(end).take_pieces(&mut self.budget);
            if let (Some(infohash), false) = (infohash, digests.is_empty()) {
                sent.push(SentPieces { stream: 0, end, infohash, digests, counts });
            }
        }
        sent
    }
}

/// An observation of what was read in clear.
fn confirmed(detector: &'static str, end: End, span: Span, count: u64, fact: Fact) -> Observation {
    Observation { detector, confidence: Confidence::Confirmed, end, stream: 0, span, count, fact }
}
