//! Who reads a pair of streams: the first bytes of each direction are offered to the detectors of [`registry::STREAM`],
//! and the one that matches reads both directions to their end. TCP connections and uTP's are read alike.

use super::http::Fetch;
use super::inner::{Content, Inner, Wrapper};
use super::named::Named;
use super::passed::{Collected, SentPieces};
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

/// What the detectors say of first bytes.
pub enum Answer {
    /// One of them knows its protocol.
    Match(&'static dyn StreamDetector),
    /// Some want more; none of them does once the other end has sent anything, if so marked.
    NeedMore {
        /// The other end's first byte ends the waiting.
        unless_answered: bool,
    },
    /// Nobody wants them.
    Reject,
}

/// Asks the detectors about first bytes, in their order: a match wins over those before it that want more. Whether
/// these are the first bytes is certain if the stream's beginning was captured; some detectors ask for that. `answered`:
/// the other end has sent something, and nothing has matched yet.
#[must_use]
pub fn probe(first: &[u8], is_certain: bool, answered: bool) -> Answer {
    let mut answer = Answer::Reject;
    for detector in registry::STREAM {
        if !is_certain && detector.needs_certainty() {
            continue;
        }
        match detector.probe(first) {
            Probe::Match => return Answer::Match(*detector),
            Probe::NeedMore if !detector.matches_before_it_is_answered() => {
                answer = Answer::NeedMore { unless_answered: false };
            }
            Probe::NeedMore if !answered && matches!(answer, Answer::Reject) => {
                answer = Answer::NeedMore { unless_answered: true };
            }
            Probe::NeedMore | Probe::Reject => {}
        }
    }
    answer
}

/// The first bytes of a direction, until a detector matches.
#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    /// Where each run ends among them, and its frame.
    ends: Vec<(usize, Stamp)>,
    /// How many came, kept or not.
    seen: usize,
}

impl Head {
    fn push(&mut self, bytes: &[u8], stamp: Stamp) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push((self.bytes.len(), stamp));
    }

    fn runs(&self) -> impl Iterator<Item = (&[u8], Stamp)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        let runs = starts.zip(&self.ends);
        runs.map(|(start, (end, stamp))| (self.bytes.get(start..*end).unwrap_or_default(), *stamp))
    }
}

/// What is read of a pair of streams, which lend their bytes to it.
#[derive(Default)]
pub struct Reading {
    heads: Ends<Head>,
    reader: Option<Box<dyn StreamReader>>,
    /// The end whose first bytes matched.
    matched: Option<End>,
    /// The ends whose first bytes nobody wanted.
    refused: Ends<bool>,
    /// The reader calls the ends by the names that they had before a late SYN turned them.
    is_turned: bool,
    minutes: Minutes,
    /// What the streams turned into, under the ends' names that the reader knows: a tunnel to somewhere else.
    inner: Option<Box<Dialogue>>,
    /// These streams are what others turned into.
    is_inner: bool,
}

/// A pair of streams whose beginning is known, of which nothing is read that nobody wants.
#[derive(Default)]
pub struct Dialogue {
    reading: Reading,
    rejected: Ends<bool>,
    is_dropped: bool,
}

impl Dialogue {
    /// One inside another pair of streams.
    fn inner() -> Self {
        Self { reading: Reading { is_inner: true, ..Reading::default() }, ..Self::default() }
    }

    /// Takes the next run of one direction.
    pub fn take(&mut self, end: End, run: Run<'_>, stamp: Stamp, anomalies: &mut Anomalies) {
        if !self.wants(end) {
            return;
        }
        match self.reading.take(end, run, stamp, true, anomalies) {
            Outcome::Going => {}
            Outcome::Rejected => {
                *self.rejected.at_mut(end) = true;
                self.reading.refuse(end);
            }
            Outcome::Misread => self.is_dropped = true,
        }
        let is_vain = !self.reading.wants(end) && self.reading.is_vain();
        self.is_dropped |= is_vain || (self.rejected.orig && self.rejected.resp);
    }

    /// Whether bytes of this end are of use.
    #[must_use]
    pub fn wants(&self, end: End) -> bool {
        let was_probed = !self.reading.is_on() && *self.rejected.at(end);
        !self.is_dropped && !was_probed && self.reading.wants(end)
    }

    /// What was seen.
    #[must_use]
    pub fn observations(&self) -> Vec<Observation> {
        if self.is_dropped { Vec::new() } else { self.reading.observations() }
    }

    /// The endpoints named for a swarm since the last call.
    pub fn named(&mut self) -> Vec<Named> {
        self.reading.named()
    }

    /// What was fetched that may come from a web seed.
    #[must_use]
    pub fn fetched(&self) -> Vec<Fetch> {
        if self.is_dropped { Vec::new() } else { self.reading.fetched() }
    }

    /// What is held, and what passed since the last call that may prove something across flows.
    pub fn collect(&mut self, free: usize) -> Collected {
        self.reading.collect(free)
    }

    /// The digests of the pieces that passed, once nothing more will come.
    pub fn pieces(&mut self) -> Vec<SentPieces> {
        if self.is_dropped { Vec::new() } else { self.reading.pieces() }
    }
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
        let told = self.as_told(end);
        match &self.inner {
            Some(inner) => inner.wants(told),
            None => self.reader.as_ref().is_none_or(|reader| reader.wants(told)),
        }
    }

    /// Whether the reader has had enough of both directions and saw nothing: what matched was something else.
    #[must_use]
    pub fn is_vain(&self) -> bool {
        let is_done = self.is_on() && !self.wants(End::Orig) && !self.wants(End::Resp);
        is_done && self.observations().is_empty() && self.fetched().is_empty()
    }

    /// How many frames prove what was seen so far, or more.
    #[must_use]
    pub fn proofs(&self) -> usize {
        let inner = self.inner.as_ref().map_or(0, |inner| inner.reading.proofs());
        self.reader.as_ref().map_or(0, |reader| reader.proofs()) + inner
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
        named.extend(self.inner.as_mut().map(|inner| inner.named()).unwrap_or_default());
        for name in &mut named {
            name.by = self.as_told(name.by);
        }
        named
    }

    /// What was fetched that may come from a web seed, under the ends' own names.
    #[must_use]
    pub fn fetched(&self) -> Vec<Fetch> {
        let mut fetched = self.reader.as_ref().map(|reader| reader.fetched()).unwrap_or_default();
        fetched.extend(self.inner.as_ref().map(|inner| inner.fetched()).unwrap_or_default());
        for fetch in &mut fetched {
            fetch.by = self.as_told(fetch.by);
        }
        fetched
    }

    /// What is held, and what passed since the last call that may prove something across flows. The readers may hold
    /// `free` bytes more until the next call.
    pub fn collect(&mut self, free: usize) -> Collected {
        let Some(reader) = &mut self.reader else { return Collected::default() };
        let mut collected = reader.collect(free);
        if let Some(inner) = &mut self.inner {
            collected.add(inner.collect(free));
        }
        for passed in &mut collected.passed {
            passed.end = if self.is_turned { passed.end.other() } else { passed.end };
        }
        collected
    }

    /// The digests of the pieces that passed, once nothing more will come.
    pub fn pieces(&mut self) -> Vec<SentPieces> {
        let mut sent = self.reader.as_mut().map(|reader| reader.pieces()).unwrap_or_default();
        sent.extend(self.inner.as_mut().map(|inner| inner.pieces()).unwrap_or_default());
        for pieces in &mut sent {
            pieces.end = self.as_told(pieces.end);
        }
        sent
    }

    /// Counts bytes that passed before the direction was read.
    pub fn count(&mut self, time: Timestamp, end: End, bytes: u64) {
        self.minutes.add(time, end, bytes);
    }

    /// Says that no detector wanted the first bytes of `end`.
    pub fn refuse(&mut self, end: End) {
        *self.refused.at_mut(end) = true;
        let told = self.as_told(end);
        if let Some(reader) = &mut self.reader {
            reader.miss_beginning(told);
        }
    }

    /// Says that the ends are the other way round.
    pub fn turn(&mut self) {
        self.heads.swap();
        self.minutes.swap();
        self.refused.swap();
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
            _ if !self.is_on() => {}
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
        self.descend(anomalies);
        Outcome::Going
    }

    /// Has what a tunnel carries read as a pair of streams of its own. One tunnel deep: who wraps twice is not followed.
    fn descend(&mut self, anomalies: &mut Anomalies) {
        let Some(reader) = &mut self.reader else { return };
        for Inner { wrapper, end, content, stamp } in reader.inner() {
            if wrapper != Wrapper::Tunnel || self.is_inner {
                continue;
            }
            let inner = self.inner.get_or_insert_with(|| Box::new(Dialogue::inner()));
            let run = match &content {
                Content::Bytes(bytes) => Run::Bytes(bytes),
                Content::Missing(missing) => Run::Gap(*missing),
            };
            inner.take(end, run, stamp, anomalies);
        }
    }

    /// The name by which the reader knows an end, and the other way round.
    const fn as_told(&self, end: End) -> End {
        if self.is_turned { end.other() } else { end }
    }

    /// What the reader saw, under the ends' own names.
    #[must_use]
    pub fn observations(&self) -> Vec<Observation> {
        self.believable(Ends { orig: true, resp: true })
    }

    /// What can be believed of it, where `begun` says of which ends the beginning was captured.
    #[must_use]
    pub fn believable(&self, mut begun: Ends<bool>) -> Vec<Observation> {
        if self.is_turned {
            begun.swap();
        }
        let mut seen = self.reader.as_ref().map(|reader| reader.believable(begun)).unwrap_or_default();
        seen.extend(self.inner.as_ref().map(|inner| inner.observations()).unwrap_or_default());
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
        let answered = self.heads.at(end.other()).seen > 0;
        let head = self.heads.at_mut(end);
        head.seen = head.seen.saturating_add(bytes.len());
        let is_first = head.ends.is_empty();
        if !is_first {
            head.push(bytes, stamp);
        }
        let first = if is_first { bytes } else { &head.bytes };
        let first = first.get(..HEAD).unwrap_or(first);
        match probe(first, is_certain, answered) {
            Answer::Match(detector) => {
                if is_first {
                    head.push(bytes, stamp);
                }
                let mut reader = detector.open();
                for end in [End::Orig, End::Resp] {
                    if *self.refused.at(end) {
                        reader.miss_beginning(end);
                    }
                    for (bytes, stamp) in std::mem::take(self.heads.at_mut(end)).runs() {
                        self.minutes.add(stamp.time, end, bytes.len() as u64);
                        reader.read(end, bytes, stamp, anomalies);
                    }
                }
                self.reader = Some(reader);
                self.matched = Some(end);
                self.descend(anomalies);
                Outcome::Going
            }
            Answer::NeedMore { .. } if first.len() < HEAD => {
                if is_first {
                    head.push(bytes, stamp);
                }
                Outcome::Going
            }
            _ => {
                *head = Head { seen: head.seen, ..Head::default() };
                Outcome::Rejected
            }
        }
    }
}
