//! Encrypted flows on whole frames: what ties them to a swarm, and what becomes of those that nothing ties.

use super::*;
use crate::correlate::{self, Grade, Telling};
use crate::detect::mse::testing::random;
use crate::detect::named::Source;

const NODE: Side = ([192, 0, 2, 9], 6881);
const HOST: Side = (CLIENT.0, 6881);
const TORRENT: [u8; 20] = *b"iiiiiiiiiiiiiiiiiiii";

/// Frames as they came, a millisecond from one to the next.
#[derive(Default)]
struct Story {
    frames: Vec<(i64, Vec<u8>)>,
    time: i64,
}

impl Story {
    fn packet(&mut self, from: Side, to: Side, protocol: u8, load: &[u8]) {
        let id = u16::try_from(self.frames.len()).unwrap();
        self.frames.push((self.time, ethernet(&[], &ipv4(from.0, to.0, protocol, id, 0, load))));
        self.time += MILLISECOND;
    }

    fn tcp(&mut self, from: Side, to: Side, seq: u32, flags: u8, payload: &[u8]) {
        self.packet(from, to, 6, &tcp(from.1, to.1, seq, flags, payload));
    }

    fn udp(&mut self, from: Side, to: Side, payload: &[u8]) {
        self.packet(from, to, 17, &udp(from.1, to.1, payload));
    }

    fn wait(&mut self, millis: i64) {
        self.time += millis * MILLISECOND;
    }

    /// The client's plain handshake, which the peer closes with these flags.
    fn refused(&mut self, client: Side, flags: u8) {
        self.tcp(client, PEER, 0, SYN, &[]);
        self.tcp(PEER, client, 0, SYN | ACK, &[]);
        self.tcp(client, PEER, 1, ACK, &hello(b'c'));
        self.tcp(PEER, client, 1, flags, &[]);
    }

    /// An obfuscated connection with these flights.
    fn obfuscated(&mut self, client: Side, peer: Side, flights: &[usize]) {
        self.tcp(client, peer, 0, SYN, &[]);
        self.tcp(peer, client, 0, SYN | ACK, &[]);
        let mut sent = [1, 1];
        for (number, len) in flights.iter().enumerate() {
            let (from, to) = if number % 2 == 0 { (client, peer) } else { (peer, client) };
            let seed = u64::from(client.1) * 64 + u64::from(from.0[3]) * 8 + number as u64;
            self.tcp(from, to, sent[number % 2], ACK, &random(seed, *len));
            sent[number % 2] += u32::try_from(*len).unwrap();
        }
    }

    /// The host asks a node for the peers of a torrent, and is told of one.
    fn told(&mut self, node: Side, peer: Side) {
        let ask =
            b"d1:ad2:id20:abcdefghij01234567899:info_hash20:iiiiiiiiiiiiiiiiiiiie1:q9:get_peers1:t1:a1:y1:qe";
        let mut reply = b"d1:rd2:id20:mnopqrstuvwxyz1234565:token1:t6:valuesl6:".to_vec();
        reply.extend(peer.0);
        reply.extend(peer.1.to_be_bytes());
        reply.extend(b"ee1:t1:a1:y1:re");
        self.udp(HOST, node, ask);
        self.udp(node, HOST, &reply);
    }

    /// Who announces the torrent to the local network, with its listening port.
    fn announced(&mut self, from: Side, port: u16) {
        let group = ([239, 192, 152, 143], 6771);
        let text =
            format!("BT-SEARCH * HTTP/1.1\r\nPort: {port}\r\nInfohash: {}\r\n\r\n\r\n", "69".repeat(20));
        self.udp((from.0, 6771), group, text.as_bytes());
    }

    fn report(&self, workers: u64, asked: bool) -> Report {
        let ours = Networks::new([([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0], 104)]);
        let options = Options { ours, ..Options::default() };
        let mut parts = Vec::new();
        for worker in 0..workers {
            let mut engine = Engine::new(Options { shard: (worker, workers), ..options.clone() });
            for (number, (time, frame)) in (1..).zip(&self.frames) {
                engine.ingest([Frame {
                    time: Timestamp(*time),
                    link: LinkType::Ethernet,
                    wire_len: u32::try_from(frame.len()).unwrap(),
                    place: FrameRef { capture: 0, number },
                    vantage: 0,
                    bytes: frame,
                }]);
                if asked {
                    engine.expire(Timestamp(*time));
                    parts.push(engine.drain());
                }
            }
            parts.push(engine.finish());
        }
        if !asked {
            drop(standing::Seen { story: self.frames.clone(), options: options.clone() });
        }
        correlate::join(parts, &options)
    }

    /// Each tie's grade, with where each torrent was named; and how many flows nothing ties.
    fn ties(&self) -> (Vec<(Grade, Vec<Source>)>, u64) {
        let whole = self.report(1, false);
        for (workers, asked) in [(1, true), (2, false), (3, true)] {
            let other = self.report(workers, asked);
            assert_eq!((&whole.flows, whole.totals), (&other.flows, other.totals), "{workers} {asked}");
        }
        assert!(whole.limits.is_empty() && whole.learnt.is_empty());
        let ties = whole.flows.iter().flat_map(|flow| &flow.ties);
        let ties = ties.map(|tie| {
            assert!(tie.infohashes.iter().all(|inferred| inferred.infohash == TORRENT));
            let sources = tie.infohashes.iter().flat_map(|inferred| inferred.sources.clone()).collect();
            (tie.grade, sources)
        });
        (ties.collect(), whole.totals.untied_flows)
    }
}

const FLIGHTS: [usize; 5] = [200, 300, 90, 40, 68];
const AGAIN: Side = (CLIENT.0, CLIENT.1 + 1);

#[test]
fn an_obfuscated_connection_after_a_refused_handshake_is_about_the_same_torrent() {
    for flags in [FIN | ACK, RST | ACK] {
        let mut story = Story::default();
        story.refused(CLIENT, flags);
        story.wait(1000);
        story.obfuscated(AGAIN, PEER, &FLIGHTS);
        assert_eq!(story.ties(), (vec![(Grade::Attributed, vec![Source::Handshake])], 0));
    }
}

#[test]
fn the_rest_of_a_refused_connection_may_pass_after_the_next_has_begun() {
    let mut story = Story::default();
    story.refused(CLIENT, FIN | ACK);
    story.obfuscated(AGAIN, PEER, &FLIGHTS);
    story.tcp(CLIENT, PEER, 69, FIN | ACK, &[]);
    assert_eq!(story.ties().0.len(), 1);
}

#[test]
fn a_handshake_that_was_answered_or_given_up_ties_nothing() {
    let mut answered = Story::default();
    answered.refused(CLIENT, ACK);
    answered.tcp(PEER, CLIENT, 1, FIN | ACK, &hello(b'p'));
    let mut given_up = Story::default();
    given_up.refused(CLIENT, ACK);
    given_up.tcp(CLIENT, PEER, 69, FIN | ACK, &[]);
    given_up.tcp(PEER, CLIENT, 1, FIN | ACK, &[]);
    for mut story in [answered, given_up] {
        story.wait(1000);
        story.obfuscated(AGAIN, PEER, &FLIGHTS);
        assert_eq!(story.ties(), (vec![], 1));
    }
}

#[test]
fn peers_that_nodes_named_for_the_torrent_asked_for_are_tied_to_it() {
    let mut story = Story::default();
    story.told(NODE, PEER);
    story.obfuscated(CLIENT, PEER, &FLIGHTS);
    assert_eq!(story.ties(), (vec![(Grade::SingleSource, vec![Source::Dht])], 0));

    let mut story = Story::default();
    story.told(NODE, PEER);
    story.told(([203, 0, 113, 1], 6881), PEER);
    story.obfuscated(CLIENT, PEER, &FLIGHTS);
    assert_eq!(story.ties(), (vec![(Grade::Attributed, vec![Source::Dht])], 0));
}

#[test]
fn a_neighbour_that_announced_itself_was_named_to_everybody_there() {
    const NEIGHBOUR: Side = ([10, 0, 0, 77], 6881);
    let mut story = Story::default();
    story.announced(NEIGHBOUR, NEIGHBOUR.1);
    story.obfuscated(CLIENT, NEIGHBOUR, &FLIGHTS);
    assert_eq!(story.ties(), (vec![(Grade::SingleSource, vec![Source::Lsd])], 0));

    let mut other_port = Story::default();
    other_port.announced(NEIGHBOUR, 6882);
    other_port.obfuscated(CLIENT, NEIGHBOUR, &FLIGHTS);
    assert_eq!(other_port.ties(), (vec![], 1));
}

#[test]
fn nobody_outside_is_named_on_the_local_network() {
    let mut forged = Story::default();
    forged.announced(PEER, PEER.1);
    forged.obfuscated(CLIENT, PEER, &FLIGHTS);
    assert_eq!(forged.ties(), (vec![], 1));
}

#[test]
fn what_was_named_unasked_or_too_late_ties_nothing() {
    let mut late = Story::default();
    late.obfuscated(CLIENT, PEER, &FLIGHTS);
    late.told(NODE, PEER);
    assert_eq!(late.ties(), (vec![], 1));

    let mut unasked = Story::default();
    unasked.told(NODE, PEER);
    unasked.frames.remove(0);
    unasked.obfuscated(CLIENT, PEER, &FLIGHTS);
    assert_eq!(unasked.ties(), (vec![], 1));
}

#[test]
fn a_flow_that_nothing_ties_is_counted_and_not_reported() {
    let mut story = Story::default();
    story.obfuscated(CLIENT, PEER, &FLIGHTS);
    story.obfuscated(AGAIN, PEER, &[200, 300, 90, 40]);
    let report = story.report(1, false);
    assert_eq!(report.flows, []);
    assert_eq!((report.totals.untied_flows, report.totals.untied_telling_flows), (2, 1));
}

#[test]
fn flows_that_look_random_do_not_crowd_out_those_with_bittorrent() {
    let mut tap = Tap::new(Caps { encrypted: 2, reports: 1, ..FEW });
    let mut story = Story::default();
    for port in 1..=3 {
        story.obfuscated((CLIENT.0, port), PEER, &FLIGHTS);
    }
    for (_, frame) in story.frames {
        tap.see(&frame);
    }
    tap.connect(CLIENT, PEER);
    let report = tap.report();
    assert_eq!((report.flows.len(), report.totals.untied_flows), (1, 2));
    assert_eq!(report.limits.into_iter().collect::<Vec<_>>(), [("encrypted_flows", 1)]);
}

#[test]
fn more_names_than_there_is_room_for_are_dropped_and_counted() {
    let mut tap = Tap::new(Caps { learnt: 1, ..FEW });
    let mut story = Story::default();
    story.told(NODE, PEER);
    story.told(NODE, ([203, 0, 113, 1], 6881));
    for (_, frame) in story.frames {
        tap.see(&frame);
    }
    let report = tap.engine.finish();
    assert_eq!(
        report.learnt.iter().flat_map(Telling::learnt).map(|one| one.endpoint.port).collect::<Vec<_>>(),
        [PEER.1]
    );
    assert_eq!(report.limits["named_endpoints"], 1);
}
