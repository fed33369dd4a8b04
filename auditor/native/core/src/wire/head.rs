//! Heads of HTTP and of what is written like it (SSDP, BT-SEARCH): a start line, fields, an empty line.
//!
//! `start-line CRLF *( name ":" value CRLF ) CRLF`, RFC 9112 §2.1. A lone LF ends a line too (§2.2). Fields are found by
//! name when asked for, and none is shown: a Cookie, an Authorization or a Proxy-Authorization may be among them.

use std::fmt;

use crate::error::ParseError;

/// A head. Holding one proves that an empty line ends it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    start: &'a [u8],
    fields: &'a [u8],
}

impl<'a> Head<'a> {
    /// Splits a head of at most `max` bytes off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// `Truncated` until the empty line has come; `Mismatch` where it has not come in `max` bytes, or is the first line.
    pub fn parse(input: &'a [u8], max: usize) -> Result<(Self, &'a [u8]), ParseError> {
        let bounded = input.get(..max).unwrap_or(input);
        let mut at = 0;
        let mut start: Option<(&[u8], usize)> = None;
        while let Some((line, next)) = line(bounded, at) {
            match start {
                None if line.is_empty() => {
                    return Err(ParseError::Mismatch { offset: 0, expected: "a start line" });
                }
                None => start = Some((line, next)),
                Some((start, fields)) if line.is_empty() => {
                    let fields = bounded.get(fields..at).unwrap_or_default();
                    return Ok((Self { start, fields }, input.get(next..).unwrap_or_default()));
                }
                Some(_) => {}
            }
            at = next;
        }
        Err(if input.len() < max {
            ParseError::Truncated { offset: input.len(), needed: 1 }
        } else {
            ParseError::Mismatch { offset: max, expected: "the end of a head" }
        })
    }

    /// The start line.
    #[must_use]
    pub const fn start(&self) -> &'a [u8] {
        self.start
    }

    /// The values of all fields of this name, in any case of letters.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.split(|byte| *byte == b'\n').filter_map(move |line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (field, value) = line.split_at_checked(colon)?;
            let value = value.split_first()?.1;
            field.trim_ascii_end().eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
        })
    }

    /// The value of the first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields(name).next()
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("len", &(self.start.len() + self.fields.len())).finish_non_exhaustive()
    }
}

/// The line that begins at `at`, without its end, and where the next one begins.
fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = rest.get(..end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), at + end + 1))
}

/// Says that `input` does not begin with `literal`, as soon as that is so. What is too short passes.
///
/// # Errors
/// `Mismatch` at the first byte that differs.
pub fn begins(input: &[u8], literal: &[u8], expected: &'static str) -> Result<(), ParseError> {
    match input.iter().zip(literal).position(|(got, want)| got != want) {
        Some(offset) => Err(ParseError::Mismatch { offset, expected }),
        None => Ok(()),
    }
}

/// Reads a decimal number; nothing else may stand beside it.
#[must_use]
pub fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &[u8] =
        b"GET / HTTP/1.1\r\nHost: one\r\nhost:two \n: none\r\nno field\r\nCookie: secret\r\n\r\n";

    #[test]
    fn fields_are_found_by_name_in_any_case() {
        let input = [HEAD, b"body"].concat();
        let (head, rest) = Head::parse(&input, 1000).unwrap();
        assert_eq!((head.start(), rest), (&b"GET / HTTP/1.1"[..], &b"body"[..]));
        assert_eq!(head.fields("HOST").collect::<Vec<_>>(), [b"one", b"two"]);
        assert_eq!((head.field("host"), head.field("no")), (Some(&b"one"[..]), None));
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..HEAD.len() {
            let expected = ParseError::Truncated { offset: cut, needed: 1 };
            assert_eq!(Head::parse(&HEAD[..cut], HEAD.len()), Err(expected));
        }
        assert!(Head::parse(HEAD, HEAD.len()).is_ok());
    }

    #[test]
    fn an_endless_head_and_an_empty_one_are_refused() {
        assert!(matches!(Head::parse(HEAD, HEAD.len() - 1), Err(ParseError::Mismatch { .. })));
        assert!(matches!(Head::parse(b"\r\nGET", 99), Err(ParseError::Mismatch { offset: 0, .. })));
    }

    #[test]
    fn a_head_shows_nothing_of_its_fields() {
        let shown = format!("{:?}", Head::parse(HEAD, 1000).unwrap().0);
        assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
    }

    #[test]
    fn a_number_is_digits_alone() {
        assert_eq!((decimal(b"0"), decimal(b"4294967295")), (Some(0), Some(u32::MAX)));
        for other in [&b""[..], b"-1", b"+1", b" 1", b"4294967296", b"1e3"] {
            assert_eq!(decimal(other), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(input in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b':'), any::<u8>()], 0..60)) {
            if let Ok((head, rest)) = Head::parse(&input, 50) {
                prop_assert!(head.start().len() + rest.len() < input.len());
                let _ = head.fields("a").count();
            }
        }
    }
}
