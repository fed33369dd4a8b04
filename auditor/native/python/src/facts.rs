//! The engine's facts as plain Python values: dictionaries, lists, bytes and numbers. `auditor.engine` makes the
//! domain's types of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use auditor_core::anomaly::Anomalies;
use auditor_core::content::verify::Tally;
use auditor_core::correlate::Tie;
use auditor_core::detect::dht::activity::{Activity, Target, Told};
use auditor_core::detect::{Observation, Span};
use auditor_core::engine::{FlowReport, Torrent, Verified};
use auditor_core::flow::key::{Endpoint, Transport};
use auditor_core::flow::minutes::Minutes;
use auditor_core::wire::path::Tunnel;
use auditor_io::run::Outcome;
use auditor_io::{CaptureSummary, Written};
use pyo3::IntoPyObject;

use crate::fact::{FactValue, mapped};
use crate::holders::{BindingFacts, LeaseFacts};

type Frames = Vec<(u32, u64)>;
type MinuteBytes = Vec<(i64, u64, u64)>;
pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// Everything seen in one run.
#[derive(IntoPyObject)]
pub(crate) struct Sighting {
    captures: Vec<CaptureFacts>,
    flows: Vec<FlowFacts>,
    activities: Vec<ActivityFacts>,
    torrents: Vec<TorrentFacts>,
    bindings: Vec<BindingFacts>,
    leases: Vec<LeaseFacts>,
    limits: Counts,
    totals: Counts,
}

#[derive(IntoPyObject)]
pub(crate) struct CaptureFacts {
    path: String,
    vantage: u16,
    sha256: Option<[u8; 32]>,
    packets: u64,
    bytes: u64,
    first: Option<i64>,
    last: Option<i64>,
    truncated: bool,
    error: Option<String>,
    anomalies: Counts,
}

#[derive(IntoPyObject)]
struct EndpointFacts {
    ip: [u8; 16],
    port: u16,
    mac: Option<[u8; 6]>,
}

#[derive(IntoPyObject)]
pub(crate) struct FlowFacts {
    vantage: u16,
    transport: &'static str,
    orig: EndpointFacts,
    resp: EndpointFacts,
    vlan: Vec<u16>,
    tunnel: Option<(&'static str, u32)>,
    first: i64,
    last: i64,
    packets: (u32, u32),
    bytes: (u64, u64),
    missing: (u64, u64),
    minutes: MinuteBytes,
    observations: Vec<ObservationFacts>,
    verified: Vec<VerifiedFacts>,
    ties: Vec<TieFacts>,
}

/// A torrent whose info dict passed.
#[derive(IntoPyObject)]
pub(crate) struct TorrentFacts {
    v1: Option<[u8; 20]>,
    v2: Option<[u8; 32]>,
    info: Vec<u8>,
}

type TallyFacts = (u64, u64);

/// Pieces that one end sent, compared with a torrent; each tally is pieces and bytes.
#[derive(IntoPyObject)]
struct VerifiedFacts {
    stream: u32,
    end: &'static str,
    torrent: usize,
    verified: TallyFacts,
    wrong: TallyFacts,
    incomplete: TallyFacts,
    unknown: TallyFacts,
    /// Verified bytes of each file, by its offset.
    files: Vec<(u64, u64)>,
}

#[derive(IntoPyObject)]
struct TieFacts {
    end: &'static str,
    is_outgoing: bool,
    grade: &'static str,
    confidence: &'static str,
    is_retry: bool,
    rules: u16,
    /// Infohash, sources, senders, when it was learnt last.
    infohashes: Vec<([u8; 20], Vec<&'static str>, usize, i64)>,
}

#[derive(IntoPyObject)]
struct ObservationFacts {
    detector: &'static str,
    confidence: &'static str,
    end: &'static str,
    stream: u32,
    first: i64,
    last: i64,
    count: u64,
    frames: Frames,
    fact: FactValue,
}

#[derive(IntoPyObject)]
struct TargetFacts {
    infohash: [u8; 20],
    first: i64,
    last: i64,
    queries: u64,
    nodes: usize,
    answered: u64,
    near_own_id: bool,
    frames: Frames,
}

#[derive(IntoPyObject)]
struct ToldFacts {
    ip: [u8; 16],
    port: Option<u16>,
    tellers: usize,
    first: i64,
    last: i64,
    frames: Frames,
}

#[derive(IntoPyObject)]
pub(crate) struct ActivityFacts {
    vantage: u16,
    endpoint: EndpointFacts,
    vlan: Vec<u16>,
    tunnel: Option<(&'static str, u32)>,
    first: i64,
    last: i64,
    nodes: u64,
    queries_in: Counts,
    queries_out: Counts,
    replies_in: u64,
    replies_out: u64,
    errors_in: u64,
    errors_out: u64,
    announced: Vec<TargetFacts>,
    looked_up: Vec<TargetFacts>,
    node_ids: Vec<[u8; 20]>,
    clients: Vec<[u8; 4]>,
    read_only: bool,
    told: Vec<ToldFacts>,
    minutes: MinuteBytes,
    frames: Frames,
}

/// What was recorded.
#[derive(IntoPyObject)]
pub(crate) struct Recording {
    paths: Vec<PathBuf>,
    packets: u64,
    bytes: u64,
    dropped: u64,
    error: Option<String>,
}

impl Recording {
    pub(crate) fn new(written: Written, summary: &CaptureSummary) -> Self {
        Self {
            paths: written.paths.into(),
            packets: written.packets,
            bytes: written.bytes,
            dropped: summary.dropped,
            error: summary.error.as_ref().map(ToString::to_string),
        }
    }
}

impl From<Outcome> for Sighting {
    fn from(outcome: Outcome) -> Self {
        let Outcome { captures, report } = outcome;
        let mut anomalies = report.anomalies;
        anomalies.resize_with(captures.len(), Anomalies::default);
        Self {
            captures: captures.into_iter().zip(&anomalies).map(CaptureFacts::new).collect(),
            flows: report.flows.iter().map(FlowFacts::new).collect(),
            activities: report.activities.iter().map(ActivityFacts::new).collect(),
            torrents: report.torrents.iter().map(TorrentFacts::new).collect(),
            bindings: report.bindings.into_iter().map(BindingFacts::new).collect(),
            leases: report.leases.into_iter().map(LeaseFacts::new).collect(),
            limits: report.limits,
            totals: report.totals.named().into_iter().collect(),
        }
    }
}

impl CaptureFacts {
    fn new((summary, refused): (CaptureSummary, &Anomalies)) -> Self {
        let mut anomalies: Counts = refused.iter().map(|(kind, count)| (kind.label(), count)).collect();
        if summary.backwards > 0 {
            anomalies.insert("time-backwards", summary.backwards);
        }
        if summary.dropped > 0 {
            anomalies.insert("frame-dropped", summary.dropped);
        }
        Self {
            path: summary.path,
            vantage: summary.vantage,
            sha256: summary.sha256,
            packets: summary.packets,
            bytes: summary.bytes,
            first: summary.first.map(|time| time.0),
            last: summary.last.map(|time| time.0),
            truncated: summary.truncated,
            error: summary.error.map(|error| error.to_string()),
            anomalies,
        }
    }
}

impl EndpointFacts {
    const fn new(endpoint: Endpoint, mac: Option<[u8; 6]>) -> Self {
        Self { ip: endpoint.ip, port: endpoint.port, mac }
    }
}

impl FlowFacts {
    pub(crate) fn new(flow: &FlowReport) -> Self {
        Self {
            vantage: flow.vantage,
            transport: match flow.transport {
                Transport::Tcp => "tcp",
                Transport::Udp => "udp",
            },
            orig: EndpointFacts::new(flow.ends.orig, flow.macs.orig),
            resp: EndpointFacts::new(flow.ends.resp, flow.macs.resp),
            vlan: flow.vlans.iter().collect(),
            tunnel: tunnel(flow.tunnel),
            first: flow.first.0,
            last: flow.last.0,
            packets: (flow.packets.orig, flow.packets.resp),
            bytes: (flow.bytes.orig, flow.bytes.resp),
            missing: (flow.missing.orig, flow.missing.resp),
            minutes: minutes(&flow.minutes),
            observations: flow.observations.iter().map(ObservationFacts::new).collect(),
            verified: flow.verified.iter().map(VerifiedFacts::new).collect(),
            ties: flow.ties.iter().map(TieFacts::new).collect(),
        }
    }
}

impl TorrentFacts {
    pub(crate) fn new(torrent: &Torrent) -> Self {
        Self { v1: torrent.v1, v2: torrent.v2, info: torrent.info.to_vec() }
    }
}

impl VerifiedFacts {
    fn new(verified: &Verified) -> Self {
        let tally = |tally: Tally| (tally.pieces, tally.bytes);
        let found = &verified.found;
        Self {
            stream: verified.stream,
            end: verified.end.label(),
            torrent: verified.torrent,
            verified: tally(found.verified),
            wrong: tally(found.wrong),
            incomplete: tally(found.incomplete),
            unknown: tally(found.unknown),
            files: found.files.iter().map(|(offset, bytes)| (*offset, *bytes)).collect(),
        }
    }
}

impl TieFacts {
    fn new(tie: &Tie) -> Self {
        let infohashes = tie.infohashes.iter().map(|inferred| {
            let sources = inferred.sources.iter().map(|source| source.label()).collect();
            (inferred.infohash, sources, inferred.senders, inferred.learnt.0)
        });
        Self {
            end: tie.end.label(),
            is_outgoing: tie.is_outgoing,
            grade: tie.grade.label(),
            confidence: tie.grade.confidence().label(),
            is_retry: tie.is_retry,
            rules: tie.rules,
            infohashes: infohashes.collect(),
        }
    }
}

impl ObservationFacts {
    fn new(observation: &Observation) -> Self {
        Self {
            detector: observation.detector,
            confidence: observation.confidence.label(),
            end: observation.end.label(),
            stream: observation.stream,
            first: observation.span.first.0,
            last: observation.span.last.0,
            count: observation.count,
            frames: frames(&observation.span),
            fact: FactValue::from(&observation.fact),
        }
    }
}

impl ActivityFacts {
    pub(crate) fn new(activity: &Activity) -> Self {
        let host = &activity.host;
        let targets = |targets: Vec<&Target>| targets.into_iter().map(TargetFacts::new).collect();
        Self {
            vantage: host.vantage,
            endpoint: EndpointFacts::new(host.endpoint, activity.mac),
            vlan: host.vlans.iter().collect(),
            tunnel: tunnel(host.tunnel),
            first: activity.span.first.0,
            last: activity.span.last.0,
            nodes: activity.nodes,
            queries_in: activity.received.queries().collect(),
            queries_out: activity.sent.queries().collect(),
            replies_in: activity.received.replies,
            replies_out: activity.sent.replies,
            errors_in: activity.received.errors,
            errors_out: activity.sent.errors,
            announced: targets(activity.announced.sorted()),
            looked_up: targets(activity.looked_up.sorted()),
            node_ids: activity.node_ids.iter().copied().collect(),
            clients: activity.clients.iter().copied().collect(),
            read_only: activity.read_only,
            told: activity.told().into_iter().map(ToldFacts::new).collect(),
            minutes: minutes(&activity.minutes),
            frames: frames(&activity.span),
        }
    }
}

impl ToldFacts {
    fn new(told: &Told) -> Self {
        Self {
            ip: mapped(told.ip),
            port: told.port,
            tellers: told.tellers(),
            first: told.span.first.0,
            last: told.span.last.0,
            frames: frames(&told.span),
        }
    }
}

impl TargetFacts {
    fn new(target: &Target) -> Self {
        Self {
            infohash: target.infohash,
            first: target.span.first.0,
            last: target.span.last.0,
            queries: target.queries,
            nodes: target.nodes(),
            answered: target.answered,
            near_own_id: target.near_own_id,
            frames: frames(&target.span),
        }
    }
}

fn tunnel(tunnel: Option<Tunnel>) -> Option<(&'static str, u32)> {
    tunnel.map(|tunnel| (tunnel.kind.label(), tunnel.id))
}

fn minutes(minutes: &Minutes) -> MinuteBytes {
    minutes.iter().map(|(minute, ends)| (minute, ends.orig, ends.resp)).collect()
}

fn frames(span: &Span) -> Frames {
    span.frames().map(|frame| (frame.capture, frame.number)).collect()
}
