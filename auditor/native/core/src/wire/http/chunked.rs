//! The chunked transfer coding, RFC 9112 §7.1: `*( size [";" extension] EOL data CRLF ) "0" EOL *( trailer EOL ) EOL`.
//!
//! Read bit by bit, wherever the bytes end. Extensions and trailers are passed over.

use crate::error::ParseError;

/// The most digits of a chunk's size: 60 bits.
const MAX_DIGITS: u8 = 15;
/// The most bytes of a chunk's extension, and of all trailers.
const MAX_ASIDE: u32 = 16 << 10;

/// Where a reader of chunks stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chunked {
    state: State,
    /// Bytes passed over in this extension, or in the trailers.
    aside: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size {
        size: u64,
        digits: u8,
    },
    Extension {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataEnd,
    /// At the beginning of a trailer's line.
    Line,
    Trailer,
    Done,
}

impl Default for State {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

/// What one step gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Bytes of the body.
    pub data: &'a [u8],
    /// Bytes not taken yet.
    pub rest: &'a [u8],
}

impl Chunked {
    /// Whether the last chunk and the trailers have passed.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Takes bytes up to the end of a run of data, of `bytes`, or of the body.
    ///
    /// # Errors
    /// `Mismatch` where the bytes are no chunks. Nothing more can be read then.
    pub fn step<'a>(&mut self, mut bytes: &'a [u8]) -> Result<Step<'a>, ParseError> {
        let whole = bytes.len();
        loop {
            if let State::Data { left } = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let (data, rest) = bytes.split_at_checked(here).unwrap_or((bytes, &[]));
                self.pass(left, here as u64);
                return Ok(Step { data, rest });
            }
            let (false, Some((&byte, rest))) = (self.is_done(), bytes.split_first()) else {
                return Ok(Step { data: &[], rest: bytes });
            };
            self.state = self.take(byte).ok_or(ParseError::Mismatch {
                offset: whole.saturating_sub(bytes.len()),
                expected: "a chunk of a body",
            })?;
            bytes = rest;
        }
    }

    /// Steps over bytes that were not captured. Answers whether it is known what follows them: inside a chunk it is.
    pub fn skip(&mut self, missing: u64) -> bool {
        match self.state {
            State::Data { left } if missing <= left => {
                self.pass(left, missing);
                true
            }
            _ => false,
        }
    }

    const fn pass(&mut self, left: u64, here: u64) {
        self.state = match left - here {
            0 => State::DataEnd,
            left => State::Data { left },
        };
    }

    /// Takes one byte that is no data.
    fn take(&mut self, byte: u8) -> Option<State> {
        Some(match (self.state, byte) {
            (State::Size { size, digits: 1.. } | State::Extension { size }, b'\n') => {
                self.aside = 0;
                if size == 0 { State::Line } else { State::Data { left: size } }
            }
            (State::Size { size, digits: 1.. }, b'\r' | b';' | b' ' | b'\t') => State::Extension { size },
            (State::Size { size, digits: digits @ ..MAX_DIGITS }, _) => {
                let digit = char::from(byte).to_digit(16)?;
                State::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }
            }
            (state @ (State::Extension { .. } | State::Trailer), 1..=9 | 11..) => {
                self.put_aside()?;
                state
            }
            (State::DataEnd, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::default(),
            (State::Line, b'\n') => State::Done,
            (State::Line, b'\r') => {
                self.put_aside()?;
                State::Line
            }
            (State::Trailer, b'\n') => State::Line,
            (State::Line, 1..) => State::Trailer,
            _ => return None,
        })
    }

    fn put_aside(&mut self) -> Option<()> {
        self.aside += 1;
        (self.aside <= MAX_ASIDE).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = b"4;ext=1\r\nspam\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";

    /// The data in `bytes`, read in pieces that end at `cuts`, and the bytes after the body.
    fn read(bytes: &[u8], cuts: &[usize]) -> Result<(Vec<u8>, usize), ParseError> {
        let (mut chunked, mut data, mut from) = (Chunked::default(), Vec::new(), 0);
        for to in cuts.iter().copied().chain([bytes.len()]) {
            let mut piece = &bytes[from..to.max(from)];
            from = to.max(from);
            while !piece.is_empty() {
                let step = chunked.step(piece)?;
                data.extend_from_slice(step.data);
                if chunked.is_done() {
                    return Ok((data, bytes.len() - from + step.rest.len()));
                }
                piece = step.rest;
            }
        }
        Ok((data, 0))
    }

    #[test]
    fn every_cut_gives_the_same_data() {
        let input = [BODY, b"rest"].concat();
        for cut in 0..=input.len() {
            assert_eq!(read(&input, &[cut]), Ok((b"spam0123456789".to_vec(), 4)));
        }
        let each: Vec<_> = (0..input.len()).collect();
        assert_eq!(read(&input, &each).unwrap().0, b"spam0123456789");
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for input in [&b"\r\n"[..], b";", b"g", b"4\r\nspamX", b"1234567890123456\r\n"] {
            assert!(read(input, &[]).is_err(), "{}", input.escape_ascii());
        }
        assert!(read(&[&b"1;"[..], &vec![b'x'; 1 << 15]].concat(), &[]).is_err());
    }

    #[test]
    fn a_gap_inside_a_chunk_is_stepped_over() {
        let mut chunked = Chunked::default();
        assert!(!chunked.skip(1));
        assert_eq!(chunked.step(b"4\r\ns").unwrap().data, b"s");
        assert!(!chunked.skip(4));
        assert!(chunked.skip(3));
        assert!(!chunked.step(b"\r\n0\r\n\r\n").unwrap().rest.is_empty() || chunked.is_done());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, cut in 0..BODY.len()) {
            let _ = read(&bytes, &[]);
            let _ = read(&[&BODY[..cut], &bytes].concat(), &[cut]);
        }
    }
}
