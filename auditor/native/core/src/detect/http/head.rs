//! A head that comes in parts, with the frames that carry them.

use crate::detect::{Span, Stamp};
use crate::error::ParseError;

/// What came of a head so far: never more than parsers of heads wait for, and one segment.
#[derive(Debug, Default)]
pub(super) struct Partial {
    bytes: Vec<u8>,
    begun: Option<(Span, Stamp)>,
}

/// A head's place: where it was sent, and by which frame first.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) span: Span,
    pub(super) first: Stamp,
}

/// What became of the bytes so far.
pub(super) enum Outcome<'a, T> {
    /// The head is whole; with it, its place and the bytes after it.
    Whole(T, Sent, &'a [u8]),
    /// It is not.
    Unended,
    /// It is none.
    Refused,
}

impl Partial {
    pub(super) const fn is_empty(&self) -> bool {
        self.begun.is_none()
    }

    /// Adds `bytes`, and lets `parse` make something of them: it answers with that, and how many bytes follow the head.
    pub(super) fn read<'a, T>(
        &mut self,
        bytes: &'a [u8],
        stamp: Stamp,
        parse: impl FnOnce(&[u8]) -> Result<(T, usize), ParseError>,
    ) -> Outcome<'a, T> {
        let (mut span, first) = self.begun.take().unwrap_or_else(|| (Span::at(stamp), stamp));
        span.extend(stamp);
        let whole = if self.bytes.is_empty() {
            parse(bytes)
        } else {
            self.bytes.extend_from_slice(bytes);
            parse(&self.bytes)
        };
        match whole {
            Ok((head, left)) => {
                let rest =
                    bytes.len().checked_sub(left).and_then(|from| bytes.get(from..)).unwrap_or_default();
                self.bytes = Vec::new();
                Outcome::Whole(head, Sent { span, first }, rest)
            }
            Err(ParseError::Truncated { .. }) => {
                if self.bytes.is_empty() {
                    self.bytes.extend_from_slice(bytes);
                }
                self.begun = Some((span, first));
                Outcome::Unended
            }
            Err(_) => {
                self.bytes = Vec::new();
                Outcome::Refused
            }
        }
    }
}
