//! What all workers collected, at all times that they were asked, as one would have.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::collector::Key;
use super::{Binding, Event, Kind, Lease, Site};
use crate::time::Timestamp;
use crate::wire::path::Tunnel;

/// For how many addresses one device may speak at once. A host with IPv6 has a handful for each of its networks, and a
/// few of those that it used before; a router that answers for others has as many as they are.
const MOST: usize = 16;

/// How long an address counts as spoken for after it was last; hosts speak of theirs much more often.
const AT_ONCE: i64 = 3600 * Timestamp::SECOND;

/// The same message again within this time is the same frame seen twice, or sent twice because an answer was late.
const AGAIN: i64 = 10 * Timestamp::SECOND;

/// How long a client may wait for the answer to what it asked.
const ANSWERED: i64 = 60 * Timestamp::SECOND;

/// How often a binding is handed on of which nothing changed but when it was last said, and how often it is looked for
/// how many addresses a device speaks.
const REPEATED: i64 = 60 * Timestamp::SECOND;
const COUNTED: i64 = 10 * Timestamp::SECOND;

/// How long a binding is kept that nobody speaks of: who has the address after a day had it given anew.
const KEPT: i64 = 24 * 3600 * Timestamp::SECOND;

/// Joins what was collected: each message once, each address and device once.
pub(crate) fn join(bindings: Vec<Binding>, leases: Vec<Lease>) -> (Vec<Binding>, Vec<Lease>) {
    let mut standing = Standing::new(usize::MAX);
    standing.take(bindings, leases);
    standing.finish()
}

/// Joins what is collected, step by step.
#[derive(Debug)]
pub(crate) struct Standing {
    leases: Leases,
    bindings: BTreeMap<Key, Held>,
    /// Those that are to be handed on.
    changed: BTreeSet<Key>,
    /// Devices that may speak for more addresses than they did.
    grown: BTreeSet<(Site, [u8; 6])>,
    counted: Timestamp,
    tidied: Timestamp,
    cap: usize,
    refused: u64,
}

#[derive(Debug)]
struct Held {
    binding: Binding,
    /// When it was last handed on.
    handed: Option<Timestamp>,
    /// It says something new.
    is_new: bool,
}

impl Standing {
    /// Keeps `cap` bindings at most; further ones are not taken.
    pub(crate) const fn new(cap: usize) -> Self {
        Self {
            leases: Leases {
                waiting: BTreeSet::new(),
                said: BTreeMap::new(),
                names: BTreeMap::new(),
                tidied: Timestamp(i64::MIN),
            },
            bindings: BTreeMap::new(),
            changed: BTreeSet::new(),
            grown: BTreeSet::new(),
            counted: Timestamp(i64::MIN),
            tidied: Timestamp(i64::MIN),
            cap,
            refused: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bindings.len()
    }

    /// How often there was no room for a binding, since this was last asked.
    pub(crate) const fn take_refused(&mut self) -> u64 {
        mem::replace(&mut self.refused, 0)
    }

    /// Takes what was collected.
    pub(crate) fn take(&mut self, bindings: Vec<Binding>, leases: Vec<Lease>) {
        self.leases.waiting.extend(leases);
        for binding in bindings {
            self.add(binding);
        }
    }

    /// Hands on what is new, now that everything before `watermark` was taken.
    pub(crate) fn advance(&mut self, watermark: Timestamp) -> (Vec<Binding>, Vec<Lease>) {
        let leases = self.leases.advance(watermark);
        for binding in leases.iter().filter_map(granted) {
            self.add(binding);
        }
        if watermark.since(self.counted) >= COUNTED {
            self.counted = watermark;
            self.count();
        }
        if watermark.since(self.tidied) >= KEPT / 24 {
            self.tidied = watermark;
            self.bindings.retain(|_, held| watermark.since(held.binding.last.time) <= KEPT);
        }
        (self.hand_on(watermark), leases)
    }

    /// Hands on the rest.
    pub(crate) fn finish(&mut self) -> (Vec<Binding>, Vec<Lease>) {
        let end = Timestamp(i64::MAX);
        let leases = self.leases.advance(end);
        for binding in leases.iter().filter_map(granted) {
            self.add(binding);
        }
        self.count();
        (self.hand_on(end), leases)
    }

    fn add(&mut self, binding: Binding) {
        let key = binding.key();
        if let Some(held) = self.bindings.get_mut(&key) {
            let announced = held.binding.announced.len();
            held.binding.add(&binding);
            held.is_new |= held.binding.announced.len() > announced;
        } else if self.bindings.len() >= self.cap {
            self.refused += 1;
            return;
        } else {
            self.bindings.insert(key, Held { binding, handed: None, is_new: true });
        }
        self.changed.insert(key);
        self.grown.insert((key.0, key.1));
    }

    /// Marks what is said by devices that speak for too many addresses.
    fn count(&mut self) {
        for (site, mac) in mem::take(&mut self.grown) {
            let all = (site, mac, [0; 16], Kind::Dhcp)..=(site, mac, [0xff; 16], Kind::Ndp);
            if speaks_for(self.bindings.range(all.clone()).map(|(_, held)| &held.binding)) <= MOST {
                continue;
            }
            for (key, held) in self.bindings.range_mut(all) {
                if is_spoken(&held.binding) && !held.binding.shared {
                    (held.binding.shared, held.is_new) = (true, true);
                    self.changed.insert(*key);
                }
            }
        }
    }

    fn hand_on(&mut self, now: Timestamp) -> Vec<Binding> {
        let mut bindings = Vec::new();
        self.changed.retain(|key| {
            let Some(held) = self.bindings.get_mut(key) else { return false };
            let is_due = held.is_new || held.handed.is_none_or(|at| now.since(at) >= REPEATED);
            if is_due {
                (held.is_new, held.handed) = (false, Some(now));
                bindings.push(held.binding.clone());
            }
            !is_due
        });
        bindings
    }
}

/// What was said by DHCP, put in order.
#[derive(Debug)]
struct Leases {
    waiting: BTreeSet<Lease>,
    /// When each was said last.
    said: BTreeMap<What, Timestamp>,
    /// The names that clients told when they asked.
    names: BTreeMap<Asked, (Timestamp, Box<[u8]>)>,
    tidied: Timestamp,
}

/// What a message says, whenever and in whichever frame.
type What =
    ((Site, Kind, u32, Event), (Option<[u8; 16]>, Option<[u8; 6]>, Box<[u8]>, Box<[u8]>, Option<u32>, bool));

/// Who asked, and what for.
type Asked = (u16, Option<Tunnel>, Kind, u32, Option<[u8; 6]>, Box<[u8]>);

impl Leases {
    /// Takes the messages from before `watermark`, but for those that say what one before them said.
    fn advance(&mut self, watermark: Timestamp) -> Vec<Lease> {
        let mut leases = Vec::new();
        while let Some(first) = self.waiting.first()
            && first.at.time < watermark
            && let Some(mut lease) = self.waiting.pop_first()
        {
            if !self.repeats(&lease) {
                self.name(&mut lease);
                leases.push(lease);
            }
        }
        if watermark.since(self.tidied) >= ANSWERED {
            self.tidied = watermark;
            self.said.retain(|_, at| watermark.since(*at) <= AGAIN);
            self.names.retain(|_, (at, _)| watermark.since(*at) <= ANSWERED);
        }
        leases
    }

    fn repeats(&mut self, lease: &Lease) -> bool {
        let what = (
            (lease.site, lease.kind, lease.transaction, lease.event),
            (lease.ip, lease.client, lease.duid.clone(), lease.host.clone(), lease.seconds, lease.relayed),
        );
        let before = self.said.insert(what, lease.at.time);
        before.is_some_and(|before| lease.at.time.since(before) <= AGAIN)
    }

    /// Gives a lease the name that its client told when it asked, where the server did not repeat it.
    fn name(&mut self, lease: &mut Lease) {
        if lease.event == Event::Named {
            self.names.insert(asked(lease), (lease.at.time, lease.host.clone()));
        } else if lease.event == Event::Granted
            && lease.host.is_empty()
            && let Some((at, host)) = self.names.get(&asked(lease))
            && lease.at.time.since(*at) <= ANSWERED
        {
            lease.host.clone_from(host);
        }
    }
}

fn asked(lease: &Lease) -> Asked {
    let Site { vantage, tunnel, .. } = lease.site;
    // DHCPv6's clients are their DUIDs; the frame does not tell their hardware everywhere.
    let client = lease.client.filter(|_| lease.kind == Kind::Dhcp);
    let duid = if lease.kind == Kind::Dhcp { Box::default() } else { lease.duid.clone() };
    (vantage, tunnel, lease.kind, lease.transaction, client, duid)
}

/// What a server gave to a device whose hardware address is known.
fn granted(lease: &Lease) -> Option<Binding> {
    let (ip, mac) = lease.ip.zip(lease.client).filter(|_| lease.event == Event::Granted)?;
    Some(Binding::new(lease.site, ip, mac, lease.kind, lease.at, false))
}

/// Whether anybody could have said so.
const fn is_spoken(binding: &Binding) -> bool {
    matches!(binding.kind, Kind::Arp | Kind::Ndp)
}

/// For how many addresses a device spoke at once, at most.
fn speaks_for<'a>(bindings: impl Iterator<Item = &'a Binding>) -> usize {
    let spoken = bindings.filter(|binding| is_spoken(binding));
    let mut edges: Vec<(Timestamp, bool)> = spoken
        .flat_map(|binding| {
            let end = Timestamp(binding.last.time.0.saturating_add(AT_ONCE));
            [(binding.first.time, true), (end, false)]
        })
        .collect();
    edges.sort_unstable();
    let (mut now, mut most) = (0_usize, 0);
    for (_, begins) in edges {
        now = if begins { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}
