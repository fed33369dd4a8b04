//! What an engine saw: facts for whoever attributes and judges them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Content;
use crate::anomaly::Anomalies;
use crate::bindings::{Binding, Lease};
use crate::content::verify::Verification;
use crate::correlate::{Host, Telling, Tie};
use crate::detect::Observation;
use crate::detect::dht::activity::Activity;
use crate::detect::http::Fetch;
use crate::detect::passed::SentPieces;
use crate::flow::key::{End, Endpoint, Ends, Transport};
use crate::flow::minutes::Minutes;
use crate::time::Timestamp;
use crate::wire::path::{Tunnel, Vlans};

/// A flow that carries BitTorrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowReport {
    /// TCP or UDP.
    pub transport: Transport,
    /// The vantage point's number.
    pub vantage: u16,
    /// The innermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// VLAN tags of the first packet.
    pub vlans: Vlans,
    /// Addresses and ports.
    pub ends: Ends<Endpoint>,
    /// Link addresses of the frames that each end sent.
    pub macs: Ends<Option<[u8; 6]>>,
    /// The first packet's time.
    pub first: Timestamp,
    /// The last packet's time.
    pub last: Timestamp,
    /// Its beginning was captured: a SYN, or the answer to one. Of UDP flows, which have none, always `false`.
    pub begun: bool,
    /// When it was first closed or reset, and by which end. Known of TCP flows that are read.
    pub closed: Option<(Timestamp, End)>,
    /// Packets that each end sent.
    pub packets: Ends<u32>,
    /// Payload bytes that each end sent, each once.
    pub bytes: Ends<u64>,
    /// Payload bytes that each end sent and that were not captured.
    pub missing: Ends<u64>,
    /// Payload bytes by minute.
    pub minutes: Minutes,
    /// What was observed.
    pub observations: Vec<Observation>,
    /// Digests of the pieces that passed. Whoever joins the reports compares them with what is known of the torrents,
    /// and then needs them no more.
    pub pieces: Vec<SentPieces>,
    /// What was fetched that may come from a web seed. Whoever joins the reports compares it with the torrent files that
    /// passed, and then needs it no more.
    pub fetched: Vec<Fetch>,
    /// The pieces that were compared.
    pub verified: Vec<Verified>,
    /// What ties it to BitTorrent where it shows nothing of that itself; known once the reports are joined.
    pub ties: Vec<Tie>,
}

/// A torrent whose info dict is known: it passed, and hashes to the infohash under which it did, or was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torrent {
    /// Its infohash of version 1.
    pub v1: Option<[u8; 20]>,
    /// Its infohash of version 2.
    pub v2: Option<[u8; 32]>,
    /// The dict's exact bytes: hostile all the same, since whoever makes a torrent writes them.
    pub info: Arc<[u8]>,
}

/// The pieces that one end of a stream sent, compared with its torrent's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// In which of the flow's streams, as in the stream's own observations.
    pub stream: u32,
    /// The end that sent them.
    pub end: End,
    /// The torrent's place in [`Report::torrents`].
    pub torrent: usize,
    /// What was found.
    pub found: Verification,
}

impl FlowReport {
    /// One end as a host.
    #[must_use]
    pub const fn host(&self, end: End) -> Host {
        Host { ip: self.ends.at(end).ip, vantage: self.vantage, tunnel: self.tunnel, vlans: self.vlans }
    }
}

/// What was looked at, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// TCP flows.
    pub tcp_flows: u64,
    /// UDP flows.
    pub udp_flows: u64,
    /// TCP flows with payload of which only one direction was captured.
    pub one_sided_flows: u64,
    /// TCP flows whose beginning was not captured.
    pub midstream_flows: u64,
    /// Frames of BitTorrent flows that were delivered twice.
    pub duplicate_frames: u64,
    /// Fragments of IP packets.
    pub fragments: u64,
    /// Packets of other transport protocols, and frames without IP.
    pub other_packets: u64,
    /// Flows with nothing but what is of use beside other evidence of their host, of which there was none: none of them
    /// is reported.
    pub unsupported_flows: u64,
    /// Flows that have the shape of an obfuscated handshake and that nothing ties to BitTorrent: none is reported.
    pub untied_flows: u64,
    /// Those of them that have a telling length.
    pub untied_telling_flows: u64,
    /// Bytes that TCP acknowledged and nobody captured, of ends of which something was: a mirror port that drops.
    pub unseen_bytes: u64,
    /// The same of ends of which nothing was captured: their way is another.
    pub one_sided_bytes: u64,
}

impl Totals {
    /// The counters with their names in JSON.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, u64); 12] {
        [
            ("tcp_flows", self.tcp_flows),
            ("udp_flows", self.udp_flows),
            ("one_sided_flows", self.one_sided_flows),
            ("midstream_flows", self.midstream_flows),
            ("duplicate_frames", self.duplicate_frames),
            ("fragments", self.fragments),
            ("other_packets", self.other_packets),
            ("unsupported_flows", self.unsupported_flows),
            ("untied_flows", self.untied_flows),
            ("untied_telling_flows", self.untied_telling_flows),
            ("unseen_bytes", self.unseen_bytes),
            ("one_sided_bytes", self.one_sided_bytes),
        ]
    }

    /// Adds the counters of `other`.
    pub const fn merge(&mut self, other: &Self) {
        self.tcp_flows += other.tcp_flows;
        self.udp_flows += other.udp_flows;
        self.one_sided_flows += other.one_sided_flows;
        self.midstream_flows += other.midstream_flows;
        self.duplicate_frames += other.duplicate_frames;
        self.fragments += other.fragments;
        self.other_packets += other.other_packets;
        self.unsupported_flows += other.unsupported_flows;
        self.untied_flows += other.untied_flows;
        self.untied_telling_flows += other.untied_telling_flows;
        self.unseen_bytes += other.unseen_bytes;
        self.one_sided_bytes += other.one_sided_bytes;
    }
}

/// Everything an engine saw since it was last asked.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Flows that carry BitTorrent and have ended.
    pub flows: Vec<FlowReport>,
    /// DHT activities that have ended.
    pub activities: Vec<Activity>,
    /// Endpoints that were named for swarms to hosts of ours.
    pub learnt: Vec<Telling>,
    /// Which addresses were which devices', as was said.
    pub bindings: Vec<Binding>,
    /// What was said by DHCP, one message after another.
    pub leases: Vec<Lease>,
    /// Refusals, by capture.
    pub anomalies: Vec<Anomalies>,
    /// Caps that were hit, with how often.
    pub limits: BTreeMap<&'static str, u64>,
    /// What was looked at.
    pub totals: Totals,
    /// What was collected across flows.
    pub content: Content,
    /// Torrents whose metadata passed, or was known beforehand, once reports are joined: each once, by its SHA-1.
    pub torrents: Vec<Torrent>,
}
