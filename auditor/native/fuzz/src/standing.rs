//! What engines that go on tell of a scene, joined step by step.

use std::collections::BTreeMap;

use auditor_core::correlate::standing::{Caps, Delta, Standing};
use auditor_core::engine::{Engine, FlowReport, Numbered, Options, Report, Torrent};
use auditor_core::time::Timestamp;

use crate::scene::{Event, OUT_OF_ORDER, Scene};

/// The latest of everything that was said.
#[derive(Default)]
struct Said {
    whole: Report,
    flows: BTreeMap<u64, Numbered<FlowReport>>,
    activities: BTreeMap<u64, auditor_core::detect::dht::activity::Activity>,
    bindings: BTreeMap<String, auditor_core::bindings::Binding>,
}

impl Scene {
    /// What so many workers say step by step, asked in each quiet time and after every `every` frames.
    ///
    /// # Panics
    /// Where something comes after it was over, or is withdrawn that was not said.
    pub fn said(&self, workers: u64, every: usize) -> Report {
        let options = Options { goes_on: true, ..self.options.clone() };
        let engine = |worker| Engine::new(Options { shard: (worker, workers), ..options.clone() });
        let mut engines: Vec<_> = (0..workers).map(engine).collect();
        let mut standing = Standing::new(options.clone(), Caps::default());
        let (mut said, mut now) = (Said::default(), Timestamp(i64::MIN));
        for (number, event) in (1..).zip(&self.events) {
            let is_quiet = match event {
                Event::Frame(frame) => {
                    now = now.max(frame.time);
                    false
                }
                Event::Expire(then) => {
                    now = now.max(*then);
                    engines.iter_mut().for_each(|engine| engine.expire(*then));
                    true
                }
            };
            for engine in &mut engines {
                engine.ingest(event.frame());
                assert!(engine.cited(|_| true).len() <= self.events.len());
            }
            if is_quiet || number % every == 0 {
                for (worker, engine) in (0..).zip(&mut engines) {
                    standing.take(worker, engine.tell());
                }
                said.hear(standing.advance(Timestamp(now.0.saturating_sub(OUT_OF_ORDER))));
            }
        }
        for (worker, engine) in (0..).zip(engines) {
            standing.take(worker, engine.tell_last());
        }
        said.hear(standing.finish());
        for (name, size, cap) in standing.sizes() {
            assert!(size <= cap || name == "standing_content_bytes", "{name}: {size} of {cap}");
        }
        said.report()
    }

    /// Whether it is over within an hour: what goes on for longer may be said otherwise of a whole.
    pub fn is_short(&self) -> bool {
        let times = self.events.iter().map(|event| match event {
            Event::Frame(frame) => frame.time,
            Event::Expire(now) => *now,
        });
        let (first, last) = (times.clone().min(), times.max());
        first.zip(last).is_none_or(|(first, last)| last.since(first) < 3600 * Timestamp::SECOND)
    }
}

impl Said {
    fn hear(&mut self, delta: Delta) {
        for flow in delta.flows {
            let before = self.flows.insert(flow.number, flow);
            assert!(before.is_none_or(|before| !before.is_over));
        }
        for number in delta.withdrawn_flows {
            assert!(self.flows.remove(&number).is_some());
        }
        for activity in delta.activities {
            self.activities.insert(activity.number, activity.what);
        }
        for number in delta.withdrawn_activities {
            assert!(self.activities.remove(&number).is_some());
        }
        for binding in delta.bindings {
            let key = format!("{:?}", (binding.site, binding.mac, binding.ip, binding.kind));
            self.bindings.insert(key, binding);
        }
        let whole = &mut self.whole;
        whole.torrents.extend(delta.torrents);
        whole.leases.extend(delta.leases);
        whole.totals.merge(&delta.totals);
        for (limit, count) in delta.limits {
            *whole.limits.entry(limit).or_default() += count;
        }
        let captures = whole.anomalies.len().max(delta.anomalies.len());
        whole.anomalies.resize_with(captures, Default::default);
        for (mine, theirs) in whole.anomalies.iter_mut().zip(&delta.anomalies) {
            mine.merge(theirs);
        }
    }

    /// In the order of a whole run's report.
    fn report(self) -> Report {
        let Self { mut whole, flows, activities, bindings } = self;
        let name = |torrent: &Torrent| (torrent.v1, torrent.v2);
        let mut sorted: Vec<_> = whole.torrents.iter().map(name).collect();
        sorted.sort_unstable();
        whole.flows = flows.into_values().map(|flow| flow.what).collect();
        for verified in whole.flows.iter_mut().flat_map(|flow| &mut flow.verified) {
            let name = whole.torrents.get(verified.torrent).map(name);
            verified.torrent = sorted.iter().position(|known| Some(*known) == name).unwrap_or(usize::MAX);
        }
        whole.flows.sort_by_key(|flow| {
            (flow.first, flow.ends.orig, flow.ends.resp, flow.transport, flow.vantage, flow.tunnel, flow.vlans)
        });
        whole.activities = activities.into_values().collect();
        whole.activities.sort_by_key(|activity| (activity.span.first, activity.host));
        whole.bindings = bindings.into_values().collect();
        whole.bindings.sort_by_key(|binding| (binding.site, binding.mac, binding.ip, binding.kind));
        whole
    }
}
