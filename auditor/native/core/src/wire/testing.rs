//! Packets for this folder's tests, and what decoding them must give.

use super::decode::{Datagram, Decoded, Packet, Segment, Transport, decode};
use super::link::LinkType;
use super::path::{Macs, Path, Tunnel, TunnelKind};
use crate::anomaly::{Anomalies, Anomaly};

/// IPv4, 10.0.0.1 to 192.0.2.1, TCP 6881 to 51413, "hi".
pub(super) const TCP4: &str =
    "4500002a12344000 40065c98 0a000001 c0000201 1ae1c8d5 00000001 00000002 5018020095a50000 6869";
/// The same in IPv6, `2001:db8::1` to `2001:db8::2`.
pub(super) const TCP6: &str =
    "6000000000160640 20010db8000000000000000000000001 20010db8000000000000000000000002
    1ae1c8d5 00000001 00000002 5018020006330000 6869";
/// [`TCP4`] in UDP.
pub(super) const UDP4: &str = "4500001e12340000 40119c99 0a000001 c0000201 1ae1c8d5000ae7b7 6869";
/// An Ethernet header up to its type.
pub(super) const ETHERNET: &str = "020000000002 020000000001";
/// What [`ETHERNET`] leaves in a path.
pub(super) const MACS: Option<Macs> = Some(Macs::new([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]));
/// The header of a frame inside a tunnel, up to its type.
pub(super) const INNER_ETHERNET: &str = "02000000000b 02000000000a";
/// What [`INNER_ETHERNET`] leaves in a path.
pub(super) const INNER_MACS: Option<Macs> = Some(Macs::new([2, 0, 0, 0, 0, 0x0b, 2, 0, 0, 0, 0, 0x0a]));

/// The bytes of hex strings, spaces left out.
pub(super) fn hex(parts: &[&str]) -> Vec<u8> {
    let digits: Vec<u8> = parts
        .concat()
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|digit| digit.try_into().unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The first `len` bytes, as hex again.
pub(super) fn prefix(parts: &[&str], len: usize) -> String {
    parts.concat().split_whitespace().collect::<String>()[..2 * len].into()
}

/// Decodes one frame; what comes out, and what was counted. The frame is leaked, which a test can afford.
pub(super) fn decoded(link: LinkType, parts: &[&str]) -> (Decoded<'static>, Vec<(Anomaly, u64)>) {
    let mut anomalies = Anomalies::default();
    let decoded = decode(link, hex(parts).leak(), &mut anomalies);
    (decoded, anomalies.iter().collect())
}

/// The packet of a frame in which nothing is amiss.
pub(super) fn packet(link: LinkType, parts: &[&str]) -> Packet<'static> {
    match decoded(link, parts) {
        (Decoded::Packet(packet), anomalies) if anomalies.is_empty() => packet,
        other => panic!("no faultless packet: {other:?}"),
    }
}

/// The path of a frame that carries one of the packets above, unharmed.
pub(super) fn path(link: LinkType, parts: &[&str]) -> Path {
    let packet = packet(link, parts);
    let (src_port, dst_port, payload, payload_len) = match packet.transport {
        Transport::Tcp(Segment { src_port, dst_port, seq: 1, ack: 2, payload, payload_len, .. })
        | Transport::Udp(Datagram { src_port, dst_port, payload, payload_len }) => {
            (src_port, dst_port, payload, payload_len)
        }
        other => panic!("another packet: {other:?}"),
    };
    assert_eq!((src_port, dst_port, payload, payload_len), (6881, 51413, &b"hi"[..], 2));
    let v4 = |last: [u8; 4]| [&[0; 10][..], &[0xff, 0xff], &last].concat();
    let v6 = |last| [&[0x20, 0x01, 0x0d, 0xb8][..], &[0; 11], &[last]].concat();
    if packet.ip_id == 0x1234 {
        assert_eq!([packet.src.to_vec(), packet.dst.to_vec()], [v4([10, 0, 0, 1]), v4([192, 0, 2, 1])]);
    } else {
        assert_eq!((packet.ip_id, [packet.src.to_vec(), packet.dst.to_vec()]), (0, [v6(1), v6(2)]));
    }
    assert_eq!(packet.hop_limit, 64);
    packet.path
}

/// The VLANs of a path.
pub(super) fn vlans(path: Path) -> Vec<u16> {
    path.vlans.iter().collect()
}

/// A path with nothing but a tunnel and, inside it, an Ethernet header.
pub(super) fn tunnel(kind: TunnelKind, id: u32, macs: Option<Macs>) -> Path {
    Path { tunnel: Some(Tunnel { kind, id }), macs, ..Path::default() }
}

/// Asserts that a frame gives nothing, and what is counted for it.
pub(super) fn assert_nothing(link: LinkType, parts: &[&str], expected: Option<Anomaly>) {
    let expected: Vec<_> = expected.into_iter().map(|anomaly| (anomaly, 1)).collect();
    assert_eq!(decoded(link, parts), (Decoded::Nothing, expected), "{parts:?}");
}

/// A frame of each kind, to be cut and bent.
pub(super) const FRAMES: &[(LinkType, &[&str])] = &[
    (LinkType::Ethernet, &[ETHERNET, "0800", TCP4]),
    (LinkType::Ethernet, &[ETHERNET, "0800", UDP4]),
    (LinkType::Ethernet, &[ETHERNET, "86dd", TCP6]),
    (LinkType::Ethernet, &[ETHERNET, "88a8 0064 8100 000a 0800", TCP4]),
    (
        LinkType::Ethernet,
        &[ETHERNET, "0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"],
    ),
    (LinkType::Ethernet, &[ETHERNET, "0032 aaaa03 000000 0800", TCP4]),
    (LinkType::Ethernet, &[ETHERNET, "8847 00064100 00000000", INNER_ETHERNET, "0800", TCP4]),
    (LinkType::Ethernet, &[ETHERNET, "8864 11 00 0007 002c 0021", TCP4]),
    (LinkType::LinuxSll, &["0000 0001 0006 0200000000010000 0800", TCP4]),
    (LinkType::LinuxSll2, &["86dd 0000 00000003 0001 00 06 0200000000010000", TCP6]),
    (LinkType::Null, &["1e000000", TCP6]),
    (LinkType::Ppp, &["ff03 0021", TCP4]),
    (
        LinkType::Ipv4,
        &[
            "4600002e12344000 40060000 0a000001 c0000201 94040000",
            "1ae1c8d5 00000001 00000002 5018020000000000 6869",
        ],
    ),
    (LinkType::Ipv4, &["4500001c00072000 40110000 0a000001 c0000201 0001000200300000"]),
    (
        LinkType::Ipv6,
        &[
            "6000000000103c40 20010db8000000000000000000000001 20010db8000000000000000000000002 2c00010400000000 1100001101020304",
        ],
    ),
    (LinkType::Raw, &["4500003e00010000 40040000 c6336401 c6336402", TCP4]),
    (
        LinkType::Raw,
        &["4500006200010000 402f0000 c6336401 c6336402 b00086dd c5490000 deadbeef 00000007", TCP6],
    ),
    (
        LinkType::Raw,
        &[
            "4500006000010000 402f0000 c6336401 c6336402 100022eb 00000009 20070155 00000000 00000000",
            INNER_ETHERNET,
            "0800",
            TCP4,
        ],
    ),
    (
        LinkType::Raw,
        &["4500005200010000 402f0000 c6336401 c6336402 3081880b 002e0005 00000001 00000000 ff03 0021", TCP4],
    ),
    (
        LinkType::Raw,
        &[
            "4500005c00010000 40110000 c6336401 c6336402 c35012b5 00480000 0800000012345600",
            INNER_ETHERNET,
            "0800",
            TCP4,
        ],
    ),
    (
        LinkType::Raw,
        &[
            "4500005600010000 40110000 c6336401 c6336402 c35017c1 00420000 0240080012345600 0108810161626364",
            TCP4,
        ],
    ),
    (
        LinkType::Raw,
        &[
            "4500005600010000 40110000 c6336401 c6336402 08680868 00420000 34ff003211223344 00000085 01000900",
            TCP4,
        ],
    ),
];
