//! Joins what several engines saw into what one would have seen.
//!
//! Workers share a run's flows among them. A host's DHT activity is spread over many flows and so over workers; here
//! it becomes one again.

use super::allowed_fast::test_candidates;
use super::proof;
use super::supporting::drop_unsupported;
use super::tie::tie;
use super::web_seeds::match_fetches;
use crate::anomaly::Anomalies;
use crate::bindings;
use crate::detect::dht::activity::{Activity, IDLE};
use crate::engine::{Options, Report};

/// Joins the reports of all workers of one run, and ties the encrypted flows in them: the same, in the same order, for
/// any number of workers. The flows that nothing ties, and those that are of use only beside something else where there is
/// nothing else, are counted and not in the result.
#[must_use]
pub fn join(parts: Vec<Report>, options: &Options) -> Report {
    let mut whole = Report::default();
    let mut activities = Vec::new();
    let mut contents = Vec::with_capacity(parts.len());
    for part in parts {
        contents.push(part.content);
        whole.flows.extend(part.flows);
        whole.learnt.extend(part.learnt);
        whole.bindings.extend(part.bindings);
        whole.leases.extend(part.leases);
        activities.extend(part.activities);
        whole.totals.merge(&part.totals);
        for (limit, count) in part.limits {
            *whole.limits.entry(limit).or_default() += count;
        }
        let captures = whole.anomalies.len().max(part.anomalies.len());
        whole.anomalies.resize_with(captures, Anomalies::default);
        for (mine, theirs) in whole.anomalies.iter_mut().zip(&part.anomalies) {
            mine.merge(theirs);
        }
    }
    let activities = activities.into_iter().map(|activity| (activity, ())).collect();
    whole.activities = join_activities(activities).into_iter().map(|(activity, _)| activity).collect();
    let (bindings, leases) = (std::mem::take(&mut whole.bindings), std::mem::take(&mut whole.leases));
    (whole.bindings, whole.leases) = bindings::join(bindings, leases);
    whole.flows.sort_by_key(|flow| {
        (flow.first, flow.ends.orig, flow.ends.resp, flow.transport, flow.vantage, flow.tunnel, flow.vlans)
    });
    match_fetches(&mut whole.flows);
    proof::prove(&mut whole, contents, &options.known);
    test_candidates(&mut whole, &options.ours);
    tie(&mut whole, options);
    drop_unsupported(&mut whole, &options.ours);
    whole
}

/// Joins the parts of activities: those of one host belong together unless they are [`IDLE`] apart, which is just how
/// one worker would have cut them. What was seen of a host under the tags of another network is put with what was seen
/// under its own. Each comes with the names of its parts.
pub(super) fn join_activities<N>(parts: Vec<(Activity, N)>) -> Vec<(Activity, Vec<N>)> {
    let parts = parts.into_iter().map(|(part, name)| (part, vec![name])).collect();
    let mut whole = join_parts(parts);
    if whole.iter().any(|(activity, _)| activity.home.is_some()) {
        for (activity, _) in &mut whole {
            activity.host.vlans = activity.home.take().unwrap_or(activity.host.vlans);
        }
        whole = join_parts(whole);
    }
    whole.sort_by_key(|(activity, _)| (activity.span.first, activity.host));
    whole
}

fn join_parts<N>(mut parts: Vec<(Activity, Vec<N>)>) -> Vec<(Activity, Vec<N>)> {
    parts.sort_by_key(|(part, _)| (part.host, part.span.first, part.span.last));
    let mut whole: Vec<(Activity, Vec<N>)> = Vec::with_capacity(parts.len());
    for (part, names) in parts {
        match whole.last_mut() {
            Some((last, of_last))
                if last.host == part.host && part.span.first.since(last.span.last) <= IDLE =>
            {
                last.merge(&part);
                of_last.extend(names);
            }
            _ => whole.push((part, names)),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::dht::activity::HostKey;
    use crate::detect::{FrameRef, Stamp};
    use crate::flow::key::{Endpoint, Seeded};
    use crate::time::Timestamp;
    use crate::wire::path::Vlans;

    fn stamp(seconds: i64) -> Stamp {
        Stamp { time: Timestamp(seconds * Timestamp::SECOND), frame: FrameRef { capture: 0, number: 1 } }
    }

    fn part(port: u16, first: i64, last: i64) -> Activity {
        let host = HostKey {
            endpoint: Endpoint { ip: [1; 16], port },
            vantage: 0,
            tunnel: None,
            vlans: Vlans::default(),
        };
        let mut activity = Activity::begin(host, stamp(first), Seeded::default());
        activity.span.extend(stamp(last));
        activity.nodes = 1;
        activity
    }

    #[test]
    fn parts_of_one_host_join_unless_six_idle_hours_lie_between() {
        let six_hours = 6 * 3600;
        let parts = vec![
            part(1, 50, 100),
            part(1, 0, 60),
            part(1, 101 + six_hours, 102 + six_hours),
            part(2, 70, 80),
        ];
        let parts = parts.into_iter().map(|part| (part, ())).collect();
        let joined: Vec<_> = join_activities(parts)
            .iter()
            .map(|(whole, _)| (whole.host.endpoint.port, whole.span.last.0 / Timestamp::SECOND, whole.nodes))
            .collect();
        assert_eq!(joined, [(1, 100, 2), (2, 80, 1), (1, 102 + six_hours, 1)]);
    }
}
