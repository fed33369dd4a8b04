//! The engine on whole frames: what makes one flow, when it ends, and what happens at the caps.

mod around;
mod bindings;
mod content;
mod going_on;
mod invariance;
mod standing;
mod strays;
mod ties;
mod web_seeds;

use super::*;
use crate::anomaly::Anomaly;
use crate::detect::{Confidence, Fact};
use crate::flow::key::{Ends, Transport as Protocol};
use crate::wire::path::Vlans;

const CLIENT: ([u8; 4], u16) = ([10, 20, 0, 5], 50_000);
const PEER: ([u8; 4], u16) = ([198, 51, 100, 7], 6881);
const MILLISECOND: i64 = 1_000_000;
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

type Side = ([u8; 4], u16);

/// Feeds an engine, a millisecond from one frame to the next.
struct Tap {
    engine: Engine,
    time: i64,
    capture: u32,
    frames: u64,
    ip_id: u16,
    seen: standing::Seen,
}

impl Tap {
    fn new(caps: Caps) -> Self {
        let ours = Networks::new([([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0], 104)]);
        let options = Options { ours, caps, seed: 7, ..Options::default() };
        let seen = standing::Seen::new(options.clone());
        Self { engine: Engine::new(options), time: 0, capture: 0, frames: 0, ip_id: 0, seen }
    }

    /// Takes a frame in and lets time pass.
    fn see(&mut self, frame: &[u8]) {
        self.frames += 1;
        self.seen.story.push((self.time, frame.to_vec()));
        let place = FrameRef { capture: self.capture, number: self.frames };
        self.engine.ingest([Frame {
            time: Timestamp(self.time),
            link: LinkType::Ethernet,
            wire_len: u32::try_from(frame.len()).unwrap(),
            place,
            vantage: 0,
            bytes: frame,
        }]);
        self.time += MILLISECOND;
    }

    /// Sees a TCP segment in a packet of its own.
    fn tcp(&mut self, from: Side, to: Side, seq: u32, flags: u8, payload: &[u8]) {
        let packet = self.packet(from.0, to.0, 6, &tcp(from.1, to.1, seq, flags, payload));
        self.see(&ethernet(&[], &packet));
    }

    fn udp(&mut self, from: Side, to: Side, payload: &[u8]) {
        let packet = self.packet(from.0, to.0, 17, &udp(from.1, to.1, payload));
        self.see(&ethernet(&[], &packet));
    }

    /// Makes an IPv4 packet with an identification of its own.
    fn packet(&mut self, from: [u8; 4], to: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
        self.ip_id += 1;
        ipv4(from, to, protocol, self.ip_id, 0, payload)
    }

    /// Opens a connection, both sequence numbers at 0, and shakes hands.
    fn connect(&mut self, client: Side, peer: Side) {
        self.tcp(client, peer, 0, SYN, &[]);
        self.tcp(peer, client, 0, SYN | ACK, &[]);
        self.tcp(client, peer, 1, ACK, &hello(b'c'));
        self.tcp(peer, client, 1, ACK, &hello(b'p'));
    }

    /// What was seen, as one worker's report of a whole run.
    fn report(self) -> Report {
        let options = self.engine.options.clone();
        crate::correlate::join(vec![self.engine.finish()], &options)
    }

    fn wait(&mut self, seconds: i64) {
        self.time += seconds * Timestamp::SECOND;
    }
}

fn ipv4(from: [u8; 4], to: [u8; 4], protocol: u8, id: u16, offset: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let (id, offset) = (id.to_be_bytes(), offset.to_be_bytes());
    let head = [0x45, 0, len[0], len[1], id[0], id[1], offset[0], offset[1], 64, protocol, 0, 0];
    [&head[..], &from, &to, payload].concat()
}

/// The acknowledgment number says nothing here: the flags alone tell a SYN from its answer.
fn tcp(from: u16, to: u16, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let head = [0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
    [&from.to_be_bytes()[..], &to.to_be_bytes(), &seq.to_be_bytes(), &head, payload].concat()
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).unwrap();
    [&from.to_be_bytes()[..], &to.to_be_bytes(), &len.to_be_bytes(), &[0, 0], payload].concat()
}

fn ethernet(vlans: &[u16], packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    for vlan in vlans {
        frame.extend([0x81, 0]);
        frame.extend(vlan.to_be_bytes());
    }
    frame.extend([8, 0]);
    frame.extend(packet);
    frame
}

fn hello(who: u8) -> [u8; 68] {
    let mut hello = *b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\x05iiiiiiiiiiiiiiiiiiii--------------------";
    hello[48..].fill(who);
    hello
}

/// A piece message with `len` bytes of data.
fn piece(len: u32) -> Vec<u8> {
    let head = [&(9 + len).to_be_bytes()[..], &[7, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    [head, vec![b'd'; len as usize]].concat()
}

fn ping(transaction: u8) -> Vec<u8> {
    [&b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t1:"[..], &[transaction], b"1:y1:qe"].concat()
}

/// Who shook hands in a flow, by the first byte of the peer ids, and the bytes of pieces that each sent.
fn said(flow: &FlowReport) -> (String, u64, u64) {
    let (mut peers, mut sent) = (String::new(), Ends::default());
    for observation in &flow.observations {
        if let Fact::Handshake { peer_id, .. } = &observation.fact {
            peers.push(char::from(peer_id.unwrap()[0]));
        }
        if let Fact::Messages { piece_bytes, .. } = &observation.fact {
            *sent.at_mut(observation.end) = *piece_bytes;
        }
    }
    (peers, sent.orig, sent.resp)
}

fn all_said(tap: Tap) -> Vec<(String, u64, u64)> {
    tap.engine.finish().flows.iter().map(said).collect()
}

#[test]
fn a_frame_that_crosses_two_vlans_counts_once() {
    let mut tap = Tap::new(Caps::default());
    let segments = [
        (CLIENT, PEER, 0, SYN, vec![]),
        (PEER, CLIENT, 0, SYN | ACK, vec![]),
        (CLIENT, PEER, 1, ACK, hello(b'c').to_vec()),
        (PEER, CLIENT, 1, ACK, hello(b'p').to_vec()),
        (PEER, CLIENT, 69, ACK, piece(1000)),
    ];
    for (from, to, seq, flags, payload) in &segments {
        let packet = tap.packet(from.0, to.0, 6, &tcp(from.1, to.1, *seq, *flags, payload));
        let ways = if *from == CLIENT { [30, 99] } else { [99, 30] };
        for vlan in ways {
            tap.see(&ethernet(&[vlan], &packet));
        }
    }
    let report = tap.engine.finish();
    assert_eq!(report.flows.iter().map(said).collect::<Vec<_>>(), [("cp".into(), 0, 1000)]);
    assert_eq!((report.flows[0].packets.orig, report.flows[0].packets.resp), (2, 3));
}

#[test]
fn a_datagram_that_crosses_two_vlans_belongs_to_its_hosts_own() {
    let mut tap = Tap::new(Caps::default());
    for (transaction, node) in [(b'a', 1), (b'b', 2)] {
        // One node was asked first, and one asked first.
        let (from, to) = ((CLIENT.0, 6881), ([198, 51, 100, node], 6881));
        let (from, to, ways) = if node == 1 { (from, to, [30, 99]) } else { (to, from, [99, 30]) };
        let packet = tap.packet(from.0, to.0, 17, &udp(from.1, to.1, &ping(transaction)));
        for vlan in ways {
            tap.see(&ethernet(&[vlan], &packet));
        }
    }
    let activities = tap.report().activities;
    let seen: Vec<_> = activities.iter().map(|one| (one.host.vlans, one.nodes)).collect();
    assert_eq!(seen, [(Vlans::from_iter([30]), 2)]);
}

/// Two hosts with the same address, each in its own VLAN, speak to the same peer from the same port.
fn overlapping(tap: &mut Tap, vlan: u16, seq: u32, flags: u8, payload: &[u8]) {
    let packet = tap.packet(CLIENT.0, PEER.0, 6, &tcp(CLIENT.1, PEER.1, seq, flags, payload));
    tap.see(&ethernet(&[vlan], &packet));
}

#[test]
fn hosts_with_one_address_in_two_vlans_have_two_flows() {
    let mut tap = Tap::new(Caps::default());
    for (vlan, isn) in [(10, 1000), (20, 5000)] {
        overlapping(&mut tap, vlan, isn, SYN, &[]);
    }
    for (vlan, isn, who) in [(10, 1000, b'a'), (20, 5000, b'b')] {
        overlapping(&mut tap, vlan, isn + 1, ACK, &hello(who));
    }
    overlapping(&mut tap, 20, 5069, ACK, &piece(300));
    let report = tap.engine.finish();
    let seen: Vec<_> = report.flows.iter().map(|flow| (flow.vlans.iter().next(), said(flow))).collect();
    assert_eq!(seen, [(Some(10), ("a".into(), 0, 0)), (Some(20), ("b".into(), 300, 0))]);
    assert_eq!(report.totals.duplicate_frames, 0);
}

#[test]
fn a_flow_outlives_the_one_it_was_parted_from() {
    let mut tap = Tap::new(Caps::default());
    overlapping(&mut tap, 10, 1000, SYN, &[]);
    overlapping(&mut tap, 20, 5000, SYN, &[]);
    overlapping(&mut tap, 20, 5001, ACK, &hello(b'b'));
    overlapping(&mut tap, 10, 1001, RST, &[]);
    tap.wait(60);
    tap.engine.expire(Timestamp(tap.time));
    overlapping(&mut tap, 20, 5069, ACK, &piece(300));
    assert_eq!(all_said(tap), [("b".into(), 300, 0)]);
}

#[test]
fn both_directions_of_a_gtp_tunnel_are_one_flow() {
    let mut tap = Tap::new(Caps::default());
    let segments = [
        (CLIENT, PEER, 0, SYN, vec![], 1),
        (PEER, CLIENT, 0, SYN | ACK, vec![], 2),
        (CLIENT, PEER, 1, ACK, hello(b'c').to_vec(), 1),
        (PEER, CLIENT, 1, ACK, [&hello(b'p')[..], &piece(500)].concat(), 2),
    ];
    for (from, to, seq, flags, payload, endpoint) in segments {
        let inner = tap.packet(from.0, to.0, 6, &tcp(from.1, to.1, seq, flags, &payload));
        let len = u16::try_from(inner.len()).unwrap().to_be_bytes();
        let tunnel = [&[0x30, 255, len[0], len[1], 0, 0, 0, endpoint][..], &inner].concat();
        let (near, far) = ([192, 0, 2, endpoint], [192, 0, 2, 3 - endpoint]);
        let outer = tap.packet(near, far, 17, &udp(2152, 2152, &tunnel));
        tap.see(&ethernet(&[], &outer));
    }
    assert_eq!(all_said(tap), [("cp".into(), 0, 500)]);
}

#[test]
fn a_handshake_is_read_out_of_fragments_in_any_order() {
    const MORE: u16 = 1 << 13;
    let mut tap = Tap::new(Caps::default());
    tap.tcp(CLIENT, PEER, 0, SYN, &[]);
    let segment = tcp(CLIENT.1, PEER.1, 1, ACK, &hello(b'c'));
    for (low, high, more) in [(48, 88, 0), (0, 24, MORE), (24, 48, MORE)] {
        let offset = u16::try_from(low / 8).unwrap() | more;
        tap.see(&ethernet(&[], &ipv4(CLIENT.0, PEER.0, 6, 99, offset, &segment[low..high])));
    }
    let report = tap.engine.finish();
    assert_eq!(report.flows.iter().map(said).collect::<Vec<_>>(), [("c".into(), 0, 0)]);
    assert_eq!(report.totals.fragments, 3);
}

#[test]
fn a_packet_that_never_became_whole_counts_for_the_last_capture_whatever_that_holds() {
    let mut tap = Tap::new(Caps::default());
    tap.tcp(CLIENT, PEER, 0, SYN, &[]);
    tap.tcp(PEER, CLIENT, 0, SYN | ACK, &[]);
    tap.tcp(CLIENT, PEER, 1, ACK, b"GET / HTTP/0.1\r\n\r\n no protocol of ours");
    tap.tcp(PEER, CLIENT, 1, ACK, b"\x00\x00\x00\x00 no protocol of ours");
    tap.see(&ethernet(&[], &ipv4(CLIENT.0, PEER.0, 17, 99, 1 << 13, &[0; 8])));
    tap.capture = 1;
    tap.tcp(CLIENT, PEER, 200, ACK, b"of which no more is read");
    let counted = tap.engine.finish().anomalies;
    let counted: Vec<Vec<_>> = counted.iter().map(|kinds| kinds.iter().collect()).collect();
    assert_eq!(counted, [vec![], vec![(Anomaly::FragmentIncomplete, 1)]]);
}

#[test]
fn a_handshake_may_ride_on_the_syn() {
    let mut tap = Tap::new(Caps::default());
    tap.tcp(CLIENT, PEER, 0, SYN, &hello(b'c'));
    tap.tcp(PEER, CLIENT, 0, SYN | ACK, &[]);
    tap.tcp(CLIENT, PEER, 69, ACK, &piece(10));
    assert_eq!(all_said(tap), [("c".into(), 10, 0)]);
}

#[test]
fn a_syn_overtaken_by_its_data_begins_no_other_flow() {
    let mut tap = Tap::new(Caps::default());
    tap.tcp(PEER, CLIENT, 1, ACK, &hello(b'p'));
    tap.tcp(CLIENT, PEER, 1, ACK, &hello(b'c'));
    tap.tcp(CLIENT, PEER, 0, SYN, &[]);
    tap.tcp(PEER, CLIENT, 0, SYN | ACK, &[]);
    tap.tcp(PEER, CLIENT, 69, ACK, &piece(40));
    let report = tap.engine.finish();
    assert_eq!(report.flows.iter().map(said).collect::<Vec<_>>(), [("cp".into(), 0, 40)]);
    assert_eq!(report.flows[0].ends.orig.port, CLIENT.1, "who sent the SYN began");
    assert_eq!((report.flows[0].bytes.orig, report.flows[0].bytes.resp), (68, 68 + 53));
}

#[test]
fn a_syn_that_comes_after_all_else_begins_no_other_flow() {
    for (seq, flows) in [(0, 1), (900_000, 2)] {
        let mut tap = Tap::new(Caps::default());
        tap.tcp(CLIENT, PEER, 1, ACK, &hello(b'c'));
        tap.tcp(CLIENT, PEER, 69, FIN | ACK, &[]);
        tap.tcp(PEER, CLIENT, 1, FIN | ACK, &[]);
        tap.tcp(CLIENT, PEER, seq, SYN, &[]);
        tap.tcp(PEER, CLIENT, 0, SYN | ACK, &[]);
        tap.tcp(CLIENT, PEER, seq.wrapping_add(1), ACK, &hello(b'c'));
        let report = tap.engine.finish();
        assert_eq!(report.flows.len(), flows, "a SYN of {seq}");
        let confirmed = |flow: &FlowReport| flow.observations[0].confidence == Confidence::Confirmed;
        assert_eq!(confirmed(&report.flows[0]), flows == 1, "it tells where the first bytes stood");
    }
}

#[test]
fn what_stands_behind_late_bytes_of_something_else_was_no_handshake() {
    for late in [(0, SYN, &b""[..]), (1, ACK, &b"POST / HTTP/1.1\r\n\r\n"[..])] {
        let mut tap = Tap::new(Caps::default());
        tap.tcp(CLIENT, PEER, 20, ACK, &hello(b'c'));
        tap.tcp(CLIENT, PEER, late.0, late.1, late.2);
        assert!(tap.engine.finish().flows.is_empty(), "{late:?}");
    }
}

#[test]
fn a_keep_alive_probe_before_the_first_byte_belies_nothing() {
    let mut tap = Tap::new(Caps::default());
    tap.tcp(CLIENT, PEER, 1, ACK, &hello(b'c'));
    tap.tcp(CLIENT, PEER, 0, ACK, &[0]);
    assert_eq!(all_said(tap), [("c".into(), 0, 0)]);
}

#[test]
fn another_connection_on_the_same_ports_is_another_flow() {
    for end in [RST, FIN | ACK, ACK] {
        let mut tap = Tap::new(Caps::default());
        tap.connect(CLIENT, PEER);
        tap.tcp(CLIENT, PEER, 69, end, &[]);
        tap.tcp(PEER, CLIENT, 69, end, &[]);
        tap.tcp(CLIENT, PEER, 900_000, SYN, &[]);
        tap.tcp(CLIENT, PEER, 900_001, ACK, &hello(b'x'));
        tap.tcp(CLIENT, PEER, 900_069, ACK, &piece(20));
        assert_eq!(all_said(tap), [("cp".into(), 0, 0), ("x".into(), 20, 0)], "after flags {end:#x}");
    }
}

#[test]
fn a_repeated_syn_is_the_same_connection() {
    let mut tap = Tap::new(Caps::default());
    tap.tcp(CLIENT, PEER, 0, SYN, &[]);
    tap.wait(1);
    tap.connect(CLIENT, PEER);
    assert_eq!(all_said(tap), [("cp".into(), 0, 0)]);
}

#[test]
fn flows_end_by_the_time_of_frames() {
    let mut tap = Tap::new(Caps::default());
    tap.connect(CLIENT, PEER);
    tap.tcp(CLIENT, PEER, 69, RST, &[]);
    tap.wait(9);
    tap.engine.expire(Timestamp(tap.time));
    assert!(tap.engine.drain().flows.is_empty(), "late segments may still come");
    tap.wait(3);
    tap.engine.expire(Timestamp(tap.time));
    assert_eq!(tap.engine.drain().flows.len(), 1, "though no frame came since the last report");
    assert!(tap.engine.finish().flows.is_empty(), "what was taken is not reported again");
}

#[test]
fn a_flow_without_packets_for_an_hour_has_ended() {
    let mut tap = Tap::new(Caps::default());
    tap.connect(CLIENT, PEER);
    tap.wait(3599);
    tap.tcp(CLIENT, PEER, 69, ACK, &piece(8));
    tap.wait(3601);
    tap.tcp(CLIENT, PEER, 90, ACK, &piece(8));
    assert_eq!(all_said(tap), [("cp".into(), 8, 0)], "the rest is a flow whose beginning was not seen");
}

const FEW: Caps = Caps {
    flows: 64,
    held_bytes: 64 << 10,
    reports: 1 << 10,
    supporting: 1 << 10,
    encrypted: 1 << 10,
    fetched: 1,
    infohashes: 1 << 10,
    content_bytes: 1 << 20,
    learnt: 1 << 10,
    bindings: 4,
    leases: 4,
};

/// An address for each number.
fn host(number: u32) -> [u8; 4] {
    let [_, b, c, d] = number.to_be_bytes();
    [10, b, c, d]
}

/// Which of our hosts asked how many queries, by the last byte of its address.
fn asked(tap: Tap) -> Vec<(u8, u64)> {
    let activities = tap.engine.finish().activities;
    let of = |activity: &crate::detect::dht::activity::Activity| {
        (activity.host.endpoint.ip[15], activity.sent.queries().map(|(_, count)| count).sum())
    };
    activities.iter().map(of).collect()
}

#[test]
fn a_flow_that_outlives_its_hosts_activity_adds_to_no_other_hosts() {
    let (host, other) = (([10, 20, 0, 1], 6881), ([10, 20, 0, 2], 6881));
    let mut tap = Tap::new(Caps::default());
    tap.udp(host, PEER, &ping(b'a'));
    for _ in 0..7 * 36 {
        tap.wait(100);
        tap.udp(host, PEER, b"\x21\x00 other datagrams on the same ports keep the flow");
    }
    tap.engine.expire(Timestamp(tap.time));
    tap.udp(other, PEER, &ping(b'b'));
    tap.udp(host, PEER, &ping(b'c'));
    assert_eq!(asked(tap), [(1, 1), (2, 1), (1, 1)]);
}

#[test]
fn infohashes_of_all_hosts_together_are_capped_until_they_are_taken() {
    let mut tap = Tap::new(Caps { infohashes: 20, ..FEW });
    let look_up = |tap: &mut Tap, number: u32| {
        let infohash = [b'0' + u8::try_from(number % 64).unwrap(); 20];
        let head = b"d1:ad2:id20:abcdefghij01234567899:info_hash20:";
        let query = [&head[..], &infohash, b"e1:q9:get_peers1:t1:a1:y1:qe"].concat();
        tap.udp((host(number / 10), 6881), PEER, &query);
    };
    for number in 0..50 {
        look_up(&mut tap, number);
    }
    tap.wait(7 * 3600);
    tap.engine.expire(Timestamp(tap.time));
    let report = tap.engine.drain();
    assert_eq!(report.limits["dht_infohashes"], 30);
    assert_eq!(report.activities.iter().map(|one| one.looked_up.sorted().len()).sum::<usize>(), 20);
    look_up(&mut tap, 0);
    assert!(tap.engine.finish().limits.is_empty());
}

#[test]
fn a_flood_ends_the_quietest_flows_and_those_with_bittorrent_last() {
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let mut tap = Tap::new(FEW);
        tap.connect(CLIENT, PEER);
        for number in 0..5000 {
            match protocol {
                Protocol::Tcp => tap.tcp((host(number), 1024), PEER, number, SYN, &[]),
                Protocol::Udp => tap.udp((host(number), 1024), PEER, b"something else"),
            }
            assert!(tap.engine.flows.len() <= FEW.flows);
        }
        tap.tcp(PEER, CLIENT, 69, ACK, &piece(77));
        let report = tap.engine.finish();
        assert_eq!(report.flows.iter().map(said).collect::<Vec<_>>(), [("cp".into(), 0, 77)]);
        assert!(report.limits["flows"] > 4000, "{:?}", report.limits);
    }
}

#[test]
fn idle_flows_make_room_before_any_is_ended_early() {
    let mut tap = Tap::new(FEW);
    for number in 0..5000 {
        tap.udp((host(number), 1024), PEER, b"something else");
        tap.wait(10);
    }
    assert!(tap.engine.finish().limits.is_empty());
}

#[test]
fn a_flood_of_bittorrent_ends_its_quietest_flows_and_reports_them() {
    let mut tap = Tap::new(FEW);
    for number in 0..500 {
        tap.connect((host(number), 1024), PEER);
    }
    let report = tap.engine.finish();
    assert_eq!(report.flows.len(), 500, "ended early, and seen all the same");
    assert!(report.limits["flows"] > 0);
}

#[test]
fn reports_are_capped_and_the_rest_is_counted() {
    let mut tap = Tap::new(Caps { reports: 10, ..FEW });
    for number in 0..30 {
        tap.connect((host(number), 1024), PEER);
    }
    let report = tap.engine.finish();
    assert_eq!((report.flows.len(), report.limits["reported_flows"]), (10, 20));
}

#[test]
fn holes_that_would_hold_too_much_are_given_up() {
    let mut tap = Tap::new(FEW);
    for number in 0..40 {
        let client = (host(number), 1024);
        tap.connect(client, PEER);
        for part in 0..4 {
            tap.tcp(client, PEER, 1_000 + part * 1400, ACK, &[b'x'; 1400]);
        }
        assert!(tap.engine.budget.now <= FEW.held_bytes + 1400);
    }
    let report = tap.engine.finish();
    assert!(report.limits["reassembly_bytes"] > 0, "{:?}", report.limits);
    assert_eq!(report.flows.len(), 40);
}

#[test]
fn streams_whose_beginning_was_not_seen_hold_no_more_than_the_cap() {
    let mut tap = Tap::new(Caps { flows: 1 << 10, ..FEW });
    for number in 0..200 {
        tap.tcp((host(number), 1024), PEER, 5_000, ACK, &[b'x'; 1400]);
        assert!(tap.engine.budget.now <= FEW.held_bytes + 1400, "{}", tap.engine.budget.now);
    }
    assert!(tap.engine.finish().limits["reassembly_bytes"] > 0);
}

#[test]
fn nothing_stays_held_once_all_flows_have_ended() {
    let mut tap = Tap::new(Caps::default());
    for number in 0..20 {
        let client = (host(number), 1024);
        tap.connect(client, PEER);
        tap.tcp(client, PEER, 1_000, ACK, &[b'x'; 1400]);
        tap.tcp((host(number), 2048), PEER, 1_000, ACK, &[b'x'; 1400]);
    }
    tap.wait(4000);
    tap.engine.expire(Timestamp(tap.time));
    assert_eq!((tap.engine.budget.now, tap.engine.flows.len(), tap.engine.details.len()), (0, 0, 0));
}
