//! Link types, and the headers that only captures have.
//!
//! Numbers and layouts: <https://www.tcpdump.org/linktypes.html>.
//! Linux cooked v1: `packet type:16 ARPHRD:16 address length:16 address[8] EtherType:16`.
//! Linux cooked v2: `EtherType:16 0:16 interface:32 ARPHRD:16 packet type:8 address length:8 address[8]`.
//! Null and loop: an address family in 32 bits, in the order of the capturing host or of the network.

use super::ethernet::ether_type;
use super::ip::{Network, Stop};
use super::path::{Macs, Path};
use super::{ethernet, ppp};
use crate::anomaly::{Anomalies, Anomaly};

/// What a frame begins with, as a capture declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// Ethernet (1).
    Ethernet,
    /// Linux cooked capture v1 (113).
    LinuxSll,
    /// Linux cooked capture v2 (276).
    LinuxSll2,
    /// IPv4 or IPv6, as the first nibble says (101; 12 and 14 in old files).
    Raw,
    /// IPv4 (228).
    Ipv4,
    /// IPv6 (229).
    Ipv6,
    /// BSD loopback, the address family in either byte order (0).
    Null,
    /// OpenBSD loopback, the address family big-endian (108).
    Loop,
    /// PPP (9), also in HDLC-like framing (50).
    Ppp,
    /// PPPoE session (51).
    PppoE,
    /// One that is not decoded.
    Other(u16),
}

impl LinkType {
    /// The link type of that number.
    #[must_use]
    pub const fn from_dlt(dlt: u16) -> Self {
        match dlt {
            0 => Self::Null,
            1 => Self::Ethernet,
            9 | 50 => Self::Ppp,
            12 | 14 | 101 => Self::Raw,
            51 => Self::PppoE,
            108 => Self::Loop,
            113 => Self::LinuxSll,
            228 => Self::Ipv4,
            229 => Self::Ipv6,
            276 => Self::LinuxSll2,
            other => Self::Other(other),
        }
    }

    /// The number under which new captures declare it.
    #[must_use]
    pub const fn dlt(self) -> u16 {
        match self {
            Self::Null => 0,
            Self::Ethernet => 1,
            Self::Ppp => 9,
            Self::PppoE => 51,
            Self::Raw => 101,
            Self::Loop => 108,
            Self::LinuxSll => 113,
            Self::Ipv4 => 228,
            Self::Ipv6 => 229,
            Self::LinuxSll2 => 276,
            Self::Other(dlt) => dlt,
        }
    }
}

/// Reads a frame down to its IP packet.
pub(super) fn parse<'a>(
    link: LinkType,
    frame: &'a [u8],
    path: &mut Path,
    anomalies: &mut Anomalies,
) -> Result<Network<'a>, Stop> {
    match link {
        LinkType::Ethernet => ethernet::follow(ether_type::ETHERNET, frame, path, anomalies),
        LinkType::Ipv4 => Ok(Network::Ipv4(frame)),
        LinkType::Ipv6 => Ok(Network::Ipv6(frame)),
        LinkType::Raw => Network::by_version(frame),
        LinkType::LinuxSll => cooked_v1(frame, path, anomalies),
        LinkType::LinuxSll2 => cooked_v2(frame, path, anomalies),
        LinkType::Null => {
            let (&family, packet) = frame.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
            // Families are small numbers: the order that makes it one is the capturing host's.
            by_family(u32::from_be_bytes(family).min(u32::from_le_bytes(family)), packet)
        }
        LinkType::Loop => {
            let (&family, packet) = frame.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
            by_family(u32::from_be_bytes(family), packet)
        }
        LinkType::Ppp => ppp::parse(frame),
        LinkType::PppoE => ppp::parse_pppoe(frame),
        LinkType::Other(_) => Err(Anomaly::LinkUnknown.into()),
    }
}

fn cooked_v1<'a>(frame: &'a [u8], path: &mut Path, anomalies: &mut Anomalies) -> Result<Network<'a>, Stop> {
    let (&[_, _, arphrd_high, arphrd_low, len_high, len_low], after) =
        frame.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
    let (&address, after) = after.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
    let (&[_, _, type_high, type_low], payload) = after.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
    path.macs = sender([arphrd_high, arphrd_low], [len_high, len_low], address);
    ethernet::follow(u16::from_be_bytes([type_high, type_low]), payload, path, anomalies)
}

fn cooked_v2<'a>(frame: &'a [u8], path: &mut Path, anomalies: &mut Anomalies) -> Result<Network<'a>, Stop> {
    let (&[type_high, type_low, _, _, _, _, _, _, arphrd_high, arphrd_low, _, len], after) =
        frame.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
    let (&address, after) = after.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
    let (_, payload) = after.split_first_chunk::<2>().ok_or(Anomaly::LinkTruncated)?;
    path.macs = sender([arphrd_high, arphrd_low], [0, len], address);
    ethernet::follow(u16::from_be_bytes([type_high, type_low]), payload, path, anomalies)
}

/// A cooked frame has its sender's address alone, and it is a hardware address where the device was an Ethernet one.
fn sender(arphrd: [u8; 2], len: [u8; 2], address: [u8; 6]) -> Option<Macs> {
    const ARPHRD_ETHER: [u8; 2] = [0, 1];
    ((arphrd, len) == (ARPHRD_ETHER, [0, 6])).then_some(Macs { src: address, dst: [0; 6] })
}

/// `AF_INET` is 2 everywhere; `AF_INET6` is 10 on Linux, 23 on Windows, 24, 28 and 30 on the BSDs and macOS.
fn by_family(family: u32, packet: &[u8]) -> Result<Network<'_>, Stop> {
    match family {
        2 => Ok(Network::Ipv4(packet)),
        10 | 23 | 24 | 28 | 30 => Ok(Network::Ipv6(packet)),
        _ => Err(Stop::NotIp),
    }
}
