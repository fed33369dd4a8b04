use std::collections::BTreeMap;

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
