//! PPP and PPPoE down to IP.
//!
//! PPP (RFC 1661, 1662): an optional `ff 03`, then a protocol of two bytes, or of one if that one is odd.
//! PPPoE session (RFC 2516): `0x11 code=0 session:16 length:16`, then PPP without the `ff 03`.

use super::ip::{Network, Stop};
use crate::anomaly::Anomaly;

const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;

/// Reads a PPP frame.
pub(super) fn parse(frame: &[u8]) -> Result<Network<'_>, Stop> {
    let frame = frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame);
    let (protocol, packet) = match *frame {
        [short, ref packet @ ..] if short & 1 == 1 => (u16::from(short), packet),
        [high, low, ref packet @ ..] => (u16::from_be_bytes([high, low]), packet),
        _ => return Err(Anomaly::LinkTruncated.into()),
    };
    match protocol {
        IPV4 => Ok(Network::Ipv4(packet)),
        IPV6 => Ok(Network::Ipv6(packet)),
        _ => Err(Stop::NotIp), // link and address negotiation, or compressed
    }
}

/// Reads a PPPoE session frame, from its version on.
pub(super) fn parse_pppoe(bytes: &[u8]) -> Result<Network<'_>, Stop> {
    let (&[version_type, code, _, _, len_high, len_low], frame) =
        bytes.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
    if (version_type, code) != (0x11, 0) {
        return Err(Stop::NotIp);
    }
    let len = usize::from(u16::from_be_bytes([len_high, len_low]));
    parse(frame.get(..len).unwrap_or(frame))
}

#[cfg(test)]
mod tests {
    use crate::anomaly::Anomaly;
    use crate::wire::link::LinkType::{Ethernet, Ppp, PppoE};
    use crate::wire::path::Path;
    use crate::wire::testing::{ETHERNET, MACS, TCP4, TCP6, assert_nothing, path, vlans};

    #[test]
    fn ppp_is_read_in_all_its_framings() {
        for head in ["ff03 0021", "0021", "21", "ff03 21"] {
            assert_eq!(path(Ppp, &[head, TCP4]), Path::default(), "{head}");
        }
        assert_eq!(path(Ppp, &["0057", TCP6]), Path::default());
    }

    #[test]
    fn a_session_over_ethernet_keeps_its_frame() {
        let session = path(Ethernet, &[ETHERNET, "8100 0007 8864 11 00 0007 002c 0021", TCP4, "0000"]);
        assert_eq!((vlans(session), session.macs), (vec![7], MACS));
        assert_eq!(path(PppoE, &["11 00 0007 002c 0021", TCP4]), Path::default());
    }

    #[test]
    fn negotiation_is_no_anomaly() {
        assert_nothing(Ppp, &["ff03 c021 01 01 0004"], None);
        assert_nothing(PppoE, &["11 a7 0007 0000"], None);
    }

    #[test]
    fn cut_headers_are_refused() {
        for frame in ["", "ff03", "00"] {
            assert_nothing(Ppp, &[frame], Some(Anomaly::LinkTruncated));
        }
        assert_nothing(PppoE, &["11 00 0007 00"], Some(Anomaly::LinkTruncated));
    }
}
