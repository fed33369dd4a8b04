//! Finding a packet's flow, beginning and ending flows, and what is reported of one that has ended.

use super::detail::{Detail, Details};
use super::learning::Talkers;
use super::passage::Passage;
use super::report::FlowReport;
use super::udp::Talk;
use super::{Engine, OUT_OF_ORDER, SWEEP_AT_LEAST, of_capture};
use crate::anomaly::Anomalies;
use crate::detect::http::Fetch;
use crate::detect::passed::SentPieces;
use crate::detect::{Observation, Upkeep};
use crate::flow::handed::{Handed, Shown};
use crate::flow::key::{End, Ends, FlowKey, Transport as Protocol};
use crate::flow::minutes::Minutes;
use crate::flow::recent::TWICE_WITHIN;
use crate::flow::slab::Place;
use crate::flow::table::{Flow, Notes};
use crate::time::Timestamp;

impl Engine {
    /// Finds the flow of a packet, or begins one. `None`: the packet was delivered twice.
    #[inline]
    pub(super) fn flow(
        &mut self,
        passage: &Passage<'_>,
        mark: impl Fn() -> Option<u32>,
        renew: impl Fn(&Flow, &Notes, &Details) -> bool,
    ) -> Option<Place> {
        // The usual case: the flow that was fetched is the packet's, and goes on.
        if let Some(place) = passage.guess
            && let Some(flow) = self.flows.get(place)
            && flow.key == passage.key
            && !flow.expired(passage.stamp.time)
            && (flow.vlans == passage.path.vlans || !self.options.vlan_in_key)
            && let Some(notes) = self.flows.notes(place)
            && !renew(flow, notes, &self.details)
        {
            return Some(place);
        }
        self.find_or_begin(passage, mark, renew)
    }

    fn find_or_begin(
        &mut self,
        passage: &Passage<'_>,
        mark: impl Fn() -> Option<u32>,
        renew: impl Fn(&Flow, &Notes, &Details) -> bool,
    ) -> Option<Place> {
        let mut key = passage.key;
        let vlans = passage.path.vlans;
        let now = passage.stamp.time;
        let mut hash = passage.hash;
        let mut found = self.open(&key, hash, now);
        if found.is_none() && self.flows.has_parted() {
            // The flow from which this one was parted may have ended before it.
            let parted = FlowKey { vlans: Some(vlans), ..key };
            let parted_hash = self.flows.hash(&parted);
            found = self.open(&parted, parted_hash, now);
            (key, hash) = if found.is_some() { (parted, parted_hash) } else { (key, hash) };
        } else if let Some(place) = found
            && self.options.vlan_in_key
            && self.flows.get(place).is_some_and(|flow| flow.vlans != vlans)
            && let Some((flow, notes)) = self.flows.noted_mut(place)
            && notes.twin != Some(vlans)
        {
            // The same ends under other tags: the same frame, routed from one VLAN to another, or other hosts.
            let pause = now.since(flow.last);
            let is_twin = pause <= TWICE_WITHIN && mark().is_some_and(|mark| notes.recent.holds(mark));
            if is_twin {
                notes.twin = Some(vlans);
                if let Some(slot) = flow.dht_slot() {
                    self.dht.crossed(slot, flow.end(!passage.from_low), vlans);
                }
            }
            key.vlans = Some(vlans);
            hash = self.flows.hash(&key);
            found = self.open(&key, hash, now);
            if is_twin {
                if let Some(place) = found {
                    self.forget(place);
                }
                self.totals.duplicate_frames += 1;
                return None;
            }
        }
        if let Some(place) = found {
            let Some((flow, notes)) = self.flows.get(place).zip(self.flows.notes(place)) else {
                return Some(place);
            };
            if !renew(flow, notes, &self.details) {
                return Some(place);
            }
            self.end(place);
        }
        self.make_room();
        match key.transport {
            Protocol::Tcp => self.totals.tcp_flows += 1,
            Protocol::Udp => self.totals.udp_flows += 1,
        }
        Some(self.flows.insert(Flow::begin(key, passage.from_low, vlans, now), hash))
    }

    /// Finds a flow that is still open at `now`; one that has ended is ended, as a sweep might have done before.
    fn open(&mut self, key: &FlowKey, hash: u64, now: Timestamp) -> Option<Place> {
        let place = self.flows.find(key, hash)?;
        if self.flows.get(place).is_some_and(|flow| flow.expired(now)) {
            self.end(place);
            return None;
        }
        Some(place)
    }

    /// Forgets a flow that turned out to be another's frames delivered twice: the capture began between two copies.
    fn forget(&mut self, place: Place) {
        if let Some(flow) = self.flows.remove(place) {
            self.unseen.forget(place, &flow.seen);
            let seen = self.told(&flow);
            let account = self.account(&flow, seen);
            self.marks.withdraw(&account.handed);
        }
    }

    /// Ends what no frame to come can go on with, so that it does not matter when somebody looks.
    pub(super) fn sweep(&mut self) {
        let settled = Timestamp(self.now.0.saturating_sub(OUT_OF_ORDER));
        for place in self.flows.expired(settled) {
            self.end(place);
        }
        self.dht.expire(settled);
    }

    fn make_room(&mut self) {
        if self.flows.len() < self.sweep_at {
            return;
        }
        self.sweep();
        let share = usize::try_from(self.options.shard.1.max(1)).unwrap_or(usize::MAX);
        let cap = (self.options.caps.flows / share).max(1);
        if self.flows.len() >= cap {
            for place in self.flows.quietest((cap / 16).max(1)) {
                self.evicted += 1;
                self.end(place);
            }
        }
        self.sweep_at = (self.flows.len() * 2).clamp(SWEEP_AT_LEAST.min(cap), cap);
    }

    fn end(&mut self, place: Place) {
        if let Some(flow) = self.flows.remove(place) {
            self.unseen.forget(place, &flow.seen);
            self.close(&flow);
        }
    }

    /// Counts and reports a flow that has ended.
    pub(super) fn close(&mut self, flow: &Flow) {
        let payload = flow.bytes.orig + flow.bytes.resp > 0;
        if flow.key.transport == Protocol::Tcp {
            let one_sided = flow.packets.orig == 0 || flow.packets.resp == 0;
            self.totals.one_sided_flows += u64::from(payload && one_sided);
            self.totals.midstream_flows += u64::from(payload && !flow.begun);
        }
        let seen = self.told(flow);
        // Of nearly all flows nobody has anything to say.
        if flow.detail.is_none() && seen.is_empty() {
            return;
        }
        let account = self.account(flow, seen);
        if !account.observations.is_empty() || !account.fetched.is_empty() {
            self.report_flow(flow, account);
        } else {
            self.marks.withdraw(&account.handed);
        }
    }

    /// Gives back what is kept of a flow beside its detail, and has the DHT say what it saw.
    fn told(&mut self, flow: &Flow) -> Vec<Observation> {
        match (flow.key.transport, flow.slot) {
            (Protocol::Udp, Some(slot)) => return self.dht.flow_ended(slot),
            (Protocol::Tcp, Some(slot)) => drop(self.details.take_first(slot)),
            (_, None) => {}
        }
        Vec::new()
    }

    /// Has all who followed a flow say what they saw, and give back what they held. The DHT has said what it saw.
    fn account(&mut self, flow: &Flow, seen: Vec<Observation>) -> Account {
        let mut account = Account { bytes: flow.bytes, observations: seen, ..Account::default() };
        let Some(place) = flow.detail else { return account };
        let mut untold = Anomalies::default();
        match flow.key.transport {
            Protocol::Tcp => {
                let Some(mut detail) = self.details.whole.remove(place) else { return account };
                let anomalies = of_capture(&mut self.anomalies, detail.capture).unwrap_or(&mut untold);
                account.observations = detail.finish(&mut self.budget, anomalies);
                for end in [End::Orig, End::Resp] {
                    detail.catch_up(end, *flow.bytes.at(end), flow.last);
                    (*account.bytes.at_mut(end), *account.missing.at_mut(end)) = detail.amounts(end);
                }
                let collected = detail.collect(self.content.free());
                self.content.take(self.flows.hash(&flow.key), collected, &mut detail.lent);
                self.content.take_back(detail.lent);
                account.pieces = detail.pieces();
                account.fetched = detail.fetched();
                self.learning.hear(&talkers(flow), &detail.named());
                account.macs = detail.macs;
                account.closed = detail.closed;
                account.handed = detail.handed;
                account.minutes = detail.into_minutes();
            }
            Protocol::Udp => {
                let Some(mut talk) = self.talks.remove(place) else { return account };
                let anomalies = of_capture(&mut self.anomalies, talk.capture).unwrap_or(&mut untold);
                account.observations.extend(talk.finish(&mut Upkeep { held: &mut self.budget, anomalies }));
                let collected = talk.collect(self.content.free());
                self.content.take(self.flows.hash(&flow.key), collected, &mut talk.lent);
                self.content.take_back(talk.lent);
                account.pieces = talk.pieces();
                self.learning.hear(&talkers(flow), &talk.named());
                account.macs = talk.macs;
                account.handed = talk.handed;
                account.minutes = talk.minutes;
            }
        }
        account
    }

    fn report_flow(&mut self, flow: &Flow, mut account: Account) {
        let share = usize::try_from(self.options.shard.1.max(1)).unwrap_or(usize::MAX);
        if self.fetched.saturating_add(account.fetched.len()) > self.options.caps.fetched / share {
            self.unreported_fetched += account.fetched.len() as u64;
            account.fetched.clear();
        }
        self.fetched += account.fetched.len();
        let observations = &account.observations;
        // What was handed over while it was open has its place: it was one of the open flows, which are capped.
        let is_known = account.handed.number != 0;
        let telling = self.reports.len() - self.supporting - self.encrypted - self.fetching;
        // Names are looked up by the thousand, and many programs look random: they must not crowd out what says something
        // by itself.
        if observations.is_empty() {
            if account.fetched.is_empty() && !is_known {
                return;
            }
            self.fetching += 1;
        } else if observations.iter().all(Observation::is_supporting) {
            if !is_known && self.supporting >= self.options.caps.supporting / share {
                self.unreported_supporting += 1;
                return;
            }
            self.supporting += 1;
        } else if observations.iter().all(Observation::is_shape) {
            if !is_known && self.encrypted >= self.options.caps.encrypted / share {
                self.unreported_encrypted += 1;
                return;
            }
            self.encrypted += 1;
        } else if !is_known && telling >= self.options.caps.reports / share {
            self.unreported += 1;
            return;
        }
        account.pieces = self.content.keep(account.pieces);
        self.marks.report(&mut account.handed);
        self.reports.push(account.report(flow));
    }

    /// What is observed in an open flow so far.
    pub(super) fn observed(&self, flow: &Flow) -> Vec<Observation> {
        let Some(place) = flow.detail else { return Vec::new() };
        match flow.key.transport {
            Protocol::Tcp => self.details.whole.get(place).map(Detail::observations).unwrap_or_default(),
            Protocol::Udp => self.talks.get(place).map(Talk::observations).unwrap_or_default(),
        }
    }

    /// What those who follow an open flow say of it so far. The digests of its pieces stay with them until its end.
    pub(super) fn interim(&self, flow: &Flow) -> Account {
        let mut account = Account { bytes: flow.bytes, ..Account::default() };
        let Some(place) = flow.detail else { return account };
        match flow.key.transport {
            Protocol::Tcp => {
                let Some(detail) = self.details.whole.get(place) else { return account };
                account.observations = detail.observations();
                account.minutes = detail.minutes_with(flow.bytes, flow.last);
                for end in [End::Orig, End::Resp] {
                    (*account.bytes.at_mut(end), *account.missing.at_mut(end)) =
                        detail.amounts_with(end, *flow.bytes.at(end));
                }
                account.fetched = detail.fetched();
                account.macs = detail.macs;
                account.closed = detail.closed;
            }
            Protocol::Udp => {
                let Some(talk) = self.talks.get(place) else { return account };
                account.observations = talk.observations();
                account.macs = talk.macs;
                account.minutes = talk.minutes.clone();
            }
        }
        account
    }
}

/// What those who follow a flow say of it.
#[derive(Default)]
pub(super) struct Account {
    macs: Ends<Option<[u8; 6]>>,
    bytes: Ends<u64>,
    missing: Ends<u64>,
    minutes: Minutes,
    closed: Option<(Timestamp, End)>,
    observations: Vec<Observation>,
    pieces: Vec<SentPieces>,
    fetched: Vec<Fetch>,
    /// What was handed over of it while it was open.
    handed: Handed,
}

impl Account {
    /// As much of it as tells whether there is more.
    pub(super) fn shown(&self) -> Shown {
        let sure = self.observations.iter().map(|seen| 1 + seen.confidence as usize).sum();
        let of = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Shown { count: of(self.observations.len() + self.fetched.len()), confidence: of(sure) }
    }

    /// Whether it says nothing by itself.
    pub(super) fn is_silent(&self) -> bool {
        self.observations.iter().all(|seen| seen.is_supporting() || seen.is_shape())
    }

    pub(super) fn report(self, flow: &Flow) -> FlowReport {
        FlowReport {
            transport: flow.key.transport,
            vantage: flow.key.vantage,
            tunnel: flow.key.tunnel,
            vlans: flow.vlans,
            ends: flow.ends(),
            macs: self.macs,
            first: flow.first,
            last: flow.last,
            begun: flow.begun,
            closed: self.closed,
            packets: flow.packets,
            bytes: self.bytes,
            missing: self.missing,
            minutes: self.minutes,
            observations: self.observations,
            pieces: self.pieces,
            fetched: self.fetched,
            verified: Vec::new(),
            ties: Vec::new(),
        }
    }
}

/// Who speaks in a flow, and where.
pub(super) const fn talkers(flow: &Flow) -> Talkers {
    Talkers { ends: flow.ends(), vantage: flow.key.vantage, tunnel: flow.key.tunnel, vlans: flow.vlans }
}
