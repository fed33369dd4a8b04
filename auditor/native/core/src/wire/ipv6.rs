//! IPv6 and its extension headers, RFC 8200.
//!
//! ```text
//!  0 version:4 class:8 flow:20   4 payload length:16   6 next header   7 hop limit   8 source[16]   24 destination[16]
//!  options, routing, mobility:  next header, length in 8 bytes beyond the first 8, …
//!  authentication (RFC 4302):   next header, length in 4 bytes beyond the first 8, …
//!  fragment:                    next header, 0, offset:13 0:2 M:1, identification:32
//! ```

use super::ip::{Body, Ip, Part, protocol};
use crate::anomaly::Anomaly;

/// Longest chain of extension headers that is followed; each kind should occur once.
const MAX_EXTENSIONS: u8 = 8;

/// Reads the header, cuts off the link's padding, and follows extension headers to the transport.
pub(super) fn parse(packet: &[u8]) -> Result<Ip<'_>, Anomaly> {
    parse_fixed(packet).and_then(follow)
}

/// Reads the header alone.
#[inline]
pub(super) fn parse_fixed(packet: &[u8]) -> Result<Ip<'_>, Anomaly> {
    let (header, after) = packet.split_first_chunk::<40>().ok_or(Anomaly::PacketTruncated)?;
    let (&[version, _, _, _, len_high, len_low, next, hop_limit], addresses) =
        header.split_first_chunk().ok_or(Anomaly::PacketTruncated)?;
    let (&src, dst) = addresses.split_first_chunk().ok_or(Anomaly::PacketTruncated)?;
    let (&dst, _) = dst.split_first_chunk().ok_or(Anomaly::PacketTruncated)?;
    if version >> 4 != 6 || is_mapped(src) || is_mapped(dst) {
        return Err(Anomaly::Ipv6Malformed);
    }
    let body = match (u16::from_be_bytes([len_high, len_low]), next) {
        // A jumbogram (RFC 2675): no network in use carries them.
        (0, protocol::HOP_BY_HOP) => return Err(Anomaly::Ipv6Malformed),
        // Captured on its way to a card that cuts it into segments: longer than the field can say.
        (0, _) => Body::whole(after),
        (len, _) => Body::of(after, len),
    };
    Ok(Ip { src, dst, hop_limit, identification: 0, is_ipv6: true, protocol: next, part: None, body })
}

/// Follows extension headers until a fragment, or something that is none.
pub(super) fn follow(mut ip: Ip<'_>) -> Result<Ip<'_>, Anomaly> {
    for _ in 0..=MAX_EXTENSIONS {
        let unit = match ip.protocol {
            protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION_OPTIONS | protocol::MOBILITY => {
                8
            }
            protocol::AUTHENTICATION => 4,
            protocol::FRAGMENT => {
                let (&[next, _, part_high, part_low, id0, id1, id2, id3], body) =
                    ip.body.header(Anomaly::Ipv6Malformed)?;
                ip.protocol = next;
                ip.body = body;
                let field = u16::from_be_bytes([part_high, part_low]);
                let part = Part { offset: u32::from(field & 0xfff8), more: field & 1 != 0 };
                if part == (Part { offset: 0, more: false }) {
                    continue; // an atomic fragment is a whole packet (RFC 6946)
                }
                part.check(body, Anomaly::Ipv6Malformed)?;
                ip.identification = u32::from_be_bytes([id0, id1, id2, id3]);
                ip.part = Some(part);
                return Ok(ip);
            }
            _ => return Ok(ip),
        };
        let (&[next, len], _) = ip.body.header(Anomaly::Ipv6Malformed)?;
        ip.body = ip.body.skip(8 + usize::from(len) * unit, Anomaly::Ipv6Malformed)?;
        ip.protocol = next;
    }
    Err(Anomaly::NestingTooDeep)
}

/// Whether an address would pass for an IPv4 host's here. None may be on a wire (RFC 4942, 2.2).
#[inline]
fn is_mapped(address: [u8; 16]) -> bool {
    u128::from_be_bytes(address) >> 32 == 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode::{Decoded, Fragment};
    use crate::wire::link::LinkType::Ipv6;
    use crate::wire::testing::{assert_nothing, decoded, path};

    const ENDS: &str = "20010db8000000000000000000000001 20010db8000000000000000000000002";
    const TCP: &str = "1ae1c8d5 00000001 00000002 5018020006330000 6869";

    #[test]
    fn extension_headers_are_followed() {
        let chain = "3c00010400000000 2b00010400000000 2c00010400000000 0600000000000005";
        path(Ipv6, &["6000000000360040", ENDS, chain, TCP]);
        let long = "3c01 0104 0000000000000000 00000000 0600 010400000000";
        path(Ipv6, &["60000000002e0040", ENDS, long, TCP]);
        let authentication = "0604 0000 00000001 00000002 000000000000000000000000";
        path(Ipv6, &["60000000002e3340", ENDS, authentication, TCP]);
    }

    #[test]
    fn an_atomic_fragment_is_a_whole_packet() {
        path(Ipv6, &["60000000001e2c40", ENDS, "0600 0000 00000005", TCP]);
    }

    #[test]
    fn fragments_are_told_apart_by_their_header() {
        let (decoded, anomalies) =
            decoded(Ipv6, &["6000000000102c40", ENDS, "1100 0011 01020304", "7878787878787878"]);
        let Decoded::Fragment(Fragment { header, offset: 16, more: true, payload: b"xxxxxxxx" }) = decoded
        else {
            panic!("{decoded:?}");
        };
        assert_eq!((header.identification, header.protocol, header.is_ipv6), (0x0102_0304, 17, true));
        assert_eq!(anomalies, []);
        let odd = ["6000000000112c40", ENDS, "1100 0011 01020304", "787878787878787878"];
        assert_nothing(Ipv6, &odd, Some(Anomaly::Ipv6Malformed));
    }

    #[test]
    fn a_length_of_zero_means_all_of_it_but_no_jumbogram() {
        path(Ipv6, &["6000000000000640", ENDS, TCP]);
        let jumbo = "0600 c204 00010000";
        assert_nothing(Ipv6, &["6000000000000040", ENDS, jumbo, TCP], Some(Anomaly::Ipv6Malformed));
    }

    #[test]
    fn chains_are_bounded() {
        let chain =
            |headers: usize| ["3c00010400000000".repeat(headers - 1), "0600010400000000".into()].concat();
        path(Ipv6, &["6000000000563c40", ENDS, &chain(8), TCP]);
        let anomaly = Some(Anomaly::NestingTooDeep);
        assert_nothing(Ipv6, &["60000000005e3c40", ENDS, &chain(9), TCP], anomaly);
    }

    #[test]
    fn an_extension_header_longer_than_the_packet_is_refused() {
        let anomaly = Some(Anomaly::Ipv6Malformed);
        assert_nothing(Ipv6, &["6000000000083c40", ENDS, "0601010400000000", TCP], anomaly);
        assert_nothing(Ipv6, &["6000000000043c40", ENDS, "06000104"], anomaly);
        assert_nothing(Ipv6, &["60000000001e3c40", ENDS, "0602010400000000"], Some(Anomaly::PacketTruncated));
    }

    #[test]
    fn an_address_that_would_pass_for_ipv4_is_refused() {
        let anomaly = Some(Anomaly::Ipv6Malformed);
        let (v6, v4) = ("20010db8000000000000000000000001", "00000000000000000000ffff0a000001");
        assert_nothing(Ipv6, &["6000000000160640", v4, v6, TCP], anomaly);
        assert_nothing(Ipv6, &["6000000000160640", v6, v4, TCP], anomaly);
        assert_nothing(Ipv6, &["4000000000160640", ENDS, TCP], anomaly);
    }
}
