//! Has the encrypted flows of a run that is over tied, and leaves out those that nothing ties.

use std::collections::BTreeMap;

use super::correlator::{self, Caps, Correlator};
use super::derive::{candidates, derive};
use super::part::{Candidate, Correlated, Part, Telling, Tie};
use crate::engine::{FlowReport, Options, Report};
use crate::flow::key::End;

/// How many tellings the correlator is given at once, so that it need not hold all twice.
const AT_ONCE: usize = 1 << 10;

/// Ties the encrypted flows of `report`, and uses up what was learnt in it.
pub(super) fn tie(report: &mut Report, options: &Options) {
    let mut told = std::mem::take(&mut report.learnt);
    let part = derive(report, options);
    if part.candidates.is_empty() {
        return;
    }
    told.sort_unstable();
    // How many events there are was bounded where they were seen.
    let caps = Caps { events: usize::MAX, ..Caps::default() };
    let ours = options.ours.clone();
    let mut correlator =
        Correlator::new(correlator::Options { ours, caps, ..correlator::Options::default() });
    let mut found = correlate(&mut correlator, part, &told);
    for (limit, count) in correlator.limits() {
        *report.limits.entry(limit).or_default() += count;
    }
    let totals = &mut report.totals;
    report.flows.retain_mut(|flow| {
        let candidates = candidates(flow, options);
        flow.ties = candidates
            .iter()
            .flat_map(|candidate| ties(flow, candidate, found.remove(candidate).unwrap_or_default()))
            .collect();
        flow.ties.sort_by_key(|tie| (tie.end, tie.grade));
        if candidates.is_empty() || !flow.ties.is_empty() {
            return true;
        }
        totals.untied_flows += 1;
        totals.untied_telling_flows += u64::from(candidates.iter().any(|candidate| candidate.is_telling));
        flow.observations.retain(|seen| !seen.is_shape());
        !flow.observations.is_empty()
    });
}

type Found = BTreeMap<Candidate, Vec<Correlated>>;

fn correlate(correlator: &mut Correlator, part: Part, told: &[Telling]) -> Found {
    let mut decided = Vec::new();
    correlator.take(part);
    for some in told.chunks(AT_ONCE) {
        if let Some(first) = some.first() {
            decided.extend(correlator.advance(first.at));
        }
        correlator.take(Part { learnt: some.iter().flat_map(Telling::learnt).collect(), ..Part::default() });
    }
    decided.extend(correlator.finish());
    let mut found = Found::new();
    for correlated in decided {
        found.entry(correlated.candidate).or_default().push(correlated);
    }
    found
}

/// What was found of a candidate, under the names that its flow has for the ends.
pub(super) fn ties(flow: &FlowReport, candidate: &Candidate, found: Vec<Correlated>) -> Vec<Tie> {
    let is_turned = candidate.orig != flow.ends.orig;
    let name = |end: End| if is_turned { end.other() } else { end };
    found
        .into_iter()
        .map(|Correlated { end, grade, is_retry, infohashes, rules, .. }| Tie {
            end: name(end),
            is_outgoing: end == End::Orig,
            grade,
            is_retry,
            infohashes,
            rules,
        })
        .collect()
}
