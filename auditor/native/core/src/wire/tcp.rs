//! TCP headers, RFC 9293, 3.1.
//!
//! ```text
//!  0 source port:16   2 destination port:16   4 sequence:32   8 acknowledgement:32
//! 12 data offset:4 0:4   13 flags   14 window:16   16 checksum:16   18 urgent:16   20 options
//! ```
//! The checksum is not verified: network cards compute it after a capture on the sending host was taken.

use super::ip::Body;
use crate::anomaly::Anomaly;

/// One TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The sender's port.
    pub src_port: u16,
    /// The receiver's port.
    pub dst_port: u16,
    /// Sequence number of the first payload byte, or of the SYN.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Control flags.
    pub flags: Flags,
    /// As much of the payload as was captured.
    pub payload: &'a [u8],
    /// Payload bytes on the wire, as the IP header claims; more than captured where a snap length cut the frame.
    pub payload_len: u32,
}

/// The control flags of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// The sender will send nothing more.
    #[must_use]
    pub const fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// The sequence number is the sender's first.
    #[must_use]
    pub const fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// The sender knows of no such flow, or breaks it off.
    #[must_use]
    pub const fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// The acknowledgement number counts.
    #[must_use]
    pub const fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// Reads a segment, from a header that may have lost its options to a snap length.
#[inline]
pub(super) fn parse(body: Body<'_>) -> Result<Segment<'_>, Anomaly> {
    // Up to the flags is enough to place a segment; the fixed header's length is checked against the wire's.
    let (&[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags], _) =
        body.header(Anomaly::TcpMalformed)?;
    let header_len = u32::from(offset >> 4) * 4;
    if header_len < 20 {
        return Err(Anomaly::TcpMalformed);
    }
    Ok(Segment {
        src_port: u16::from_be_bytes([s0, s1]),
        dst_port: u16::from_be_bytes([d0, d1]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: Flags(flags),
        payload: body.captured.get(header_len as usize..).unwrap_or_default(),
        payload_len: body.wire_len.checked_sub(header_len).ok_or(Anomaly::TcpMalformed)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode::{Decoded, Transport};
    use crate::wire::link::LinkType::Ipv4;
    use crate::wire::testing::{assert_nothing, decoded, packet, prefix};

    const HEAD: &str = "450000361234400040060000 0a000001 c0000201";
    const SEGMENT: &str = "1ae1c8d5 fffffffe 00000002 8012020000000000 0101080a0000000100000002 6869";

    #[test]
    fn options_are_skipped_and_flags_read() {
        let Transport::Tcp(segment) = packet(Ipv4, &[HEAD, SEGMENT]).transport else { panic!() };
        assert_eq!((segment.seq, segment.payload, segment.payload_len), (0xffff_fffe, &b"hi"[..], 2));
        let Flags(bits) = segment.flags;
        assert_eq!(bits, 0x12);
        assert!(segment.flags.syn() && segment.flags.ack());
        assert!(!segment.flags.fin() && !segment.flags.rst());
        assert!(Flags(0x01).fin() && Flags(0x04).rst());
    }

    #[test]
    fn a_snapped_segment_keeps_what_its_header_says() {
        for kept in 14..34 {
            let (Decoded::Packet(packet), anomalies) = decoded(Ipv4, &[&prefix(&[HEAD, SEGMENT], 20 + kept)])
            else {
                panic!("{kept}")
            };
            let Transport::Tcp(segment) = packet.transport else { panic!("{kept}") };
            assert_eq!((segment.src_port, segment.dst_port, segment.seq), (6881, 51413, 0xffff_fffe));
            assert_eq!((segment.payload.len(), segment.payload_len), (kept.saturating_sub(32), 2));
            assert_eq!(anomalies, []);
        }
        assert_nothing(Ipv4, &[HEAD, "1ae1c8d5 fffffffe 00000002 80"], Some(Anomaly::PacketTruncated));
    }

    #[test]
    fn headers_that_contradict_themselves_are_refused() {
        let anomaly = Some(Anomaly::TcpMalformed);
        let ends = "0a000001 c0000201";
        for (len, offset) in [("0028", "40"), ("0028", "60"), ("0027", "50"), ("0021", "50")] {
            let segment = ["1ae1c8d5 00000001 00000002", offset, "10 0200 00000000"].concat();
            let head = ["4500", len, "1234400040060000"].concat();
            assert_nothing(Ipv4, &[&head, ends, &segment], anomaly);
        }
    }
}
