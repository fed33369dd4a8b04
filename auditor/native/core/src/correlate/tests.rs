//! Scenes of hosts, what they learn and whom they meet.

use proptest::prelude::*;

use super::*;
use crate::detect::Confidence;
use crate::detect::named::Source;
use crate::flow::key::{End, Endpoint, Transport};
use crate::networks::Networks;
use crate::time::Timestamp;
use crate::wire::path::Vlans;

const X: [u8; 20] = [0xaa; 20];
const Y: [u8; 20] = [0xbb; 20];
const HOST: [u8; 4] = [10, 0, 0, 5];
const PEER: [u8; 4] = [198, 51, 100, 7];
const TRACKER: [u8; 4] = [203, 0, 113, 1];
const NODE: [u8; 4] = [192, 0, 2, 9];
const MINUTE: i64 = 60;

fn ip(v4: [u8; 4]) -> [u8; 16] {
    std::net::Ipv4Addr::from(v4).to_ipv6_mapped().octets()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * Timestamp::SECOND)
}

fn endpoint(v4: [u8; 4], port: u16) -> Endpoint {
    Endpoint { ip: ip(v4), port }
}

fn host(v4: [u8; 4]) -> Host {
    Host { ip: ip(v4), vantage: 0, tunnel: None, vlans: Vlans::default() }
}

fn learnt(seconds: i64, remote: Endpoint, infohash: [u8; 20], source: Source, by: [u8; 4]) -> Learnt {
    Learnt { at: at(seconds), host: host(HOST), endpoint: remote, infohash, source, by: ip(by) }
}

fn flow(seconds: i64, from: Endpoint, to: Endpoint) -> Candidate {
    Candidate {
        begun: at(seconds),
        orig: from,
        resp: to,
        transport: Transport::Tcp,
        vantage: 0,
        tunnel: None,
        vlans: Vlans::default(),
        syn_seen: true,
        is_telling: false,
    }
}

fn out(seconds: i64, remote: Endpoint) -> Candidate {
    flow(seconds, endpoint(HOST, 50_000), remote)
}

fn options() -> Options {
    Options { ours: Networks::new([(ip([10, 0, 0, 0]), 104)]), ..Options::default() }
}

fn correlate(part: Part) -> (Vec<Correlated>, Dropped) {
    let mut correlator = Correlator::new(options());
    correlator.take(part);
    let found = correlator.finish();
    assert_eq!(correlator.limits().len(), 0);
    (found, correlator.dropped())
}

/// The grade of each flow that has one, in order, and the torrents it may be about.
fn grades(part: Part) -> Vec<(Grade, Vec<[u8; 20]>)> {
    let torrents = |found: &Correlated| found.infohashes.iter().map(|named| named.infohash).collect();
    correlate(part).0.iter().map(|found| (found.grade, torrents(found))).collect()
}

fn peer(port: u16) -> Endpoint {
    endpoint(PEER, port)
}

/// Peers at as many addresses.
fn peers(count: u8) -> Vec<Endpoint> {
    (1..=count).map(|last| endpoint([198, 18, last, last], 6881)).collect()
}

fn evidence(seconds: i64) -> Vec<Evidence> {
    vec![Evidence { at: at(seconds), host: host(HOST), until: at(seconds) }]
}

#[test]
fn an_endpoint_that_two_senders_named_ties_its_flow_to_the_swarm() {
    let named =
        vec![learnt(0, peer(6881), X, Source::Tracker, TRACKER), learnt(9, peer(6881), X, Source::Dht, NODE)];
    let (found, dropped) =
        correlate(Part { learnt: named, candidates: vec![out(10, peer(6881))], ..Part::default() });
    assert_eq!((found.len(), dropped.flows), (1, 0));
    assert_eq!((found[0].grade, found[0].end, found[0].is_retry), (Grade::Attributed, End::Orig, false));
    assert_eq!(found[0].grade.confidence(), Confidence::Likely);
    let sources = vec![Source::Tracker, Source::Dht];
    assert_eq!(found[0].infohashes, [Inferred { infohash: X, sources, senders: 2, learnt: at(9) }]);
}

#[test]
fn senders_of_one_network_and_one_sender_twice_are_a_single_source() {
    for (source, by) in [(Source::Tracker, TRACKER), (Source::Dht, TRACKER), (Source::Dht, [203, 0, 113, 77])]
    {
        let named =
            vec![learnt(0, peer(6881), X, Source::Tracker, TRACKER), learnt(1, peer(6881), X, source, by)];
        let part = Part { learnt: named, candidates: vec![out(10, peer(6881))], ..Part::default() };
        assert_eq!(grades(part), [(Grade::SingleSource, vec![X])], "{by:?}");
    }
}

#[test]
fn a_naming_holds_for_its_time_and_only_for_flows_that_begin_after_it() {
    let tied = |source, named, begun| {
        let named = vec![learnt(named, peer(6881), X, source, TRACKER)];
        grades(Part { learnt: named, candidates: vec![out(begun, peer(6881))], ..Part::default() }).len()
    };
    for source in [Source::Tracker, Source::Dht, Source::Pex, Source::Lsd, Source::Magnet, Source::Handshake]
    {
        assert_eq!(tied(source, 100, 100 + 30 * MINUTE), 1, "{source:?}");
        assert_eq!(tied(source, 100, 101 + 30 * MINUTE), 0, "{source:?}");
    }
    assert_eq!((tied(Source::Holepunch, 100, 130), tied(Source::Holepunch, 100, 131)), (1, 0));
    assert_eq!((tied(Source::Pex, 100, 100), tied(Source::Pex, 100, 99)), (0, 0));
}

#[test]
fn another_port_another_host_and_another_place_are_not_tied() {
    let named = vec![learnt(0, peer(6881), X, Source::Tracker, TRACKER)];
    let elsewhere = Candidate { vantage: 1, ..out(10, peer(6881)) };
    let neighbour = flow(10, endpoint([10, 0, 0, 6], 50_000), peer(6881));
    for other in [out(10, peer(6882)), elsewhere, neighbour] {
        let part = Part { learnt: named.clone(), candidates: vec![other], ..Part::default() };
        assert_eq!(correlate(part), (vec![], Dropped { flows: 1, telling: 0 }));
    }
}

#[test]
fn an_endpoint_of_several_torrents_gives_them_all() {
    let named = vec![
        learnt(0, peer(6881), Y, Source::Tracker, TRACKER),
        learnt(1, peer(6881), X, Source::Tracker, TRACKER),
        learnt(2, peer(6881), X, Source::Dht, NODE),
    ];
    let part = Part { learnt: named, candidates: vec![out(10, peer(6881))], ..Part::default() };
    assert_eq!(grades(part), [(Grade::Attributed, vec![X, Y])]);
}

#[test]
fn three_endpoints_of_a_swarm_stand_for_one_if_two_senders_named_them() {
    let scene = |by: [[u8; 4]; 3]| {
        let named = peers(3).into_iter().zip(by).map(|(peer, by)| learnt(0, peer, X, Source::Pex, by));
        let candidates = (10..).zip(peers(3)).map(|(seconds, peer)| out(seconds, peer));
        grades(Part { learnt: named.collect(), candidates: candidates.collect(), ..Part::default() })
    };
    let all = |grade| vec![(grade, vec![X]); 3];
    assert_eq!(scene([NODE, TRACKER, NODE]), all(Grade::Attributed), "the earlier ones too");
    assert_eq!(
        scene([NODE, NODE, NODE]),
        all(Grade::SingleSource),
        "one liar stays one, however much it names"
    );
}

#[test]
fn a_refused_plain_handshake_names_the_torrent_of_the_next_attempt() {
    let attempts = vec![Attempt { at: at(10), host: host(HOST), remote: peer(6881), infohash: X }];
    let scene = |candidate| {
        let learnt = vec![learnt(0, peer(6881), Y, Source::Tracker, TRACKER)];
        correlate(Part { attempts: attempts.clone(), learnt, candidates: vec![candidate], ..Part::default() })
            .0
    };
    let retried = &scene(out(15, peer(6881)))[0];
    assert_eq!((retried.grade, retried.is_retry, retried.infohashes.len()), (Grade::Attributed, true, 1));
    assert_eq!(retried.infohashes[0].infohash, X);
    let late = &scene(out(16, peer(6881)))[0];
    assert_eq!((late.grade, late.is_retry, late.infohashes[0].infohash), (Grade::SingleSource, false, Y));
    assert_eq!(scene(out(11, peer(6882))), []);
    assert_eq!(
        scene(flow(11, peer(6881), endpoint(HOST, 50_000))),
        [],
        "what an outsider does is no retry of ours"
    );
}

#[test]
fn a_forged_reply_that_names_a_banks_web_server_accuses_nobody() {
    let bank = |last| endpoint([192, 0, 2, last], 443);
    let liars = [[198, 51, 100, 66], [203, 0, 113, 66]];
    let named = (1..=20).flat_map(|last| liars.map(|by| learnt(0, bank(last), X, Source::Pex, by)));
    // Even if what the host says there looked random, as some messengers do on this port.
    let candidates: Vec<_> = (1..=20).map(|last| out(10, bank(last))).collect();
    let part = Part { learnt: named.collect(), candidates, evidence: evidence(0), ..Part::default() };
    assert_eq!(correlate(part), (vec![], Dropped { flows: 20, telling: 0 }));
}

#[test]
fn a_port_of_a_service_counts_once_three_free_ports_of_the_swarm_were_met() {
    let scene = |free: u8| {
        let service = peer(443);
        let met: Vec<_> = peers(free).into_iter().chain([service]).collect();
        let named = met.iter().map(|peer| learnt(0, *peer, X, Source::Tracker, TRACKER)).collect();
        let candidates = met.iter().map(|peer| out(10, *peer)).collect();
        grades(Part { learnt: named, candidates, ..Part::default() }).len()
    };
    assert_eq!((scene(2), scene(3)), (2, 4));
}

#[test]
fn a_host_that_speaks_bittorrent_and_meets_ten_addresses_is_suspected() {
    let scene = |count, evidence| {
        let candidates = peers(count).into_iter().map(|peer| out(100, peer)).collect();
        grades(Part { candidates, evidence, ..Part::default() })
    };
    assert_eq!(scene(10, evidence(0)), vec![(Grade::HostLevel, vec![]); 10]);
    assert_eq!(scene(10, evidence(100 + 10 * MINUTE)), scene(10, evidence(0)), "known soon after");
    assert_eq!(scene(9, evidence(0)), []);
    assert_eq!(scene(10, vec![]), []);
    assert_eq!(scene(10, evidence(101 + 10 * MINUTE)), [], "known too late");
    assert_eq!(scene(10, evidence(99 - 60 * MINUTE)), [], "known too long ago");
    let candidates = peers(10).into_iter().map(|peer| out(100, peer)).collect();
    let named = vec![learnt(100, peer(1), X, Source::Tracker, TRACKER)];
    let busy = Part { learnt: named, candidates, evidence: evidence(101 + 10 * MINUTE), ..Part::default() };
    assert_eq!(grades(busy), [], "known too late, though something else is still remembered");
    assert_eq!(Grade::HostLevel.confidence(), Confidence::Suspected);
}

#[test]
fn addresses_count_within_ten_minutes_and_an_attributed_flow_is_evidence() {
    let spread = |step: i64| {
        let attempts = vec![Attempt { at: at(0), host: host(HOST), remote: peers(1)[0], infohash: X }];
        let candidates = (0..).zip(peers(10)).map(|(number, peer)| out(1 + number * step, peer)).collect();
        grades(Part { candidates, attempts, ..Part::default() }).len()
    };
    assert_eq!(spread(66), 10);
    assert_eq!(spread(67), 1, "the attributed flow alone");
}

#[test]
fn five_addresses_with_a_telling_length_are_enough_and_one_proxy_never_is() {
    let telling = |seconds, peer| Candidate { is_telling: true, ..out(seconds, peer) };
    let met = |count| peers(count).into_iter().map(|peer| telling(5, peer)).collect();
    assert_eq!(grades(Part { candidates: met(5), ..Part::default() }).len(), 5);
    let (found, dropped) = correlate(Part { candidates: met(4), ..Part::default() });
    assert_eq!((found.len(), dropped), (0, Dropped { flows: 4, telling: 4 }));
    let spread =
        |step: i64| (0..).zip(peers(5)).map(|(number, peer)| telling(5 + number * step, peer)).collect();
    let of = |step| grades(Part { candidates: spread(step), ..Part::default() }).len();
    assert_eq!((of(150), of(151)), (5, 0), "within ten minutes");
    let proxied = (0..200).map(|seconds| telling(seconds, peer(8388))).collect();
    assert_eq!(grades(Part { candidates: proxied, evidence: evidence(0), ..Part::default() }), []);
    let many_ports = (0..200).map(|port| telling(i64::from(port), peer(20_000 + port))).collect();
    assert_eq!(grades(Part { candidates: many_ports, evidence: evidence(0), ..Part::default() }), []);
}

#[test]
fn addresses_of_one_ipv6_network_count_once() {
    let v6 = |network: u8, last: u8| {
        let mut ip = [0x20, 1, 0xd, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, 0];
        ip[15] = last;
        Endpoint { ip, port: 6881 }
    };
    let scene = |met: Vec<Endpoint>| {
        let candidates = met.into_iter().map(|peer| out(5, peer)).collect();
        grades(Part { candidates, evidence: evidence(0), ..Part::default() }).len()
    };
    assert_eq!(scene((1..=30).map(|last| v6(1, last)).collect()), 0);
    assert_eq!(scene((1..=10).map(|network| v6(network, 1)).collect()), 10);
}

#[test]
fn messengers_on_service_ports_and_exempt_networks_do_not_count() {
    let messenger = peers(30).into_iter().map(|peer| out(5, Endpoint { port: 443, ..peer })).collect();
    assert_eq!(grades(Part { candidates: messenger, evidence: evidence(0), ..Part::default() }), []);
    let exempt = Networks::new([(ip([198, 18, 0, 0]), 111)]);
    let mut correlator = Correlator::new(Options { exempt, ..options() });
    let learnt = peers(12).into_iter().map(|peer| learnt(0, peer, X, Source::Tracker, TRACKER)).collect();
    let candidates =
        peers(12).into_iter().map(|peer| Candidate { is_telling: true, ..out(5, peer) }).collect();
    correlator.take(Part { learnt, candidates, evidence: evidence(0), ..Part::default() });
    assert_eq!(correlator.finish(), []);
    assert_eq!(correlator.dropped(), Dropped { flows: 12, telling: 12 });
}

#[test]
fn without_its_syn_and_without_an_end_of_ours_a_flow_says_nothing() {
    let named = vec![learnt(0, peer(6881), X, Source::Tracker, TRACKER)];
    let begun_before = Candidate { syn_seen: false, ..out(5, peer(6881)) };
    let passing = flow(5, endpoint(NODE, 50_000), peer(6881));
    let part = Part { learnt: named, candidates: vec![begun_before, passing], ..Part::default() };
    assert_eq!(correlate(part), (vec![], Dropped { flows: 2, telling: 0 }));
}

#[test]
fn of_those_who_connect_to_us_only_the_address_can_be_known() {
    let scene = |senders: &[[u8; 4]], port, asked| {
        let learnt = senders.iter().map(|by| learnt(0, peer(6881), X, Source::Dht, *by)).collect();
        let listening = vec![Listening { at: at(1), host: host(HOST), port }];
        let candidates = vec![flow(5, peer(40_000), endpoint(HOST, asked))];
        grades(Part { learnt, candidates, listening, ..Part::default() })
    };
    assert_eq!(scene(&[NODE, TRACKER], 6881, 6881), [(Grade::SingleSource, vec![X])]);
    assert_eq!(scene(&[NODE, TRACKER], 6881, 7000), [(Grade::HostLevel, vec![])]);
    assert_eq!(scene(&[NODE], 6881, 6881), [(Grade::HostLevel, vec![])]);
    assert_eq!(scene(&[NODE], 6881, 7000), []);
    assert_eq!(scene(&[], 6881, 6881), []);
    assert_eq!(scene(&[NODE, TRACKER], 443, 443), [], "a web server of ours");
}

#[test]
fn outsiders_who_knock_at_a_port_that_is_not_bittorrents_accuse_nobody() {
    let scene = |asked| {
        let knocks = peers(20).into_iter().map(|peer| flow(5, peer, endpoint(HOST, asked)));
        let candidates = knocks.map(|knock| Candidate { is_telling: true, ..knock }).collect();
        let listening = vec![Listening { at: at(1), host: host(HOST), port: 6881 }];
        grades(Part { candidates, listening, evidence: evidence(0), ..Part::default() }).len()
    };
    assert_eq!((scene(8443), scene(6881)), (0, 20));
}

#[test]
fn both_ends_of_ours_are_told_apart() {
    let other = endpoint([10, 0, 0, 6], 6881);
    let named = vec![learnt(0, other, X, Source::Lsd, [10, 0, 0, 6])];
    let part = Part { learnt: named, candidates: vec![out(5, other)], ..Part::default() };
    let (found, dropped) = correlate(part);
    assert_eq!(
        found.iter().map(|found| (found.end, found.grade)).collect::<Vec<_>>(),
        [(End::Orig, Grade::SingleSource)]
    );
    assert_eq!(dropped.flows, 1);
}

#[test]
fn what_comes_too_late_is_counted_and_a_flow_is_told_once_it_is_ten_minutes_old() {
    let mut correlator = Correlator::new(options());
    correlator.take(Part {
        learnt: vec![learnt(0, peer(6881), X, Source::Tracker, TRACKER)],
        candidates: vec![out(5, peer(6881))],
        ..Part::default()
    });
    assert_eq!(correlator.advance(at(5 + 10 * MINUTE)), []);
    correlator.take(Part { candidates: vec![out(5, peer(6881))], ..Part::default() });
    assert_eq!(correlator.limits().get("correlated_late"), Some(&1));
    assert_eq!(correlator.advance(at(6 + 10 * MINUTE)).len(), 1);
    assert_eq!(correlator.finish(), []);
}

#[test]
fn every_cap_holds_and_is_counted() {
    let caps = Caps { events: 400, hosts: 3, host_names: 8, names: 12, host_flows: 4, flows: 6 };
    let mut correlator = Correlator::new(Options { caps, ..options() });
    let ours = |last| endpoint([10, 0, 0, last], 50_000);
    for number in 0..100_u8 {
        let named = learnt(number.into(), peer(u16::from(number) + 6000), X, Source::Pex, TRACKER);
        let named = Learnt { host: host([10, 0, 0, number % 7]), ..named };
        let met = |to: u8| flow(number.into(), ours(number % 7), peer(u16::from(to) + 6000));
        let candidates = vec![met(number), met(number.wrapping_add(1))];
        correlator.take(Part { learnt: vec![named], candidates, ..Part::default() });
    }
    correlator.take(Part { evidence: (0..200).flat_map(evidence).collect(), ..Part::default() });
    let told = correlator.finish().len() as u64;
    assert_eq!(told + correlator.dropped().flows, 200);
    let hit: Vec<_> = correlator.limits().keys().copied().collect();
    assert_eq!(hit, ["correlated_events", "correlated_flows", "correlated_hosts", "correlated_names"]);
}

/// Anything that may happen among few hosts and peers, so that much of it meets.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Learnt(Learnt),
    Candidate(Candidate),
    Attempt(Attempt),
    Listening(Listening),
    Evidence(Evidence),
}

fn happening() -> impl Strategy<Value = Happening> {
    let numbers = (0..9_u8, 0..1500_i64, 0..2_u8, 0..14_u8, 0..8_u8, any::<bool>());
    numbers.prop_map(|(kind, seconds, ours, theirs, which, flag)| {
        let own = [10, 0, 0, ours];
        let remote = endpoint([198, 18, theirs, 1], if which == 0 { 443 } else { 6881 });
        let infohash = if flag { X } else { Y };
        let host = host(own);
        match kind {
            0 => {
                let source =
                    [Source::Tracker, Source::Dht, Source::Pex, Source::Holepunch][usize::from(which % 4)];
                let named = learnt(seconds, remote, infohash, source, [203, 0, which, 1]);
                Happening::Learnt(Learnt { host, ..named })
            }
            1 => Happening::Attempt(Attempt { at: at(seconds), host, remote, infohash }),
            2 => Happening::Listening(Listening { at: at(seconds), host, port: 6881 }),
            3 => Happening::Evidence(Evidence {
                at: at(seconds),
                host,
                until: at(seconds + i64::from(which) * 60),
            }),
            _ => {
                let own = endpoint(own, 6881);
                let (from, to) = if which % 4 == 1 { (remote, own) } else { (own, remote) };
                Happening::Candidate(Candidate { is_telling: flag, ..flow(seconds, from, to) })
            }
        }
    })
}

fn part(happenings: &[Happening]) -> Part {
    let mut part = Part::default();
    for happening in happenings {
        match *happening {
            Happening::Learnt(event) => part.learnt.push(event),
            Happening::Candidate(event) => part.candidates.push(event),
            Happening::Attempt(event) => part.attempts.push(event),
            Happening::Listening(event) => part.listening.push(event),
            Happening::Evidence(event) => part.evidence.push(event),
        }
    }
    part
}

fn time(happening: &Happening) -> Timestamp {
    match happening {
        Happening::Learnt(event) => event.at,
        Happening::Candidate(event) => event.begun,
        Happening::Attempt(event) => event.at,
        Happening::Listening(event) => event.at,
        Happening::Evidence(event) => event.at,
    }
}

proptest! {
    #[test]
    fn shards_order_and_watermarks_change_nothing(
        happenings in prop::collection::vec(happening(), 0..200),
        shards in 1..5_usize,
        order in any::<u64>(),
        steps in prop::collection::vec(0..3000_i64, 0..6),
    ) {
        let (whole, dropped) = correlate(part(&happenings));

        // Delivered by several workers, each in an order of its own.
        let mut shuffled = happenings.clone();
        shuffled.sort_by_key(|happening| time(happening).0.wrapping_mul(i64::from_ne_bytes(order.to_ne_bytes()) | 1));
        let mut correlator = Correlator::new(options());
        for shard in 0..shards {
            let mine: Vec<_> = shuffled.iter().skip(shard).step_by(shards).copied().collect();
            correlator.take(part(&mine));
        }
        prop_assert_eq!(correlator.finish(), whole.clone());
        prop_assert_eq!(correlator.dropped(), dropped);

        // As time goes on.
        let mut steps = steps;
        steps.sort_unstable();
        let mut correlator = Correlator::new(options());
        let mut told = Vec::new();
        let mut from = at(i64::from(i32::MIN));
        for until in steps.into_iter().map(at).chain([at(i64::from(i32::MAX))]) {
            let now: Vec<_> =
                happenings.iter().filter(|happening| (from..until).contains(&time(happening))).copied().collect();
            correlator.take(part(&now));
            told.extend(correlator.advance(until));
            from = until;
        }
        told.extend(correlator.finish());
        prop_assert_eq!(told, whole);
        prop_assert_eq!(correlator.dropped(), dropped);
        prop_assert_eq!(correlator.limits().len(), 0);
    }

    #[test]
    fn nothing_is_likely_unless_it_was_named_or_tried_in_clear(happenings in prop::collection::vec(happening(), 0..200)) {
        let all = part(&happenings);
        for found in correlate(all.clone()).0 {
            let (own, remote) = (found.candidate.host(found.end), found.candidate.endpoint(found.end.other()));
            for torrent in &found.infohashes {
                let named = all.learnt.iter().any(|named| {
                    (named.host, named.endpoint.ip, named.infohash) == (own, remote.ip, torrent.infohash)
                        && named.at < found.candidate.begun
                });
                let tried = all.attempts.iter().any(|tried| {
                    (tried.host, tried.remote, tried.infohash) == (own, *remote, torrent.infohash)
                });
                prop_assert!(named || tried);
                prop_assert!(torrent.learnt < found.candidate.begun && torrent.senders > 0);
            }
            prop_assert_eq!(found.infohashes.is_empty(), found.grade == Grade::HostLevel);
        }
    }
}
