//! What the correlator takes and gives.

use crate::detect::Confidence;
use crate::detect::named::Source;
use crate::flow::key::{End, Endpoint, Transport};
use crate::time::Timestamp;
use crate::wire::path::{Tunnel, Vlans};

/// One of our hosts, where it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host {
    /// Its address.
    pub ip: [u8; 16],
    /// The vantage point's number.
    pub vantage: u16,
    /// The innermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// The VLAN tags.
    pub vlans: Vlans,
}

impl Host {
    /// All who hear what is said to a group of addresses where this host is.
    #[must_use]
    pub const fn everybody(self) -> Self {
        Self { ip: [0; 16], ..self }
    }
}

/// What one worker saw. Its events may stand in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Endpoints that were named to a host.
    pub learnt: Vec<Learnt>,
    /// Flows that have the shape of an obfuscated handshake.
    pub candidates: Vec<Candidate>,
    /// Plain handshakes that were refused.
    pub attempts: Vec<Attempt>,
    /// Ports on which hosts listen for peers.
    pub listening: Vec<Listening>,
    /// Hosts that spoke BitTorrent in clear.
    pub evidence: Vec<Evidence>,
}

/// Somebody told a host that an endpoint takes part in a swarm: a claim, true or forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Learnt {
    /// When.
    pub at: Timestamp,
    /// Who was told.
    pub host: Host,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The swarm's torrent.
    pub infohash: [u8; 20],
    /// Where.
    pub source: Source,
    /// The address of whoever said so.
    pub by: [u8; 16],
}

/// Endpoints that a host learnt at once, as a tracker or a node tells of many.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Telling {
    /// When.
    pub at: Timestamp,
    /// Who was told.
    pub host: Host,
    /// The swarm's torrent.
    pub infohash: [u8; 20],
    /// Where.
    pub source: Source,
    /// The address of whoever said so.
    pub by: [u8; 16],
    /// The endpoints.
    pub endpoints: Vec<Endpoint>,
}

impl Telling {
    /// Each endpoint by itself.
    pub fn learnt(&self) -> impl Iterator<Item = Learnt> + '_ {
        let Self { at, host, infohash, source, by, .. } = *self;
        self.endpoints.iter().map(move |endpoint| Learnt {
            at,
            host,
            endpoint: *endpoint,
            infohash,
            source,
            by,
        })
    }
}

/// A flow with the shape of an obfuscated handshake that did not become readable. Its fields name its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// When its first packet came.
    pub begun: Timestamp,
    /// The end that began it.
    pub orig: Endpoint,
    /// The other end.
    pub resp: Endpoint,
    /// TCP, or UDP for uTP.
    pub transport: Transport,
    /// The vantage point's number.
    pub vantage: u16,
    /// The innermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// The VLAN tags.
    pub vlans: Vlans,
    /// Its SYN was seen, so that its first bytes are the first and `orig` did begin it.
    pub syn_seen: bool,
    /// It has a telling length beside the shape.
    pub is_telling: bool,
}

impl Candidate {
    /// The address and port of one end.
    #[must_use]
    pub const fn endpoint(&self, end: End) -> &Endpoint {
        match end {
            End::Orig => &self.orig,
            End::Resp => &self.resp,
        }
    }

    /// One end as a host.
    #[must_use]
    pub const fn host(&self, end: End) -> Host {
        let ip = self.endpoint(end).ip;
        Host { ip, vantage: self.vantage, tunnel: self.tunnel, vlans: self.vlans }
    }
}

/// A host's own plain handshake, closed or reset by the other end without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// When it was refused.
    pub at: Timestamp,
    /// Who tried.
    pub host: Host,
    /// Where.
    pub remote: Endpoint,
    /// The torrent named.
    pub infohash: [u8; 20],
}

/// A host said, in clear, that it listens for peers on a port: in an announce, a handshake or a port mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listening {
    /// When.
    pub at: Timestamp,
    /// Who listens.
    pub host: Host,
    /// On which port.
    pub port: u16,
}

/// What a host itself sent shows that it speaks BitTorrent: a handshake, an announce, DHT queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// From when on.
    pub at: Timestamp,
    /// Who.
    pub host: Host,
    /// Until when.
    pub until: Timestamp,
}

/// How well an encrypted flow is tied to BitTorrent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// By what its host does with many others; to no swarm.
    HostLevel,
    /// By one sender's word, which may be forged.
    SingleSource,
    /// By several senders, or by the host's own plain attempt before it.
    Attributed,
}

impl Grade {
    /// How sure that is.
    #[must_use]
    pub const fn confidence(self) -> Confidence {
        match self {
            Self::HostLevel => Confidence::Suspected,
            Self::SingleSource | Self::Attributed => Confidence::Likely,
        }
    }

    /// The word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::HostLevel => "host-level",
            Self::SingleSource => "single-source",
            Self::Attributed => "attributed",
        }
    }
}

/// A torrent that a flow may be about. Nothing in the flow says so: it is inferred, never read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inferred {
    /// The torrent.
    pub infohash: [u8; 20],
    /// Where the remote end was named for it.
    pub sources: Vec<Source>,
    /// By how many independent senders.
    pub senders: usize,
    /// When last before the flow.
    pub learnt: Timestamp,
}

/// What ties a flow to BitTorrent for one of its ends: what the correlator found, as its report has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The end that is our host.
    pub end: End,
    /// That end began it. Of a UDP flow, either end may have begun the uTP connection that is meant.
    pub is_outgoing: bool,
    /// How well it is tied.
    pub grade: Grade,
    /// Its host tried the same endpoint in clear just before.
    pub is_retry: bool,
    /// The torrents that it may be about: all of them, in order, and none at [`Grade::HostLevel`].
    pub infohashes: Vec<Inferred>,
    /// The version of the rules.
    pub rules: u16,
}

/// What an encrypted flow says about one of our hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlated {
    /// The flow.
    pub candidate: Candidate,
    /// The end that is our host.
    pub end: End,
    /// How well it is tied.
    pub grade: Grade,
    /// Its host tried the same endpoint in clear just before.
    pub is_retry: bool,
    /// The torrents that it may be about: all of them, in order, and none at [`Grade::HostLevel`].
    pub infohashes: Vec<Inferred>,
    /// The version of the rules.
    pub rules: u16,
}
