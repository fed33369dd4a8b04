//! Joins what several engines see while they go on, step by step.
//!
//! Each engine tells what is new to it ([`crate::engine::Engine::tell`]). Who has told of all engines up to a time says so,
//! and is given what that changes: each flow and activity whole, as [`super::join`] would have it of everything so far,
//! under a number of its own. What it costs is in proportion to what changed.
//!
//! A flow that is over is kept as long as something may still change what is said of it, which is [`KEPT`] at most:
//! pieces wait for their torrent's metadata, fetches for a torrent file, sets of allowed pieces for an address that they
//! fit, encrypted flows for a tie, names and ports for other evidence about their host. [`super::join`] looks at a whole
//! run, however long it is: of a run longer than that it may find what was found too late here. A few things more are
//! not as there: activities are cut at midnight (UTC); an obfuscated handshake that is whole only later than [`ties::LAG`]
//! after its flow began is not tied, and counted; and a host whose talk goes on for longer than an hour counts as
//! listening all the while, and not only an hour from the first and from the last time that it said so.

mod activities;
mod entry;
mod evidence;
mod proofs;
mod take;
mod ties;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use self::activities::Activities;
use self::entry::{Entry, Found};
use self::evidence::{Evidence, Source};
use self::proofs::Proofs;
use self::ties::{Fate, Given, Ties};
use super::allowed_fast::{self, Addresses, Place};
use super::correlator;
use super::derive::candidates;
use super::supporting::{drop_unsupported_of, said_in_activity, said_in_flow};
use super::web_seeds::Seeds;
use crate::anomaly::Anomalies;
use crate::bindings::{Binding, Lease, Standing as Bindings};
use crate::detect::dht::activity::{Activity, IDLE};
use crate::engine::{FlowReport, Numbered, Options, Torrent, Totals};
use crate::time::Timestamp;
use crate::wire::bt::web_seed::UrlDigest;

/// How long after its last packet a flow that is over is kept: for as long as what a host does is held to be one.
pub const KEPT: i64 = IDLE;

/// How often what is too old is looked for.
const TIDY: i64 = 600 * Timestamp::SECOND;

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

/// What may be kept at once. Reaching a cap is counted among the limits of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Flows that are over and wait for what may still change them. The one whose last packet is oldest is given up.
    pub waiting: usize,
    /// Hosts that spoke BitTorrent, or of which something is known that is of use only beside that. Further ones are not
    /// taken.
    pub hosts: usize,
    /// Addresses that torrent files name as web seeds. Further ones are not taken.
    pub seeds: usize,
    /// What is kept to tie encrypted flows.
    pub ties: correlator::Caps,
}

impl Default for Caps {
    fn default() -> Self {
        Self { waiting: 1 << 16, hosts: 1 << 16, seeds: 1 << 16, ties: correlator::Caps::default() }
    }
}

/// Joins engines that go on.
#[derive(Debug)]
pub struct Standing {
    options: Options,
    caps: Caps,
    flows: BTreeMap<u64, Entry>,
    /// Flows of which something else may be said than was.
    changed: BTreeSet<u64>,
    /// Flows that are over, by their last packet.
    waiting: BTreeSet<(Timestamp, u64)>,
    seeds: Seeds,
    addresses: Addresses,
    proofs: Proofs,
    ties: Ties,
    evidence: Evidence,
    activities: Activities,
    /// What the correlator was given of each open activity.
    given: BTreeMap<u64, Given>,
    bindings: Bindings,
    /// The flows that something else may be said of, by what that depends on.
    by_address: BTreeMap<UrlDigest, BTreeSet<u64>>,
    by_torrent: BTreeMap<[u8; 20], BTreeSet<u64>>,
    by_place: BTreeMap<Place, BTreeSet<u64>>,
    /// Flows with pieces of which not all hashes are known.
    partly: BTreeSet<u64>,
    delta: Delta,
    tidied: Timestamp,
}

impl Standing {
    /// Makes one that was told nothing. The options are those of all engines together.
    #[must_use]
    pub fn new(options: Options, caps: Caps) -> Self {
        Self {
            caps,
            flows: BTreeMap::new(),
            changed: BTreeSet::new(),
            waiting: BTreeSet::new(),
            seeds: Seeds::default(),
            addresses: Addresses::default(),
            proofs: Proofs::new(&options.known, options.caps.content_bytes),
            ties: Ties::new(options.ours.clone(), caps.ties),
            evidence: Evidence::new(caps.hosts),
            activities: Activities::default(),
            given: BTreeMap::new(),
            bindings: Bindings::new(options.caps.bindings),
            by_address: BTreeMap::new(),
            by_torrent: BTreeMap::new(),
            by_place: BTreeMap::new(),
            partly: BTreeSet::new(),
            delta: Delta::default(),
            tidied: Timestamp(i64::MIN),
            options,
        }
    }

    /// Takes in that all engines have told everything before `watermark`. Gives what is new.
    pub fn advance(&mut self, watermark: Timestamp) -> Delta {
        self.proofs.advance(watermark);
        let Self { ties, flows, options, .. } = self;
        let fates = ties.advance(watermark, |flow| {
            flows.get(&flow).map(|entry| entry.young(options)).unwrap_or_default()
        });
        self.meet(fates);
        self.advance_activities(watermark);
        self.hand_on();
        self.give_up(watermark);
        if watermark.since(self.tidied) >= TIDY {
            self.tidy(watermark);
        }
        let (bindings, leases) = self.bindings.advance(watermark);
        self.delta.bindings.extend(bindings);
        self.delta.leases.extend(leases);
        self.take_delta()
    }

    /// Takes in that nothing will come any more. Gives what is new by that.
    pub fn finish(&mut self) -> Delta {
        let end = Timestamp(i64::MAX);
        self.advance_activities(end);
        let Self { ties, flows, options, .. } = self;
        let fates =
            ties.finish(|flow| flows.get(&flow).map(|entry| entry.young(options)).unwrap_or_default());
        self.meet(fates);
        self.hand_on();
        self.give_up(end);
        let (bindings, leases) = self.bindings.finish();
        self.delta.bindings.extend(bindings);
        self.delta.leases.extend(leases);
        self.take_delta()
    }

    /// How full its tables are: their name, size and cap.
    #[must_use]
    pub fn sizes(&self) -> Vec<(&'static str, usize, usize)> {
        let (held, held_cap) = self.proofs.held();
        let engines = self.options.caps;
        vec![
            ("standing_flows", self.flows.len(), self.caps.waiting.saturating_add(engines.flows)),
            ("standing_waiting_flows", self.waiting.len(), self.caps.waiting),
            ("standing_hosts", self.evidence.len(), self.caps.hosts),
            ("standing_seeds", self.seeds.len(), self.caps.seeds),
            ("standing_told_hosts", self.addresses.len(), allowed_fast::HOSTS),
            ("standing_candidates", self.ties.len(), engines.encrypted),
            ("standing_activities", self.activities.len(), crate::detect::dht::ACTIVITIES),
            ("standing_content_bytes", held, held_cap),
            ("standing_bindings", self.bindings.len(), engines.bindings),
        ]
    }

    /// Takes in what became of candidates.
    fn meet(&mut self, fates: Vec<(u64, Fate)>) {
        for (flow, fate) in fates {
            let Some(entry) = self.flows.get_mut(&flow) else { continue };
            match fate {
                Fate::Given(candidate) => entry.give(candidate),
                Fate::Tied(correlated) => entry.tie(correlated),
                Fate::Decided => entry.decide(),
            }
            self.changed.insert(flow);
        }
    }

    fn advance_activities(&mut self, watermark: Timestamp) {
        let changes = self.activities.advance(watermark);
        for number in &changes.withdrawn {
            self.changed.extend(self.evidence.replace(Source::Activity(*number), Vec::new()));
            self.given.remove(number);
        }
        for Numbered { number, is_over, what } in &changes.activities {
            let given = self.given.entry(*number).or_default();
            self.ties.hear_activity(what, *is_over, given, &self.options);
            let source = Source::Activity(*number);
            let said = said_in_activity(what).filter(|said| self.options.ours.contain(&said.host.ip));
            self.changed.extend(self.evidence.replace(source, said.into_iter().collect()));
            let place = self.addresses.learn_of_activity(*number, what, &self.options.ours);
            for flow in place.iter().filter_map(|place| self.by_place.get(place)).flatten() {
                self.changed.insert(*flow);
            }
            if *is_over {
                self.evidence.end(source);
                self.given.remove(number);
            }
        }
        self.delta.activities.extend(changes.activities);
        self.delta.withdrawn_activities.extend(changes.withdrawn);
    }

    /// Hands on the flows of which something else is said than was.
    fn hand_on(&mut self) {
        let mut said = BTreeMap::new();
        // What is said of one may be evidence beside which another tells.
        while let Some(number) = self.changed.pop_first() {
            let Some(flow) = self.say(number) else { continue };
            let mut own = Vec::new();
            said_in_flow(&flow, &mut |said| {
                if self.options.ours.contain(&said.host.ip) {
                    own.push(said.clone());
                }
            });
            self.changed.extend(self.evidence.replace(Source::Flow(number), own));
            said.insert(number, flow);
        }
        for (number, mut flow) in said {
            let is_unsupported = drop_unsupported_of(&mut flow, &|host| self.evidence.of(host));
            let Some(entry) = self.flows.get(&number) else { continue };
            let is_done = entry.is_over && !entry.waits(&flow, &self.options);
            self.hand_on_one(number, flow, is_done, is_unsupported);
        }
    }

    fn hand_on_one(&mut self, number: u64, flow: FlowReport, is_done: bool, is_unsupported: bool) {
        let Some(entry) = self.flows.get_mut(&number) else { return };
        let is_fresh = mem::replace(&mut entry.is_fresh, false);
        if flow.observations.is_empty() {
            if entry.handed.take().is_some() {
                self.delta.withdrawn_flows.push(number);
            }
        } else {
            let found = Some(Found::of(&flow));
            if is_fresh || is_done || entry.handed != found {
                entry.handed = found;
                if is_done {
                    self.count(number, is_unsupported, flow.ties.is_empty());
                    self.forget(number);
                    self.evidence.end(Source::Flow(number));
                }
                self.delta.flows.push(Numbered { number, is_over: is_done, what: flow });
                return;
            }
        }
        if is_done {
            self.count(number, is_unsupported, flow.ties.is_empty());
            self.forget(number);
            self.evidence.end(Source::Flow(number));
        }
    }

    /// What is said of a flow by itself: all but what is of use only beside other evidence is right.
    fn say(&mut self, number: u64) -> Option<FlowReport> {
        let entry = self.flows.get_mut(&number)?;
        for sent in &mut entry.sent {
            let Some(pieces) = &sent.pieces else { continue };
            let Some(found) = self.proofs.verify(pieces) else { continue };
            if found.found.unknown.pieces == 0 {
                sent.pieces = None;
            } else {
                self.partly.insert(number);
            }
            sent.found = Some(found);
        }
        let mut flow = entry.tied(&self.options);
        if !flow.fetched.is_empty() {
            self.seeds.match_fetches(&mut flow);
        }
        self.addresses.test(&mut flow, |infohash| self.proofs.pieces(infohash));
        Some(flow)
    }

    /// Counts a flow of which nothing more will be said, as far as nothing was.
    fn count(&mut self, number: u64, is_unsupported: bool, is_untied: bool) {
        let Some(entry) = self.flows.get(&number) else { return };
        let candidates = candidates(&entry.raw, &self.options);
        let totals = &mut self.delta.totals;
        totals.unsupported_flows += u64::from(is_unsupported);
        if is_untied && !candidates.is_empty() {
            totals.untied_flows += 1;
            totals.untied_telling_flows += u64::from(candidates.iter().any(|candidate| candidate.is_telling));
        }
    }

    /// Waits no longer for what may change flows that have been over for long, or of which there are too many.
    fn give_up(&mut self, watermark: Timestamp) {
        let then = Timestamp(watermark.0.saturating_sub(KEPT));
        while let Some((last, number)) = self.waiting.first().copied() {
            let is_crowded = self.waiting.len() > self.caps.waiting;
            if last >= then && !is_crowded {
                break;
            }
            self.waiting.pop_first();
            if last >= then {
                *self.delta.limits.entry("standing_flows").or_default() += 1;
            }
            let Some(mut flow) = self.say(number) else { continue };
            let is_unsupported = drop_unsupported_of(&mut flow, &|host| self.evidence.of(host));
            self.hand_on_one(number, flow, true, is_unsupported);
        }
    }

    fn tidy(&mut self, now: Timestamp) {
        self.tidied = now;
        let then = Timestamp(now.0.saturating_sub(KEPT));
        self.seeds.forget(then);
        self.addresses.forget(then);
        self.evidence.forget(now);
    }

    fn take_delta(&mut self) -> Delta {
        let limits = &mut self.delta.limits;
        for (limit, count) in self.ties.take_limits() {
            *limits.entry(limit).or_default() += count;
        }
        let counts = [
            ("standing_hosts", self.evidence.take_refused()),
            ("standing_told_hosts", self.addresses.take_refused()),
            ("verified_pieces", self.proofs.take_unproven()),
            ("bindings", self.bindings.take_refused()),
        ];
        for (limit, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            *limits.entry(limit).or_default() += count;
        }
        self.delta.torrents = self.proofs.take_fresh();
        mem::take(&mut self.delta)
    }
}
