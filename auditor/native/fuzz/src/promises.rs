//! What must hold for every input.

use auditor_core::bindings::{Binding, Event};
use auditor_core::correlate::Grade;
use auditor_core::detect::announces::Announces;
use auditor_core::detect::dht::activity::Counts;
use auditor_core::detect::{Fact, Observation, Span};
use auditor_core::engine::Report;
use auditor_core::error::ParseError;
use auditor_core::flow::key::{End, Ends, Transport};

use crate::scene::Scene;

/// Up to this length every prefix is tried; of longer inputs only some, or the fuzzer would get nowhere.
const SHORT: usize = 96;
/// The most payload that an IP packet has.
const LONGEST: u64 = 65_535;

/// Asserts that every proper prefix of `whole`, which `parse` accepts, is "not yet", never "no".
///
/// # Panics
/// Where one is not.
pub fn assert_prefixes_are_truncated<'a, T>(
    whole: &'a [u8],
    parse: impl Fn(&'a [u8]) -> Result<T, ParseError>,
) {
    let step = if whole.len() <= SHORT { 1 } else { whole.len() / 8 };
    for cut in (0..whole.len()).step_by(step) {
        match parse(&whole[..cut]) {
            Err(ParseError::Truncated { offset, needed }) => {
                assert_eq!(offset, cut);
                assert!((1..=whole.len() - cut).contains(&needed), "{needed} more needed at {cut}");
            }
            Err(error) => panic!("{cut} bytes of a whole: {error}"),
            Ok(_) => panic!("{cut} bytes pass for a whole"),
        }
    }
}

/// Asserts what holds for every report, whatever the frames were.
///
/// # Panics
/// Where something does not.
pub fn assert_sane(scene: &Scene, report: &Report) {
    let frames = scene.frames() as u64;
    let totals = report.totals;
    let payload = |ends: Ends<u64>| ends.orig.saturating_add(ends.resp);
    assert!(totals.tcp_flows + totals.udp_flows + totals.other_packets <= frames, "{totals:?}");
    assert!(totals.fragments <= frames && totals.duplicate_frames <= frames, "{totals:?}");
    assert!(totals.one_sided_flows.max(totals.midstream_flows) <= totals.tcp_flows, "{totals:?}");
    assert!(totals.untied_telling_flows <= totals.untied_flows, "{totals:?}");
    let mut packets = 0;
    for flow in &report.flows {
        packets += u64::from(flow.packets.orig) + u64::from(flow.packets.resp);
        assert!(flow.first <= flow.last, "{flow:?}");
        assert!(!flow.observations.is_empty(), "{flow:?}");
        assert!(flow.ties.is_empty() != flow.observations.iter().any(Observation::is_shape), "{flow:?}");
        for tie in &flow.ties {
            assert!(scene.options.ours.contain(&flow.ends.at(tie.end).ip), "{flow:?}");
            assert_eq!(tie.infohashes.is_empty(), tie.grade == Grade::HostLevel, "{flow:?}");
        }
        for end in [End::Orig, End::Resp] {
            let (sent, minutes) = (*flow.bytes.at(end), flow.minutes.iter().map(|(_, ends)| *ends.at(end)));
            assert!(sent <= u64::from(*flow.packets.at(end)) * LONGEST, "{flow:?}");
            if flow.transport == Transport::Tcp {
                assert_eq!(sent, minutes.sum::<u64>(), "{flow:?}");
            }
        }
        for observation in &flow.observations {
            let (end, span) = (observation.end, &observation.span);
            assert!(
                span.first <= span.last && (1..=Span::PROOFS).contains(&span.frames().count()),
                "{flow:?}"
            );
            assert!(!scene.sorted || (flow.first <= span.first && span.last <= flow.last), "{flow:?}");
            if observation.is_supporting() {
                let is_ours = |end: End| scene.options.ours.contain(&flow.ends.at(end).ip);
                assert!(is_ours(end) || is_ours(end.other()), "{flow:?}");
            }
            match &observation.fact {
                Fact::Handshake { .. } => assert!(*flow.bytes.at(end) >= 48, "{flow:?}"),
                Fact::Messages { pieces, piece_bytes, counts, .. } => {
                    assert!(*piece_bytes <= flow.bytes.at(end) + flow.missing.at(end), "{flow:?}");
                    assert_eq!(counts.get("piece").copied().unwrap_or_default(), *pieces);
                    assert_eq!(counts.values().sum::<u64>(), observation.count);
                }
                Fact::Datagrams { queries, replies, errors } => {
                    assert_eq!(queries + replies + errors, observation.count);
                    assert!(observation.count <= u64::from(*flow.packets.at(end)), "{flow:?}");
                }
                Fact::Extended { .. } | Fact::Pex { .. } | Fact::Metadata { .. } => {
                    assert!(observation.count > 0, "{flow:?}");
                }
                Fact::TrackerAnnounce { .. } => assert!(observation.count > 0, "{flow:?}"),
                Fact::TorrentFile { v1, v2, .. } | Fact::Magnet { v1, v2, .. } => {
                    assert!(v1.is_some() || v2.is_some(), "{flow:?}");
                }
                Fact::WebSeed { bytes, .. } => {
                    let other = end.other();
                    assert!(*bytes <= flow.bytes.at(other) + flow.missing.at(other), "{flow:?}");
                }
                Fact::Utp { bytes, .. } => {
                    assert!(*bytes <= flow.bytes.at(end) + flow.missing.at(end), "{flow:?}");
                }
                Fact::AllowedFast { indexes, .. } => {
                    assert_eq!(indexes.len() as u64, observation.count, "{flow:?}");
                }
                Fact::ExternalAddress { .. } | Fact::Name { .. } | Fact::SslTorrent { .. } => {}
                Fact::LocalAnnounce { .. } | Fact::PortMapping { .. } | Fact::GatewaySearch { .. } => {
                    assert!(observation.count <= u64::from(*flow.packets.at(end)), "{flow:?}");
                }
                Fact::TrackerScrape { infohashes, .. } => {
                    assert!((1..=Announces::MOST).contains(&infohashes.len()), "{flow:?}");
                }
                Fact::Encrypted { flights, .. } => {
                    let sent = flow.bytes.orig + flow.bytes.resp + flow.missing.orig + flow.missing.resp;
                    assert!(flights.iter().copied().map(u64::from).sum::<u64>() <= sent, "{flow:?}");
                }
            }
        }
    }
    assert!(packets <= frames);
    assert_bound(scene, report);
    for activity in &report.activities {
        let sent =
            |method| activity.sent.queries().find(|(name, _)| *name == method).map_or(0, |(_, count)| count);
        for (targets, queries) in
            [(&activity.announced, sent("announce_peer")), (&activity.looked_up, sent("get_peers"))]
        {
            assert!(
                targets.sorted().iter().map(|target| target.queries).sum::<u64>() <= queries,
                "{activity:?}"
            );
            assert!(
                targets.sorted().iter().all(|target| target.answered <= target.queries && target.nodes() > 0)
            );
        }
        let datagrams = |counts: &Counts| {
            counts.queries().map(|(_, count)| count).sum::<u64>() + counts.replies + counts.errors
        };
        let most = datagrams(&activity.sent) + datagrams(&activity.received);
        assert!(activity.nodes <= most && (activity.nodes > 0 || !scene.in_order), "{activity:?}");
        assert!(activity.minutes.iter().map(|(_, ends)| payload(ends)).sum::<u64>() > 0);
    }
}

/// Asserts what holds for all that is said of who had which address.
fn assert_bound(scene: &Scene, report: &Report) {
    let ours = &scene.options.ours;
    for binding in &report.bindings {
        assert!(ours.contain(&binding.ip) && binding.first <= binding.last, "{binding:?}");
        assert!(binding.announced.len() <= Binding::ANNOUNCEMENTS, "{binding:?}");
        assert!(binding.announced.len() as u64 <= binding.count, "{binding:?}");
        assert!(
            binding.announced.iter().all(|at| (binding.first..=binding.last).contains(at)),
            "{binding:?}"
        );
    }
    for lease in &report.leases {
        assert_eq!(lease.ip.is_none(), lease.event == Event::Named, "{lease:?}");
        assert!(lease.ip.is_none_or(|ip| ours.contain(&ip)) && lease.host.len() <= 255, "{lease:?}");
        assert!(lease.seconds.is_none() || lease.event == Event::Granted, "{lease:?}");
    }
    assert!(report.leases.is_sorted_by_key(|lease| lease.at));
}

/// Asserts that two reports say the same.
///
/// # Panics
/// Where they do not.
pub fn assert_same(one: &Report, other: &Report) {
    assert_eq!(one.totals, other.totals);
    assert_eq!((&one.bindings, &one.leases), (&other.bindings, &other.leases));
    assert_eq!(one.flows.len(), other.flows.len());
    for (one, other) in one.flows.iter().zip(&other.flows) {
        assert_eq!(one, other);
    }
    let counted = |report: &Report| {
        report.anomalies.iter().map(|kinds| kinds.iter().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(counted(one), counted(other));
    assert_eq!(one.activities.len(), other.activities.len());
    for (one, other) in one.activities.iter().zip(&other.activities) {
        assert_eq!(
            (one.host, one.mac, &one.span, one.nodes),
            (other.host, other.mac, &other.span, other.nodes)
        );
        assert_eq!((&one.sent, &one.received), (&other.sent, &other.received));
        assert_eq!(
            (&one.node_ids, &one.clients, one.read_only),
            (&other.node_ids, &other.clients, other.read_only)
        );
        assert_eq!(one.minutes, other.minutes);
        for (one, other) in [(&one.announced, &other.announced), (&one.looked_up, &other.looked_up)] {
            let (one, other) = (one.sorted(), other.sorted());
            assert_eq!(one.len(), other.len());
            for (one, other) in one.iter().zip(other) {
                assert_eq!(
                    (one.infohash, one.queries, one.answered),
                    (other.infohash, other.queries, other.answered)
                );
                assert_eq!(
                    (&one.span, one.near_own_id, one.nodes()),
                    (&other.span, other.near_own_id, other.nodes())
                );
            }
        }
    }
}
