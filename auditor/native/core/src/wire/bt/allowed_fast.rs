//! The allowed-fast set, BEP 6: the pieces that a peer gives even to a peer it chokes, drawn from that peer's
//! address.
//!
//! `x = address & 255.255.255.0 ‖ infohash`; then again and again `x = SHA-1(x)`, whose five big-endian numbers modulo the
//! number of pieces are the set, without repeats, until it has `k` of them. libtorrent hashes the whole address, of
//! 4 or 16 bytes, and has `k` 5.
//!
//! So the set of which an inside host is told names the address under which it is seen from outside, to whoever has
//! a candidate to test. Never by itself: with few pieces many addresses share a set, see
//! [`expected_false_matches`]; and by the BEP's rule all addresses of a /24 do.

use std::net::IpAddr;

use sha1::{Digest, Sha1};

/// The largest set that is computed; the BEP recommends 10.
pub const MAX_SET: usize = 64;
/// With more false matches to be expected than this, a match says nothing.
pub const MAX_FALSE_MATCHES: f64 = 1e-3;

/// What of the address is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// The /24 network, as BEP 6 says. It says nothing of IPv6, whose addresses are then hashed whole.
    Network,
    /// The whole address, as libtorrent does.
    Whole,
}

/// The set of `ip` in a torrent of so many pieces: `k` of them, or all if there are fewer; never more than
/// [`MAX_SET`]. In the order in which they are drawn, which is that of the messages.
#[must_use]
pub fn allowed_fast(ip: IpAddr, infohash: &[u8; 20], pieces: u32, k: usize, masking: Masking) -> Vec<u32> {
    let k = k.min(MAX_SET).min(usize::try_from(pieces).unwrap_or(usize::MAX));
    let mut set = Vec::with_capacity(k);
    let first = Sha1::new();
    let first = match (ip, masking) {
        (IpAddr::V4(ip), Masking::Network) => first.chain_update((ip.to_bits() & 0xffff_ff00).to_be_bytes()),
        (IpAddr::V4(ip), Masking::Whole) => first.chain_update(ip.octets()),
        (IpAddr::V6(ip), _) => first.chain_update(ip.octets()),
    };
    let mut x: [u8; 20] = first.chain_update(infohash).finalize().into();
    while set.len() < k {
        for number in x.as_chunks().0 {
            // With no piece, `k` is 0.
            let piece = u32::from_be_bytes(*number).checked_rem(pieces).unwrap_or_default();
            if set.len() < k && !set.contains(&piece) {
                set.push(piece);
            }
        }
        x = Sha1::digest(x).into();
    }
    set
}

/// Whether the pieces of `allowed fast` messages, in their order, are the set of `ip` or its beginning. No pieces,
/// or more than [`MAX_SET`], are nobody's.
#[must_use]
pub fn fits(ip: IpAddr, infohash: &[u8; 20], pieces: u32, seen: &[u32], masking: Masking) -> bool {
    !seen.is_empty() && allowed_fast(ip, infohash, pieces, seen.len(), masking) == seen
}

/// How many of `pool_size` addresses fit `k` of so many pieces by chance. Of a set by [`Masking::Network`] the pool
/// is one of /24 networks.
#[must_use]
pub fn expected_false_matches(pool_size: u64, pieces: u32, k: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let pool_size = pool_size as f64;
    // The first is one of all pieces, the next one of the others, and so on.
    (1..=pieces).rev().take(k).fold(pool_size, |matches, left| matches / f64::from(left))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_example_of_the_bep_comes_out() {
        let set = allowed_fast(ip("80.4.4.200"), &[0xaa; 20], 1313, 9, Masking::Network);
        assert_eq!(set, [1059, 431, 808, 1217, 287, 376, 1188, 353, 508]);
        assert!(fits(ip("80.4.4.7"), &[0xaa; 20], 1313, &set, Masking::Network), "the network counts");
        assert!(fits(ip("80.4.4.200"), &[0xaa; 20], 1313, &set[..7], Masking::Network));
        assert!(!fits(ip("80.4.5.200"), &[0xaa; 20], 1313, &set, Masking::Network));
    }

    #[test]
    fn libtorrent_hashes_the_whole_address() {
        let set = allowed_fast(ip("80.4.4.200"), &[0xaa; 20], 1313, 5, Masking::Whole);
        assert_eq!(set, [421, 309, 795, 1262, 381]);
        let infohash = b"\x99\x95\x1e\x0d\x6c\x0f\x88\x1b\x1f\x31\x66\xe9\xa7\x69\x9f\x5d\x5d\x51\xa9\xc7";
        let seen = [18, 150, 60, 113, 96]; // on the wire, from libtorrent 2.1
        assert!(fits(ip("127.0.0.1"), infohash, 192, &seen, Masking::Whole));
        assert!(!fits(ip("127.0.0.2"), infohash, 192, &seen, Masking::Whole));
    }

    #[test]
    fn a_set_has_at_most_all_pieces_and_ends() {
        let of = |pieces, k| allowed_fast(ip("2001:db8::1"), &[1; 20], pieces, k, Masking::Network);
        let mut all = of(7, 10);
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!((of(0, 5), of(1, 5)), (vec![], vec![0]));
        assert_eq!(of(64, 1000).len(), MAX_SET);
        assert!(!fits(ip("2001:db8::1"), &[1; 20], 7, &[], Masking::Whole));
        assert!(!fits(ip("2001:db8::1"), &[1; 20], 7, &[0; 100], Masking::Whole));
    }

    #[test]
    fn with_few_pieces_many_addresses_share_a_set() {
        assert!((expected_false_matches(1 << 32, 20, 5) - 2308.5).abs() < 0.1);
        assert!(expected_false_matches(47, 1313, 5) < MAX_FALSE_MATCHES);
        assert!((expected_false_matches(10, 1, 5) - 10.0).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn any_set_has_no_repeats_and_fits_its_address(bits: u32, infohash: [u8; 20], pieces in 1..5000_u32, k in 1..80_usize) {
            let ip = IpAddr::from(bits.to_be_bytes());
            for masking in [Masking::Network, Masking::Whole] {
                let set = allowed_fast(ip, &infohash, pieces, k, masking);
                prop_assert!(set.iter().all(|piece| *piece < pieces));
                prop_assert!(fits(ip, &infohash, pieces, &set, masking));
                let mut unique = set.clone();
                unique.sort_unstable();
                unique.dedup();
                prop_assert_eq!(unique.len(), set.len());
            }
        }
    }
}
