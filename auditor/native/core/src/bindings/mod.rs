//! Who had which address, as frames say that no flow has: DHCP's answers, ARP and neighbour discovery.
//!
//! What is said is kept as said, with its frame; whom to believe is decided elsewhere. A server's answer gives an address
//! for a time. What ARP and neighbour discovery say anybody on the link can say: a router answers for others, and a liar
//! does too. Only addresses of ours are kept, since nobody asks who had another.
//!
//! The first worker alone collects: such frames are few, and who said what is spread over no flows.

mod collector;
mod dhcp;
mod join;

use std::collections::BTreeSet;

pub(crate) use self::collector::{Caps, Collector};
pub(crate) use self::dhcp::is_dhcp;
pub(crate) use self::join::{Standing, join};
use crate::detect::Stamp;
use crate::wire::path::{Tunnel, Vlans};

/// What ties an address to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A server's answer of DHCP for IPv4 (RFC 2131).
    Dhcp,
    /// A server's answer of DHCP for IPv6 (RFC 8415).
    Dhcp6,
    /// ARP (RFC 826).
    Arp,
    /// Neighbour discovery of IPv6 (RFC 4861).
    Ndp,
}

impl Kind {
    /// The kind's word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dhcp => "dhcp",
            Self::Dhcp6 => "dhcp6",
            Self::Arp => "arp",
            Self::Ndp => "ndp",
        }
    }
}

/// Where something was said: equal addresses elsewhere are other hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The vantage point's number.
    pub vantage: u16,
    /// The innermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// VLAN tags, where they part flows.
    pub vlans: Vlans,
}

/// That an address was a device's, as often as it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub site: Site,
    /// The address; IPv4 as IPv4-mapped.
    pub ip: [u8; 16],
    /// The device's hardware address.
    pub mac: [u8; 6],
    /// Who says so.
    pub kind: Kind,
    /// When it was said first.
    pub first: Stamp,
    /// When it was said last.
    pub last: Stamp,
    /// How often, frames delivered twice included.
    pub count: u64,
    /// When the device told everybody unasked, the first times: it does when it gets the address.
    pub announced: BTreeSet<Stamp>,
    /// The hardware address speaks for more addresses at once than a device has: a router's, or a liar's.
    pub shared: bool,
}

impl Binding {
    /// How many announcements are kept.
    pub const ANNOUNCEMENTS: usize = 16;
}

/// What a DHCP message says of an address. In the order in which messages of one moment are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A client that asks tells its name, of no address.
    Named,
    /// The server gave the address, or let the client keep it.
    Granted,
    /// The client gave the address back, or the server took it.
    Released,
    /// The client found the address in use by somebody else.
    Declined,
}

impl Event {
    /// The event's word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Granted => "granted",
            Self::Released => "released",
            Self::Declined => "declined",
        }
    }
}

/// What one DHCP message said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lease {
    /// When, and in which frame.
    pub at: Stamp,
    /// What.
    pub event: Event,
    /// Where.
    pub site: Site,
    /// [`Kind::Dhcp`] or [`Kind::Dhcp6`].
    pub kind: Kind,
    /// Ties a reply to its request.
    pub transaction: u32,
    /// The address; `None` of [`Event::Named`].
    pub ip: Option<[u8; 16]>,
    /// The client's hardware address, as the message tells it or, on the client's own link, the frame.
    pub client: Option<[u8; 6]>,
    /// DHCPv6's name of the device; empty where none was told.
    pub duid: Box<[u8]>,
    /// The client's name as it or the server wrote it, at most 255 bytes of anything; empty where none was told.
    pub host: Box<[u8]>,
    /// For how many seconds the address was given.
    pub seconds: Option<u32>,
    /// The server: four bytes of an address, or its DUID; empty where none was told.
    pub server: Box<[u8]>,
    /// The client had the address before and goes on with it: it said so when it asked, and the answer repeats it (RFC
    /// 2131, table 3). Of IPv6 an answer does not tell.
    pub renewed: bool,
    /// It was seen between server and relay, and so maybe in another VLAN than the client's.
    pub relayed: bool,
}
