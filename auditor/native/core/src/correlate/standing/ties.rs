//! The correlator, given what flows and activities show as soon as they do.
//!
//! It stands [`LAG`] behind what all engines have told: by then an obfuscated handshake has its shape, or has become
//! readable. What a talk that goes on shows of its host is given again every [`AGAIN`].

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use crate::correlate::correlator::{self, Caps, Correlator};
use crate::correlate::derive;
use crate::correlate::part::{Candidate, Correlated, Part, Telling};
use crate::detect::dht::activity::Activity;
use crate::detect::mse::thresholds::WINDOW;
use crate::detect::{Confidence, Observation};
use crate::engine::{FlowReport, Options};
use crate::flow::key::{End, Ends};
use crate::networks::Networks;
use crate::time::Timestamp;

/// How long after its beginning a flow is taken for a candidate.
pub(super) const LAG: i64 = 120 * Timestamp::SECOND;

/// How often it is said again that a host goes on to speak.
const AGAIN: i64 = 60 * Timestamp::SECOND;

/// How far the correlator is led at a time: it looks at all its hosts each time.
const STEP: i64 = Timestamp::SECOND;

/// What was given to the correlator of one flow or activity.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given {
    said: Ends<(usize, Timestamp)>,
    attempt: bool,
}

/// The correlator, and what it is to be given.
#[derive(Debug)]
pub(super) struct Ties {
    correlator: Correlator,
    /// Up to where it was led.
    led: Timestamp,
    part: Part,
    /// Flows with candidates that are too young, by when those begun.
    young: BTreeSet<(Timestamp, u64)>,
    /// Candidates that it was given and has not decided, and their flows.
    undecided: BTreeMap<Candidate, u64>,
    late: u64,
    told_limits: BTreeMap<&'static str, u64>,
}

/// What became of a candidate.
pub(super) enum Fate {
    /// It was given to the correlator.
    Given(Candidate),
    /// It was found to be tied.
    Tied(Correlated),
    /// Nothing more will be found of one of its candidates.
    Decided,
}

impl Ties {
    pub(super) fn new(ours: Networks, caps: Caps) -> Self {
        Self {
            correlator: Correlator::new(correlator::Options { ours, caps, ..correlator::Options::default() }),
            led: Timestamp(i64::MIN),
            part: Part::default(),
            young: BTreeSet::new(),
            undecided: BTreeMap::new(),
            late: 0,
            told_limits: BTreeMap::new(),
        }
    }

    /// How many candidates wait.
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.undecided.len()
    }

    /// Takes what hosts were told.
    pub(super) fn learn(&mut self, told: &[Telling]) {
        self.correlator
            .take(Part { learnt: told.iter().flat_map(Telling::learnt).collect(), ..Part::default() });
    }

    /// Takes in what a flow shows of its ends.
    pub(super) fn hear_flow(
        &mut self,
        flow: &FlowReport,
        is_over: bool,
        given: &mut Given,
        options: &Options,
    ) {
        for end in [End::Orig, End::Resp] {
            let host = derive::host(flow, end, options);
            if !options.ours.contain(&host.ip) {
                continue;
            }
            let own = || {
                let of_end = flow.observations.iter().filter(move |seen| seen.end == end);
                of_end.filter(|seen| seen.confidence == Confidence::Confirmed)
            };
            let last = own().map(|seen| seen.span.last).max().unwrap_or_default();
            let said = given.said.at_mut(end);
            let (count, grown) = (own().count(), last.since(said.1));
            if count == 0 || (count == said.0 && grown < AGAIN && !(is_over && grown > 0)) {
                continue;
            }
            *said = (count, last);
            for seen in own() {
                self.hear(seen, host);
            }
        }
        if !given.attempt
            && let Some(attempt) = derive::attempt(flow, options)
        {
            given.attempt = true;
            self.part.attempts.push(attempt);
        }
    }

    /// Takes in that the host of an activity speaks.
    pub(super) fn hear_activity(
        &mut self,
        activity: &Activity,
        is_over: bool,
        given: &mut Given,
        options: &Options,
    ) {
        let Some(mut evidence) = derive::speaks(activity, options) else { return };
        let said = given.said.at_mut(End::Orig);
        let grown = evidence.until.since(said.1);
        if said.0 == 1 && grown < AGAIN && !(is_over && grown > 0) {
            return;
        }
        *said = (1, evidence.until);
        evidence.at = evidence.at.max(self.led);
        self.part.evidence.push(evidence);
    }

    /// Takes in that a flow has candidates that were not given yet.
    pub(super) fn wait(&mut self, begun: Timestamp, flow: u64) {
        self.young.insert((begun, flow));
    }

    /// Takes in that all engines have told everything before `watermark`. `candidates` gives those of a flow that were
    /// not given yet.
    pub(super) fn advance(
        &mut self,
        watermark: Timestamp,
        mut candidates: impl FnMut(u64) -> Vec<Candidate>,
    ) -> Vec<(u64, Fate)> {
        let to = Timestamp(watermark.0.saturating_sub(LAG));
        if to.since(self.led) < STEP {
            return Vec::new();
        }
        let mut fates = Vec::new();
        self.give(to, &mut candidates, &mut fates);
        let found = self.correlator.advance(to);
        self.led = to;
        self.sort(found, Timestamp(to.0.saturating_sub(WINDOW)), &mut fates);
        fates
    }

    /// Takes in that nothing will come any more.
    pub(super) fn finish(&mut self, mut candidates: impl FnMut(u64) -> Vec<Candidate>) -> Vec<(u64, Fate)> {
        let mut fates = Vec::new();
        self.give(Timestamp(i64::MAX), &mut candidates, &mut fates);
        let found = self.correlator.finish();
        self.sort(found, Timestamp(i64::MAX), &mut fates);
        fates
    }

    /// The caps that were reached since this was last asked, with how often.
    pub(super) fn take_limits(&mut self) -> BTreeMap<&'static str, u64> {
        let mut limits = BTreeMap::new();
        for (limit, count) in self.correlator.limits() {
            let told = self.told_limits.entry(limit).or_default();
            let more = count.saturating_sub(mem::replace(told, *count));
            if more > 0 {
                limits.insert(*limit, more);
            }
        }
        let late = mem::take(&mut self.late);
        if late > 0 {
            *limits.entry("correlated_late").or_default() += late;
        }
        limits
    }

    fn hear(&mut self, seen: &Observation, host: crate::correlate::Host) {
        let led = self.led;
        let evidence = derive::evidence(seen, host);
        // What began before still holds now.
        self.part.evidence.extend(evidence.map(|mut evidence| {
            evidence.at = evidence.at.max(led);
            evidence
        }));
        self.part.listening.extend(derive::listening(seen, host).map(|mut listening| {
            listening.at = listening.at.max(led);
            listening
        }));
    }

    /// Gives the correlator what happened before `to`.
    fn give(
        &mut self,
        to: Timestamp,
        candidates: &mut impl FnMut(u64) -> Vec<Candidate>,
        fates: &mut Vec<(u64, Fate)>,
    ) {
        while let Some((begun, flow)) = self.young.first().copied()
            && begun < to
        {
            self.young.pop_first();
            for candidate in candidates(flow) {
                if candidate.begun >= to {
                    self.young.insert((candidate.begun, flow));
                } else if candidate.begun < self.led {
                    self.late += 1;
                    fates.push((flow, Fate::Given(candidate)));
                    fates.push((flow, Fate::Decided));
                } else {
                    self.undecided.insert(candidate, flow);
                    self.part.candidates.push(candidate);
                    fates.push((flow, Fate::Given(candidate)));
                }
            }
        }
        self.correlator.take(mem::take(&mut self.part));
    }

    /// Says of which flows was found what, and of which candidates that begun before `then` nothing more will be.
    fn sort(&mut self, found: Vec<Correlated>, then: Timestamp, fates: &mut Vec<(u64, Fate)>) {
        for correlated in found {
            if let Some(flow) = self.undecided.get(&correlated.candidate) {
                fates.push((*flow, Fate::Tied(correlated)));
            }
        }
        while let Some(first) = self.undecided.first_entry()
            && first.key().begun < then
        {
            let flow = first.remove();
            fates.push((flow, Fate::Decided));
        }
    }
}
