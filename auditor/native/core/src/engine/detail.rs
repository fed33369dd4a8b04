//! A TCP flow whose bytes are worth keeping: two streams, what they began with, and who reads them.

use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::http::Fetch;
use crate::detect::named::Named;
use crate::detect::passed::{Collected, SentPieces};
use crate::detect::reading::{Answer, Outcome, Reading, probe};
use crate::detect::{Observation, Stamp};
use crate::flow::handed::Handed;
use crate::flow::key::{End, Ends};
use crate::flow::minutes::Minutes;
use crate::flow::slab::{Place, Slab};
use crate::flow::stream::{Arrival, HeldBytes, PROBING, Stream};
use crate::flow::table::Flow;
use crate::time::Timestamp;

/// What is kept of TCP flows.
#[derive(Default)]
pub(super) struct Details {
    pub(super) whole: Slab<Detail>,
    firsts: Slab<First>,
    /// What was handed over of flows that are left alone since.
    pub(super) dropped: Vec<Handed>,
}

impl Details {
    /// The detail of a flow, made where there is none.
    pub(super) fn of(&mut self, flow: &mut Flow) -> Option<&mut Detail> {
        let place = *flow.detail.get_or_insert_with(|| self.whole.insert(Detail::default()));
        self.whole.get_mut(place)
    }

    /// Keeps the first segment of a flow, if it is short and whole.
    pub(super) fn keep_first(&mut self, end: End, arrival: &Arrival<'_>) -> Option<Place> {
        let mut bytes = [0; First::MOST];
        let len = arrival.bytes.len();
        bytes.get_mut(..len)?.copy_from_slice(arrival.bytes);
        let is_whole = u32::try_from(len) == Ok(arrival.sent);
        let len = u8::try_from(len).ok().filter(|_| is_whole)?;
        Some(self.firsts.insert(First { bytes, len, end, seq: arrival.seq, stamp: arrival.stamp }))
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.whole.len() + self.firsts.len()
    }

    /// Takes a first segment that was kept.
    pub(super) fn take_first(&mut self, place: Place) -> Option<First> {
        self.firsts.remove(place)
    }
}

/// The first segment of a flow of which nothing else is kept.
#[repr(align(64))]
pub(super) struct First {
    bytes: [u8; Self::MOST],
    len: u8,
    pub(super) end: End,
    seq: u32,
    stamp: Stamp,
}

impl First {
    /// Shorter ones than a detector can decide on.
    const MOST: usize = 96;

    /// As it arrived.
    pub(super) fn arrival(&self) -> Arrival<'_> {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        Arrival { stamp: self.stamp, seq: self.seq, bytes, sent: u32::from(self.len) }
    }
}

/// Reassembly of one flow, and its reader once a detector matched.
#[derive(Default)]
pub(super) struct Detail {
    streams: Ends<Option<Stream>>,
    /// Of which ends the beginning was captured.
    begun: Ends<bool>,
    /// Payload bytes from before a direction was followed again, retransmissions among them.
    unfollowed: Ends<u64>,
    reading: Reading,
    pub(super) macs: Ends<Option<[u8; 6]>>,
    /// The capture of the latest segment.
    pub(super) capture: u32,
    /// What the reader held when it was last asked.
    pub(super) lent: usize,
    /// When it was first closed or reset, and by which end.
    pub(super) closed: Option<(Timestamp, End)>,
    /// What was handed over while the flow is open.
    pub(super) handed: Handed,
}

impl Detail {
    /// Whether a detector reads the flow.
    pub(super) fn is_read(&self) -> bool {
        self.reading.is_on()
    }

    /// What the reader holds, and what passed since the last call that may prove something across flows.
    pub(super) fn collect(&mut self, free: usize) -> Collected {
        self.reading.collect(free)
    }

    /// The digests of the pieces that passed, once the flow has ended.
    pub(super) fn pieces(&mut self) -> Vec<SentPieces> {
        self.reading.pieces()
    }

    /// What was fetched that may come from a web seed.
    pub(super) fn fetched(&self) -> Vec<Fetch> {
        self.reading.fetched()
    }

    /// The endpoints named for a swarm since the last call.
    pub(super) fn named(&mut self) -> Vec<Named> {
        self.reading.named()
    }

    /// Takes a segment with payload in. `first` is the sequence number of the direction's first byte, if known.
    pub(super) fn segment(
        &mut self,
        end: End,
        arrival: &Arrival<'_>,
        first: Option<u32>,
        budget: &mut HeldBytes,
        anomalies: &mut Anomalies,
    ) -> Outcome {
        self.capture = arrival.stamp.frame.capture;
        *self.begun.at_mut(end) |= first.is_some();
        let known = self.streams.at_mut(end).take();
        let mut stream = known.unwrap_or_else(|| Stream::around(first.unwrap_or(arrival.seq)));
        if first.is_none() && self.reading.was_matched_by(end) && stream.is_belied_by(arrival.seq) {
            return self.keep(end, stream, Outcome::Misread, budget);
        }
        let mut outcome = Outcome::Going;
        let mut refused = None;
        {
            let mut sink = self.reading.sink(end, first.is_some(), anomalies, &mut outcome);
            if !stream.has_begun()
                && let Some(first) = first.or_else(|| looks_first(&stream, arrival).then_some(arrival.seq))
            {
                stream.begin(first, budget, &mut sink);
            }
            refused = refused.or(stream.push(arrival, budget, &mut sink));
            let is_short = budget.now > budget.cap;
            if !stream.has_begun() && (is_short || stream.overfull(PROBING, arrival.stamp.time)) {
                budget.hits += u64::from(is_short);
                stream.begin_with_held(budget, &mut sink);
            }
        }
        if let Some(anomaly) = refused {
            anomalies.count(anomaly);
        }
        self.keep(end, stream, outcome, budget)
    }

    /// Says that the direction's first byte has sequence number `first`: its SYN, or the answer to it, came late.
    pub(super) fn begin(
        &mut self,
        end: End,
        first: u32,
        budget: &mut HeldBytes,
        anomalies: &mut Anomalies,
    ) -> Outcome {
        let Some(mut stream) = self.streams.at_mut(end).take() else { return Outcome::Going };
        *self.begun.at_mut(end) = true;
        let mut outcome = Outcome::Going;
        if !stream.has_begun() {
            stream.begin(first, budget, &mut self.reading.sink(end, true, anomalies, &mut outcome));
        } else if self.reading.was_matched_by(end) && stream.is_belied_by(first) {
            outcome = Outcome::Misread;
        }
        self.keep(end, stream, outcome, budget)
    }

    /// Says that the ends are the other way round.
    pub(super) fn turn(&mut self) {
        self.streams.swap();
        self.begun.swap();
        self.unfollowed.swap();
        self.macs.swap();
        self.closed = self.closed.map(|(time, end)| (time, end.other()));
        self.reading.turn();
    }

    /// Whether what is known of a direction leaves `first` to be the sequence number of its first byte.
    pub(super) fn may_begin_at(&self, end: End, first: u32) -> bool {
        self.streams.at(end).as_ref().is_none_or(|stream| stream.may_begin_at(first))
    }

    /// Whether the first byte that is known of a direction has sequence number `first`.
    pub(super) fn begins_at(&self, end: End, first: u32) -> bool {
        self.streams.at(end).as_ref().is_some_and(|stream| stream.begins_at(first))
    }

    /// Hands on what is held and returns what was observed.
    pub(super) fn finish(&mut self, budget: &mut HeldBytes, anomalies: &mut Anomalies) -> Vec<Observation> {
        for end in [End::Orig, End::Resp] {
            let Some(mut stream) = self.streams.at_mut(end).take() else { continue };
            let mut outcome = Outcome::Going;
            let holes = {
                let mut sink = self.reading.sink(end, false, anomalies, &mut outcome);
                if !stream.has_begun() {
                    stream.begin_with_held(budget, &mut sink);
                }
                stream.finish(budget, &mut sink)
            };
            for _ in 0..holes {
                anomalies.count(Anomaly::TcpGap);
            }
            *self.streams.at_mut(end) = Some(stream);
        }
        self.reading.believable(self.begun)
    }

    /// Forgets what is held.
    pub(super) fn release(&mut self, budget: &mut HeldBytes) {
        for end in [End::Orig, End::Resp] {
            if let Some(stream) = self.streams.at_mut(end) {
                stream.release(budget);
            }
        }
    }

    /// Says that no detector wanted the first bytes of a direction.
    pub(super) fn refuse(&mut self, end: End) {
        self.reading.refuse(end);
    }

    /// Takes in that a direction sent so many bytes by `time`, unless it is followed: no detector wanted it, until
    /// one matched in the other.
    pub(super) fn catch_up(&mut self, end: End, sent: u64, time: Timestamp) {
        if self.streams.at(end).is_none() {
            let counted: u64 = self.reading.minutes().iter().map(|(_, ends)| *ends.at(end)).sum();
            self.reading.count(time, end, sent.saturating_sub(counted));
            *self.unfollowed.at_mut(end) = sent;
        }
    }

    /// Payload bytes of one end, seen and missing. Each counts once where the direction was followed.
    pub(super) fn amounts(&self, end: End) -> (u64, u64) {
        let (seen, missing) =
            self.streams.at(end).as_ref().map_or((0, 0), |stream| (stream.seen, stream.missing));
        (self.unfollowed.at(end) + seen, missing)
    }

    /// How many frames prove that, or more.
    pub(super) fn proofs(&self) -> usize {
        self.reading.proofs()
    }

    /// What is observed so far, but for what is held.
    pub(super) fn observations(&self) -> Vec<Observation> {
        self.reading.believable(self.begun)
    }

    /// What [`Self::amounts`] would be after [`Self::catch_up`].
    pub(super) fn amounts_with(&self, end: End, sent: u64) -> (u64, u64) {
        if self.streams.at(end).is_none() { (sent, 0) } else { self.amounts(end) }
    }

    /// What [`Self::into_minutes`] would be after [`Self::catch_up`].
    pub(super) fn minutes_with(&self, sent: Ends<u64>, time: Timestamp) -> Minutes {
        let mut minutes = self.reading.minutes().clone();
        for end in [End::Orig, End::Resp] {
            if self.streams.at(end).is_none() {
                let counted: u64 = minutes.iter().map(|(_, ends)| *ends.at(end)).sum();
                minutes.add(time, end, sent.at(end).saturating_sub(counted));
            }
        }
        minutes
    }

    /// Payload bytes by minute.
    pub(super) fn into_minutes(self) -> Minutes {
        self.reading.into_minutes()
    }

    fn keep(&mut self, end: End, mut stream: Stream, outcome: Outcome, budget: &mut HeldBytes) -> Outcome {
        if outcome != Outcome::Going {
            stream.release(budget);
            return outcome;
        }
        if !self.reading.wants(end) {
            if self.reading.is_vain() {
                stream.release(budget);
                return Outcome::Misread;
            }
            stream.stop_reading(budget);
        }
        *self.streams.at_mut(end) = Some(stream);
        outcome
    }
}

/// Whether a segment of a stream whose SYN was not captured must be the first: it begins as a detector's protocol
/// does, with more than a few bytes that happen to fit, and nothing was seen before it. What a page or a file quotes
/// in the middle of a connection is no beginning.
fn looks_first(stream: &Stream, arrival: &Arrival<'_>) -> bool {
    const TELLING: usize = 8;
    arrival.bytes.len() >= TELLING
        && !stream.holds_before(arrival.seq)
        && !matches!(probe(arrival.bytes, false, false), Answer::Reject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Fact;

    const HANDSHAKE: &[u8; 68] =
        b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\x05iiiiiiiiiiiiiiiiiiii-LT2110-abcdefghijkl";

    /// Gives segments of one direction, as (sequence number, bytes), to a flow whose SYN was not captured.
    fn facts(segments: &[(u32, &[u8])]) -> Vec<Fact> {
        let (mut detail, mut anomalies) = (Detail::default(), Anomalies::default());
        let mut budget = HeldBytes { now: 0, cap: 1 << 20, hits: 0 };
        for (seq, bytes) in segments {
            let sent = u32::try_from(bytes.len()).unwrap();
            let arrival = Arrival { stamp: Stamp::default(), seq: *seq, bytes, sent };
            detail.segment(End::Orig, &arrival, None, &mut budget, &mut anomalies);
        }
        let facts = detail.finish(&mut budget, &mut anomalies);
        assert_eq!(budget.now, 0, "nothing stays held after the end");
        facts.into_iter().map(|observation| observation.fact).collect()
    }

    #[test]
    fn without_a_syn_a_handshake_that_comes_first_is_found() {
        assert_eq!(facts(&[(1000, HANDSHAKE)]).len(), 1);
        assert_eq!(facts(&[(1068, &[0; 4]), (1000, HANDSHAKE)]).len(), 2, "what came early follows it");
    }

    #[test]
    fn a_handshake_quoted_in_mid_stream_is_nothing() {
        assert_eq!(facts(&[(1000, b"<pre>"), (1005, HANDSHAKE)]), []);
    }
}
