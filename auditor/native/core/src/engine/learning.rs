//! Endpoints that were named for swarms, kept for whom of ours they were named to.

use crate::correlate::{Host, Telling};
use crate::detect::named::Named;
use crate::flow::key::{End, Endpoint, Ends};
use crate::networks::Networks;
use crate::wire::path::{Tunnel, Vlans};

/// What hosts of ours learnt and nobody has taken yet.
#[derive(Debug)]
pub(super) struct Learning {
    ours: Networks,
    vlan_in_key: bool,
    learnt: Vec<Telling>,
    /// How many endpoints that are.
    size: usize,
    cap: usize,
    refused: u64,
}

/// The flow in which something was named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talkers {
    pub(super) ends: Ends<Endpoint>,
    pub(super) vantage: u16,
    pub(super) tunnel: Option<Tunnel>,
    pub(super) vlans: Vlans,
}

impl Learning {
    pub(super) const fn new(ours: Networks, vlan_in_key: bool, cap: usize) -> Self {
        Self { ours, vlan_in_key, learnt: Vec::new(), size: 0, cap, refused: 0 }
    }

    /// Takes in what was named in a flow: each end of ours knows it from then on, whichever said so. What one of ours
    /// says of itself to a group of addresses, all of its network know; of an outsider no such word is believed.
    pub(super) fn hear(&mut self, talkers: &Talkers, named: &[Named]) {
        if named.is_empty() {
            return;
        }
        for end in [End::Orig, End::Resp] {
            let ip = talkers.ends.at(end).ip;
            let to_a_group = is_multicast(&ip);
            if !(to_a_group || self.ours.contain(&ip)) {
                continue;
            }
            let vlans = if self.vlan_in_key { talkers.vlans } else { Vlans::default() };
            let host = Host { ip, vantage: talkers.vantage, tunnel: talkers.tunnel, vlans };
            let host = if to_a_group { host.everybody() } else { host };
            let begun = self.learnt.len();
            for together in named.chunk_by(is_together) {
                let Some(Named { infohash, source, stamp, by, .. }) = together.first() else { continue };
                let by = talkers.ends.at(*by).ip;
                let mut endpoints = Vec::with_capacity(together.len());
                // That a host is named itself tells it of nobody to meet.
                for Named { endpoint, .. } in together.iter().filter(|named| named.endpoint.ip != ip) {
                    if to_a_group && !self.ours.contain(&endpoint.ip) {
                        continue;
                    }
                    if self.size >= self.cap {
                        self.refused += 1;
                        continue;
                    }
                    self.size += 1;
                    endpoints.push(*endpoint);
                }
                if endpoints.is_empty() {
                    continue;
                }
                let (infohash, source, at) = (*infohash, *source, stamp.time);
                match self.learnt.get_mut(begun..).and_then(<[_]>::last_mut) {
                    Some(last)
                        if (last.at, last.infohash, last.source, last.by) == (at, infohash, source, by) =>
                    {
                        last.endpoints.append(&mut endpoints);
                    }
                    _ => self.learnt.push(Telling { at, host, infohash, source, by, endpoints }),
                }
            }
        }
    }

    /// Takes what was learnt, and how often there was no room for more.
    pub(super) fn take(&mut self) -> (Vec<Telling>, u64) {
        self.size = 0;
        (std::mem::take(&mut self.learnt), std::mem::take(&mut self.refused))
    }
}

/// Whether two were named at once, for one torrent, by the same end.
fn is_together(one: &Named, next: &Named) -> bool {
    one.stamp.time == next.stamp.time
        && one.by == next.by
        && one.source == next.source
        && one.infohash == next.infohash
}

/// Whether an address stands for many (RFC 1112, RFC 4291 section 2.7).
const fn is_multicast(ip: &[u8; 16]) -> bool {
    matches!(ip, [0xff, ..] | [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 224..=239, ..])
}
