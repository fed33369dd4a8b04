//! IPv4, RFC 791.
//!
//! ```text
//!  0 version:4 IHL:4   1 TOS   2 total length:16   4 identification:16   6 0:1 DF:1 MF:1 offset:13
//!  8 TTL   9 protocol   10 checksum:16   12 source[4]   16 destination[4]   20 options
//! ```
//! The checksum is not verified: network cards compute it after a capture on the sending host was taken.

use super::ip::{Body, Ip, Part};
use crate::anomaly::Anomaly;

const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET: u16 = 0x1fff;

/// Reads the header and cuts off the link's padding.
#[inline]
pub(super) fn parse(packet: &[u8]) -> Result<Ip<'_>, Anomaly> {
    let (header, after) = packet.split_first_chunk().ok_or(Anomaly::PacketTruncated)?;
    let &[
        version_ihl,
        _,
        len_high,
        len_low,
        id_high,
        id_low,
        part_high,
        part_low,
        hop_limit,
        protocol,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ]: &[u8; 20] = header;
    // Put together here, where the bytes are read: further on, each would be fetched by itself.
    let total_len = u16::from_be_bytes([len_high, len_low]);
    let part_field = u16::from_be_bytes([part_high, part_low]);
    let options_len = match version_ihl {
        0x45 => 0,
        0x46..=0x4f => u16::from(version_ihl & 0x0f) * 4 - 20,
        _ => return Err(Anomaly::Ipv4Malformed),
    };
    let body = if total_len == 0 {
        // Captured on its way to a card that cuts it into segments: longer than the field can say.
        Body::whole(after.get(usize::from(options_len)..).ok_or(Anomaly::PacketTruncated)?)
    } else {
        let len = total_len.checked_sub(20 + options_len).ok_or(Anomaly::Ipv4Malformed)?;
        Body::of(after.get(usize::from(options_len)..).ok_or(Anomaly::PacketTruncated)?, len)
    };
    let part = if part_field & (MORE_FRAGMENTS | OFFSET) == 0 {
        None
    } else {
        let part =
            Part { offset: u32::from(part_field & OFFSET) * 8, more: part_field & MORE_FRAGMENTS != 0 };
        part.check(body, Anomaly::Ipv4Malformed)?;
        Some(part)
    };
    Ok(Ip {
        src: mapped([s0, s1, s2, s3]),
        dst: mapped([d0, d1, d2, d3]),
        hop_limit,
        identification: u32::from(u16::from_be_bytes([id_high, id_low])),
        is_ipv6: false,
        protocol,
        part,
        body,
    })
}

/// The address in the form in which both versions are kept (RFC 4291, 2.5.5.2).
#[inline]
fn mapped(address: [u8; 4]) -> [u8; 16] {
    (0xffff << 80 | u128::from(u32::from_le_bytes(address)) << 96).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode::{Decoded, Fragment, Transport};
    use crate::wire::link::LinkType::Ipv4;
    use crate::wire::testing::{assert_nothing, decoded, packet, path};

    const ENDS: &str = "0a000001 c0000201";
    const TCP: &str = "1ae1c8d5 00000001 00000002 5018020095a50000 6869";

    #[test]
    fn options_are_skipped() {
        path(Ipv4, &["4600002e12344000 40060000", ENDS, "94040000", TCP]);
    }

    #[test]
    fn a_length_of_zero_means_all_of_it() {
        path(Ipv4, &["4500000012344000 40060000", ENDS, TCP]);
    }

    #[test]
    fn other_protocols_are_named() {
        let icmp = packet(Ipv4, &["4500001c12340000 40010000", ENDS, "0800000000000000"]);
        assert_eq!(icmp.transport, Transport::Other(1));
    }

    #[test]
    fn the_first_fragment_is_one_too() {
        for (field, offset, more) in [("2000", 0, true), ("2003", 24, true), ("1fff", 65_528, false)] {
            let (decoded, anomalies) =
                decoded(Ipv4, &["4500001c0007", field, "40110000", ENDS, "0001000200300000"]);
            let Decoded::Fragment(Fragment { header, offset: at, more: m, payload }) = decoded else {
                panic!("{decoded:?}");
            };
            assert_eq!((at, m, payload), (offset, more, &[0, 1, 0, 2, 0, 0x30, 0, 0][..]));
            assert_eq!((header.identification, header.protocol, header.is_ipv6), (7, 17, false));
            assert_eq!(anomalies, []);
        }
    }

    #[test]
    fn a_fragment_must_leave_the_next_a_place_and_be_whole() {
        let head = "4500001d00072000 40110000";
        assert_nothing(Ipv4, &[head, ENDS, "000100020030000000"], Some(Anomaly::Ipv4Malformed));
        let head = "4500002400072000 40110000";
        assert_nothing(Ipv4, &[head, ENDS, "0001000200300000"], Some(Anomaly::PacketTruncated));
    }

    #[test]
    fn headers_that_contradict_themselves_are_refused() {
        for head in ["5500002a", "4400002a", "45000013", "46000017"] {
            let anomaly = Some(Anomaly::Ipv4Malformed);
            assert_nothing(Ipv4, &[head, "12344000 40060000", ENDS, "94040000", TCP], anomaly);
        }
    }

    #[test]
    fn cut_headers_are_refused_as_truncated() {
        assert_nothing(Ipv4, &["4500002a12344000 4006"], Some(Anomaly::PacketTruncated));
        assert_nothing(Ipv4, &["4600002e12344000 40060000", ENDS, "9404"], Some(Anomaly::PacketTruncated));
    }
}
