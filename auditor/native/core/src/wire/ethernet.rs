//! Ethernet, and the way from an EtherType down to the IP header, or to ARP.
//!
//! Ethernet II: `dst[6] src[6] EtherType:16`. Below 0x0600 that field is a length (IEEE 802.3) and an LLC header
//! follows; IP comes there in SNAP, `aa aa 03 OUI[3] EtherType:16` (RFC 1042).

use super::ip::{Network, Stop};
use super::path::{Macs, Path};
use super::vlan::Vlans;
use super::{mpls, ppp, vlan};
use crate::anomaly::{Anomalies, Anomaly};

/// What a frame, a tag or a tunnel may announce.
pub(super) mod ether_type {
    pub(crate) const IPV4: u16 = 0x0800;
    pub(crate) const ARP: u16 = 0x0806;
    pub(crate) const IPV6: u16 = 0x86dd;
    /// "Transparent Ethernet bridging": an Ethernet frame inside a tunnel.
    pub(crate) const ETHERNET: u16 = 0x6558;
    pub(crate) const VLAN: u16 = 0x8100;
    pub(crate) const VLAN_SERVICE: u16 = 0x88a8;
    /// Stacked tags before IEEE 802.1ad gave them 0x88a8.
    pub(crate) const VLAN_SERVICE_OLD: u16 = 0x9100;
    pub(crate) const MPLS: u16 = 0x8847;
    pub(crate) const MPLS_MULTICAST: u16 = 0x8848;
    pub(crate) const PPPOE_SESSION: u16 = 0x8864;
    /// PPP in PPTP's GRE (RFC 2637).
    pub(crate) const PPP: u16 = 0x880b;
    /// The first value that is an EtherType and not a length.
    pub(crate) const FIRST: u16 = 0x0600;
}

/// Headers that are followed between a link and IP; eight tags and a labelled pseudowire fit.
const MAX_HEADERS: u8 = 12;

/// Follows EtherTypes through tags, labels and sessions to the IP packet.
pub(super) fn follow<'a>(
    mut ether_type: u16,
    mut bytes: &'a [u8],
    path: &mut Path,
    anomalies: &mut Anomalies,
) -> Result<Network<'a>, Stop> {
    let mut tag_lost = false;
    for _ in 0..MAX_HEADERS {
        (ether_type, bytes) = match ether_type {
            ether_type::IPV4 => return Ok(Network::Ipv4(bytes)),
            ether_type::IPV6 => return Ok(Network::Ipv6(bytes)),
            ether_type::ARP => return Ok(Network::Arp(bytes)),
            ether_type::VLAN | ether_type::VLAN_SERVICE | ether_type::VLAN_SERVICE_OLD => {
                let (vid, next, inner) = vlan::parse(bytes)?;
                if !path.vlans.push(vid) && !tag_lost {
                    tag_lost = true;
                    anomalies.count(Anomaly::NestingTooDeep);
                }
                (next, inner)
            }
            ether_type::MPLS | ether_type::MPLS_MULTICAST => mpls::parse(bytes)?,
            ether_type::ETHERNET => {
                let (header, payload) = Header::parse(bytes)?;
                // The tags so far belong to the frame around this one.
                (path.vlans, path.macs) = (Vlans::default(), Some(header.macs()));
                (header.ether_type(), payload)
            }
            ether_type::PPPOE_SESSION => return ppp::parse_pppoe(bytes),
            ether_type::PPP => return ppp::parse(bytes),
            ..ether_type::FIRST => snap(bytes)?,
            _ => return Err(Stop::NotIp), // LLDP and its like
        };
    }
    Err(Anomaly::NestingTooDeep.into())
}

/// One Ethernet header. Its addresses are taken out where they are kept: on the way there they would be in the way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a>(&'a [u8; 14]);

impl<'a> Header<'a> {
    /// Reads one; says what follows.
    #[inline]
    pub(super) fn parse(frame: &'a [u8]) -> Result<(Self, &'a [u8]), Anomaly> {
        let (header, payload) = frame.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
        Ok((Self(header), payload))
    }

    #[inline]
    pub(super) const fn macs(self) -> Macs {
        let [macs @ .., _, _] = *self.0;
        Macs::new(macs)
    }

    /// The type of what follows, or its length.
    #[inline]
    pub(super) const fn ether_type(self) -> u16 {
        let [.., high, low] = *self.0;
        u16::from_be_bytes([high, low])
    }
}

/// Reads LLC and SNAP headers; other LLC users (spanning tree, NetBIOS) carry no IP.
fn snap(bytes: &[u8]) -> Result<(u16, &[u8]), Stop> {
    match *bytes {
        [0xaa, 0xaa, 0x03, 0, 0, 0, type_high, type_low, ref payload @ ..] => {
            match u16::from_be_bytes([type_high, type_low]) {
                ..ether_type::FIRST => Err(Stop::NotIp),
                ether_type => Ok((ether_type, payload)),
            }
        }
        _ => Err(Stop::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use crate::anomaly::Anomaly;
    use crate::wire::decode::Decoded;
    use crate::wire::link::LinkType::Ethernet;
    use crate::wire::path::Path;
    use crate::wire::testing::{
        ETHERNET, MACS, TCP4, TCP6, UDP4, assert_nothing, decoded, path, prefix, vlans,
    };

    #[test]
    fn plain_frames_of_both_versions_are_read() {
        let plain = Path { macs: MACS, ..Path::default() };
        assert_eq!(path(Ethernet, &[ETHERNET, "0800", TCP4]), plain);
        assert_eq!(path(Ethernet, &[ETHERNET, "0800", UDP4]), plain);
        assert_eq!(path(Ethernet, &[ETHERNET, "86dd", TCP6]), plain);
    }

    #[test]
    fn padding_is_left_out() {
        path(Ethernet, &[ETHERNET, "0800", TCP4, "0000 0000"]);
        path(Ethernet, &[ETHERNET, "86dd", TCP6, "0000 0000"]);
    }

    #[test]
    fn tags_are_followed_and_kept() {
        let tagged = |tags| vlans(path(Ethernet, &[ETHERNET, tags, "0800", TCP4]));
        assert_eq!(tagged("8100 a00a"), [10]);
        assert_eq!(tagged("88a8 0064 8100 000a"), [100, 10]);
        assert_eq!(tagged("9100 0064 8100 000a"), [100, 10]);
    }

    #[test]
    fn a_priority_tag_is_no_vlan() {
        assert_eq!(vlans(path(Ethernet, &[ETHERNET, "8100 e000 0800", TCP4])), [0; 0]);
        assert_eq!(vlans(path(Ethernet, &[ETHERNET, "8100 e000 8100 0007 0800", TCP4])), [7]);
    }

    #[test]
    fn tags_beyond_two_are_skipped_and_counted_once() {
        let (_, anomalies) =
            decoded(Ethernet, &[ETHERNET, "88a8 0001 8100 0002 8100 0003 8100 0004 0800", TCP4]);
        assert_eq!(anomalies, [(Anomaly::NestingTooDeep, 1)]);
    }

    #[test]
    fn endless_tags_are_refused() {
        let tags = "8100 0000".repeat(20);
        assert_nothing(Ethernet, &[ETHERNET, &tags, "0800", TCP4], Some(Anomaly::NestingTooDeep));
    }

    #[test]
    fn ip_in_snap_is_read() {
        assert_eq!(path(Ethernet, &[ETHERNET, "0032 aaaa03 000000 0800", TCP4]).macs, MACS);
        assert_eq!(vlans(path(Ethernet, &[ETHERNET, "8100 000a 0032 aaaa03 000000 0800", TCP4])), [10]);
    }

    #[test]
    fn arp_is_read_under_the_tags_of_its_frame() {
        let arp = "0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002";
        let (Decoded::Arp(path, arp), anomalies) = decoded(Ethernet, &[ETHERNET, "8100 000a", arp, "0000"])
        else {
            panic!()
        };
        assert_eq!((vlans(path), arp.sender(), anomalies), (vec![10], Some([10, 0, 0, 1]), vec![]));
        assert_nothing(Ethernet, &[ETHERNET, "0806 0006 0800 06 04 0001"], None);
        assert_nothing(Ethernet, &[ETHERNET, "0806 0001 0800 06 04 0001 02"], None);
    }

    #[test]
    fn what_carries_no_ip_is_no_anomaly() {
        assert_nothing(Ethernet, &[ETHERNET, "88cc 0207 04"], None);
        assert_nothing(Ethernet, &["0180c2000000 020000000001 0026 424203 0000000000"], None);
        assert_nothing(Ethernet, &[ETHERNET, "0010 aaaa03 00000c 2000 0000"], None);
        assert_nothing(Ethernet, &[ETHERNET, "0010 aaaa03 000000 0005 0000"], None);
    }

    #[test]
    fn a_frame_that_ends_in_a_link_header_is_refused() {
        for cut in 0..18 {
            assert_nothing(
                Ethernet,
                &[&prefix(&[ETHERNET, "8100 000a 0800"], cut)],
                Some(Anomaly::LinkTruncated),
            );
        }
    }
}
