//! TCP segments: which connection they belong to, where its streams begin, and when it is left alone.

use super::detail::{Detail, Details};
use super::flows::talkers;
use super::passage::Passage;
use super::{Content, Engine, Totals, count};
use crate::anomaly::Anomalies;
use crate::detect::reading::{self, Answer, Outcome};
use crate::flow::key::{End, Ends};
use crate::flow::slab::Place;
use crate::flow::stream::{Arrival, HeldBytes, READING};
use crate::flow::table::{Flow, Notes, Phase};
use crate::flow::unseen::{Sent, Unseen};
use crate::wire::decode::Segment;

impl Engine {
    pub(super) fn tcp(&mut self, passage: &Passage<'_>, segment: &Segment<'_>) {
        let mark = || passage.mark(segment.payload, [segment.seq, segment.ack, u32::from(segment.flags.0)]);
        let opens = segment.flags.syn() && !segment.flags.ack();
        // A SYN with another number than the flow's begins another connection on the same ports. Where none was seen
        // yet, this may be the flow's own, overtaken by what followed it.
        let renew = |flow: &Flow, notes: &Notes, details: &Details| {
            let end = flow.end(passage.from_low);
            // After the connection's end the ports may be another's, unless this SYN begins just what was seen.
            let overtaken = || {
                let is_young = passage.stamp.time.since(flow.first) <= READING.age;
                let first = segment.seq.wrapping_add(1);
                let detail = || flow.detail.and_then(|place| details.whole.get(place));
                let fits = |detail: &Detail| {
                    if flow.closed() { detail.begins_at(end, first) } else { detail.may_begin_at(end, first) }
                };
                is_young && detail().is_some_and(fits)
            };
            opens
                && match *notes.isn.at(end) {
                    Some(isn) => isn != segment.seq,
                    None => (flow.closed() || flow.phase != Phase::Probing) && !overtaken(),
                }
        };
        let Some(place) = self.flow(passage, || Some(mark()), renew) else { return };
        let Self { flows, details, anomalies, budget, totals, content, learning, marks, unseen, .. } = self;
        let Some(flow) = flows.get_mut(place) else { return };
        let stamp = passage.stamp;
        let pause = stamp.time.since(flow.last);
        flow.last = flow.last.max(stamp.time);
        let mut end = flow.end(passage.from_low);
        if flow.phase == Phase::Rejected {
            count(flow, end, segment.payload_len);
            note_close(flow, end, segment);
            see(flow, place, unseen, end, segment, totals);
            return;
        }
        let phase = flow.phase;
        let Some((_, notes)) = flows.noted_mut(place) else { return };
        if notes.recent.repeats(mark(), pause) {
            totals.duplicate_frames += u64::from(phase == Phase::Reading);
            return;
        }
        let Some(anomalies) = anomalies.get_mut(stamp.frame.capture as usize) else { return };
        if segment.flags.syn() {
            let began = if segment.flags.ack() { end.other() } else { end };
            if began == End::Resp && notes.isn == Ends::default() {
                flows.turn(place);
                unseen.turn(place);
                if let Some(detail) = flows.get(place).and_then(|flow| details.whole.get_mut(flow.detail?)) {
                    detail.turn();
                }
                end = end.other();
            }
            let Some(mut known) = flows.noted_mut(place) else { return };
            let first = segment.seq.wrapping_add(1);
            learn_start(&mut known, details, end, first, budget, content, anomalies);
            if segment.flags.ack() {
                learn_start(&mut known, details, end.other(), segment.ack, budget, content, anomalies);
            }
        }
        let Some((flow, notes)) = flows.noted_mut(place) else { return };
        see(flow, place, unseen, end, segment, totals);
        count(flow, end, segment.payload_len);
        note_close(flow, end, segment);
        if segment.payload_len > 0 {
            // Data may ride on a SYN (RFC 7413); it begins one further.
            let seq = segment.seq.wrapping_add(u32::from(segment.flags.syn()));
            let arrival = Arrival { stamp, seq, bytes: segment.payload, sent: segment.payload_len };
            payload(&mut (flow, notes), details, end, &arrival, budget, content, anomalies);
            if let Some(detail) = flow.detail.and_then(|place| details.whole.get_mut(place))
                && detail.is_read()
            {
                let collected = detail.collect(content.free());
                content.take(passage.hash, collected, &mut detail.lent);
            }
        }
        if let Some(detail) = flow.detail.and_then(|place| details.whole.get_mut(place)) {
            if let Some(macs) = passage.path.macs {
                detail.macs.at_mut(end).get_or_insert(macs.src());
                detail.macs.at_mut(end.other()).get_or_insert(macs.dst());
            }
            let closes = segment.flags.fin() || segment.flags.rst();
            if closes {
                detail.closed.get_or_insert((stamp.time, end));
            }
            if (closes || segment.payload_len > 0) && detail.is_read() {
                marks.mark(place, &mut detail.handed);
            }
            if segment.payload_len > 0 && detail.is_read() {
                learning.hear(&talkers(flow), &detail.named());
            }
        }
    }
}

/// Takes in how far a segment takes its flow's streams, and counts what it shows to have passed unseen.
#[inline]
fn see(
    flow: &mut Flow,
    place: Place,
    unseen: &mut Unseen,
    end: End,
    segment: &Segment<'_>,
    totals: &mut Totals,
) {
    /// Of ACK, RST, SYN and FIN, ACK alone.
    const PLAIN: (u8, u8) = (0x17, 0x10);
    // What opens a connection or breaks it off carries nothing; who follows a SYN tells where its bytes begin.
    if segment.flags.syn() || segment.flags.rst() {
        return;
    }
    let sent = Sent { seq: segment.seq, len: segment.payload_len, ack: Some(segment.ack) };
    if segment.flags.0 & PLAIN.0 != PLAIN.1 || !flow.seen.goes_on(end, sent, segment.ack) {
        see_thoroughly(flow, place, unseen, end, segment, totals);
    }
}

#[inline(never)]
fn see_thoroughly(
    flow: &mut Flow,
    place: Place,
    unseen: &mut Unseen,
    end: End,
    segment: &Segment<'_>,
    totals: &mut Totals,
) {
    let len = segment.payload_len + u32::from(segment.flags.fin());
    let ack = segment.flags.ack().then_some(segment.ack);
    let Some(left) = flow.seen.take(end, Sent { seq: segment.seq, len, ack }) else { return };
    let unseen = unseen.take(place, &mut flow.seen, left);
    // Where nothing of the other end was captured, it is not the mirror that lost it: its way is another.
    let is_one_sided = *flow.packets.at(end.other()) == 0;
    let total = if is_one_sided { &mut totals.one_sided_bytes } else { &mut totals.unseen_bytes };
    *total += u64::from(unseen);
}

/// A flow with the notes on it.
type Noted<'a> = (&'a mut Flow, &'a mut Notes);

fn note_close(flow: &mut Flow, end: End, segment: &Segment<'_>) {
    flow.reset |= segment.flags.rst();
    *flow.fin.at_mut(end) |= segment.flags.fin();
}

/// Takes in that a direction's first byte has sequence number `first`.
fn learn_start(
    known: &mut Noted<'_>,
    details: &mut Details,
    end: End,
    first: u32,
    budget: &mut HeldBytes,
    content: &mut Content,
    anomalies: &mut Anomalies,
) {
    let (flow, notes) = known;
    notes.isn.at_mut(end).get_or_insert(first.wrapping_sub(1));
    flow.begun = true;
    if let Some(detail) = flow.detail.and_then(|place| details.whole.get_mut(place)) {
        let outcome = detail.begin(end, first, budget, anomalies);
        settle(known, details, end, outcome, budget, content);
    }
}

/// Gives payload to the flow's reader, or to the probes while it has none.
fn payload(
    known: &mut Noted<'_>,
    details: &mut Details,
    end: End,
    arrival: &Arrival<'_>,
    budget: &mut HeldBytes,
    content: &mut Content,
    anomalies: &mut Anomalies,
) {
    if let Some(place) = known.0.slot.take() {
        resume(known, details, place, end, budget, content, anomalies);
    }
    let (flow, notes) = known;
    let rejected = *notes.rejected.at(end);
    let reading = flow.phase == Phase::Reading;
    if rejected && !reading {
        return;
    }
    let first = notes.isn.at(end).map(|isn| isn.wrapping_add(1)).filter(|_| !rejected);
    // The usual cases: the first segment of what is no protocol of ours, of which nothing is kept, and of what only its
    // silence can still make one, of which no more is kept than it takes to go on.
    if flow.detail.is_none() && first == Some(arrival.seq) {
        let answered = *flow.bytes.at(end.other()) > 0;
        match reading::probe(arrival.bytes, true, answered) {
            Answer::Reject => return settle(known, details, end, Outcome::Rejected, budget, content),
            Answer::NeedMore { unless_answered: true } => {
                flow.slot = details.keep_first(end, arrival);
                if flow.slot.is_some() {
                    return;
                }
            }
            Answer::NeedMore { .. } | Answer::Match(_) => {}
        }
    }
    let Some(detail) = details.of(flow) else { return };
    if rejected {
        detail.refuse(end);
        detail.catch_up(end, *flow.bytes.at(end) - u64::from(arrival.sent), arrival.stamp.time);
    }
    let outcome = detail.segment(end, arrival, first, budget, anomalies);
    if detail.is_read() {
        flow.phase = Phase::Reading;
    }
    settle(known, details, end, outcome, budget, content);
}

/// Goes on with a first segment that was kept, now that `end` sends again: its own end goes on, or the other answers, which
/// is what it was kept until.
fn resume(
    known: &mut Noted<'_>,
    details: &mut Details,
    place: Place,
    end: End,
    budget: &mut HeldBytes,
    content: &mut Content,
    anomalies: &mut Anomalies,
) {
    let Some(kept) = details.take_first(place) else { return };
    if kept.end != end {
        return settle(known, details, kept.end, Outcome::Rejected, budget, content);
    }
    let Some(detail) = details.of(known.0) else { return };
    let arrival = kept.arrival();
    let outcome = detail.segment(end, &arrival, Some(arrival.seq), budget, anomalies);
    settle(known, details, end, outcome, budget, content);
}

/// Draws the consequence where no detector wants a direction: without the other one the whole flow is left alone.
fn settle(
    (flow, notes): &mut Noted<'_>,
    details: &mut Details,
    end: End,
    outcome: Outcome,
    budget: &mut HeldBytes,
    content: &mut Content,
) {
    if outcome == Outcome::Going {
        if let Some(detail) = flow.detail.and_then(|place| details.whole.get_mut(place))
            && detail.is_read()
        {
            flow.phase = Phase::Reading;
        }
        return;
    }
    *notes.rejected.at_mut(end) = true;
    if outcome == Outcome::Misread {
        *notes.rejected.at_mut(end.other()) = true;
    }
    if notes.rejected.orig && notes.rejected.resp {
        flow.phase = Phase::Rejected;
        if let Some(mut detail) = flow.detail.take().and_then(|place| details.whole.remove(place)) {
            detail.release(budget);
            content.take_back(detail.lent);
            details.dropped.extend((detail.handed.number != 0).then_some(detail.handed));
        }
    }
}
