//! The detectors there are. A new one is its own file, its test, and one line here.

use super::{
    DatagramDetector, StreamDetector, dht, dns, http, lsd, mse, peer_wire, portmap, socks, tls, udp_tracker,
    utp, ws_tracker,
};

/// Detectors of streams, TCP's and uTP's, in the order in which they are asked. UPnP's calls are HTTP too, and come
/// before it; what has no bytes of its own comes last.
pub const STREAM: &[&dyn StreamDetector] = &[
    &peer_wire::PeerWire,
    &ws_tracker::WsTracker,
    &portmap::upnp::Upnp,
    &socks::Socks,
    &tls::Tls,
    &http::Http,
    &mse::Mse,
];

/// Detectors of UDP flows beside the DHT, which is folded by host and not by flow.
pub const DATAGRAM: &[&dyn DatagramDetector] =
    &[&utp::Utp, &udp_tracker::UdpTracker, &lsd::Lsd, &portmap::PortMap, &dns::Dns];

/// The ids of all observations.
pub const IDS: &[&str] = &[
    peer_wire::HANDSHAKE,
    peer_wire::MESSAGES,
    peer_wire::EXTENDED,
    peer_wire::PEX,
    peer_wire::METADATA,
    dht::DHT,
    utp::UTP,
    mse::MSE,
    http::TRACKER,
    http::TORRENT_FILE,
    http::WEB_SEED,
    http::EXTERNAL_ADDRESS,
    udp_tracker::UDP_TRACKER,
    ws_tracker::WS_TRACKER,
    lsd::LSD,
    portmap::PORTMAP,
    dns::DNS,
    tls::TLS,
];
