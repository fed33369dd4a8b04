//! One direction: the handshake, and the messages after it, parted and counted.

use std::collections::BTreeMap;

use super::{EXTERNAL_ADDRESS, Fact, HANDSHAKE, MESSAGES, Observation, Span, Stamp, confirmed};
use crate::anomaly::{Anomalies, Anomaly};
use crate::content::Budget;
use crate::content::pieces::{PieceCounts, PieceDigest, PieceDigests};
use crate::error::ParseError;
use crate::flow::key::End;
use crate::wire::bt::handshake::{Handshake, HandshakeHead, Reserved};
use crate::wire::bt::message::{Kind, MessageHead};

/// The pieces of an allowed-fast set that are kept: as many as BEP 6 recommends to send.
const ALLOWED_FAST: usize = 10;

/// What one end said.
#[derive(Debug, Default)]
pub(super) struct Talk {
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
    /// The pieces that it gives even while it chokes, the first of them, in order; and where it said so.
    allowed_fast: Option<(Vec<u32>, Span)>,
    lost: bool,
    /// What came was no peer wire.
    is_foreign: bool,
    /// The bytes of a message that is collected whole.
    body: Vec<u8>,
    /// Those that are.
    whole: Vec<Whole>,
    digests: PieceDigests,
}

/// A message that says something as a whole.
#[derive(Debug)]
pub(super) struct Whole {
    /// Of an extended message its id; none of hashes.
    pub(super) id: Option<u8>,
    pub(super) body: Vec<u8>,
    /// Of its last byte.
    pub(super) stamp: Stamp,
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
    /// Bytes that say nothing, or cannot be kept.
    Body {
        left: u64,
    },
    /// Bytes of a piece, the next of which is its byte `begin`.
    Piece {
        left: u64,
        index: u32,
        begin: u32,
    },
    /// Bytes of a message that is collected.
    Whole {
        left: usize,
        id: Option<u8>,
    },
    /// It began with no handshake: the first message of a stream whose beginning was not captured, or something else.
    Midstream,
    /// It is no peer wire, or its messages can no longer be told apart.
    Nothing,
}

impl Talk {
    /// Says that the handshake was encrypted, and that a message is what comes next.
    pub(super) const fn expect_messages(&mut self) {
        self.expects = Expects::Head;
        self.handshake_hidden = true;
    }

    /// Says that it did not begin with a handshake: one that comes now is quoted.
    pub(super) fn miss_beginning(&mut self) {
        if matches!(self.expects, Expects::Handshake) {
            self.expects = Expects::Nothing;
        }
    }

    pub(super) fn wants(&self) -> bool {
        !matches!(self.expects, Expects::Nothing)
    }

    /// Whether its bytes, whole as they are, are not the protocol's.
    pub(super) const fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// Whether a message came of which the bytes are the protocol's own: zeros are a keep-alive, and any id may be one.
    pub(super) fn is_fluent(&self) -> bool {
        let meaningless = [Kind::KeepAlive, Kind::Other(0)].map(Kind::label);
        self.counts.keys().any(|label| !meaningless.contains(label))
    }

    /// Whether both name one torrent, as far as handshakes tell: the two sides of a hybrid have two names (BEP 52).
    pub(super) fn fits(&self, other: &Self) -> bool {
        self.handshake.zip(other.handshake).is_some_and(|(ours, theirs)| {
            let upgrade = [ours, theirs].map(|seen| Reserved(seen.reserved).offers_upgrade());
            ours.infohash == theirs.infohash || upgrade != [false, false]
        })
    }

    /// The torrent that the handshake names.
    pub(super) fn infohash(&self) -> Option<[u8; 20]> {
        self.handshake.map(|seen| seen.infohash)
    }

    /// The messages that became whole since the last call.
    pub(super) fn take_whole(&mut self) -> Vec<Whole> {
        std::mem::take(&mut self.whole)
    }

    /// The digests of the pieces sent, once no more will come.
    pub(super) fn take_pieces(&mut self, budget: &mut Budget) -> (BTreeMap<u32, PieceDigest>, PieceCounts) {
        std::mem::take(&mut self.digests).finish(budget)
    }

    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        stamp: Stamp,
        budget: &mut Budget,
        anomalies: &mut Anomalies,
    ) {
        while !bytes.is_empty() {
            bytes = match self.expects {
                Expects::Handshake => self.read_handshake(bytes, stamp),
                Expects::Head => self.read_head(bytes, stamp, budget, anomalies),
                Expects::Body { left } => {
                    let (here, rest) = cut(bytes, left);
                    self.pass_by(left - here.len() as u64);
                    rest
                }
                Expects::Piece { left, index, begin } => {
                    let (here, rest) = cut(bytes, left);
                    self.digests.feed(index, begin, here, budget);
                    self.pass_piece(left, here.len() as u64, index, begin);
                    rest
                }
                Expects::Whole { left, id } => {
                    let (here, rest) = cut(bytes, left as u64);
                    self.body.extend_from_slice(here);
                    match left - here.len() {
                        0 => self.end_whole(id, stamp, budget),
                        left => self.expects = Expects::Whole { left, id },
                    }
                    rest
                }
                Expects::Midstream => {
                    self.read_midstream(bytes);
                    return;
                }
                Expects::Nothing => return,
            };
        }
    }

    /// Steps over bytes that were not captured: inside a message of known length the next one's place is known too.
    pub(super) fn skip(&mut self, missing: u64, budget: &mut Budget) {
        match self.expects {
            Expects::Body { left } if missing <= left => self.pass_by(left - missing),
            Expects::Piece { left, index, begin } if missing <= left => {
                self.digests.lose(index, budget);
                self.pass_piece(left, missing, index, begin);
            }
            Expects::Whole { left, .. } if missing <= left as u64 => {
                self.forget_whole(budget);
                self.pass_by(left as u64 - missing);
            }
            _ => {
                self.forget_whole(budget);
                self.give_up();
            }
        }
    }

    fn pass_by(&mut self, left: u64) {
        self.expects = if left == 0 { Expects::Head } else { Expects::Body { left } };
    }

    /// Steps `here` bytes further in a piece of which `left` were still to come.
    fn pass_piece(&mut self, left: u64, here: u64, index: u32, begin: u32) {
        self.piece_bytes += here;
        // Beyond 4 GiB no piece has bytes: those are counted, and in no digest.
        let begin = begin.saturating_add(u32::try_from(here).unwrap_or(u32::MAX));
        self.expects = match left - here {
            0 => Expects::Head,
            left => Expects::Piece { left, index, begin },
        };
    }

    fn end_whole(&mut self, id: Option<u8>, stamp: Stamp, budget: &mut Budget) {
        let body = std::mem::take(&mut self.body);
        budget.give(body.len());
        self.whole.push(Whole { id, body, stamp });
        self.expects = Expects::Head;
    }

    /// Gives up the message that was being collected, if any.
    fn forget_whole(&mut self, budget: &mut Budget) {
        if let Expects::Whole { left, .. } = self.expects {
            budget.give(left + self.body.len());
            self.body = Vec::new();
        }
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
                self.expects = Expects::Midstream;
                self.read_midstream(rest);
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

    /// Looks whether what came instead of a handshake may be a message.
    fn read_midstream(&mut self, bytes: &[u8]) {
        let room = MessageHead::MAX_HEADER.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.is_foreign = match MessageHead::parse(&self.partial) {
            Ok((head, _)) => matches!(head.kind, Kind::Other(_)),
            Err(ParseError::Truncated { .. }) => return,
            Err(_) => true,
        };
        self.partial = Vec::new();
        self.expects = Expects::Nothing;
    }

    /// Reads one message's head; returns the bytes after it.
    fn read_head<'a>(
        &mut self,
        bytes: &'a [u8],
        stamp: Stamp,
        budget: &mut Budget,
        anomalies: &mut Anomalies,
    ) -> &'a [u8] {
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
                self.count(head, stamp, budget);
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
                self.is_foreign = true;
                self.give_up();
                &[]
            }
        }
    }

    /// Counts a message by its head, and says what its bytes are for.
    fn count(&mut self, head: MessageHead, stamp: Stamp, budget: &mut Budget) {
        *self.counts.entry(head.kind.label()).or_default() += 1;
        match &mut self.messages {
            Some(span) => span.extend(stamp),
            None => self.messages = Some(Span::at(stamp)),
        }
        let left = u64::from(head.body_len());
        let whole = head.whole_body().map(|left| left as usize);
        let id = match head.kind {
            Kind::Piece { index, begin, .. } => {
                self.pieces += 1;
                self.pass_piece(left, 0, index, begin);
                return;
            }
            Kind::AllowedFast { index } => {
                self.allow(index, stamp);
                return self.pass_by(left);
            }
            Kind::Extended { id } => Some(id),
            Kind::Hashes => None,
            _ => return self.pass_by(left),
        };
        match whole {
            Some(0) => self.end_whole(id, stamp, budget),
            Some(left) if budget.take(left) => self.expects = Expects::Whole { left, id },
            _ => self.pass_by(left),
        }
    }

    fn allow(&mut self, index: u32, stamp: Stamp) {
        let (indexes, span) = self.allowed_fast.get_or_insert_with(|| (Vec::new(), Span::at(stamp)));
        if indexes.len() < ALLOWED_FAST && !indexes.contains(&index) {
            indexes.push(index);
            span.extend(stamp);
        }
    }

    /// The pieces that it gives even while it chokes, of this torrent.
    /// How many frames prove what it said, or more.
    pub(super) fn proofs(&self) -> usize {
        let allowed = self.allowed_fast.as_ref().map(|(_, span)| span);
        let spans = [self.opening.as_ref(), self.messages.as_ref(), allowed];
        spans.into_iter().flatten().map(Span::proofs).sum()
    }

    pub(super) fn allowed_fast(&self, end: End, infohash: [u8; 20]) -> Option<Observation> {
        let (indexes, span) = self.allowed_fast.clone()?;
        let count = indexes.len() as u64;
        Some(confirmed(EXTERNAL_ADDRESS, end, span, count, Fact::AllowedFast { infohash, indexes }))
    }

    pub(super) fn handshake(&self, end: End) -> Option<Observation> {
        let (Seen { infohash, peer_id, reserved }, span) = self.handshake.zip(self.opening.clone())?;
        let fact = Fact::Handshake { infohash, peer_id, reserved };
        Some(confirmed(HANDSHAKE, end, span, 1, fact))
    }

    pub(super) fn messages(&self, end: End) -> Option<Observation> {
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
        Some(confirmed(MESSAGES, end, span, count, fact))
    }
}

/// The bytes of the next `left`, and those after them.
fn cut(bytes: &[u8], left: u64) -> (&[u8], &[u8]) {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_at_checked(here).unwrap_or((bytes, &[]))
}
