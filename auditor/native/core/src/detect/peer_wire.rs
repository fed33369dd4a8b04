//! `bt.handshake` and `bt.messages`: the peer wire protocol in clear (BEP 3, 6, 10, 52).
//!
//! Sees a handshake at the first byte of a direction, wherever segments cut it, and counts what follows it. A piece
//! counts with the bytes of it that passed. Sees nothing of an obfuscated stream (MSE).
//!
//! Proves that the sender speaks the protocol and named this infohash. Fooled by a peer that sends a handshake for
//! a torrent it does not have: the other end's answer, and pieces, tell.

use std::collections::BTreeMap;

use super::{Confidence, Fact, Observation, Probe, Span, Stamp, StreamDetector, StreamReader};
use crate::anomaly::{Anomalies, Anomaly};
use crate::error::ParseError;
use crate::flow::key::{End, Ends};
use crate::wire::bt::handshake::{Handshake, HandshakeHead};
use crate::wire::bt::message::{Kind, MessageHead};

/// The id of the observation of a handshake.
pub const HANDSHAKE: &str = "bt.handshake";
/// The id of the observation of messages.
pub const MESSAGES: &str = "bt.messages";

/// Knows the peer wire by its handshake.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerWire;

impl StreamDetector for PeerWire {
    fn probe(&self, first: &[u8]) -> Probe {
        match HandshakeHead::parse(first) {
            Ok(_) => Probe::Match,
            Err(ParseError::Truncated { .. }) => Probe::NeedMore,
            Err(_) => Probe::Reject,
        }
    }

    fn open(&self) -> Box<dyn StreamReader> {
        Box::<Reader>::default()
    }
}

/// Reads both directions of one connection.
#[derive(Debug, Default)]
pub(super) struct Reader {
    ends: Ends<Talk>,
}

impl Reader {
    /// Says that the handshake of one end was encrypted and its messages are not: they are what comes next.
    pub(super) const fn expect_messages(&mut self, end: End) {
        let talk = self.ends.at_mut(end);
        talk.expects = Expects::Head;
        talk.handshake_hidden = true;
    }
}

impl StreamReader for Reader {
    fn read(&mut self, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        self.ends.at_mut(end).read(bytes, stamp, anomalies);
    }

    fn skip(&mut self, end: End, missing: u64, stamp: Stamp) {
        self.ends.at_mut(end).skip(missing, stamp);
    }

    fn wants(&self, end: End) -> bool {
        !matches!(self.ends.at(end).expects, Expects::Nothing)
    }

    fn observations(&self) -> Vec<Observation> {
        let mut found = Vec::new();
        for end in [End::Orig, End::Resp] {
            let talk = self.ends.at(end);
            found.extend(talk.handshake(end));
            found.extend(talk.messages(end));
        }
        found
    }
}

/// What one end said.
#[derive(Debug, Default)]
struct Talk {
    expects: Expects,
    /// The bytes of a handshake or a message's head that came in parts.
    partial: Vec<u8>,
    handshake: Option<Seen>,
    /// Where the handshake was said.
    opening: Option<Span>,
    /// The handshake was encrypted.
    handshake_hidden: bool,
    messages: Option<Span>,
    pieces: u64,
    piece_bytes: u64,
    counts: BTreeMap<&'static str, u64>,
    lost: bool,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    infohash: [u8; 20],
    peer_id: Option<[u8; 20]>,
    reserved: [u8; 8],
}

#[derive(Clone, Copy, Debug, Default)]
enum Expects {
    #[default]
    Handshake,
    Head,
    Body {
        left: u64,
        piece: bool,
    },
    /// It is no peer wire, or its messages can no longer be told apart.
    Nothing,
}

impl Talk {
    fn read(&mut self, mut bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        while !bytes.is_empty() {
            bytes = match self.expects {
                Expects::Handshake => self.read_handshake(bytes, stamp),
                Expects::Head => self.read_head(bytes, stamp, anomalies),
                Expects::Body { left, piece } => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    self.pass(left, here as u64, piece);
                    bytes.get(here..).unwrap_or_default()
                }
                Expects::Nothing => return,
            };
        }
    }

    fn skip(&mut self, missing: u64, _: Stamp) {
        match self.expects {
            // Inside a message of known length the next one's place is known too.
            Expects::Body { left, piece } if missing <= left => self.pass(left, missing, piece),
            _ => self.give_up(),
        }
    }

    /// Steps `here` bytes further in a body of which `left` are still to come.
    fn pass(&mut self, left: u64, here: u64, piece: bool) {
        if piece {
            self.piece_bytes += here;
        }
        self.expects = match left - here {
            0 => Expects::Head,
            left => Expects::Body { left, piece },
        };
    }

    fn give_up(&mut self) {
        self.expects = Expects::Nothing;
        self.lost = true;
    }

    /// Collects the handshake; returns the bytes after it.
    fn read_handshake<'a>(&mut self, bytes: &'a [u8], stamp: Stamp) -> &'a [u8] {
        let wanted = (Handshake::LEN - self.partial.len().min(Handshake::LEN)).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
        self.partial.extend_from_slice(taken);
        match &mut self.opening {
            Some(opening) => opening.extend(stamp),
            None => self.opening = Some(Span::at(stamp)),
        }
        let seen = match HandshakeHead::parse(&self.partial) {
            Ok((head, rest)) => Seen {
                infohash: *head.infohash(),
                peer_id: rest.first_chunk().copied(),
                reserved: head.reserved().0,
            },
            Err(ParseError::Truncated { .. }) => return rest,
            Err(_) => {
                self.partial = Vec::new();
                self.expects = Expects::Nothing;
                return &[];
            }
        };
        self.handshake = Some(seen);
        if seen.peer_id.is_some() {
            self.partial.clear();
            self.expects = Expects::Head;
        }
        rest
    }

    /// Reads one message's head; returns the bytes after it.
    fn read_head<'a>(&mut self, bytes: &'a [u8], stamp: Stamp, anomalies: &mut Anomalies) -> &'a [u8] {
        let (parsed, rest) = if self.partial.is_empty() {
            (MessageHead::parse(bytes), bytes)
        } else {
            // Byte by byte at the seam: a head is at most 17 bytes, and no more than the head may be taken.
            let Some((next, rest)) = bytes.split_first() else { return &[] };
            self.partial.push(*next);
            (MessageHead::parse(&self.partial), rest)
        };
        match parsed {
            Ok((head, taken)) => {
                let rest = if self.partial.is_empty() { rest.get(taken..).unwrap_or_default() } else { rest };
                self.partial.clear();
                self.count(head, stamp);
                rest
            }
            Err(ParseError::Truncated { .. }) => {
                if self.partial.is_empty() {
                    self.partial.extend_from_slice(bytes);
                    return &[];
                }
                rest
            }
            Err(_) => {
                anomalies.count(Anomaly::MessageMalformed);
                self.give_up();
                &[]
            }
        }
    }

    fn count(&mut self, head: MessageHead, stamp: Stamp) {
        let piece = matches!(head.kind, Kind::Piece { .. });
        if piece {
            self.pieces += 1;
        }
        *self.counts.entry(head.kind.label()).or_default() += 1;
        match &mut self.messages {
            Some(span) => span.extend(stamp),
            None => self.messages = Some(Span::at(stamp)),
        }
        if head.body_len() > 0 {
            self.expects = Expects::Body { left: u64::from(head.body_len()), piece };
        } else {
            self.expects = Expects::Head;
        }
    }

    fn handshake(&self, end: End) -> Option<Observation> {
        let (Seen { infohash, peer_id, reserved }, span) = self.handshake.zip(self.opening.clone())?;
        let fact = Fact::Handshake { infohash, peer_id, reserved };
        Some(Observation {
            detector: HANDSHAKE,
            confidence: Confidence::Confirmed,
            end,
            stream: 0,
            span,
            count: 1,
            fact,
        })
    }

    fn messages(&self, end: End) -> Option<Observation> {
        if self.handshake.is_none() && !self.handshake_hidden {
            return None;
        }
        let span = match &self.messages {
            Some(span) => span.clone(),
            None if self.lost => self.opening.clone()?,
            None => return None,
        };
        let fact = Fact::Messages {
            pieces: self.pieces,
            piece_bytes: self.piece_bytes,
            counts: self.counts.clone(),
            partial: self.lost,
        };
        let count = self.counts.values().sum();
        Some(Observation {
            detector: MESSAGES,
            confidence: Confidence::Confirmed,
            end,
            stream: 0,
            span,
            count,
            fact,
        })
    }
}

#[cfg(test)]
mod tests {
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
        let Some(Fact::Messages { pieces, piece_bytes, partial, .. }) = facts(&*reader).pop() else {
            panic!()
        };
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
}
