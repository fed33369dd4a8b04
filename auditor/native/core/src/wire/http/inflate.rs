//! Content codings, RFC 9110 §8.4.1: `gzip` (RFC 1952) and `deflate`, which is zlib's format (RFC 1950) by the book and
//! bare DEFLATE (RFC 1951) from some servers.
//!
//! Undone bit by bit with a fixed buffer: how much comes out at most is for the taker to say, since a thousand bytes may
//! hold a million.

use flate2::{Decompress, FlushDecompress, Status};

/// How a body is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    #[default]
    Identity,
    /// gzip.
    Gzip,
    /// zlib or bare DEFLATE.
    Deflate,
    /// Something that is not undone here.
    Other,
}

impl Coding {
    /// The coding of a `Content-Encoding` line.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let is = |name: &[u8]| value.eq_ignore_ascii_case(name);
        if is(b"") || is(b"identity") {
            Self::Identity
        } else if is(b"gzip") || is(b"x-gzip") {
            Self::Gzip
        } else if is(b"deflate") {
            Self::Deflate
        } else {
            Self::Other
        }
    }
}

/// Undoes one coding.
#[derive(Debug)]
pub struct Inflater {
    state: State,
}

#[derive(Debug)]
enum State {
    /// Waits for the two bytes that tell zlib's format from bare DEFLATE.
    Undecided(Option<u8>),
    Inflating(Box<Decompress>),
    Ended,
}

impl Inflater {
    /// Begins. `None`: there is nothing to undo, or nothing that is known.
    #[must_use]
    pub fn new(coding: Coding) -> Option<Self> {
        let state = match coding {
            Coding::Gzip => State::Inflating(Box::new(Decompress::new_gzip(15))),
            Coding::Deflate => State::Undecided(None),
            Coding::Identity | Coding::Other => return None,
        };
        Some(Self { state })
    }

    /// Takes the next bytes; hands on what comes out until `take` answers that it wants no more, or the coding ends.
    /// Answers whether more may come. Damage ends it.
    pub fn push(&mut self, bytes: &[u8], take: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let more = if let State::Undecided(first) = self.state {
            let begun = first.as_slice();
            let mut beginning = begun.iter().chain(bytes);
            let (Some(one), Some(two)) = (beginning.next(), beginning.next()) else {
                self.state = State::Undecided(first.or_else(|| bytes.first().copied()));
                return true;
            };
            // RFC 1950 §2.2: method 8, and both bytes together a multiple of 31.
            let is_zlib = one & 0x0f == 8 && (u16::from(*one) << 8 | u16::from(*two)).is_multiple_of(31);
            self.state = State::Inflating(Box::new(Decompress::new(is_zlib)));
            self.inflate(begun, take) && self.inflate(bytes, take)
        } else {
            self.inflate(bytes, take)
        };
        if !more {
            self.state = State::Ended;
        }
        more
    }

    fn inflate(&mut self, mut bytes: &[u8], take: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let State::Inflating(inflating) = &mut self.state else { return false };
        let mut out = [0; 4096];
        loop {
            let (taken, given) = (inflating.total_in(), inflating.total_out());
            let status = inflating.decompress(bytes, &mut out, FlushDecompress::None);
            let counted =
                |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX);
            let (taken, given) =
                (counted(inflating.total_in(), taken), counted(inflating.total_out(), given));
            bytes = bytes.get(taken..).unwrap_or_default();
            if !take(out.get(..given).unwrap_or_default()) {
                return false;
            }
            match status {
                Ok(Status::StreamEnd) | Err(_) => return false,
                // A full buffer may have left more to come without more to take.
                Ok(_) if given == out.len() || (!bytes.is_empty() && taken > 0) => {}
                Ok(_) => return bytes.is_empty(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn packed(plain: &[u8]) -> [(Coding, Vec<u8>); 3] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(plain).unwrap();
        zlib.write_all(plain).unwrap();
        bare.write_all(plain).unwrap();
        [
            (Coding::Gzip, gzip.finish().unwrap()),
            (Coding::Deflate, zlib.finish().unwrap()),
            (Coding::Deflate, bare.finish().unwrap()),
        ]
    }

    fn read(coding: Coding, pieces: &[&[u8]]) -> Vec<u8> {
        let (mut out, mut inflater) = (Vec::new(), Inflater::new(coding).unwrap());
        for piece in pieces {
            inflater.push(piece, &mut |plain| {
                out.extend_from_slice(plain);
                true
            });
        }
        out
    }

    #[test]
    fn every_cut_gives_the_same_plain_bytes() {
        let plain = b"d8:intervali1800e5:peers0:e".repeat(20);
        for (coding, packed) in packed(&plain) {
            for cut in 0..=packed.len() {
                let (head, tail) = packed.split_at(cut);
                assert_eq!(read(coding, &[head, tail]), plain, "{coding:?} cut at {cut}");
            }
            let bytes: Vec<_> = packed.chunks(1).collect();
            assert_eq!(read(coding, &bytes), plain);
        }
    }

    #[test]
    fn a_bomb_ends_when_the_taker_has_enough() {
        for (coding, packed) in packed(&vec![0; 8 << 20]) {
            let (mut inflater, mut out) = (Inflater::new(coding).unwrap(), 0);
            assert!(!inflater.push(&packed, &mut |plain| {
                out += plain.len();
                out < 1 << 16
            }));
            assert!(out <= (1 << 16) + 4096);
            assert!(!inflater.push(b"more", &mut |_| panic!("it has ended")));
        }
    }

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!(
            (Coding::of(b"GZip"), Coding::of(b"deflate"), Coding::of(b"br")),
            (Coding::Gzip, Coding::Deflate, Coding::Other)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_undone_or_refused(bytes: Vec<u8>, cut in 0..64_usize) {
            for (coding, packed) in packed(b"some plain bytes, to be cut") {
                read(coding, &[&bytes]);
                read(coding, &[&packed[..cut.min(packed.len())], &bytes]);
            }
        }
    }
}
