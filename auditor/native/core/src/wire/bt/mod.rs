//! BitTorrent on the wire.
//!
//! `bencode` is the notation most of it is written in; `handshake` and `message` are the TCP (and uTP) stream
//! between two peers. `extended` says what its extension messages are, with `metadata`, `pex` and `holepunch` for
//! their contents, and `hashes` is for those of v2 torrents; `info` is the dict that defines a torrent, and
//! `allowed_fast` what a set of pieces tells about an address. `krpc` is the mainline DHT's datagrams, with `compact`
//! for the endpoints inside them and `node_id` for what a node's id tells about its address. `udp_tracker`, `http_tracker` and `ws_tracker` are what
//! clients and trackers tell each other, `tracker` what these have in common; `torrent_file` and `magnet` name torrents,
//! `web_seed` asks for their content over HTTP. `lsd` is the announce to the local network, and `hex` reads an infohash
//! that is written as text.

pub mod allowed_fast;
pub mod bencode;
pub mod compact;
pub mod extended;
pub mod handshake;
pub mod hashes;
pub mod hex;
pub mod holepunch;
pub mod http_tracker;
pub mod info;
pub mod krpc;
pub mod lsd;
pub mod magnet;
pub mod message;
pub mod metadata;
pub mod node_id;
pub mod pex;
pub mod torrent_file;
pub mod tracker;
pub mod udp_tracker;
pub mod web_seed;
pub mod ws_tracker;
