//! One flow, from when it first shows something until nothing may change what is said of it.

use super::take::On;
use super::ties::Given;
use crate::correlate::allowed_fast::is_set;
use crate::correlate::derive::candidates;
use crate::correlate::part::{Candidate, Correlated, Tie};
use crate::correlate::tie::ties;
use crate::detect::named::Source;
use crate::detect::passed::SentPieces;
use crate::detect::{Fact, Observation};
use crate::engine::{FlowReport, Options, Verified};

/// A flow as its engine told it, and what was found since.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its pieces are in `sent`.
    pub(super) raw: FlowReport,
    pub(super) is_over: bool,
    /// It was not handed on since its engine told it.
    pub(super) is_fresh: bool,
    pub(super) given: Given,
    pub(super) sent: Vec<Sent>,
    /// Under what it is looked for.
    pub(super) on: On,
    /// Candidates that the correlator was given; and how many of them it has not decided.
    given_candidates: Vec<Candidate>,
    undecided: usize,
    found: Vec<Correlated>,
    /// What was handed on beside what its engine told; `None`: nothing was handed on.
    pub(super) handed: Option<Found>,
}

/// Pieces that one end sent, and what they proved to be.
#[derive(Debug)]
pub(super) struct Sent {
    /// Until nothing more can be found of them.
    pub(super) pieces: Option<SentPieces>,
    pub(super) found: Option<Verified>,
}

/// What is said of a flow beside what its engine told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    added: Vec<Observation>,
    count: usize,
    verified: Vec<Verified>,
    ties: Vec<Tie>,
}

impl Found {
    pub(super) fn of(flow: &FlowReport) -> Self {
        let is_added = |seen: &&Observation| {
            matches!(
                seen.fact,
                Fact::WebSeed { .. } | Fact::ExternalAddress { told_by: Source::AllowedFast, .. }
            )
        };
        Self {
            added: flow.observations.iter().filter(is_added).cloned().collect(),
            count: flow.observations.len(),
            verified: flow.verified.clone(),
            ties: flow.ties.clone(),
        }
    }
}

impl Entry {
    pub(super) fn new(raw: FlowReport) -> Self {
        Self {
            raw,
            is_over: false,
            is_fresh: true,
            given: Given::default(),
            sent: Vec::new(),
            on: On::default(),
            given_candidates: Vec::new(),
            undecided: 0,
            found: Vec::new(),
            handed: None,
        }
    }

    /// Candidates that the correlator was not given.
    pub(super) fn young(&self, options: &Options) -> Vec<Candidate> {
        let mut young = candidates(&self.raw, options);
        young.retain(|candidate| self.given_candidates.iter().all(|given| given.orig != candidate.orig));
        young
    }

    pub(super) fn give(&mut self, candidate: Candidate) {
        self.given_candidates.push(candidate);
        self.undecided += 1;
    }

    pub(super) fn tie(&mut self, correlated: Correlated) {
        self.found.push(correlated);
    }

    pub(super) const fn decide(&mut self) {
        self.undecided = self.undecided.saturating_sub(1);
    }

    /// The flow with its ties and what pieces proved to be, and without the shape of bytes where nothing ties it.
    pub(super) fn tied(&self, options: &Options) -> FlowReport {
        let mut flow = self.raw.clone();
        flow.verified = self.sent.iter().filter_map(|sent| sent.found.clone()).collect();
        flow.verified.sort_by_key(|verified| (verified.stream, verified.end));
        let candidates = candidates(&flow, options);
        if !candidates.is_empty() {
            let given = self.given_candidates.iter();
            let given = given.filter(|given| candidates.iter().any(|known| known.orig == given.orig));
            let found = |candidate: &Candidate| {
                let of_it = self.found.iter().filter(|found| found.candidate == *candidate);
                of_it.cloned().collect()
            };
            flow.ties = given.flat_map(|candidate| ties(&flow, candidate, found(candidate))).collect();
            flow.ties.sort_by_key(|tie| (tie.end, tie.grade));
            if flow.ties.is_empty() {
                flow.observations.retain(|seen| !seen.is_shape());
            }
        }
        flow
    }

    /// Whether something may still change what is said of it once it is over, `said` being what is said now.
    pub(super) fn waits(&self, said: &FlowReport, options: &Options) -> bool {
        let supporting =
            |flow: &FlowReport| flow.observations.iter().filter(|seen| seen.is_supporting()).count();
        self.undecided > 0
            || self.sent.iter().any(|sent| sent.pieces.is_some())
            || !self.raw.fetched.is_empty()
            || self.raw.observations.iter().any(is_set)
            || supporting(said) < supporting(&self.raw)
            || !self.young(options).is_empty()
    }
}
