//! A set of networks: which addresses are inside.

/// Networks as prefixes of IPv6 addresses; IPv4 as IPv4-mapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<(u128, u128)>);

impl Networks {
    /// Makes the set of `(address, prefix length)` pairs, lengths of IPv4 counted from 96. Host bits are ignored.
    #[must_use]
    pub fn new(prefixes: impl IntoIterator<Item = ([u8; 16], u8)>) -> Self {
        let pairs = prefixes.into_iter().map(|(address, length)| {
            let mask = match length {
                0 => 0,
                1..128 => u128::MAX << (128 - length),
                128.. => u128::MAX,
            };
            (u128::from_be_bytes(address) & mask, mask)
        });
        Self(pairs.collect())
    }

    /// Whether `address` is in one of the networks.
    #[must_use]
    pub fn contain(&self, address: &[u8; 16]) -> bool {
        let address = u128::from_be_bytes(*address);
        self.0.iter().any(|(network, mask)| address & mask == *network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn an_address_is_in_its_networks_only() {
        let v4 = |a: [u8; 4]| Ipv4Addr::from(a).to_ipv6_mapped().octets();
        let v6 = |a: &str| a.parse::<Ipv6Addr>().unwrap().octets();
        let networks = Networks::new([(v4([10, 0, 0, 0]), 104), (v6("2001:db8::"), 32)]);
        assert!(networks.contain(&v4([10, 255, 0, 1])));
        assert!(!networks.contain(&v4([11, 0, 0, 1])));
        assert!(networks.contain(&v6("2001:db8:ffff::1")));
        assert!(!networks.contain(&v6("2001:db9::1")));
        assert!(!Networks::default().contain(&v4([10, 0, 0, 1])));
    }
}
