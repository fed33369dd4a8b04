//! MPLS label stacks, RFC 3032: `label:20 TC:3 S:1 TTL:8` each, S set on the last; what follows names no type.

use super::ethernet::ether_type;
use super::ip::Stop;
use crate::anomaly::Anomaly;

/// Deepest label stack that is followed; networks in use stay below six.
const MAX_LABELS: usize = 8;

/// Skips the stack and tells what is below it, as an EtherType and its bytes.
///
/// The first nibble decides, as in routers (RFC 4928): 4 and 6 are IP, 0 is the control word of an Ethernet
/// pseudowire (RFC 4448). Labels differ between the two directions of a path, so none is kept.
pub(super) fn parse(mut bytes: &[u8]) -> Result<(u16, &[u8]), Stop> {
    for _ in 0..MAX_LABELS {
        let (&[_, _, bottom, _], below) = bytes.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
        bytes = below;
        if bottom & 1 == 0 {
            continue;
        }
        return match bytes.first().ok_or(Anomaly::LinkTruncated)? >> 4 {
            4 => Ok((ether_type::IPV4, bytes)),
            6 => Ok((ether_type::IPV6, bytes)),
            0 => {
                let (_, frame) = bytes.split_first_chunk::<4>().ok_or(Anomaly::LinkTruncated)?;
                Ok((ether_type::ETHERNET, frame))
            }
            _ => Err(Stop::NotIp),
        };
    }
    Err(Anomaly::NestingTooDeep.into())
}
