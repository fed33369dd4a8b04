//! The detector as a whole: true flows, readable ones, and what only looks alike.

use proptest::prelude::*;

use super::testing::random;
use super::*;
use crate::detect::FrameRef;
use crate::time::Timestamp;

use End::{Orig, Resp};

/// What is sent, flight by flight, beginning with the initiator's.
type Script = Vec<Vec<u8>>;

fn speaker(number: usize) -> End {
    if number.is_multiple_of(2) { Orig } else { Resp }
}

/// Reads a script in segments of at most `segment` bytes, a millisecond apart.
fn read(script: &Script, segment: usize) -> (Vec<Observation>, Ends<bool>) {
    let (mut reader, mut anomalies) = (Mse.open(), Anomalies::default());
    let mut number = 0;
    for (flight, bytes) in script.iter().enumerate() {
        for bytes in bytes.chunks(segment) {
            number += 1;
            let time = Timestamp(i64::try_from(flight).unwrap() * 1_000_000);
            let stamp = Stamp { time, frame: FrameRef { capture: 0, number } };
            reader.read(speaker(flight), bytes, stamp, &mut anomalies);
        }
    }
    assert_eq!(anomalies.iter().count(), 0);
    (reader.observations(), Ends { orig: reader.wants(Orig), resp: reader.wants(Resp) })
}

fn facts(script: &Script, segment: usize) -> Vec<(&'static str, Confidence, End, Fact)> {
    let seen = read(script, segment).0;
    seen.into_iter().map(|seen| (seen.detector, seen.confidence, seen.end, seen.fact)).collect()
}

fn of(lens: &[usize]) -> Script {
    lens.iter().zip(100..).map(|(len, seed)| random(seed, *len)).collect()
}

fn handshake(peer: u8) -> Vec<u8> {
    [&b"\x13BitTorrent protocol"[..], &[0, 0, 0, 0, 0, 0x10, 0, 5], &[0xaa; 20], &[peer; 20]].concat()
}

const INTERESTED: &[u8] = &[0, 0, 0, 1, 2];

fn piece(size: u32) -> Vec<u8> {
    [&(size + 9).to_be_bytes()[..], &[7], &[0; 8], &vec![0x55; size as usize]].concat()
}

/// Who said what in the plain part: handshakes, and messages with bytes of pieces.
fn plain(script: &Script, segment: usize) -> Vec<(End, &'static str, u64)> {
    let seen = facts(script, segment);
    assert!(seen.iter().all(|(_, confidence, ..)| *confidence == Confidence::Confirmed), "{seen:?}");
    let said = seen.into_iter().filter_map(|(.., end, fact)| match fact {
        Fact::Handshake { infohash, .. } => {
            assert_eq!(infohash, [0xaa; 20]);
            Some((end, "handshake", 0))
        }
        Fact::Messages { piece_bytes, partial, .. } => {
            Some((end, if partial { "partial" } else { "whole" }, piece_bytes))
        }
        _ => None,
    });
    said.collect()
}

#[test]
fn a_bare_shape_is_suspected_at_both_ends_and_read_no_further() {
    let (seen, wanted) = read(&of(&[200, 300, 90, 40, 68, 3000, 3000]), 1448);
    let ends: Vec<_> = seen.iter().map(|seen| (seen.detector, seen.confidence, seen.end)).collect();
    assert_eq!(ends, [(MSE, Confidence::Suspected, Orig), (MSE, Confidence::Suspected, Resp)]);
    let Fact::Encrypted { flights, signature, randomness } = &seen[0].fact else { panic!() };
    assert_eq!((*flights, *signature), ([200, 300, 90, 40, 68], Some("handshake-fifth")));
    assert!(randomness.iter().all(|scores| (5_950..=6_585).contains(&scores.entropy)));
    assert_eq!((wanted.orig, wanted.resp), (false, false));
}

#[test]
fn a_flow_of_another_kind_is_dropped_with_its_first_flight_and_never_looked_at_again() {
    let (seen, wanted) = read(&[of(&[700]), vec![b"no".to_vec()]].concat(), 1448);
    assert_eq!((seen.len(), wanted.orig, wanted.resp), (0, false, false));
}

#[test]
fn the_responders_handshake_behind_the_fourth_flight_confirms() {
    // As captured from a real client: lengths 198, 424, 471, 240, 68, and the string at offset 664 of the answer.
    let mut script = of(&[198, 424, 471, 240, 68]);
    script.push([handshake(b'b'), INTERESTED.to_vec()].concat());
    script.push([INTERESTED, INTERESTED].concat());
    for segment in [1, 7, 100, 1448] {
        let said = [(Orig, "whole", 0), (Resp, "handshake", 0), (Resp, "whole", 0)];
        assert_eq!(plain(&script, segment), said, "{segment}");
    }
}

#[test]
fn a_handshake_in_the_fourth_flight_itself_confirms_and_more_than_is_kept_is_read() {
    let mut script = of(&[198, 424, 124, 14]);
    script[3].extend([handshake(b'b'), piece(30_000), piece(5)].concat());
    script.push([piece(7), piece(20_000)].concat());
    for segment in [1, 1448, usize::MAX] {
        let said = [(Orig, "whole", 20_007), (Resp, "handshake", 0), (Resp, "whole", 30_005)];
        assert_eq!(plain(&script, segment), said, "{segment}");
    }
}

#[test]
fn messages_of_the_initiator_are_read_after_its_encrypted_handshake() {
    let mut script = of(&[198, 424, 120, 40, 68]);
    script[4].extend(piece(3));
    script.push([handshake(b'b'), INTERESTED.to_vec()].concat());
    script.push(piece(9));
    for segment in [1, 5, 1448] {
        let said = [(Orig, "whole", 12), (Resp, "handshake", 0), (Resp, "whole", 0)];
        assert_eq!(plain(&script, segment), said, "{segment}");
    }
}

#[test]
fn both_handshakes_are_read_where_the_initiator_sent_none_with_the_third() {
    let mut script = of(&[350, 151, 300, 20]);
    script.push([handshake(b'a'), INTERESTED.to_vec()].concat());
    script.push(handshake(b'b'));
    script.push(piece(9));
    for segment in [1, 30, 1448] {
        let said = [(Orig, "handshake", 0), (Orig, "whole", 9), (Resp, "handshake", 0)];
        assert_eq!(plain(&script, segment), said, "{segment}");
    }
}

#[test]
fn a_quoted_handshake_confirms_nothing() {
    let bare = |script: &Script| {
        facts(script, 1448)
            .iter()
            .all(|(detector, confidence, ..)| (*detector, *confidence) == (MSE, Confidence::Suspected))
    };
    let quoted = |after: &[u8]| {
        let mut script = of(&[198, 424, 471, 240, 68]);
        script.push([&handshake(b'b'), after].concat());
        script
    };
    assert!(bare(&quoted(b"</pre></body>")), "no message follows");
    assert!(bare(&quoted(&[0; 8])), "zeros follow");
    assert!(bare(&quoted(b"")), "nothing follows");
    let mut early = of(&[198, 300, 471, 240, 68]);
    early[1].splice(100..168, handshake(b'b'));
    assert!(bare(&early), "inside the second flight");
    let mut late = of(&[198, 424, 471, 900, 68]);
    late.push([handshake(b'b'), INTERESTED.to_vec()].concat());
    assert!(bare(&late), "too far from the beginning");
    let text = vec![b"GET / HTTP/1.1\r\n\r\n".to_vec(), [handshake(b'b'), INTERESTED.to_vec()].concat()];
    assert_eq!(facts(&text, 1448), [], "without the flights before it");
}

#[test]
fn a_gap_before_the_handshake_leaves_the_shape_alone() {
    let (mut reader, mut anomalies) = (Mse.open(), Anomalies::default());
    for (number, flight) in of(&[198, 424, 471, 40]).iter().enumerate() {
        reader.read(speaker(number), flight, Stamp::default(), &mut anomalies);
    }
    reader.skip(Resp, 10, Stamp::default());
    reader.read(Resp, &[handshake(b'b'), INTERESTED.to_vec()].concat(), Stamp::default(), &mut anomalies);
    let seen = reader.observations();
    assert!(seen.iter().all(|seen| seen.confidence == Confidence::Suspected));
    let Fact::Encrypted { flights, .. } = seen[0].fact else { panic!() };
    assert_eq!(flights, [198, 424, 471, 123, 0], "lengths count on");
}

#[test]
fn programs_that_are_no_bittorrent_have_no_shape() {
    let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &random(1, 300)].concat();
    let shake = [&b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"[..], &random(2, 300)].concat();
    let http = vec![b"GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n".repeat(3), random(3, 400)];
    let others: Vec<(&str, Script)> = vec![
        ("TLS", vec![hello, shake, random(3, 93), random(4, 51), random(5, 68)]),
        ("SSH", vec![b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), b"SSH-2.0-x\r\n".to_vec(), random(6, 1500)]),
        ("HTTP", http),
        (
            "RLPx",
            [vec![[&400_u16.to_be_bytes()[..], &random(7, 400)].concat()], of(&[300, 90, 40, 68])].concat(),
        ),
        ("obfs4 with its long padding", of(&[4000, 3000, 500, 500])),
        ("Shadowsocks with a long answer", of(&[300, 1448, 100, 500])),
        ("short exchanges", of(&[40, 40, 40, 40])),
    ];
    for (name, script) in others {
        let refused = (1..=script[0].len()).any(|cut| Mse.probe(&script[0][..cut]) == Probe::Reject);
        assert!(refused || facts(&script, 1448).is_empty(), "{name}");
    }
    // MTProto is random from its first byte: by its shape alone it cannot be told apart, which is why the shape alone
    // is never reported and ports of services do not count.
    assert_eq!(facts(&of(&[105, 169, 104, 200]), 1448).len(), 2);
}

#[test]
fn every_proper_prefix_of_a_match_is_not_yet_never_no() {
    let first = random(100, 96);
    for cut in 0..96 {
        assert_eq!(Mse.probe(&first[..cut]), Probe::NeedMore);
    }
    assert_eq!(Mse.probe(&first), Probe::Match);
}

proptest! {
    #[test]
    fn segments_do_not_change_what_is_seen(
        lens in [96..608_usize, 96..608, 56..500, 14..500, 68..69],
        tail in 0..400_u32,
        readable: bool,
        segment in 1..1500_usize,
    ) {
        let mut script = of(&lens);
        script.push(if readable { [handshake(b'b'), piece(tail)].concat() } else { random(7, tail as usize + 1) });
        script.push(piece(tail));
        prop_assert_eq!(facts(&script, segment), facts(&script, usize::MAX));
    }

    #[test]
    fn any_bytes_in_any_order_are_survived(
        runs in prop::collection::vec((any::<bool>(), 0..4_u8, prop::collection::vec(any::<u8>(), 0..700), 0..9_i64), 0..12),
    ) {
        let (mut reader, mut anomalies) = (Mse.open(), Anomalies::default());
        let mut time = 0;
        for (from_orig, kind, bytes, passed) in runs {
            time += passed * 50_000_000;
            let stamp = Stamp { time: Timestamp(time), frame: FrameRef::default() };
            let end = if from_orig { Orig } else { Resp };
            match kind {
                0 => reader.skip(end, bytes.len() as u64, stamp),
                1 => reader.read(end, &[handshake(b'b'), bytes].concat(), stamp, &mut anomalies),
                _ => reader.read(end, &bytes, stamp, &mut anomalies),
            }
            let seen = reader.observations();
            prop_assert!(seen.iter().all(|seen| seen.span.first <= seen.span.last));
        }
    }
}
