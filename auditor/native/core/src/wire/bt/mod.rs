//! BitTorrent on the wire.
//!
//! `bencode` is the notation most of it is written in; `handshake` and `message` are the TCP (and uTP) stream
//! between two peers; `krpc` is the mainline DHT's datagrams, with `compact` for the endpoints inside them and
//! `node_id` for what a node's id tells about its address. `udp_tracker` and `ws_tracker` are what clients and
//! trackers tell each other, `tracker` what both have in common.

pub mod bencode;
pub mod compact;
pub mod handshake;
pub mod krpc;
pub mod message;
pub mod node_id;
pub mod tracker;
pub mod udp_tracker;
pub mod ws_tracker;
