//! Hosts that look names up, and what else they do.

use super::*;
use crate::correlate::{Grade, Tie};
use crate::detect::dht::activity::HostKey;
use crate::detect::named::Source;
use crate::detect::names::{Kind, Over};
use crate::detect::{FrameRef, Span, Stamp, mse};
use crate::flow::key::{Endpoint, Ends, Seeded};
use crate::flow::minutes::Minutes;
use crate::wire::path::Vlans;
use crate::wire::portmap::Protocol;

const HOST: [u8; 4] = [10, 20, 0, 5];
const NEIGHBOUR: [u8; 4] = [10, 20, 0, 6];
const GATEWAY: [u8; 4] = [10, 20, 0, 1];
const PEER: [u8; 4] = [198, 51, 100, 7];
const HOURS: i64 = 3600;

fn endpoint(v4: [u8; 4], port: u16) -> Endpoint {
    Endpoint { ip: std::net::Ipv4Addr::from(v4).to_ipv6_mapped().octets(), port }
}

fn stamp(seconds: i64) -> Stamp {
    Stamp { time: Timestamp(seconds * Timestamp::SECOND), frame: FrameRef { capture: 0, number: 1 } }
}

/// A flow at a time, of whose facts each is said by an end.
fn flow(
    seconds: i64,
    transport: Transport,
    orig: ([u8; 4], u16),
    resp: ([u8; 4], u16),
    said: Vec<(End, Confidence, Fact)>,
) -> FlowReport {
    let observation = |(end, confidence, fact)| Observation {
        detector: "bt.test",
        confidence,
        end,
        span: Span::at(stamp(seconds)),
        count: 1,
        stream: 0,
        fact,
    };
    FlowReport {
        transport,
        vantage: 0,
        tunnel: None,
        vlans: Vlans::default(),
        ends: Ends { orig: endpoint(orig.0, orig.1), resp: endpoint(resp.0, resp.1) },
        macs: Ends::default(),
        first: stamp(seconds).time,
        last: stamp(seconds).time,
        packets: Ends { orig: 1, resp: 0 },
        bytes: Ends::default(),
        missing: Ends::default(),
        minutes: Minutes::default(),
        observations: said.into_iter().map(observation).collect(),
        begun: false,
        closed: None,
        pieces: Vec::new(),
        fetched: Vec::new(),
        verified: Vec::new(),
        ties: Vec::new(),
    }
}

fn handshake() -> Fact {
    Fact::Handshake { infohash: [0xaa; 20], peer_id: None, reserved: [0; 8] }
}

/// Somebody shakes hands with somebody.
fn shakes(seconds: i64, from: ([u8; 4], u16), to: ([u8; 4], u16)) -> FlowReport {
    flow(seconds, Transport::Tcp, from, to, vec![(End::Orig, Confidence::Confirmed, handshake())])
}

fn looks_up(seconds: i64, who: [u8; 4]) -> FlowReport {
    let name = "router.bittorrent.com";
    let fact = Fact::Name { name, kind: Kind::Bootstrap, over: Over::Dns, answered: true };
    let said = vec![(End::Orig, Confidence::Suspected, fact)];
    flow(seconds, Transport::Udp, (who, 40_000), (GATEWAY, 53), said)
}

/// A host has a port opened, and is told its address outside.
fn maps(seconds: i64, port: u16, client: Option<&'static str>) -> FlowReport {
    let internal = Some(endpoint(HOST, port));
    let mapping = Fact::PortMapping {
        protocol: Protocol::Tcp,
        internal,
        external_port: 51413,
        lifetime: 3600,
        client,
        granted: true,
    };
    let ip = [203, 0, 113, 7].into();
    let told = |port| Fact::ExternalAddress { ip, port, told_by: Source::Gateway };
    let said = vec![
        (End::Orig, Confidence::Suspected, mapping),
        (End::Resp, Confidence::Suspected, told(None)),
        (End::Resp, Confidence::Suspected, told(Some(51413))),
    ];
    flow(seconds, Transport::Udp, (HOST, 40_001), (GATEWAY, 5351), said)
}

/// How many facts of each flow are left, without the flows that are, and how many flows were dropped.
fn left(flows: Vec<FlowReport>, activities: Vec<Activity>) -> (Vec<usize>, u64) {
    let ours = Networks::new([(endpoint([10, 0, 0, 0], 0).ip, 104)]);
    let mut report = Report { flows, activities, ..Report::default() };
    drop_unsupported(&mut report, &ours);
    let facts = report.flows.iter().map(|flow| flow.observations.len()).collect();
    (facts, report.totals.unsupported_flows)
}

fn activity(seconds: i64, port: u16) -> Activity {
    let host = HostKey { endpoint: endpoint(HOST, port), vantage: 0, tunnel: None, vlans: Vlans::default() };
    Activity::begin(host, stamp(seconds), Seeded::default())
}

#[test]
fn a_name_alone_is_dropped_and_counted() {
    assert_eq!(left(vec![looks_up(0, HOST), looks_up(9, HOST)], vec![]), (vec![], 2));
}

#[test]
fn a_name_is_kept_beside_a_handshake_of_the_same_host_within_six_hours() {
    let scene =
        |seconds, who| left(vec![looks_up(seconds, who), shakes(0, (HOST, 50_000), (PEER, 6881))], vec![]);
    for seconds in [0, 6 * HOURS, -6 * HOURS] {
        assert_eq!(scene(seconds, HOST), (vec![1, 1], 0));
    }
    for seconds in [6 * HOURS + 1, -6 * HOURS - 1] {
        assert_eq!(scene(seconds, HOST), (vec![1], 1));
    }
    assert_eq!(scene(0, NEIGHBOUR), (vec![1], 1));
}

#[test]
fn what_is_between_two_sights_is_near_one_of_them_or_of_neither() {
    let seen = |last| {
        let shaken = [0, last].map(|seconds| shakes(seconds, (HOST, 50_000), (PEER, 6881)));
        left([&shaken[..], &[looks_up(7 * HOURS, HOST)]].concat(), vec![]).1
    };
    assert_eq!((seen(13 * HOURS), seen(13 * HOURS + 1), seen(HOURS)), (0, 1, 0));
}

#[test]
fn the_same_address_in_another_vlan_is_another_host() {
    let mut elsewhere = looks_up(0, HOST);
    elsewhere.vlans = Vlans::from_iter([30]);
    assert_eq!(left(vec![elsewhere, shakes(0, (HOST, 50_000), (PEER, 6881))], vec![]), (vec![1], 1));
}

#[test]
fn what_others_send_supports_nothing() {
    let outsider = shakes(0, (PEER, 50_000), (HOST, 6881));
    assert_eq!(left(vec![looks_up(0, HOST), outsider], vec![]), (vec![1], 1));
    let outsiders = [looks_up(0, PEER), shakes(0, (PEER, 50_000), (HOST, 6881))];
    assert_eq!(left(outsiders.into(), vec![]), (vec![1], 1), "an outsider is nobody's business");
    let mut heard = activity(0, 6881);
    heard.received.replies = 1;
    assert_eq!(left(vec![looks_up(0, HOST)], vec![heard]), (vec![], 1));
}

#[test]
fn a_torrent_file_supports_who_asked_for_it_and_a_link_nobody() {
    let scene = |fact| {
        let said = vec![(End::Resp, Confidence::Confirmed, fact)];
        let fetch = flow(0, Transport::Tcp, (HOST, 50_000), (NEIGHBOUR, 80), said);
        left(vec![looks_up(0, HOST), looks_up(0, NEIGHBOUR), fetch], vec![])
    };
    let (v1, v2) = (Some([0xaa; 20]), None);
    let file = Fact::TorrentFile { v1, v2, name: Vec::new(), private: false, web_seeds: Vec::new() };
    assert_eq!(scene(file), (vec![1, 1], 1));
    let place = crate::detect::http::MagnetPlace::Page;
    assert_eq!(scene(Fact::Magnet { v1, v2, place }), (vec![1], 2));
}

#[test]
fn shapes_support_nothing() {
    let shape =
        Fact::Encrypted { flights: [0; 5], signature: None, randomness: [mse::Randomness::default(); 2] };
    let said = vec![(End::Orig, Confidence::Suspected, shape)];
    let encrypted = flow(0, Transport::Tcp, (HOST, 50_000), (PEER, 6881), said);
    assert_eq!(left(vec![looks_up(0, HOST), encrypted], vec![]), (vec![1], 1));
}

#[test]
fn a_flow_that_is_tied_to_a_swarm_supports_its_host_and_one_by_host_alone_does_not() {
    let tied = |grade| {
        let mut encrypted = flow(0, Transport::Tcp, (PEER, 50_000), (HOST, 6881), vec![]);
        let (end, is_outgoing, is_retry, infohashes, rules) = (End::Resp, false, false, vec![], 1);
        encrypted.ties = vec![Tie { end, is_outgoing, grade, is_retry, infohashes, rules }];
        left(vec![looks_up(0, HOST), encrypted, maps(0, 6881, None)], vec![])
    };
    assert_eq!(tied(Grade::SingleSource), (vec![1, 0, 3], 0));
    assert_eq!(tied(Grade::HostLevel), (vec![0], 2));
}

#[test]
fn a_mapping_is_kept_where_its_port_is_one_of_bittorrent() {
    let mut speaks = activity(0, 6881);
    speaks.sent.replies = 1;
    assert_eq!(left(vec![maps(0, 6881, None)], vec![speaks.clone()]), (vec![3], 0));
    assert_eq!(
        left(vec![maps(0, 3074, None)], vec![speaks.clone()]),
        (vec![1], 0),
        "the address outside is left"
    );
    assert_eq!(left(vec![maps(0, 3074, Some("Transmission"))], vec![speaks]), (vec![3], 0));
    assert_eq!(left(vec![maps(0, 6881, Some("Transmission"))], vec![]), (vec![], 1));
    let answered = flow(
        0,
        Transport::Tcp,
        (PEER, 50_000),
        (HOST, 6881),
        vec![(End::Resp, Confidence::Confirmed, handshake())],
    );
    assert_eq!(left(vec![answered, maps(0, 6881, None)], vec![]), (vec![1, 3], 0));
    let opened = shakes(0, (HOST, 6881), (PEER, 50_000));
    assert_eq!(left(vec![opened, maps(0, 6881, None)], vec![]), (vec![1, 1], 0), "where it took none");
}

#[test]
fn a_port_that_was_announced_is_one_of_bittorrent() {
    let fact = Fact::LocalAnnounce { infohash: [0xaa; 20], port: 51414 };
    let said = vec![(End::Orig, Confidence::Confirmed, fact)];
    let announce = flow(0, Transport::Udp, (HOST, 6771), ([239, 192, 152, 143], 6771), said);
    assert_eq!(left(vec![announce.clone(), maps(0, 51414, None)], vec![]), (vec![1, 3], 0));
    assert_eq!(left(vec![announce, maps(7 * HOURS, 51414, None)], vec![]), (vec![1], 1));
}
