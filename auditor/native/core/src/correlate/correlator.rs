//! Takes what all workers saw in the order of time, and keeps each of our hosts apart.

use std::collections::{BTreeMap, BTreeSet};

use super::host::{HostState, can_tell};
use super::names::{Kept, Sender, lifetime};
use super::part::{Attempt, Candidate, Correlated, Evidence, Host, Learnt, Listening, Part};
use crate::flow::key::End;
use crate::networks::Networks;
use crate::time::Timestamp;

/// How a correlator is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Our own networks, inside and egress: whose flows are tied.
    pub ours: Networks,
    /// Remote networks whose encrypted flows say nothing: proxies, private networks, messengers.
    pub exempt: Networks,
    /// The caps.
    pub caps: Caps,
}

/// What may be kept at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Events that wait for their turn. The latest are dropped.
    pub events: usize,
    /// Hosts. The one that would be forgotten first is forgotten early.
    pub hosts: usize,
    /// Names of one host. The oldest is forgotten.
    pub host_names: usize,
    /// Names of all hosts. The oldest of the host that learns is forgotten.
    pub names: usize,
    /// Flows of one host that are not decided. The oldest is decided early.
    pub host_flows: usize,
    /// Flows of all hosts that are not decided. The oldest of the host that has another is decided early.
    pub flows: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            events: 1 << 20,
            hosts: 1 << 14,
            host_names: 1 << 13,
            names: 1 << 19,
            host_flows: 1 << 13,
            flows: 1 << 18,
        }
    }
}

/// Flows with the shape that nothing ties to BitTorrent: they are counted, and never said of anybody. A flow between
/// two hosts of ours may count twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Flows.
    pub flows: u64,
    /// Those of them that have a telling length.
    pub telling: u64,
}

/// What happened, in the order in which events of one moment are taken: what was learnt in the moment in which a flow
/// began was not learnt before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Candidate(Candidate),
    Attempt(Attempt),
    Learnt(Learnt),
    Listening(Listening),
    Evidence(Evidence),
}

/// Ties encrypted flows to what was seen in clear. Events may come in any order as long as none is older than the
/// watermark: the result depends on what happened alone. An event that comes twice counts once.
#[derive(Debug)]
pub struct Correlator {
    options: Options,
    waiting: BTreeSet<(Timestamp, Event)>,
    watermark: Timestamp,
    hosts: BTreeMap<Host, HostState>,
    /// The hosts by when they will be forgotten.
    idle: BTreeSet<(Timestamp, Host)>,
    names: usize,
    flows: usize,
    decided: Vec<Correlated>,
    dropped: Dropped,
    limits: BTreeMap<&'static str, u64>,
}

impl Correlator {
    /// Makes a correlator that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            waiting: BTreeSet::new(),
            watermark: Timestamp(i64::MIN),
            hosts: BTreeMap::new(),
            idle: BTreeSet::new(),
            names: 0,
            flows: 0,
            decided: Vec::new(),
            dropped: Dropped::default(),
            limits: BTreeMap::new(),
        }
    }

    /// Takes what one worker saw.
    pub fn take(&mut self, part: Part) {
        let Part { learnt, candidates, attempts, listening, evidence } = part;
        let events = learnt
            .into_iter()
            .map(|event| (event.at, Event::Learnt(event)))
            .chain(candidates.into_iter().map(|event| (event.begun, Event::Candidate(event))))
            .chain(attempts.into_iter().map(|event| (event.at, Event::Attempt(event))))
            .chain(listening.into_iter().map(|event| (event.at, Event::Listening(event))))
            .chain(evidence.into_iter().map(|event| (event.at, Event::Evidence(event))));
        for event in events {
            if event.0 < self.watermark {
                self.limit("correlated_late");
                continue;
            }
            // Which events are dropped depends on their order of time, not on that of their arrival.
            self.waiting.insert(event);
            if self.waiting.len() > self.options.caps.events {
                self.waiting.pop_last();
                self.limit("correlated_events");
            }
        }
    }

    /// Takes in that nothing older than `watermark` will come. Returns what was decided by that: a flow is, once what
    /// counts together with it has come. In the order of the flows' beginnings, unless a cap was reached.
    pub fn advance(&mut self, watermark: Timestamp) -> Vec<Correlated> {
        self.watermark = self.watermark.max(watermark);
        while let Some(first) = self.waiting.first()
            && first.0 < self.watermark
            && let Some((at, event)) = self.waiting.pop_first()
        {
            self.process(at, event);
        }
        let hosts = self.idle.iter().map(|(_, host)| *host).collect::<Vec<_>>();
        for host in hosts {
            self.settle(&host, self.watermark);
        }
        self.take_decided()
    }

    /// Takes in that nothing will come any more. Returns what was not returned before.
    pub fn finish(&mut self) -> Vec<Correlated> {
        while let Some((at, event)) = self.waiting.pop_first() {
            self.process(at, event);
        }
        while let Some((_, host)) = self.idle.pop_first() {
            self.remove(&host);
        }
        self.watermark = Timestamp(i64::MAX);
        self.take_decided()
    }

    /// What nothing tied to BitTorrent so far.
    #[must_use]
    pub const fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// The caps that were reached, with how often.
    #[must_use]
    pub const fn limits(&self) -> &BTreeMap<&'static str, u64> {
        &self.limits
    }

    fn process(&mut self, at: Timestamp, event: Event) {
        while let Some(first) = self.idle.first().copied()
            && first.0 < at
        {
            self.idle.pop_first();
            self.remove(&first.1);
        }
        match event {
            Event::Candidate(candidate) => self.candidate(candidate),
            Event::Attempt(attempt) => self.with_host(attempt.host, at, |host| host.attempt(attempt)),
            Event::Learnt(learnt) => self.learn(&learnt),
            Event::Listening(listening) => {
                self.with_host(listening.host, at, |host| host.listen(&listening));
            }
            Event::Evidence(evidence) => self.with_host(evidence.host, at, |host| host.prove(&evidence)),
        }
    }

    fn candidate(&mut self, candidate: Candidate) {
        let mut is_ours = false;
        for end in [End::Orig, End::Resp] {
            let host = candidate.host(end);
            if !self.options.ours.contain(&host.ip) {
                continue;
            }
            is_ours = true;
            if !can_tell(&candidate, end, &self.options.exempt) {
                self.discard(&candidate);
                continue;
            }
            let caps = self.options.caps;
            let is_full =
                |state: &HostState, flows| state.pending() >= caps.host_flows || flows >= caps.flows;
            self.settle(&host, candidate.begun);
            if let Some(state) = self.hosts.get(&host).filter(|state| is_full(state, self.flows)) {
                let has_some = state.pending() > 0;
                self.limit("correlated_flows");
                if has_some {
                    self.decide(&host, |state, decide| {
                        state.settle_oldest(decide);
                    });
                }
            }
            if self.flows >= caps.flows {
                self.limit("correlated_flows");
                self.discard(&candidate);
                continue;
            }
            self.flows += 1;
            let everybody = self.hosts.get(&host.everybody());
            let remote = candidate.endpoint(end.other());
            let said: Vec<_> =
                everybody.iter().flat_map(|state| state.names.of(remote, end)).copied().collect();
            self.with_host(host, candidate.begun, |state| state.hit(candidate, end, &said));
        }
        if !is_ours {
            self.discard(&candidate);
        }
    }

    fn learn(&mut self, learnt: &Learnt) {
        let Caps { names, host_names, .. } = self.options.caps;
        let sender = Sender::new(&learnt.by, &self.options.ours);
        let total = self.names;
        let (mut before, mut after, mut limited) = (0, 0, 0);
        self.with_host(learnt.host, learnt.at, |host| {
            before = host.names.len();
            host.names.expire(learnt.at);
            limited += u64::from(host.names.learn(learnt, sender) == Kept::Refused);
            let others = total.saturating_sub(before);
            while host.names.len() > host_names || others + host.names.len() > names {
                limited += 1;
                if !host.names.forget_oldest() {
                    break;
                }
            }
            host.stay(learnt.at, lifetime(learnt.source));
            after = host.names.len();
        });
        self.names = (self.names + after).saturating_sub(before);
        if limited > 0 {
            *self.limits.entry("correlated_names").or_default() += limited;
        }
    }

    /// Lets a host change, which is made where there is none.
    fn with_host(&mut self, host: Host, now: Timestamp, change: impl FnOnce(&mut HostState)) {
        self.settle(&host, now);
        if !self.hosts.contains_key(&host)
            && self.hosts.len() >= self.options.caps.hosts
            && let Some((_, first)) = self.idle.pop_first()
        {
            self.limit("correlated_hosts");
            self.remove(&first);
        }
        let state = self.hosts.entry(host).or_insert_with(|| HostState::new(now));
        self.idle.remove(&(state.idle_after, host));
        change(state);
        self.idle.insert((state.idle_after, host));
    }

    /// Decides the flows of a host that are old enough.
    fn settle(&mut self, host: &Host, now: Timestamp) {
        self.decide(host, |state, decide| state.settle(now, decide));
    }

    /// Decides flows of a host.
    fn decide(
        &mut self,
        host: &Host,
        which: impl FnOnce(&mut HostState, &mut dyn FnMut(&Candidate, Option<Correlated>)),
    ) {
        let Self { hosts, decided, dropped, flows, .. } = self;
        let Some(state) = hosts.get_mut(host) else { return };
        which(state, &mut |candidate, outcome| {
            *flows = flows.saturating_sub(1);
            match outcome {
                Some(correlated) => decided.push(correlated),
                None => dropped.count(candidate),
            }
        });
    }

    /// Forgets a host, which is no longer among `idle`. What it has not decided is decided now.
    fn remove(&mut self, host: &Host) {
        self.decide(host, |state, decide| while state.settle_oldest(decide) {});
        if let Some(state) = self.hosts.remove(host) {
            self.names = self.names.saturating_sub(state.names.len());
        }
    }

    fn discard(&mut self, candidate: &Candidate) {
        self.dropped.count(candidate);
    }

    fn take_decided(&mut self) -> Vec<Correlated> {
        self.decided.sort_by_key(|correlated| (correlated.candidate, correlated.end));
        std::mem::take(&mut self.decided)
    }

    fn limit(&mut self, name: &'static str) {
        *self.limits.entry(name).or_default() += 1;
    }
}

impl Dropped {
    fn count(&mut self, candidate: &Candidate) {
        self.flows += 1;
        self.telling += u64::from(candidate.is_telling);
    }
}
