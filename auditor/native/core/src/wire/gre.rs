//! GRE and what mirror ports send in it.
//!
//! ```text
//! GRE, RFC 2784 and 2890:   C:1 R:1 K:1 S:1 s:1 0:8 version:3, protocol:16, [checksum:16 0:16] [key:32] [sequence:32]
//! PPTP, RFC 2637 4.1:       version 1, K set; key is length:16 call:16; A (0x0080) adds an acknowledgement
//! ERSPAN, draft-foschiano-erspan:
//!   I    0x88be, no sequence     no header
//!   II   0x88be, sequence        1:4 VLAN:12 COS:3 En:2 T:1 session:10, 0:12 index:20
//!   III  0x22eb                  2:4 VLAN:12 COS:3 BSO:2 T:1 session:10, timestamp:32, SGT:16 P:1 FT:5 Hw:6 D:1 Gra:2 O:1,
//!                                8 bytes more where O is set
//! ```

use super::ethernet::ether_type;
use super::ip::{Body, Stop};
use super::path::{Tunnel, TunnelKind};
use super::tunnel::Inner;
use crate::anomaly::Anomaly;

const CHECKSUM: u16 = 0x8000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
/// Version 1 only.
const ACKNOWLEDGEMENT: u16 = 0x0080;
/// Source routes and recursion control: a receiver of today must discard them (RFC 2784, 2.3).
const OBSOLETE: u16 = 0x4f00;
const VERSION: u16 = 0x0007;

const ERSPAN_1_2: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;

/// Reads the header of either version and what mirroring put behind it.
pub(super) fn parse(body: Body<'_>) -> Result<Inner<'_>, Stop> {
    const MALFORMED: Anomaly = Anomaly::TunnelMalformed;
    let (&[flags_high, flags_low, type_high, type_low], mut rest) = body.header(MALFORMED)?;
    let flags = u16::from_be_bytes([flags_high, flags_low]);
    let protocol = u16::from_be_bytes([type_high, type_low]);
    let has = |flag| flags & flag != 0;
    if has(OBSOLETE) {
        return Err(MALFORMED.into());
    }
    if has(CHECKSUM) {
        rest = rest.skip(4, MALFORMED)?;
    }
    let mut key = 0;
    if has(KEY) {
        let (&bytes, after) = rest.header(MALFORMED)?;
        (key, rest) = (u32::from_be_bytes(bytes), after);
    }
    if has(SEQUENCE) {
        rest = rest.skip(4, MALFORMED)?;
    }
    match (flags & VERSION, protocol) {
        (0, ERSPAN_1_2) if has(SEQUENCE) => erspan_2(rest),
        (0, ERSPAN_1_2) => Ok(erspan(0, ether_type::ETHERNET, rest)),
        (0, ERSPAN_3) => erspan_3(rest),
        (0, _) => Ok(Inner {
            tunnel: Tunnel { kind: TunnelKind::Gre, id: key },
            ether_type: protocol,
            bytes: rest.captured,
        }),
        (1, ether_type::PPP) if has(KEY) && !has(CHECKSUM) => {
            if has(ACKNOWLEDGEMENT) {
                rest = rest.skip(4, MALFORMED)?;
            }
            if !has(SEQUENCE) {
                return Err(Stop::NotIp); // an acknowledgement alone
            }
            // The key names a call, and each end its own: no part of it is the same in both directions.
            let tunnel = Tunnel { kind: TunnelKind::Gre, id: 0 };
            Ok(Inner { tunnel, ether_type: ether_type::PPP, bytes: rest.captured })
        }
        _ => Err(MALFORMED.into()),
    }
}

fn erspan_2(body: Body<'_>) -> Result<Inner<'_>, Stop> {
    let (&[version, _, session_high, session_low, _, _, _, _], frame) =
        body.header(Anomaly::TunnelMalformed)?;
    if version >> 4 != 1 {
        return Err(Anomaly::TunnelMalformed.into());
    }
    Ok(erspan(session(session_high, session_low), ether_type::ETHERNET, frame))
}

fn erspan_3(body: Body<'_>) -> Result<Inner<'_>, Stop> {
    const FRAME_TYPE_IP: u8 = 2;
    let (&[version, _, session_high, session_low, _, _, _, _, _, _, kind, last], mut rest) =
        body.header(Anomaly::TunnelMalformed)?;
    if version >> 4 != 2 {
        return Err(Anomaly::TunnelMalformed.into());
    }
    if last & 1 != 0 {
        rest = rest.skip(8, Anomaly::TunnelMalformed)?;
    }
    let ether_type = match ((kind >> 2) & 0x1f, rest.captured.first().map(|byte| byte >> 4)) {
        (0, _) => ether_type::ETHERNET,
        (FRAME_TYPE_IP, Some(4)) => ether_type::IPV4,
        (FRAME_TYPE_IP, Some(6)) => ether_type::IPV6,
        _ => return Err(Stop::NotIp),
    };
    Ok(erspan(session(session_high, session_low), ether_type, rest))
}

fn session(high: u8, low: u8) -> u32 {
    u32::from(u16::from_be_bytes([high, low]) & 0x03ff)
}

fn erspan(session: u32, ether_type: u16, body: Body<'_>) -> Inner<'_> {
    let tunnel = Tunnel { kind: TunnelKind::Erspan, id: session };
    Inner { tunnel, ether_type, bytes: body.captured }
}

#[cfg(test)]
mod tests {
    use crate::anomaly::Anomaly;
    use crate::wire::link::LinkType::Ipv4;
    use crate::wire::path::TunnelKind::{Erspan, Gre};
    use crate::wire::testing::{INNER_ETHERNET, INNER_MACS, TCP4, TCP6, assert_nothing, path, tunnel, vlans};

    /// A carrier's IPv4 header; its length of 0 stands for all there is.
    const CARRIER: &str = "4500000000010000402f0000 c6336401 c6336402";

    #[test]
    fn optional_fields_are_skipped_and_the_key_is_kept() {
        assert_eq!(path(Ipv4, &[CARRIER, "0000 0800", TCP4]), tunnel(Gre, 0, None));
        let all = "b000 86dd c5490000 deadbeef 00000007";
        assert_eq!(path(Ipv4, &[CARRIER, all, TCP6]), tunnel(Gre, 0xdead_beef, None));
        assert_eq!(path(Ipv4, &[CARRIER, "3000 0800 00000005 00000007", TCP4]), tunnel(Gre, 5, None));
    }

    #[test]
    fn bridged_frames_bring_their_addresses_and_tags() {
        let bridged = path(Ipv4, &[CARRIER, "0000 6558", INNER_ETHERNET, "8100 0007 0800", TCP4]);
        assert_eq!((vlans(bridged), bridged.macs), (vec![7], INNER_MACS));
        let labelled = path(Ipv4, &[CARRIER, "0000 8847 00064140", TCP4]);
        assert_eq!(labelled, tunnel(Gre, 0, None));
    }

    #[test]
    fn mirrored_frames_are_read_in_all_three_types() {
        for (head, session) in [
            ("0000 88be", 0),
            ("1000 88be 00000009 1007 0155 00000000", 0x155),
            ("1000 22eb 00000009 2007 0155 00000000 0000 0000", 0x155),
            ("1000 22eb 00000009 2007 0155 00000000 0000 0001 0000000000000000", 0x155),
        ] {
            let mirrored = path(Ipv4, &[CARRIER, head, INNER_ETHERNET, "0800", TCP4]);
            assert_eq!(mirrored, tunnel(Erspan, session, INNER_MACS), "{head}");
        }
        let ip = path(Ipv4, &[CARRIER, "1000 22eb 00000009 2007 0155 00000000 0000 0800", TCP6]);
        assert_eq!(ip, tunnel(Erspan, 0x155, None));
    }

    #[test]
    fn point_to_point_tunnels_have_no_identifier_in_common() {
        let head = "3081 880b 002e 0005 00000001 00000000 ff03 0021";
        assert_eq!(path(Ipv4, &[CARRIER, head, TCP4]), tunnel(Gre, 0, None));
        assert_eq!(path(Ipv4, &[CARRIER, "3001 880b 002c 0005 00000001 21", TCP4]), tunnel(Gre, 0, None));
        assert_nothing(Ipv4, &[CARRIER, "2081 880b 0000 0005 00000001"], None);
    }

    #[test]
    fn keepalives_are_no_anomaly() {
        assert_nothing(Ipv4, &[CARRIER, "0000 0000"], None);
    }

    #[test]
    fn headers_that_contradict_themselves_are_refused() {
        let anomaly = Some(Anomaly::TunnelMalformed);
        for head in [
            "4000 0800",
            "0002 0800",
            "0001 880b",
            "8000 0800 0000",
            "2000 0800 0000",
            "1000 88be 00000009 2007 0155 00000000",
            "1000 22eb 00000009 1007 0155 00000000 0000 0000",
            "0000",
            "0000 0800 4500",
        ] {
            assert_nothing(Ipv4, &[CARRIER, head], anomaly);
        }
    }

    #[test]
    fn a_packet_longer_than_its_carrier_is_refused() {
        let cut = TCP4.strip_suffix("69").unwrap();
        assert_nothing(Ipv4, &[CARRIER, "0000 0800", cut], Some(Anomaly::TunnelMalformed));
    }
}
