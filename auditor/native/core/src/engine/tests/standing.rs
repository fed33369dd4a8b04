//! What engines that go on tell, joined step by step: the latest of everything is what is said of a run that is over.

use std::collections::BTreeMap;

use super::invariance::Story;
use super::*;
use crate::bindings::{Binding, Lease};
use crate::correlate;
use crate::correlate::standing::{self, Delta, Standing};
use crate::detect::dht::activity::Activity;

/// Everything that was said, the latest of each.
#[derive(Default)]
struct Said {
    flows: BTreeMap<u64, Numbered<FlowReport>>,
    activities: BTreeMap<u64, Numbered<Activity>>,
    torrents: Vec<Torrent>,
    bindings: BTreeMap<String, Binding>,
    leases: Vec<Lease>,
    totals: Totals,
}

impl Said {
    fn hear(&mut self, delta: Delta) {
        for flow in delta.flows {
            assert!(!flow.what.observations.is_empty());
            let before = self.flows.insert(flow.number, flow);
            assert!(before.is_none_or(|before| !before.is_over), "what is over comes no more");
        }
        for number in delta.withdrawn_flows {
            assert!(self.flows.remove(&number).is_some(), "only what was said is withdrawn");
        }
        for activity in delta.activities {
            let before = self.activities.insert(activity.number, activity);
            assert!(before.is_none_or(|before| !before.is_over));
        }
        for number in delta.withdrawn_activities {
            assert!(self.activities.remove(&number).is_some());
        }
        self.torrents.extend(delta.torrents);
        for binding in delta.bindings {
            let key = format!("{:?}", (binding.site, binding.ip, binding.mac, binding.kind));
            self.bindings.insert(key, binding);
        }
        self.leases.extend(delta.leases);
        self.totals.merge(&delta.totals);
    }
}

/// Frames that a test looked at. What is said of them step by step is compared once the test is over.
pub(super) struct Seen {
    pub(super) story: Story,
    pub(super) options: Options,
}

impl Seen {
    pub(super) const fn new(options: Options) -> Self {
        Self { story: Vec::new(), options }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        // A cap may be reached at other times where more is asked, and a clock that is set back is another matter.
        let is_in_order = self.story.is_sorted_by_key(|(time, _)| *time);
        let is_comparable = self.options.caps == Caps::default() && is_in_order && self.story.len() < 2000;
        if std::thread::panicking() || !is_comparable {
            return;
        }
        for (workers, backwards, every) in
            [(1, false, 1), (1, false, usize::MAX), (2, true, 1), (3, false, 3)]
        {
            check(&self.story, &self.options, workers, backwards, |at| (at + 1).is_multiple_of(every));
        }
    }
}

/// What one worker says of the whole.
fn whole(story: &Story, options: &Options) -> Report {
    let mut engine = Engine::new(options.clone());
    engine.ingest(story.iter().zip(1..).map(|((time, bytes), number)| frame(*time, bytes, number)));
    correlate::join(vec![engine.finish()], options)
}

fn frame(time: i64, bytes: &[u8], number: u64) -> Frame<'_> {
    Frame {
        time: Timestamp(time),
        link: LinkType::Ethernet,
        wire_len: u32::try_from(bytes.len()).unwrap(),
        place: FrameRef { capture: 0, number },
        vantage: 0,
        bytes,
    }
}

/// What so many workers tell, asked after each frame of which `is_cut` says so, in this order or the other one.
fn said(
    story: &Story,
    options: &Options,
    workers: u64,
    backwards: bool,
    is_cut: impl Fn(usize) -> bool,
) -> Said {
    let options = Options { goes_on: true, ..options.clone() };
    let engine = |worker| Engine::new(Options { shard: (worker, workers), ..options.clone() });
    let mut engines: Vec<_> = (0..workers).map(engine).collect();
    let mut standing = Standing::new(options.clone(), standing::Caps::default());
    let mut said = Said::default();
    let order = |count: usize| -> Vec<usize> {
        if backwards { (0..count).rev().collect() } else { (0..count).collect() }
    };
    let mut now = i64::MIN;
    for (at, (time, bytes)) in story.iter().enumerate() {
        for engine in &mut engines {
            engine.ingest([frame(*time, bytes, at as u64 + 1)]);
        }
        now = now.max(*time);
        if is_cut(at) {
            for worker in order(engines.len()) {
                engines[worker].expire(Timestamp(now));
                let news = engines[worker].tell();
                standing.take(u16::try_from(worker).unwrap(), news);
            }
            said.hear(standing.advance(Timestamp(now)));
        }
    }
    let mut engines: Vec<_> = engines.into_iter().map(Some).collect();
    for worker in order(engines.len()) {
        let news = engines[worker].take().unwrap().tell_last();
        standing.take(u16::try_from(worker).unwrap(), news);
    }
    said.hear(standing.finish());
    assert!(said.flows.values().all(|flow| flow.is_over) && said.activities.values().all(|one| one.is_over));
    said
}

/// What is said of each flow of a run, torrents by their names.
fn flows<'a>(flows: impl Iterator<Item = &'a FlowReport>, torrents: &[Torrent]) -> Vec<String> {
    let tell = |flow: &FlowReport| {
        let torrent = |verified: &Verified| torrents.get(verified.torrent).map(|torrent| torrent.v1);
        let torrents: Vec<_> = flow.verified.iter().map(torrent).collect();
        let mut flow = flow.clone();
        for verified in &mut flow.verified {
            verified.torrent = 0;
        }
        format!("{flow:?} {torrents:?}")
    };
    let mut told: Vec<_> = flows.map(tell).collect();
    told.sort();
    told
}

fn activities<'a>(activities: impl Iterator<Item = &'a Activity>) -> Vec<String> {
    let tell = |one: &Activity| {
        let known = (one.host, &one.span, one.nodes, &one.sent, &one.received, one.mac, &one.minutes);
        format!("{known:?} {:?} {:?} {:?}", one.announced.sorted(), one.looked_up.sorted(), one.told())
    };
    let mut told: Vec<_> = activities.map(tell).collect();
    told.sort();
    told
}

/// Checks that what is said step by step ends up as what is said of the whole.
fn check(story: &Story, options: &Options, workers: u64, backwards: bool, is_cut: impl Fn(usize) -> bool) {
    let whole = whole(story, options);
    let said = said(story, options, workers, backwards, is_cut);
    let now = flows(said.flows.values().map(|flow| &flow.what), &said.torrents);
    assert_eq!(now, flows(whole.flows.iter(), &whole.torrents));
    let now = activities(said.activities.values().map(|activity| &activity.what));
    assert_eq!(now, activities(whole.activities.iter()));
    let mut torrents = said.torrents.clone();
    torrents.sort_by_key(|torrent| (torrent.v1, torrent.v2));
    let mut expected = whole.torrents.clone();
    expected.sort_by_key(|torrent| (torrent.v1, torrent.v2));
    assert_eq!(torrents, expected);
    let mut bindings: Vec<_> = said.bindings.values().map(|binding| format!("{binding:?}")).collect();
    bindings.sort();
    let mut expected: Vec<_> = whole.bindings.iter().map(|binding| format!("{binding:?}")).collect();
    expected.sort();
    assert_eq!(bindings, expected);
    assert_eq!(said.leases, whole.leases);
    assert_eq!(said.totals, whole.totals);
}
