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
    ((arphrd, len) == (ARPHRD_ETHER, [0, 6])).then_some(Macs::of_sender(address))
}

/// `AF_INET` is 2 everywhere; `AF_INET6` is 10 on Linux, 23 on Windows, 24, 28 and 30 on the BSDs and macOS.
fn by_family(family: u32, packet: &[u8]) -> Result<Network<'_>, Stop> {
    match family {
        2 => Ok(Network::Ipv4(packet)),
        10 | 23 | 24 | 28 | 30 => Ok(Network::Ipv6(packet)),
        _ => Err(Stop::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{TCP4, TCP6, assert_nothing, path, vlans};

    const SENDER: Option<Macs> = Some(Macs::of_sender([2, 0, 0, 0, 0, 1]));

    #[test]
    fn numbers_and_types_agree() {
        for dlt in 0..=u16::MAX {
            let link = LinkType::from_dlt(dlt);
            assert_eq!(LinkType::from_dlt(link.dlt()), link);
            assert!(link.dlt() == dlt || matches!(dlt, 12 | 14 | 50));
        }
    }

    #[test]
    fn cooked_frames_name_their_sender() {
        let v1 = path(LinkType::LinuxSll, &["0000 0001 0006 0200000000010000 0800", TCP4]);
        assert_eq!(v1, Path { macs: SENDER, ..Path::default() });
        let v2 = path(LinkType::LinuxSll2, &["86dd 0000 00000003 0001 00 06 0200000000010000", TCP6]);
        assert_eq!(v2, Path { macs: SENDER, ..Path::default() });
    }

    #[test]
    fn cooked_frames_may_be_tagged() {
        let tagged = path(LinkType::LinuxSll, &["0000 0001 0006 0200000000010000 8100 000a 0800", TCP4]);
        assert_eq!((vlans(tagged), tagged.macs), (vec![10], SENDER));
    }

    #[test]
    fn a_device_that_is_no_ethernet_has_no_hardware_address() {
        let loopback = path(LinkType::LinuxSll, &["0000 0304 0006 0000000000000000 0800", TCP4]);
        assert_eq!(loopback, Path::default());
        let tun = path(LinkType::LinuxSll2, &["0800 0000 00000003 fffe 04 00 0000000000000000", TCP4]);
        assert_eq!(tun, Path::default());
    }

    #[test]
    fn bare_packets_are_read() {
        assert_eq!(path(LinkType::Raw, &[TCP4]), Path::default());
        assert_eq!(path(LinkType::Raw, &[TCP6]), Path::default());
        assert_eq!(path(LinkType::Ipv4, &[TCP4]), Path::default());
        assert_eq!(path(LinkType::Ipv6, &[TCP6]), Path::default());
    }

    #[test]
    fn loopback_families_are_known_in_their_orders() {
        for (link, family, packet) in [
            (LinkType::Null, "02000000", TCP4),
            (LinkType::Null, "00000002", TCP4),
            (LinkType::Null, "1e000000", TCP6),
            (LinkType::Null, "0000001c", TCP6),
            (LinkType::Loop, "00000002", TCP4),
            (LinkType::Loop, "00000018", TCP6),
        ] {
            assert_eq!(path(link, &[family, packet]), Path::default(), "{family}");
        }
        assert_nothing(LinkType::Loop, &["02000000", TCP4], None);
    }

    #[test]
    fn what_is_cut_or_unknown_is_refused() {
        for link in [LinkType::LinuxSll, LinkType::LinuxSll2, LinkType::Null, LinkType::Loop, LinkType::Raw] {
            assert_nothing(link, &[""], Some(Anomaly::LinkTruncated));
        }
        assert_nothing(
            LinkType::LinuxSll,
            &["0000 0001 0006 0200000000010000 08"],
            Some(Anomaly::LinkTruncated),
        );
        assert_nothing(LinkType::Other(127), &[TCP4], Some(Anomaly::LinkUnknown));
    }
}
