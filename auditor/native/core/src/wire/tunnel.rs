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
