//! The detectors there are. A new one is its own file, its test, and one line here.

use super::{StreamDetector, dht, peer_wire};

/// Detectors of TCP streams, in the order in which they are asked.
pub const STREAM: &[&dyn StreamDetector] = &[&peer_wire::PeerWire];

/// The ids of all observations.
pub const IDS: &[&str] = &[peer_wire::HANDSHAKE, peer_wire::MESSAGES, dht::DHT];
