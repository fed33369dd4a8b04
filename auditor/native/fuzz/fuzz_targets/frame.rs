//! Any frame of any link type is a packet, a fragment or nothing; a packet's payload is never longer than it says,
//! and a refusal is counted once, beside at most one note for the link layer of each of the nested frames. What the short
//! way reads, the thorough one reads alike.
#![no_main]

use auditor_core::anomaly::Anomalies;
use auditor_core::wire::decode::{Decoded, Plain, Transport, decode, decode_reassembled};
use auditor_core::wire::link::LinkType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&dlt, frame)) = input.split_first_chunk() else { return };
    let mut anomalies = Anomalies::default();
    let link = LinkType::from_dlt(u16::from_be_bytes(dlt));
    let decoded = decode(link, frame, &mut anomalies);
    check(&decoded, &anomalies);
    let plain = Plain::parse(link, frame).and_then(|plain| plain.tcp().or_else(|| plain.udp()));
    assert!(plain.is_none_or(|packet| Decoded::Packet(packet) == decoded));
    if let Decoded::Fragment(fragment) = decoded {
        assert!(fragment.payload.len() <= frame.len());
        let mut anomalies = Anomalies::default();
        check(&decode_reassembled(&fragment.header, fragment.payload, &mut anomalies), &anomalies);
    }
});

/// The frame itself and what four tunnels may carry.
const LINK_LAYERS: u64 = 5;

fn check(decoded: &Decoded<'_>, anomalies: &Anomalies) {
    let counted: u64 = anomalies.iter().map(|(_, count)| count).sum();
    assert!(counted <= LINK_LAYERS + u64::from(*decoded == Decoded::Nothing));
    if let Decoded::Packet(packet) = decoded {
        match packet.transport {
            Transport::Tcp(segment) => assert!(segment.payload.len() <= segment.payload_len as usize),
            Transport::Udp(datagram) => assert!(datagram.payload.len() <= datagram.payload_len as usize),
            Transport::Icmpv6(_) | Transport::Other(_) => {}
        }
    }
}
