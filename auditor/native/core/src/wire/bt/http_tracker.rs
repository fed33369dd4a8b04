//! Requests to HTTP trackers and their answers, BEP 3, 7, 21, 23, 24, 31, 48:
//!
//! ```text
//! announce  ?info_hash=<20 bytes>&peer_id=<20 bytes>&port=…[&uploaded=…&downloaded=…&left=…&event=…&…]
//! scrape    …scrape…?info_hash=<20 bytes>[&info_hash=…]
//! answer    d [8:interval i…e] [5:peers 6n bytes, or a list of dicts] [6:peers6 18n bytes] [11:external ip 4|16 bytes] … e
//!           d 5:files d <20 bytes> d 8:complete i…e 10:downloaded i…e 10:incomplete i…e e … e e
//! ```
//!
//! Parameters are percent-encoded, in any order. Many addresses of trackers contain a passkey, as a part of the path or
//! as a parameter; that there was something like it is all that leaves this view.

use std::net::{IpAddr, SocketAddr};

use super::bencode::{self, Dict, Value, Values};
use super::compact::{self, Endpoints};
use super::tracker::Event;
use crate::error::ParseError;
use crate::wire::http::target::{Target, decode, decode_short, number};

/// Parameters that tell who somebody is: BEP 7's `key`, and those of private trackers' software.
const CREDENTIALS: &[&[u8]] = &[
    b"passkey",
    b"key",
    b"authkey",
    b"auth",
    b"torrent_pass",
    b"torrentpass",
    b"uk",
    b"pk",
    b"pid",
    b"secure",
    b"token",
    b"apikey",
    b"api_key",
    b"user",
    b"username",
    b"uid",
    b"hash",
    b"sid",
    b"trackerid",
];
/// The shortest part of a path that is taken for a passkey: shorter ones are words.
const PASSKEY: usize = 16;
/// The longest text of an address with a port.
const ADDRESS: usize = 64;

/// What a target asks of a tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackerRequest {
    /// To be counted in a swarm, and told of others.
    Announce(AnnounceRequest),
    /// How many are in swarms.
    Scrape(ScrapeRequest),
}

/// A client tells that it takes part in a swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnounceRequest {
    /// The torrent: its v1 infohash, or the first 20 bytes of its v2 infohash.
    pub infohash: [u8; 20],
    /// The client, by its own choice.
    pub peer_id: [u8; 20],
    /// Where the client says it listens.
    pub port: u16,
    /// Why it announces itself.
    pub event: Event,
    /// Bytes that it says it gave.
    pub uploaded: Option<u64>,
    /// Bytes that it says it got.
    pub downloaded: Option<u64>,
    /// Bytes that it says it lacks.
    pub left: Option<u64>,
    /// How many peers it wants to be told.
    pub numwant: Option<u64>,
    /// Whether it wants packed peers (BEP 23), if it says.
    pub compact: Option<bool>,
    /// Whether it can speak, or wants nothing but, an obfuscated protocol.
    pub encryption: Encryption,
    /// Where else it says that it listens (`ip`, BEP 3; `ipv4`, `ipv6`, BEP 7).
    pub addresses: [Option<SocketAddr>; 3],
    /// Whether something came along that may be a passkey.
    pub has_credentials: bool,
}

/// What a client says of encryption in an announce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// Nothing.
    #[default]
    Unsaid,
    /// `supportcrypto=1`.
    Supported,
    /// `requirecrypto=1`.
    Required,
}

/// A client asks how many take part in swarms (BEP 48).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScrapeRequest {
    /// The torrents, no more than [`ScrapeRequest::MOST`].
    pub infohashes: Vec<[u8; 20]>,
    /// Whether something came along that may be a passkey.
    pub has_credentials: bool,
}

impl ScrapeRequest {
    /// The most torrents of one request: as many as the longest head holds.
    pub const MOST: usize = 512;
}

impl TrackerRequest {
    /// Reads a target. `None`: it asks nothing of a tracker.
    #[must_use]
    pub fn read(target: &Target<'_>) -> Option<Self> {
        let mut first = None;
        let mut infohashes = Vec::new();
        let mut peer_id = None;
        let mut port = None;
        for (key, value) in target.parameters() {
            match key {
                b"info_hash" if infohashes.len() < ScrapeRequest::MOST => {
                    let infohash = decode(value)?;
                    first.get_or_insert(infohash);
                    infohashes.push(infohash);
                }
                b"peer_id" if peer_id.is_none() => peer_id = Some(decode(value)?),
                b"port" if port.is_none() => {
                    port = Some(number(value).and_then(|port| u16::try_from(port).ok())?);
                }
                _ => {}
            }
        }
        let has_credentials = has_credentials(target);
        match (first?, peer_id, port) {
            (infohash, Some(peer_id), Some(port)) => {
                Some(Self::Announce(AnnounceRequest::read(target, infohash, peer_id, port, has_credentials)))
            }
            _ if is_scrape(target.path()) => {
                Some(Self::Scrape(ScrapeRequest { infohashes, has_credentials }))
            }
            _ => None,
        }
    }
}

impl TrackerRequest {
    /// Notes that credentials came along outside of the target.
    #[must_use]
    pub fn with_credentials(mut self, more: bool) -> Self {
        match &mut self {
            Self::Announce(announce) => announce.has_credentials |= more,
            Self::Scrape(scrape) => scrape.has_credentials |= more,
        }
        self
    }
}

impl AnnounceRequest {
    fn read(
        target: &Target<'_>,
        infohash: [u8; 20],
        peer_id: [u8; 20],
        port: u16,
        has_credentials: bool,
    ) -> Self {
        let mut announce = Self {
            infohash,
            peer_id,
            port,
            event: Event::Regular,
            uploaded: None,
            downloaded: None,
            left: None,
            numwant: None,
            compact: None,
            encryption: Encryption::Unsaid,
            addresses: [None; 3],
            has_credentials,
        };
        let [ip, ipv4, ipv6] = &mut announce.addresses;
        for (key, value) in target.parameters() {
            match key {
                b"event" => announce.event = Event::of_word(value),
                b"uploaded" => announce.uploaded = number(value),
                b"downloaded" => announce.downloaded = number(value),
                b"left" => announce.left = number(value),
                b"numwant" => announce.numwant = number(value),
                b"compact" => announce.compact = Some(value == b"1"),
                b"supportcrypto" if value == b"1" && announce.encryption == Encryption::Unsaid => {
                    announce.encryption = Encryption::Supported;
                }
                b"requirecrypto" if value == b"1" => announce.encryption = Encryption::Required,
                b"ip" => *ip = address(value, port),
                b"ipv4" => *ipv4 = address(value, port),
                b"ipv6" => *ipv6 = address(value, port),
                _ => {}
            }
        }
        announce
    }
}

/// What a tracker answers to an announce.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnnounceReply<'a> {
    /// Seconds until the next announce is due.
    pub interval: Option<u64>,
    /// Seconds that must pass before it at least.
    pub min_interval: Option<u64>,
    /// Peers that have everything.
    pub complete: Option<u64>,
    /// Peers that lack something.
    pub incomplete: Option<u64>,
    /// Downloads completed so far.
    pub downloaded: Option<u64>,
    /// Peers that lack something and want it (BEP 21).
    pub downloaders: Option<u64>,
    /// The client's address as the tracker sees it (BEP 24).
    pub external_ip: Option<IpAddr>,
    /// Whether the announce was refused. Why is not told: the text may repeat a passkey.
    pub failed: bool,
    /// Whether there is a warning.
    pub warned: bool,
    peers: Option<Value<'a>>,
    peers6: &'a [u8],
}

impl<'a> AnnounceReply<'a> {
    /// Splits one answer off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// As [`bencode::parse`]; `Mismatch` too where the value is no dict with an interval, peers or a refusal.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let (dict, rest) = dict(input)?;
        let mut reply = Self {
            interval: None,
            min_interval: None,
            complete: None,
            incomplete: None,
            downloaded: None,
            downloaders: None,
            external_ip: None,
            failed: false,
            warned: false,
            peers: None,
            peers6: &[],
        };
        let mut is_reply = false;
        for (key, value) in dict {
            match key {
                b"interval" => reply.interval = count(value),
                b"min interval" => reply.min_interval = count(value),
                b"complete" => reply.complete = count(value),
                b"incomplete" => reply.incomplete = count(value),
                b"downloaded" => reply.downloaded = count(value),
                b"downloaders" => reply.downloaders = count(value),
                b"external ip" => reply.external_ip = value.as_bytes().and_then(compact::address),
                b"failure reason" => reply.failed = true,
                b"warning message" => reply.warned = true,
                b"peers" => reply.peers = Some(value),
                b"peers6" => reply.peers6 = value.as_bytes().unwrap_or_default(),
                _ => {}
            }
            is_reply |= matches!(key, b"interval" | b"failure reason" | b"peers" | b"peers6");
        }
        if is_reply { Ok((reply, rest)) } else { Err(no_answer()) }
    }

    /// The peers that it names. Entries that are no endpoints are passed over.
    pub fn peers(&self) -> impl Iterator<Item = SocketAddr> + use<'a> {
        let packed = self.peers.and_then(Value::as_bytes).unwrap_or_default();
        let dicts = self.peers.and_then(Value::as_list).map(|list| PeerDicts { values: list.iter() });
        Endpoints::v4(packed).chain(Endpoints::v6(self.peers6)).chain(dicts.into_iter().flatten())
    }
}

/// What a tracker answers to a scrape.
#[derive(Clone, Copy, Debug)]
pub struct ScrapeReply<'a> {
    files: Option<Dict<'a>>,
}

/// A swarm, as a tracker counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swarm<'a> {
    /// The torrent.
    pub infohash: &'a [u8; 20],
    /// Peers that have everything.
    pub complete: Option<u64>,
    /// Peers that lack something.
    pub incomplete: Option<u64>,
    /// Downloads completed so far.
    pub downloaded: Option<u64>,
}

impl<'a> ScrapeReply<'a> {
    /// Splits one answer off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// As [`bencode::parse`]; `Mismatch` too where the value is no dict with files or a refusal.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let (dict, rest) = dict(input)?;
        let files = dict.get(b"files").and_then(Value::as_dict);
        if files.is_none() && dict.get(b"failure reason").is_none() {
            return Err(no_answer());
        }
        Ok((Self { files }, rest))
    }

    /// Whether the scrape was refused.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.files.is_none()
    }

    /// The swarms.
    pub fn swarms(&self) -> impl Iterator<Item = Swarm<'a>> + use<'a> {
        self.files.into_iter().flatten().filter_map(|(key, value)| {
            let infohash = key.try_into().ok()?;
            let counts = value.as_dict()?;
            let get = |key: &[u8]| counts.get(key).and_then(count);
            let (complete, incomplete) = (get(b"complete"), get(b"incomplete"));
            Some(Swarm { infohash, complete, incomplete, downloaded: get(b"downloaded") })
        })
    }
}

/// Peers as dicts of `ip` and `port` (BEP 3). Names instead of addresses are passed over.
struct PeerDicts<'a> {
    values: Values<'a>,
}

impl Iterator for PeerDicts<'_> {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        self.values.by_ref().find_map(|value| {
            let peer = value.as_dict()?;
            let ip = peer.get(b"ip").and_then(Value::as_bytes)?;
            let port = peer.get(b"port").and_then(Value::as_int)?;
            let ip: IpAddr = str::from_utf8(ip).ok()?.parse().ok()?;
            Some(SocketAddr::new(ip, u16::try_from(port).ok()?))
        })
    }
}

/// Whether a URL contains something that may be a passkey or a log-in.
#[must_use]
pub fn has_credentials(url: &Target<'_>) -> bool {
    let is_key = |part: &[u8]| {
        part.len() >= PASSKEY
            && part.iter().any(u8::is_ascii_digit)
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    url.has_login()
        || url.path().split(|byte| *byte == b'/').any(is_key)
        || url.parameters().any(|(key, _)| CREDENTIALS.iter().any(|known| key.eq_ignore_ascii_case(known)))
}

/// BEP 48: the last part of the path says `scrape` where that of an announce says `announce`.
fn is_scrape(path: &[u8]) -> bool {
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    last.windows(6).any(|word| word == b"scrape")
        || path.split(|byte| *byte == b'/').any(|part| part == b"scrape")
}

/// An address, with a port or that of the announce.
fn address(escaped: &[u8], port: u16) -> Option<SocketAddr> {
    let text = decode_short(escaped, ADDRESS)?;
    let text = str::from_utf8(&text).ok()?;
    text.parse().ok().or_else(|| Some(SocketAddr::new(text.trim_matches(['[', ']']).parse().ok()?, port)))
}

fn dict(input: &[u8]) -> Result<(Dict<'_>, &[u8]), ParseError> {
    if input.first().is_some_and(|first| *first != b'd') {
        return Err(no_answer());
    }
    let (value, rest) = bencode::parse(input)?;
    Ok((value.as_dict().ok_or(no_answer())?, rest))
}

const fn no_answer() -> ParseError {
    ParseError::Mismatch { offset: 0, expected: "a tracker's answer" }
}

fn count(value: Value<'_>) -> Option<u64> {
    value.as_int().and_then(|int| int.try_into().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANNOUNCE: &[u8] = b"/0123456789abcdef0123456789abcdef/announce?info_hash=%99%95%1e%0dl%0f%88%1b%1f1f%e7%a7i%9f%5d%5dQ%a9%c7\
        &peer_id=-LT2110-0123456789ab&port=6881&uploaded=5&downloaded=7&left=0&corrupt=0&key=1A2B3C4D&event=completed\
        &numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0&ipv6=%5B2001%3Adb8%3A%3A1%5D%3A6882&ip=192.0.2.9";

    fn read(url: &[u8]) -> Option<TrackerRequest> {
        TrackerRequest::read(&Target::split(url))
    }

    #[test]
    fn an_announce_is_read() {
        let Some(TrackerRequest::Announce(announce)) = read(ANNOUNCE) else { panic!() };
        assert_eq!(announce.infohash[..5], [0x99, 0x95, 0x1e, 0x0d, b'l']);
        assert_eq!((&announce.peer_id, announce.port), (b"-LT2110-0123456789ab", 6881));
        assert_eq!((announce.uploaded, announce.downloaded, announce.left), (Some(5), Some(7), Some(0)));
        assert_eq!((announce.event, announce.encryption), (Event::Completed, Encryption::Supported));
        assert_eq!((announce.numwant, announce.compact), (Some(200), Some(true)));
        let addresses = ["192.0.2.9:6881".parse().ok(), None, "[2001:db8::1]:6882".parse().ok()];
        assert_eq!(announce.addresses, addresses);
        let shown = format!("{announce:?}");
        assert!(
            announce.has_credentials && !shown.contains("0123456789abcdef") && !shown.contains("1A2B3C4D")
        );
    }

    #[test]
    fn what_has_no_20_byte_infohash_peer_id_and_port_is_no_announce() {
        let whole = str::from_utf8(ANNOUNCE).unwrap();
        for (from, to) in [
            ("info_hash=%99", "info_hash="),
            ("peer_id=-", "peer_id="),
            ("port=6881", "port=66000"),
            ("port=6881", "port="),
            ("info_hash", "infohash"),
            ("peer_id", "peerid"),
        ] {
            assert_eq!(read(whole.replace(from, to).as_bytes()), None, "{from}");
        }
        assert_eq!(read(b"/seed?info_hash=aaaaaaaaaaaaaaaaaaaa&piece=3"), None);
    }

    #[test]
    fn a_scrape_names_several_torrents() {
        let Some(TrackerRequest::Scrape(scrape)) = read(
            b"/scrape.php?info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=%62bbbbbbbbbbbbbbbbbbb&passkey=s3cret",
        ) else {
            panic!()
        };
        assert_eq!(scrape.infohashes, [[b'a'; 20], [b'b'; 20]]);
        assert!(scrape.has_credentials && !format!("{scrape:?}").contains("s3cret"));
    }

    #[test]
    fn passkeys_are_noticed_wherever_they_stand() {
        let has = |url| has_credentials(&Target::split(url));
        for url in [
            &b"/announce/0123456789abcdef0123456789abcdef?x=1"[..],
            b"/a3f9K2m4P5q6R7s8/announce",
            b"/announce.php?PassKey=x",
            b"http://me:secret@t.example/announce",
        ] {
            assert!(has(url), "{}", url.escape_ascii());
        }
        assert!(!has(b"/announce?left=0") && !has(b"/a/long-folder-of-words/announce"));
    }

    #[test]
    fn an_answer_with_packed_peers_is_read() {
        let body =
            b"d8:completei5e10:downloadedi9e11:external ip4:\xcb\x00\x71\x0710:incompletei2e8:intervali1800e\
            12:min intervali300e5:peers12:\xc0\x00\x02\x01\x1a\xe1\xc0\x00\x02\x02\x1a\xe26:peers618:\
            \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1e";
        let (reply, rest) = AnnounceReply::parse(body).unwrap();
        assert_eq!((reply.interval, reply.min_interval, rest), (Some(1800), Some(300), &b""[..]));
        assert_eq!((reply.complete, reply.incomplete, reply.downloaded), (Some(5), Some(2), Some(9)));
        assert_eq!(reply.external_ip, "203.0.113.7".parse().ok());
        let peers: Vec<_> = reply.peers().map(|peer| peer.to_string()).collect();
        assert_eq!(peers, ["192.0.2.1:6881", "192.0.2.2:6882", "[2001:db8::1]:6881"]);
        for cut in 0..body.len() {
            assert!(matches!(AnnounceReply::parse(&body[..cut]), Err(ParseError::Truncated { .. })), "{cut}");
        }
    }

    #[test]
    fn an_answer_with_peers_as_dicts_is_read() {
        let body =
            b"d8:intervali60e5:peersld2:ip9:192.0.2.14:porti6881eed2:ip11:2001:db8::17:peer id1:x4:porti1ee\
            d2:ip4:host4:porti1eed2:ip9:192.0.2.14:porti70000eei5eee";
        let (reply, _) = AnnounceReply::parse(body).unwrap();
        let peers: Vec<_> = reply.peers().map(|peer| peer.to_string()).collect();
        assert_eq!(peers, ["192.0.2.1:6881", "[2001:db8::1]:1"]);
    }

    #[test]
    fn a_refusal_is_an_answer_and_its_text_stays_inside() {
        let (reply, _) =
            AnnounceReply::parse(b"d14:failure reason15:bad key s3cretX8:retry ini30ee").unwrap();
        assert!(reply.failed && !format!("{reply:?}").contains("s3cret"));
    }

    #[test]
    fn other_bytes_are_no_answer() {
        for body in [&b"<html>"[..], b"de", b"le", b"d3:cow3:mooe", b"4:spam"] {
            assert!(matches!(AnnounceReply::parse(body), Err(ParseError::Mismatch { .. })));
            assert!(matches!(ScrapeReply::parse(body), Err(ParseError::Mismatch { .. })));
        }
    }

    #[test]
    fn a_scrapes_answer_counts_swarms() {
        let body =
            b"d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei5e10:downloadedi9e10:incompletei-1ee3:oddi1eee";
        let (reply, _) = ScrapeReply::parse(body).unwrap();
        let swarm = Swarm { infohash: &[b'a'; 20], complete: Some(5), incomplete: None, downloaded: Some(9) };
        assert_eq!(reply.swarms().collect::<Vec<_>>(), [swarm]);
        assert!(!reply.failed() && ScrapeReply::parse(b"d14:failure reason1:xe").unwrap().0.failed());
        for cut in 0..body.len() {
            assert!(matches!(ScrapeReply::parse(&body[..cut]), Err(ParseError::Truncated { .. })), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at in 0..ANNOUNCE.len()) {
            let _ = read(&bytes);
            let _ = read(&[&ANNOUNCE[..at], &bytes].concat());
            let _ = AnnounceReply::parse(&bytes).map(|(reply, _)| reply.peers().count());
            let _ = ScrapeReply::parse(&bytes).map(|(reply, _)| reply.swarms().count());
        }
    }
}
