//! One direction of a uTP connection, put back in order (16-bit numbers, serial arithmetic of RFC 1982).
//!
//! A number stands for a packet, whatever its length, so what is missing has no known length: [`Run::Lost`]. The first
//! copy of a packet counts. A sender that fails to get a packet through may send its bytes under the same number in
//! other portions; where that is seen it is counted, and the first copy stays.

use std::collections::VecDeque;

use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::Stamp;
use crate::flow::stream::{HELD_OVERHEAD, HeldBytes, READING, Run};
use crate::time::Timestamp;

/// How far from the next packet a number may lie. The known receivers keep about a thousand packets out of order; what
/// lies further off is of an earlier connection with the same id, or the capture missed a great deal.
const REACH: u16 = 2048;
/// So many packets in order, all beyond reach, show that the capture missed a great deal.
const RESUMED: u8 = 4;
/// A responder sends so many packets at most before it hears from the initiator again.
const EARLIER: u16 = 64;
/// Of so many packets that were handed on the lengths are remembered.
const REMEMBERED: usize = 32;
/// No packet is so long.
const UNKNOWN: u16 = u16::MAX;

/// A packet that has a number: DATA or FIN.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    /// When and in which frame.
    pub(super) stamp: Stamp,
    /// Its number.
    pub(super) seq: u16,
    /// As much of its payload as was captured.
    pub(super) bytes: &'a [u8],
    /// Payload bytes sent.
    pub(super) sent: u32,
    /// Whether it is the FIN.
    pub(super) is_last: bool,
}

/// What was wrong with packets: how often each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Noticed {
    /// Holes that were given up.
    pub gaps: u32,
    /// Packets that contradict the first copy.
    pub conflicts: u32,
}

impl Noticed {
    /// Counts it all.
    pub fn count(self, anomalies: &mut Anomalies) {
        for (times, anomaly) in [(self.gaps, Anomaly::UtpGap), (self.conflicts, Anomaly::UtpOverlapConflict)]
        {
            for _ in 0..times {
                anomalies.count(anomaly);
            }
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.gaps += other.gaps;
        self.conflicts += other.conflicts;
    }
}

#[derive(Clone, Debug)]
struct Held {
    seq: u16,
    sent: u32,
    bytes: Box<[u8]>,
    is_last: bool,
    stamp: Stamp,
}

impl Held {
    fn cost(&self) -> usize {
        HELD_OVERHEAD + self.bytes.len()
    }
}

/// Packets beyond reach, while they may yet be where the sender has come to.
#[derive(Clone, Copy, Debug)]
struct Beyond {
    latest: u16,
    count: u8,
}

/// One direction of a connection.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    next: u16,
    /// Nothing was handed on yet, and a packet from before `next` would show that this is not where it begins.
    is_start_in_doubt: bool,
    wanted: bool,
    held: VecDeque<Held>,
    held_bytes: usize,
    held_since: Timestamp,
    beyond: Option<Beyond>,
    lengths: [u16; REMEMBERED],
    /// Unique payload bytes that were seen on the wire.
    pub(super) seen: u64,
    /// Packets that were sent and never captured, at least.
    pub(super) lost: u64,
    /// FIN was handed on.
    pub(super) is_closed: bool,
}

impl Sequence {
    /// Begins with packet `first`. Where that is in doubt, an earlier one shows that the beginning was missed.
    pub(super) fn new(first: u16, is_start_in_doubt: bool) -> Self {
        Self {
            next: first,
            is_start_in_doubt,
            wanted: true,
            held: VecDeque::new(),
            held_bytes: 0,
            held_since: Timestamp::default(),
            beyond: None,
            lengths: [UNKNOWN; REMEMBERED],
            seen: 0,
            lost: 0,
            is_closed: false,
        }
    }

    /// How far ahead of the next packet `seq` lies.
    pub(super) const fn ahead(&self, seq: u16) -> i16 {
        seq.wrapping_sub(self.next).cast_signed()
    }

    /// Whether `seq` lies near the next packet.
    pub(super) const fn reaches(&self, seq: u16) -> bool {
        self.ahead(seq).unsigned_abs() <= REACH
    }

    /// Takes a packet in, and hands on what is now in order.
    pub(super) fn push(
        &mut self,
        packet: &Packet<'_>,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(Run<'_>, Stamp),
    ) -> Noticed {
        if self.is_closed {
            return Noticed::default();
        }
        if !self.reaches(packet.seq) {
            return self.push_beyond(packet, budget, sink);
        }
        self.beyond = None;
        let ahead = self.ahead(packet.seq);
        if ahead < 0 {
            if !self.is_start_in_doubt || ahead.unsigned_abs() > EARLIER {
                return self.compare_with_handed_on(packet);
            }
            sink(Run::Lost, packet.stamp);
            self.next = packet.seq;
            self.hand_on(packet, sink);
            self.drain(budget, sink);
            return Noticed { gaps: 1, conflicts: 0 };
        }
        let place = self.place(packet.seq);
        if let Some(held) = self.held.get(place).filter(|held| held.seq == packet.seq) {
            return compare(held, packet);
        }
        if packet.seq == self.next {
            self.hand_on(packet, sink);
            self.drain(budget, sink);
            return Noticed::default();
        }
        self.hold(place, packet, budget);
        budget.hits += u64::from(budget.now > budget.cap);
        let mut noticed = Noticed::default();
        while !self.held.is_empty() && (budget.now > budget.cap || self.is_overfull(packet.stamp.time)) {
            noticed.add(self.give_up_hole(budget, sink));
        }
        noticed
    }

    /// Stops keeping content: what follows is only counted.
    pub(super) fn stop_reading(&mut self, budget: &mut HeldBytes) {
        self.wanted = false;
        budget.now = budget.now.saturating_sub(self.held_bytes);
        for held in &mut self.held {
            held.bytes = Box::default();
        }
        self.held_bytes = self.held.iter().map(Held::cost).sum();
        budget.now += self.held_bytes;
    }

    /// Hands on all that is held, each hole as lost.
    pub(super) fn finish(
        &mut self,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(Run<'_>, Stamp),
    ) -> Noticed {
        let mut noticed = Noticed::default();
        while !self.held.is_empty() {
            noticed.add(self.give_up_hole(budget, sink));
        }
        noticed
    }

    /// Forgets what is held.
    pub(super) fn release(&mut self, budget: &mut HeldBytes) {
        budget.now = budget.now.saturating_sub(self.held_bytes);
        self.held_bytes = 0;
        self.held = VecDeque::new();
    }

    /// Takes in a packet that lies beyond reach: goes on from it if it is one of several.
    fn push_beyond(
        &mut self,
        packet: &Packet<'_>,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(Run<'_>, Stamp),
    ) -> Noticed {
        let count = match self.beyond {
            Some(Beyond { latest, .. }) if latest == packet.seq => return Noticed::default(),
            Some(Beyond { latest, count }) if packet.seq.wrapping_sub(latest) <= REACH => count + 1,
            _ => 1,
        };
        if count < RESUMED {
            self.beyond = Some(Beyond { latest: packet.seq, count });
            return Noticed::default();
        }
        let mut noticed = self.finish(budget, sink);
        self.beyond = None;
        if self.is_closed {
            return noticed;
        }
        self.lose_until(packet.seq, packet.stamp, sink);
        self.hand_on(packet, sink);
        noticed.gaps += 1;
        noticed
    }

    fn is_overfull(&self, now: Timestamp) -> bool {
        self.held_bytes > READING.bytes
            || self.held.len() > READING.segments
            || now.since(self.held_since) > READING.age
    }

    /// Where among the packets held `seq` stands or would stand.
    fn place(&self, seq: u16) -> usize {
        let ahead = self.ahead(seq);
        self.held.partition_point(|held| self.ahead(held.seq) < ahead)
    }

    /// Puts a packet aside until those before it have come.
    fn hold(&mut self, place: usize, packet: &Packet<'_>, budget: &mut HeldBytes) {
        if self.held.is_empty() {
            self.held_since = packet.stamp.time;
        }
        let held = Held {
            seq: packet.seq,
            sent: packet.sent,
            bytes: if self.wanted { packet.bytes.into() } else { Box::default() },
            is_last: packet.is_last,
            stamp: packet.stamp,
        };
        self.held_bytes += held.cost();
        budget.now += held.cost();
        self.held.insert(place, held);
    }

    /// Hands on what is held and in order.
    fn drain(&mut self, budget: &mut HeldBytes, sink: &mut impl FnMut(Run<'_>, Stamp)) {
        let mut drained = false;
        while !self.is_closed && self.held.front().is_some_and(|first| first.seq == self.next) {
            let Some(held) = self.held.pop_front() else { break };
            self.held_bytes = self.held_bytes.saturating_sub(held.cost());
            budget.now = budget.now.saturating_sub(held.cost());
            let Held { seq, sent, ref bytes, is_last, stamp } = held;
            self.hand_on(&Packet { stamp, seq, bytes, sent, is_last }, sink);
            drained = true;
        }
        if self.is_closed {
            self.release(budget);
        } else if let Some(first) = self.held.front().filter(|_| drained) {
            self.held_since = first.stamp.time;
        }
    }

    fn give_up_hole(&mut self, budget: &mut HeldBytes, sink: &mut impl FnMut(Run<'_>, Stamp)) -> Noticed {
        let Some((first, stamp)) = self.held.front().map(|first| (first.seq, first.stamp)) else {
            return Noticed::default();
        };
        self.lose_until(first, stamp, sink);
        self.drain(budget, sink);
        Noticed { gaps: 1, conflicts: 0 }
    }

    /// Says that the packets from the next to the one before `seq` were not captured.
    fn lose_until(&mut self, seq: u16, stamp: Stamp, sink: &mut impl FnMut(Run<'_>, Stamp)) {
        sink(Run::Lost, stamp);
        let lost = seq.wrapping_sub(self.next);
        self.lost += u64::from(lost);
        for _ in 0..usize::from(lost).min(REMEMBERED) {
            self.remember(self.next, UNKNOWN);
            self.next = self.next.wrapping_add(1);
        }
        self.next = seq;
        self.is_start_in_doubt = false;
    }

    /// Hands on the next packet.
    fn hand_on(&mut self, packet: &Packet<'_>, sink: &mut impl FnMut(Run<'_>, Stamp)) {
        let bytes = if self.wanted { packet.bytes } else { &[] };
        let sent = u64::from(packet.sent);
        let cut = sent.saturating_sub(bytes.len() as u64);
        if !bytes.is_empty() {
            sink(Run::Bytes(bytes), packet.stamp);
        }
        if cut > 0 {
            sink(Run::Cut(cut), packet.stamp);
        }
        self.seen += sent;
        self.remember(packet.seq, u16::try_from(packet.sent).unwrap_or(UNKNOWN));
        self.next = packet.seq.wrapping_add(1);
        self.is_start_in_doubt = false;
        self.is_closed |= packet.is_last;
    }

    fn remember(&mut self, seq: u16, length: u16) {
        if let Some(place) = self.lengths.get_mut(usize::from(seq) % REMEMBERED) {
            *place = length;
        }
    }

    /// Of a packet that was handed on only the length is left to compare with.
    fn compare_with_handed_on(&self, packet: &Packet<'_>) -> Noticed {
        let is_remembered = usize::from(self.ahead(packet.seq).unsigned_abs()) <= REMEMBERED;
        let length = self.lengths.get(usize::from(packet.seq) % REMEMBERED).copied().unwrap_or(UNKNOWN);
        let differs = is_remembered && length != UNKNOWN && u32::from(length) != packet.sent;
        Noticed { gaps: 0, conflicts: u32::from(differs) }
    }
}

fn compare(held: &Held, packet: &Packet<'_>) -> Noticed {
    let differs =
        held.sent != packet.sent || held.bytes.iter().zip(packet.bytes).any(|(mine, theirs)| mine != theirs);
    Noticed { gaps: 0, conflicts: u32::from(differs) }
}
