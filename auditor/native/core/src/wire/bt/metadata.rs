//! Metadata exchange, `ut_metadata`, BEP 9: the body of an extended message, one bencoded dict, and behind it the
//! bytes of a block if it is data.
//!
//! | key | value |
//! |---|---|
//! | `msg_type` | 0 request, 1 data, 2 reject |
//! | `piece` | which block of the info dict, from 0 |
//! | `total_size` | of data: bytes of the info dict |
//!
//! Blocks have 16 KiB, the last one what is left. So the size of a data message follows from its dict, and a
//! shorter one is known to be cut. Nothing here is to be trusted before the whole hashes to the infohash: see
//! `content::metadata`.

use super::bencode::{Reader, Refused};
use crate::error::ParseError;

/// Bytes of a block.
pub const BLOCK: u32 = 16 << 10;

/// One message. Holding one proves that, of data, the block has the size that it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataMessage<'a> {
    /// What it is.
    pub kind: MetadataKind<'a>,
    /// Which block of the info dict.
    pub piece: u32,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataKind<'a> {
    /// The sender asks for a block.
    Request,
    /// A block.
    Data {
        /// Bytes of the info dict, as the sender says.
        total_size: u32,
        /// The block's bytes.
        block: &'a [u8],
    },
    /// The sender does not have the block, or does not give it.
    Reject,
    /// A type that the BEP does not define: to be ignored, says the BEP.
    Other(i64),
}

impl<'a> MetadataMessage<'a> {
    /// Splits one message off the front of `body`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` if it is no bencoded dict, lacks the type or a possible piece, or, of data, a size that has this
    /// piece; otherwise `Truncated` until dict and block are whole.
    pub fn parse(body: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let (mut kind, mut piece, mut total_size) = (None, None, None);
        let mut reader = Reader::new(body);
        let taken = reader.dict(|key, reader| {
            let slot = match key {
                b"msg_type" => &mut kind,
                b"piece" => &mut piece,
                b"total_size" => &mut total_size,
                _ => return reader.skip(),
            };
            let read = reader.int_or_skip()?;
            *slot = slot.or(read);
            Ok(())
        });
        if let Err(Refused) = taken {
            return Err(reader.error());
        }
        let rest = reader.rest();
        let mismatch = |expected| ParseError::Mismatch { offset: body.len() - rest.len(), expected };
        let kind = kind.ok_or(mismatch("a dict with a message type"))?;
        let piece =
            piece.and_then(|piece| u32::try_from(piece).ok()).ok_or(mismatch("a dict with a piece"))?;
        let (kind, rest) = match kind {
            0 => (MetadataKind::Request, rest),
            1 => {
                let total_size = total_size.and_then(|size| u32::try_from(size).ok());
                let (total_size, len) = total_size
                    .and_then(|size| Some((size, block_len(size, piece)?)))
                    .ok_or(mismatch("data with a size that has this piece"))?;
                let needed = len.saturating_sub(rest.len());
                let (block, rest) =
                    rest.split_at_checked(len).ok_or(ParseError::Truncated { offset: body.len(), needed })?;
                (MetadataKind::Data { total_size, block }, rest)
            }
            2 => (MetadataKind::Reject, rest),
            other => (MetadataKind::Other(other), rest),
        };
        Ok((Self { kind, piece }, rest))
    }
}

/// How many blocks an info dict of this size has.
#[must_use]
pub const fn block_count(total_size: u32) -> u32 {
    total_size.div_ceil(BLOCK)
}

/// How many bytes a block has, if there is such a block.
#[must_use]
pub const fn block_len(total_size: u32, piece: u32) -> Option<usize> {
    if piece >= block_count(total_size) {
        return None;
    }
    // There is such a block, so it begins before the end.
    let left = total_size - piece * BLOCK;
    Some(if left < BLOCK { left } else { BLOCK } as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of BEP 9.
    const REQUEST: &[u8] = b"d8:msg_typei0e5:piecei0ee";
    const REJECT: &[u8] = b"d8:msg_typei2e5:piecei0ee";
    const DATA: &[u8] = b"d8:msg_typei1e5:piecei1e10:total_sizei16390ee";

    #[test]
    fn each_kind_is_read_and_the_rest_is_returned() {
        let other = b"d5:piecei7e8:msg_typei9ee";
        let examples = [
            (REQUEST, MetadataKind::Request, 0),
            (REJECT, MetadataKind::Reject, 0),
            (other, MetadataKind::Other(9), 7),
        ];
        for (body, kind, piece) in examples {
            let input = [body, b"rest"].concat();
            assert_eq!(MetadataMessage::parse(&input), Ok((MetadataMessage { kind, piece }, &b"rest"[..])));
        }
        let data = [DATA, b"sixbytrest"].concat();
        let kind = MetadataKind::Data { total_size: 16390, block: b"sixbyt" };
        assert_eq!(MetadataMessage::parse(&data), Ok((MetadataMessage { kind, piece: 1 }, &b"rest"[..])));
    }

    #[test]
    fn blocks_have_16_kib_and_the_last_what_is_left() {
        assert_eq!([0, 1, 16384, 16385].map(block_count), [0, 1, 1, 2]);
        assert_eq!([0, 1, 2].map(|piece| block_len(32769, piece)), [Some(16384), Some(16384), Some(1)]);
        assert_eq!((block_len(32769, 3), block_len(0, 0)), (None, None));
        assert_eq!(block_len(u32::MAX, u32::MAX / BLOCK), Some(16383));
    }

    #[test]
    fn every_proper_prefix_is_truncated_and_needs_no_more_than_is_missing() {
        for whole in [REQUEST, REJECT, &[DATA, b"sixbyt"].concat()] {
            for cut in 0..whole.len() {
                let Err(ParseError::Truncated { offset, needed }) = MetadataMessage::parse(&whole[..cut])
                else {
                    panic!("not truncated at {cut}");
                };
                assert_eq!(offset, cut);
                assert!((1..=whole.len() - cut).contains(&needed));
            }
        }
    }

    #[test]
    fn what_says_too_little_or_the_impossible_is_a_mismatch() {
        let cases: &[&[u8]] = &[
            b"le",
            b"de",
            b"d8:msg_typei0ee",
            b"d5:piecei0ee",
            b"d8:msg_typei0e5:piecei-1ee",
            b"d8:msg_typei0e5:piecei4294967296ee",
            b"d8:msg_typei1e5:piecei0eex",
            b"d8:msg_typei1e5:piecei0e10:total_sizei0ee",
            b"d8:msg_typei1e5:piecei1e10:total_sizei16384eex",
            b"d8:msg_typei1e5:piecei0e10:total_sizei-1eex",
        ];
        for case in cases {
            let parsed = MetadataMessage::parse(case);
            assert!(matches!(parsed, Err(ParseError::Mismatch { .. })), "{}", case.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at in 0..DATA.len(), byte: u8) {
            let _ = MetadataMessage::parse(&bytes);
            let mut bytes = [DATA, b"sixbyt"].concat();
            bytes[at] = byte;
            let _ = MetadataMessage::parse(&bytes);
        }
    }
}
