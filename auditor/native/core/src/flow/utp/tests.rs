use std::collections::BTreeMap;

use super::*;
use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::FrameRef;

mod properties;

const SYN: u8 = 0x41;
const STATE: u8 = 0x21;
const DATA: u8 = 0x01;
const FIN: u8 = 0x11;
const RESET: u8 = 0x31;
const MILLISECOND: i64 = 1_000_000;

/// The id, the SYN's number and the answer's in most tests.
const ID: u16 = 0x44b6;
const FIRST: u16 = 0xe7f4;
const S: u16 = 0x2fd7;

/// A flow's connections, what came out of them, and a clock.
struct Bench {
    connections: Connections,
    budget: HeldBytes,
    now: Timestamp,
    frame: u64,
    /// What came out of each direction: `?` for lost, `_` for cut bytes.
    out: BTreeMap<(u32, End), Vec<u8>>,
    anomalies: Anomalies,
    ended: Vec<Facts>,
}

impl Bench {
    fn new() -> Self {
        Self {
            connections: Connections::default(),
            budget: HeldBytes { now: 0, cap: 1 << 20, hits: 0 },
            now: Timestamp(0),
            frame: 0,
            out: BTreeMap::new(),
            anomalies: Anomalies::default(),
            ended: Vec::new(),
        }
    }

    /// With a connection that the flow's resp opened.
    fn opened() -> Self {
        let mut bench = Self::new();
        assert_eq!(bench.packet(End::Resp, SYN, ID, FIRST, 0, b""), Place::Opening);
        assert_eq!(bench.packet(End::Orig, STATE, ID, S, FIRST, b""), Place::Connection(0));
        bench
    }

    fn datagram(&mut self, from: End, bytes: &[u8], cut: u32) -> Option<Place> {
        self.now.0 += MILLISECOND;
        self.frame += 1;
        let stamp = Stamp { time: self.now, frame: FrameRef { capture: 0, number: self.frame } };
        let (header, payload) = Header::parse(bytes).ok()?;
        let sent = u32::try_from(payload.len()).unwrap() + cut;
        let arrival = Arrival { stamp, from, header, payload, sent };
        let out = &mut self.out;
        let mut sink = |index: u32, end: End, run: Run<'_>, _: Stamp| {
            let out = out.entry((index, end)).or_default();
            match run {
                Run::Bytes(bytes) => out.extend_from_slice(bytes),
                Run::Cut(size) => out.extend((0..size).map(|_| b'_')),
                Run::Lost => out.push(b'?'),
                Run::Gap(_) => panic!("uTP numbers packets"),
            }
        };
        let taken = self.connections.push(&arrival, &mut self.budget, &mut sink);
        taken.noticed.count(&mut self.anomalies);
        self.ended.extend(taken.ended);
        Some(taken.place)
    }

    fn packet(&mut self, from: End, kind: u8, id: u16, seq: u16, ack: u16, payload: &[u8]) -> Place {
        self.datagram(from, &packet(kind, id, seq, ack, payload), 0).unwrap()
    }

    /// Sends a packet of the initiator in the connection of [`Self::opened`], `place` packets after its first.
    fn asks(&mut self, place: u16, payload: &[u8]) -> Place {
        self.packet(End::Resp, DATA, ID + 1, FIRST.wrapping_add(1).wrapping_add(place), S - 1, payload)
    }

    /// The same for the responder.
    fn answers(&mut self, place: u16, payload: &[u8]) -> Place {
        self.packet(End::Orig, DATA, ID, S.wrapping_add(place), FIRST, payload)
    }

    fn out(&self, index: u32, end: End) -> &str {
        self.out.get(&(index, end)).map_or("", |bytes| std::str::from_utf8(bytes).unwrap())
    }

    fn finish(&mut self) -> Vec<Facts> {
        let out = &mut self.out;
        let noticed = self.connections.finish(&mut self.budget, &mut |index, end, run, _| {
            let out = out.entry((index, end)).or_default();
            match run {
                Run::Bytes(bytes) => out.extend_from_slice(bytes),
                Run::Lost => out.push(b'?'),
                Run::Cut(_) | Run::Gap(_) => {}
            }
        });
        noticed.count(&mut self.anomalies);
        assert_eq!(self.budget.now, 0, "nothing stays held after the end");
        self.connections.facts().collect()
    }

    fn anomalies(&self) -> Vec<(Anomaly, u64)> {
        self.anomalies.iter().collect()
    }
}

fn packet(kind: u8, id: u16, seq: u16, ack: u16, payload: &[u8]) -> Vec<u8> {
    let clock = if kind == SYN { [0; 4] } else { [0, 0, 0, 9] };
    let (id, seq, ack) = (id.to_be_bytes(), seq.to_be_bytes(), ack.to_be_bytes());
    [&[kind, 0][..], &id, &[1, 2, 3, 4], &clock, &[0, 0x10, 0, 0], &seq, &ack, payload].concat()
}

#[test]
fn a_recorded_connection_comes_out_as_a_stream_each_way() {
    let mut bench = Bench::new();
    let payload = b"\x13BitTorrent protocol";
    let told = |hex: [u8; 20]| [&hex[..], payload].concat();
    let syn = *b"\x41\x00\x44\xb6\xf4\x32\x8c\x30\0\0\0\0\0\0\0\0\xe7\xf4\0\0";
    let answer = *b"\x21\x00\x44\xb6\xf4\x32\x8c\x9f\x00\x00\x00\x56\x00\x10\x00\x00\x2f\xd7\xe7\xf4";
    let asks = told(*b"\x01\x00\x44\xb7\xf4\x32\x8d\x59\x00\x00\x00\x12\x00\x10\x00\x00\xe7\xf5\x2f\xd6");
    let state = *b"\x21\x00\x44\xb6\xf4\x32\x8d\x60\x00\x00\x00\x12\x00\x10\x00\x00\x2f\xd7\xe7\xf5";
    let answers = told(*b"\x01\x00\x44\xb6\xf4\x32\x8d\x99\x00\x00\x00\x12\x00\x10\x00\x00\x2f\xd7\xe7\xf5");
    assert_eq!(bench.datagram(End::Orig, &syn, 0), Some(Place::Opening));
    let rest: [(End, &[u8]); 4] =
        [(End::Resp, &answer), (End::Orig, &asks), (End::Resp, &state), (End::Resp, &answers)];
    for (from, bytes) in rest {
        assert_eq!(bench.datagram(from, bytes, 0), Some(Place::Connection(0)));
    }
    for end in [End::Orig, End::Resp] {
        assert_eq!(bench.out(0, end).as_bytes(), payload);
    }
    let [facts] = bench.finish()[..] else { panic!("one connection") };
    assert_eq!((facts.id, facts.initiator, facts.seen), (0x44b6, End::Orig, Ends { orig: 20, resp: 20 }));
    assert_eq!((facts.syn.frame.number, facts.answer.frame.number), (1, 2));
    assert_eq!((facts.lost, facts.is_closed()), (Ends::default(), false));
}

#[test]
fn orig_is_the_initiator_whichever_end_of_the_flow_that_is() {
    let mut bench = Bench::opened();
    bench.asks(0, b"asked");
    bench.answers(0, b"answered");
    assert_eq!((bench.out(0, End::Orig), bench.out(0, End::Resp)), ("asked", "answered"));
    let facts = bench.finish()[0];
    assert_eq!(
        (facts.initiator, facts.turned(End::Resp), facts.turned(End::Orig)),
        (End::Resp, End::Orig, End::Resp)
    );
}

#[test]
fn a_dns_query_that_passes_for_a_syn_is_no_connection() {
    let query = b"\x41\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02de\x00\x00\x01\x00\x01";
    let answer = b"\x41\x00\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x02de\x00\x00\x01\x00\x01\x7f\0\0\x01";
    let mut bench = Bench::new();
    assert_eq!(bench.datagram(End::Orig, query, 0), Some(Place::Opening));
    assert_eq!(bench.datagram(End::Resp, answer, 0), Some(Place::Stray));
    assert_eq!(bench.finish(), []);
}

#[test]
fn one_direction_alone_is_no_connection() {
    let mut bench = Bench::new();
    bench.packet(End::Orig, SYN, ID, FIRST, 0, b"");
    for place in 1..99 {
        bench.packet(End::Orig, DATA, ID + 1, FIRST + place, S - 1, &[0; 1400]);
        assert!(bench.budget.now <= EARLY.bytes);
    }
    assert!(bench.finish().is_empty() && bench.out.is_empty());
}

#[test]
fn an_answer_must_acknowledge_the_syn_with_its_id_from_the_other_end() {
    let cases = [
        (End::Resp, ID, FIRST + 1, "another number"),
        (End::Resp, ID + 1, FIRST, "another id"),
        (End::Orig, ID, FIRST, "the same end"),
    ];
    for (from, id, ack, what) in cases {
        let mut bench = Bench::new();
        bench.packet(End::Orig, SYN, ID, FIRST, 0, b"");
        bench.packet(from, STATE, id, S, ack, b"");
        assert!(bench.finish().is_empty(), "{what}");
    }
}

#[test]
fn a_connection_from_before_the_capture_is_not_followed_but_counted() {
    let mut bench = Bench::new();
    for place in 0..3000 {
        bench.packet(End::Resp, STATE, ID, S, FIRST + place, b"");
        bench.packet(End::Orig, DATA, ID + 1, FIRST + place, S - 1, &[0; 1000]);
        assert!(bench.budget.now <= EARLY.bytes);
    }
    assert_eq!(bench.budget.now, 0, "what was held for a late SYN is forgotten in time");
    assert!(bench.connections.counts.strays > 3000);
    assert!(bench.finish().is_empty());
}

#[test]
fn an_answer_that_overtakes_its_syn_opens_too_and_what_overtook_it_is_kept() {
    let mut bench = Bench::new();
    assert_eq!(bench.packet(End::Orig, STATE, ID, S, FIRST, b""), Place::Opening);
    assert_eq!(bench.answers(1, b"d"), Place::Opening);
    assert_eq!(bench.answers(0, b"wor"), Place::Opening);
    assert_eq!(bench.asks(0, b"hello"), Place::Opening);
    assert!(bench.budget.now > 0);
    assert_eq!(bench.packet(End::Resp, SYN, ID, FIRST, 0, b""), Place::Connection(0));
    assert_eq!((bench.out(0, End::Orig), bench.out(0, End::Resp), bench.budget.now), ("hello", "word", 0));
}

#[test]
fn an_acknowledgement_before_a_late_syn_does_not_take_what_follows_it() {
    let mut bench = Bench::new();
    bench.packet(End::Orig, STATE, ID, S, FIRST, b"");
    bench.asks(0, b"one");
    bench.answers(0, b"two");
    assert_eq!(bench.packet(End::Resp, STATE, ID + 1, FIRST.wrapping_add(2), S, b""), Place::Opening);
    bench.asks(1, b" and more");
    assert_eq!(bench.packet(End::Resp, SYN, ID, FIRST, 0, b""), Place::Connection(0));
    assert_eq!((bench.out(0, End::Orig), bench.out(0, End::Resp)), ("one and more", "two"));
    bench.finish();
}

#[test]
fn an_answer_long_before_a_syn_is_not_its_answer() {
    let mut bench = Bench::new();
    bench.packet(End::Orig, STATE, ID, S, FIRST, b"");
    bench.now.0 += EARLY.age;
    bench.packet(End::Resp, SYN, ID, FIRST, 0, b"");
    assert!(bench.connections.facts().next().is_none());
    bench.packet(End::Orig, STATE, ID, S, FIRST, b"");
    assert_eq!(bench.finish().len(), 1);
}

#[test]
fn where_a_later_state_was_taken_for_the_answer_the_beginning_counts_as_lost() {
    let mut bench = Bench::new();
    bench.packet(End::Resp, SYN, ID, FIRST, 0, b"");
    bench.answers(1, b"lo");
    bench.packet(End::Orig, STATE, ID, S + 2, FIRST, b"");
    bench.answers(2, b"!");
    assert_eq!(bench.out(0, End::Resp), "?lo!");
    let mut bench = Bench::new();
    bench.packet(End::Resp, SYN, ID, FIRST, 0, b"");
    bench.packet(End::Orig, STATE, ID, S + 1, FIRST, b"");
    bench.answers(0, b"hel");
    bench.answers(1, b"lo");
    assert_eq!(bench.out(0, End::Resp), "?hello");
}

#[test]
fn packets_out_of_order_come_out_in_order_across_the_wrap() {
    let mut bench = Bench::new();
    bench.packet(End::Orig, SYN, ID, 0xfffd, 0, b"");
    bench.packet(End::Resp, STATE, ID, 7, 0xfffd, b"");
    for (seq, payload) in [(1, &b"h"[..]), (0, b"fg"), (0xffff, b"cde"), (0xfffe, b"ab"), (2, b"i")] {
        bench.packet(End::Orig, DATA, ID + 1, seq, 6, payload);
    }
    assert_eq!(bench.out(0, End::Orig), "abcdefghi");
    assert_eq!(bench.finish()[0].seen.orig, 9);
}

#[test]
fn a_packet_sent_again_counts_once_and_the_first_copy_stays() {
    let mut bench = Bench::opened();
    for (place, payload) in [(0, "ab"), (0, "ab"), (2, "ef"), (2, "ef"), (1, "cd"), (1, "cd")] {
        bench.asks(place, payload.as_bytes());
    }
    assert_eq!((bench.out(0, End::Orig), bench.anomalies()), ("abcdef", vec![]));
    bench.asks(2, b"e");
    bench.asks(3, b"f");
    bench.asks(5, b"ij");
    bench.asks(5, b"iX");
    bench.asks(5, b"i");
    bench.asks(4, b"gh");
    assert_eq!(bench.out(0, End::Orig), "abcdeffghij");
    assert_eq!(bench.anomalies(), [(Anomaly::UtpOverlapConflict, 3)]);
    assert_eq!(bench.finish()[0].seen.orig, 11);
}

#[test]
fn a_loss_has_no_size_and_what_comes_after_it_is_marked() {
    let mut bench = Bench::opened();
    bench.asks(0, b"ab");
    bench.asks(3, b"gh");
    bench.asks(4, b"ij");
    assert_eq!(bench.out(0, End::Orig), "ab");
    let facts = bench.finish();
    assert_eq!((bench.out(0, End::Orig), facts[0].lost.orig, facts[0].seen.orig), ("ab?ghij", 2, 6));
    assert_eq!(bench.anomalies(), [(Anomaly::UtpGap, 1)]);
}

#[test]
fn a_hole_is_given_up_after_ten_seconds_or_when_too_much_is_held() {
    let mut bench = Bench::opened();
    bench.asks(1, b"b");
    bench.now.0 += 10 * Timestamp::SECOND;
    bench.asks(2, b"c");
    assert_eq!(bench.out(0, End::Orig), "?bc");
    for place in 0..500 {
        bench.answers(place + 1, &[b'x'; 1400]);
    }
    assert!(bench.out(0, End::Resp).starts_with("?x"));
    assert_eq!(bench.anomalies(), [(Anomaly::UtpGap, 2)]);
}

#[test]
fn the_common_cap_makes_a_hole_be_given_up_early() {
    let mut bench = Bench::opened();
    bench.budget.cap = 200;
    for place in [1, 2, 3] {
        bench.asks(place, b"0123456789");
        assert!(bench.budget.now <= bench.budget.cap);
    }
    assert_eq!((bench.budget.hits, bench.out(0, End::Orig).len()), (1, 31));
    bench.finish();
}

#[test]
fn bytes_are_still_counted_after_the_capture_missed_thousands_of_packets() {
    let mut bench = Bench::opened();
    bench.asks(0, b"ab");
    bench.asks(5000, b"stray");
    bench.asks(1, b"cd");
    for place in 40_000..40_010 {
        bench.asks(place, b"xy");
    }
    assert_eq!(bench.out(0, End::Orig), "abcd?xyxyxyxyxyxyxy");
    let facts = bench.finish();
    assert_eq!((facts[0].seen.orig, facts[0].lost.orig), (18, 40_001));
}

#[test]
fn what_a_snap_length_cut_was_seen_all_the_same() {
    let mut bench = Bench::opened();
    let bytes = packet(DATA, ID + 1, FIRST + 1, S - 1, b"ab");
    bench.datagram(End::Resp, &bytes, 3);
    bench.asks(1, b"f");
    assert_eq!(bench.out(0, End::Orig), "ab___f");
    assert_eq!(bench.finish()[0].seen.orig, 6);
}

#[test]
fn content_that_nobody_wants_is_counted_and_not_held() {
    let mut bench = Bench::opened();
    bench.asks(1, &[b'b'; 1000]);
    let Bench { connections, budget, .. } = &mut bench;
    connections.stop_reading(0, End::Orig, budget);
    assert!(bench.budget.now < 100);
    bench.asks(0, b"aa");
    assert_eq!(bench.out(0, End::Orig).len(), 1002);
    assert!(bench.out(0, End::Orig).bytes().all(|byte| byte == b'_'));
}

#[test]
fn a_fin_takes_a_number_and_ends_a_direction() {
    let mut bench = Bench::opened();
    bench.packet(End::Resp, FIN, ID + 1, FIRST + 2, S - 1, b"");
    bench.asks(0, b"all");
    bench.asks(2, b"more");
    bench.packet(End::Orig, FIN, ID, S, FIRST + 2, b"last");
    assert_eq!((bench.out(0, End::Orig), bench.out(0, End::Resp)), ("all", "last"));
    let facts = bench.finish()[0];
    assert!(facts.is_closed() && !facts.reset);
}

#[test]
fn a_reset_is_known_by_either_id_from_either_end() {
    for (from, id) in [(End::Orig, ID), (End::Orig, ID + 1), (End::Resp, ID), (End::Resp, ID + 1)] {
        let mut bench = Bench::opened();
        assert_eq!(bench.packet(from, RESET, ID + 2, S, FIRST, b""), Place::Stray);
        assert_eq!(bench.packet(from, RESET, id, S, FIRST, b""), Place::Connection(0));
        assert!(bench.finish()[0].reset);
    }
}

#[test]
fn an_id_used_again_is_a_new_connection_even_if_its_first_bytes_overtake_the_answer() {
    let mut bench = Bench::opened();
    bench.asks(0, b"old");
    bench.asks(2, b"held");
    assert_eq!(
        bench.packet(End::Resp, SYN, ID, FIRST, 0, b""),
        Place::Connection(0),
        "its own SYN once more"
    );
    bench.packet(End::Resp, SYN, ID, 99, 0, b"");
    assert_eq!(bench.packet(End::Resp, DATA, ID + 1, 100, S + 9000, b"new"), Place::Opening);
    assert_eq!(bench.packet(End::Orig, STATE, ID, S + 9000, 99, b""), Place::Connection(1));
    assert_eq!((bench.out(0, End::Orig), bench.out(1, End::Orig)), ("old?held", "new"));
    assert_eq!((bench.ended.len(), bench.ended[0].seen.orig), (1, 7));
    assert_eq!((bench.finish().len(), bench.connections.counts.evicted), (1, 0));
}

#[test]
fn connections_both_ways_and_several_at_once_are_told_apart() {
    let mut bench = Bench::opened();
    for (id, from) in [(ID + 1, End::Orig), (9, End::Orig), (9, End::Resp)] {
        bench.packet(from, SYN, id, 500, 0, b"");
        bench.packet(from.other(), STATE, id, 900, 500, b"");
    }
    // Orig's packets to the first connection and to its own next one differ by their numbers alone.
    bench.asks(0, b"0");
    bench.packet(End::Resp, DATA, ID + 1, 900, 500, b"1");
    bench.packet(End::Orig, DATA, 10, 501, 899, b"2");
    bench.packet(End::Resp, DATA, 10, 501, 899, b"3");
    for (index, end) in [(0, End::Orig), (1, End::Resp), (2, End::Orig), (3, End::Orig)] {
        assert_eq!(bench.out(index, end), index.to_string());
    }
}

#[test]
fn too_many_connections_push_out_a_closed_one_first_and_then_the_longest_idle() {
    let mut bench = Bench::new();
    let open = |bench: &mut Bench, id: u16| {
        bench.packet(End::Orig, SYN, id, 100, 0, b"");
        bench.packet(End::Resp, STATE, id, 200, 100, b"");
    };
    for id in 0..16 {
        open(&mut bench, id * 10);
    }
    bench.packet(End::Orig, DATA, 1, 101, 199, b"busy");
    bench.packet(End::Resp, RESET, 50, 200, 100, b"");
    open(&mut bench, 160);
    open(&mut bench, 170);
    assert_eq!(bench.ended.iter().map(|facts| facts.id).collect::<Vec<_>>(), [50, 10]);
    assert_eq!((bench.finish().len(), bench.connections.counts.evicted), (MOST, 1));
}

#[test]
fn unanswered_syns_are_bounded_and_marks_do_not_push_them_out() {
    let mut bench = Bench::new();
    bench.packet(End::Orig, SYN, 7, FIRST, 0, b"");
    for id in 100..200 {
        bench.packet(End::Resp, STATE, id, S, 5, b"");
        bench.packet(End::Resp, DATA, id, S, 5, &[0; 9000]);
        assert!(bench.budget.now <= 8 * EARLY.bytes);
    }
    bench.packet(End::Resp, STATE, 7, S, FIRST, b"");
    assert_eq!(bench.finish().len(), 1);
}
