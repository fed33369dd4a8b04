//! Which hosts spoke BitTorrent, and which flows are of use only beside that.

use std::collections::{BTreeMap, BTreeSet};

use crate::correlate::part::Host;
use crate::correlate::supporting::{Known, Said, Speaks};
use crate::detect::Observation;
use crate::time::Timestamp;

/// Ports told apart of one host.
const PORTS: usize = 1024;

/// What shows that a host spoke: a flow or an activity, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Flow(u64),
    Activity(u64),
}

/// What is known of all hosts.
#[derive(Debug)]
pub(super) struct Evidence {
    hosts: BTreeMap<Host, OfHost>,
    /// The hosts of which each source that is open says something.
    sources: BTreeMap<Source, BTreeSet<Host>>,
    cap: usize,
    refused: u64,
}

/// What is known of one host. What is open may be taken back, so that it is kept apart from what is over.
#[derive(Debug, Default)]
pub(super) struct OfHost {
    /// All of it, in short.
    all: Known,
    over: Known,
    open: BTreeMap<Source, Vec<Said>>,
    /// Flows that say something of it which is of use only beside this.
    supporting: BTreeSet<u64>,
}

impl Speaks for OfHost {
    fn near(&self, seen: &Observation) -> bool {
        self.all.near(seen)
            && (self.over.near(seen) || self.open.values().flatten().any(|said| said.is_near(seen)))
    }

    fn near_at(&self, port: u16, seen: &Observation) -> bool {
        let is_it = |said: &&Said| said.ports.contains(&Some(port));
        self.all.near_at(port, seen)
            && (self.over.near_at(port, seen)
                || self.open.values().flatten().filter(is_it).any(|said| said.is_near(seen)))
    }
}

impl OfHost {
    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.supporting.is_empty()
    }

    fn add(known: &mut Known, said: &Said) -> bool {
        if known.ports() < PORTS {
            return known.add(said);
        }
        known.add(&Said { ports: [None; 2], ..*said })
    }
}

impl Evidence {
    pub(super) const fn new(cap: usize) -> Self {
        Self { hosts: BTreeMap::new(), sources: BTreeMap::new(), cap, refused: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    pub(super) fn of(&self, host: &Host) -> Option<&OfHost> {
        self.hosts.get(host)
    }

    /// How often there was no room for a host, since this was last asked.
    pub(super) const fn take_refused(&mut self) -> u64 {
        std::mem::replace(&mut self.refused, 0)
    }

    /// Takes in all that a source shows, as it is now. Answers with the flows that may be of use by that, or no longer.
    pub(super) fn replace(&mut self, source: Source, said: Vec<Said>) -> Vec<u64> {
        let mut by_host: BTreeMap<Host, Vec<Said>> = BTreeMap::new();
        for one in said {
            let of_host = by_host.entry(one.host).or_default();
            match of_host.iter_mut().find(|known| known.ports == one.ports) {
                Some(known) => {
                    known.first = known.first.min(one.first);
                    known.last = known.last.max(one.last);
                }
                None => of_host.push(one),
            }
        }
        let mut changed = Vec::new();
        let before = self.sources.remove(&source).unwrap_or_default();
        for host in before.iter().filter(|host| !by_host.contains_key(host)) {
            changed.extend(self.take_back(host, source));
        }
        for (host, said) in by_host {
            if !self.hosts.contains_key(&host) && self.hosts.len() >= self.cap {
                self.refused += 1;
                continue;
            }
            let of_host = self.hosts.entry(host).or_default();
            let mut is_more = false;
            for one in &said {
                is_more |= OfHost::add(&mut of_host.all, one);
            }
            of_host.open.insert(source, said);
            self.sources.entry(source).or_default().insert(host);
            if is_more {
                changed.extend(&of_host.supporting);
            }
        }
        changed
    }

    /// Takes in that what a source shows will not change any more.
    pub(super) fn end(&mut self, source: Source) {
        for host in self.sources.remove(&source).unwrap_or_default() {
            let Some(of_host) = self.hosts.get_mut(&host) else { continue };
            for said in of_host.open.remove(&source).unwrap_or_default() {
                OfHost::add(&mut of_host.over, &said);
            }
        }
    }

    /// Takes in that a flow says something which is of use only beside what a host does.
    pub(super) fn support(&mut self, host: Host, flow: u64) {
        if !self.hosts.contains_key(&host) && self.hosts.len() >= self.cap {
            self.refused += 1;
            return;
        }
        self.hosts.entry(host).or_default().supporting.insert(flow);
    }

    /// Takes in that a flow need not be told any more.
    pub(super) fn leave(&mut self, host: &Host, flow: u64) {
        if let Some(of_host) = self.hosts.get_mut(host) {
            of_host.supporting.remove(&flow);
            if of_host.is_empty() && of_host.over.until().is_none() {
                self.hosts.remove(host);
            }
        }
    }

    /// Forgets the hosts of which nothing is near to anything that comes after `now`.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let is_past = |of_host: &OfHost| of_host.all.until().is_none_or(|until| until < now);
        self.hosts.retain(|_, of_host| !(of_host.is_empty() && is_past(of_host)));
    }

    /// Takes back what a source showed of a host.
    fn take_back(&mut self, host: &Host, source: Source) -> Vec<u64> {
        let Some(of_host) = self.hosts.get_mut(host) else { return Vec::new() };
        of_host.open.remove(&source);
        of_host.all = of_host.over.clone();
        for said in of_host.open.values().flatten() {
            OfHost::add(&mut of_host.all, said);
        }
        of_host.supporting.iter().copied().collect()
    }
}
