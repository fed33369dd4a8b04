//! Bytes that TCP acknowledged and nobody captured: what a mirror port, or the capture, lost.
//!
//! Of each end it is known up to where its stream was seen, from its first captured byte on. Bytes before the next segment
//! are a hole, which reordering and retransmissions may still fill; what is missing once the other end has acknowledged
//! the bytes behind it passed unseen. So does what is acknowledged and was never followed by anything. Numbers are compared
//! by serial arithmetic (RFC 1982). What a forged acknowledgement can claim is bounded by [`WINDOW`].

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::key::{End, Ends};
use super::slab::Place;

/// No receiver acknowledges so much at once: its window is at most 2^30 bytes (RFC 7323, 2.3).
const WINDOW: u32 = 1 << 30;

/// Flows with holes that are watched at once; a further one's holes are not counted.
const HOLED: usize = 1 << 16;

/// How far the streams of a flow were seen. There is one of each flow, so that it is kept small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Up to where each end was seen to send, or else the other end to acknowledge.
    until: Ends<u32>,
    /// [`Mark`]s of both ends.
    marks: u8,
}

/// What holds of an end: the bit of the one that began; that of the other is the next.
#[derive(Clone, Copy)]
enum Mark {
    /// It is known up to where it was acknowledged.
    Acknowledged = 1,
    /// It was captured.
    Captured = 1 << 2,
    /// There are holes in what was captured.
    Holed = 1 << 4,
}

impl Mark {
    const fn bit(self, end: End) -> u8 {
        match end {
            End::Orig => self as u8,
            End::Resp => (self as u8) << 1,
        }
    }
}

impl Seen {
    /// Takes in a segment that begins where its end was and acknowledges what was seen, as nearly all do, and holds neither
    /// SYN nor FIN. Answers whether it is one.
    #[inline]
    pub const fn goes_on(&mut self, from: End, sent: Sent, ack: u32) -> bool {
        let of = from.other();
        let (captured, holed) = (Mark::Captured.bit(from), Mark::Holed.bit(of));
        let goes_on = *self.until.at(from) == sent.seq
            && *self.until.at(of) == ack
            && self.marks & (captured | holed) == captured;
        if goes_on {
            self.see(from, sent.seq.wrapping_add(sent.len));
        }
        goes_on
    }

    /// Takes in a segment that `from` sent, as far as it begins its end, or goes on where that was, and acknowledges no
    /// more than was seen. Answers with what is left to [`Unseen::take`].
    pub const fn take(&mut self, from: End, sent: Sent) -> Option<Left> {
        let of = from.other();
        // What was sent before an end's first captured byte is not looked for.
        let is_placed = *self.until.at(from) == sent.seq || !self.is(Mark::Captured, from);
        if is_placed {
            self.mark(Mark::Captured, from);
            self.see(from, sent.seq.wrapping_add(sent.len));
        }
        let is_known = match sent.ack {
            Some(ack) => *self.until.at(of) == ack && !self.is(Mark::Holed, of),
            None => true,
        };
        if is_placed && is_known { None } else { Some(Left { from, sent, is_placed }) }
    }

    /// Says that the ends are the other way round.
    pub const fn swap(&mut self) {
        const OF_ORIG: u8 = 0b0101_0101;
        self.until.swap();
        self.marks = (self.marks & OF_ORIG) << 1 | (self.marks >> 1) & OF_ORIG;
    }

    #[inline]
    const fn is(&self, mark: Mark, end: End) -> bool {
        self.marks & mark.bit(end) != 0
    }

    const fn mark(&mut self, mark: Mark, end: End) {
        self.marks |= mark.bit(end);
    }

    const fn unmark(&mut self, mark: Mark, end: End) {
        self.marks &= !mark.bit(end);
    }

    const fn has_holes(&self) -> bool {
        self.is(Mark::Holed, End::Orig) || self.is(Mark::Holed, End::Resp)
    }

    /// Sets up to where an end was seen.
    #[inline]
    const fn see(&mut self, end: End, until: u32) {
        *self.until.at_mut(end) = until;
    }
}

/// What of one segment matters.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// The sequence number of its first byte, FIN counted as one.
    pub seq: u32,
    /// How many bytes.
    pub len: u32,
    /// The acknowledgement.
    pub ack: Option<u32>,
}

/// What is left to be taken in of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    from: End,
    sent: Sent,
    /// Its bytes are taken in.
    is_placed: bool,
}

/// Holes in one end's stream.
#[derive(Clone, Copy, Debug, Default)]
struct Holes {
    bytes: u32,
    /// Where the last ends.
    until: u32,
}

/// The holes of all flows that have any.
#[derive(Debug, Default)]
pub struct Unseen(HashMap<Place, Ends<Holes>, FxBuildHasher>);

impl Unseen {
    /// Takes in what [`Seen::take`] left of a segment of the flow at a place. Answers with how many bytes of the other end
    /// it shows to have passed unseen.
    pub fn take(&mut self, place: Place, known: &mut Seen, left: Left) -> u32 {
        let Left { from, sent, is_placed } = left;
        if !is_placed {
            self.place(place, known, from, sent);
        }
        sent.ack.map_or(0, |ack| self.acknowledge(place, known, from.other(), ack))
    }

    /// Forgets a flow.
    pub fn forget(&mut self, place: Place, known: &Seen) {
        if known.has_holes() {
            self.0.remove(&place);
        }
    }

    /// Says that the ends of the flow at a place are the other way round.
    pub fn turn(&mut self, place: Place) {
        if let Some(holes) = self.0.get_mut(&place) {
            holes.swap();
        }
    }

    /// Takes in a segment that does not begin where the last ended.
    fn place(&mut self, place: Place, known: &mut Seen, from: End, sent: Sent) {
        let end = sent.seq.wrapping_add(sent.len);
        // Without bytes it says nothing of those before it that the other end does not acknowledge.
        if sent.len == 0 {
            return;
        }
        let seen = *known.until.at(from);
        let ahead = sent.seq.wrapping_sub(seen);
        if ahead < WINDOW {
            if self.0.len() < HOLED || self.0.contains_key(&place) {
                let holes = self.0.entry(place).or_default().at_mut(from);
                holes.bytes = holes.bytes.saturating_add(ahead);
                holes.until = sent.seq;
                known.mark(Mark::Holed, from);
            }
            known.see(from, end);
            return;
        }
        if known.is(Mark::Holed, from)
            && let Some(holes) = self.0.get_mut(&place)
        {
            let holes = holes.at_mut(from);
            let before = holes.until.wrapping_sub(sent.seq);
            if before < WINDOW {
                holes.bytes = holes.bytes.saturating_sub(before.min(sent.len));
            }
        }
        let is_further = end.wrapping_sub(seen) < WINDOW;
        // Nowhere near: another connection on the same ports, whose SYN was not captured.
        let is_elsewhere = !is_further && seen.wrapping_sub(end) >= WINDOW;
        if is_further || is_elsewhere {
            known.see(from, end);
        }
    }

    /// Takes in that the bytes of `of` before `ack` have arrived. Answers with how many of them passed unseen.
    fn acknowledge(&mut self, place: Place, known: &mut Seen, of: End, ack: u32) -> u32 {
        if !known.is(Mark::Captured, of) && !known.is(Mark::Acknowledged, of) {
            known.mark(Mark::Acknowledged, of);
            known.see(of, ack);
            return 0;
        }
        let mut unseen = 0;
        let beyond = ack.wrapping_sub(*known.until.at(of));
        if beyond > 0 && beyond < WINDOW {
            // One alone is a FIN, or what probes an open connection (RFC 9293, 3.8.4).
            unseen = if beyond == 1 { 0 } else { beyond };
            known.see(of, ack);
        }
        if known.is(Mark::Holed, of)
            && let Some(holes) = self.0.get_mut(&place)
            && ack.wrapping_sub(holes.at(of).until) < WINDOW
        {
            unseen = unseen.saturating_add(holes.at(of).bytes);
            *holes.at_mut(of) = Holes::default();
            known.unmark(Mark::Holed, of);
            if !known.has_holes() {
                self.0.remove(&place);
            }
        }
        unseen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::slab::Slab;
    use proptest::prelude::*;

    /// What passed unseen, by segments of either end: (from, first byte, bytes, acknowledgement), counted from `isn`.
    fn unseen(isn: u32, segments: &[(End, u32, u32, Option<u32>)]) -> u32 {
        let place = Slab::default().insert(());
        let (mut unseen, mut known) = (Unseen::default(), Seen::default());
        let found = segments.iter().map(|&(from, seq, len, ack)| {
            let sent = Sent { seq: isn.wrapping_add(seq), len, ack: ack.map(|ack| isn.wrapping_add(ack)) };
            if sent.ack.is_some_and(|ack| known.goes_on(from, sent, ack)) {
                return 0;
            }
            known.take(from, sent).map_or(0, |left| unseen.take(place, &mut known, left))
        });
        let found = found.sum();
        assert_eq!(unseen.0.len(), usize::from(known.has_holes()));
        found
    }

    const A: End = End::Orig;
    const B: End = End::Resp;

    #[test]
    fn what_was_captured_or_came_late_was_seen() {
        for isn in [0, u32::MAX - 120] {
            let whole = [(A, 0, 100, None), (A, 100, 50, None), (B, 0, 0, Some(150)), (B, 0, 9, Some(150))];
            let late = [(A, 0, 100, None), (A, 200, 50, None), (A, 100, 100, None), (B, 0, 0, Some(250))];
            let again = [(A, 0, 100, None), (A, 0, 100, None), (A, 50, 70, None), (B, 0, 0, Some(120))];
            for segments in [whole, late, again] {
                assert_eq!(unseen(isn, &segments), 0, "{segments:?}");
            }
        }
    }

    #[test]
    fn what_was_acknowledged_and_not_captured_was_not() {
        for isn in [0, u32::MAX - 120] {
            let hole = [(A, 0, 100, None), (A, 200, 50, None), (B, 0, 0, Some(250))];
            let tail = [(A, 0, 100, None), (B, 0, 0, Some(100)), (B, 0, 0, Some(200))];
            let before_the_rest = [(A, 0, 100, None), (A, 200, 50, None), (B, 0, 0, Some(220))];
            for segments in [hole, tail, before_the_rest] {
                assert_eq!(unseen(isn, &segments), 100, "{segments:?}");
            }
            let open = [(A, 0, 100, None), (A, 200, 50, None), (B, 0, 0, Some(100))];
            assert_eq!(unseen(isn, &open), 0, "nobody says that it arrived");
        }
    }

    #[test]
    fn from_the_middle_on_only_what_comes_counts() {
        assert_eq!(unseen(0, &[(B, 0, 0, Some(5000)), (A, 5000, 100, None), (B, 0, 0, Some(5100))]), 0);
        assert_eq!(unseen(0, &[(A, 5000, 100, None), (B, 0, 0, Some(5100))]), 0);
        let in_flight = [(B, 0, 0, Some(1000)), (A, 5000, 100, None), (B, 0, 0, Some(5100))];
        assert_eq!(unseen(0, &in_flight), 0);
        let one_sided = [(B, 0, 0, Some(1000)), (B, 0, 0, Some(5100))];
        assert_eq!(unseen(0, &one_sided), 4100);
        assert_eq!(unseen(0, &[(A, 5000, 100, None), (B, 0, 0, Some(4000)), (B, 0, 0, Some(5100))]), 0);
    }

    #[test]
    fn a_keep_alive_and_a_fin_that_was_missed_are_no_loss() {
        let alive = [(A, 0, 100, None), (A, 99, 1, None), (B, 0, 0, Some(100)), (B, 0, 0, Some(101))];
        assert_eq!(unseen(7, &alive), 0);
    }

    proptest! {
        /// Of a stream in order, acknowledged as it comes, exactly what is left out passed unseen.
        #[test]
        fn exactly_what_was_lost_is_counted(
            isn in any::<u32>(),
            segments in proptest::collection::vec((2u32..1460, any::<bool>()), 1..60),
            every in 1usize..5,
        ) {
            let (mut sent, mut next, mut lost) = (vec![(A, 0, 2, None)], 2, 0);
            for (number, (len, is_lost)) in segments.iter().enumerate() {
                if *is_lost { lost += len } else { sent.push((A, next, *len, None)) }
                next += len;
                if number % every == 0 { sent.push((B, 0, 0, Some(next))) }
            }
            sent.push((B, 0, 0, Some(next)));
            prop_assert_eq!(unseen(isn, &sent), lost);
        }
    }
}
