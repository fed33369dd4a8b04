//! The DHT activities of hosts, joined over the engines that each saw a part.

use std::collections::{BTreeMap, BTreeSet};

use crate::correlate::join::join_activities;
use crate::detect::dht::activity::{Activity, IDLE};
use crate::engine::Numbered;
use crate::flow::key::Endpoint;
use crate::time::Timestamp;
use crate::wire::path::Tunnel;

/// What may become one activity: those of a host on one day, under whatever tags.
type Group = (Endpoint, u16, Option<Tunnel>, i64);

/// A part, by its engine and its number there.
type Name = (u16, u64);

/// All that is open.
#[derive(Debug, Default)]
pub(super) struct Activities {
    groups: BTreeMap<Group, BTreeMap<Name, Part>>,
    changed: BTreeSet<Group>,
    /// Groups of which all parts are over, by when nothing can come that belongs to one.
    due: BTreeSet<(Timestamp, Group)>,
    last_number: u64,
}

#[derive(Debug)]
struct Part {
    activity: Activity,
    is_over: bool,
    /// It was not handed on since it changed.
    is_fresh: bool,
    /// Of the activity that it is a part of; 0 before it was handed on.
    number: u64,
}

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) activities: Vec<Numbered<Activity>>,
    /// Those that are a part of another now.
    pub(super) withdrawn: Vec<u64>,
}

impl Activities {
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Takes an activity as an engine has it.
    pub(super) fn take(&mut self, engine: u16, told: Numbered<Activity>) {
        let Numbered { number, is_over, what } = told;
        let host = &what.host;
        let group = (host.endpoint, host.vantage, host.tunnel, what.span.first.day());
        let parts = self.groups.entry(group).or_default();
        let known = parts.get(&(engine, number)).map_or(0, |part| part.number);
        parts.insert((engine, number), Part { activity: what, is_over, is_fresh: true, number: known });
        self.changed.insert(group);
    }

    /// Hands on what has changed, and what is over now that all engines have told everything before `watermark`.
    pub(super) fn advance(&mut self, watermark: Timestamp) -> Changes {
        let mut changes = Changes::default();
        while let Some((due, group)) = self.due.first().copied()
            && due <= watermark
        {
            self.due.pop_first();
            if self.groups.get(&group).is_some_and(|parts| parts.values().all(|part| part.is_over)) {
                self.changed.insert(group);
            }
        }
        for group in std::mem::take(&mut self.changed) {
            self.join(group, watermark, &mut changes);
        }
        changes
    }

    fn join(&mut self, group: Group, watermark: Timestamp, changes: &mut Changes) {
        let Some(parts) = self.groups.get_mut(&group) else { return };
        let until = parts.values().map(|part| over_at(&part.activity)).max();
        let is_over = parts.values().all(|part| part.is_over) && until.is_none_or(|until| until <= watermark);
        // An activity is known by the parts that it is made of: their marks say which, once they are joined.
        let marked = parts.iter().map(|(name, part)| (part.activity.clone(), *name)).collect();
        for (activity, names) in join_activities(marked) {
            let of_it = || names.iter().filter_map(|name| parts.get(name));
            let numbers: BTreeSet<u64> = of_it().map(|part| part.number).collect();
            let is_fresh = of_it().any(|part| part.is_fresh);
            let mut known = numbers.into_iter().filter(|number| *number != 0);
            let number = known.next().unwrap_or_else(|| {
                self.last_number += 1;
                self.last_number
            });
            changes.withdrawn.extend(known);
            for name in &names {
                if let Some(part) = parts.get_mut(name) {
                    (part.number, part.is_fresh) = (number, false);
                }
            }
            if is_fresh || is_over {
                changes.activities.push(Numbered { number, is_over, what: activity });
            }
        }
        if is_over {
            self.groups.remove(&group);
        } else if let Some(until) = until {
            self.due.insert((until, group));
        }
    }
}

/// When nothing can come any more that belongs to an activity which is over at its engine: after six idle hours, or at
/// midnight, and a little later where frames are out of order.
fn over_at(activity: &Activity) -> Timestamp {
    const SLACK: i64 = 2 * Timestamp::SECOND;
    const DAY: i64 = 24 * 3600 * Timestamp::SECOND;
    let idle = activity.span.last.0.saturating_add(IDLE);
    let midnight = (activity.span.first.day().saturating_add(1)).saturating_mul(DAY);
    Timestamp(idle.min(midnight).saturating_add(SLACK))
}
