//! State of flows: keys, tables, reassembly, expiry. Parses no bytes and knows no detector.

pub mod fragments;
pub mod handed;
pub(crate) mod index;
pub mod key;
pub mod minutes;
pub mod recent;
pub mod slab;
pub mod steer;
pub mod stream;
pub mod table;
pub mod unseen;
pub mod utp;
