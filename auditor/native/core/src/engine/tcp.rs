//! A TCP flow whose bytes are worth keeping: two streams, what they began with, and who reads them.

use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::{Observation, Probe, Stamp, StreamReader, registry};
use crate::flow::key::{End, Ends};
use crate::flow::minutes::Minutes;
use crate::flow::stream::{Arrival, HeldBytes, PROBING, Run, Stream};
use crate::time::Timestamp;

/// The most first bytes that are kept of a direction while detectors make up their minds.
const HEAD: usize = 4096;

/// What became of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Not decided yet, or read on.
    Going,
    /// No detector wants it.
    Rejected,
    /// What a detector took for the first bytes were not the first: nothing that it read means anything.
    Misread,
}

/// Asks all detectors about first bytes: a match wins over those that want more.
pub(super) fn probe(first: &[u8]) -> (Probe, Option<Box<dyn StreamReader>>) {
    let mut answer = Probe::Reject;
    for detector in registry::STREAM {
        match detector.probe(first) {
            Probe::Match => return (Probe::Match, Some(detector.open())),
            Probe::NeedMore => answer = Probe::NeedMore,
            Probe::Reject => {}
        }
    }
    (answer, None)
}

/// Reassembly of one flow, and its reader once a detector matched.
#[derive(Default)]
pub(super) struct Detail {
    streams: Ends<Option<Stream>>,
    /// Payload bytes from before a direction was followed again, retransmissions among them.
    unfollowed: Ends<u64>,
    reading: Reading,
    pub(super) macs: Ends<Option<[u8; 6]>>,
    /// The capture of the latest segment.
    pub(super) capture: u32,
}

/// Everything about a flow but its streams, which lend their bytes to it.
#[derive(Default)]
struct Reading {
    heads: Ends<Vec<(Stamp, Box<[u8]>)>>,
    reader: Option<Box<dyn StreamReader>>,
    /// The end whose first bytes matched.
    matched: Option<End>,
    /// The reader calls the ends by the names that they had before a late SYN turned them.
    is_turned: bool,
    minutes: Minutes,
}

impl Detail {
    /// Whether a detector reads the flow.
    pub(super) fn is_read(&self) -> bool {
        self.reading.reader.is_some()
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
        let known = self.streams.at_mut(end).take();
        let mut stream = known.unwrap_or_else(|| Stream::around(first.unwrap_or(arrival.seq)));
        if first.is_none() && self.reading.matched == Some(end) && stream.is_belied_by(arrival.seq) {
            return self.keep(end, stream, Outcome::Misread, budget);
        }
        let mut outcome = Outcome::Going;
        let mut refused = None;
        {
            let mut sink = self.reading.sink(end, anomalies, &mut outcome);
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
        let mut outcome = Outcome::Going;
        if !stream.has_begun() {
            stream.begin(first, budget, &mut self.reading.sink(end, anomalies, &mut outcome));
        } else if self.reading.matched == Some(end) && stream.is_belied_by(first) {
            outcome = Outcome::Misread;
        }
        self.keep(end, stream, outcome, budget)
    }

    /// Says that the ends are the other way round.
    pub(super) fn turn(&mut self) {
        self.streams.swap();
        self.unfollowed.swap();
        self.macs.swap();
        self.reading.heads.swap();
        self.reading.minutes.swap();
        self.reading.matched = self.reading.matched.map(End::other);
        self.reading.is_turned ^= self.is_read();
    }

    /// Whether what is known of a direction leaves `first` to be the sequence number of its first byte.
    pub(super) fn may_begin_at(&self, end: End, first: u32) -> bool {
        self.streams.at(end).as_ref().is_none_or(|stream| stream.may_begin_at(first))
    }

    /// Hands on what is held and returns what was observed.
    pub(super) fn finish(&mut self, budget: &mut HeldBytes, anomalies: &mut Anomalies) -> Vec<Observation> {
        for end in [End::Orig, End::Resp] {
            let Some(mut stream) = self.streams.at_mut(end).take() else { continue };
            let mut outcome = Outcome::Going;
            let holes = {
                let mut sink = self.reading.sink(end, anomalies, &mut outcome);
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
        self.reading.observations()
    }

    /// Forgets what is held.
    pub(super) fn release(&mut self, budget: &mut HeldBytes) {
        for end in [End::Orig, End::Resp] {
            if let Some(stream) = self.streams.at_mut(end) {
                stream.release(budget);
            }
        }
    }

    /// Takes in that a direction sent so many bytes by `time`, unless it is followed: no detector wanted it, until
    /// one matched in the other.
    pub(super) fn catch_up(&mut self, end: End, sent: u64, time: Timestamp) {
        if self.streams.at(end).is_none() {
            let minutes = &mut self.reading.minutes;
            let counted: u64 = minutes.iter().map(|(_, ends)| *ends.at(end)).sum();
            minutes.add(time, end, sent.saturating_sub(counted));
            *self.unfollowed.at_mut(end) = sent;
        }
    }

    /// Payload bytes of one end, seen and missing. Each counts once where the direction was followed.
    pub(super) fn amounts(&self, end: End) -> (u64, u64) {
        let (seen, missing) =
            self.streams.at(end).as_ref().map_or((0, 0), |stream| (stream.seen, stream.missing));
        (self.unfollowed.at(end) + seen, missing)
    }

    /// Payload bytes by minute.
    pub(super) const fn minutes(&self) -> &Minutes {
        &self.reading.minutes
    }

    fn keep(&mut self, end: End, mut stream: Stream, outcome: Outcome, budget: &mut HeldBytes) -> Outcome {
        if outcome != Outcome::Going {
            stream.release(budget);
            return outcome;
        }
        let told = self.reading.as_told(end);
        if self.reading.reader.as_ref().is_some_and(|reader| !reader.wants(told)) {
            stream.stop_reading(budget);
        }
        *self.streams.at_mut(end) = Some(stream);
        outcome
    }
}

impl Reading {
    /// Where the runs of one direction go.
    fn sink<'a>(
        &'a mut self,
        end: End,
        anomalies: &'a mut Anomalies,
        outcome: &'a mut Outcome,
    ) -> impl FnMut(Run<'_>, Stamp) + 'a {
        move |run, stamp| {
            if *outcome == Outcome::Going {
                *outcome = self.take(end, run, stamp, anomalies);
            }
        }
    }

    fn take(&mut self, end: End, run: Run<'_>, stamp: Stamp, anomalies: &mut Anomalies) -> Outcome {
        match run {
            Run::Bytes(bytes) => self.minutes.add(stamp.time, end, bytes.len() as u64),
            Run::Cut(size) => self.minutes.add(stamp.time, end, size),
            Run::Gap(_) | Run::Lost => {}
        }
        let told = self.as_told(end);
        match (&mut self.reader, run) {
            (Some(reader), Run::Bytes(bytes)) => reader.read(told, bytes, stamp, anomalies),
            (Some(reader), Run::Cut(size) | Run::Gap(size)) => reader.skip(told, size, stamp),
            (Some(reader), Run::Lost) => reader.skip(told, u64::MAX, stamp),
            (None, Run::Bytes(bytes)) => return self.probe(end, bytes, stamp, anomalies),
            (None, Run::Cut(_) | Run::Gap(_) | Run::Lost) => return Outcome::Rejected,
        }
        Outcome::Going
    }

    /// The name by which the reader knows an end, and the other way round.
    const fn as_told(&self, end: End) -> End {
        if self.is_turned { end.other() } else { end }
    }

    /// What the reader saw, under the ends' own names.
    fn observations(&self) -> Vec<Observation> {
        let mut seen = self.reader.as_ref().map(|reader| reader.observations()).unwrap_or_default();
        for observation in &mut seen {
            observation.end = self.as_told(observation.end);
        }
        seen.sort_by_key(|observation| observation.end);
        seen
    }

    fn probe(&mut self, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) -> Outcome {
        let head = self.heads.at_mut(end);
        head.push((stamp, bytes.into()));
        let first: Vec<u8> = head.iter().flat_map(|(_, bytes)| bytes.iter().copied()).take(HEAD).collect();
        match probe(&first) {
            (_, Some(mut reader)) => {
                for end in [End::Orig, End::Resp] {
                    for (stamp, bytes) in std::mem::take(self.heads.at_mut(end)) {
                        reader.read(end, &bytes, stamp, anomalies);
                    }
                }
                self.reader = Some(reader);
                self.matched = Some(end);
                Outcome::Going
            }
            (Probe::NeedMore, None) if first.len() < HEAD => Outcome::Going,
            _ => {
                *self.heads.at_mut(end) = Vec::new();
                Outcome::Rejected
            }
        }
    }
}

/// Whether a segment of a stream whose SYN was not captured must be the first: it begins as a detector's protocol
/// does, with more than a few bytes that happen to fit, and nothing was seen before it. What a page or a file quotes
/// in the middle of a connection is no beginning.
fn looks_first(stream: &Stream, arrival: &Arrival<'_>) -> bool {
    const TELLING: usize = 8;
    arrival.bytes.len() >= TELLING
        && !stream.holds_before(arrival.seq)
        && probe(arrival.bytes).0 != Probe::Reject
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
