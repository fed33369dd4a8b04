//! Who reads a pair of streams: the first bytes of each direction are offered to the detectors of [`registry::STREAM`],
//! and the one that matches reads both directions to their end. TCP connections and uTP's are read alike.

use super::named::Named;
use super::{Observation, Probe, Stamp, StreamDetector, StreamReader, registry};
use crate::anomaly::Anomalies;
use crate::flow::key::{End, Ends};
use crate::flow::minutes::Minutes;
use crate::flow::stream::Run;
use crate::time::Timestamp;

/// The most first bytes that are kept of a direction while detectors make up their minds.
const HEAD: usize = 4096;

/// What became of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not decided yet, or read on.
    Going,
    /// No detector wants it.
    Rejected,
    /// What a detector took for the first bytes were not the first: nothing that it read means anything.
    Misread,
}

/// Asks the detectors about first bytes, in their order: a match wins over those before it that want more. Whether
/// these are the first bytes is certain if the stream's beginning was captured; some detectors ask for that.
#[must_use]
pub fn probe(first: &[u8], is_certain: bool) -> (Probe, Option<&'static dyn StreamDetector>) {
    let mut answer = Probe::Reject;
    for detector in registry::STREAM {
        if !is_certain && detector.needs_certainty() {
            continue;
        }
        match detector.probe(first) {
            Probe::Match => return (Probe::Match, Some(*detector)),
            Probe::NeedMore => answer = Probe::NeedMore,
            Probe::Reject => {}
        }
    }
    (answer, None)
}

/// What is read of a pair of streams, which lend their bytes to it.
#[derive(Default)]
pub struct Reading {
    heads: Ends<Vec<(Stamp, Box<[u8]>)>>,
    reader: Option<Box<dyn StreamReader>>,
    /// The end whose first bytes matched.
    matched: Option<End>,
    /// The reader calls the ends by the names that they had before a late SYN turned them.
    is_turned: bool,
    minutes: Minutes,
}

impl Reading {
    /// Whether a detector reads.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.reader.is_some()
    }

    /// Whether it was the first bytes of `end` that matched.
    #[must_use]
    pub fn was_matched_by(&self, end: End) -> bool {
        self.matched == Some(end)
    }

    /// Whether bytes of `end` are of use: they may match, or are read.
    #[must_use]
    pub fn wants(&self, end: End) -> bool {
        self.reader.as_ref().is_none_or(|reader| reader.wants(self.as_told(end)))
    }

    /// Whether the reader has had enough of both directions and saw nothing: what matched was something else.
    #[must_use]
    pub fn is_vain(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| {
            !reader.wants(End::Orig) && !reader.wants(End::Resp) && reader.observations().is_empty()
        })
    }

    /// Payload bytes by minute.
    #[must_use]
    pub const fn minutes(&self) -> &Minutes {
        &self.minutes
    }

    /// Payload bytes by minute, once all was read.
    #[must_use]
    pub fn into_minutes(self) -> Minutes {
        self.minutes
    }

    /// The endpoints named for a swarm since the last call.
    pub fn named(&mut self) -> Vec<Named> {
        let mut named = self.reader.as_mut().map(|reader| reader.named()).unwrap_or_default();
        for name in &mut named {
            name.by = self.as_told(name.by);
        }
        named
    }

    /// Counts bytes that passed before the direction was read.
    pub fn count(&mut self, time: Timestamp, end: End, bytes: u64) {
        self.minutes.add(time, end, bytes);
    }

    /// Says that the ends are the other way round.
    pub fn turn(&mut self) {
        self.heads.swap();
        self.minutes.swap();
        self.matched = self.matched.map(End::other);
        self.is_turned ^= self.is_on();
    }

    /// Where the runs of one direction go.
    pub fn sink<'a>(
        &'a mut self,
        end: End,
        is_certain: bool,
        anomalies: &'a mut Anomalies,
        outcome: &'a mut Outcome,
    ) -> impl FnMut(Run<'_>, Stamp) + 'a {
        move |run, stamp| {
            if *outcome == Outcome::Going {
                *outcome = self.take(end, run, stamp, is_certain, anomalies);
            }
        }
    }

    /// Takes the next run of one direction.
    pub fn take(
        &mut self,
        end: End,
        run: Run<'_>,
        stamp: Stamp,
        is_certain: bool,
        anomalies: &mut Anomalies,
    ) -> Outcome {
        match run {
            Run::Bytes(bytes) => self.minutes.add(stamp.time, end, bytes.len() as u64),
            Run::Cut(size) => self.minutes.add(stamp.time, end, size),
            Run::Gap(_) | Run::Lost => {}
        }
        let told = self.as_told(end);
        match (&mut self.reader, run) {
            (Some(reader), Run::Bytes(bytes)) => reader.read(told, bytes, stamp, anomalies),
            (Some(reader), Run::Cut(size) | Run::Gap(size)) => reader.skip(told, size, stamp),
            // No message is so long: whatever the reader expects, it cannot step over that.
            (Some(reader), Run::Lost) => reader.skip(told, u64::MAX, stamp),
            (None, Run::Bytes(bytes)) => return self.probe(end, bytes, stamp, is_certain, anomalies),
            (None, Run::Cut(_) | Run::Gap(_) | Run::Lost) => return Outcome::Rejected,
        }
        Outcome::Going
    }

    /// The name by which the reader knows an end, and the other way round.
    const fn as_told(&self, end: End) -> End {
        if self.is_turned { end.other() } else { end }
    }

    /// What the reader saw, under the ends' own names.
    #[must_use]
    pub fn observations(&self) -> Vec<Observation> {
        let mut seen = self.reader.as_ref().map(|reader| reader.observations()).unwrap_or_default();
        for observation in &mut seen {
            observation.end = self.as_told(observation.end);
        }
        seen.sort_by_key(|observation| observation.end);
        seen
    }

    fn probe(
        &mut self,
        end: End,
        bytes: &[u8],
        stamp: Stamp,
        is_certain: bool,
        anomalies: &mut Anomalies,
    ) -> Outcome {
        let head = self.heads.at_mut(end);
        head.push((stamp, bytes.into()));
        let first: Vec<u8> = head.iter().flat_map(|(_, bytes)| bytes.iter().copied()).take(HEAD).collect();
        match probe(&first, is_certain) {
            (_, Some(detector)) => {
                let mut reader = detector.open();
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
