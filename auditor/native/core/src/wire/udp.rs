//! UDP headers, RFC 768: `source port:16 destination port:16 length:16 checksum:16`.

use super::ip::Body;
use crate::anomaly::Anomaly;

/// One UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// The sender's port.
    pub src_port: u16,
    /// The receiver's port.
    pub dst_port: u16,
    /// As much of the payload as was captured.
    pub payload: &'a [u8],
    /// Payload bytes on the wire, as the headers claim; more than captured where a snap length cut the frame.
    pub payload_len: u32,
}

/// Reads a datagram. Its own length may leave bytes of the packet out; it cannot add any.
#[inline]
pub(super) fn parse(body: Body<'_>) -> Result<Datagram<'_>, Anomaly> {
    let (&[s0, s1, d0, d1, len_high, len_low, _, _], rest) = body.header(Anomaly::UdpMalformed)?;
    let payload_len = match u16::from_be_bytes([len_high, len_low]) {
        0 => rest.wire_len, // too long for the field, on its way to a card that cuts it
        len => u32::from(len.checked_sub(8).ok_or(Anomaly::UdpMalformed)?).min(rest.wire_len),
    };
    Ok(Datagram {
        src_port: u16::from_be_bytes([s0, s1]),
        dst_port: u16::from_be_bytes([d0, d1]),
        payload: rest.captured.get(..payload_len as usize).unwrap_or(rest.captured),
        payload_len,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode::{Decoded, Transport};
    use crate::wire::link::LinkType::Ipv4;
    use crate::wire::testing::{assert_nothing, decoded, packet};

    const HEAD: &str = "450000201234000040110000 0a000001 c0000201";

    fn payload(len: &str) -> (&'static [u8], u32) {
        match packet(Ipv4, &[HEAD, "1ae1c8d5", len, "0000 61626364"]).transport {
            Transport::Udp(datagram) => (datagram.payload, datagram.payload_len),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_shorter_of_both_lengths_counts() {
        assert_eq!(payload("000c"), (&b"abcd"[..], 4));
        assert_eq!(payload("000a"), (&b"ab"[..], 2));
        assert_eq!(payload("0008"), (&b""[..], 0));
        assert_eq!(payload("00ff"), (&b"abcd"[..], 4));
        assert_eq!(payload("0000"), (&b"abcd"[..], 4));
    }

    #[test]
    fn a_snapped_datagram_keeps_what_its_header_says() {
        let (decoded, anomalies) = decoded(Ipv4, &[HEAD, "1ae1c8d5 000c 0000 61"]);
        let Decoded::Packet(packet) = decoded else { panic!("{decoded:?}") };
        let expected = Datagram { src_port: 6881, dst_port: 51413, payload: b"a", payload_len: 4 };
        assert_eq!(packet.transport, Transport::Udp(expected));
        assert_eq!(anomalies, []);
        assert_nothing(Ipv4, &[HEAD, "1ae1c8d5 000c"], Some(Anomaly::PacketTruncated));
    }

    #[test]
    fn headers_that_contradict_themselves_are_refused() {
        let anomaly = Some(Anomaly::UdpMalformed);
        assert_nothing(Ipv4, &[HEAD, "1ae1c8d5 0007 0000 61626364"], anomaly);
        assert_nothing(Ipv4, &["4500001b1234000040110000 0a000001 c0000201", "1ae1c8d5 000c00"], anomaly);
    }
}
