//! Messages of WebSocket trackers: one JSON object each, RFC 8259. There is no BEP; this is what WebTorrent's
//! bittorrent-tracker and its like speak. Ids are strings of 20 characters, each the byte of its code point.
//!
//! | from | members |
//! |---|---|
//! | client, announce | `action` `announce`, `info_hash`, `peer_id`, `uploaded`, `downloaded`, `left` (null: unknown), `event`, `numwant`, `offers`: a list of what the tracker may hand to others |
//! | client, answer | `action` `announce`, `info_hash`, `peer_id`, `to_peer_id`, `offer_id`, `answer` |
//! | client, scrape | `action` `scrape`, `info_hash`: one or a list |
//! | tracker, reply | `action` `announce`, `info_hash`, `interval`, `complete`, `incomplete` |
//! | tracker, handing on | `action` `announce`, `info_hash`, `peer_id`, `offer_id`, `offer` or `answer` |
//! | tracker, scrape | `action` `scrape`, `files`: an object with infohashes for keys |
//! | tracker, refusal | `failure reason` |
//!
//! Offers and answers are session descriptions of WebRTC. They are not looked into: the addresses in them are
//! candidates, private and relayed ones among them.
//!
//! A message is read into a tree of values before it is checked. What that takes is bounded by the message's length,
//! which the caller bounds, and its depth by the reader (128).

use serde_json::{Map, Value};

use super::tracker::Event;
use crate::error::ParseError;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Says that the sender takes part in a swarm.
    Announce(Announce),
    /// Answers another peer's offer, by way of the tracker.
    Answer {
        /// The torrent.
        infohash: [u8; 20],
        /// The sender, by its own choice.
        peer_id: [u8; 20],
    },
    /// Asks how many take part.
    Scrape {
        /// The torrents; none stands for all.
        infohashes: Vec<[u8; 20]>,
    },
}

/// An announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announce {
    /// The torrent.
    pub infohash: [u8; 20],
    /// The sender, by its own choice.
    pub peer_id: [u8; 20],
    /// Why now.
    pub event: Event,
    /// Bytes that the sender claims to have got.
    pub downloaded: Option<u64>,
    /// Bytes that the sender claims to have given.
    pub uploaded: Option<u64>,
    /// Bytes that the sender claims to lack.
    pub left: Option<u64>,
    /// How many offers to other peers it brings.
    pub offers: usize,
}

/// What a tracker sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Says how many take part.
    Announce {
        /// The torrent.
        infohash: [u8; 20],
        /// Seconds until the next announce is due.
        interval: Option<u64>,
        /// Peers that have everything, as the tracker says.
        complete: Option<u64>,
        /// Peers that lack something, as the tracker says.
        incomplete: Option<u64>,
    },
    /// Hands on what another peer offers or answers.
    Peer {
        /// The torrent.
        infohash: [u8; 20],
        /// The other peer.
        peer_id: [u8; 20],
    },
    /// Says of several torrents how many take part.
    Scrape {
        /// The torrents.
        infohashes: Vec<[u8; 20]>,
    },
    /// Refuses.
    Failure,
}

impl Request {
    /// Reads one whole message of a client.
    ///
    /// # Errors
    /// `Truncated` if it is a proper prefix of JSON. `Mismatch` if it is no JSON, or lacks what its `action` requires.
    pub fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let message = object(message)?;
        let mismatch = |expected| ParseError::Mismatch { offset: 0, expected };
        match action(&message)? {
            Action::Announce => {
                let infohash = id(&message, "info_hash").ok_or(mismatch("an infohash"))?;
                let peer_id = id(&message, "peer_id").ok_or(mismatch("a peer id"))?;
                if message.get("answer").is_some_and(Value::is_object) {
                    return Ok(Self::Answer { infohash, peer_id });
                }
                let event = message.get("event").and_then(Value::as_str).unwrap_or_default();
                Ok(Self::Announce(Announce {
                    infohash,
                    peer_id,
                    event: Event::of_word(event.as_bytes()),
                    downloaded: number(&message, "downloaded"),
                    uploaded: number(&message, "uploaded"),
                    left: number(&message, "left"),
                    offers: message.get("offers").and_then(Value::as_array).map_or(0, Vec::len),
                }))
            }
            Action::Scrape => {
                let infohashes = match message.get("info_hash") {
                    None | Some(Value::Null) => Some(Vec::new()),
                    Some(Value::Array(list)) => list.iter().map(|one| bytes(one.as_str()?)).collect(),
                    Some(one) => one.as_str().and_then(bytes).map(|infohash| vec![infohash]),
                };
                Ok(Self::Scrape { infohashes: infohashes.ok_or(mismatch("infohashes"))? })
            }
        }
    }
}

impl Reply {
    /// Reads one whole message of a tracker.
    ///
    /// # Errors
    /// As of [`Request::parse`].
    pub fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let message = object(message)?;
        let mismatch = |expected| ParseError::Mismatch { offset: 0, expected };
        if message.get("failure reason").is_some_and(Value::is_string) {
            return Ok(Self::Failure);
        }
        if matches!(action(&message)?, Action::Scrape) {
            let files = message.get("files").and_then(Value::as_object).ok_or(mismatch("files"))?;
            return Ok(Self::Scrape { infohashes: files.keys().filter_map(|key| bytes(key)).collect() });
        }
        let infohash = id(&message, "info_hash").ok_or(mismatch("an infohash"))?;
        if ["offer", "answer"].iter().any(|name| message.get(*name).is_some_and(Value::is_object)) {
            let peer_id = id(&message, "peer_id").ok_or(mismatch("a peer id"))?;
            return Ok(Self::Peer { infohash, peer_id });
        }
        let [interval, complete, incomplete] =
            ["interval", "complete", "incomplete"].map(|name| number(&message, name));
        if interval.or(complete).or(incomplete).is_none() {
            return Err(mismatch("an interval or how many take part"));
        }
        Ok(Self::Announce { infohash, interval, complete, incomplete })
    }
}

enum Action {
    Announce,
    Scrape,
}

fn object(message: &[u8]) -> Result<Map<String, Value>, ParseError> {
    match serde_json::from_slice(message) {
        Ok(Value::Object(object)) => Ok(object),
        Err(error) if error.is_eof() => Err(ParseError::Truncated { offset: message.len(), needed: 1 }),
        _ => Err(ParseError::Mismatch { offset: 0, expected: "a JSON object" }),
    }
}

/// What a message is about. Old clients leave the word out of their answers to offers.
fn action(message: &Map<String, Value>) -> Result<Action, ParseError> {
    match message.get("action").map(Value::as_str) {
        None | Some(Some("announce")) => Ok(Action::Announce),
        Some(Some("scrape")) => Ok(Action::Scrape),
        _ => Err(ParseError::Mismatch { offset: 0, expected: "an action" }),
    }
}

fn id(message: &Map<String, Value>, name: &str) -> Option<[u8; 20]> {
    bytes(message.get(name)?.as_str()?)
}

/// The bytes of a string of 20 characters below U+0100.
fn bytes(text: &str) -> Option<[u8; 20]> {
    let mut characters = text.chars();
    let mut id = [0; 20];
    for place in &mut id {
        *place = u8::try_from(characters.next()?).ok()?;
    }
    characters.next().is_none().then_some(id)
}

fn number(message: &Map<String, Value>, name: &str) -> Option<u64> {
    message.get(name)?.as_u64()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANNOUNCE: &str = r#"{"action":"announce","info_hash":"\u0099\u0095abcdefghijklmnopqr","peer_id":"-WW0102-ÿbcdefghijkl",
        "uploaded":0,"downloaded":16384,"left":null,"event":"started","numwant":1,
        "offers":[{"offer_id":"x","offer":{"type":"offer","sdp":"v=0\r\n"}}],"passkey":"s3cret"}"#;
    const REPLY: &str = r#"{"action":"announce","interval":120,"info_hash":"aaaaaaaaaaaaaaaaaaaa","complete":1,"incomplete":2}"#;

    #[test]
    fn an_announce_is_read_with_ids_of_any_bytes() {
        let Ok(Request::Announce(announce)) = Request::parse(ANNOUNCE.as_bytes()) else { panic!() };
        assert_eq!(&announce.infohash, b"\x99\x95abcdefghijklmnopqr");
        assert_eq!(&announce.peer_id, b"-WW0102-\xffbcdefghijkl");
        assert_eq!((announce.event, announce.offers), (Event::Started, 1));
        assert_eq!((announce.downloaded, announce.uploaded, announce.left), (Some(16384), Some(0), None));
        assert!(!format!("{announce:?}").contains("s3cret"));
    }

    #[test]
    fn an_answer_is_no_announce_and_a_scrape_has_any_number_of_torrents() {
        let answer = ANNOUNCE.replace("\"offers\":[", "\"answer\":{},\"offers\":[");
        assert!(matches!(Request::parse(answer.as_bytes()), Ok(Request::Answer { .. })));
        for (list, torrents) in [
            (r#","info_hash":"aaaaaaaaaaaaaaaaaaaa""#, 1),
            (r#","info_hash":["aaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbb"]"#, 2),
            ("", 0),
        ] {
            let scrape = format!(r#"{{"action":"scrape"{list}}}"#);
            let Ok(Request::Scrape { infohashes }) = Request::parse(scrape.as_bytes()) else { panic!() };
            assert_eq!(infohashes.len(), torrents);
        }
    }

    #[test]
    fn what_trackers_send_is_read() {
        let reply = Reply::Announce {
            infohash: [b'a'; 20],
            interval: Some(120),
            complete: Some(1),
            incomplete: Some(2),
        };
        assert_eq!(Reply::parse(REPLY.as_bytes()), Ok(reply));
        let peer = br#"{"action":"announce","offer":{"sdp":""},"offer_id":"x","peer_id":"bbbbbbbbbbbbbbbbbbbb","info_hash":"aaaaaaaaaaaaaaaaaaaa"}"#;
        assert_eq!(Reply::parse(peer), Ok(Reply::Peer { infohash: [b'a'; 20], peer_id: [b'b'; 20] }));
        let scrape = br#"{"action":"scrape","files":{"aaaaaaaaaaaaaaaaaaaa":{"complete":1},"short":{}}}"#;
        assert_eq!(Reply::parse(scrape), Ok(Reply::Scrape { infohashes: vec![[b'a'; 20]] }));
        assert_eq!(Reply::parse(br#"{"failure reason":"bad passkey s3cret"}"#), Ok(Reply::Failure));
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..ANNOUNCE.len() {
            let expected = ParseError::Truncated { offset: cut, needed: 1 };
            assert_eq!(Request::parse(&ANNOUNCE.as_bytes()[..cut]), Err(expected), "{cut}");
        }
        for cut in 0..REPLY.len() {
            let expected = ParseError::Truncated { offset: cut, needed: 1 };
            assert_eq!(Reply::parse(&REPLY.as_bytes()[..cut]), Err(expected), "{cut}");
        }
    }

    #[test]
    fn other_messages_are_mismatches() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let id = "a".repeat(20);
        for other in [
            "hello".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            deep,
            format!(r#"{{"action":"announce","info_hash":"{id}"}}"#),
            format!(r#"{{"action":"announce","info_hash":"{id}a","peer_id":"{id}"}}"#),
            format!(r#"{{"action":"announce","info_hash":"{}","peer_id":"{id}"}}"#, "Ā".repeat(20)),
            format!(r#"{{"action":"join","info_hash":"{id}","peer_id":"{id}"}}"#),
            format!(r#"{{"action":"scrape","info_hash":["{id}",7]}}"#),
        ] {
            assert!(matches!(Request::parse(other.as_bytes()), Err(ParseError::Mismatch { .. })), "{other}");
            assert!(matches!(Reply::parse(other.as_bytes()), Err(ParseError::Mismatch { .. })), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, cut in 0..ANNOUNCE.len()) {
            for message in [bytes.clone(), [&ANNOUNCE.as_bytes()[..cut], &bytes].concat()] {
                let _ = (Request::parse(&message), Reply::parse(&message));
            }
        }
    }
}
