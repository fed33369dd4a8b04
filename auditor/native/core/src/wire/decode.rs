//! A frame down to its transport payload, through whatever wraps it.
//!
//! The innermost addresses make the packet. A refused frame counts exactly one anomaly; what is ordinary and
//! carries no IP counts none. Of a frame that a snap length cut, its headers are enough.

use super::arp::Arp;
use super::ethernet::ether_type;
use super::ip::{Body, Ip, Network, Stop, protocol};
use super::link::{self, LinkType};
use super::path::Path;
pub use super::tcp::{Flags, Segment};
use super::tunnel::Inner;
pub use super::udp::Datagram;
use super::{ethernet, ipv4, ipv6, tcp, tunnel, udp};
use crate::anomaly::{Anomalies, Anomaly};

/// Tunnels within tunnels that are followed; a mirrored overlay in a provider's tunnel is three.
const MAX_TUNNELS: u8 = 4;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole IP packet.
    Packet(Packet<'a>),
    /// A part of an IP packet, the first one included.
    Fragment(Fragment<'a>),
    /// No IP packet, but who has an address of it, and what wrapped that.
    Arp(Path, Arp<'a>),
    /// Nothing to follow: no IP, or refused and counted.
    Nothing,
}

/// The innermost IP packet of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What wrapped it.
    pub path: Path,
    /// The sender; IPv4 as v4-mapped.
    pub src: [u8; 16],
    /// The receiver; IPv4 as v4-mapped.
    pub dst: [u8; 16],
    /// IPv4 identification; 0 for IPv6.
    pub ip_id: u32,
    /// Time to live, or hop limit.
    pub hop_limit: u8,
    /// What it carries.
    pub transport: Transport<'a>,
}

/// The payload of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// A UDP datagram.
    Udp(Datagram<'a>),
    /// A message of ICMPv6, from its type on, that is all there.
    Icmpv6(&'a [u8]),
    /// The number of another protocol.
    Other(u8),
}

/// A part of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Which packet it belongs to.
    pub header: FragmentHeader,
    /// Where its payload begins in the packet's, in bytes.
    pub offset: u32,
    /// Whether more follows it.
    pub more: bool,
    /// All of its payload: a fragment that a snap length cut is refused.
    pub payload: &'a [u8],
}

/// What the fragments of one packet have in common, and what its first one's frame had around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentHeader {
    /// What wrapped it.
    pub path: Path,
    /// The sender; IPv4 as v4-mapped.
    pub src: [u8; 16],
    /// The receiver; IPv4 as v4-mapped.
    pub dst: [u8; 16],
    /// What the whole payload is; for IPv6 possibly another extension header.
    pub protocol: u8,
    /// The sender's number for the packet: 16 bits of IPv4, 32 bits of IPv6.
    pub identification: u32,
    /// Time to live, or hop limit.
    pub hop_limit: u8,
    /// Which IP it is.
    pub is_ipv6: bool,
    /// Tunnels entered to get here, so that fragmentation does not reset the bound on nesting.
    pub tunnels: u8,
}

/// Reads a frame, through everything that may wrap a packet.
pub fn decode<'a>(link: LinkType, frame: &'a [u8], anomalies: &mut Anomalies) -> Decoded<'a> {
    let mut path = Path::default();
    let network = link::parse(link, frame, &mut path, anomalies);
    if let Ok(Network::Arp(bytes)) = network {
        return arp(path, bytes);
    }
    let ip = network.and_then(Network::parse);
    settle(ip.and_then(|ip| follow(ip, path, 0, anomalies)), anomalies)
}

/// Reads an ARP message. Of other hardware or networks, or cut by a snap length, it says nothing and is nothing amiss.
fn arp(path: Path, bytes: &[u8]) -> Decoded<'_> {
    Arp::parse(bytes).map_or(Decoded::Nothing, |(arp, _)| Decoded::Arp(path, arp))
}

/// A packet on the way that nearly every frame goes: Ethernet, IP, and TCP or UDP, with nothing in between.
///
/// Read in two steps, so that who asks knows which transport it has: the fields stay in registers then. Packed in between
/// as either of both, they go through memory, in other portions than they are taken out again, for which the processor
/// waits.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    link: ethernet::Header<'a>,
    ip: Ip<'a>,
}

impl<'a> Plain<'a> {
    /// Reads a frame down to its IP packet. Whatever is not plain, or not right, is `None`: [`decode`] reads it again, and
    /// is the only one that refuses and counts.
    #[must_use]
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "out of line, its fields go through memory")]
    pub fn parse(link: LinkType, frame: &'a [u8]) -> Option<Self> {
        if !matches!(link, LinkType::Ethernet) {
            return None;
        }
        let (header, bytes) = ethernet::Header::parse(frame).ok()?;
        let ip = match header.ether_type() {
            ether_type::IPV4 => ipv4::parse(bytes).ok()?,
            ether_type::IPV6 => ipv6::parse_fixed(bytes).ok()?,
            _ => return None,
        };
        if ip.part.is_some() {
            return None;
        }
        Some(Self { link: header, ip })
    }

    /// The packet, if it is one of TCP.
    #[must_use]
    #[inline]
    pub fn tcp(&self) -> Option<Packet<'a>> {
        let segment = (self.ip.protocol == protocol::TCP).then(|| tcp::parse(self.ip.body).ok())??;
        Some(self.packet(Transport::Tcp(segment)))
    }

    /// The packet, if it is one of UDP.
    #[must_use]
    #[inline]
    pub fn udp(&self) -> Option<Packet<'a>> {
        let datagram = (self.ip.protocol == protocol::UDP).then(|| udp::parse(self.ip.body).ok())??;
        (!tunnel::is_udp_port(datagram.dst_port)).then(|| self.packet(Transport::Udp(datagram)))
    }

    #[inline]
    fn packet(&self, transport: Transport<'a>) -> Packet<'a> {
        packet(&self.ip, Path { macs: Some(self.link.macs()), ..Path::default() }, transport)
    }
}

/// Continues with the payload of a packet put together from fragments; it may be a tunnel's in turn.
pub fn decode_reassembled<'a>(
    header: &FragmentHeader,
    payload: &'a [u8],
    anomalies: &mut Anomalies,
) -> Decoded<'a> {
    let ip = Ip {
        src: header.src,
        dst: header.dst,
        hop_limit: header.hop_limit,
        identification: header.identification,
        is_ipv6: header.is_ipv6,
        protocol: header.protocol,
        part: None,
        body: Body::whole(payload),
    };
    let ip = if header.is_ipv6 { ipv6::follow(ip) } else { Ok(ip) };
    let decoded = match ip {
        // Fragments are made once, by the sender (RFC 8200, 4.5).
        Ok(Ip { part: Some(_), .. }) => Err(Anomaly::Ipv6Malformed.into()),
        Ok(ip) => follow(ip, header.path, header.tunnels, anomalies),
        Err(anomaly) => Err(anomaly.into()),
    };
    settle(decoded, anomalies)
}

/// The one place where a refusal is counted.
fn settle<'a>(decoded: Result<Decoded<'a>, Stop>, anomalies: &mut Anomalies) -> Decoded<'a> {
    decoded.unwrap_or_else(|stop| {
        if let Stop::Refused(anomaly) = stop {
            anomalies.count(anomaly);
        }
        Decoded::Nothing
    })
}

/// Takes an IP packet to its transport payload.
fn follow<'a>(ip: Ip<'a>, path: Path, tunnels: u8, anomalies: &mut Anomalies) -> Result<Decoded<'a>, Stop> {
    if ip.part.is_some() {
        return Ok(fragment(&ip, path, tunnels));
    }
    let transport = match ip.protocol {
        protocol::TCP => Transport::Tcp(tcp::parse(ip.body)?),
        protocol::UDP => {
            let datagram = udp::parse(ip.body)?;
            if tunnel::is_udp_port(datagram.dst_port)
                && let Some(decoded) = follow_datagram(&datagram, tunnels, anomalies)?
            {
                return Ok(decoded);
            }
            Transport::Udp(datagram)
        }
        other => match tunnel::in_ip(other, ip.is_ipv6, ip.body) {
            Some(inner) => return enter(inner?, !ip.body.is_cut(), tunnels, anomalies),
            None if other == protocol::ICMPV6 && ip.is_ipv6 && !ip.body.is_cut() => {
                Transport::Icmpv6(ip.body.captured)
            }
            None => Transport::Other(other),
        },
    };
    Ok(Decoded::Packet(packet(&ip, path, transport)))
}

#[inline]
fn packet<'a>(ip: &Ip<'a>, path: Path, transport: Transport<'a>) -> Packet<'a> {
    Packet {
        path,
        src: ip.src,
        dst: ip.dst,
        ip_id: if ip.is_ipv6 { 0 } else { ip.identification },
        hop_limit: ip.hop_limit,
        transport,
    }
}

#[cold]
fn fragment<'a>(ip: &Ip<'a>, path: Path, tunnels: u8) -> Decoded<'a> {
    let part = ip.part.unwrap_or_default();
    Decoded::Fragment(Fragment {
        header: FragmentHeader {
            path,
            src: ip.src,
            dst: ip.dst,
            protocol: ip.protocol,
            identification: ip.identification,
            hop_limit: ip.hop_limit,
            is_ipv6: ip.is_ipv6,
            tunnels,
        },
        offset: part.offset,
        more: part.more,
        payload: ip.body.captured,
    })
}

/// Goes one tunnel deeper, to the packet inside and the path that begins there.
#[cold]
fn enter<'a>(
    inner: Inner<'a>,
    carrier_is_whole: bool,
    tunnels: u8,
    anomalies: &mut Anomalies,
) -> Result<Decoded<'a>, Stop> {
    if tunnels >= MAX_TUNNELS {
        return Err(Anomaly::NestingTooDeep.into());
    }
    let mut path = Path { tunnel: Some(inner.tunnel), ..Path::default() };
    let network = ethernet::follow(inner.ether_type, inner.bytes, &mut path, anomalies);
    if let Ok(Network::Arp(bytes)) = network {
        return match arp(path, bytes) {
            Decoded::Nothing => Err(Stop::NotIp),
            decoded => Ok(decoded),
        };
    }
    match network.and_then(Network::parse) {
        // Nothing was cut off the carrier, so what is missing inside never was there.
        Ok(ip) if carrier_is_whole && ip.body.is_cut() => Err(Anomaly::TunnelMalformed.into()),
        Err(Stop::Refused(Anomaly::PacketTruncated | Anomaly::LinkTruncated)) if carrier_is_whole => {
            Err(Anomaly::TunnelMalformed.into())
        }
        ip => follow(ip?, path, tunnels + 1, anomalies),
    }
}

/// Follows a datagram that may be a tunnel's. If what is inside does not check out down to the transport, it was
/// none, and `None` leaves the datagram to be what any other is, with nothing counted.
#[cold]
fn follow_datagram<'a>(
    datagram: &Datagram<'a>,
    tunnels: u8,
    anomalies: &mut Anomalies,
) -> Result<Option<Decoded<'a>>, Stop> {
    let Some(inner) = tunnel::in_udp(datagram) else { return Ok(None) };
    let is_whole = datagram.payload.len() == datagram.payload_len as usize;
    let mut noted = Anomalies::default();
    match enter(inner, is_whole, tunnels, &mut noted) {
        Ok(decoded) => {
            anomalies.merge(&noted);
            Ok(Some(decoded))
        }
        Err(stop @ Stop::Refused(Anomaly::NestingTooDeep)) => Err(stop),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::*;
    use crate::wire::path::{Tunnel, TunnelKind, Vlans};
    use crate::wire::testing::{FRAMES, TCP4, UDP4, hex};

    const HEADER: FragmentHeader = FragmentHeader {
        path: Path { tunnel: Some(Tunnel { kind: TunnelKind::Gre, id: 5 }), vlans: Vlans::NONE, macs: None },
        src: [1; 16],
        dst: [2; 16],
        protocol: protocol::UDP,
        identification: 7,
        hop_limit: 64,
        is_ipv6: false,
        tunnels: 1,
    };

    fn reassembled(header: FragmentHeader, payload: &[&str]) -> (Decoded<'static>, Vec<(Anomaly, u64)>) {
        let mut anomalies = Anomalies::default();
        let decoded = decode_reassembled(&header, hex(payload).leak(), &mut anomalies);
        (decoded, anomalies.iter().collect())
    }

    #[test]
    fn a_reassembled_packet_is_read_on() {
        let (decoded, anomalies) = reassembled(HEADER, &["1ae1c8d5000a0000 6869"]);
        let datagram = Datagram { src_port: 6881, dst_port: 51413, payload: b"hi", payload_len: 2 };
        let packet = Packet {
            path: HEADER.path,
            src: [1; 16],
            dst: [2; 16],
            ip_id: 7,
            hop_limit: 64,
            transport: Transport::Udp(datagram),
        };
        assert_eq!((decoded, anomalies), (Decoded::Packet(packet), vec![]));
    }

    #[test]
    fn extension_headers_may_be_inside() {
        let header = FragmentHeader { protocol: protocol::DESTINATION_OPTIONS, is_ipv6: true, ..HEADER };
        let (decoded, _) = reassembled(header, &["1100010400000000 1ae1c8d5000a0000 6869"]);
        assert!(matches!(decoded, Decoded::Packet(Packet { ip_id: 0, transport: Transport::Udp(_), .. })));
        let again = reassembled(header, &["2c00010400000000 1100000100000001 1ae1c8d5000a0000"]);
        assert_eq!(again, (Decoded::Nothing, vec![(Anomaly::Ipv6Malformed, 1)]));
    }

    #[test]
    fn a_tunnel_may_be_inside_and_counts_as_one_more() {
        let header = FragmentHeader { protocol: protocol::IPV4, ..HEADER };
        let (decoded, anomalies) = reassembled(header, &[TCP4]);
        let Decoded::Packet(Packet { path, .. }) = decoded else { panic!("{decoded:?}") };
        assert_eq!(path.tunnel, Some(Tunnel { kind: TunnelKind::Ipip, id: 0 }));
        assert_eq!(anomalies, []);
        let too_deep = reassembled(FragmentHeader { tunnels: MAX_TUNNELS, ..header }, &[UDP4]);
        assert_eq!(too_deep, (Decoded::Nothing, vec![(Anomaly::NestingTooDeep, 1)]));
    }

    /// Decodes, and checks what must hold for every frame.
    fn check(link: LinkType, frame: &[u8]) -> Result<(), TestCaseError> {
        let mut anomalies = Anomalies::default();
        let decoded = decode(link, frame, &mut anomalies);
        let counted: u64 = anomalies.iter().map(|(_, count)| count).sum();
        let most = u64::from(MAX_TUNNELS) + 2;
        prop_assert!(counted <= most, "a note for each nested link layer and a refusal: {:?}", anomalies);
        if let Decoded::Packet(packet) = decoded {
            let (captured, claimed) = match packet.transport {
                Transport::Tcp(segment) => (segment.payload.len(), segment.payload_len),
                Transport::Udp(datagram) => (datagram.payload.len(), datagram.payload_len),
                Transport::Icmpv6(_) | Transport::Other(_) => (0, 0),
            };
            prop_assert!(captured <= claimed as usize);
        }
        if let Some(packet) = Plain::parse(link, frame).and_then(|plain| plain.tcp().or_else(|| plain.udp()))
        {
            let mut none = Anomalies::default();
            prop_assert_eq!(decode(link, frame, &mut none), Decoded::Packet(packet));
            prop_assert_eq!(none, Anomalies::default());
        }
        Ok(())
    }

    #[test]
    fn every_frame_decodes_and_every_prefix_of_it_is_survived() {
        for (link, parts) in FRAMES {
            let frame = hex(parts);
            let mut anomalies = Anomalies::default();
            assert_ne!(decode(*link, &frame, &mut anomalies), Decoded::Nothing, "{parts:?}");
            assert_eq!(anomalies, Anomalies::default(), "{parts:?}");
            for cut in 0..frame.len() {
                check(*link, &frame[..cut]).unwrap();
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(dlt in 0..300_u16, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            check(LinkType::from_dlt(dlt), &bytes)?;
        }

        #[test]
        fn bent_frames_are_survived(
            (link, parts) in select(FRAMES),
            bends in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
            tail in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let mut frame = hex(parts);
            for (at, byte) in bends {
                *at.get_mut(&mut frame) = byte;
            }
            frame.extend(tail);
            check(link, &frame)?;
        }

        #[test]
        fn any_reassembled_payload_is_survived(
            protocol: u8,
            is_ipv6: bool,
            bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let header = FragmentHeader { protocol, is_ipv6, ..HEADER };
            decode_reassembled(&header, &bytes, &mut Anomalies::default());
        }
    }
}
