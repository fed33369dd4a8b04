//! Bencoded bytes checked as they come, without keeping them: for values too long to wait for.
//!
//! Accepts what [`super::parse`] accepts, with the same bounds.

use super::reader::MAX_LENGTH_DIGITS;
use super::{MAX_DEPTH, MAX_ITEMS};

/// Walks over one value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanner {
    state: State,
    depth: u32,
    /// One bit per open container, the innermost lowest: set for a dict.
    dicts: u32,
    /// The same: set for a dict whose next string is a key.
    keys: u32,
    items: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Value,
    Int {
        value: i64,
        negative: bool,
        digits: bool,
    },
    Length {
        length: usize,
        digits: usize,
    },
    Text {
        left: usize,
    },
    Done,
    Refused,
}

/// What was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// The bytes end before more can be told.
    Nothing,
    /// A list or dict begins.
    Open {
        /// Which of them.
        dict: bool,
    },
    /// A list or dict ends.
    Close,
    /// An integer.
    Int(i64),
    /// The next part of a string.
    Text {
        /// The part.
        part: &'a [u8],
        /// Bytes still to come.
        left: usize,
        /// Whether the string is a dict's key.
        key: bool,
    },
}

/// The bytes are no value. Nothing more is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoValue;

impl Scanner {
    /// How many containers are open.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.depth
    }

    /// Whether the value has ended.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Takes the next token off the front of `bytes`; returns it and the rest.
    ///
    /// # Errors
    /// [`NoValue`] where a byte cannot be there, or a bound is exceeded.
    pub fn next<'a>(&mut self, mut bytes: &'a [u8]) -> Result<(Token<'a>, &'a [u8]), NoValue> {
        loop {
            if let State::Text { left } = self.state {
                let here = left.min(bytes.len());
                let (part, rest) = bytes.split_at_checked(here).ok_or(NoValue)?;
                let (left, key) = (left - here, self.dicts & self.keys & 1 == 1);
                if part.is_empty() && left > 0 {
                    return Ok((Token::Nothing, rest));
                }
                self.state = State::Text { left };
                if left == 0 {
                    self.end_value();
                }
                return Ok((Token::Text { part, left, key }, rest));
            }
            let (false, Some((&byte, rest))) = (self.is_done(), bytes.split_first()) else {
                return Ok((Token::Nothing, bytes));
            };
            bytes = rest;
            match self.take(byte) {
                Some(Token::Nothing) => {}
                Some(token) => return Ok((token, rest)),
                None => {
                    self.state = State::Refused;
                    return Err(NoValue);
                }
            }
        }
    }

    /// Takes one byte that is no part of a string.
    fn take(&mut self, byte: u8) -> Option<Token<'static>> {
        match (self.state, byte) {
            (State::Value, b'e') if self.depth > 0 && (self.dicts & 1 == 0 || self.keys & 1 == 1) => {
                self.depth -= 1;
                self.dicts >>= 1;
                self.keys >>= 1;
                self.end_value();
                return Some(Token::Close);
            }
            (State::Value, b'0'..=b'9') => {
                self.count_item()?;
                self.state = State::Length { length: usize::from(byte - b'0'), digits: 1 };
            }
            // Only strings are keys.
            (State::Value, _) if self.dicts & self.keys & 1 == 1 => return None,
            (State::Value, b'i') => {
                self.count_item()?;
                self.state = State::Int { value: 0, negative: false, digits: false };
            }
            (State::Value, b'l' | b'd') if self.depth < MAX_DEPTH => {
                self.count_item()?;
                let dict = byte == b'd';
                self.depth += 1;
                self.dicts = self.dicts << 1 | u32::from(dict);
                self.keys = self.keys << 1 | u32::from(dict);
                return Some(Token::Open { dict });
            }
            (State::Length { length, .. }, b':') => {
                self.state = State::Text { left: length };
            }
            (State::Length { length, digits: digits @ ..MAX_LENGTH_DIGITS }, b'0'..=b'9') => {
                self.state =
                    State::Length { length: 10 * length + usize::from(byte - b'0'), digits: digits + 1 };
            }
            (State::Int { negative: false, digits: false, value }, b'-') => {
                self.state = State::Int { value, negative: true, digits: false };
            }
            (State::Int { value, digits: true, .. }, b'e') => {
                self.end_value();
                return Some(Token::Int(value));
            }
            (State::Int { value, negative, .. }, b'0'..=b'9') => {
                let digit = i64::from(byte - b'0');
                let value = value.checked_mul(10)?.checked_add(if negative { -digit } else { digit })?;
                self.state = State::Int { value, negative, digits: true };
            }
            _ => return None,
        }
        Some(Token::Nothing)
    }

    const fn count_item(&mut self) -> Option<()> {
        if self.dicts & self.keys & 1 == 0 {
            self.items += 1;
        }
        if self.items > MAX_ITEMS { None } else { Some(()) }
    }

    const fn end_value(&mut self) {
        self.state = if self.depth == 0 { State::Done } else { State::Value };
        self.keys ^= self.dicts & 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ParseError;
    use crate::wire::bt::bencode;

    /// What becomes of bytes that come in pieces: how many the value took, if it ended.
    fn scan(pieces: &[&[u8]]) -> Result<Option<usize>, NoValue> {
        let (mut scanner, mut taken) = (Scanner::default(), 0);
        for piece in pieces {
            let mut bytes = *piece;
            while !bytes.is_empty() {
                let (_, rest) = scanner.next(bytes)?;
                taken += bytes.len() - rest.len();
                if scanner.is_done() {
                    return Ok(Some(taken));
                }
                bytes = rest;
            }
        }
        Ok(None)
    }

    fn agrees(bytes: &[u8]) {
        let expected = match bencode::parse(bytes) {
            Ok((_, rest)) => Ok(Some(bytes.len() - rest.len())),
            Err(ParseError::Truncated { .. }) => Ok(None),
            Err(_) => Err(NoValue),
        };
        assert_eq!(scan(&[bytes]), expected, "{}", bytes.escape_ascii());
        assert_eq!(scan(&bytes.chunks(1).collect::<Vec<_>>()), expected, "{}", bytes.escape_ascii());
        let (head, tail) = bytes.split_at(bytes.len() / 2);
        assert_eq!(scan(&[head, tail]), expected);
    }

    #[test]
    fn it_accepts_what_parse_accepts() {
        for bytes in [
            &b"d1:ai1e1:bl0:3:abcee1:cd0:0:eerest"[..],
            b"i-0042e",
            b"ie",
            b"i-e",
            b"i9223372036854775807e",
            b"i9223372036854775808e",
            b"0:",
            b"le",
            b"de",
            b"d1:ae",
            b"di1e",
            b"d1:a1:bi1e",
            b"1x",
            b":",
            b"e",
            b"1234567890:",
            b"ll",
            b"",
        ] {
            agrees(bytes);
        }
        for depth in [32, 33] {
            agrees(&[vec![b'l'; depth], vec![b'e'; depth]].concat());
            agrees(&[b"d1:a".repeat(depth), vec![b'l'], vec![b'e'; depth + 1]].concat());
        }
    }

    #[test]
    fn strings_come_in_parts_and_keys_are_told_apart() {
        let mut scanner = Scanner::default();
        assert_eq!(scanner.next(b"d3:ab"), Ok((Token::Open { dict: true }, &b"3:ab"[..])));
        assert_eq!(scanner.next(b"3:ab"), Ok((Token::Text { part: b"ab", left: 1, key: true }, &b""[..])));
        assert_eq!(scanner.next(b""), Ok((Token::Nothing, &b""[..])));
        assert_eq!(scanner.next(b"c0:e"), Ok((Token::Text { part: b"c", left: 0, key: true }, &b"0:e"[..])));
        assert_eq!(scanner.next(b"0:e"), Ok((Token::Text { part: b"", left: 0, key: false }, &b"e"[..])));
        assert_eq!(scanner.next(b"e"), Ok((Token::Close, &b""[..])));
        assert!(scanner.is_done());
    }

    proptest! {
        #[test]
        fn it_agrees_with_parse_on_any_bytes(
            bytes in proptest::collection::vec(prop::sample::select(&b"0123456789-:ilde"[..]), 0..40),
            any: Vec<u8>,
        ) {
            agrees(&bytes);
            agrees(&any);
            agrees(&[b"d1:al".as_slice(), &bytes].concat());
        }
    }
}
