//! Bytes to borrowed views. Nothing here keeps state, allocates by a peer's numbers, or can panic.
//!
//! A view is made by `parse`, which answers with the view and the bytes after it, or says why not: `Truncated`
//! while the bytes may still become one, `Mismatch` as soon as they cannot. Holding a view proves the check.
//!
//! [`decode`] takes a frame down to its transport payload; one file a layer. There a frame ends where it ends,
//! so its layers answer with the [anomaly](crate::anomaly) to count instead. `bt` reads what the payload says, and
//! `http` what carries some of it; `dns`, `tls`, `portmap` and `socks` read what stands around it, with `head` for what is
//! written like HTTP. `arp`, `ndp`, `dhcp` and `dhcpv6` read who has which address.

pub mod arp;
pub mod bt;
pub mod decode;
pub mod dhcp;
pub mod dhcpv6;
pub mod dns;
pub mod head;
pub mod http;
pub mod link;
pub mod ndp;
pub mod path;
pub mod portmap;
pub mod socks;
pub mod tls;
pub mod utp;
pub mod websocket;

mod ethernet;
mod gre;
mod ip;
mod ipv4;
mod ipv6;
pub(crate) mod labels;
mod mpls;
mod ppp;
mod tcp;
#[cfg(test)]
mod testing;
mod tunnel;
mod udp;
mod vlan;
