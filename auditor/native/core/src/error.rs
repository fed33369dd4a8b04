//! Why bytes are not (yet) what a parser looks for.

use std::fmt;

/// A parser's refusal. The distinction matters: `Truncated` may still become a match, `Mismatch` cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// The bytes so far fit; at least `needed` more are wanted after `offset`.
    Truncated {
        /// Where the input ended.
        offset: usize,
        /// How many more bytes are needed at least.
        needed: usize,
    },
    /// The byte at `offset` rules it out, whatever may follow.
    Mismatch {
        /// The first byte that does not fit.
        offset: usize,
        /// What was expected there.
        expected: &'static str,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { offset, needed } => {
                write!(f, "ends at offset {offset}, {needed} more bytes needed")
            }
            Self::Mismatch { offset, expected } => write!(f, "not {expected} at offset {offset}"),
        }
    }
}

impl std::error::Error for ParseError {}
