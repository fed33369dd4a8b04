//! The endpoints that were named to one host, for a while.

use std::collections::{BTreeMap, VecDeque};

use super::part::{Inferred, Learnt};
use crate::detect::mse::thresholds::{NAMED_FOR, PUNCHED_FOR};
use crate::detect::named::Source;
use crate::flow::key::{End, Endpoint};
use crate::networks::Networks;
use crate::time::Timestamp;

/// The most namings of one endpoint. Few share torrents by the dozen; more senders than two change nothing.
const PER_ENDPOINT: usize = 32;

/// Who said so. Addresses of one network may be one person's, so that they count once; ours are known apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sender(u128);

impl Sender {
    pub(super) fn new(by: &[u8; 16], ours: &Networks) -> Self {
        /// The bits that vary within one IPv4 network (/24) and one site of IPv6 (/48, RFC 6177).
        const WITHIN: (u32, u32) = (8, 80);
        let within = if is_ipv4(by) { WITHIN.0 } else { WITHIN.1 };
        let address = u128::from_be_bytes(*by);
        Self(if ours.contain(by) { address } else { address >> within << within })
    }
}

pub(super) fn is_ipv4(ip: &[u8; 16]) -> bool {
    matches!(ip, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ..])
}

/// How long a naming holds.
pub(super) const fn lifetime(source: Source) -> i64 {
    match source {
        Source::Holepunch => PUNCHED_FOR,
        _ => NAMED_FOR,
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Naming {
    infohash: [u8; 20],
    source: Source,
    by: Sender,
    at: Timestamp,
}

impl Naming {
    fn holds(&self, now: Timestamp) -> bool {
        now.since(self.at) <= lifetime(self.source)
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.infohash, self.source, self.by) == (other.infohash, other.source, other.by)
    }
}

/// What became of a naming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Fresh,
    Known,
    /// There are too many of its endpoint.
    Refused,
}

/// What is known of a remote end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) inferred: Inferred,
    /// Who said so, each once, in order.
    pub(super) senders: Vec<Sender>,
}

/// One host's table.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_endpoint: BTreeMap<Endpoint, Vec<Naming>>,
    /// One entry for each naming, about in the order of their ages: one that was said again is met once more.
    by_age: VecDeque<(Endpoint, Naming)>,
}

impl Names {
    pub(super) fn len(&self) -> usize {
        self.by_age.len()
    }

    pub(super) fn learn(&mut self, learnt: &Learnt, by: Sender) -> Kept {
        let naming = Naming { infohash: learnt.infohash, source: learnt.source, by, at: learnt.at };
        let namings = self.by_endpoint.entry(learnt.endpoint).or_default();
        if let Some(known) = namings.iter_mut().find(|known| known.is_same(&naming)) {
            known.at = known.at.max(naming.at);
            return Kept::Known;
        }
        if namings.len() >= PER_ENDPOINT {
            return Kept::Refused;
        }
        namings.push(naming);
        self.by_age.push_back((learnt.endpoint, naming));
        Kept::Fresh
    }

    /// Forgets what no longer holds.
    pub(super) fn expire(&mut self, now: Timestamp) {
        while let Some((endpoint, queued)) = self.by_age.front().copied()
            && now.since(queued.at) > NAMED_FOR
        {
            self.pass_oldest(&endpoint, &queued, |known| !known.holds(now));
        }
    }

    /// Forgets the oldest. Answers whether there was one.
    pub(super) fn forget_oldest(&mut self) -> bool {
        while let Some((endpoint, queued)) = self.by_age.front().copied() {
            if self.pass_oldest(&endpoint, &queued, |known| known.at == queued.at) {
                return true;
            }
        }
        false
    }

    /// The namings of an endpoint that our host, being this end of the flow, called. Of one that called they are those of
    /// its address, whatever the port: connections begin at ports of no meaning.
    pub(super) fn of(&self, remote: &Endpoint, ours: End) -> impl Iterator<Item = &Naming> {
        let ports = match ours {
            End::Orig => remote.port..=remote.port,
            End::Resp => 0..=u16::MAX,
        };
        let at = |port| Endpoint { ip: remote.ip, port };
        self.by_endpoint.range(at(*ports.start())..=at(*ports.end())).flat_map(|(_, namings)| namings)
    }

    /// Takes the entry at the front away; forgets its naming if `is_over` says so, or else queues it anew.
    fn pass_oldest(
        &mut self,
        endpoint: &Endpoint,
        queued: &Naming,
        is_over: impl Fn(&Naming) -> bool,
    ) -> bool {
        self.by_age.pop_front();
        let known = self.by_endpoint.get(endpoint).into_iter().flatten().find(|known| known.is_same(queued));
        match known.copied() {
            Some(known) if !is_over(&known) => {
                self.by_age.push_back((*endpoint, known));
                false
            }
            _ => {
                self.remove(endpoint, queued);
                true
            }
        }
    }

    fn remove(&mut self, endpoint: &Endpoint, naming: &Naming) {
        if let Some(namings) = self.by_endpoint.get_mut(endpoint) {
            namings.retain(|known| !known.is_same(naming));
            if namings.is_empty() {
                self.by_endpoint.remove(endpoint);
            }
        }
    }
}

/// What the remote end of a flow that begins now was named for.
pub(super) fn matches<'a>(namings: impl Iterator<Item = &'a Naming>, now: Timestamp) -> Vec<Match> {
    let mut found: BTreeMap<[u8; 20], Match> = BTreeMap::new();
    for naming in namings.filter(|naming| naming.holds(now)) {
        let inferred =
            Inferred { infohash: naming.infohash, sources: Vec::new(), senders: 0, learnt: naming.at };
        let known = found.entry(naming.infohash).or_insert_with(|| Match { inferred, senders: Vec::new() });
        known.inferred.learnt = known.inferred.learnt.max(naming.at);
        insert(&mut known.inferred.sources, naming.source);
        insert(&mut known.senders, naming.by);
        known.inferred.senders = known.senders.len();
    }
    found.into_values().collect()
}

/// Puts `value` into a sorted list, once.
fn insert<T: Ord>(list: &mut Vec<T>, value: T) {
    if let Err(place) = list.binary_search(&value) {
        list.insert(place, value);
    }
}
