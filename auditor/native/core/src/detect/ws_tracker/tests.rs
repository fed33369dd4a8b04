use proptest::prelude::*;

use super::*;
use crate::detect::announces::Claims;
use crate::detect::{Confidence, FrameRef};
use crate::time::Timestamp;
use crate::wire::bt::tracker::Event;

const REQUEST: &[u8] = b"GET /?k=s3cret HTTP/1.1\r\nHost: tracker.example\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const CONSENT: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
const ANNOUNCE: &str = r#"{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"-WW0102-bbbbbbbbbbbb",
    "uploaded":1,"downloaded":2,"left":3,"event":"started","offers":[{"offer":{"sdp":"a=candidate 192.0.2.77"}}]}"#;
const REPLY: &str =
    r#"{"action":"announce","interval":120,"info_hash":"aaaaaaaaaaaaaaaaaaaa","complete":1,"incomplete":2}"#;
const PEER: &str = r#"{"action":"announce","offer":{"sdp":"x"},"offer_id":"x","peer_id":"cccccccccccccccccccc","info_hash":"aaaaaaaaaaaaaaaaaaaa"}"#;

fn stamp(number: u64) -> Stamp {
    Stamp { time: Timestamp(0), frame: FrameRef { capture: 0, number } }
}

/// A frame with these first four bits and kind.
fn frame(first: u8, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let len = match payload.len() {
        short @ 0..126 => vec![mask | u8::try_from(short).unwrap()],
        len @ 126..65_536 => [&[mask | 0x7e][..], &u16::try_from(len).unwrap().to_be_bytes()].concat(),
        len => [&[mask | 0x7f][..], &u64::try_from(len).unwrap().to_be_bytes()].concat(),
    };
    let key = masked.then_some([0x37, 0xfa, 0x21, 0x3d]);
    let payload: Vec<u8> = unmask(payload, key, 0).collect();
    [&[first][..], &len, &key.map(|key| key.to_vec()).unwrap_or_default(), &payload].concat()
}

fn said(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes(), true)
}

fn answered(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes(), false)
}

/// What a reader makes of both directions, each in pieces of `step` bytes.
fn read(step: usize, asked: &[Vec<u8>], answers: &[Vec<u8>]) -> (Vec<Observation>, Vec<(Anomaly, u64)>) {
    let (mut reader, mut anomalies) = (WsTracker.open(), Anomalies::default());
    for (end, head, messages) in [(End::Orig, REQUEST, asked), (End::Resp, CONSENT, answers)] {
        for piece in [head, &messages.concat()].concat().chunks(step) {
            reader.read(end, piece, stamp(1), &mut anomalies);
        }
    }
    (reader.observations(), anomalies.iter().collect())
}

fn announce_of(seen: &[Observation]) -> (u64, Option<TrackerAnswer>) {
    let [Observation { count, fact: Fact::TrackerAnnounce { answer, .. }, .. }] = seen else {
        panic!("{seen:?}")
    };
    (*count, *answer)
}

const ANSWER: TrackerAnswer =
    TrackerAnswer { interval: Some(120), complete: Some(1), incomplete: Some(2), peers: 1, failed: false };

#[test]
fn an_announce_is_joined_with_its_answer_wherever_the_bytes_are_cut() {
    let claim = Claim { event: Event::Started, downloaded: Some(2), uploaded: Some(1), left: Some(3) };
    let expected = Fact::TrackerAnnounce {
        infohash: [b'a'; 20],
        peer_id: *b"-WW0102-bbbbbbbbbbbb",
        port: None,
        claimed: Claims { first: claim, last: claim, completed: false },
        credentials: true,
        answer: Some(ANSWER),
        host: Some("tracker.example".into()),
    };
    for step in [1, 2, 3, 7, 100, 1 << 20] {
        let (seen, anomalies) = read(step, &[said(ANNOUNCE)], &[answered(REPLY), answered(PEER)]);
        assert_eq!((seen.len(), anomalies), (1, vec![]));
        assert_eq!(
            (seen[0].detector, seen[0].confidence, seen[0].end),
            (WS_TRACKER, Confidence::Confirmed, End::Orig)
        );
        assert_eq!(seen[0].fact, expected, "pieces of {step}");
        let text = format!("{seen:?}");
        assert!(!text.contains("s3cret") && !text.contains("192.0.2.77"));
    }
}

#[test]
fn it_does_not_matter_which_direction_is_read_first() {
    let (mut reader, mut anomalies) = (WsTracker.open(), Anomalies::default());
    let answers = [CONSENT, &answered(REPLY), &answered(PEER)].concat();
    reader.read(End::Orig, &answers, stamp(1), &mut anomalies);
    reader.read(End::Resp, &[REQUEST, &said(ANNOUNCE)].concat(), stamp(2), &mut anomalies);
    let seen = reader.observations();
    assert_eq!((announce_of(&seen), seen[0].end), ((1, Some(ANSWER)), End::Resp));
    assert_eq!(anomalies.iter().count(), 0);
}

#[test]
fn behind_a_request_that_was_read_elsewhere_the_frames_tell_the_same() {
    let (request, _) = UpgradeRequest::parse(REQUEST).unwrap();
    let mut reader = WsTracker::open_upgraded(End::Orig, request);
    reader.read(End::Orig, &said(ANNOUNCE), stamp(1), &mut Anomalies::default());
    reader.read(End::Resp, &[answered(REPLY), answered(PEER)].concat(), stamp(2), &mut Anomalies::default());
    assert_eq!(reader.observations(), read(999, &[said(ANNOUNCE)], &[answered(REPLY), answered(PEER)]).0);
}

#[test]
fn a_message_in_parts_with_control_frames_between_is_whole() {
    let (head, tail) = ANNOUNCE.as_bytes().split_at(50);
    let parts = [
        frame(0x01, head, true),
        frame(0x89, b"ping", true),
        frame(0x00, b"", true),
        frame(0x80, tail, true),
        frame(0x8a, b"", true),
        said(ANNOUNCE),
    ];
    for step in [1, 5, 1000] {
        let (seen, anomalies) = read(step, &parts, &[]);
        assert_eq!((announce_of(&seen), anomalies), ((2, None), vec![]));
    }
}

#[test]
fn every_frame_that_carries_a_part_of_an_announce_proves_it() {
    let (mut reader, mut anomalies) = (WsTracker.open(), Anomalies::default());
    let stream = [REQUEST, &said(ANNOUNCE)].concat();
    let (first, rest) = stream.split_at(REQUEST.len() + 40);
    reader.read(End::Orig, first, stamp(4), &mut anomalies);
    reader.read(End::Orig, rest, stamp(5), &mut anomalies);
    let seen = reader.observations();
    assert_eq!(seen[0].span.frames().map(|frame| frame.number).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn a_gap_inside_a_frame_loses_that_message_and_elsewhere_the_rest() {
    let whole = said(ANNOUNCE);
    for missing in [20, whole.len() - 30] {
        let (mut reader, mut anomalies) = (WsTracker.open(), Anomalies::default());
        reader.read(End::Orig, &[REQUEST, &whole[..30]].concat(), stamp(1), &mut anomalies);
        reader.skip(End::Orig, missing as u64, stamp(2));
        reader.read(End::Orig, &[&whole[30 + missing..], &whole].concat(), stamp(3), &mut anomalies);
        assert_eq!(announce_of(&reader.observations()), (1, None));
        reader.skip(End::Orig, 1, stamp(4));
        assert!(!reader.wants(End::Orig) && reader.wants(End::Resp));
        reader.read(End::Orig, &whole, stamp(5), &mut anomalies);
        assert_eq!(announce_of(&reader.observations()), (1, None));
    }
}

#[test]
fn what_a_tracker_says_of_torrents_that_nobody_announced_is_nothing() {
    assert_eq!(read(999, &[], &[answered(REPLY), answered(PEER), answered(ANNOUNCE)]), (vec![], vec![]));
    let other = ANNOUNCE.replace("aaaa", "dddd");
    assert_eq!(announce_of(&read(999, &[said(&other)], &[answered(REPLY)]).0), (1, None));
}

#[test]
fn a_scrape_is_joined_with_its_answer() {
    let ask = r#"{"action":"scrape","info_hash":["aaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbb"]}"#;
    let answer = r#"{"action":"scrape","files":{"aaaaaaaaaaaaaaaaaaaa":{"complete":1}}}"#;
    let (seen, _) = read(999, &[said(ask)], &[answered(answer)]);
    let infohashes = vec![[b'a'; 20], [b'b'; 20]];
    assert_eq!(
        seen[0].fact,
        Fact::TrackerScrape { infohashes, answered: true, host: Some("tracker.example".into()) }
    );
}

#[test]
fn frames_that_break_the_rules_end_the_reading_of_their_direction() {
    let broken: [&[Vec<u8>]; 4] = [
        &[answered(ANNOUNCE)],                               // a client's frame without a mask
        &[frame(0x80, b"x", true)],                          // more of nothing
        &[frame(0x01, b"x", true), frame(0x81, b"x", true)], // a message inside a message
        &[frame(0x83, b"x", true)],                          // a reserved kind
    ];
    for frames in broken {
        let (seen, anomalies) = read(999, &[frames, &[said(ANNOUNCE)]].concat(), &[]);
        assert_eq!((seen, anomalies), (vec![], vec![(Anomaly::WebsocketMalformed, 1)]));
    }
    let (seen, anomalies) = read(999, &[said(ANNOUNCE)], &[said(REPLY)]);
    assert_eq!((announce_of(&seen), anomalies), ((1, None), vec![(Anomaly::WebsocketMalformed, 1)]));
    assert_eq!(read(999, &[frame(0x88, b"", true), said(ANNOUNCE)], &[]), (vec![], vec![]));
}

#[test]
fn messages_too_long_or_compressed_are_stepped_over() {
    let long = frame(0x01, &vec![b' '; MAX_MESSAGE - 1], true);
    let (seen, anomalies) = read(999, &[long.clone(), frame(0x80, b"  ", true), said(ANNOUNCE)], &[]);
    assert_eq!((announce_of(&seen), anomalies), ((1, None), vec![(Anomaly::WebsocketMalformed, 1)]));
    let full = frame(0x80, b"}", true);
    assert_eq!(read(999, &[long, full], &[]).1, []);
    let packed = frame(0xc1, ANNOUNCE.as_bytes(), true);
    let (seen, anomalies) = read(999, &[packed, said(ANNOUNCE)], &[]);
    assert_eq!((announce_of(&seen), anomalies), ((1, None), vec![]));
}

#[test]
fn a_websocket_of_something_else_is_given_up() {
    let chat: Vec<_> = std::iter::repeat_n(said(r#"{"say":"hello"}"#), 8).collect();
    let mut reader = WsTracker.open();
    reader.read(End::Orig, &[REQUEST, &chat[..7].concat()].concat(), stamp(1), &mut Anomalies::default());
    assert!(reader.wants(End::Orig));
    reader.read(End::Orig, &chat[7], stamp(1), &mut Anomalies::default());
    assert!(!reader.wants(End::Orig) && !reader.wants(End::Resp));
    let (mut reader, mut anomalies) = (WsTracker.open(), Anomalies::default());
    reader.read(End::Orig, REQUEST, stamp(1), &mut anomalies);
    let pushed: Vec<_> = std::iter::repeat_n(frame(0xc2, b"news", false), 8).collect();
    reader.read(End::Resp, &[CONSENT, &pushed.concat()].concat(), stamp(1), &mut anomalies);
    assert!(!reader.wants(End::Orig) && !reader.wants(End::Resp));
    assert_eq!(read(999, &[vec![said(ANNOUNCE)], chat, vec![said(ANNOUNCE)]].concat(), &[]).0[0].count, 2);
}

#[test]
fn a_server_that_refuses_is_read_no_further() {
    let mut reader = WsTracker.open();
    reader.read(End::Orig, REQUEST, stamp(1), &mut Anomalies::default());
    reader.read(End::Resp, b"HTTP/1.1 403 Forbidden\r\n\r\n", stamp(2), &mut Anomalies::default());
    assert!(!reader.wants(End::Resp));
    assert_eq!(reader.observations(), []);
}

#[test]
fn torrents_beyond_the_cap_are_counted() {
    let many: Vec<_> =
        (0..260).map(|number| said(&ANNOUNCE.replace("aaaaa", &format!("a{number:04}")))).collect();
    let (seen, anomalies) = read(9999, &many, &[]);
    assert_eq!((seen.len(), anomalies), (256, vec![(Anomaly::TrackerOverfull, 4)]));
}

#[test]
fn a_probe_waits_for_the_end_of_the_head_and_no_longer() {
    for cut in 0..REQUEST.len() {
        assert_eq!(WsTracker.probe(&REQUEST[..cut]), Probe::NeedMore);
    }
    assert_eq!(WsTracker.probe(REQUEST), Probe::Match);
    assert_eq!(WsTracker.probe(&[REQUEST, &said(ANNOUNCE)].concat()), Probe::Match);
    assert_eq!(WsTracker.probe(CONSENT), Probe::NeedMore);
    for other in [
        &b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        b"GET /announce?info_hash=a HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200",
        b"\x13B",
        b"\x16\x03",
    ] {
        assert_eq!(WsTracker.probe(other), Probe::Reject);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        pieces in prop::collection::vec((any::<bool>(), 0_u8..6, any::<Vec<u8>>()), 0..30)
    ) {
        let (mut reader, mut anomalies) = (WsTracker.open(), Anomalies::default());
        reader.read(End::Orig, REQUEST, stamp(1), &mut anomalies);
        reader.read(End::Resp, CONSENT, stamp(1), &mut anomalies);
        for (is_client, kind, bytes) in pieces {
            let end = if is_client { End::Orig } else { End::Resp };
            let piece = match kind {
                0 => frame(0x81, ANNOUNCE.as_bytes(), is_client),
                1 => frame(0x01, &bytes, is_client),
                2 => frame(0x80, &bytes, is_client),
                3 => frame(0x81, REPLY.as_bytes(), is_client),
                4 => {
                    reader.skip(end, bytes.len() as u64, stamp(2));
                    continue;
                }
                _ => bytes,
            };
            reader.read(end, &piece, stamp(3), &mut anomalies);
        }
        let _ = reader.observations();
    }
}
