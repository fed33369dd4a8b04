//! Which worker has a flow.
//!
//! A live source has the kernel spread frames over workers by a program of its small 32-bit machine (classic BPF), and
//! a capture's frames are shared out here: both by the same function, so that the same flows fall together. It is
//! the same for both directions, and keyed, so that nobody can aim all their flows at one worker.
//!
//! With all arithmetic modulo 2^32 and `K1`…`K5` odd and secret:
//!
//! ```text
//! address(ip)     = the four bytes of IPv4; of IPv6 ((w0·K1 + w1)·K1 + w2)·K1 + w3 of its four words
//! end(a, port)    = mix(a·K2 + port·K3)      mix(x): x ^= x >> 15; x *= K4; x ^= x >> 13
//! hash            = y ^ y >> 16              where y = (end(source) + end(destination))·K5
//! ```

use super::key::{Endpoint, FlowKey};

/// The secret numbers of the function above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steering {
    /// Of the words of an IPv6 address.
    pub word: u32,
    /// Of an address.
    pub address: u32,
    /// Of a port.
    pub port: u32,
    /// Within the mixing of an end.
    pub end: u32,
    /// Of both ends together.
    pub both: u32,
}

impl Steering {
    /// Takes the numbers out of a run's seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        /// Steps of splitmix64.
        const fn odd(seed: u64, step: u64) -> u32 {
            let state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(step));
            let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (state >> 32) as u32 | 1
        }
        Self {
            word: odd(seed, 1),
            address: odd(seed, 2),
            port: odd(seed, 3),
            end: odd(seed, 4),
            both: odd(seed, 5),
        }
    }

    /// A hash of the ends of a flow. The worker is what is left of it divided by the number of workers.
    #[must_use]
    #[inline]
    pub fn hash(&self, key: &FlowKey) -> u32 {
        let both = self.end_hash(&key.low).wrapping_add(self.end_hash(&key.high)).wrapping_mul(self.both);
        both ^ both >> 16
    }

    #[inline]
    fn end_hash(&self, end: &Endpoint) -> u32 {
        let [w0, w1, w2, w3] = words(end.ip);
        let ip = if [w0, w1, w2] == [0, 0, 0xffff] {
            w3
        } else {
            let over = |state: u32, word: u32| state.wrapping_mul(self.word).wrapping_add(word);
            over(over(over(w0, w1), w2), w3)
        };
        let mixed = ip.wrapping_mul(self.address).wrapping_add(u32::from(end.port).wrapping_mul(self.port));
        let mixed = (mixed ^ mixed >> 15).wrapping_mul(self.end);
        mixed ^ mixed >> 13
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a word at a time")]
const fn words(ip: [u8; 16]) -> [u32; 4] {
    let ip = u128::from_be_bytes(ip);
    [(ip >> 96) as u32, (ip >> 64) as u32, (ip >> 32) as u32, ip as u32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::key::Transport;
    use crate::wire::path::Path;
    use std::net::SocketAddr;

    fn key(src: &str, dst: &str) -> FlowKey {
        let end = |text: &str| Endpoint::from(text.parse::<SocketAddr>().unwrap());
        FlowKey::new(end(src), end(dst), Transport::Tcp, 0, &Path::default()).0
    }

    #[test]
    fn both_directions_fall_to_one_worker() {
        let steering = Steering::new(7);
        for (one, other) in [("10.0.0.1:1234", "192.0.2.9:80"), ("[2001:db8::1]:1234", "[2001:db8::2]:80")] {
            assert_eq!(steering.hash(&key(one, other)), steering.hash(&key(other, one)));
        }
    }

    #[test]
    fn flows_of_two_hosts_spread_evenly_whatever_the_seed() {
        for seed in 0..20 {
            let steering = Steering::new(seed);
            for workers in 2..6_u32 {
                let mut of_each = vec![0_u32; workers as usize];
                // Ports whose sum, or whose difference, is always the same: a hash of either would see one flow.
                for port in 20_000..21_000_u16 {
                    for other in [60_000 - port, port + 1000] {
                        let key = key(&format!("10.0.0.1:{port}"), &format!("192.0.2.9:{other}"));
                        of_each[(steering.hash(&key) % workers) as usize] += 1;
                    }
                }
                let fair = 2000 / workers;
                assert!(of_each.iter().all(|count| count.abs_diff(fair) < fair / 4), "{seed} {of_each:?}");
            }
        }
    }

    #[test]
    fn another_seed_is_another_partition() {
        let falls = |seed| -> Vec<u32> {
            let ends = (0..64).map(|port| key(&format!("10.0.0.1:{port}"), "192.0.2.9:80"));
            ends.map(|key| Steering::new(seed).hash(&key) % 2).collect()
        };
        assert_ne!(falls(1), falls(2));
    }
}
