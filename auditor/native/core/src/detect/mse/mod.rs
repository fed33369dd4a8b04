//! `bt.mse`: obfuscated BitTorrent (Message Stream Encryption, also called Protocol Encryption), over TCP or uTP.
//!
//! The handshake, A being the end that began: `A→B key[96] pad[0..512]`, `B→A key[96] pad[0..512]`,
//! `A→B hash[20] hash[20] constant[8] offer[4] len[2] pad len[2] first payload`, `B→A constant[8] choice[4] len[2] pad`,
//! all of it as random as ciphertext is. What follows is RC4, or plain where that was chosen.
//!
//! Sees the lengths and the randomness of the first flights, and the peer wire where it goes on in clear: then a
//! readable handshake with a message after it is `confirmed` and the rest is read as in clear. The shape alone proves
//! nothing: other programs look random too. It is an observation for the correlator and is not reported by itself.
//! Fooled by whoever imitates the shape. Costs a look at the bits of the first 96 bytes of a flow that no other
//! detector wants, and of what passes there some 3 kB until the fifth flight has ended.
//!
//! Whether the SYN was seen and which port was asked are the correlator's to check: it knows the flow's ends.

mod flights;
mod randomness;
mod shape;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod thresholds;

pub use self::flights::FLIGHTS;
pub use self::randomness::Randomness;
pub use self::shape::{Shape, Signature};

use memchr::memchr;

use self::flights::Flights;
use self::shape::{Checks, Fit};
use self::thresholds::READABLE_WITHIN;
use super::named::Named;
use super::passed::{Collected, SentPieces};
use super::{Confidence, Fact, Observation, Probe, Span, Stamp, StreamDetector, StreamReader, peer_wire};
use crate::anomaly::Anomalies;
use crate::error::ParseError;
use crate::flow::key::{End, Ends};
use crate::wire::bt::handshake::{Handshake, HandshakeHead};
use crate::wire::bt::message::{Kind, MessageHead};

/// The detector's id.
pub const MSE: &str = "bt.mse";

/// Knows what may be an obfuscated stream by the randomness of its first bytes. To be asked after all others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

impl StreamDetector for Mse {
    fn probe(&self, first: &[u8]) -> Probe {
        randomness::probe(first)
    }

    fn needs_certainty(&self) -> bool {
        true
    }

    /// The initiator sends its whole key before it is answered.
    fn matches_before_it_is_answered(&self) -> bool {
        true
    }

    fn open(&self) -> Box<dyn StreamReader> {
        Box::<Reader>::default()
    }
}

/// Follows both directions until the shape is decided, and further where they become readable.
#[derive(Debug, Default)]
struct Reader {
    flights: Flights,
    checks: Checks,
    /// Up to where each direction was searched for a handshake.
    searched: Ends<usize>,
    plain: Option<Plain>,
}

/// The peer wire behind the obfuscated handshake.
#[derive(Debug, Default)]
struct Plain {
    wire: peer_wire::Reader,
    ways: Ends<Way>,
}

/// What is known of one direction once the other is readable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    /// Where its plain bytes begin is still looked for.
    #[default]
    Sought,
    /// It is read.
    Read,
    /// Its plain bytes were not found.
    Lost,
}

/// What a look at kept bytes found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// A handshake at this offset.
    Handshake(usize),
    /// A message at this offset: the handshake before it was encrypted.
    Message(usize),
    NotYet,
    Nothing,
}

impl StreamReader for Reader {
    fn read(&mut self, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        if self.checks.fit() == Fit::Never {
            return;
        }
        let more = self.flights.take(end, bytes, stamp);
        if let Some(plain) = &mut self.plain
            && *plain.ways.at(end) == Way::Read
        {
            plain.wire.read(end, bytes, stamp, anomalies);
        }
        self.look((end, more, stamp), anomalies);
    }

    fn skip(&mut self, end: End, missing: u64, stamp: Stamp) {
        if self.checks.fit() == Fit::Never {
            return;
        }
        self.flights.skip(end, missing, stamp);
        if let Some(plain) = &mut self.plain
            && *plain.ways.at(end) == Way::Read
        {
            plain.wire.skip(end, missing, stamp);
        }
        self.look((end, &[], stamp), &mut Anomalies::default());
    }

    fn wants(&self, end: End) -> bool {
        if self.checks.fit() == Fit::Never {
            return false;
        }
        match &self.plain {
            Some(plain) if *plain.ways.at(end) == Way::Read => plain.wire.wants(end),
            Some(plain) if *plain.ways.at(end) == Way::Lost => !self.flights.ended(),
            _ => !self.flights.ended() || self.flights.kept(end).is_open(),
        }
    }

    fn named(&mut self) -> Vec<Named> {
        self.plain.as_mut().map(|plain| plain.wire.named()).unwrap_or_default()
    }

    fn collect(&mut self, free: usize) -> Collected {
        self.plain.as_mut().map(|plain| plain.wire.collect(free)).unwrap_or_default()
    }

    fn pieces(&mut self) -> Vec<SentPieces> {
        self.plain.as_mut().map(|plain| plain.wire.pieces()).unwrap_or_default()
    }

    fn proofs(&self) -> usize {
        let spans = [End::Orig, End::Resp].into_iter().filter_map(|end| self.flights.span(end));
        let plain = self.plain.as_ref().map_or(0, |plain| plain.wire.proofs());
        spans.map(Span::proofs).sum::<usize>() + plain
    }

    fn observations(&self) -> Vec<Observation> {
        let Some(Shape { flights, signature, randomness }) = self.checks.shape(&self.flights) else {
            return Vec::new();
        };
        let signature = signature.map(Signature::label);
        let fact = Fact::Encrypted { flights, signature, randomness };
        let confidence = if self.plain.is_some() { Confidence::Confirmed } else { Confidence::Suspected };
        let shape = [End::Orig, End::Resp].into_iter().filter_map(|end| {
            let span = self.flights.span(end)?.clone();
            Some(Observation {
                detector: MSE,
                confidence,
                end,
                stream: 0,
                span,
                count: 1,
                fact: fact.clone(),
            })
        });
        let plain = self.plain.iter().flat_map(|plain| plain.wire.observations());
        shape.chain(plain).collect()
    }
}

impl Reader {
    /// Draws the consequences of what came, `more` being what was not kept of it.
    fn look(&mut self, more: (End, &[u8], Stamp), anomalies: &mut Anomalies) {
        match self.checks.look(&self.flights) {
            Fit::NotYet => {}
            Fit::Never => self.flights = Flights::default(),
            // The responder's first: the initiator's handshake is usually encrypted, and is sought as that only once
            // the responder's is known to be readable.
            Fit::Holds => {
                for end in [End::Resp, End::Orig, End::Resp] {
                    self.seek(end, more, anomalies);
                }
            }
        }
    }

    /// Looks for plain bytes of one direction, and reads on from there.
    fn seek(&mut self, end: End, more: (End, &[u8], Stamp), anomalies: &mut Anomalies) {
        let found = match &self.plain {
            Some(plain) if *plain.ways.at(end) != Way::Sought => return,
            Some(_) if end == End::Orig => self.find_after_fourth(),
            _ => self.find_handshake(end),
        };
        let kept = self.flights.kept(end);
        let offset = match found {
            Found::Handshake(offset) | Found::Message(offset) => offset,
            Found::NotYet if kept.is_open() => return,
            Found::NotYet | Found::Nothing => {
                if let Some(plain) = &mut self.plain {
                    *plain.ways.at_mut(end) = Way::Lost;
                }
                // The initiator's may still turn out to be plain, as long as the responder's may.
                let is_over = !kept.is_open() && !self.flights.kept(End::Resp).is_open();
                if self.flights.ended() && is_over {
                    self.flights.forget(end);
                }
                return;
            }
        };
        let plain = self.plain.get_or_insert_default();
        *plain.ways.at_mut(end) = Way::Read;
        if matches!(found, Found::Message(_)) {
            plain.wire.expect_messages(end);
        }
        for (bytes, stamp) in kept.runs(offset) {
            plain.wire.read(end, bytes, stamp, anomalies);
        }
        match more {
            (from, more, stamp) if from == end && !more.is_empty() => {
                plain.wire.read(end, more, stamp, anomalies);
            }
            // Bytes were lost between what is kept and what comes: the reader must not take them for neighbours.
            (.., stamp) if !kept.is_open() => plain.wire.skip(end, u64::MAX, stamp),
            _ => {}
        }
        self.flights.forget(end);
    }

    /// Looks for a readable handshake, with a message after it unless the other direction has shown one already. A
    /// quoted string confirms nothing.
    fn find_handshake(&mut self, end: End) -> Found {
        let obfuscated = match end {
            End::Orig => self.flights.len(1).saturating_add(self.flights.len(3)),
            End::Resp => self.flights.len(2).saturating_add(thresholds::FOURTH_AT_LEAST),
        };
        let bytes = self.flights.kept(end).bytes();
        let within = bytes.get(..READABLE_WITHIN).unwrap_or(bytes);
        let mut from = (*self.searched.at(end)).max(obfuscated as usize);
        while let Some(at) = within.get(from..).and_then(|left| memchr(Handshake::FIRST, left)) {
            let offset = from + at;
            from = offset + 1;
            *self.searched.at_mut(end) = offset;
            match Handshake::parse(bytes.get(offset..).unwrap_or_default()) {
                Ok((_, rest)) if self.plain.is_some() || is_message(rest) == Some(true) => {
                    return Found::Handshake(offset);
                }
                Ok((_, rest)) if is_message(rest).is_none() => return Found::NotYet,
                Err(ParseError::Truncated { .. }) => return Found::NotYet,
                _ => {}
            }
        }
        let searched = self.searched.at_mut(end);
        *searched = (*searched).max(bytes.len().min(READABLE_WITHIN));
        if *searched < READABLE_WITHIN { Found::NotYet } else { Found::Nothing }
    }

    /// Looks where the initiator's bytes become plain once the responder's are: right after the third flight, or after
    /// its handshake, which is encrypted where it was announced as first payload but sent later.
    fn find_after_fourth(&self) -> Found {
        if self.flights.begun() < FLIGHTS {
            return Found::NotYet;
        }
        let fifth = self.flights.len(1).saturating_add(self.flights.len(3)) as usize;
        let bytes = self.flights.kept(End::Orig).bytes();
        let at = |offset: usize| bytes.get(offset..).unwrap_or_default();
        match HandshakeHead::parse(at(fifth)) {
            Ok(_) => return Found::Handshake(fifth),
            Err(ParseError::Truncated { .. }) => return Found::NotYet,
            Err(_) => {}
        }
        for offset in [fifth, fifth.saturating_add(Handshake::LEN)] {
            match is_message(at(offset)) {
                Some(true) => return Found::Message(offset),
                Some(false) => {}
                None => return Found::NotYet,
            }
        }
        Found::Nothing
    }
}

/// Whether a message of a known kind stands at the front; `None` while that cannot be told. A keep-alive is four zero
/// bytes and an unknown id any bytes: neither is proof.
fn is_message(bytes: &[u8]) -> Option<bool> {
    match MessageHead::parse(bytes) {
        Ok((head, _)) => Some(!matches!(head.kind, Kind::KeepAlive | Kind::Other(_))),
        Err(ParseError::Truncated { .. }) => None,
        Err(_) => Some(false),
    }
}
