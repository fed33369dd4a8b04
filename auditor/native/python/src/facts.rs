//! What a run saw, as plain Python values: dictionaries of it, and what there may be many of as rows. `auditor.engine`
//! makes the domain's types of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use auditor_core::anomaly::Anomalies;
use auditor_core::engine::Torrent;
use auditor_io::run::Outcome;
use auditor_io::{CaptureSummary, Written};
use pyo3::IntoPyObject;

use crate::flow::{Activities, Flows};
use crate::holders::{BindingFacts, LeaseFacts};

pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// Everything seen in one run.
#[derive(IntoPyObject)]
pub(crate) struct Sighting {
    captures: Vec<CaptureFacts>,
    flows: Flows,
    activities: Activities,
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

/// A torrent whose info dict passed.
#[derive(IntoPyObject)]
pub(crate) struct TorrentFacts {
    v1: Option<[u8; 20]>,
    v2: Option<[u8; 32]>,
    info: Vec<u8>,
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
            flows: Flows(report.flows.into_iter()),
            activities: Activities(report.activities.into_iter()),
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

impl TorrentFacts {
    pub(crate) fn new(torrent: &Torrent) -> Self {
        Self { v1: torrent.v1, v2: torrent.v2, info: torrent.info.to_vec() }
    }
}
