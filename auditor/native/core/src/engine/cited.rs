//! Which frames prove what was observed, and how much of them may be kept.
//!
//! A frame's headers may be kept whole. Of its payload no more than proves the observation, and nothing of what may hold a
//! passkey, a cookie, a name, or a byte of what people share.

use std::collections::BTreeMap;
use std::mem;

use super::Engine;
use crate::anomaly::Anomalies;
use crate::detect::udp_tracker::UDP_TRACKER;
use crate::detect::{Fact, FrameRef, Observation};
use crate::flow::key::Transport as Protocol;
use crate::flow::slab::Place;
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
    /// What may be kept of the frames that prove an observation.
    fn of(seen: &Observation) -> Self {
        match seen.fact {
            Fact::Handshake { .. } => Self::Handshake,
            Fact::Utp { .. } => Self::Utp,
            Fact::LocalAnnounce { .. } => Self::Datagram,
            Fact::TrackerAnnounce { .. } | Fact::TrackerScrape { .. } if seen.detector == UDP_TRACKER => {
                Self::UdpTracker
            }
            _ => Self::Headers,
        }
    }

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
        let payload = match decode::decode(link, bytes, &mut Anomalies::default()) {
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

/// The most frames that are cited at a time; further ones are counted.
const MOST: usize = 4096;

impl Engine {
    /// Takes the frames that have become proofs, of those of which `is_here` says that they can still be read: of an
    /// engine that goes on, after each batch of frames. A proof that was put in order only after its batch is lost.
    pub fn cited(&mut self, is_here: impl Fn(FrameRef) -> bool) -> Vec<Cited> {
        let mut found: BTreeMap<FrameRef, Keep> = BTreeMap::new();
        let mut cite = |frame: FrameRef, keep: Keep, unkept: &mut u64| {
            if !is_here(frame) {
                return;
            }
            if found.len() >= MOST && !found.contains_key(&frame) {
                *unkept += 1;
                return;
            }
            let known = found.entry(frame).or_insert(keep);
            *known = keep.max(*known);
        };
        for frame in self.dht.cited() {
            cite(frame, Keep::Datagram, &mut self.marks.unkept);
        }
        for place in mem::take(&mut self.marks.uncited) {
            let Some(proofs) = self.proofs(place) else { continue };
            if !self.handed(place).is_some_and(|handed| handed.cites(proofs)) {
                continue;
            }
            let Some(flow) = self.flows.get(place) else { continue };
            for seen in self.observed(flow) {
                for frame in seen.span.frames() {
                    cite(frame, Keep::of(&seen), &mut self.marks.unkept);
                }
            }
        }
        found.into_iter().map(|(frame, keep)| Cited { frame, keep }).collect()
    }

    /// How many frames prove what is observed in the flow at a place, or more.
    fn proofs(&self, place: Place) -> Option<usize> {
        let flow = self.flows.get(place)?;
        match flow.key.transport {
            Protocol::Tcp => Some(self.details.whole.get(flow.detail?)?.proofs()),
            Protocol::Udp => Some(self.talks.get(flow.detail?)?.proofs()),
        }
    }
}
