//! Which frames prove what was observed, and how much of them may be kept.
//!
//! A frame's headers may be kept whole. Of its payload no more than proves the observation, and nothing of what may hold a
//! passkey, a cookie, a name, or a byte of what people share.

use super::Engine;
use crate::detect::FrameRef;
use crate::wire::decode::{self, Decoded, Transport};
use crate::wire::link::LinkType;

/// A frame that has become a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cited {
    /// Which.
    pub frame: FrameRef,
    /// What of its payload may be kept.
    pub keep: Keep,
}

/// What of a frame's payload may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// Nothing.
    Headers,
    /// A peer-wire handshake at the front, and nothing that follows it.
    Handshake,
    /// A uTP header.
    Utp,
    /// A message to or from a tracker over UDP, up to the key that the client proves itself by (BEP 15).
    UdpTracker,
    /// The beginning of a message of the DHT or a local announce.
    Datagram,
}

impl Keep {
    /// How much of `payload` may be kept. What does not begin as it should is another's, and none of it is.
    fn len(self, payload: &[u8]) -> usize {
        let begins = |with: &[u8]| payload.starts_with(with);
        let most = match self {
            Self::Handshake if begins(b"\x13BitTorrent protocol") => 68,
            Self::Utp => 20,
            Self::UdpTracker => 88,
            Self::Datagram if begins(b"d") || begins(b"BT-SEARCH * HTTP/1.1\r\n") => 128,
            Self::Headers | Self::Handshake | Self::Datagram => 0,
        };
        most.min(payload.len())
    }
}

impl Cited {
    /// As much of the frame with these bytes as may be kept.
    #[must_use]
    pub fn slice<'a>(&self, link: LinkType, bytes: &'a [u8]) -> &'a [u8] {
        /// Of what has no transport header, as fragments: no more than an IPv4 header in an Ethernet frame.
        const BARE: usize = 34;
        let payload = match decode::decode(link, bytes, &mut crate::anomaly::Anomalies::default()) {
            Decoded::Packet(packet) => match packet.transport {
                Transport::Tcp(segment) => Some(segment.payload),
                Transport::Udp(datagram) => Some(datagram.payload),
                Transport::Icmpv6(_) | Transport::Other(_) => None,
            },
            Decoded::Fragment(_) | Decoded::Arp(..) | Decoded::Nothing => None,
        };
        let len = payload.map_or(BARE, |payload| {
            // The payload is a part of the frame, and says by its address which.
            let headers = payload.as_ptr().addr().saturating_sub(bytes.as_ptr().addr());
            headers.saturating_add(self.keep.len(payload))
        });
        bytes.get(..len).unwrap_or(bytes)
    }
}

impl Engine {
    /// Takes the frames that have become proofs since the last call. To be called after each batch of frames, while they
    /// are still there; for an engine that goes on.
    pub fn cited(&mut self) -> Vec<Cited> {
        std::mem::take(&mut self.cited)
    }
}
