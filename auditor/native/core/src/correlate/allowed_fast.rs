//! Tests the addresses that inside hosts were told to have by the allowed-fast sets (BEP 6) that other peers sent them.
//!
//! A peer draws the set from the address at which it sees its receiver, so a set that fits an address which somebody
//! else told is a further word for it. It never names a new one, and is no more than a word: whoever knows the address
//! can compute its set. Where too few pieces make a match by chance likely, nothing is said.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use crate::detect::dht::activity::Activity;
use crate::detect::named::Source;
use crate::detect::{Confidence, Fact, Observation};
use crate::engine::{FlowReport, Report, Torrent};
use crate::networks::Networks;
use crate::time::Timestamp;
use crate::wire::bt::allowed_fast::{MAX_FALSE_MATCHES, Masking, expected_false_matches, fits};
use crate::wire::bt::info::Info;

/// Addresses of a host that are tested: more than it has behind any NAT, and an end to what liars add.
const CANDIDATES: usize = 64;

/// Hosts of which it is remembered what they were told. Further ones are not taken.
pub(super) const HOSTS: usize = 1 << 16;
/// Addresses of a host that are remembered, and tellers of each.
const REMEMBERED: usize = 4 * CANDIDATES;
const TELLERS: usize = 64;

/// A host where it was seen: vantage point and address.
pub(super) type Place = (u16, [u8; 16]);

/// The addresses that hosts of ours were told to have.
#[derive(Debug, Default)]
pub(super) struct Addresses(BTreeMap<Place, OfHost>, u64);

#[derive(Debug, Default)]
struct OfHost {
    addresses: BTreeMap<IpAddr, Tellers>,
    /// When the host was last told any.
    last: Timestamp,
}

/// Who told one address.
#[derive(Debug, Default)]
struct Tellers {
    /// The other ends of flows.
    ends: BTreeSet<[u8; 16]>,
    /// Nodes of the DHT, whose addresses are not kept: how many, by activity.
    nodes: BTreeMap<u64, usize>,
}

impl Tellers {
    fn count(&self) -> usize {
        self.ends.len() + self.nodes.values().sum::<usize>()
    }

    /// Whether anybody but `end` told it. One node may be that end.
    fn has_other_than(&self, end: &[u8; 16]) -> bool {
        self.ends.iter().any(|teller| teller != end) || self.nodes.values().sum::<usize>() > 1
    }
}

/// A torrent's names on the wire, and its number of pieces.
#[derive(Clone, Debug)]
pub(super) struct Known {
    names: Vec<[u8; 20]>,
    pieces: u32,
}

/// Adds to `report`, whose torrents are known, which of the addresses told to hosts of `ours` the sets fit.
pub(super) fn test_candidates(report: &mut Report, ours: &Networks) {
    if !report.flows.iter().any(|flow| flow.observations.iter().any(is_set)) {
        return;
    }
    let torrents: Vec<_> = report.torrents.iter().filter_map(Known::of).collect();
    let known: BTreeMap<_, _> =
        torrents.iter().flat_map(|known| known.names.iter().map(move |name| (*name, known))).collect();
    let mut told = Addresses::default();
    for flow in &report.flows {
        told.learn_of_flow(flow, ours);
    }
    for (number, activity) in (1..).zip(&report.activities) {
        told.learn_of_activity(number, activity, ours);
    }
    for flow in &mut report.flows {
        told.test(flow, |infohash| known.get(infohash).copied());
    }
}

/// Whether an observation is a set that may fit an address.
pub(super) const fn is_set(seen: &Observation) -> bool {
    matches!(seen.fact, Fact::AllowedFast { .. })
}

impl Addresses {
    /// How many hosts were told any.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How often there was no room for a host, since this was last asked.
    pub(super) const fn take_refused(&mut self) -> u64 {
        std::mem::replace(&mut self.1, 0)
    }

    /// Takes in what hosts of ours were told in a flow. Answers with those who were told something new.
    pub(super) fn learn_of_flow(&mut self, flow: &FlowReport, ours: &Networks) -> Vec<Place> {
        let mut changed = Vec::new();
        for seen in &flow.observations {
            let Fact::ExternalAddress { ip, told_by, .. } = seen.fact else { continue };
            let host = flow.ends.at(seen.end.other()).ip;
            // A set that fits says nothing new.
            if told_by == Source::AllowedFast || !ours.contain(&host) {
                continue;
            }
            let place = (flow.vantage, host);
            let Some(tellers) = self.tellers(place, ip, seen.span.last) else { continue };
            let teller = flow.ends.at(seen.end).ip;
            if tellers.ends.len() < TELLERS && tellers.ends.insert(teller) {
                changed.push(place);
            }
        }
        changed
    }

    /// Takes in what a host of ours was told in the DHT. Activities of one number are one. Answers as of a flow.
    pub(super) fn learn_of_activity(
        &mut self,
        number: u64,
        activity: &Activity,
        ours: &Networks,
    ) -> Option<Place> {
        let host = &activity.host;
        let place = (host.vantage, host.endpoint.ip);
        if !ours.contain(&host.endpoint.ip) {
            return None;
        }
        // Several ports may be told with one address.
        let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for told in activity.told() {
            *counts.entry(told.ip).or_default() += told.tellers();
        }
        let mut has_changed = false;
        for (ip, count) in counts {
            if let Some(tellers) = self.tellers(place, ip, activity.span.last) {
                let is_full = tellers.nodes.len() >= TELLERS && !tellers.nodes.contains_key(&number);
                has_changed |= !is_full && tellers.nodes.insert(number, count) != Some(count);
            }
        }
        has_changed.then_some(place)
    }

    /// Forgets the hosts that nobody told anything since `then`.
    pub(super) fn forget(&mut self, then: Timestamp) {
        self.0.retain(|_, of_host| of_host.last >= then);
    }

    /// Adds to a flow which of the addresses its sets fit, where the torrent is `known`.
    pub(super) fn test<'a>(&self, flow: &mut FlowReport, known: impl Fn(&[u8; 20]) -> Option<&'a Known>) {
        let mut fitting = Vec::new();
        for seen in &flow.observations {
            let Fact::AllowedFast { infohash, indexes } = &seen.fact else { continue };
            let (host, sender) = (flow.ends.at(seen.end.other()).ip, flow.ends.at(seen.end).ip);
            let Some(known) = known(infohash) else { continue };
            let candidates = self.candidates((flow.vantage, host), &sender);
            fitting.extend(known.fitting(&candidates, indexes).map(|ip| Observation {
                confidence: Confidence::Likely,
                fact: Fact::ExternalAddress { ip, port: None, told_by: Source::AllowedFast },
                ..seen.clone()
            }));
        }
        flow.observations.extend(fitting);
    }

    /// The addresses that a host was told by others than `sender`, but for its own; of too many those that most told.
    fn candidates(&self, place: Place, sender: &[u8; 16]) -> Vec<IpAddr> {
        let Some(of_host) = self.0.get(&place) else { return Vec::new() };
        let own = Ipv6Addr::from(place.1).to_canonical();
        let mut addresses: Vec<_> = of_host.addresses.iter().filter(|(ip, _)| **ip != own).collect();
        addresses.sort_by_key(|(_, tellers)| Reverse(tellers.count()));
        addresses.truncate(CANDIDATES);
        let of_others = addresses.into_iter().filter(|(_, tellers)| tellers.has_other_than(sender));
        of_others.map(|(ip, _)| *ip).collect()
    }

    fn tellers(&mut self, place: Place, ip: IpAddr, at: Timestamp) -> Option<&mut Tellers> {
        if self.0.len() >= HOSTS && !self.0.contains_key(&place) {
            self.1 += 1;
            return None;
        }
        let of_host = self.0.entry(place).or_default();
        of_host.last = of_host.last.max(at);
        let ip = ip.to_canonical();
        let has_room = of_host.addresses.len() < REMEMBERED || of_host.addresses.contains_key(&ip);
        has_room.then(|| of_host.addresses.entry(ip).or_default())
    }
}

impl Known {
    /// What is needed of a torrent; `None` of one that has more pieces than can be numbered.
    pub(super) fn of(torrent: &Torrent) -> Option<Self> {
        let (info, _) = Info::parse(&torrent.info).ok()?;
        let pieces = match info.v1 {
            Some(v1) => v1.pieces().len() as u64,
            // Each file begins with a piece.
            None => info.files().map(|file| file.length.div_ceil(info.piece_length.into())).sum(),
        };
        let v2 = torrent.v2.as_ref().and_then(|v2| v2.first_chunk());
        let names = torrent.v1.iter().chain(v2).copied().collect();
        Some(Self { names, pieces: u32::try_from(pieces).ok()? })
    }

    /// What handshakes call it.
    pub(super) fn names(&self) -> &[[u8; 20]] {
        &self.names
    }

    /// The candidates whose set these pieces are; none where one of them might be by chance.
    fn fitting(&self, candidates: &[IpAddr], indexes: &[u32]) -> impl Iterator<Item = IpAddr> {
        // Of a hybrid it is not known which of its names was hashed.
        let ways = || {
            let maskings = [Masking::Network, Masking::Whole];
            self.names.iter().flat_map(move |name| maskings.map(|masking| (name, masking)))
        };
        let pool = candidates.len().saturating_mul(ways().count()) as u64;
        let says_something = expected_false_matches(pool, self.pieces, indexes.len()) <= MAX_FALSE_MATCHES;
        candidates.iter().copied().filter(move |ip| {
            says_something && ways().any(|(name, masking)| fits(*ip, name, self.pieces, indexes, masking))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::dht::activity::HostKey;
    use crate::detect::{FrameRef, Span, Stamp};
    use crate::flow::key::{End, Endpoint, Ends, Seeded, Transport};
    use crate::flow::minutes::Minutes;
    use crate::wire::path::Vlans;

    /// The example of BEP 6, and what libtorrent makes of it.
    const BY_NETWORK: [u32; 9] = [1059, 431, 808, 1217, 287, 376, 1188, 353, 508];
    const WHOLE: [u32; 5] = [421, 309, 795, 1262, 381];
    const TOLD: &str = "80.4.4.200";
    const TRACKER: &str = "198.51.100.1";

    fn ip(text: &str) -> [u8; 16] {
        let ip: std::net::Ipv4Addr = text.parse().unwrap();
        ip.to_ipv6_mapped().octets()
    }

    fn stamp() -> Stamp {
        Stamp { time: Timestamp(0), frame: FrameRef { capture: 0, number: 1 } }
    }

    /// A flow from a host, in which the other end says something.
    fn flow(host: &str, other: &str, fact: Fact) -> FlowReport {
        FlowReport {
            transport: Transport::Tcp,
            vantage: 0,
            tunnel: None,
            vlans: Vlans::default(),
            ends: Ends {
                orig: Endpoint { ip: ip(host), port: 50_000 },
                resp: Endpoint { ip: ip(other), port: 6881 },
            },
            macs: Ends::default(),
            first: stamp().time,
            last: stamp().time,
            packets: Ends::default(),
            bytes: Ends::default(),
            missing: Ends::default(),
            minutes: Minutes::default(),
            observations: vec![Observation {
                detector: "bt.test",
                confidence: Confidence::Confirmed,
                end: End::Resp,
                stream: 0,
                span: Span::at(stamp()),
                count: 1,
                fact,
            }],
            begun: true,
            closed: None,
            pieces: Vec::new(),
            fetched: Vec::new(),
            verified: Vec::new(),
            ties: Vec::new(),
        }
    }

    fn tells(other: &str, address: &str) -> FlowReport {
        let fact =
            Fact::ExternalAddress { ip: address.parse().unwrap(), port: None, told_by: Source::Tracker };
        flow("10.0.0.5", other, fact)
    }

    fn allows(host: &str, indexes: &[u32]) -> FlowReport {
        flow(host, "192.0.2.1", Fact::AllowedFast { infohash: [0xaa; 20], indexes: indexes.to_vec() })
    }

    fn torrent(pieces: usize) -> Torrent {
        let (length, hashes) = (pieces * 16384, pieces * 20);
        let mut info =
            format!("d6:lengthi{length}e4:name1:a12:piece lengthi16384e6:pieces{hashes}:").into_bytes();
        info.resize(info.len() + hashes, b'h');
        info.push(b'e');
        Torrent { v1: Some([0xaa; 20]), v2: None, info: info.into() }
    }

    /// The addresses that sets are found to fit.
    fn fitting(flows: Vec<FlowReport>, pieces: usize, activities: Vec<Activity>) -> Vec<String> {
        let mut report = Report { flows, activities, torrents: vec![torrent(pieces)], ..Report::default() };
        test_candidates(&mut report, &Networks::new([(ip("10.0.0.0"), 104)]));
        let seen = report.flows.iter().flat_map(|flow| &flow.observations);
        seen.filter_map(|seen| match seen.fact {
            Fact::ExternalAddress { ip, told_by: Source::AllowedFast, .. } => {
                assert_eq!((seen.confidence, seen.end), (Confidence::Likely, End::Resp));
                Some(ip.to_string())
            }
            _ => None,
        })
        .collect()
    }

    #[test]
    fn a_set_by_either_rule_fits_an_address_that_another_told() {
        for set in [&BY_NETWORK[..], &BY_NETWORK[..5], &WHOLE] {
            let flows = vec![tells(TRACKER, TOLD), tells(TRACKER, "80.4.9.1"), allows("10.0.0.5", set)];
            assert_eq!(fitting(flows, 1313, vec![]), [TOLD]);
        }
    }

    #[test]
    fn a_set_names_no_new_address_and_seconds_nobody_but_others() {
        assert!(fitting(vec![allows("10.0.0.5", &WHOLE)], 1313, vec![]).is_empty());
        let own_word = vec![tells("192.0.2.1", TOLD), allows("10.0.0.5", &WHOLE)];
        assert!(fitting(own_word, 1313, vec![]).is_empty());
        let another_host = vec![tells(TRACKER, TOLD), allows("10.0.0.6", &WHOLE)];
        assert!(fitting(another_host, 1313, vec![]).is_empty());
    }

    #[test]
    fn a_match_that_may_be_chance_says_nothing() {
        let scene = |set: &[u32], pieces| {
            fitting(vec![tells(TRACKER, TOLD), allows("10.0.0.5", set)], pieces, vec![])
        };
        assert!(scene(&WHOLE[..1], 1313).is_empty(), "2 of 1313");
        assert_eq!(scene(&WHOLE[..2], 1313), [TOLD]);
        assert!(scene(&WHOLE, 1312).is_empty(), "another number of pieces");
        let few = [0, 1, 2, 3].map(|k| {
            let told: IpAddr = TOLD.parse().unwrap();
            let set = crate::wire::bt::allowed_fast::allowed_fast(told, &[0xaa; 20], 4, k, Masking::Whole);
            scene(&set, 4).len()
        });
        assert_eq!(few, [0; 4]);
    }

    #[test]
    fn the_dht_tells_candidates_too_once_two_nodes_do() {
        let scene = |nodes: u32| {
            let endpoint = Endpoint { ip: ip("10.0.0.5"), port: 6881 };
            let host = HostKey { endpoint, vantage: 0, tunnel: None, vlans: Vlans::default() };
            let mut activity = Activity::begin(host, stamp(), Seeded::default());
            for node in 0..nodes {
                activity.note_told(TOLD.parse().unwrap(), Some(6881), || node, stamp());
            }
            fitting(vec![allows("10.0.0.5", &WHOLE)], 1313, vec![activity])
        };
        assert_eq!((scene(1).len(), scene(2)), (0, vec![TOLD.to_owned()]));
    }

    #[test]
    fn a_torrent_of_version_2_has_as_many_pieces_as_its_files() {
        let file = |length| format!("d0:d6:lengthi{length}e11:pieces root32:{}ee", "r".repeat(32));
        let tree = format!("d1:a{}1:b{}e", file(16385), file(1));
        let info = format!("d9:file tree{tree}12:meta versioni2e4:name1:a12:piece lengthi16384ee");
        let torrent = Torrent { v1: None, v2: Some([0xbb; 32]), info: info.as_bytes().into() };
        let known = Known::of(&torrent).unwrap();
        assert_eq!((known.names, known.pieces), (vec![[0xbb; 20]], 3));
    }
}
