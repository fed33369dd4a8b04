//! What a DHT node's id tells: how near it is to another (BEP 5), and whether it was made for an address (BEP 42).

use std::net::IpAddr;

/// How many leading bits two ids share, 0 to 160.
#[must_use]
pub fn common_prefix_bits(a: &[u8; 20], b: &[u8; 20]) -> u32 {
    let mut bits = 0;
    for (a, b) in a.iter().zip(b) {
        let same = (a ^ b).leading_zeros();
        bits += same;
        if same < u8::BITS {
            break;
        }
    }
    bits
}

/// Whether `id` is one that BEP 42 allows a node with the external address `ip`: its first 21 bits are a
/// checksum over the address and three bits of the id's last byte.
///
/// An id made without regard to the address fits with a chance of 1 in 2 million. One that does not fit proves
/// nothing: the BEP exempts private addresses, and many clients ignore it.
#[must_use]
pub fn fits_address(id: &[u8; 20], ip: IpAddr) -> bool {
    let [first, second, third, .., last] = *id;
    let salt = (last & 0x07) << 5;
    let checksum = match ip {
        IpAddr::V4(ip) => checksum(ip.octets(), [0x03, 0x0f, 0x3f, 0xff], salt),
        IpAddr::V6(ip) => checksum(ip.octets(), [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff], salt),
    };
    let differing = u32::from_be_bytes([first, second, third, 0]) ^ checksum;
    differing.leading_zeros() >= 21
}

/// The checksum over the part of an address that `mask` leaves of it, with the salt in the first byte's free bits.
fn checksum<const A: usize, const M: usize>(address: [u8; A], mask: [u8; M], salt: u8) -> u32 {
    let mut masked = mask;
    for (mask, octet) in masked.iter_mut().zip(address) {
        *mask &= octet;
    }
    if let Some(first) = masked.first_mut() {
        *first |= salt;
    }
    crc32c(&masked)
}

/// CRC-32C (Castagnoli), RFC 3720 §12.1 and appendix B.4.
fn crc32c(bytes: &[u8]) -> u32 {
    const REVERSED_POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { REVERSED_POLYNOMIAL } else { 0 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An id of which only the checked parts are given.
    fn id(first: [u8; 3], last: u8) -> [u8; 20] {
        let mut id = [0; 20];
        id[..3].copy_from_slice(&first);
        id[19] = last;
        id
    }

    #[test]
    fn the_ids_of_bep_42_fit_their_addresses_and_no_other() {
        let vectors = [
            ("124.31.75.21", id([0x5f, 0xbf, 0xbf], 0x01)),
            ("21.75.31.124", id([0x5a, 0x3c, 0xe9], 0x56)),
            ("65.23.51.170", id([0xa5, 0xd4, 0x32], 0x16)),
            ("84.124.73.14", id([0x1b, 0x03, 0x21], 0x41)),
            ("43.213.53.83", id([0xe5, 0x6f, 0x6c], 0x5a)),
        ];
        for (ip, id) in vectors {
            assert!(fits_address(&id, ip.parse().unwrap()), "{ip}");
            for (other, _) in vectors.iter().filter(|(other, _)| *other != ip) {
                assert!(!fits_address(&id, other.parse().unwrap()), "{ip} as {other}");
            }
        }
    }

    #[test]
    fn only_the_first_21_bits_and_the_last_three_count() {
        let ip = "124.31.75.21".parse().unwrap();
        let fits = |first, last| fits_address(&id(first, last), ip);
        assert!(fits([0x5f, 0xbf, 0xbf ^ 0x07], 0x01));
        assert!(fits([0x5f, 0xbf, 0xbf], 0xf9));
        assert!(!fits([0x5f, 0xbf, 0xbf ^ 0x08], 0x01));
        assert!(!fits([0x5f ^ 0x80, 0xbf, 0xbf], 0x01));
        assert!(!fits([0x5f, 0xbf, 0xbf], 0x02));
    }

    #[test]
    fn of_an_ipv6_address_the_upper_half_counts() {
        // Worked out apart from this code, from the BEP's text.
        let id = id([0x4e, 0xef, 0xe0], 0x05);
        assert!(fits_address(&id, "2001:db8:1234:5678::1".parse().unwrap()));
        assert!(fits_address(&id, "2001:db8:1234:5678:ffff::2".parse().unwrap()));
        assert!(!fits_address(&id, "2001:db8:1234:5679::1".parse().unwrap()));
    }

    #[test]
    fn the_checksum_is_crc_32c() {
        assert_eq!(crc32c(b""), 0);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa); // RFC 3720, B.4
    }

    #[test]
    fn shared_bits_are_counted_from_the_front() {
        let zero = [0; 20];
        let with = |at: usize, byte: u8| {
            let mut id = zero;
            id[at] = byte;
            id
        };
        assert_eq!(common_prefix_bits(&zero, &zero), 160);
        assert_eq!(common_prefix_bits(&zero, &with(0, 0x80)), 0);
        assert_eq!(common_prefix_bits(&zero, &with(2, 0x10)), 19);
        assert_eq!(common_prefix_bits(&with(19, 0x01), &zero), 159);
    }
}
