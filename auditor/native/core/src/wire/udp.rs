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
