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
    let (header, after) = packet.split_first_chunk::<40>().ok_or(Anomaly::FrameSnapped)?;
    let (&[version, _, _, _, len_high, len_low, next, hop_limit], addresses) =
        header.split_first_chunk().ok_or(Anomaly::FrameSnapped)?;
    let (&src, dst) = addresses.split_first_chunk().ok_or(Anomaly::FrameSnapped)?;
    let (&dst, _) = dst.split_first_chunk().ok_or(Anomaly::FrameSnapped)?;
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
