//! SYNs that wait for their answer, answers that overtook their SYN, and what overtook the answer.
//!
//! A capture joins two directions, and its merging or its queues may turn their order. So both orders are accepted
//! within [`EARLY`]'s time, and packets with a number that come before the pair is complete are held a little.

use super::Arrival;
use crate::detect::Stamp;
use crate::flow::key::{End, Ends};
use crate::flow::stream::{HELD_OVERHEAD, HeldBytes, Window};
use crate::time::Timestamp;
use crate::wire::utp::Kind;

/// Openings of one flow that are remembered at once.
const MOST: usize = 8;
/// What may be held for one opening: a first flight, for as long as a capture may turn the order of directions.
pub const EARLY: Window = Window { bytes: 32 << 10, segments: 16, age: 2 * Timestamp::SECOND };
/// An answer may come so long after the last SYN: as long as the slowest client goes on asking.
const ANSWERED_WITHIN: i64 = 60 * Timestamp::SECOND;

/// A SYN and its answer.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) initiator: End,
    pub(super) id: u16,
    pub(super) syn_seq: u16,
    /// When the initiator asked first and was answered.
    pub(super) stamps: Ends<Stamp>,
    /// The number of each side's first packet; the initiator is orig.
    pub(super) first: Ends<u16>,
    /// What came before the pair was complete.
    pub(super) early: Vec<Early>,
}

/// A packet that came too early.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) from: End,
    pub(super) seq: u16,
    pub(super) bytes: Box<[u8]>,
    pub(super) sent: u32,
    pub(super) is_last: bool,
    pub(super) stamp: Stamp,
}

impl Early {
    fn cost(&self) -> usize {
        HELD_OVERHEAD + self.bytes.len()
    }
}

#[derive(Clone, Copy, Debug)]
struct Syn {
    seq: u16,
    first: Stamp,
    latest: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    seq: u16,
    ack: u16,
    stamp: Stamp,
}

/// What is known of one opening. Without a SYN it may as well be a connection from before the capture began: then it
/// stays here as a mark, so that nothing more is held for it.
#[derive(Debug)]
struct Opening {
    initiator: End,
    id: u16,
    syn: Option<Syn>,
    answer: Option<Answer>,
    early: Vec<Early>,
    /// Since when something is held, or an answer waits for its SYN.
    since: Option<Timestamp>,
    latest: Timestamp,
}

impl Opening {
    fn new(initiator: End, id: u16, time: Timestamp) -> Self {
        Self { initiator, id, syn: None, answer: None, early: Vec::new(), since: None, latest: time }
    }

    /// Whether a packet with a number belongs here: to the initiator's id, or from it to the next one.
    fn takes(&self, arrival: &Arrival<'_>) -> bool {
        super::is_of(self.initiator, self.id, arrival.from, arrival.header.connection_id)
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now.since(since) > EARLY.age)
    }

    fn hold(&mut self, arrival: &Arrival<'_>, budget: &mut HeldBytes) {
        self.since.get_or_insert(arrival.stamp.time);
        let early = Early {
            from: arrival.from,
            seq: arrival.header.seq_nr,
            bytes: arrival.payload.into(),
            sent: arrival.sent,
            is_last: arrival.header.kind == Kind::Fin,
            stamp: arrival.stamp,
        };
        let cost = early.cost();
        if budget.now + cost > budget.cap {
            budget.hits += 1;
        } else if self.early.len() < EARLY.segments && self.held_bytes() + cost <= EARLY.bytes {
            budget.now += cost;
            self.early.push(early);
        }
    }

    fn held_bytes(&self) -> usize {
        self.early.iter().map(Early::cost).sum()
    }

    fn release(&mut self, budget: &mut HeldBytes) {
        budget.now = budget.now.saturating_sub(self.held_bytes());
        self.early = Vec::new();
    }
}

/// The openings of one flow.
#[derive(Debug, Default)]
pub(super) struct Openings(Vec<Opening>);

impl Openings {
    /// Takes a SYN in. Answers with the pair if its answer came before it.
    pub(super) fn syn(&mut self, arrival: &Arrival<'_>, budget: &mut HeldBytes) -> Option<Opened> {
        let (time, seq) = (arrival.stamp.time, arrival.header.seq_nr);
        let place = self.find_or_add(arrival.from, arrival.header.connection_id, true, time, budget)?;
        let opening = self.0.get_mut(place)?;
        opening.latest = time;
        if let Some(syn) = opening.syn.as_mut().filter(|syn| syn.seq == seq) {
            syn.latest = time;
            return None;
        }
        let is_answered = opening.syn.is_none()
            && !opening.is_stale(time)
            && opening.answer.is_some_and(|answer| answer.ack == seq);
        opening.syn = Some(Syn { seq, first: arrival.stamp, latest: time });
        if is_answered {
            return self.open(place, budget);
        }
        opening.answer = None;
        opening.since = None;
        opening.release(budget);
        None
    }

    /// Takes in a STATE as the answer to a SYN that waits for it. Answers with the pair.
    pub(super) fn answer(&mut self, arrival: &Arrival<'_>, budget: &mut HeldBytes) -> Option<Opened> {
        let header = arrival.header;
        let place = self.find(arrival.from.other(), header.connection_id)?;
        let opening = self.0.get_mut(place)?;
        opening.latest = arrival.stamp.time;
        let syn = opening.syn?;
        if header.ack_nr != syn.seq || arrival.stamp.time.since(syn.latest) > ANSWERED_WITHIN {
            return None;
        }
        opening.answer = Some(Answer { seq: header.seq_nr, ack: header.ack_nr, stamp: arrival.stamp });
        self.open(place, budget)
    }

    /// Takes in a STATE of no connection: it may have overtaken its SYN. Answers whether it is remembered for that.
    pub(super) fn answer_first(&mut self, arrival: &Arrival<'_>, budget: &mut HeldBytes) -> bool {
        let (header, stamp) = (arrival.header, arrival.stamp);
        if let Some(place) = self.find(arrival.from.other(), header.connection_id) {
            return self.0.get(place).is_some_and(|opening| !opening.is_stale(stamp.time));
        }
        let added = self.find_or_add(arrival.from.other(), header.connection_id, false, stamp.time, budget);
        let Some(opening) = added.and_then(|place| self.0.get_mut(place)) else { return false };
        opening.answer = Some(Answer { seq: header.seq_nr, ack: header.ack_nr, stamp });
        opening.since = Some(stamp.time);
        true
    }

    /// Holds a packet that came before its pair was complete. Answers whether it belongs to an opening.
    ///
    /// Where two ids are neighbours it may belong to either of two, one that each end began: an acknowledgement by the
    /// initiator of an opening whose SYN is late looks like an answer of its own. Then both hold it, and the numbers
    /// tell once one of them has its pair.
    pub(super) fn hold(&mut self, arrival: &Arrival<'_>, budget: &mut HeldBytes) -> bool {
        let time = arrival.stamp.time;
        for stale in self.0.iter_mut().filter(|opening| opening.is_stale(time)) {
            stale.release(budget);
        }
        let has_syn = self.has_syn_for(arrival);
        let mut belongs = false;
        for opening in self.0.iter_mut().filter(|opening| opening.takes(arrival)) {
            if has_syn && opening.syn.is_none() {
                continue;
            }
            opening.latest = time;
            if !opening.is_stale(time) {
                opening.hold(arrival, budget);
                belongs = true;
            }
        }
        belongs
    }

    /// Whether a SYN waits for its answer to which this packet may belong.
    pub(super) fn has_syn_for(&self, arrival: &Arrival<'_>) -> bool {
        self.0.iter().any(|opening| opening.syn.is_some() && opening.takes(arrival))
    }

    /// Forgets everything.
    pub(super) fn release(&mut self, budget: &mut HeldBytes) {
        for opening in &mut self.0 {
            opening.release(budget);
        }
        self.0 = Vec::new();
    }

    fn find(&self, initiator: End, id: u16) -> Option<usize> {
        self.0.iter().position(|opening| (opening.initiator, opening.id) == (initiator, id))
    }

    /// The place of an opening. A new one pushes out the oldest, and one with a SYN is pushed out only by another.
    fn find_or_add(
        &mut self,
        initiator: End,
        id: u16,
        is_syn: bool,
        time: Timestamp,
        budget: &mut HeldBytes,
    ) -> Option<usize> {
        if let Some(place) = self.find(initiator, id) {
            return Some(place);
        }
        if self.0.len() >= MOST {
            let oldest = |(_, opening): &(usize, &Opening)| (opening.syn.is_some(), opening.latest);
            let (place, opening) = self.0.iter().enumerate().min_by_key(oldest)?;
            if opening.syn.is_some() && !is_syn {
                return None;
            }
            self.0.remove(place).release(budget);
        }
        self.0.push(Opening::new(initiator, id, time));
        self.0.len().checked_sub(1)
    }

    fn open(&mut self, place: usize, budget: &mut HeldBytes) -> Option<Opened> {
        let opening = self.0.get(place)?;
        let (syn, answer) = opening.syn.zip(opening.answer)?;
        let mut opening = self.0.remove(place);
        let early = std::mem::take(&mut opening.early);
        budget.now = budget.now.saturating_sub(early.iter().map(Early::cost).sum());
        Some(Opened {
            initiator: opening.initiator,
            id: opening.id,
            syn_seq: syn.seq,
            stamps: Ends { orig: syn.first, resp: answer.stamp },
            // The answer takes no number: the first packet with payload has the one that it showed.
            first: Ends { orig: syn.seq.wrapping_add(1), resp: answer.seq },
            early,
        })
    }
}
