use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::detect::FrameRef;
use crate::time::Timestamp;

fn handshake() -> Vec<u8> {
    [&b"\x13BitTorrent protocol"[..], &[0, 0, 0, 0, 0, 0x10, 0, 5], &[0xaa; 20], b"-LT2110-abcdefghijkl"]
        .concat()
}

fn piece(data: usize) -> Vec<u8> {
    let len = u32::try_from(data + 9).unwrap().to_be_bytes();
    [&len[..], &[7], &1u32.to_be_bytes(), &0u32.to_be_bytes(), &vec![0x55; data]].concat()
}

fn stream() -> Vec<u8> {
    let request = [&[0, 0, 0, 13, 6][..], &[0; 8], &16384u32.to_be_bytes()].concat();
    [handshake(), vec![0, 0, 0, 5, 4, 0, 0, 0, 9], request, vec![0; 4], piece(100), vec![0, 0, 0, 1, 2]]
        .concat()
}

fn stamp(number: u64) -> Stamp {
    Stamp { time: Timestamp(0), frame: FrameRef { capture: 0, number } }
}

fn facts(reader: &dyn StreamReader) -> Vec<Fact> {
    reader.observations().into_iter().map(|observation| observation.fact).collect()
}

fn expected() -> Vec<Fact> {
    vec![
        Fact::Handshake {
            infohash: [0xaa; 20],
            peer_id: Some(*b"-LT2110-abcdefghijkl"),
            reserved: [0, 0, 0, 0, 0, 0x10, 0, 5],
        },
        Fact::Messages {
            pieces: 1,
            piece_bytes: 100,
            counts: BTreeMap::from([
                ("have", 1),
                ("interested", 1),
                ("keep_alive", 1),
                ("piece", 1),
                ("request", 1),
            ]),
            partial: false,
        },
    ]
}

#[test]
fn every_cut_in_two_and_every_single_byte_gives_the_same_facts() {
    let stream = stream();
    for cut in 0..=stream.len() {
        let mut reader = PeerWire.open();
        let mut anomalies = Anomalies::default();
        let (head, tail) = stream.split_at(cut);
        reader.read(End::Orig, head, stamp(1), &mut anomalies);
        reader.read(End::Orig, tail, stamp(2), &mut anomalies);
        assert_eq!(facts(&*reader), expected(), "cut at {cut}");
    }
    let mut reader = PeerWire.open();
    for byte in &stream {
        reader.read(End::Resp, &[*byte], stamp(1), &mut Anomalies::default());
    }
    assert_eq!(facts(&*reader), expected());
}

/// What can be believed of what the orig end said first, where the beginning of neither direction was captured.
fn believed(orig: &[u8], resp: &[u8]) -> Option<Confidence> {
    let mut found = Vec::new();
    for step in [1, 3, 70, 200] {
        let (mut reader, mut anomalies) = (PeerWire.open(), Anomalies::default());
        for (end, bytes) in [(End::Orig, orig), (End::Resp, resp)] {
            bytes.chunks(step).for_each(|part| reader.read(end, part, stamp(1), &mut anomalies));
        }
        let certain = Ends { orig: true, resp: true };
        assert_eq!(reader.believable(certain), reader.observations(), "the first byte is proof enough");
        let seen = reader.believable(Ends::default());
        found.push(seen.iter().filter(|seen| seen.end == End::Orig).map(|seen| seen.confidence).max());
    }
    found.dedup();
    let [found] = found[..] else { panic!("it depends on how it is cut: {found:?}") };
    found
}

#[test]
fn a_handshake_that_may_be_quoted_is_suspected_until_something_proves_it() {
    let fluent = [handshake(), vec![0, 0, 0, 1, 2]].concat();
    assert_eq!(believed(&handshake(), b""), Some(Confidence::Suspected));
    assert_eq!(believed(&[handshake(), vec![0; 4]].concat(), b""), Some(Confidence::Suspected), "zeros");
    assert_eq!(believed(&fluent, b""), Some(Confidence::Confirmed), "a message follows");
    assert_eq!(believed(&handshake(), &handshake()), Some(Confidence::Confirmed), "it is answered");
    assert_eq!(believed(&fluent, &[0, 0, 0, 1, 1]), Some(Confidence::Confirmed), "whose handshake is missed");
    let mut other = handshake();
    other[28..48].fill(0xbb);
    assert_eq!(believed(&handshake(), &other), Some(Confidence::Suspected), "by another torrent's");
    other[27] |= 0x10;
    assert_eq!(believed(&handshake(), &other), Some(Confidence::Confirmed), "by a hybrid's other name");
}

#[test]
fn who_began_with_something_else_shakes_no_hands_later() {
    let (mut reader, mut anomalies) = (PeerWire.open(), Anomalies::default());
    reader.read(End::Resp, &handshake(), stamp(1), &mut anomalies);
    reader.miss_beginning(End::Orig);
    assert!(!reader.wants(End::Orig));
    reader.read(End::Orig, &stream(), stamp(2), &mut anomalies);
    reader.miss_beginning(End::Resp);
    assert!(reader.wants(End::Resp), "its handshake has come");
    assert!(reader.observations().iter().all(|seen| seen.end == End::Resp));
}

#[test]
fn what_follows_a_quotation_or_answers_it_refutes_it() {
    let fluent = [handshake(), vec![0, 0, 0, 1, 2]].concat();
    assert_eq!(believed(&[&handshake(), &b"and so on"[..]].concat(), b""), None);
    assert_eq!(believed(&[&fluent, &b"and so on"[..]].concat(), b""), None);
    for reply in [&b"HTTP/1.1 200 OK\r\n"[..], b"250 OK\r\n", b"\x17\x03\x03\0\x20", b"\0\0\0\x45\xffSMB"] {
        assert_eq!(believed(&handshake(), reply), None);
        assert_eq!(believed(&fluent, reply), None);
    }
}

#[test]
fn a_gap_inside_a_piece_is_stepped_over_and_counts() {
    let mut reader = PeerWire.open();
    let mut anomalies = Anomalies::default();
    reader.read(End::Orig, &[handshake(), piece(100)[..40].to_vec()].concat(), stamp(1), &mut anomalies);
    reader.skip(End::Orig, 73, stamp(2));
    reader.read(End::Orig, &piece(5), stamp(3), &mut anomalies);
    let Some(Fact::Messages { pieces, piece_bytes, partial, .. }) = facts(&*reader).pop() else { panic!() };
    assert_eq!((pieces, piece_bytes, partial), (2, 105, false));
}

#[test]
fn a_gap_between_messages_ends_the_counting_and_says_so() {
    let mut reader = PeerWire.open();
    let mut anomalies = Anomalies::default();
    reader.read(End::Orig, &[handshake(), piece(100)].concat(), stamp(1), &mut anomalies);
    reader.skip(End::Orig, 1, stamp(2));
    reader.read(End::Orig, &piece(5), stamp(3), &mut anomalies);
    assert!(!reader.wants(End::Orig));
    let Some(Fact::Messages { pieces, partial, .. }) = facts(&*reader).pop() else { panic!() };
    assert_eq!((pieces, partial), (1, true));
}

#[test]
fn the_first_pieces_of_an_allowed_fast_set_are_kept_each_once_and_in_order() {
    let allows = |index: u32| [&[0, 0, 0, 5, 17][..], &index.to_be_bytes()].concat();
    let mut reader = PeerWire.open();
    let sent = [9, 4, 9].into_iter().chain(20..40).flat_map(allows);
    let stream: Vec<u8> = handshake().into_iter().chain(sent).collect();
    reader.read(End::Resp, &stream, stamp(1), &mut Anomalies::default());
    let indexes = vec![9, 4, 20, 21, 22, 23, 24, 25, 26, 27];
    let seen = reader.observations().pop().unwrap();
    assert_eq!((seen.detector, seen.end, seen.count), (EXTERNAL_ADDRESS, End::Resp, 10));
    assert_eq!(seen.fact, Fact::AllowedFast { infohash: [0xaa; 20], indexes });
}

#[test]
fn nonsense_after_a_handshake_is_an_anomaly_and_the_handshake_stays() {
    let mut reader = PeerWire.open();
    let mut anomalies = Anomalies::default();
    reader.read(End::Orig, &[handshake(), vec![0xff; 9]].concat(), stamp(1), &mut anomalies);
    assert_eq!(anomalies.iter().collect::<Vec<_>>(), [(Anomaly::MessageMalformed, 1)]);
    assert_eq!(facts(&*reader).len(), 2);
}

#[test]
fn a_handshake_without_its_peer_id_still_names_the_torrent() {
    let mut reader = PeerWire.open();
    reader.read(End::Orig, &handshake()[..60], stamp(1), &mut Anomalies::default());
    let expected =
        Fact::Handshake { infohash: [0xaa; 20], peer_id: None, reserved: [0, 0, 0, 0, 0, 0x10, 0, 5] };
    assert_eq!(facts(&*reader), [expected]);
}

#[test]
fn every_frame_that_carries_a_part_of_a_handshake_proves_it() {
    let (mut reader, mut anomalies) = (PeerWire.open(), Anomalies::default());
    let (first, rest) = (&handshake()[..40], [&handshake()[40..], &piece(9)].concat());
    reader.read(End::Orig, first, stamp(4), &mut anomalies);
    reader.read(End::Orig, &rest, stamp(5), &mut anomalies);
    let proven = &reader.observations()[0].span;
    assert_eq!(proven.frames().map(|frame| frame.number).collect::<Vec<_>>(), [4, 5]);
    assert_eq!((proven.first, proven.last), (stamp(4).time, stamp(5).time));
}

#[test]
fn every_proper_prefix_of_a_handshake_is_not_yet_never_no() {
    let handshake = handshake();
    for cut in 0..HandshakeHead::LEN {
        assert_eq!(PeerWire.probe(&handshake[..cut]), Probe::NeedMore);
    }
    assert_eq!(PeerWire.probe(&handshake), Probe::Match);
    assert_eq!(PeerWire.probe(b"\x13Bittorrent"), Probe::Reject);
}

/// An extended message.
fn extended(id: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&len[..], &[20, id], body].concat()
}

const INTRODUCTION: &[u8] =
    b"d1:md11:ut_metadatai3e12:ut_holepunchi4e6:ut_pexi1ee1:pi6881e1:v5:first6:yourip4:\xcb\x00\x71\x072:ypi51413ee";
const ANSWER: &[u8] = b"d1:md11:ut_metadatai2e6:ut_pexi7eee";
const PEERS: &[u8] =
    b"d5:added12:\xc0\x00\x02\x01\x1a\xe1\xc0\x00\x02\x02\x00\x007:dropped6:\xc0\x00\x02\x03\x00\x50e";
const BLOCK: &[u8] = b"d8:msg_typei1e5:piecei0e10:total_sizei4eeinfo";

/// What the originator, and then the responder, sent after its handshake.
fn read(orig: &[Vec<u8>], resp: &[Vec<u8>]) -> (Reader, Anomalies) {
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    for (end, messages) in [(End::Orig, orig), (End::Resp, resp)] {
        reader.read(end, &handshake(), stamp(1), &mut anomalies);
        for message in messages {
            reader.read(end, message, stamp(2), &mut anomalies);
        }
    }
    (reader, anomalies)
}

#[test]
fn what_an_end_says_of_itself_is_a_fact_and_the_last_word_counts() {
    let again = extended(0, b"d1:pi7000e1:v6:seconde");
    let (reader, _) = read(&[extended(0, INTRODUCTION), again], &[]);
    let introduction =
        Introduction { client: Some(b"second".to_vec()), port: Some(7000), ..Introduction::default() };
    let facts = facts(&reader);
    assert!(facts.contains(&Fact::Extended { introduction, messages: BTreeMap::new() }), "{facts:?}");
    let told = Fact::ExternalAddress {
        ip: "203.0.113.7".parse().unwrap(),
        port: Some(51413),
        told_by: crate::detect::named::Source::Handshake,
    };
    assert!(facts.contains(&told));
}

#[test]
fn an_id_means_what_the_receiver_announced_and_peers_with_a_port_are_named() {
    let (mut reader, _) =
        read(&[extended(0, INTRODUCTION), extended(7, PEERS), extended(1, PEERS)], &[extended(0, ANSWER)]);
    assert!(facts(&reader).contains(&Fact::Pex { added: 2, dropped: 1 }));
    let named = reader.named();
    assert_eq!(
        named.iter().map(|named| (named.endpoint.port, named.by)).collect::<Vec<_>>(),
        [(6881, End::Orig)]
    );
    assert_eq!((named[0].infohash, named[0].source.label()), ([0xaa; 20], "pex"));
}

#[test]
fn a_relay_names_whom_to_connect_to() {
    let connect = extended(4, b"\x01\x00\xc0\x00\x02\x09\x1a\xe1");
    let rendezvous = extended(4, b"\x00\x00\xc0\x00\x02\x08\x1a\xe1");
    let (mut reader, _) = read(&[extended(0, INTRODUCTION)], &[rendezvous, connect]);
    let named = reader.named();
    assert_eq!((named.len(), named[0].endpoint.ip[15], named[0].source.label()), (1, 9, "holepunch"));
}

#[test]
fn messages_wait_for_the_handshake_that_says_what_they_are() {
    let block = extended(3, BLOCK);
    let (mut reader, _) = read(&[], &[block, extended(0, ANSWER)]);
    assert!(reader.collect(LENT).passed.is_empty());
    assert!(reader.collect(LENT).held > 0);
    reader.read(End::Orig, &extended(0, INTRODUCTION), stamp(3), &mut Anomalies::default());
    let collected = reader.collect(LENT);
    let what = Proof::Metadata { infohash: [0xaa; 20], body: BLOCK.to_vec() };
    assert_eq!(collected.passed, [Passed { stream: 0, end: End::Resp, what }]);
    assert_eq!(collected.held, 0);
    assert!(facts(&reader).contains(&Fact::Metadata { requests: 0, blocks: 1, rejects: 0 }));
}

#[test]
fn a_metadata_message_of_an_unknown_type_is_no_fact() {
    let other = extended(2, b"d8:msg_typei9e5:piecei0ee");
    let (reader, anomalies) = read(&[extended(0, INTRODUCTION), other], &[extended(0, ANSWER)]);
    assert!(!facts(&reader).iter().any(|fact| matches!(fact, Fact::Metadata { .. })));
    assert!(anomalies.iter().next().is_none());
}

#[test]
fn nonsense_in_an_extended_message_is_an_anomaly_and_the_talk_goes_on() {
    let (reader, anomalies) = read(
        &[extended(0, b"nonsense"), extended(0, INTRODUCTION), extended(7, b"le"), piece(9)],
        &[extended(0, ANSWER)],
    );
    assert_eq!(anomalies.iter().collect::<Vec<_>>(), [(Anomaly::MessageMalformed, 2)]);
    assert!(facts(&reader).iter().any(|fact| matches!(fact, Fact::Messages { pieces: 1, .. })));
}

#[test]
fn a_message_with_a_gap_is_passed_by_and_what_it_held_given_back() {
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    reader.read(
        End::Orig,
        &[handshake(), extended(0, INTRODUCTION)[..20].to_vec()].concat(),
        stamp(1),
        &mut anomalies,
    );
    assert!(reader.collect(LENT).held > 0);
    reader.skip(End::Orig, INTRODUCTION.len() as u64 - 14, stamp(2));
    reader.read(End::Orig, &piece(5), stamp(3), &mut anomalies);
    assert_eq!(reader.collect(LENT).held, 0x400, "an open piece");
    assert!(!facts(&reader).iter().any(|fact| matches!(fact, Fact::Extended { .. })));
    assert_eq!(reader.pieces().len(), 1);
    assert_eq!(reader.collect(LENT).held, 0);
}

#[test]
fn pieces_are_hashed_as_they_pass_and_nothing_stays_held() {
    let (mut reader, _) = read(&[], &[piece(100)]);
    let sent = reader.pieces();
    assert_eq!((sent.len(), sent[0].end, sent[0].infohash), (1, End::Resp, [0xaa; 20]));
    assert_eq!(sent[0].digests[&1].len, 100);
    assert_eq!(reader.collect(0).held, 0);
}

#[test]
fn without_room_nothing_is_held_and_that_is_counted() {
    let mut reader = Reader::default();
    reader.collect(0);
    for bytes in [handshake(), extended(0, INTRODUCTION), piece(100)] {
        reader.read(End::Orig, &bytes, stamp(1), &mut Anomalies::default());
    }
    let collected = reader.collect(0);
    assert_eq!((collected.held, collected.refused), (0, 2));
    assert!(matches!(facts(&reader).pop(), Some(Fact::Messages { pieces: 1, piece_bytes: 100, .. })));
}

/// Messages as they may come: of each kind that is read, and any bytes.
fn said() -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = || prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        Just(extended(0, INTRODUCTION)),
        Just(extended(0, ANSWER)),
        Just(extended(3, BLOCK)),
        Just(extended(7, PEERS)),
        (0..20_usize).prop_map(piece),
        (0..9_u8, any_bytes()).prop_map(|(id, body)| extended(id, &body)),
        any_bytes(),
    ]
}

/// Reads bytes of both ends, `None` being bytes that were not captured; returns all that comes of it.
fn outcome(runs: &[(End, Option<&[u8]>, usize)]) -> (Vec<Observation>, Vec<Passed>, Vec<SentPieces>, usize) {
    let mut reader = Reader::default();
    let mut passed = Vec::new();
    for (end, bytes, len) in runs {
        match bytes {
            Some(bytes) => reader.read(*end, bytes, stamp(1), &mut Anomalies::default()),
            None => reader.skip(*end, *len as u64, stamp(1)),
        }
        passed.extend(reader.collect(LENT).passed);
    }
    let pieces = reader.pieces();
    let waiting = reader.said.orig.take_waiting(&mut reader.budget).len()
        + reader.said.resp.take_waiting(&mut reader.budget).len();
    for end in [End::Orig, End::Resp] {
        reader.skip(end, u64::MAX, stamp(1));
    }
    let held = reader.collect(0).held;
    assert!(waiting <= runs.len());
    (reader.observations(), passed, pieces, held)
}

proptest! {
    #[test]
    fn any_talk_is_read_the_same_however_it_is_cut_and_all_is_given_back(
        talk in prop::collection::vec((any::<bool>(), prop::option::weighted(0.9, said())), 0..12),
        step in 1..30_usize,
    ) {
        let hello = handshake();
        let end = |is_orig: bool| if is_orig { End::Orig } else { End::Resp };
        let mut whole = vec![(End::Orig, Some(&hello[..]), 0), (End::Resp, Some(&hello[..]), 0)];
        whole.extend(talk.iter().map(|(is_orig, said)| (end(*is_orig), said.as_deref(), 7)));
        let cut: Vec<_> = whole
            .iter()
            .flat_map(|(end, bytes, len)| match bytes {
                Some(bytes) => bytes.chunks(step).map(|part| (*end, Some(part), 0)).collect(),
                None => vec![(*end, None, *len)],
            })
            .collect();
        let found = outcome(&cut);
        prop_assert_eq!(&found, &outcome(&whole));
        prop_assert_eq!(found.3, 0);
    }
}
