//! Conversations, cut anywhere and read in any order.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::anomaly::Anomaly;
use crate::detect::announces::{Claim, Claims, TrackerAnswer};
use crate::detect::inner::Wrapper;
use crate::detect::named::Source;
use crate::detect::{Fact, FrameRef};
use crate::time::Timestamp;
use crate::wire::bt::tracker::Event;

type Message = (End, Vec<u8>);

const SECRET: &str = "s3cr3tp4ssk3y0000000000000000000";
const INFO: &[u8] = b"d6:lengthi5e4:name5:a.bin12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae";

fn stamp(number: u64) -> Stamp {
    Stamp { time: Timestamp(i64::try_from(number).unwrap()), frame: FrameRef { capture: 0, number } }
}

fn get(target: &str) -> Message {
    let head = format!("GET {target} HTTP/1.1\r\nHost: t.example\r\nUser-Agent: qBittorrent/5.0\r\n\r\n");
    (End::Orig, head.into_bytes())
}

fn announce(infohash: char, more: &str) -> Message {
    let infohash = infohash.to_string().repeat(20);
    get(&format!("/{SECRET}/announce?info_hash={infohash}&peer_id=-LT2110-0123456789ab&port=6881{more}"))
}

fn answer(fields: &str, body: &[u8]) -> Message {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{fields}\r\n", body.len());
    (End::Resp, [head.as_bytes(), body].concat())
}

fn chunked(fields: &str, body: &[u8]) -> Message {
    let mut message = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{fields}\r\n").into_bytes();
    for chunk in body.chunks(7) {
        message.extend(format!("{:x}\r\n", chunk.len()).bytes());
        message.extend(chunk);
        message.extend(b"\r\n");
    }
    message.extend(b"0\r\n\r\n");
    (End::Resp, message)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

const PEERS: &[u8] =
    b"d8:completei5e11:external ip4:\xcb\x00\x71\x0710:incompletei2e8:intervali1800e5:peers12:\
    \xc0\x00\x02\x01\x1a\xe1\xc0\x00\x02\x02\x1a\xe2e";

/// One of everything, over one connection.
fn conversation() -> Vec<Message> {
    let torrent = [b"d8:announce10:http://t/x4:info".as_slice(), INFO, b"e"].concat();
    let link = format!("magnet:?xt=urn:btih:{}&x.pe=192.0.2.9:1", "b".repeat(40));
    let page = format!("<html><a href=\"{link}&amp;dn=x\">x</a></html>");
    vec![
        announce('a', "&uploaded=1&downloaded=2&left=3&event=started"),
        answer("Set-Cookie: uid=s3cr3tc00k1e\r\n", PEERS),
        get("/file.torrent"),
        chunked("Content-Type: application/x-bittorrent\r\n", &torrent),
        announce('a', "&uploaded=5&downloaded=5&left=0&event=completed"),
        announce('b', ""),
        chunked("Content-Encoding: gzip\r\n", &gzip(b"d8:intervali60e5:peers0:e")),
        answer("", format!("d14:failure reason{}:{SECRET}e", SECRET.len()).as_bytes()),
        (End::Orig, b"HEAD / HTTP/1.1\r\n\r\n".to_vec()),
        (End::Resp, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n".to_vec()),
        (End::Orig, b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nCookie: s3cr3tc00k1e\r\n\r\nGET /".to_vec()),
        (End::Resp, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nContent-Length: 0\r\n".to_vec()),
        (End::Resp, format!("Location: {link}\r\n\r\n").into_bytes()),
        get("http://t.example/scrape?info_hash=cccccccccccccccccccc&info_hash=dddddddddddddddddddd"),
        answer("", b"d5:filesd20:ccccccccccccccccccccd8:completei1eeee"),
        get("/page"),
        answer("Content-Type: text/html\r\n", page.as_bytes()),
        get("/seed?info_hash=eeeeeeeeeeeeeeeeeeee&piece=0"),
        answer("", &[0; 300]),
    ]
}

fn expected() -> Vec<(End, u64, Fact)> {
    let claim = |event, [uploaded, downloaded, left]: [u64; 3]| Claim {
        event,
        downloaded: Some(downloaded),
        uploaded: Some(uploaded),
        left: Some(left),
    };
    let first = claim(Event::Started, [1, 2, 3]);
    let last = claim(Event::Completed, [5, 5, 0]);
    let peer_id = *b"-LT2110-0123456789ab";
    let magnet = |place| Fact::Magnet { v1: Some([0xbb; 20]), v2: None, place };
    let v1 = Some(*b"\x4e\xac\x6e\xf2\x08\x48\x92\xea\xa7\xdc\x2a\xec\x09\x8a\x98\x95\x5f\xe8\x83\xff");
    vec![
        (
            End::Orig,
            2,
            Fact::TrackerAnnounce {
                infohash: [b'a'; 20],
                peer_id,
                port: Some(6881),
                claimed: Claims { first, last, completed: true },
                credentials: true,
                answer: Some(TrackerAnswer { interval: Some(60), ..TrackerAnswer::default() }),
                host: Some("t.example".into()),
            },
        ),
        (
            End::Orig,
            1,
            Fact::TrackerAnnounce {
                infohash: [b'b'; 20],
                peer_id,
                port: Some(6881),
                claimed: Claims { first: Claim::default(), last: Claim::default(), completed: false },
                credentials: true,
                answer: Some(TrackerAnswer { failed: true, ..TrackerAnswer::default() }),
                host: Some("t.example".into()),
            },
        ),
        (
            End::Orig,
            1,
            Fact::TrackerScrape {
                infohashes: vec![[b'c'; 20], [b'd'; 20]],
                answered: true,
                host: Some("t.example".into()),
            },
        ),
        (
            End::Resp,
            1,
            Fact::ExternalAddress {
                ip: "203.0.113.7".parse().unwrap(),
                port: None,
                told_by: Source::Tracker,
            },
        ),
        (
            End::Resp,
            1,
            Fact::TorrentFile { v1, v2: None, name: b"a.bin".to_vec(), private: false, web_seeds: vec![] },
        ),
        (End::Resp, 1, magnet(MagnetPlace::Location)),
        (End::Resp, 1, magnet(MagnetPlace::Page)),
        (End::Orig, 1, Fact::WebSeed { infohash: [b'e'; 20], bytes: 300 }),
    ]
}

/// Cuts messages into segments, of `sizes` in turn, each with its frame's number.
fn segments(messages: &[Message], sizes: &[usize]) -> Vec<(End, Vec<u8>, Stamp)> {
    let mut sizes = sizes.iter().copied().cycle();
    let mut segments = Vec::new();
    for (end, bytes) in messages {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (segment, after) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
            rest = after;
            let number = segments.len() as u64 + 1;
            segments.push((*end, segment.to_vec(), stamp(number)));
        }
    }
    segments
}

fn read(segments: &[(End, Vec<u8>, Stamp)]) -> (Reader, Anomalies) {
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    for (end, bytes, stamp) in segments {
        reader.read(*end, bytes, *stamp, &mut anomalies);
    }
    (reader, anomalies)
}

fn facts(reader: &Reader) -> Vec<(End, u64, Fact)> {
    reader.observations().into_iter().map(|seen| (seen.end, seen.count, seen.fact)).collect()
}

fn sorted(mut facts: Vec<(End, u64, Fact)>) -> Vec<String> {
    facts.sort_by_key(|fact| format!("{fact:?}"));
    facts.into_iter().map(|fact| format!("{fact:?}")).collect()
}

#[test]
fn everything_in_one_connection_is_seen_and_no_credential_is_told() {
    let (mut reader, anomalies) = read(&segments(&conversation(), &[usize::MAX]));
    assert_eq!(facts(&reader), expected());
    assert_eq!(anomalies.iter().count(), 0);
    let named = reader.named();
    let endpoints: Vec<_> =
        named.iter().map(|named| (named.endpoint.port, named.infohash[0], named.source)).collect();
    let (tracker, magnet) = (Source::Tracker, Source::Magnet);
    assert_eq!(
        endpoints,
        [(6881, b'a', tracker), (6882, b'a', tracker), (1, 0xbb, magnet), (1, 0xbb, magnet)]
    );
    assert!(named.iter().all(|named| named.by == End::Resp));
    let shown = format!("{:?} {named:?} {reader:?}", reader.observations());
    for secret in [SECRET, "s3cr3tc00k1e"] {
        assert!(!shown.contains(secret), "{shown}");
        let bytes = format!("{:?}", secret.as_bytes());
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
    }
}

#[test]
fn what_a_page_has_a_browser_fetch_is_no_announce_and_no_piece() {
    let of_a_browser = |(end, head): Message| {
        let head = String::from_utf8(head).unwrap();
        (end, head.replace("User-Agent: qBittorrent/5.0", "Accept-Language: de,en;q=0.5").into_bytes())
    };
    let messages = [
        of_a_browser(announce('a', "&left=0")),
        answer("", PEERS),
        of_a_browser(get("/seed?info_hash=eeeeeeeeeeeeeeeeeeee&piece=0")),
        answer("", &[0; 300]),
        announce('b', ""),
        answer("", b"d8:intervali60e5:peers0:e"),
    ];
    let (reader, _) = read(&segments(&messages, &[usize::MAX]));
    let seen = facts(&reader);
    assert!(
        matches!(
            &seen[..],
            [(End::Orig, 1, Fact::TrackerAnnounce { infohash: [b'b', ..], answer: Some(_), .. })]
        ),
        "{seen:?}"
    );
}

#[test]
fn the_frames_of_a_request_prove_an_announce() {
    let (reader, _) = read(&segments(&conversation()[..1], &[60, usize::MAX]));
    let frames: Vec<_> = reader.observations()[0].span.frames().map(|frame| frame.number).collect();
    assert_eq!(frames, [1, 2]);
}

#[test]
fn every_prefix_gives_some_of_the_facts_and_nothing_else() {
    let whole = segments(&conversation(), &[3]);
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    let mut most = 0;
    for (end, bytes, stamp) in &whole {
        reader.read(*end, bytes, *stamp, &mut anomalies);
        let found = reader.observations().len();
        assert!(found >= most && reader.wants(End::Orig) && reader.wants(End::Resp));
        most = found;
    }
    assert_eq!(most, expected().len());
    assert_eq!(anomalies.iter().count(), 0);
}

#[test]
fn either_direction_may_be_read_first() {
    let whole = segments(&conversation(), &[50]);
    for first in [End::Orig, End::Resp] {
        let (mut one, other): (Vec<_>, Vec<_>) =
            whole.iter().cloned().partition(|segment| segment.0 == first);
        one.extend(other);
        let (reader, anomalies) = read(&one);
        assert_eq!(sorted(facts(&reader)), sorted(expected()), "{first:?} first");
        assert_eq!(anomalies.iter().count(), 0);
    }
}

#[test]
fn one_direction_alone_gives_what_it_says() {
    let whole = segments(&conversation(), &[usize::MAX]);
    let only = |end| whole.iter().filter(|segment| segment.0 == end).cloned().collect::<Vec<_>>();
    let (asked, _) = read(&only(End::Orig));
    let kinds: Vec<_> = facts(&asked).into_iter().map(|(end, ..)| end).collect();
    assert_eq!(kinds, [End::Orig; 4], "two announces, scrapes and a web seed");
    let (answered, _) = read(&only(End::Resp));
    let told = facts(&answered);
    assert!(told.iter().any(|(_, _, fact)| matches!(fact, Fact::TorrentFile { .. })), "{told:?}");
    assert!(told.iter().all(|(end, ..)| *end == End::Resp));
}

#[test]
fn an_answer_to_a_request_before_the_capture_is_no_answer_to_the_next() {
    let late = [answer("", PEERS), announce('a', ""), answer("", b"d8:intervali7e5:peers0:e")];
    let (mut reader, _) = read(&segments(&late, &[usize::MAX]));
    let found = facts(&reader);
    let [(_, _, Fact::TrackerAnnounce { answer: Some(answer), .. })] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((answer.interval, reader.named().len()), (Some(7), 0));
}

#[test]
fn a_gap_inside_a_body_is_stepped_over() {
    let mut reader = Reader::default();
    let mut anomalies = Anomalies::default();
    let (_, body) = answer("Content-Type: image/png\r\n", &[b'x'; 1000]);
    reader.read(End::Orig, &get("/picture").1, stamp(1), &mut anomalies);
    reader.read(End::Resp, &body[..500], stamp(2), &mut anomalies);
    reader.skip(End::Resp, body.len() as u64 - 600, stamp(3));
    reader.read(End::Resp, &body[body.len() - 100..], stamp(4), &mut anomalies);
    reader.read(End::Orig, &announce('a', "").1, stamp(5), &mut anomalies);
    reader.read(End::Resp, &answer("", PEERS).1, stamp(6), &mut anomalies);
    let found = facts(&reader);
    assert!(matches!(found[0].2, Fact::TrackerAnnounce { answer: Some(TrackerAnswer { peers: 2, .. }), .. }));
}

#[test]
fn a_gap_elsewhere_ends_a_direction_and_the_other_goes_on() {
    let mut reader = Reader::default();
    let mut anomalies = Anomalies::default();
    reader.read(End::Orig, &announce('a', "").1, stamp(1), &mut anomalies);
    reader.skip(End::Orig, 10, stamp(2));
    assert!(!reader.wants(End::Orig) && reader.wants(End::Resp));
    reader.read(End::Resp, &answer("", PEERS).1, stamp(3), &mut anomalies);
    assert!(matches!(facts(&reader)[0].2, Fact::TrackerAnnounce { answer: Some(_), .. }));
    reader.skip(End::Resp, 1, stamp(4));
    assert!(!reader.wants(End::Resp));
}

#[test]
fn what_follows_a_proxys_consent_is_handed_over() {
    let tunnel = [
        (
            End::Orig,
            b"CONNECT peer.example:6881 HTTP/1.1\r\nProxy-Authorization: Basic czNj\r\n\r\n".to_vec(),
        ),
        (End::Orig, b"\x13early".to_vec()),
        (End::Resp, b"HTTP/1.1 200 Connection established\r\n\r\n\x13BitTorrent".to_vec()),
        (End::Orig, b"more".to_vec()),
    ];
    for size in [1, 5, usize::MAX] {
        let (mut reader, _) = read(&segments(&tunnel, &[size]));
        let inner = reader.inner();
        let of = |end| {
            let pieces = inner.iter().filter(move |piece| piece.end == end);
            let bytes = pieces.map(|piece| match &piece.content {
                Content::Bytes(bytes) => bytes.to_vec(),
                Content::Missing(_) => panic!("nothing is missing"),
            });
            bytes.collect::<Vec<_>>().concat()
        };
        assert_eq!((of(End::Orig), of(End::Resp)), (b"\x13earlymore".to_vec(), b"\x13BitTorrent".to_vec()));
        assert!(inner.iter().all(|piece| piece.wrapper == Wrapper::Tunnel));
        reader.skip(End::Resp, 9, stamp(99));
        assert_eq!(reader.inner()[0].content, Content::Missing(9));
        assert!(reader.observations().is_empty() && reader.wants(End::Orig));
    }
}

#[test]
fn without_consent_requests_go_on() {
    let refused = [
        (End::Orig, b"CONNECT peer.example:6881 HTTP/1.1\r\n\r\n".to_vec()),
        announce('a', ""),
        (End::Resp, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_vec()),
        answer("", PEERS),
    ];
    let (mut reader, _) = read(&segments(&refused, &[9]));
    assert!(matches!(facts(&reader)[0].2, Fact::TrackerAnnounce { answer: Some(_), .. }));
    assert_eq!(reader.inner(), []);
}

#[test]
fn a_websocket_that_follows_requests_is_handed_over() {
    let upgrade = b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_vec();
    let talk = [
        get("/"),
        answer("", b"x"),
        (End::Orig, upgrade.clone()),
        (End::Resp, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n\x81".to_vec()),
        (End::Orig, b"\x82".to_vec()),
    ];
    let (mut reader, _) = read(&segments(&talk, &[usize::MAX]));
    let inner = reader.inner();
    assert_eq!(
        inner.iter().map(|piece| (piece.end, piece.wrapper)).collect::<Vec<_>>(),
        [(End::Resp, Wrapper::WebSocket), (End::Orig, Wrapper::WebSocket)]
    );
    assert_eq!(Http.probe(&upgrade), Probe::Reject, "one that comes at once is for another detector");
}

#[test]
fn untaken_inner_streams_are_given_up() {
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    reader.read(End::Orig, b"CONNECT t:1 HTTP/1.1\r\n\r\n", stamp(1), &mut anomalies);
    reader.read(End::Resp, b"HTTP/1.1 200 OK\r\n\r\n", stamp(2), &mut anomalies);
    for _ in 0..100 {
        reader.read(End::Resp, &[0; 1000], stamp(3), &mut anomalies);
    }
    assert!(!reader.wants(End::Resp) && !reader.wants(End::Orig));
}

#[test]
fn a_web_that_has_nothing_of_it_is_left_alone_in_the_end() {
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    for number in 0..1100 {
        assert!(reader.wants(End::Orig) || number > 1024);
        reader.read(End::Orig, &get("/x").1, stamp(number), &mut anomalies);
        reader.read(End::Resp, &answer("", b"x").1, stamp(number), &mut anomalies);
    }
    assert!(!reader.wants(End::Orig) && !reader.wants(End::Resp));
    assert_eq!(anomalies.iter().count(), 0);
}

#[test]
fn pipelining_beyond_measure_loses_answers_and_says_so() {
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    for number in 0..300 {
        reader.read(End::Orig, &announce('a', "").1, stamp(number), &mut anomalies);
    }
    assert_eq!(anomalies.iter().collect::<Vec<_>>(), [(Anomaly::HttpOverfull, 1)]);
    reader.read(End::Resp, &answer("", PEERS).1, stamp(300), &mut anomalies);
    assert!(matches!(facts(&reader)[..], [(_, 300, Fact::TrackerAnnounce { answer: None, .. })]));
}

#[test]
fn a_range_asked_for_by_a_client_can_be_compared_with_url_lists() {
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    let request = |agent: &str| {
        format!("GET /f/a.bin HTTP/1.1\r\nHost: S\r\nUser-Agent: {agent}\r\nRange: bytes=0-\r\n\r\n")
    };
    reader.read(End::Orig, request("Mozilla/5.0").as_bytes(), stamp(1), &mut anomalies);
    assert_eq!(reader.fetched(), []);
    for at in [2, 3] {
        reader.read(End::Orig, request("libtorrent/2.0").as_bytes(), stamp(at), &mut anomalies);
    }
    for answer in [
        "206 P\r\nContent-Length: 5\r\n\r\n12345",
        "206 P\r\nContent-Length: 7\r\n\r\n1234567",
        "404 N\r\nContent-Length: 2\r\n\r\nno",
    ] {
        reader.read(End::Resp, format!("HTTP/1.1 {answer}").as_bytes(), stamp(4), &mut anomalies);
    }
    let [fetch] = &reader.fetched()[..] else { panic!() };
    assert_eq!(
        (fetch.by, fetch.count, fetch.bytes),
        (End::Orig, 2, 7),
        "the browser's answer does not count"
    );
    assert!(fetch.addresses.contains(&UrlDigest::of(b"http://s/f/").unwrap().entry(b"a.bin")));
    assert_eq!(facts(&reader), [], "it proves nothing alone");
}

#[test]
fn nonsense_after_a_request_is_an_anomaly_and_the_announce_stays() {
    let (mut reader, mut anomalies) = (Reader::default(), Anomalies::default());
    reader.read(
        End::Orig,
        &[announce('a', "").1, b"\x13BitTorrent".to_vec()].concat(),
        stamp(1),
        &mut anomalies,
    );
    assert_eq!(anomalies.iter().collect::<Vec<_>>(), [(Anomaly::HttpMalformed, 1)]);
    assert_eq!(facts(&reader).len(), 1);
}

#[test]
fn a_probe_knows_heads_and_every_prefix_is_not_yet() {
    for (_, whole) in conversation().into_iter().take(4) {
        let head = whole.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        for cut in 0..head {
            assert_eq!(Http.probe(&whole[..cut]), Probe::NeedMore);
        }
        assert_eq!(Http.probe(&whole), Probe::Match);
    }
    let long = [b"GET /".as_slice(), &[b'a'; ENOUGH]].concat();
    assert_eq!(Http.probe(&long), Probe::Match);
    for other in [&b"\x13BitTorrent"[..], b"SSH-2.0", b"GET / RTSP/1.0\r\n", b"\x16\x03\x01", b"EHLO x"] {
        assert_eq!(Http.probe(other), Probe::Reject);
    }
}

proptest! {
    #[test]
    fn any_segmentation_gives_the_same_facts(sizes in proptest::collection::vec(1usize..200, 1..20)) {
        let (reader, anomalies) = read(&segments(&conversation(), &sizes));
        prop_assert_eq!(facts(&reader), expected());
        prop_assert_eq!(anomalies.iter().count(), 0);
    }

    #[test]
    fn any_interleaving_gives_the_same_facts(
        sizes in proptest::collection::vec(30usize..200, 1..20),
        picks in proptest::collection::vec(any::<bool>(), 1..50),
    ) {
        let whole = segments(&conversation(), &sizes);
        let (asked, answered): (Vec<_>, Vec<_>) = whole.into_iter().partition(|segment| segment.0 == End::Orig);
        let (mut asked, mut answered) = (asked.into_iter().peekable(), answered.into_iter().peekable());
        let mut order = Vec::new();
        for pick in picks.into_iter().cycle() {
            match if pick { asked.next() } else { answered.next() } {
                Some(segment) => order.push(segment),
                None if asked.peek().is_none() && answered.peek().is_none() => break,
                None => order.extend(if pick { answered.next() } else { asked.next() }),
            }
        }
        let (reader, anomalies) = read(&order);
        prop_assert_eq!(sorted(facts(&reader)), sorted(expected()));
        prop_assert_eq!(anomalies.iter().count(), 0);
    }

    #[test]
    fn any_bytes_are_survived(pieces in proptest::collection::vec((any::<bool>(), any::<Vec<u8>>()), 0..20), at in 0..19_usize) {
        let mut messages = conversation();
        messages.truncate(at);
        let noise = pieces.into_iter().map(|(asks, bytes)| (if asks { End::Orig } else { End::Resp }, bytes));
        messages.extend(noise);
        let (mut reader, _) = read(&segments(&messages, &[40]));
        reader.skip(End::Orig, 5, stamp(1));
        let _ = (reader.observations(), reader.named(), reader.inner(), reader.fetched());
    }
}

/// The trackers that were announced to, as they were asked for.
fn trackers(requests: &[(String, &[u8])]) -> Vec<Option<String>> {
    let messages: Vec<_> = requests
        .iter()
        .map(|(before, host)| {
            let target = format!("{before}/p4ssk3y/announce?info_hash={}", "a".repeat(20));
            let target = format!("{target}&peer_id=-LT2110-0123456789ab&port=6881");
            (
                End::Orig,
                [b"GET ", target.as_bytes(), b" HTTP/1.1\r\nHost: ", host, b"\r\n\r\n"].concat(),
                stamp(1),
            )
        })
        .collect();
    let (reader, _) = read(&messages);
    facts(&reader)
        .into_iter()
        .map(|(_, _, fact)| match fact {
            Fact::TrackerAnnounce { host, .. } => host.map(String::from),
            _ => panic!("{fact:?}"),
        })
        .collect()
}

#[test]
fn a_tracker_is_named_as_the_client_asks_for_it_directly_or_through_a_proxy() {
    let named = trackers(&[
        (String::new(), b"Tracker.Example:6969"),
        ("http://one.example:6969".to_owned(), b"proxy.example"),
        ("http://user:password@two.example".to_owned(), b"proxy.example"),
        ("http://one.example".to_owned(), b"one.example"),
    ]);
    let expected = ["tracker.example", "one.example", "two.example"];
    assert_eq!(named, expected.map(|name| Some(name.to_owned())));
}

#[test]
fn a_host_that_is_no_plain_name_is_none() {
    for host in [&b"user:password@t.example"[..], &[b'x'; 300], b"a\x7fb", b"t.example/p4ssk3y", b"", b"\xff"]
    {
        assert_eq!(trackers(&[(String::new(), host)]), [None], "{}", host.escape_ascii());
    }
    assert_eq!(trackers(&[("http://bad host!".replace(' ', "%"), b"t.example")]), [None]);
}
