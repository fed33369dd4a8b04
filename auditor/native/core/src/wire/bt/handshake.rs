//! Peer-wire handshake, BEP 3: `19 "BitTorrent protocol" reserved[8] infohash[20] peer_id[20]`.
//!
//! It may arrive in two parts. A responder needs the first 48 bytes to know which torrent is meant, and an
//! initiator may wait for the answer before it tells its peer id. So the part that names the torrent is a view
//! of its own, [`HandshakeHead`]: a flow that ends between byte 48 and byte 68 has still named an infohash.

use crate::error::ParseError;

/// What every handshake begins with.
const PROTOCOL: &[u8; 20] = b"\x13BitTorrent protocol";

/// The handshake's first 48 bytes: all but the peer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeHead<'a> {
    reserved: &'a [u8; 8],
    infohash: &'a [u8; 20],
}

impl<'a> HandshakeHead<'a> {
    /// Length on the wire, in bytes.
    pub const LEN: usize = 48;

    /// Splits the head of a handshake off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as one byte rules a handshake out, however short `input` is; otherwise `Truncated`
    /// until [`Self::LEN`] bytes are present.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        if let Some(offset) = input.iter().zip(PROTOCOL).position(|(got, want)| got != want) {
            return Err(ParseError::Mismatch { offset, expected: "BitTorrent protocol" });
        }
        let view = || {
            let (_, rest) = input.split_first_chunk::<{ PROTOCOL.len() }>()?;
            let (reserved, rest) = rest.split_first_chunk()?;
            let (infohash, rest) = rest.split_first_chunk()?;
            Some((Self { reserved, infohash }, rest))
        };
        view().ok_or_else(|| truncated(input, Self::LEN))
    }

    /// What the sender's software can do besides BEP 3.
    #[must_use]
    pub const fn reserved(&self) -> Reserved {
        Reserved(*self.reserved)
    }

    /// The torrent: its v1 infohash, or the first 20 bytes of its v2 infohash.
    #[must_use]
    pub const fn infohash(&self) -> &'a [u8; 20] {
        self.infohash
    }
}

/// A borrowed view of one whole handshake. Holding one proves that the bytes were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake<'a> {
    head: HandshakeHead<'a>,
    peer_id: &'a [u8; 20],
}

impl<'a> Handshake<'a> {
    /// Length on the wire, in bytes.
    pub const LEN: usize = 68;
    /// The byte that it begins with.
    pub const FIRST: u8 = PROTOCOL[0];

    /// Splits one handshake off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as one byte rules a handshake out, however short `input` is; otherwise `Truncated`
    /// until [`Self::LEN`] bytes are present. Then [`HandshakeHead::parse`] may already succeed.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let whole = match HandshakeHead::parse(input) {
            Ok((head, rest)) => {
                rest.split_first_chunk().map(|(peer_id, rest)| (Self { head, peer_id }, rest))
            }
            Err(ParseError::Truncated { .. }) => None,
            Err(mismatch) => return Err(mismatch),
        };
        whole.ok_or_else(|| truncated(input, Self::LEN))
    }

    /// The first 48 bytes.
    #[must_use]
    pub const fn head(&self) -> HandshakeHead<'a> {
        self.head
    }

    /// As [`HandshakeHead::reserved`].
    #[must_use]
    pub const fn reserved(&self) -> Reserved {
        self.head.reserved()
    }

    /// As [`HandshakeHead::infohash`].
    #[must_use]
    pub const fn infohash(&self) -> &'a [u8; 20] {
        self.head.infohash()
    }

    /// What the sender calls itself (BEP 20). Some clients draw a new one for every connection.
    #[must_use]
    pub const fn peer_id(&self) -> &'a [u8; 20] {
        self.peer_id
    }
}

/// The eight reserved bytes, one bit an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reserved(pub [u8; 8]);

impl Reserved {
    /// The extension protocol, BEP 10.
    #[must_use]
    pub const fn offers_extension(self) -> bool {
        self.0[5] & 0x10 != 0
    }

    /// The DHT, BEP 5.
    #[must_use]
    pub const fn offers_dht(self) -> bool {
        self.0[7] & 0x01 != 0
    }

    /// The fast extension, BEP 6.
    #[must_use]
    pub const fn offers_fast(self) -> bool {
        self.0[7] & 0x04 != 0
    }

    /// An upgrade from v1 to v2 of a hybrid torrent, BEP 52: the answer may then name the other infohash.
    #[must_use]
    pub const fn offers_upgrade(self) -> bool {
        self.0[7] & 0x10 != 0
    }
}

/// All of `input` fits, and `whole` bytes are wanted.
const fn truncated(input: &[u8], whole: usize) -> ParseError {
    ParseError::Truncated { offset: input.len(), needed: whole.saturating_sub(input.len()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As libtorrent sends it for a v1 torrent.
    const EXAMPLE: &[u8; 68] = b"\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x05\
        \x99\x95\x1e\x0d\x6c\x0f\x88\x1b\x1f\x31\x66\xe9\xa7\x69\x9f\x5d\x5d\x51\xa9\xc7\
        -LT2110-0123456789ab";

    #[test]
    fn a_handshake_is_read_and_the_rest_is_returned() {
        let input = [EXAMPLE.as_slice(), b"\x00\x00\x00\x01\x0f"].concat();
        let (handshake, rest) = Handshake::parse(&input).unwrap();
        assert_eq!(handshake.infohash()[..4], [0x99, 0x95, 0x1e, 0x0d]);
        assert_eq!(handshake.peer_id(), b"-LT2110-0123456789ab");
        assert_eq!(handshake.reserved(), Reserved([0, 0, 0, 0, 0, 0x10, 0, 0x05]));
        assert_eq!(rest, b"\x00\x00\x00\x01\x0f");
    }

    #[test]
    fn each_extension_has_its_bit() {
        let offers = |reserved: [u8; 8]| {
            let reserved = Reserved(reserved);
            let extension = reserved.offers_extension();
            (extension, reserved.offers_dht(), reserved.offers_fast(), reserved.offers_upgrade())
        };
        assert_eq!(offers([0, 0, 0, 0, 0, 0x10, 0, 0]), (true, false, false, false));
        assert_eq!(offers([0, 0, 0, 0, 0, 0, 0, 0x01]), (false, true, false, false));
        assert_eq!(offers([0, 0, 0, 0, 0, 0, 0, 0x04]), (false, false, true, false));
        assert_eq!(offers([0, 0, 0, 0, 0, 0, 0, 0x10]), (false, false, false, true));
        assert_eq!(offers([0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0xff, 0xea]), (false, false, false, false));
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..Handshake::LEN {
            let expected = ParseError::Truncated { offset: cut, needed: Handshake::LEN - cut };
            assert_eq!(Handshake::parse(&EXAMPLE[..cut]), Err(expected));
        }
        for cut in 0..HandshakeHead::LEN {
            let expected = ParseError::Truncated { offset: cut, needed: HandshakeHead::LEN - cut };
            assert_eq!(HandshakeHead::parse(&EXAMPLE[..cut]), Err(expected));
        }
    }

    #[test]
    fn without_its_peer_id_a_handshake_still_names_the_torrent() {
        let (whole, _) = Handshake::parse(EXAMPLE).unwrap();
        for cut in HandshakeHead::LEN..=Handshake::LEN {
            let (head, rest) = HandshakeHead::parse(&EXAMPLE[..cut]).unwrap();
            assert_eq!(head, whole.head());
            assert_eq!(rest, &EXAMPLE[HandshakeHead::LEN..cut]);
        }
    }

    #[test]
    fn one_wrong_byte_is_a_mismatch_however_little_follows() {
        for offset in 0..PROTOCOL.len() {
            let mut input = *EXAMPLE;
            input[offset] ^= 0x20;
            let expected = Err(ParseError::Mismatch { offset, expected: "BitTorrent protocol" });
            assert_eq!(Handshake::parse(&input), expected);
            assert_eq!(Handshake::parse(&input[..=offset]), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, cut in 0..=Handshake::LEN) {
            let _ = Handshake::parse(&bytes);
            let _ = Handshake::parse(&[&EXAMPLE[..cut], &bytes].concat());
        }
    }
}
