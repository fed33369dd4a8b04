//! Detectors: bytes of flows in, observations out. Each states facts; none judges, none knows the others.
//!
//! A detector of streams is asked by [`StreamDetector::probe`] about the first bytes of each direction; once it
//! matches, it reads both directions to their end. A detector of datagrams is asked about every datagram, since one
//! UDP port carries the DHT, uTP and trackers alike. `registry.rs` lists them all.

pub mod announces;
pub mod dht;
pub mod dns;
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
#[cfg(test)]
mod testing;
pub mod tls;
pub mod udp_tracker;
pub mod utp;
pub mod ws_tracker;

use std::collections::BTreeMap;
use std::net::IpAddr;

use self::announces::{Claims, TrackerAnswer};
use self::http::Fetch;
use self::inner::Inner;
use self::named::{Named, Source};
use self::names::{Kind, Over};
use self::passed::{Collected, SentPieces};
use crate::anomaly::Anomalies;
use crate::flow::key::{End, Endpoint, FlowKey};
use crate::flow::stream::HeldBytes;
use crate::time::Timestamp;
use crate::wire::bt::web_seed::UrlDigest;
use crate::wire::path::{Path, Vlans};
use crate::wire::portmap::Protocol;

/// A frame's place: which capture, and its 1-based number there, as Wireshark counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameRef {
    /// The capture's index in the run.
    pub capture: u32,
    /// The frame's number in it.
    pub number: u64,
}

/// When something was seen, and in which frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The frame's time.
    pub time: Timestamp,
    /// The frame.
    pub frame: FrameRef,
}

/// From first to last sight, with the frames that prove it: the first few and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// At most [`Span::PROOFS`], the earliest, in order.
    proofs: Vec<Stamp>,
    /// No frame after this time can become a proof: there are enough that are earlier.
    settled: Timestamp,
}

impl Span {
    /// How many frames are kept as proof.
    pub const PROOFS: usize = 4;

    /// Begins at `stamp`.
    #[must_use]
    pub fn at(stamp: Stamp) -> Self {
        Self { first: stamp.time, last: stamp.time, proofs: vec![stamp], settled: Timestamp(i64::MAX) }
    }

    /// Widens to `stamp`.
    pub fn extend(&mut self, stamp: Stamp) {
        self.first = self.first.min(stamp.time);
        self.last = self.last.max(stamp.time);
        self.prove(stamp);
    }

    /// Joins with `other`.
    pub fn merge(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for stamp in &other.proofs {
            self.prove(*stamp);
        }
    }

    /// The frames that prove it, in order of time.
    pub fn frames(&self) -> impl Iterator<Item = FrameRef> + '_ {
        self.proofs.iter().map(|stamp| stamp.frame)
    }

    /// Keeps a frame if it is among the earliest. Which are kept depends on no order of arrival, so that workers who
    /// each saw a part keep together what one would.
    fn prove(&mut self, stamp: Stamp) {
        if stamp.time > self.settled {
            return;
        }
        if let Err(place) = self.proofs.binary_search(&stamp) {
            self.proofs.insert(place, stamp);
            self.proofs.truncate(Self::PROOFS);
        }
        if let Some(last) = self.proofs.get(Self::PROOFS - 1) {
            self.settled = last.time;
        }
    }
}

/// How sure an observation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Shape and host behaviour alone.
    Suspected,
    /// Tied by correlation to a swarm seen in the clear.
    Likely,
    /// Protocol bytes were seen and checked.
    Confirmed,
}

impl Confidence {
    /// The word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Suspected => "suspected",
            Self::Likely => "likely",
            Self::Confirmed => "confirmed",
        }
    }
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A peer-wire handshake.
    Handshake {
        /// The torrent it names.
        infohash: [u8; 20],
        /// The sender's peer id; `None` where the capture ends before it.
        peer_id: Option<[u8; 20]>,
        /// The extension bits.
        reserved: [u8; 8],
    },
    /// Peer-wire messages, counted.
    Messages {
        /// `piece` messages.
        pieces: u64,
        /// Bytes of pieces.
        piece_bytes: u64,
        /// Messages by name.
        counts: BTreeMap<&'static str, u64>,
        /// Counting stopped where bytes were missing that could not be stepped over.
        partial: bool,
    },
    /// What an end said of itself in extended handshakes, and which extensions it used (BEP 10): its word.
    Extended {
        /// What it said.
        introduction: peer_wire::Introduction,
        /// Its messages of known extensions, by name.
        messages: BTreeMap<&'static str, u64>,
    },
    /// Peers that the sender says it is connected to (BEP 11).
    Pex {
        /// Endpoints named, each as often as it was.
        added: u64,
        /// Endpoints that it says it is no longer connected to.
        dropped: u64,
    },
    /// Messages about the torrent's info dict (BEP 9). Whether the blocks are right is not known from one flow.
    Metadata {
        /// Blocks asked for.
        requests: u64,
        /// Blocks given.
        blocks: u64,
        /// Requests refused.
        rejects: u64,
    },
    /// A uTP connection, in which another detector saw something.
    Utp {
        /// Whether this end began it.
        began: bool,
        /// Payload bytes of this end, each once.
        bytes: u64,
        /// Packets with payload of this end that were sent and not captured, at least.
        lost: u64,
    },
    /// KRPC datagrams by kind.
    Datagrams {
        /// Queries.
        queries: u64,
        /// Replies.
        replies: u64,
        /// Errors.
        errors: u64,
    },
    /// A torrent announced to a tracker.
    TrackerAnnounce {
        /// The torrent.
        infohash: [u8; 20],
        /// The client, by its own choice; as it said last.
        peer_id: [u8; 20],
        /// Where the client says it listens; `None` where such trackers are not told.
        port: Option<u16>,
        /// What the client says it got, gave and lacks.
        claimed: Claims,
        /// Whether something came along that may be a passkey.
        credentials: bool,
        /// The tracker's last answer, if one was seen.
        answer: Option<TrackerAnswer>,
    },
    /// A tracker asked how many take part in swarms. Indexers ask this too.
    TrackerScrape {
        /// The torrents: the first [`announces::Announces::MOST`] and no more.
        infohashes: Vec<[u8; 20]>,
        /// Whether an answer was seen.
        answered: bool,
    },
    /// Flights that may be an obfuscated handshake.
    Encrypted {
        /// The lengths of the first five, the first being the initiator's; zero where there was none.
        flights: [u32; mse::FLIGHTS],
        /// The length by which a family of clients is known.
        signature: Option<&'static str>,
        /// How random the first two are.
        randomness: [mse::Randomness; 2],
    },
    /// A torrent file, sent to the other end. Who fetches one need not take part.
    TorrentFile {
        /// Its infohash of version 1.
        v1: Option<[u8; 20]>,
        /// Its infohash of version 2.
        v2: Option<[u8; 32]>,
        /// Its name, or the beginning of it: hostile text.
        name: Vec<u8>,
        /// Whether its peers come from its trackers alone (BEP 27).
        private: bool,
        /// Where its content can be had over HTTP, to be compared with what is fetched.
        web_seeds: Vec<UrlDigest>,
    },
    /// A magnet link that passed by. It proves no use of it.
    Magnet {
        /// The torrent's infohash of version 1.
        v1: Option<[u8; 20]>,
        /// The torrent's infohash of version 2.
        v2: Option<[u8; 32]>,
        /// Where it stood.
        place: http::MagnetPlace,
    },
    /// Pieces asked for at a web seed that is told the torrent (BEP 17).
    WebSeed {
        /// The torrent.
        infohash: [u8; 20],
        /// Bytes of the answers that were no refusals.
        bytes: u64,
    },
    /// The sender told the other end its address, as seen from there.
    ExternalAddress {
        /// The address.
        ip: IpAddr,
        /// The port, where it was told too.
        port: Option<u16>,
        /// In which talk.
        told_by: Source,
    },
    /// A torrent announced to the local network (BEP 14).
    LocalAnnounce {
        /// The torrent.
        infohash: [u8; 20],
        /// The announcer's listen port.
        port: u16,
    },
    /// A port that a host asked its gateway to open. Proves nothing by itself, whatever the client is called: consoles,
    /// voice and remote desktops do the same. It is for use beside other evidence about this internal endpoint.
    PortMapping {
        /// What is let through.
        protocol: Protocol,
        /// Where the port leads to; `None` of a removal that does not say.
        internal: Option<Endpoint>,
        /// The gateway's port: granted, or else wished; 0 leaves it to the gateway.
        external_port: u16,
        /// Seconds granted, or else wished; `u32::MAX` until it is removed, 0 of a removal.
        lifetime: u32,
        /// The BitTorrent client that the asker calls itself.
        client: Option<&'static str>,
        /// The gateway said that it was done.
        granted: bool,
    },
    /// A host that looks for a gateway calls itself a BitTorrent client.
    GatewaySearch {
        /// The client.
        client: &'static str,
    },
    /// A well-known name was looked up or asked for.
    Name {
        /// The table's entry, never what was looked up.
        name: &'static str,
        /// What is behind it.
        kind: Kind,
        /// How it was seen.
        over: Over,
        /// The other end answered.
        answered: bool,
    },
    /// A TLS client asked for a server by an infohash: a torrent over TLS, as libtorrent does it.
    SslTorrent {
        /// The torrent.
        infohash: [u8; 20],
        /// The other end answered.
        answered: bool,
    },
}

/// One fact from one detector about what one end of a flow sent, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The detector's id.
    pub detector: &'static str,
    /// How sure.
    pub confidence: Confidence,
    /// The end that sent it.
    pub end: End,
    /// In which of the flow's streams: its uTP connections count from 1; there is one TCP stream, 0, and so are
    /// datagrams.
    pub stream: u32,
    /// When, and the frames.
    pub span: Span,
    /// How many sights were folded into this one.
    pub count: u64,
    /// What.
    pub fact: Fact,
}

impl Observation {
    /// Whether it says nothing by itself: it is of use beside other evidence about the same host alone.
    #[must_use]
    pub const fn is_supporting(&self) -> bool {
        matches!(
            self.fact,
            Fact::Name { .. }
                | Fact::SslTorrent { .. }
                | Fact::PortMapping { .. }
                | Fact::GatewaySearch { .. }
                | Fact::ExternalAddress { told_by: Source::Gateway, .. }
        )
    }

    /// Whether it is one of bytes that look random, or of how such bytes were carried: by itself it says nothing.
    #[must_use]
    pub const fn is_shape(&self) -> bool {
        matches!(self.confidence, Confidence::Suspected)
            && matches!(self.fact, Fact::Encrypted { .. } | Fact::Utp { .. })
    }
}

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

    /// Whether further bytes of this direction can still tell anything.
    fn wants(&self, end: End) -> bool;

    /// What was seen so far.
    fn observations(&self) -> Vec<Observation>;

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

    /// What was fetched since the last call that may come from a web seed.
    fn fetched(&mut self) -> Vec<Fetch> {
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

    /// What was seen, once the flow has ended. Whatever it held is given back.
    fn finish(&mut self, upkeep: &mut Upkeep<'_>) -> Vec<Observation>;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(number: u64) -> Stamp {
        Stamp { time: Timestamp(i64::try_from(number).unwrap()), frame: FrameRef { capture: 0, number } }
    }

    #[test]
    fn a_span_keeps_its_first_frames_and_widens() {
        let mut span = Span::at(stamp(5));
        for number in [6, 6, 7, 8, 9, 10] {
            span.extend(stamp(number));
        }
        assert_eq!((span.first, span.last), (Timestamp(5), Timestamp(10)));
        assert_eq!(span.frames().map(|frame| frame.number).collect::<Vec<_>>(), [5, 6, 7, 8]);
    }

    #[test]
    fn a_span_keeps_the_earliest_frames_whatever_their_order_and_whoever_saw_them() {
        let (mut left, mut right) = (Span::at(stamp(9)), Span::at(stamp(4)));
        for number in [7, 5, 8] {
            left.extend(stamp(number));
        }
        right.extend(stamp(6));
        left.merge(&right);
        assert_eq!(left.frames().map(|frame| frame.number).collect::<Vec<_>>(), [4, 5, 6, 7]);
    }
}
