//! Whether flights have the lengths and the randomness of an obfuscated handshake: ruled out as early as can be.

use super::flights::{FLIGHTS, Flights};
use super::randomness::{Randomness, begins_as_text, states_its_length};
use super::thresholds::{FIFTH_TELLING, FOURTH_AT_LEAST, KEY, KEY_AND_PAD, THIRD_AT_LEAST, THIRD_TELLING};
use crate::flow::key::End;

/// A length beside the shape by which a family of clients is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signature {
    /// The fifth flight is a handshake: libtorrent and what is built on it, aria2.
    HandshakeFifth,
    /// The third flight carries a handshake and no padding: Transmission, rTorrent.
    HandshakeInThird,
}

impl Signature {
    /// The word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::HandshakeFifth => "handshake-fifth",
            Self::HandshakeInThird => "handshake-in-third",
        }
    }
}

/// What flights look like that may be an obfuscated handshake. Holding one says no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The lengths of the first five flights; zero where there was none.
    pub flights: [u32; FLIGHTS],
    /// A telling length.
    pub signature: Option<Signature>,
    /// How random the first two flights are.
    pub randomness: [Randomness; 2],
}

/// Whether flights have the shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fit {
    /// As far as they go.
    #[default]
    NotYet,
    /// They cannot have it any more.
    Never,
    /// They have it.
    Holds,
}

/// The checks, each made once, as soon as it can be.
#[derive(Debug, Default)]
pub(super) struct Checks {
    fit: Fit,
    /// The scores of the first and second flight, once each has ended.
    randomness: [Option<Randomness>; 2],
}

impl Checks {
    /// Looks at the flights as they are now.
    pub(super) fn look(&mut self, flights: &Flights) -> Fit {
        if self.fit == Fit::NotYet {
            self.fit = self.check(flights).unwrap_or(Fit::Never);
        }
        self.fit
    }

    /// What the answer was.
    #[must_use]
    pub(super) const fn fit(&self) -> Fit {
        self.fit
    }

    /// The shape, once it holds. A fifth flight that goes on is taken as it is.
    #[must_use]
    pub(super) fn shape(&self, flights: &Flights) -> Option<Shape> {
        let [Some(first), Some(second)] = self.randomness else { return None };
        let signature = match flights.lens() {
            [.., FIFTH_TELLING] => Some(Signature::HandshakeFifth),
            [_, _, THIRD_TELLING, ..] => Some(Signature::HandshakeInThird),
            _ => None,
        };
        let holds = self.fit == Fit::Holds;
        holds.then_some(Shape { flights: flights.lens(), signature, randomness: [first, second] })
    }

    /// `None` where a check failed.
    fn check(&mut self, flights: &Flights) -> Option<Fit> {
        if flights.turned() {
            return None;
        }
        for (number, end) in [(1, End::Orig), (2, End::Resp)] {
            let len = flights.len(number);
            if len > KEY_AND_PAD || begins_as_text(flights.kept(end).bytes()) {
                return None;
            }
            if flights.begun() <= number {
                return Some(Fit::NotYet);
            }
            let scores = self.randomness.get_mut(number - 1)?;
            if scores.is_none() {
                if len < KEY {
                    return None;
                }
                // Bytes that were not captured cannot be judged.
                let flight = flights.kept(end).bytes().get(..len as usize)?;
                if number == 1 && states_its_length(flight, len) {
                    return None;
                }
                *scores = Some(Randomness::of(flight)?);
            }
        }
        if flights.begun() > 3 && flights.len(3) < THIRD_AT_LEAST {
            return None;
        }
        if flights.len(4) >= FOURTH_AT_LEAST {
            return Some(Fit::Holds);
        }
        (flights.begun() < FLIGHTS).then_some(Fit::NotYet)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::detect::Stamp;
    use crate::detect::mse::testing::random;

    /// The flights, one after the other, each cut into segments of at most `segment` bytes.
    fn look(sent: &[Vec<u8>], segment: usize) -> (Fit, Option<Shape>) {
        let (mut flights, mut checks) = (Flights::default(), Checks::default());
        for (number, flight) in sent.iter().enumerate() {
            let end = if number.is_multiple_of(2) { End::Orig } else { End::Resp };
            for bytes in flight.chunks(segment) {
                flights.take(end, bytes, Stamp::default());
                checks.look(&flights);
            }
        }
        (checks.fit(), checks.shape(&flights))
    }

    fn of(lens: &[usize]) -> Vec<Vec<u8>> {
        lens.iter().zip(100..).map(|(len, seed)| random(seed, *len)).collect()
    }

    fn signature(lens: &[usize]) -> Option<Signature> {
        look(&of(lens), 1448).1.expect("a shape").signature
    }

    #[test]
    fn the_telling_lengths_are_told() {
        assert_eq!(signature(&[307, 307, 124, 14]), Some(Signature::HandshakeInThird));
        assert_eq!(signature(&[200, 300, 90, 40, 68]), Some(Signature::HandshakeFifth));
        assert_eq!(signature(&[200, 300, 90, 40, 68, 500]), Some(Signature::HandshakeFifth));
        assert_eq!(signature(&[200, 300, 90, 40, 168]), None, "a longer write is a shape without one");
        assert_eq!(signature(&[198, 424, 471, 240]), None);
    }

    #[test]
    fn the_bounds_of_each_flight_are_kept() {
        for lens in [[96, 96, 56, 14], [608, 608, 5000, 60_000]] {
            assert_eq!(look(&of(&lens), 1448).0, Fit::Holds, "{lens:?}");
        }
        for lens in
            [[95, 200, 90, 40], [609, 200, 90, 40], [200, 95, 90, 40], [200, 609, 90, 40], [200, 200, 55, 40]]
        {
            assert_eq!(look(&of(&lens), 1448).0, Fit::Never, "{lens:?}");
        }
        assert_eq!(look(&of(&[200, 200, 90, 13]), 1448).0, Fit::NotYet);
        assert_eq!(look(&of(&[200, 200, 90, 13, 1]), 1448).0, Fit::Never);
    }

    #[test]
    fn what_is_not_random_or_states_its_length_is_ruled_out_when_the_flight_ends() {
        let with_first = |first: Vec<u8>| look(&[vec![first], of(&[200])].concat(), 1448).0;
        assert_eq!(with_first(random(9, 402)), Fit::NotYet);
        assert_eq!(with_first([&[1, 0x90][..], &random(9, 400)].concat()), Fit::Never);
        assert_eq!(with_first(vec![0; 200]), Fit::Never);
        assert_eq!(with_first(vec![b'a'; 96]), Fit::Never);
        let answer = [of(&[200]), vec![b"HTTP/1.1 400 Bad Request\r\n".to_vec()]].concat();
        assert_eq!(look(&answer, 1448).0, Fit::Never, "before the flight ends");
    }

    #[test]
    fn a_flight_with_a_hole_is_not_judged_but_later_ones_are_measured() {
        let sent = of(&[200, 300, 90, 40, 68]);
        for (missing, fit) in [(0, Fit::Never), (1, Fit::Never), (2, Fit::Holds), (3, Fit::Holds)] {
            let (mut flights, mut checks) = (Flights::default(), Checks::default());
            for (number, flight) in sent.iter().enumerate() {
                let end = if number.is_multiple_of(2) { End::Orig } else { End::Resp };
                if number == missing {
                    flights.skip(end, flight.len() as u64, Stamp::default());
                } else {
                    flights.take(end, flight, Stamp::default());
                }
                checks.look(&flights);
            }
            assert_eq!(checks.fit(), fit, "{missing}");
        }
    }

    proptest! {
        #[test]
        fn segments_do_not_change_the_shape(
            lens in [90..620_usize, 90..620, 50..700, 10..700, 60..80],
            segment in 1..700_usize,
        ) {
            prop_assert_eq!(look(&of(&lens), segment), look(&of(&lens), usize::MAX));
        }
    }
}
