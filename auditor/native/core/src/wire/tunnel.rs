//! Tunnels in IP and in UDP: what a payload holds, if it is one.
//!
//! ```text
//! VXLAN, RFC 7348:          08, 0:24, VNI:24, 0:8, Ethernet
//! GENEVE, RFC 8926:         version:2 options length:6 (4 bytes each) O:1 C:1 0:6, EtherType:16, VNI:24, 0:8, options
//! GTP-U, 3GPP TS 29.281:    version:3 PT:1 0:1 E:1 S:1 PN:1, type=255, length:16, TEID:32,
//!                           [sequence:16 N-PDU:8 next extension:8, extensions], IP
//! ```

use super::ethernet::ether_type;
use super::gre;
use super::ip::{Body, Stop, protocol};
use super::path::{Tunnel, TunnelKind};
use super::udp::Datagram;

/// What a tunnel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inner<'a> {
    pub(super) tunnel: Tunnel,
    pub(super) ether_type: u16,
    pub(super) bytes: &'a [u8],
}

/// Reads a tunnel that IP announces; `None` where the protocol is none.
pub(super) fn in_ip(protocol: u8, is_ipv6: bool, body: Body<'_>) -> Option<Result<Inner<'_>, Stop>> {
    let (kind, ether_type) = match protocol {
        protocol::IPV4 => (TunnelKind::Ipip, ether_type::IPV4),
        protocol::IPV6 if is_ipv6 => (TunnelKind::Ipip, ether_type::IPV6),
        protocol::IPV6 => (TunnelKind::SixInFour, ether_type::IPV6),
        protocol::GRE => return Some(gre::parse(body)),
        _ => return None,
    };
    Some(Ok(Inner { tunnel: Tunnel { kind, id: 0 }, ether_type, bytes: body.captured }))
}

/// Whether a datagram to this port may be a tunnel's. Flannel and older Linux use 8472 for VXLAN.
#[inline]
pub(super) fn is_udp_port(port: u16) -> bool {
    matches!(port, VXLAN | VXLAN_LINUX | GENEVE | GTPU)
}

const VXLAN: u16 = 4789;
const VXLAN_LINUX: u16 = 8472;
const GENEVE: u16 = 6081;
const GTPU: u16 = 2152;

/// Reads a tunnel that only a port number hints at; `None` where a single bit is not as it should be, since
/// BitTorrent, and anything else, may use that port too.
pub(super) fn in_udp<'a>(datagram: &Datagram<'a>) -> Option<Inner<'a>> {
    match datagram.dst_port {
        VXLAN | VXLAN_LINUX => vxlan(datagram.payload),
        GENEVE => geneve(datagram.payload),
        GTPU => gtpu(datagram),
        _ => None,
    }
}

fn vxlan(payload: &[u8]) -> Option<Inner<'_>> {
    match *payload {
        [0x08, 0, 0, 0, n0, n1, n2, 0, ref bytes @ ..] => {
            let tunnel = Tunnel { kind: TunnelKind::Vxlan, id: u32::from_be_bytes([0, n0, n1, n2]) };
            Some(Inner { tunnel, ether_type: ether_type::ETHERNET, bytes })
        }
        _ => None,
    }
}

fn geneve(payload: &[u8]) -> Option<Inner<'_>> {
    let (&[version_len, flags, type_high, type_low, n0, n1, n2, reserved], rest) =
        payload.split_first_chunk()?;
    // A control packet (O, 0x80) carries no traffic; critical options (C, 0x40) change nothing for a reader.
    if version_len >> 6 != 0 || flags & !0x40 != 0 || reserved != 0 {
        return None;
    }
    let ether_type = u16::from_be_bytes([type_high, type_low]);
    if !matches!(ether_type, ether_type::ETHERNET | ether_type::IPV4 | ether_type::IPV6) {
        return None;
    }
    let tunnel = Tunnel { kind: TunnelKind::Geneve, id: u32::from_be_bytes([0, n0, n1, n2]) };
    Some(Inner { tunnel, ether_type, bytes: rest.get(usize::from(version_len & 0x3f) * 4..)? })
}

fn gtpu<'a>(datagram: &Datagram<'a>) -> Option<Inner<'a>> {
    const G_PDU: u8 = 255;
    const HAS_OPTIONAL: u8 = 0x07;
    const HAS_EXTENSION: u8 = 0x04;
    const MAX_EXTENSIONS: u8 = 4;
    let (&[flags, kind, len_high, len_low, _, _, _, _], mut rest) = datagram.payload.split_first_chunk()?;
    let len = u32::from(u16::from_be_bytes([len_high, len_low]));
    if flags & !HAS_OPTIONAL != 0x30 || kind != G_PDU || len.checked_add(8)? != datagram.payload_len {
        return None;
    }
    if flags & HAS_OPTIONAL != 0 {
        let (&[_, _, _, mut next], mut after) = rest.split_first_chunk()?;
        if flags & HAS_EXTENSION == 0 {
            next = 0; // the byte is there, and means nothing
        }
        let mut extensions = 0;
        while next != 0 {
            // Length in units of 4 bytes, with the length itself and the next type, which is the last byte.
            let (extension, behind) = after.split_at_checked(usize::from(*after.first()?) * 4)?;
            (next, after) = (*extension.last()?, behind);
            extensions += 1;
            if extensions > MAX_EXTENSIONS {
                return None;
            }
        }
        rest = after;
    }
    let ether_type = match rest.first()? >> 4 {
        4 => ether_type::IPV4,
        6 => ether_type::IPV6,
        _ => return None,
    };
    // Each direction has a tunnel endpoint identifier (TEID) of its own, chosen by its receiver: with it in the
    // key, one flow would be two.
    Some(Inner { tunnel: Tunnel { kind: TunnelKind::Gtpu, id: 0 }, ether_type, bytes: rest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Anomaly;
    use crate::wire::decode::Transport;
    use crate::wire::link::LinkType::{Ipv4, Ipv6};
    use crate::wire::path::Path;
    use crate::wire::testing::{
        INNER_ETHERNET, INNER_MACS, TCP4, TCP6, UDP4, assert_nothing, decoded, hex, packet, path, tunnel,
        vlans,
    };

    /// A carrier's header before its protocol; its length of 0 stands for all there is.
    const CARRIER: &str = "450000000001000040";
    const ENDS: &str = "0000 c6336401 c6336402";
    const CARRIER6: &str = "60000000";
    const ENDS6: &str = "20010db8ffff00000000000000000001 20010db8ffff00000000000000000002";

    /// A datagram of the carrier to a tunnel's port. Its own length of 0 stands for all there is.
    fn carried<'a>(port: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
        [&[CARRIER, "11", ENDS, "c350", port, "0000 0000"], rest].concat()
    }

    /// Asserts that a datagram to that port stays one.
    fn assert_ordinary(port: &str, rest: &[&str]) {
        let packet = packet(Ipv4, &carried(port, rest));
        let Transport::Udp(datagram) = packet.transport else { panic!("{packet:?}") };
        assert_eq!((packet.path, datagram.src_port), (Path::default(), 50_000), "{rest:?}");
        assert_eq!(datagram.payload, hex(rest), "{rest:?}");
    }

    #[test]
    fn ip_in_ip_is_read_in_every_combination() {
        use TunnelKind::{Ipip, SixInFour};
        assert_eq!(path(Ipv4, &[CARRIER, "04", ENDS, TCP4]), tunnel(Ipip, 0, None));
        assert_eq!(path(Ipv4, &[CARRIER, "29", ENDS, TCP6]), tunnel(SixInFour, 0, None));
        assert_eq!(path(Ipv6, &[CARRIER6, "002a0440", ENDS6, TCP4]), tunnel(Ipip, 0, None));
        assert_eq!(path(Ipv6, &[CARRIER6, "003e2940", ENDS6, TCP6]), tunnel(Ipip, 0, None));
        assert_eq!(
            path(Ipv6, &[CARRIER6, "002e2f40", ENDS6, "0000 0800", TCP4]).tunnel.unwrap().kind.label(),
            "gre"
        );
    }

    #[test]
    fn vxlan_is_read_on_both_its_ports() {
        for port in ["12b5", "2118"] {
            let head = "08 000000 123456 00";
            let inner = path(Ipv4, &carried(port, &[head, INNER_ETHERNET, "0800", TCP4]));
            assert_eq!(inner, tunnel(TunnelKind::Vxlan, 0x12_3456, INNER_MACS));
        }
    }

    #[test]
    fn geneve_is_read_with_options_and_without() {
        for (head, macs) in [
            (["00 00 6558 123456 00", INNER_ETHERNET, "0800"].concat(), INNER_MACS),
            ("02 40 0800 123456 00 0108 81 01 61626364".into(), None),
        ] {
            let inner = path(Ipv4, &carried("17c1", &[&head, TCP4]));
            assert_eq!(inner, tunnel(TunnelKind::Geneve, 0x12_3456, macs), "{head}");
        }
        assert_eq!(path(Ipv4, &carried("17c1", &["00 00 86dd 000001 00", TCP6])).tunnel.unwrap().id, 1);
    }

    #[test]
    fn gtp_u_is_read_with_extensions_and_without_its_endpoint() {
        for head in [
            "30 ff 002a 11223344",
            "32 ff 002e 11223344 0001 00 00",
            "34 ff 0032 11223344 0000 00 85 01 0009 00",
            "34 ff 003a 11223344 0000 00 c0 01 0009 85 02 000900000000 00",
        ] {
            let inner = path(Ipv4, &carried("0868", &[head, TCP4]));
            assert_eq!(inner, tunnel(TunnelKind::Gtpu, 0, None), "{head}");
        }
        assert_eq!(path(Ipv4, &carried("0868", &["30 ff 003e 11223344", TCP6])).tunnel.unwrap().id, 0);
    }

    #[test]
    fn a_carriers_tags_and_addresses_stay_outside() {
        let outer =
            ["020000000002 020000000001 8100 0064 0800", CARRIER, "11", ENDS, "c350 12b5 0000 0000"].concat();
        let frame = [&outer, "08 000000 000007 00", INNER_ETHERNET, "8100 000a 0800", TCP4];
        let inner = path(crate::wire::link::LinkType::Ethernet, &frame);
        assert_eq!((vlans(inner), inner.macs), (vec![10], INNER_MACS));
    }

    #[test]
    fn any_other_datagram_to_a_tunnels_port_stays_one() {
        let ping = "64313a6164323a696432303a6162636465666768696a30313233343536373839";
        for port in ["12b5", "2118", "17c1", "0868"] {
            for payload in ["", "08", ping, "210044b6f4328c9f00000056001000002fd7e7f4"] {
                assert_ordinary(port, &[payload]);
            }
        }
    }

    #[test]
    fn a_header_that_is_off_by_a_bit_makes_no_tunnel() {
        for head in ["0c 000000 123456 00", "08 000001 123456 00", "08 000000 123456 01"] {
            assert_ordinary("12b5", &[head, INNER_ETHERNET, "0800", TCP4]);
        }
        for head in
            ["40 00 0800 123456 00", "00 80 0800 123456 00", "00 00 0806 123456 00", "00 00 0800 123456 01"]
        {
            assert_ordinary("17c1", &[head, TCP4]);
        }
        for head in [
            "50 ff 002a 11223344",
            "20 ff 002a 11223344",
            "38 ff 002a 11223344",
            "30 fe 002a 11223344",
            "30 ff 002b 11223344",
            "34 ff 002e 11223344 0000 00 85",
            "34 ff 0032 11223344 0000 00 85 00 0009 00",
        ] {
            assert_ordinary("0868", &[head, TCP4]);
        }
        assert_ordinary("0868", &["01 00 0004 11223344 00000000"]);
    }

    #[test]
    fn a_header_around_something_broken_makes_no_tunnel() {
        let vxlan = "08 000000 123456 00";
        assert_ordinary("12b5", &[vxlan, INNER_ETHERNET, "0806 0001"]);
        assert_ordinary("12b5", &[vxlan, INNER_ETHERNET, "0800", &TCP4.replace("5018", "4018")]);
        assert_ordinary("12b5", &[vxlan, INNER_ETHERNET, "0800", TCP4.strip_suffix("69").unwrap()]);
        assert_ordinary("12b5", &[vxlan, "0200"]);
        assert_ordinary("17c1", &["00 00 86dd 000001 00", TCP4]);
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| [[CARRIER, "04", ENDS].concat().repeat(levels), TCP4.into()].concat();
        assert_eq!(path(Ipv4, &[&nested(4)]), tunnel(TunnelKind::Ipip, 0, None));
        assert_nothing(Ipv4, &[&nested(5)], Some(Anomaly::NestingTooDeep));
        let level =
            [&carried("12b5", &["08 000000 000001 00", INNER_ETHERNET, "0800"]).concat()[..]].concat();
        let nested = |levels: usize| [level.repeat(levels), UDP4.into()].concat();
        assert_eq!(path(Ipv4, &[&nested(4)]).tunnel.unwrap().kind, TunnelKind::Vxlan);
        assert_nothing(Ipv4, &[&nested(5)], Some(Anomaly::NestingTooDeep));
    }

    #[test]
    fn a_snapped_tunnel_gives_what_is_left() {
        let head = ["450000460001000040 2f 0000 c6336401 c6336402 0000 0800"];
        let cut = TCP4.strip_suffix("95a50000 6869").unwrap();
        let (decoded, anomalies) = decoded(Ipv4, &[head[0], cut]);
        assert!(matches!(decoded, crate::wire::decode::Decoded::Packet(_)));
        assert_eq!(anomalies, []);
    }
}
