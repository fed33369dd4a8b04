//! Facts as plain Python values: each kind its own dictionary, whose `kind` says which.

use std::collections::BTreeMap;
use std::net::IpAddr;

use auditor_core::detect::Fact;
use auditor_core::detect::announces::{Claim, TrackerAnswer};
use pyo3::IntoPyObject;

/// One fact.
#[derive(IntoPyObject)]
pub(crate) enum FactValue {
    Handshake(HandshakeFact),
    Messages(MessagesFact),
    Datagrams(DatagramsFact),
    Extended(ExtendedFact),
    Pex(PexFact),
    Metadata(MetadataFact),
    Utp(UtpFact),
    Encrypted(EncryptedFact),
    TrackerAnnounce(TrackerAnnounceFact),
    TrackerScrape(TrackerScrapeFact),
    TorrentFile(TorrentFileFact),
    Magnet(MagnetFact),
    WebSeed(WebSeedFact),
    ExternalAddress(ExternalAddressFact),
    AllowedFast(AllowedFastFact),
    LocalAnnounce(LocalAnnounceFact),
    PortMapping(PortMappingFact),
    GatewaySearch(GatewaySearchFact),
    Name(NameFact),
    SslTorrent(SslTorrentFact),
}

#[derive(IntoPyObject)]
pub(crate) struct HandshakeFact {
    kind: &'static str,
    infohash: [u8; 20],
    peer_id: Option<[u8; 20]>,
    reserved: [u8; 8],
}

#[derive(IntoPyObject)]
pub(crate) struct MessagesFact {
    kind: &'static str,
    pieces: u64,
    piece_bytes: u64,
    counts: BTreeMap<&'static str, u64>,
    partial: bool,
}

#[derive(IntoPyObject)]
pub(crate) struct DatagramsFact {
    kind: &'static str,
    queries: u64,
    replies: u64,
    errors: u64,
}

#[derive(IntoPyObject)]
pub(crate) struct ExtendedFact {
    kind: &'static str,
    client: Option<Vec<u8>>,
    port: Option<u16>,
    ipv4: Option<[u8; 16]>,
    ipv6: Option<[u8; 16]>,
    metadata_size: Option<u32>,
    upload_only: Option<bool>,
    prefers_encryption: Option<bool>,
    messages: BTreeMap<&'static str, u64>,
}

#[derive(IntoPyObject)]
pub(crate) struct PexFact {
    kind: &'static str,
    added: u64,
    dropped: u64,
}

#[derive(IntoPyObject)]
pub(crate) struct MetadataFact {
    kind: &'static str,
    requests: u64,
    blocks: u64,
    rejects: u64,
}

#[derive(IntoPyObject)]
pub(crate) struct UtpFact {
    kind: &'static str,
    began: bool,
    bytes: u64,
    lost: u64,
}

#[derive(IntoPyObject)]
pub(crate) struct EncryptedFact {
    kind: &'static str,
    flights: Vec<u32>,
    signature: Option<&'static str>,
}

type ClaimValue = (&'static str, Option<u64>, Option<u64>, Option<u64>);
type AnswerValue = (Option<u64>, Option<u64>, Option<u64>, u64, bool);

#[derive(IntoPyObject)]
pub(crate) struct TrackerAnnounceFact {
    kind: &'static str,
    infohash: [u8; 20],
    peer_id: [u8; 20],
    port: Option<u16>,
    /// Event, downloaded, uploaded, left.
    first: ClaimValue,
    last: ClaimValue,
    completed: bool,
    credentials: bool,
    /// Interval, complete, incomplete, peers, failed.
    answer: Option<AnswerValue>,
    host: Option<String>,
}

#[derive(IntoPyObject)]
pub(crate) struct TrackerScrapeFact {
    kind: &'static str,
    infohashes: Vec<[u8; 20]>,
    answered: bool,
    host: Option<String>,
}

#[derive(IntoPyObject)]
pub(crate) struct TorrentFileFact {
    kind: &'static str,
    v1: Option<[u8; 20]>,
    v2: Option<[u8; 32]>,
    name: Vec<u8>,
    private: bool,
}

#[derive(IntoPyObject)]
pub(crate) struct MagnetFact {
    kind: &'static str,
    v1: Option<[u8; 20]>,
    v2: Option<[u8; 32]>,
    place: &'static str,
}

#[derive(IntoPyObject)]
pub(crate) struct WebSeedFact {
    kind: &'static str,
    infohash: [u8; 20],
    bytes: u64,
}

#[derive(IntoPyObject)]
pub(crate) struct ExternalAddressFact {
    kind: &'static str,
    ip: [u8; 16],
    port: Option<u16>,
    told_by: &'static str,
}

#[derive(IntoPyObject)]
pub(crate) struct AllowedFastFact {
    kind: &'static str,
    infohash: [u8; 20],
    indexes: Vec<u32>,
}

#[derive(IntoPyObject)]
pub(crate) struct LocalAnnounceFact {
    kind: &'static str,
    infohash: [u8; 20],
    port: u16,
}

#[derive(IntoPyObject)]
pub(crate) struct PortMappingFact {
    kind: &'static str,
    protocol: &'static str,
    internal: Option<([u8; 16], u16)>,
    external_port: u16,
    lifetime: u32,
    client: Option<&'static str>,
    granted: bool,
}

#[derive(IntoPyObject)]
pub(crate) struct GatewaySearchFact {
    kind: &'static str,
    client: &'static str,
}

#[derive(IntoPyObject)]
pub(crate) struct NameFact {
    kind: &'static str,
    name: &'static str,
    /// What is behind the name.
    what: &'static str,
    over: &'static str,
    answered: bool,
}

#[derive(IntoPyObject)]
pub(crate) struct SslTorrentFact {
    kind: &'static str,
    infohash: [u8; 20],
    answered: bool,
}

#[expect(clippy::too_many_lines, reason = "an arm for each kind of fact")]
impl From<&Fact> for FactValue {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::Handshake { infohash, peer_id, reserved } => Self::Handshake(HandshakeFact {
                kind: "handshake",
                infohash: *infohash,
                peer_id: *peer_id,
                reserved: *reserved,
            }),
            Fact::Messages { pieces, piece_bytes, counts, partial } => Self::Messages(MessagesFact {
                kind: "messages",
                pieces: *pieces,
                piece_bytes: *piece_bytes,
                counts: counts.clone(),
                partial: *partial,
            }),
            Fact::Datagrams { queries, replies, errors } => Self::Datagrams(DatagramsFact {
                kind: "datagrams",
                queries: *queries,
                replies: *replies,
                errors: *errors,
            }),
            Fact::Extended { introduction, messages } => Self::Extended(ExtendedFact {
                kind: "extended",
                client: introduction.client.clone(),
                port: introduction.port,
                ipv4: introduction.ipv4.map(|ip| mapped(ip.into())),
                ipv6: introduction.ipv6.map(|ip| mapped(ip.into())),
                metadata_size: introduction.metadata_size,
                upload_only: introduction.upload_only,
                prefers_encryption: introduction.prefers_encryption,
                messages: messages.clone(),
            }),
            Fact::Pex { added, dropped } => {
                Self::Pex(PexFact { kind: "pex", added: *added, dropped: *dropped })
            }
            Fact::Metadata { requests, blocks, rejects } => Self::Metadata(MetadataFact {
                kind: "metadata",
                requests: *requests,
                blocks: *blocks,
                rejects: *rejects,
            }),
            Fact::Utp { began, bytes, lost } => {
                Self::Utp(UtpFact { kind: "utp", began: *began, bytes: *bytes, lost: *lost })
            }
            Fact::Encrypted { flights, signature, .. } => Self::Encrypted(EncryptedFact {
                kind: "encrypted",
                flights: flights.to_vec(),
                signature: *signature,
            }),
            Fact::TrackerAnnounce { infohash, peer_id, port, claimed, credentials, answer, host } => {
                Self::TrackerAnnounce(TrackerAnnounceFact {
                    kind: "tracker_announce",
                    infohash: *infohash,
                    peer_id: *peer_id,
                    port: *port,
                    first: claim(&claimed.first),
                    last: claim(&claimed.last),
                    completed: claimed.completed,
                    credentials: *credentials,
                    answer: answer.as_ref().map(answered),
                    host: host.as_deref().map(String::from),
                })
            }
            Fact::TrackerScrape { infohashes, answered, host } => Self::TrackerScrape(TrackerScrapeFact {
                kind: "tracker_scrape",
                infohashes: infohashes.clone(),
                answered: *answered,
                host: host.as_deref().map(String::from),
            }),
            Fact::TorrentFile { v1, v2, name, private, .. } => Self::TorrentFile(TorrentFileFact {
                kind: "torrent_file",
                v1: *v1,
                v2: *v2,
                name: name.clone(),
                private: *private,
            }),
            Fact::Magnet { v1, v2, place } => {
                Self::Magnet(MagnetFact { kind: "magnet", v1: *v1, v2: *v2, place: place.label() })
            }
            Fact::WebSeed { infohash, bytes } => {
                Self::WebSeed(WebSeedFact { kind: "web_seed", infohash: *infohash, bytes: *bytes })
            }
            Fact::ExternalAddress { ip, port, told_by } => Self::ExternalAddress(ExternalAddressFact {
                kind: "external_address",
                ip: mapped(*ip),
                port: *port,
                told_by: told_by.label(),
            }),
            Fact::AllowedFast { infohash, indexes } => Self::AllowedFast(AllowedFastFact {
                kind: "allowed_fast",
                infohash: *infohash,
                indexes: indexes.clone(),
            }),
            Fact::LocalAnnounce { infohash, port } => Self::LocalAnnounce(LocalAnnounceFact {
                kind: "local_announce",
                infohash: *infohash,
                port: *port,
            }),
            Fact::PortMapping { protocol, internal, external_port, lifetime, client, granted } => {
                Self::PortMapping(PortMappingFact {
                    kind: "port_mapping",
                    protocol: protocol.label(),
                    internal: internal.map(|internal| (internal.ip, internal.port)),
                    external_port: *external_port,
                    lifetime: *lifetime,
                    client: *client,
                    granted: *granted,
                })
            }
            Fact::GatewaySearch { client } => {
                Self::GatewaySearch(GatewaySearchFact { kind: "gateway_search", client })
            }
            Fact::Name { name, kind, over, answered } => Self::Name(NameFact {
                kind: "name",
                name,
                what: kind.label(),
                over: over.label(),
                answered: *answered,
            }),
            Fact::SslTorrent { infohash, answered } => Self::SslTorrent(SslTorrentFact {
                kind: "ssl_torrent",
                infohash: *infohash,
                answered: *answered,
            }),
        }
    }
}

const fn claim(claim: &Claim) -> ClaimValue {
    (claim.event.label(), claim.downloaded, claim.uploaded, claim.left)
}

const fn answered(answer: &TrackerAnswer) -> AnswerValue {
    (answer.interval, answer.complete, answer.incomplete, answer.peers, answer.failed)
}

/// IPv4 as IPv4-mapped IPv6, as all addresses are handed over.
pub(crate) const fn mapped(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}
