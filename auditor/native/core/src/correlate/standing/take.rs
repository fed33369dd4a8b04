//! Taking in what engines tell, and what each flow depends on.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::mem;

use super::entry::{Entry, Sent};
use super::evidence::Source;
use super::{Place, Standing};
use crate::anomaly::Anomalies;
use crate::correlate::allowed_fast::is_set;
use crate::correlate::supporting::supported_hosts;
use crate::correlate::web_seeds::named;
use crate::detect::Fact;
use crate::engine::{FlowReport, News, Numbered, Report};

impl Standing {
    /// Takes what an engine tells. Engines count from 0.
    pub fn take(&mut self, engine: u16, news: News) {
        let number = |number: u64| number << 16 | u64::from(engine);
        let News { flows, activities, withdrawn, rest } = news;
        for flow in flows {
            self.take_flow(number(flow.number), flow);
        }
        for withdrawn in withdrawn {
            self.withdraw(number(withdrawn));
        }
        for activity in activities {
            self.activities.take(engine, activity);
        }
        self.take_rest(rest);
    }

    fn take_flow(&mut self, number: u64, told: Numbered<FlowReport>) {
        let Numbered { is_over, what: mut raw, .. } = told;
        let sent = mem::take(&mut raw.pieces).into_iter();
        let sent = sent.map(|pieces| Sent { pieces: Some(pieces), found: None });
        for seen in &raw.observations {
            for (address, torrent) in named(seen) {
                if self.seeds.len() >= self.caps.seeds && !self.seeds.contain(address) {
                    *self.delta.limits.entry("standing_seeds").or_default() += 1;
                } else if self.seeds.learn(address, torrent, seen.span.last) {
                    self.changed.extend(self.by_address.get(&address).into_iter().flatten());
                }
            }
        }
        for place in self.addresses.learn_of_flow(&raw, &self.options.ours) {
            self.changed.extend(self.by_place.get(&place).into_iter().flatten());
        }
        let last = raw.last;
        self.leave_all(number);
        let entry = match self.flows.entry(number) {
            btree_map::Entry::Occupied(known) => {
                let entry = known.into_mut();
                entry.raw = raw;
                entry
            }
            btree_map::Entry::Vacant(vacant) => vacant.insert(Entry::new(raw)),
        };
        (entry.is_over, entry.is_fresh) = (is_over, true);
        entry.sent.extend(sent);
        self.ties.hear_flow(&entry.raw, is_over, &mut entry.given, &self.options);
        for candidate in entry.young(&self.options) {
            self.ties.wait(candidate.begun, number);
        }
        entry.on = On::of(entry);
        for host in supported_hosts(&entry.raw).filter(|host| self.options.ours.contain(&host.ip)) {
            self.evidence.support(host, number);
        }
        for address in &entry.on.addresses {
            self.by_address.entry(*address).or_default().insert(number);
        }
        for torrent in &entry.on.torrents {
            self.by_torrent.entry(*torrent).or_default().insert(number);
        }
        for place in &entry.on.places {
            self.by_place.entry(*place).or_default().insert(number);
        }
        self.changed.insert(number);
        if is_over {
            self.waiting.insert((last, number));
        }
    }

    /// Takes in that a flow shows nothing after all.
    fn withdraw(&mut self, number: u64) {
        self.changed.extend(self.evidence.replace(Source::Flow(number), Vec::new()));
        self.changed.remove(&number);
        if self.flows.get(&number).is_some_and(|entry| entry.handed.is_some()) {
            self.delta.withdrawn_flows.push(number);
        }
        self.forget(number);
    }

    /// Forgets a flow.
    pub(super) fn forget(&mut self, number: u64) {
        self.leave_all(number);
        self.partly.remove(&number);
        if let Some(entry) = self.flows.remove(&number) {
            self.waiting.remove(&(entry.raw.last, number));
        }
    }

    /// Takes in that what a flow depends on need not be told to it any more.
    fn leave_all(&mut self, number: u64) {
        let Some(entry) = self.flows.get(&number) else { return };
        for host in supported_hosts(&entry.raw) {
            self.evidence.leave(&host, number);
        }
        for address in &entry.on.addresses {
            leave(&mut self.by_address, address, number);
        }
        for torrent in &entry.on.torrents {
            leave(&mut self.by_torrent, torrent, number);
        }
        for place in &entry.on.places {
            leave(&mut self.by_place, place, number);
        }
    }

    fn take_rest(&mut self, rest: Report) {
        let (names, has_more_hashes) = self.proofs.take(rest.content);
        if has_more_hashes {
            self.changed.extend(&self.partly);
        }
        for name in names {
            self.changed.extend(self.by_torrent.get(&name).into_iter().flatten());
        }
        self.ties.learn(&rest.learnt);
        self.bindings.take(rest.bindings, rest.leases);
        let delta = &mut self.delta;
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
}

/// What it depends on what is said of a flow.
#[derive(Debug, Default)]
pub(super) struct On {
    addresses: BTreeSet<crate::wire::bt::web_seed::UrlDigest>,
    torrents: BTreeSet<[u8; 20]>,
    places: BTreeSet<Place>,
}

impl On {
    fn of(entry: &Entry) -> Self {
        let flow = &entry.raw;
        let sets = || flow.observations.iter().filter(|seen| is_set(seen));
        let of_sets = sets().filter_map(|seen| match &seen.fact {
            Fact::AllowedFast { infohash, .. } => Some(*infohash),
            _ => None,
        });
        let of_pieces = entry.sent.iter().filter_map(|sent| Some(sent.pieces.as_ref()?.infohash));
        Self {
            addresses: flow.fetched.iter().flat_map(|fetch| fetch.addresses.iter().copied()).collect(),
            torrents: of_sets.chain(of_pieces).collect(),
            places: sets().map(|seen| (flow.vantage, flow.ends.at(seen.end.other()).ip)).collect(),
        }
    }
}

fn leave<K: Ord>(index: &mut BTreeMap<K, BTreeSet<u64>>, key: &K, number: u64) {
    if let Some(flows) = index.get_mut(key) {
        flows.remove(&number);
        if flows.is_empty() {
            index.remove(key);
        }
    }
}
