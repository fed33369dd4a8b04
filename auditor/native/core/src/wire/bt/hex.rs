//! Infohashes as text: 40 hexadecimal digits, of either case.

use crate::wire::http::target::hex;

/// Reads an infohash.
#[must_use]
pub fn infohash(digits: &[u8]) -> Option<[u8; 20]> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != 20 || !rest.is_empty() {
        return None;
    }
    let mut infohash = [0; 20];
    for (byte, [high, low]) in infohash.iter_mut().zip(pairs) {
        *byte = hex(*high)? << 4 | hex(*low)?;
    }
    Some(infohash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_digits_of_either_case_are_an_infohash() {
        assert_eq!(
            infohash(b"00ffAAbbCcdDeeff0000000000000000000000a9").map(|hash| (hash[2], hash[19])),
            Some((0xaa, 0xa9))
        );
    }

    #[test]
    fn anything_else_is_none() {
        for other in [&[b'a'; 39][..], &[b'a'; 41], &[b'a'; 64], &[b'g'; 40], b""] {
            assert_eq!(infohash(other), None);
        }
    }
}
