//! Whether bytes look random, as keys and ciphertext do. In whole numbers, so that every machine agrees.

use super::thresholds::{
    CHECKPOINTS, ENTROPY_AT_LEAST, FIRST_PRINTABLE, KEY, POPCOUNT_SIGMAS, PRINTABLE_AT_MOST,
};
use crate::detect::Probe;

/// How random a flight is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Randomness {
    /// One bits, in thousandths a byte: 4,000 on average.
    pub ones: u32,
    /// Shannon entropy of the first 96 bytes, in thousandths of a bit.
    pub entropy: u32,
    /// Printable characters, in thousandths.
    pub printable: u32,
}

impl Randomness {
    /// Measures a whole flight; `None` where it does not look random.
    #[must_use]
    pub fn of(flight: &[u8]) -> Option<Self> {
        let first = flight.get(..KEY as usize)?;
        if begins_as_text(flight) || !has_even_bits(flight) {
            return None;
        }
        let size = flight.len() as u64;
        let printable = printable(flight) * 1000 / size;
        let entropy = entropy(first)?;
        if printable > PRINTABLE_AT_MOST || entropy < ENTROPY_AT_LEAST {
            return None;
        }
        Some(Self {
            ones: u32::try_from(ones(flight) * 1000 / size).unwrap_or(u32::MAX),
            entropy,
            printable: u32::try_from(printable).unwrap_or(u32::MAX),
        })
    }
}

/// Judges the first bytes of a direction by looks that each have their fixed place, so that it does not matter how
/// many bytes come at once: what a few bytes rule out stays ruled out.
pub(super) fn probe(first: &[u8]) -> Probe {
    if begins_as_text(first) || begins_as_tls(first) {
        return Probe::Reject;
    }
    for size in CHECKPOINTS {
        match first.get(..size) {
            None => return Probe::NeedMore,
            Some(bytes) if has_even_bits(bytes) => {}
            Some(_) => return Probe::Reject,
        }
    }
    match first.get(..KEY as usize).and_then(entropy) {
        Some(ENTROPY_AT_LEAST..) => Probe::Match,
        _ => Probe::Reject,
    }
}

/// Whether `flight` begins with its own length as RLPx does (EIP-8): Ethereum's handshake is as random as a key.
pub(super) fn states_its_length(flight: &[u8], len: u32) -> bool {
    flight.first_chunk().is_some_and(|length| u32::from(u16::from_be_bytes(*length)) + 2 == len)
}

pub(super) fn begins_as_text(bytes: &[u8]) -> bool {
    bytes.get(..FIRST_PRINTABLE).is_some_and(|first| first.iter().all(|byte| is_printable(*byte)))
}

/// Whether a TLS record begins here (RFC 8446 §5.1). A random key does so once in 800,000; most flows are TLS.
fn begins_as_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14..=0x17, 3, 0..=4, ..])
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// How many are printable: counted in portions whose count fits a byte, which the processor adds up many at a time.
fn printable(bytes: &[u8]) -> u64 {
    const PORTION: usize = u8::MAX as usize;
    let of_portion = |portion: &[u8]| {
        portion.iter().fold(0, |count: u8, byte| count.wrapping_add(u8::from(is_printable(*byte))))
    };
    bytes.chunks(PORTION).map(|portion| u64::from(of_portion(portion))).sum()
}

fn ones(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks();
    let in_words: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    in_words + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

/// |mean − 4| · √(n/2) < σ, squared and multiplied out: (ones − 4n)² < 2nσ².
fn has_even_bits(bytes: &[u8]) -> bool {
    let size = bytes.len() as u64;
    let away = ones(bytes).abs_diff(4 * size);
    away * away < 2 * size * POPCOUNT_SIGMAS * POPCOUNT_SIGMAS
}

/// The Shannon entropy of 96 bytes in thousandths of a bit: log₂ 96 less the mean of log₂ c, where c is how often a
/// byte's value occurs. `None` where a value occurs so often that the entropy is below any that counts as random.
fn entropy(bytes: &[u8]) -> Option<u32> {
    /// 1000 · log₂ 96.
    const MOST: u32 = 6_585;
    /// 1000 · c · log₂ c. From 16 on it exceeds what 5.95 bits leave for all values together.
    const TIMES_LOG: [u32; 16] = [
        0, 0, 2_000, 4_755, 8_000, 11_610, 15_510, 19_651, 24_000, 28_529, 33_219, 38_054, 43_020, 48_106,
        53_303, 58_603,
    ];
    let mut counts = [0_u8; 256];
    let mut lost = 0;
    for byte in bytes {
        let count = counts.get_mut(usize::from(*byte))?;
        let before = TIMES_LOG.get(usize::from(*count))?;
        *count += 1;
        lost += TIMES_LOG.get(usize::from(*count))? - before;
    }
    MOST.checked_sub(lost / KEY)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::detect::mse::testing::random;

    #[test]
    fn random_flights_of_every_length_look_random() {
        let missed = (0..2000).zip((96..=608).cycle().step_by(7)).filter(|(seed, len)| {
            let flight = random(*seed, *len);
            Randomness::of(&flight).is_none() || probe(&flight) != Probe::Match
        });
        assert!(missed.count() <= 20, "text at the front and bits beyond four sigmas are rare");
    }

    #[test]
    fn zeros_text_and_short_flights_are_not_random() {
        let text = b"GET /announce HTTP/1.1\r\nHost: tracker.example\r\n".repeat(3);
        let hidden = [&random(3, 8), &text[..]].concat();
        for flight in [&[0; 200][..], &[b'a'; 96], &text, &hidden, &random(1, 95), &[0x55; 200]] {
            assert_eq!(Randomness::of(flight), None);
        }
    }

    #[test]
    fn the_scores_are_those_of_the_bytes() {
        let every: Vec<u8> = (0..96).map(|at: u8| at.wrapping_mul(157).wrapping_add(11)).collect();
        let scores = Randomness::of(&every).unwrap();
        assert_eq!(scores.entropy, 6_585, "all values differ");
        let printable = every.iter().filter(|byte| (0x20..0x7f).contains(*byte)).count() * 1000 / 96;
        assert_eq!(scores.printable as usize, printable);
        let repeated: Vec<u8> = (0..96).map(|at: u8| (at % 48).wrapping_mul(157)).collect();
        assert_eq!(entropy(&repeated), Some(5_585));
    }

    #[test]
    fn other_protocols_are_rejected_by_their_first_bytes() {
        let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &random(5, 200)].concat();
        for other in [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"EHLO mail", &hello, &hello[..3], &[0; 16]] {
            assert_eq!(probe(other), Probe::Reject, "{other:02x?}");
        }
    }

    #[test]
    fn a_flight_that_states_its_length_is_known() {
        assert!(states_its_length(&[1, 0x90, 7], 402));
        assert!(!states_its_length(&[1, 0x90, 7], 403));
        assert!(!states_its_length(&[1], 3));
    }

    proptest! {
        #[test]
        fn what_a_prefix_rules_out_stays_ruled_out(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let whole = probe(&bytes);
            for cut in 0..bytes.len() {
                let part = probe(&bytes[..cut]);
                prop_assert!(part == Probe::NeedMore || part == whole);
            }
            let _ = Randomness::of(&bytes);
        }

        #[test]
        fn many_bytes_at_a_time_count_as_one_by_one(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
            let one_by_one: u64 = bytes.iter().map(|byte| u64::from(byte.count_ones())).sum();
            prop_assert_eq!(ones(&bytes), one_by_one);
            let one_by_one = bytes.iter().filter(|byte| is_printable(**byte)).count();
            prop_assert_eq!(printable(&bytes), one_by_one as u64);
        }
    }
}
