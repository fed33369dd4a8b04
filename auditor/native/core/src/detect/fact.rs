//! What detectors say: facts about bytes, how sure they are, and what proves them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::announces::{Claims, TrackerAnswer};
use super::named::Source;
use super::names::{Kind, Over};
use super::span::Span;
use super::{http, mse, peer_wire};
use crate::flow::key::{End, Endpoint};
use crate::wire::bt::web_seed::UrlDigest;
use crate::wire::portmap::Protocol;

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
        /// The tracker's name, or address, as the client asked for it; see [`crate::wire::http::host_name`]. UDP has none.
        host: Option<Box<str>>,
    },
    /// A tracker asked how many take part in swarms. Indexers ask this too.
    TrackerScrape {
        /// The torrents: the first [`announces::Announces::MOST`] and no more.
        infohashes: Vec<[u8; 20]>,
        /// Whether an answer was seen.
        answered: bool,
        /// As of an announce.
        host: Option<Box<str>>,
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
    /// Pieces asked for at a web seed: confirmed where it was told the torrent (BEP 17), likely where a torrent file that
    /// passed names the address (BEP 19).
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
    /// Pieces that the sender gives the other end even while it chokes it (BEP 6). It draws them from the address of
    /// that end, as seen from there.
    AllowedFast {
        /// The torrent.
        infohash: [u8; 20],
        /// The first pieces, in the order in which they were named.
        indexes: Vec<u32>,
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
