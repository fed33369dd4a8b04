//! What makes packets one flow.

use std::hash::{BuildHasher, Hash, Hasher};
use std::hint::select_unpredictable;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::wire::path::{Path, Tunnel, Vlans};

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The end that began: the sender of the SYN, or of the first packet seen.
    Orig,
    /// The other end.
    Resp,
}

impl End {
    /// The end opposite to this one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Orig => Self::Resp,
            Self::Resp => Self::Orig,
        }
    }

    /// The end's word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Orig => "orig",
            Self::Resp => "resp",
        }
    }
}

/// A value for each end of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ends<T> {
    /// The value of [`End::Orig`].
    pub orig: T,
    /// The value of [`End::Resp`].
    pub resp: T,
}

impl<T> Ends<T> {
    /// The value of one end.
    pub const fn at(&self, end: End) -> &T {
        match end {
            End::Orig => &self.orig,
            End::Resp => &self.resp,
        }
    }

    /// The value of one end, to change.
    pub const fn at_mut(&mut self, end: End) -> &mut T {
        match end {
            End::Orig => &mut self.orig,
            End::Resp => &mut self.resp,
        }
    }

    /// Exchanges the ends.
    pub const fn swap(&mut self) {
        std::mem::swap(&mut self.orig, &mut self.resp);
    }
}

/// An address and port; IPv4 as IPv4-mapped IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address.
    pub ip: [u8; 16],
    /// The port.
    pub port: u16,
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self { ip: ip.octets(), port: address.port() }
    }
}

impl Endpoint {
    /// Whether the address is one of IPv4.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        Ipv6Addr::from(self.ip).to_ipv4_mapped().is_some()
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
    fn fold(&self, one: u64, other: u64) -> u64 {
        let ip = u128::from_le_bytes(self.ip);
        // Where an address of IPv4 has zeros.
        let half = (ip >> 64) as u64 ^ u64::from(self.port);
        fold(half ^ one, ip as u64 ^ other)
    }
}

impl Hash for Endpoint {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_le_bytes(self.ip));
        state.write_u16(self.port);
    }
}

/// Transport protocols that have flows here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP, protocol 6.
    Tcp,
    /// UDP, protocol 17.
    Udp,
}

/// Where packets of a flow were seen and between whom: both directions have the same key.
///
/// VLAN tags are part of the key only where the flow table has met the same ends under different tags
/// (see [`crate::flow::table::FlowTable`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKey {
    /// Always the same one of both ends, whichever sends.
    pub low: Endpoint,
    /// The other end.
    pub high: Endpoint,
    /// The transport protocol.
    pub transport: Transport,
    /// The vantage point's number.
    pub vantage: u16,
    /// The innermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// The VLAN tags, where they part flows.
    pub vlans: Option<Vlans>,
}

impl FlowKey {
    /// Makes the key of a packet from `src` to `dst`; says too whether the low end sent it.
    #[must_use]
    #[inline]
    pub fn new(
        src: Endpoint,
        dst: Endpoint,
        transport: Transport,
        vantage: u16,
        path: &Path,
    ) -> (Self, bool) {
        // As numbers of the order that processors have, so that no byte of an address has to change its place.
        let (from, to) = (u128::from_le_bytes(src.ip), u128::from_le_bytes(dst.ip));
        let from_low = (from, src.port) <= (to, dst.port);
        // Which end sends is anybody's guess: a processor that guesses it is wrong every other time.
        let pick = |is_src, src: (u128, u16), dst: (u128, u16)| Endpoint {
            ip: select_unpredictable(is_src, src.0, dst.0).to_le_bytes(),
            port: select_unpredictable(is_src, src.1, dst.1),
        };
        let low = pick(from_low, (from, src.port), (to, dst.port));
        let high = pick(!from_low, (from, src.port), (to, dst.port));
        (Self { low, high, transport, vantage, tunnel: path.tunnel, vlans: None }, from_low)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "each packet's key is hashed while it is in registers")]
    pub(crate) fn hash_with(&self, seed: u64) -> u64 {
        let mut rest = u64::from(self.vantage) | u64::from(self.transport == Transport::Tcp) << 16;
        if let Some(tunnel) = self.tunnel {
            rest |= (tunnel.kind as u64 + 1) << 24 | u64::from(tunnel.id) << 32;
        }
        if let Some(vlans) = &self.vlans {
            let mut hasher = KeyHasher::new(seed);
            hasher.mix(rest, 0);
            for vlan in vlans.iter() {
                hasher.mix(u64::from(vlan), 1);
            }
            rest = hasher.state;
        }
        // Each end by itself, so that neither waits for the other; and no factor is one that a sender can make 0.
        let secret = |turn| ODD ^ seed.rotate_left(turn);
        let low = self.low.fold(seed, secret(16));
        let high = self.high.fold(secret(32), secret(48));
        fold(low ^ rest, high ^ ODD)
    }
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Both halves of a product as one.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    (product as u64) ^ ((product >> 64) as u64)
}

/// A seeded multiply-and-fold hash: who does not know the seed cannot choose colliding flows.
struct KeyHasher {
    state: u64,
    /// Makes the other factor secret too: where one is 0, the other does not matter.
    other: u64,
}

impl KeyHasher {
    #[inline]
    const fn new(seed: u64) -> Self {
        Self { state: seed, other: ODD ^ seed.rotate_left(32) }
    }

    #[inline]
    fn mix(&mut self, a: u64, b: u64) {
        self.state = fold(a ^ self.state, b ^ self.other) ^ self.state.rotate_left(23);
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
    fn block(&mut self, block: [u8; 16]) {
        let word = u128::from_le_bytes(block);
        self.mix(word as u64, (word >> 64) as u64);
    }
}

/// Hashes the keys of the tables beside the flow table with the same secret seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seeded(pub u64);

impl BuildHasher for Seeded {
    type Hasher = SeededHasher;

    #[inline]
    fn build_hasher(&self) -> SeededHasher {
        SeededHasher(KeyHasher::new(self.0))
    }
}

/// The hasher of [`Seeded`].
pub struct SeededHasher(KeyHasher);

impl Hasher for SeededHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<16>();
        for block in blocks {
            self.0.block(*block);
        }
        self.0.mix(bytes.len() as u64, 1);
        // What is left is taken with as much before it as makes a whole, where there is so much: nothing is copied then.
        if rest.is_empty() {
            return;
        }
        if let Some(last) = bytes.last_chunk::<16>() {
            self.0.block(*last);
        } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            self.0.mix(u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        } else {
            let word = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.0.mix(word, 3);
        }
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.0.mix(value as u64, 5);
    }

    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.0.mix(u64::from(value), 2);
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.0.mix(u64::from(value), 4);
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.0.mix(value, 8);
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        self.0.block(value.to_le_bytes());
    }

    #[inline]
    fn finish(&self) -> u64 {
        let mut last = KeyHasher { state: self.0.state, other: self.0.other };
        last.mix(ODD, self.0.state);
        last.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_that_a_sender_can_choose_hide_others_from_the_hash() {
        for chosen in [0, ODD, u64::MAX] {
            let hash = |other: u8| {
                let bytes = [[other; 8], chosen.to_le_bytes()].concat();
                let halves = u128::from(chosen) << 64 | u128::from(other);
                (Seeded(1 << 40).hash_one(&bytes[..]), Seeded(1 << 40).hash_one(halves))
            };
            assert!(hash(1).0 != hash(2).0 && hash(1).1 != hash(2).1, "{chosen:x}");
        }
    }
}
