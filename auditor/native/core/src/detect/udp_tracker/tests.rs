use proptest::prelude::*;

use super::*;
use crate::detect::announces::Claims;
use crate::detect::{Confidence, Fact, FrameRef};
use crate::flow::key::{FlowKey, Transport};
use crate::flow::stream::HeldBytes;
use crate::time::Timestamp;
use crate::wire::path::{Path, Vlans};

const CONNECTION: u64 = 0x0102_0304_0506_0708;
const CLIENT: &str = "10.0.0.5:51413";
const TRACKER: &str = "198.51.100.7:80";

/// One flow: the client is the end that began.
struct Talk {
    key: FlowKey,
    orig_is_low: bool,
    reader: Box<dyn DatagramReader>,
    anomalies: Anomalies,
    frame: u64,
}

impl Talk {
    fn between(client: &str, tracker: &str) -> Self {
        let [client, tracker] =
            [client, tracker].map(|end| Endpoint::from(end.parse::<std::net::SocketAddr>().unwrap()));
        let (key, orig_is_low) = FlowKey::new(client, tracker, Transport::Udp, 0, &Path::default());
        Self { key, orig_is_low, reader: UdpTracker.open(), anomalies: Anomalies::default(), frame: 0 }
    }

    fn begun() -> Self {
        Self::between(CLIENT, TRACKER)
    }

    fn connected() -> Self {
        let mut talk = Self::begun();
        assert!(talk.asks(&connect(1)) && talk.answers(&connect_reply(1, CONNECTION)));
        talk
    }

    fn sends(&mut self, from: End, payload: &[u8]) -> bool {
        self.frame += 1;
        let stamp = Stamp { time: Timestamp(0), frame: FrameRef { capture: 0, number: self.frame } };
        let (vlans, path) = (Vlans::default(), Path::default());
        let datagram = Datagram {
            key: &self.key,
            hash: 0,
            orig_is_low: self.orig_is_low,
            from,
            vlans,
            path: &path,
            stamp,
            payload,
            sent: u32::try_from(payload.len()).unwrap(),
        };
        let mut held = HeldBytes { now: 0, cap: 1 << 20, hits: 0 };
        self.reader.read(&datagram, &mut Upkeep { held: &mut held, anomalies: &mut self.anomalies })
    }

    fn observations(&mut self) -> Vec<Observation> {
        let mut held = HeldBytes { now: 0, cap: 1 << 20, hits: 0 };
        self.reader.finish(&mut Upkeep { held: &mut held, anomalies: &mut self.anomalies })
    }

    fn asks(&mut self, payload: &[u8]) -> bool {
        self.sends(End::Orig, payload)
    }

    fn answers(&mut self, payload: &[u8]) -> bool {
        self.sends(End::Resp, payload)
    }

    fn anomalies(&self) -> Vec<(Anomaly, u64)> {
        self.anomalies.iter().collect()
    }

    fn named(&mut self) -> Vec<(String, u8, End)> {
        let text = |endpoint: Endpoint| {
            let ip = std::net::Ipv6Addr::from(endpoint.ip).to_canonical();
            std::net::SocketAddr::new(ip, endpoint.port).to_string()
        };
        self.reader
            .named()
            .into_iter()
            .map(|named| (text(named.endpoint), named.infohash[0], named.by))
            .collect()
    }
}

fn connect(transaction: u32) -> Vec<u8> {
    [&0x0417_2710_1980_u64.to_be_bytes()[..], &[0; 4], &transaction.to_be_bytes()].concat()
}

fn connect_reply(transaction: u32, connection: u64) -> Vec<u8> {
    [&[0; 4][..], &transaction.to_be_bytes(), &connection.to_be_bytes()].concat()
}

/// An announce with event and `left`, of the torrent whose infohash is all `torrent`.
fn announce_as(connection: u64, transaction: u32, torrent: u8, event: u32, left: u64) -> Vec<u8> {
    [
        &connection.to_be_bytes()[..],
        &1_u32.to_be_bytes(),
        &transaction.to_be_bytes(),
        &[torrent; 20],
        b"-qB4520-abcdefghijkl",
        &1000_u64.to_be_bytes(),
        &left.to_be_bytes(),
        &5_u64.to_be_bytes(),
        &event.to_be_bytes(),
        &[0; 12],
        &6881_u16.to_be_bytes(),
    ]
    .concat()
}

fn announce(transaction: u32, torrent: u8) -> Vec<u8> {
    announce_as(CONNECTION, transaction, torrent, 0, 7)
}

fn announce_reply(transaction: u32, peers: &[u8]) -> Vec<u8> {
    let numbers = [1, transaction, 1800, 2, 5].map(u32::to_be_bytes).concat();
    [&numbers, peers].concat()
}

fn scrape(connection: u64, transaction: u32, torrents: &[u8]) -> Vec<u8> {
    let infohashes: Vec<u8> = torrents.iter().flat_map(|torrent| [*torrent; 20]).collect();
    [&connection.to_be_bytes()[..], &[0, 0, 0, 2], &transaction.to_be_bytes(), &infohashes].concat()
}

#[test]
fn an_announce_is_believed_with_its_connection_and_joined_with_its_answer() {
    let mut talk = Talk::connected();
    assert!(talk.asks(&announce_as(CONNECTION, 2, 0xaa, 2, 7)));
    assert!(talk.answers(&announce_reply(2, b"\xc0\0\x02\x01\x1a\xe1\xc0\0\x02\x02\0\0")));
    let claim = Claim { event: Event::Started, downloaded: Some(1000), uploaded: Some(5), left: Some(7) };
    let seen = talk.observations();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].detector, seen[0].confidence, seen[0].end),
        (UDP_TRACKER, Confidence::Confirmed, End::Orig)
    );
    assert_eq!(seen[0].span.frames().map(|frame| frame.number).collect::<Vec<_>>(), [3]);
    assert_eq!(
        seen[0].fact,
        Fact::TrackerAnnounce {
            infohash: [0xaa; 20],
            peer_id: *b"-qB4520-abcdefghijkl",
            port: Some(6881),
            claimed: Claims { first: claim, last: claim, completed: false },
            credentials: false,
            answer: Some(TrackerAnswer {
                interval: Some(1800),
                complete: Some(5),
                incomplete: Some(2),
                peers: 2,
                failed: false
            }),
            host: None,
        }
    );
    let named = [("10.0.0.5:6881".into(), 0xaa, End::Orig), ("192.0.2.1:6881".into(), 0xaa, End::Resp)];
    assert_eq!(talk.named(), named);
    assert_eq!((talk.named(), talk.anomalies()), (vec![], vec![]));
}

#[test]
fn a_tracker_over_ipv6_names_peers_of_18_bytes() {
    let mut talk = Talk::between("[2001:db8::5]:6881", "[2001:db8::1]:443");
    talk.asks(&connect(1));
    talk.answers(&connect_reply(1, CONNECTION));
    talk.asks(&announce_as(CONNECTION, 2, 9, 3, 0));
    talk.answers(&announce_reply(2, b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x1a\xe1"));
    assert_eq!(talk.named(), [("[2001:db8::9]:6881".into(), 9, End::Resp)]);
}

#[test]
fn an_announce_without_its_connection_is_not_believed() {
    let mut talk = Talk::begun();
    assert!(!talk.asks(&announce(2, 1)), "before any connect");
    talk.asks(&connect(1));
    assert!(!talk.asks(&announce(2, 1)), "before the answer");
    assert!(!talk.answers(&connect_reply(7, CONNECTION)), "another transaction");
    assert!(!talk.asks(&connect_reply(1, CONNECTION)), "the client's own answer");
    assert!(!talk.asks(&announce(2, 1)));
    assert!(talk.answers(&connect_reply(1, CONNECTION)));
    assert!(!talk.asks(&announce_as(CONNECTION + 1, 2, 1, 0, 0)), "another connection");
    assert!(!talk.answers(&announce(2, 1)), "the tracker has no connection itself");
    assert!(!talk.asks(&scrape(CONNECTION + 1, 3, &[1])));
    assert_eq!((talk.observations(), talk.named()), (vec![], vec![]));
    assert!(talk.asks(&announce(2, 1)));
}

#[test]
fn who_sends_everything_back_announces_nothing() {
    let mut talk = Talk::begun();
    for payload in [connect(1), connect_reply(1, CONNECTION), announce(2, 1)] {
        talk.asks(&payload);
        talk.answers(&payload);
    }
    assert!(talk.observations().iter().all(|seen| seen.end == End::Orig), "the echo server is resp");
    let mut stranger = Talk::begun();
    stranger.asks(&connect(1));
    stranger.answers(&connect(1));
    stranger.asks(&connect_reply(1, CONNECTION));
    assert!(!stranger.answers(&announce_as(CONNECTION, 2, 0xaa, 2, 7)));
    assert_eq!(stranger.observations(), []);
}

#[test]
fn what_has_the_shape_of_an_announce_is_nothing_by_itself() {
    let lookalike = [&[0x42; 8][..], &[0, 0, 0, 1], &[0x17; 500]].concat();
    for mut talk in [Talk::begun(), Talk::connected()] {
        assert!(!talk.asks(&lookalike) && !talk.answers(&lookalike));
        let path = Path::default();
        let datagram = Datagram {
            key: &talk.key,
            hash: 0,
            orig_is_low: talk.orig_is_low,
            from: End::Orig,
            vlans: Vlans::default(),
            path: &path,
            stamp: Stamp::default(),
            payload: &lookalike,
            sent: u32::try_from(lookalike.len()).unwrap(),
        };
        assert!(!UdpTracker.probe(&datagram));
        assert!(UdpTracker.probe(&Datagram { payload: &connect(1), ..datagram }));
        assert_eq!(talk.observations(), []);
    }
}

#[test]
fn answers_go_by_transaction_whatever_their_order() {
    let mut talk = Talk::connected();
    for torrent in 1..=3 {
        talk.asks(&announce(u32::from(torrent) + 10, torrent));
    }
    talk.named();
    assert!(talk.answers(&announce_reply(13, b"\xc0\0\x02\x03\x1a\xe1")));
    assert!(talk.answers(&announce_reply(11, b"\xc0\0\x02\x01\x1a\xe1")));
    assert!(!talk.answers(&announce_reply(99, b"\xc0\0\x02\x09\x1a\xe1")));
    assert!(!talk.asks(&announce_reply(12, b"\xc0\0\x02\x09\x1a\xe1")), "the client answers itself");
    let named = [("192.0.2.3:6881".into(), 3, End::Resp), ("192.0.2.1:6881".into(), 1, End::Resp)];
    assert_eq!(talk.named(), named);
    let answered = |seen: &Observation| matches!(seen.fact, Fact::TrackerAnnounce { answer: Some(_), .. });
    assert_eq!(talk.observations().iter().map(answered).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn two_torrents_under_one_transaction_get_no_answer() {
    let mut talk = Talk::connected();
    talk.asks(&announce(2, 1));
    talk.asks(&announce(2, 2));
    talk.named();
    assert!(talk.answers(&announce_reply(2, b"\xc0\0\x02\x01\x1a\xe1")));
    assert!(talk.answers(&announce_reply(2, b"\xc0\0\x02\x02\x1a\xe1")));
    assert_eq!(talk.named(), []);
    for seen in talk.observations() {
        assert!(matches!(seen.fact, Fact::TrackerAnnounce { answer: None, .. }), "{seen:?}");
    }
}

#[test]
fn a_transaction_may_serve_again_once_it_was_answered() {
    let mut talk = Talk::connected();
    for torrent in [1, 2] {
        talk.asks(&announce(2, torrent));
        talk.answers(&announce_reply(2, &[192, 0, 2, torrent, 0x1a, 0xe1]));
    }
    let named: Vec<_> = talk.named().into_iter().filter(|named| named.2 == End::Resp).collect();
    assert_eq!(named, [("192.0.2.1:6881".into(), 1, End::Resp), ("192.0.2.2:6881".into(), 2, End::Resp)]);
}

#[test]
fn connects_and_announces_may_share_a_transaction() {
    let mut talk = Talk::connected();
    assert!(talk.asks(&connect(2)) && talk.asks(&announce(2, 1)));
    assert!(talk.answers(&announce_reply(2, &[])));
    assert!(talk.answers(&connect_reply(2, 99)));
    assert!(talk.asks(&announce_as(99, 3, 1, 0, 0)));
    assert!(matches!(talk.observations()[0].fact, Fact::TrackerAnnounce { answer: Some(_), .. }));
}

#[test]
fn what_is_sent_again_counts_once_and_proves_by_all_its_frames() {
    let mut talk = Talk::connected();
    talk.asks(&connect(1));
    talk.answers(&connect_reply(1, CONNECTION));
    for _ in 0..2 {
        assert!(talk.asks(&announce(2, 1)));
    }
    for _ in 0..2 {
        assert!(talk.answers(&announce_reply(2, b"\xc0\0\x02\x01\x1a\xe1")));
        assert!(talk.asks(&announce(2, 1)));
    }
    let seen = talk.observations();
    assert_eq!((seen.len(), seen[0].count, seen[0].span.frames().count()), (1, 1, 4));
    assert_eq!(talk.named().len(), 2);
    // The next one, half an hour later, by a client that uses the same number always.
    talk.asks(&connect(1));
    talk.answers(&connect_reply(1, 99));
    talk.asks(&announce_as(99, 2, 1, 0, 7));
    assert_eq!(talk.observations()[0].count, 2);
}

#[test]
fn an_error_answers_but_says_nothing() {
    let mut talk = Talk::connected();
    talk.asks(&announce(2, 1));
    assert!(!talk.answers(b"\0\0\0\x03\0\0\0\x09no"));
    assert!(talk.answers(b"\0\0\0\x03\0\0\0\x02unknown passkey s3cret"));
    let seen = talk.observations();
    assert!(matches!(seen[0].fact, Fact::TrackerAnnounce { answer: None, .. }));
    assert!(!format!("{seen:?}").contains("s3cret"));
}

#[test]
fn a_scrape_is_joined_with_its_answer() {
    let mut talk = Talk::connected();
    assert!(talk.asks(&scrape(CONNECTION, 5, &[1, 2])) && talk.asks(&scrape(CONNECTION, 6, &[2, 3])));
    assert!(talk.answers(&[&[0, 0, 0, 2, 0, 0, 0, 5][..], &[0; 24]].concat()));
    let seen = talk.observations();
    assert_eq!((seen.len(), seen[0].count), (1, 2));
    let infohashes = vec![[1; 20], [2; 20], [3; 20]];
    assert_eq!(seen[0].fact, Fact::TrackerScrape { infohashes, answered: true, host: None });
}

#[test]
fn a_passkey_in_the_options_leaves_one_bit() {
    let mut talk = Talk::connected();
    talk.asks(&[announce(2, 1), b"\x02\x10/s3cret/announce".to_vec()].concat());
    let seen = talk.observations();
    assert!(matches!(seen[0].fact, Fact::TrackerAnnounce { credentials: true, .. }));
    let (text, bytes) = (format!("{seen:?}{:?}", talk.named()), format!("{:?}", b"s3cret"));
    assert!(!text.contains("s3cret") && !text.contains(bytes.trim_matches(['[', ']'])));
}

#[test]
fn what_is_cut_short_is_an_anomaly() {
    let mut talk = Talk::connected();
    talk.asks(&[announce(2, 1), b"\x02\x10/s3c".to_vec()].concat());
    talk.answers(&announce_reply(2, b"\xc0\0\x02\x01\x1a"));
    talk.asks(&[scrape(CONNECTION, 3, &[1]), vec![0; 3]].concat());
    assert_eq!(talk.anomalies(), [(Anomaly::TrackerMalformed, 3)]);
}

#[test]
fn caps_hold_and_are_counted() {
    let mut talk = Talk::connected();
    for number in 0..=256_u32 {
        let mut datagram = announce(1000 + number, 1);
        datagram[16..20].copy_from_slice(&number.to_be_bytes());
        assert!(talk.asks(&datagram));
    }
    // One torrent too many, and one request; that the answered connect was forgotten does not count.
    assert_eq!(talk.observations().len(), Announces::MOST);
    assert_eq!(talk.anomalies(), [(Anomaly::TrackerOverfull, 2)]);
    talk.asks(&connect(1));
    assert_eq!(talk.anomalies(), [(Anomaly::TrackerOverfull, 3)]);
    assert_eq!(talk.named().len(), 257);
    talk.answers(&announce_reply(1256, &[1; 6 * 1025]));
    assert_eq!(talk.named().len(), Names::MOST);
    assert_eq!(talk.anomalies(), [(Anomaly::TrackerOverfull, 4)]);
    for connection in 0..100 {
        talk.answers(&connect_reply(1, connection));
    }
    assert!(talk.asks(&announce_as(99, 5, 1, 0, 0)) && !talk.asks(&announce_as(1, 5, 1, 0, 0)));
}

proptest! {
    #[test]
    fn any_datagrams_are_survived(
        datagrams in prop::collection::vec((any::<bool>(), 0_u8..8, any::<u8>(), any::<Vec<u8>>()), 0..40)
    ) {
        let mut talk = Talk::connected();
        for (asks, kind, number, tail) in datagrams {
            let transaction = u32::from(number % 4);
            let mut datagram = match kind {
                0 => connect(transaction),
                1 => connect_reply(transaction, number.into()),
                2 => announce_as(u64::from(number % 8), transaction, number, 0, 0),
                3 => announce_reply(transaction, &[]),
                4 => scrape(CONNECTION, transaction, &[number]),
                5 => vec![0, 0, 0, 3, 0, 0, 0, number % 4],
                _ => vec![],
            };
            datagram.extend(tail);
            talk.sends(if asks { End::Orig } else { End::Resp }, &datagram);
        }
        let _ = (talk.observations(), talk.named());
    }
}
