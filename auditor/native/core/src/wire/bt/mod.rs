//! BitTorrent on the wire.
