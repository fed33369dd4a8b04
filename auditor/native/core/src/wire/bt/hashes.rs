//! Hashes of v2 torrents, BEP 52: the bodies of the messages 21 (hash request), 22 (hashes) and 23 (hash reject),
//! `pieces_root[32] base_layer[4] index[4] length[4] proof_layers[4]`, and of `hashes` as many hashes of 32 bytes
//! as there are.
//!
//! A file's blocks of 16 KiB are hashed, the hashes padded with zeros to a power of two, and hashed in pairs, layer
//! by layer, up to the pieces root. Layer 0 is that of the blocks. `length` hashes of `base_layer`, from `index`
//! on, are followed by the hash beside each further node on the way to the root: with those the receiver can check
//! that they belong under it.

use crate::error::ParseError;

/// What all three messages say: which hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashRange<'a> {
    /// The file, by the root of its tree.
    pub pieces_root: &'a [u8; 32],
    /// Layers above that of the blocks.
    pub base_layer: u32,
    /// The first hash, counted in its layer.
    pub index: u32,
    /// How many.
    pub length: u32,
    /// How many layers above the base the proof covers.
    pub proof_layers: u32,
}

impl<'a> HashRange<'a> {
    /// Bytes on the wire.
    pub const LEN: usize = 48;

    /// Splits what a hash request or a hash reject says off the front of `body`; returns it and the rest.
    ///
    /// # Errors
    /// `Truncated` until [`Self::LEN`] bytes are there.
    pub fn parse(body: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let view = || {
            let (pieces_root, rest) = body.split_first_chunk()?;
            let (base_layer, rest) = rest.split_first_chunk()?;
            let (index, rest) = rest.split_first_chunk()?;
            let (length, rest) = rest.split_first_chunk()?;
            let (proof_layers, rest) = rest.split_first_chunk()?;
            let [base_layer, index, length, proof_layers] =
                [base_layer, index, length, proof_layers].map(|number| u32::from_be_bytes(*number));
            Some((Self { pieces_root, base_layer, index, length, proof_layers }, rest))
        };
        let needed = Self::LEN.saturating_sub(body.len());
        view().ok_or(ParseError::Truncated { offset: body.len(), needed })
    }
}

/// Hashes. Holding one proves that there are at least as many as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hashes<'a> {
    /// Which ones.
    pub range: HashRange<'a>,
    /// The hashes asked for, `range.length` of them.
    pub base: &'a [[u8; 32]],
    /// The hashes beside the way to the root, from the lowest on.
    pub proof: &'a [[u8; 32]],
}

impl<'a> Hashes<'a> {
    /// Reads the whole body of a `hashes` message: that it has as many hashes as its length says was checked with
    /// its head.
    ///
    /// # Errors
    /// `Truncated` until there are as many hashes as it says, and no half one.
    pub fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        let (range, rest) = HashRange::parse(body)?;
        let (hashes, part) = rest.as_chunks();
        let whole = u64::from(range.length) * 32;
        match usize::try_from(range.length).ok().and_then(|length| hashes.split_at_checked(length)) {
            Some((base, proof)) if part.is_empty() => Ok(Self { range, base, proof }),
            Some(_) => Err(ParseError::Truncated { offset: body.len(), needed: 32 - part.len() }),
            None => {
                let needed = usize::try_from(whole.saturating_sub(rest.len() as u64)).unwrap_or(usize::MAX);
                Err(ParseError::Truncated { offset: body.len(), needed })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(length: u32, hashes: usize) -> Vec<u8> {
        let numbers = [4_u32, 8, length, 3].map(u32::to_be_bytes).concat();
        [vec![0xaa; 32], numbers, (0..hashes * 32).map(|at| u8::try_from(at / 32).unwrap()).collect()]
            .concat()
    }

    #[test]
    fn which_hashes_is_read_and_the_rest_is_returned() {
        let body = body(2, 0);
        let expected =
            HashRange { pieces_root: &[0xaa; 32], base_layer: 4, index: 8, length: 2, proof_layers: 3 };
        assert_eq!(HashRange::parse(&body), Ok((expected, &b""[..])));
    }

    #[test]
    fn hashes_are_parted_into_those_asked_for_and_their_proof() {
        let body = body(2, 5);
        let hashes = Hashes::parse(&body).unwrap();
        assert_eq!(hashes.base, [[0; 32], [1; 32]]);
        assert_eq!(hashes.proof, [[2; 32], [3; 32], [4; 32]]);
    }

    #[test]
    fn every_prefix_without_the_hashes_asked_for_is_truncated() {
        let whole = body(2, 2);
        for cut in 0..whole.len() {
            let Err(ParseError::Truncated { offset, needed }) = Hashes::parse(&whole[..cut]) else {
                panic!("not truncated at {cut}");
            };
            assert_eq!(offset, cut);
            assert!((1..=whole.len() - cut).contains(&needed), "{cut}: {needed}");
        }
    }

    #[test]
    fn a_length_beyond_all_bytes_is_truncated_and_nothing_is_allocated() {
        assert!(matches!(Hashes::parse(&body(u32::MAX, 3)), Err(ParseError::Truncated { .. })));
    }
}
