//! Facts as tuples: each its kind, and its values in the order in which `auditor.model.fact` has them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use auditor_core::detect::Fact;
use auditor_core::detect::announces::{Claim, TrackerAnswer};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::row::{Several, Word, counts, row};

/// One fact.
pub(crate) struct FactRow<'a>(pub(crate) &'a Fact);

impl<'py> IntoPyObject<'py> for FactRow<'_> {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let (kind, values) = match self.0 {
            Fact::Handshake { infohash, peer_id, reserved } => {
                ("handshake", row!(py, *infohash, *peer_id, *reserved)?)
            }
            Fact::Messages { pieces, piece_bytes, counts, partial } => {
                ("messages", row!(py, *pieces, *piece_bytes, named(py, counts)?, *partial)?)
            }
            Fact::Datagrams { queries, replies, errors } => {
                ("datagrams", row!(py, *queries, *replies, *errors)?)
            }
            Fact::Extended { introduction, messages } => (
                "extended",
                row!(
                    py,
                    introduction.client.as_deref(),
                    introduction.port,
                    introduction.ipv4.map(|ip| mapped(ip.into())),
                    introduction.ipv6.map(|ip| mapped(ip.into())),
                    introduction.metadata_size,
                    introduction.upload_only,
                    introduction.prefers_encryption,
                    named(py, messages)?,
                )?,
            ),
            Fact::Pex { added, dropped } => ("pex", row!(py, *added, *dropped)?),
            Fact::Metadata { requests, blocks, rejects } => {
                ("metadata", row!(py, *requests, *blocks, *rejects)?)
            }
            Fact::Utp { began, bytes, lost } => ("utp", row!(py, *began, *bytes, *lost)?),
            Fact::Encrypted { flights, signature, .. } => {
                ("encrypted", row!(py, PyTuple::new(py, flights)?, signature.map(Word))?)
            }
            Fact::TrackerAnnounce { infohash, peer_id, port, claimed, credentials, answer, host } => (
                "tracker_announce",
                row!(
                    py,
                    *infohash,
                    *peer_id,
                    *port,
                    claim(&claimed.first),
                    claim(&claimed.last),
                    claimed.completed,
                    *credentials,
                    answer.as_ref().map(answered),
                    host.as_deref(),
                )?,
            ),
            Fact::TrackerScrape { infohashes, answered, host } => {
                let infohashes: Several<_> = infohashes.iter().copied().collect();
                ("tracker_scrape", row!(py, infohashes, *answered, host.as_deref())?)
            }
            Fact::TorrentFile { v1, v2, name, private, .. } => {
                ("torrent_file", row!(py, *v1, *v2, name.as_slice(), *private)?)
            }
            Fact::Magnet { v1, v2, place } => ("magnet", row!(py, *v1, *v2, Word(place.label()))?),
            Fact::WebSeed { infohash, bytes } => ("web_seed", row!(py, *infohash, *bytes)?),
            Fact::ExternalAddress { ip, port, told_by } => {
                ("external_address", row!(py, mapped(*ip), *port, Word(told_by.label()))?)
            }
            Fact::AllowedFast { infohash, indexes } => {
                ("allowed_fast", row!(py, *infohash, PyTuple::new(py, indexes)?)?)
            }
            Fact::LocalAnnounce { infohash, port } => ("local_announce", row!(py, *infohash, *port)?),
            Fact::PortMapping { protocol, internal, external_port, lifetime, client, granted } => (
                "port_mapping",
                row!(
                    py,
                    Word(protocol.label()),
                    internal.map(|internal| (internal.ip, internal.port)),
                    *external_port,
                    *lifetime,
                    client.map(Word),
                    *granted,
                )?,
            ),
            Fact::GatewaySearch { client } => ("gateway_search", row!(py, Word(client))?),
            Fact::Name { name, kind, over, answered } => {
                ("name", row!(py, Word(name), Word(kind.label()), Word(over.label()), *answered)?)
            }
            Fact::SslTorrent { infohash, answered } => ("ssl_torrent", row!(py, *infohash, *answered)?),
        };
        (Word(kind), values).into_pyobject(py)
    }
}

fn named<'py>(py: Python<'py>, by_name: &BTreeMap<&'static str, u64>) -> PyResult<Bound<'py, PyDict>> {
    counts(py, by_name.iter().map(|(name, count)| (*name, *count)))
}

/// Event, downloaded, uploaded, left.
const fn claim(claim: &Claim) -> (Word, Option<u64>, Option<u64>, Option<u64>) {
    (Word(claim.event.label()), claim.downloaded, claim.uploaded, claim.left)
}

/// Interval, complete, incomplete, peers, failed.
const fn answered(answer: &TrackerAnswer) -> (Option<u64>, Option<u64>, Option<u64>, u64, bool) {
    (answer.interval, answer.complete, answer.incomplete, answer.peers, answer.failed)
}

/// IPv4 as IPv4-mapped IPv6, as all addresses are handed over.
pub(crate) const fn mapped(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}
