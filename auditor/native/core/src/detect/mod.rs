//! Detectors: bytes of flows in, observations out. Each states facts; none judges, none knows the others.
//!
//! A detector of streams is asked by [`StreamDetector::probe`] about the first bytes of each direction; once it
//! matches, it reads both directions to their end. A detector of datagrams is asked about every datagram, since one
//! UDP port carries the DHT, uTP and trackers alike. `registry.rs` lists them all.

pub mod announces;
pub mod dht;
pub mod dns;
pub mod fact;
pub mod http;
pub mod inner;
pub mod lsd;
pub mod mse;
pub mod named;
pub mod names;
pub mod passed;
pub mod peer_wire;
pub mod portmap;
pub mod reading;
pub mod registry;
pub mod socks;
pub mod span;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod udp_tracker;
pub mod utp;
pub mod ws_tracker;

pub use self::fact::{Confidence, Fact, Observation};
use self::http::Fetch;
use self::inner::Inner;
use self::named::Named;
use self::passed::{Collected, SentPieces};
pub use self::span::{FrameRef, Span, Stamp};
use crate::anomaly::Anomalies;
use crate::flow::key::{End, Endpoint, Ends, FlowKey};
use crate::flow::stream::HeldBytes;
use crate::wire::path::{Path, Vlans};

/// A detector's answer to first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It is this protocol.
    Match,
    /// The bytes so far fit.
    NeedMore,
    /// It cannot be this protocol.
    Reject,
}

/// Knows a protocol by a stream's first bytes.
pub trait StreamDetector: Sync {
    /// Judges the first bytes of one direction. Every proper prefix of a match must be `NeedMore`.
    fn probe(&self, first: &[u8]) -> Probe;

    /// Whether it may be asked only where the stream's beginning was captured: its protocol has no bytes of its own.
    fn needs_certainty(&self) -> bool {
        false
    }

    /// Whether it cannot be this protocol if the other end sends anything before the first bytes of this one matched.
    fn matches_before_it_is_answered(&self) -> bool {
        false
    }

    /// Begins to read a flow in which one direction matched.
    fn open(&self) -> Box<dyn StreamReader>;
}

/// Reads both directions of one flow.
pub trait StreamReader: Send {
    /// Takes the next bytes of one direction.
    fn read(&mut self, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies);

    /// Steps over bytes whose content was not captured: `missing` of them, `u64::MAX` where nobody can say how many.
    fn skip(&mut self, end: End, missing: u64, stamp: Stamp);

    /// Says that no detector wanted the first bytes of this direction: what comes next is from its middle.
    fn miss_beginning(&mut self, end: End) {
        let _ = end;
    }

    /// Whether further bytes of this direction can still tell anything.
    fn wants(&self, end: End) -> bool;

    /// What was seen so far.
    fn observations(&self) -> Vec<Observation>;

    /// What can be believed of it. `begun` says of which ends the beginning was captured: what came first from another
    /// one need not be what it began with, but may be quoted in the midst of something else.
    fn believable(&self, begun: Ends<bool>) -> Vec<Observation> {
        let _ = begun;
        self.observations()
    }

    /// The endpoints named for a swarm since the last call.
    fn named(&mut self) -> Vec<Named> {
        Vec::new()
    }

    /// What it holds, and what passed since the last call that may prove something across flows. It may hold `free`
    /// bytes more until the next call.
    fn collect(&mut self, free: usize) -> Collected {
        let _ = free;
        Collected::default()
    }

    /// The digests of the pieces that passed, once nothing more will come.
    fn pieces(&mut self) -> Vec<SentPieces> {
        Vec::new()
    }

    /// What was fetched so far that may come from a web seed.
    fn fetched(&self) -> Vec<Fetch> {
        Vec::new()
    }

    /// What came since the last call of the stream that this one has turned into, for the detectors to be asked about.
    fn inner(&mut self) -> Vec<Inner> {
        Vec::new()
    }
}

/// Knows by one datagram that a UDP flow carries its protocol.
pub trait DatagramDetector: Sync {
    /// Whether this datagram begins what the detector follows. Cheap: asked of each datagram of a flow that it does
    /// not follow yet.
    fn probe(&self, datagram: &Datagram<'_>) -> bool;

    /// Begins to follow a flow.
    fn open(&self) -> Box<dyn DatagramReader>;
}

/// What the readers of an engine share.
#[derive(Debug)]
pub struct Upkeep<'a> {
    /// What all of them hold.
    pub held: &'a mut HeldBytes,
    /// Where nonsense is counted.
    pub anomalies: &'a mut Anomalies,
}

/// Follows one UDP flow. Datagrams of other protocols pass through it too: one socket carries them all.
pub trait DatagramReader: Send {
    /// Takes the next datagram; answers whether it was this protocol's.
    fn read(&mut self, datagram: &Datagram<'_>, upkeep: &mut Upkeep<'_>) -> bool;

    /// What was seen so far.
    fn observations(&self) -> Vec<Observation>;

    /// What was seen, once the flow has ended. Whatever it held is given back.
    fn finish(&mut self, upkeep: &mut Upkeep<'_>) -> Vec<Observation> {
        let _ = upkeep;
        self.observations()
    }

    /// What it holds, and what passed since the last call that may prove something across flows. It may hold `free`
    /// bytes more until the next call.
    fn collect(&mut self, free: usize) -> Collected {
        let _ = free;
        Collected::default()
    }

    /// The digests of the pieces that passed, once the flow has ended.
    fn pieces(&mut self) -> Vec<SentPieces> {
        Vec::new()
    }

    /// The endpoints named for a swarm since the last call.
    fn named(&mut self) -> Vec<Named> {
        Vec::new()
    }
}

/// A datagram in its flow.
#[derive(Debug)]
pub struct Datagram<'a> {
    /// The flow's key.
    pub key: &'a FlowKey,
    /// A secret hash of its ends, tunnel and vantage point.
    pub hash: u64,
    /// Whether the low end of the key began the flow.
    pub orig_is_low: bool,
    /// Which end sent it.
    pub from: End,
    /// The VLAN tags of the flow.
    pub vlans: Vlans,
    /// What wrapped it.
    pub path: &'a Path,
    /// When, and in which frame.
    pub stamp: Stamp,
    /// Its payload, as far as it was captured.
    pub payload: &'a [u8],
    /// Bytes of payload sent: more than were captured where a snap length cut the frame.
    pub sent: u32,
}

impl Datagram<'_> {
    /// The address and port of one end.
    #[must_use]
    #[inline]
    pub fn endpoint(&self, end: End) -> &Endpoint {
        if (end == End::Orig) == self.orig_is_low { &self.key.low } else { &self.key.high }
    }
}
