//! What all workers collected, at all times that they were asked, as one would have.

use std::collections::BTreeMap;

use super::collector::Key;
use super::{Binding, Event, Kind, Lease, Site};
use crate::time::Timestamp;

/// For how many addresses one device may speak at once. A host with IPv6 has a handful for each of its networks, and a
/// few of those that it used before; a router that answers for others has as many as they are.
const MOST: usize = 16;

/// How long an address counts as spoken for after it was last; hosts speak of theirs much more often.
const AT_ONCE: i64 = 3600 * Timestamp::SECOND;

/// The same message again within this time is the same frame seen twice, or sent twice because an answer was late.
const AGAIN: i64 = 10 * Timestamp::SECOND;

/// How long a client may wait for the answer to what it asked.
const ANSWERED: i64 = 60 * Timestamp::SECOND;

/// Joins what was collected: each message once, each address and device once.
pub(crate) fn join(bindings: Vec<Binding>, mut leases: Vec<Lease>) -> (Vec<Binding>, Vec<Lease>) {
    leases.sort();
    drop_repeated(&mut leases);
    name(&mut leases);
    let mut whole: BTreeMap<Key, Binding> = BTreeMap::new();
    for binding in bindings.into_iter().chain(leases.iter().filter_map(granted)) {
        match whole.get_mut(&binding.key()) {
            Some(known) => known.add(&binding),
            None => drop(whole.insert(binding.key(), binding)),
        }
    }
    let mut whole: Vec<Binding> = whole.into_values().collect();
    for of_one in whole.chunk_by_mut(|one, other| (one.site, one.mac) == (other.site, other.mac)) {
        if speaks_for(of_one) > MOST {
            for binding in of_one.iter_mut().filter(|binding| is_spoken(binding)) {
                binding.shared = true;
            }
        }
    }
    (whole, leases)
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
fn speaks_for(bindings: &[Binding]) -> usize {
    let spoken = bindings.iter().filter(|binding| is_spoken(binding));
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

/// Drops messages that say what one before them said.
fn drop_repeated(leases: &mut Vec<Lease>) {
    let mut said = BTreeMap::new();
    leases.retain(|lease| {
        let what = (
            (lease.site, lease.kind, lease.transaction, lease.event),
            (lease.ip, lease.client, lease.duid.clone(), lease.host.clone(), lease.seconds, lease.relayed),
        );
        let before = said.insert(what, lease.at.time);
        before.is_none_or(|before| lease.at.time.since(before) > AGAIN)
    });
}

/// Gives a lease the name that its client told when it asked, where the server did not repeat it.
fn name(leases: &mut [Lease]) {
    type Asked = (u16, Option<crate::wire::path::Tunnel>, Kind, u32, Option<[u8; 6]>, Box<[u8]>);
    let asked = |lease: &Lease| -> Asked {
        let Site { vantage, tunnel, .. } = lease.site;
        // DHCPv6's clients are their DUIDs; the frame does not tell their hardware everywhere.
        let client = lease.client.filter(|_| lease.kind == Kind::Dhcp);
        let duid = if lease.kind == Kind::Dhcp { Box::default() } else { lease.duid.clone() };
        (vantage, tunnel, lease.kind, lease.transaction, client, duid)
    };
    let mut names: BTreeMap<Asked, (Timestamp, Box<[u8]>)> = BTreeMap::new();
    for lease in leases {
        if lease.event == Event::Named {
            names.insert(asked(lease), (lease.at.time, lease.host.clone()));
        } else if lease.event == Event::Granted
            && lease.host.is_empty()
            && let Some((at, host)) = names.get(&asked(lease))
            && lease.at.time.since(*at) <= ANSWERED
        {
            lease.host.clone_from(host);
        }
    }
}
