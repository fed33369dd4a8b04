//! Takes the frames in.

use std::collections::BTreeMap;

use super::{Binding, Event, Kind, Lease, Site};
use crate::detect::Stamp;
use crate::networks::Networks;
use crate::wire::arp::Arp;
use crate::wire::decode::{Datagram, Packet};
use crate::wire::ndp;
use crate::wire::path::{Path, Vlans};

/// What was said and nobody has taken yet.
#[derive(Debug)]
pub(crate) struct Collector {
    ours: Networks,
    vlan_in_key: bool,
    caps: Caps,
    bindings: BTreeMap<Key, Binding>,
    leases: Vec<Lease>,
    /// How often there was no room.
    refused: Refused,
}

/// What may be kept at once. Who comes when it is full is not kept: a liar's thousand addresses drive nobody out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) bindings: usize,
    pub(crate) leases: usize,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refused {
    pub(crate) bindings: u64,
    pub(crate) leases: u64,
}

pub(super) type Key = (Site, [u8; 6], [u8; 16], Kind);

impl Collector {
    pub(crate) const fn new(ours: Networks, vlan_in_key: bool, caps: Caps) -> Self {
        Self {
            ours,
            vlan_in_key,
            caps,
            bindings: BTreeMap::new(),
            leases: Vec::new(),
            refused: Refused { bindings: 0, leases: 0 },
        }
    }

    /// Takes an ARP message in. Its sender says what its own address has, whether it asks or answers; of the target it
    /// says nothing that the target would not say itself.
    pub(crate) fn arp(&mut self, vantage: u16, path: &Path, arp: &Arp<'_>, stamp: Stamp) {
        let Some(sender) = arp.sender() else { return };
        let key = (self.site(vantage, path), arp.sender_mac(), mapped(sender), Kind::Arp);
        self.bind(key, stamp, arp.is_announcement());
    }

    /// Takes an ICMPv6 message in, if it is one of neighbour discovery.
    pub(crate) fn icmpv6(&mut self, vantage: u16, packet: &Packet<'_>, message: &[u8], stamp: Stamp) {
        /// RFC 4861, 11.2: nobody from afar can send it.
        const FROM_THE_LINK: u8 = 255;
        if packet.hop_limit != FROM_THE_LINK {
            return;
        }
        let Ok((message, options)) = ndp::Message::parse(message) else { return };
        let Some((ip, mac)) = message.ties(packet.src, options) else { return };
        let announces = message.kind == ndp::Kind::NeighbourAdvertisement { solicited: false };
        self.bind((self.site(vantage, &packet.path), mac, ip, Kind::Ndp), stamp, announces);
    }

    /// Takes a datagram of DHCP's ports in.
    #[cold]
    pub(crate) fn dhcp(&mut self, vantage: u16, packet: &Packet<'_>, datagram: &Datagram<'_>, stamp: Stamp) {
        let is_cut = datagram.payload.len() < datagram.payload_len as usize;
        if is_cut {
            return;
        }
        let site = self.site(vantage, &packet.path);
        for lease in super::dhcp::read(site, packet, datagram, stamp) {
            if lease.ip.is_some_and(|ip| !self.ours.contain(&ip)) {
                continue;
            }
            // Anybody can ask for addresses under a thousand names; that must leave room for what servers answer.
            let cap = if lease.event == Event::Named { self.caps.leases / 2 } else { self.caps.leases };
            if self.leases.len() >= cap {
                self.refused.leases += 1;
                continue;
            }
            self.leases.push(lease);
        }
    }

    /// Takes what was said, in a fixed order, and how often there was no room for more.
    pub(crate) fn take(&mut self) -> (Vec<Binding>, Vec<Lease>, Refused) {
        let bindings = std::mem::take(&mut self.bindings).into_values().collect();
        (bindings, std::mem::take(&mut self.leases), std::mem::take(&mut self.refused))
    }

    fn site(&self, vantage: u16, path: &Path) -> Site {
        let vlans = if self.vlan_in_key { path.vlans } else { Vlans::NONE };
        Site { vantage, tunnel: path.tunnel, vlans }
    }

    fn bind(&mut self, key: Key, stamp: Stamp, announces: bool) {
        let (site, mac, ip, kind) = key;
        if !is_one(&ip) || !is_device(mac) || !self.ours.contain(&ip) {
            return;
        }
        let said = Binding::new(site, ip, mac, kind, stamp, announces);
        if let Some(binding) = self.bindings.get_mut(&key) {
            binding.add(&said);
        } else if self.bindings.len() < self.caps.bindings {
            self.bindings.insert(key, said);
        } else {
            self.refused.bindings += 1;
        }
    }
}

impl Binding {
    pub(super) fn new(
        site: Site,
        ip: [u8; 16],
        mac: [u8; 6],
        kind: Kind,
        at: Stamp,
        is_announcement: bool,
    ) -> Self {
        let announced = is_announcement.then_some(at).into_iter().collect();
        Self { site, ip, mac, kind, first: at, last: at, count: 1, announced, shared: false }
    }

    /// Takes in what was said of the same, in whatever order.
    pub(super) fn add(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
        self.announced.extend(&other.announced);
        while self.announced.len() > Self::ANNOUNCEMENTS {
            self.announced.pop_last();
        }
    }

    pub(super) const fn key(&self) -> Key {
        (self.site, self.mac, self.ip, self.kind)
    }
}

/// An IPv4 address as IPv6 maps it.
pub(super) const fn mapped([a, b, c, d]: [u8; 4]) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// Whether an address can be one host's: none of many, and some.
const fn is_one(ip: &[u8; 16]) -> bool {
    !matches!(ip, [0xff, ..] | [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0 | 224..=255, ..])
}

/// Whether a hardware address can be one device's: not zeros, and no group's (IEEE 802, the first byte's last bit).
pub(super) fn is_device(mac: [u8; 6]) -> bool {
    mac != [0; 6] && mac.first().is_some_and(|first| first & 1 == 0)
}
