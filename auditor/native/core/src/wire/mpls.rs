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

#[cfg(test)]
mod tests {
    use crate::anomaly::Anomaly;
    use crate::wire::link::LinkType::Ethernet;
    use crate::wire::path::Path;
    use crate::wire::testing::{
        ETHERNET, INNER_ETHERNET, INNER_MACS, MACS, TCP4, TCP6, assert_nothing, path, vlans,
    };

    #[test]
    fn ip_below_the_stack_is_read() {
        let plain = Path { macs: MACS, ..Path::default() };
        assert_eq!(path(Ethernet, &[ETHERNET, "8847 00064000 000c8100", TCP4]), plain);
        assert_eq!(path(Ethernet, &[ETHERNET, "8848 00064140", TCP6]), plain);
    }

    #[test]
    fn a_pseudowire_has_tags_and_addresses_of_its_own() {
        let inner = path(
            Ethernet,
            &[ETHERNET, "8100 0064 8847 00064100 00000000", INNER_ETHERNET, "8100 0007 0800", TCP4],
        );
        assert_eq!((vlans(inner), inner.macs), (vec![7], INNER_MACS));
    }

    #[test]
    fn what_is_neither_is_no_anomaly() {
        assert_nothing(Ethernet, &[ETHERNET, "8847 00064100 10000007 00"], None);
    }

    #[test]
    fn endless_and_cut_stacks_are_refused() {
        let labels = "00064000".repeat(9);
        assert_nothing(Ethernet, &[ETHERNET, "8847", &labels, TCP4], Some(Anomaly::NestingTooDeep));
        assert_nothing(Ethernet, &[ETHERNET, "8847 00064000 0006"], Some(Anomaly::LinkTruncated));
        assert_nothing(Ethernet, &[ETHERNET, "8847 00064100"], Some(Anomaly::LinkTruncated));
        assert_nothing(Ethernet, &[ETHERNET, "8847 00064100 0000"], Some(Anomaly::LinkTruncated));
    }
}
