//! What is known of one host: what was named to it, and its latest encrypted flows, until each is decided.
//!
//! A flow is decided once it is [`WINDOW`] old: by then every flow that can count together with it has come.

use std::collections::{BTreeMap, VecDeque};

use super::names::{Match, Names, Naming, Sender, is_ipv4, matches};
use super::part::{Attempt, Candidate, Correlated, Evidence, Grade, Inferred, Listening};
use crate::detect::mse::thresholds::{
    ADDRESSES, ADDRESSES_TELLING, ENDPOINTS, FALLBACK_WITHIN, FIRST_FREE_PORT, KNOWN_FOR, RULES, SENDERS,
    WINDOW,
};
use crate::detect::named::Source;
use crate::flow::key::{End, Endpoint};
use crate::networks::Networks;
use crate::time::Timestamp;

/// The most refused attempts that are remembered; they last for seconds.
const ATTEMPTS: usize = 64;
/// The most listening ports that are remembered.
const PORTS: usize = 16;

/// One of our hosts.
#[derive(Debug, Default)]
pub(super) struct HostState {
    pub(super) names: Names,
    attempts: VecDeque<Attempt>,
    ports: BTreeMap<u16, Timestamp>,
    /// Until when it counts as one that speaks BitTorrent.
    known_until: Option<Timestamp>,
    hits: VecDeque<Hit>,
    /// How many hits have come.
    came: u64,
    addresses: BTreeMap<u128, Addressed>,
    /// How many of `addresses` were met with a telling length.
    telling: usize,
    swarms: BTreeMap<[u8; 20], Swarm>,
    /// So many hits were there when the host last met enough addresses: those of them that are not decided yet count.
    enough: u64,
    /// After this nothing of it matters any more.
    pub(super) idle_after: Timestamp,
}

/// A flow that is not decided yet.
#[derive(Debug)]
struct Hit {
    number: u64,
    candidate: Candidate,
    end: End,
    matches: Vec<Match>,
    /// What the host tried in clear at the same endpoint just before.
    retried: Vec<Inferred>,
    /// The port is one on which the host said that it listens.
    is_listening: bool,
    /// The remote address counts for the host.
    counts: bool,
}

/// How many flows of the window met an address, and how many of them with a telling length.
#[derive(Debug, Default)]
struct Addressed {
    hits: u32,
    telling: u32,
}

/// The flows of the window whose remote end was named for one torrent.
#[derive(Debug, Default)]
struct Swarm {
    hits: u32,
    endpoints: BTreeMap<Endpoint, u32>,
    senders: BTreeMap<Sender, u32>,
    /// So many hits were there when there were last enough endpoints; and when they were named by enough senders.
    many: u64,
    many_named: u64,
}

impl HostState {
    /// A host of which nothing is known at `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { idle_after: now, ..Self::default() }
    }

    /// How many flows are not decided yet.
    pub(super) fn pending(&self) -> usize {
        self.hits.len()
    }

    pub(super) fn attempt(&mut self, attempt: Attempt) {
        if self.attempts.len() >= ATTEMPTS {
            self.attempts.pop_front();
        }
        self.attempts.push_back(attempt);
        self.stay(attempt.at, FALLBACK_WITHIN);
    }

    pub(super) fn listen(&mut self, listening: &Listening) {
        self.ports.retain(|_, at| listening.at.since(*at) <= KNOWN_FOR);
        if self.ports.len() < PORTS || self.ports.contains_key(&listening.port) {
            self.ports.insert(listening.port, listening.at);
        }
        self.stay(listening.at, KNOWN_FOR);
    }

    pub(super) fn prove(&mut self, evidence: &Evidence) {
        self.know(evidence.until.max(evidence.at));
        self.weigh_addresses(evidence.at);
    }

    /// Takes an encrypted flow in. What was said to everybody of its remote end counts as if said to the host.
    pub(super) fn hit(&mut self, candidate: Candidate, end: End, to_everybody: &[Naming]) {
        let now = candidate.begun;
        let (own, remote) = (candidate.endpoint(end), candidate.endpoint(end.other()));
        let is_listening =
            end == End::Resp && self.ports.get(&own.port).is_some_and(|at| now.since(*at) <= KNOWN_FOR);
        let is_free = candidate.resp.port >= FIRST_FREE_PORT;
        let hit = Hit {
            number: self.came + 1,
            end,
            matches: matches(self.names.of(remote, end).chain(to_everybody), now),
            retried: if end == End::Orig { self.retried(remote, now) } else { Vec::new() },
            is_listening,
            // Who knocks at a port of ours that was never BitTorrent's says nothing about the host.
            counts: is_free && (end == End::Orig || is_listening),
            candidate,
        };
        self.came = hit.number;
        self.stay(now, WINDOW);
        if hit.counts {
            let met = self.addresses.entry(address(&remote.ip)).or_default();
            met.hits += 1;
            if candidate.is_telling {
                self.telling += usize::from(met.telling == 0);
                met.telling += 1;
            }
        }
        let mut is_attributed = !hit.retried.is_empty();
        if end == End::Orig {
            for named in &hit.matches {
                is_attributed |= is_free && named.senders.len() >= SENDERS;
                is_attributed |= self.swarms.entry(named.inferred.infohash).or_default().add(&hit, named);
            }
        }
        self.hits.push_back(hit);
        if is_attributed {
            self.know(now);
        }
        self.weigh_addresses(now);
    }

    /// Decides the flows that are too old to count with any that comes at `now`.
    pub(super) fn settle(&mut self, now: Timestamp, decide: &mut dyn FnMut(&Candidate, Option<Correlated>)) {
        while self.hits.front().is_some_and(|hit| now.since(hit.candidate.begun) > WINDOW) {
            self.settle_oldest(decide);
        }
    }

    /// Decides the oldest flow as far as it is known. Answers whether there was one.
    pub(super) fn settle_oldest(&mut self, decide: &mut dyn FnMut(&Candidate, Option<Correlated>)) -> bool {
        let Some(hit) = self.hits.pop_front() else { return false };
        let outcome = self.outcome(&hit);
        self.forget(&hit);
        let correlated = outcome.map(|(grade, infohashes)| Correlated {
            candidate: hit.candidate,
            end: hit.end,
            grade,
            is_retry: !hit.retried.is_empty(),
            infohashes,
            rules: RULES,
        });
        decide(&hit.candidate, correlated);
        true
    }

    /// Keeps the host for `span` from `now` on.
    pub(super) fn stay(&mut self, now: Timestamp, span: i64) {
        self.idle_after = self.idle_after.max(Timestamp(now.0.saturating_add(span)));
    }

    fn know(&mut self, at: Timestamp) {
        let until = Timestamp(at.0.saturating_add(KNOWN_FOR));
        self.known_until = self.known_until.max(Some(until));
        self.idle_after = self.idle_after.max(until);
    }

    fn retried(&self, remote: &Endpoint, now: Timestamp) -> Vec<Inferred> {
        let fresh = self
            .attempts
            .iter()
            .filter(|attempt| attempt.remote == *remote && now.since(attempt.at) <= FALLBACK_WITHIN);
        let mut retried = BTreeMap::new();
        for attempt in fresh {
            retried.insert(attempt.infohash, attempt.at);
        }
        let inferred =
            |(infohash, learnt)| Inferred { infohash, sources: vec![Source::Handshake], senders: 1, learnt };
        retried.into_iter().map(inferred).collect()
    }

    /// Marks the flows of the window if the host met enough addresses in it.
    fn weigh_addresses(&mut self, now: Timestamp) {
        let is_known = self.known_until.is_some_and(|until| now <= until);
        if (is_known && self.addresses.len() >= ADDRESSES) || self.telling >= ADDRESSES_TELLING {
            self.enough = self.came;
        }
    }

    fn outcome(&self, hit: &Hit) -> Option<(Grade, Vec<Inferred>)> {
        let host_level = (hit.counts && self.enough >= hit.number).then_some((Grade::HostLevel, Vec::new()));
        if !hit.retried.is_empty() {
            return Some((Grade::Attributed, hit.retried.clone()));
        }
        let names = |matches: &[&Match]| matches.iter().map(|named| named.inferred.clone()).collect();
        let is_named = |named: &&Match| named.senders.len() >= SENDERS;
        if hit.end == End::Resp {
            // Only the address was named: one grade less than where the port was too.
            let matches: Vec<&Match> = hit.matches.iter().collect();
            let is_named = matches.iter().any(is_named);
            return match (is_named, hit.is_listening) {
                (true, true) => Some((Grade::SingleSource, names(&matches))),
                (true, false) => Some((Grade::HostLevel, Vec::new())),
                (false, true) if !matches.is_empty() => Some((Grade::HostLevel, Vec::new())),
                _ => host_level,
            };
        }
        let marked = |named: &Match, mark: fn(&Swarm) -> u64| {
            self.swarms.get(&named.inferred.infohash).is_some_and(|swarm| mark(swarm) >= hit.number)
        };
        // A port of a service must be vouched for by other endpoints of the swarm.
        let is_free = hit.candidate.resp.port >= FIRST_FREE_PORT;
        let matches: Vec<&Match> =
            hit.matches.iter().filter(|named| is_free || marked(named, |swarm| swarm.many)).collect();
        if matches.is_empty() {
            return host_level;
        }
        let is_attributed =
            matches.iter().any(|named| is_named(named) || marked(named, |swarm| swarm.many_named));
        let grade = if is_attributed { Grade::Attributed } else { Grade::SingleSource };
        Some((grade, names(&matches)))
    }

    /// Takes a flow out of what is counted together.
    fn forget(&mut self, hit: &Hit) {
        let remote = hit.candidate.endpoint(hit.end.other());
        let address = address(&remote.ip);
        if hit.counts
            && let Some(met) = self.addresses.get_mut(&address)
        {
            met.hits = met.hits.saturating_sub(1);
            if hit.candidate.is_telling {
                met.telling = met.telling.saturating_sub(1);
                self.telling = self.telling.saturating_sub(usize::from(met.telling == 0));
            }
            if met.hits == 0 {
                self.addresses.remove(&address);
            }
        }
        if hit.end == End::Orig {
            for named in &hit.matches {
                let infohash = &named.inferred.infohash;
                if let Some(swarm) = self.swarms.get_mut(infohash) {
                    swarm.remove(hit, named);
                    if swarm.hits == 0 {
                        self.swarms.remove(infohash);
                    }
                }
            }
        }
    }
}

impl Swarm {
    /// Counts a flow in. Answers whether there are enough endpoints, named by enough senders.
    fn add(&mut self, hit: &Hit, named: &Match) -> bool {
        self.hits += 1;
        if hit.counts {
            *self.endpoints.entry(hit.candidate.resp).or_default() += 1;
            for sender in &named.senders {
                *self.senders.entry(*sender).or_default() += 1;
            }
        }
        let is_many = self.endpoints.len() >= ENDPOINTS;
        let is_named = is_many && self.senders.len() >= SENDERS;
        if is_many {
            self.many = hit.number;
        }
        if is_named {
            self.many_named = hit.number;
        }
        is_named
    }

    fn remove(&mut self, hit: &Hit, named: &Match) {
        self.hits = self.hits.saturating_sub(1);
        if hit.counts {
            take_one(&mut self.endpoints, &hit.candidate.resp);
            for sender in &named.senders {
                take_one(&mut self.senders, sender);
            }
        }
    }
}

fn take_one<K: Ord>(counts: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// A remote address as it is counted: of IPv6 the network, since one machine may have as many addresses as it likes.
fn address(ip: &[u8; 16]) -> u128 {
    let address = u128::from_be_bytes(*ip);
    if is_ipv4(ip) { address } else { address >> 64 << 64 }
}

/// Whether an encrypted flow can say anything about the host at `end`.
pub(super) fn can_tell(candidate: &Candidate, end: End, exempt: &Networks) -> bool {
    let is_free = candidate.resp.port >= FIRST_FREE_PORT;
    let remote = candidate.endpoint(end.other());
    // At a port of a service only what was named to the host counts, and outsiders are never named for one of ours.
    candidate.syn_seen && (is_free || end == End::Orig) && !exempt.contain(&remote.ip)
}
