//! Peer-wire messages, BEP 3: `len[4] id[1] payload[len - 1]`, and `len` 0 alone for a keep-alive.
//! Further ids from BEP 5 (9), BEP 6 (13 to 17), BEP 10 (20) and BEP 52 (21 to 23). BEP 9, 11, 21, 54 and 55 have no
//! ids of their own: their messages are extended ones, see `extended`.
//!
//! Only a message's head is read: the length, the id and the numbers that make it a fact. The body (a block's
//! data, a bitfield, an extended message) may be long and arrive in many segments, so it is left to the caller,
//! who gets its length: [`MessageHead::body_len`], and whether to collect it: [`MessageHead::whole_body`].

use crate::error::ParseError;

/// The longest block: 16 KiB is customary, and some old clients ask for 128 KiB.
pub const MAX_BLOCK: u32 = 1 << 20;
/// The longest message: a piece message with the longest block.
pub const MAX_LEN: u32 = 9 + MAX_BLOCK;

/// The longest body that is worth collecting whole: four times a block of metadata, or 2,047 hashes.
pub const MAX_BODY: u32 = 64 << 10;

/// The head of one message. Holding one proves that its length fits its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageHead {
    /// The length the message states: bytes after the four of the length itself.
    pub len: u32,
    /// What the message is.
    pub kind: Kind,
}

/// What a message is, with the numbers in its head. Blocks are `length` bytes at `begin` of piece `index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named as in the BEPs")]
pub enum Kind {
    /// Nothing, so that the connection stays open.
    KeepAlive,
    /// The sender will not answer requests.
    Choke,
    /// The sender will answer requests.
    Unchoke,
    /// The sender wants pieces that the receiver has.
    Interested,
    /// The sender wants none of the receiver's pieces.
    NotInterested,
    /// The sender has verified one more piece.
    Have { index: u32 },
    /// The pieces that the sender has, one bit each; `bytes` of them.
    Bitfield { bytes: u32 },
    /// The sender asks for a block.
    Request { index: u32, begin: u32, length: u32 },
    /// A block; `data_len` bytes of it follow as the body.
    Piece { index: u32, begin: u32, data_len: u32 },
    /// The sender no longer asks for a block.
    Cancel { index: u32, begin: u32, length: u32 },
    /// The UDP port of the sender's DHT node.
    Port(u16),
    /// The sender proposes a piece to ask for.
    Suggest { index: u32 },
    /// The sender has every piece.
    HaveAll,
    /// The sender has no piece.
    HaveNone,
    /// The sender will not answer a request.
    Reject { index: u32, begin: u32, length: u32 },
    /// The sender answers requests for a piece even while it chokes.
    AllowedFast { index: u32 },
    /// An extended message; `id` 0 is the extended handshake, others are as its receiver announced.
    Extended { id: u8 },
    /// The sender asks for hashes of a v2 torrent.
    HashRequest,
    /// Hashes of a v2 torrent.
    Hashes,
    /// The sender will not answer a hash request.
    HashReject,
    /// An id that none of these BEPs defines.
    Other(u8),
}

impl MessageHead {
    /// The most bytes that a head takes.
    pub const MAX_HEADER: usize = 17;

    /// Reads the head of the message at the front of `input`; returns it and how many bytes it takes.
    /// Asks for no more bytes than that: 13 of a piece, 6 of an extended message, 5 of most.
    ///
    /// # Errors
    /// `Mismatch` where the length exceeds [`MAX_LEN`] or does not fit the id, or a block would be longer than
    /// [`MAX_BLOCK`]: the stream is then no peer-wire stream, or no longer at a message's start. `Truncated`
    /// until the head is whole.
    pub fn parse(input: &[u8]) -> Result<(Self, usize), ParseError> {
        let mut head = Head { input, taken: 0 };
        let len = head.u32()?;
        if len == 0 {
            return Ok((Self { len, kind: Kind::KeepAlive }, head.taken));
        }
        if len > MAX_LEN {
            return Err(ParseError::Mismatch { offset: 0, expected: "a message of at most 1 MiB" });
        }
        let [id] = head.take()?;
        if !fits(id, len) {
            return Err(ParseError::Mismatch { offset: 0, expected: "the length of this kind of message" });
        }
        let kind = match id {
            0 => Kind::Choke,
            1 => Kind::Unchoke,
            2 => Kind::Interested,
            3 => Kind::NotInterested,
            4 => Kind::Have { index: head.u32()? },
            5 => Kind::Bitfield { bytes: len.saturating_sub(1) },
            6 => Kind::Request { index: head.u32()?, begin: head.u32()?, length: head.block()? },
            7 => Kind::Piece { index: head.u32()?, begin: head.u32()?, data_len: len.saturating_sub(9) },
            8 => Kind::Cancel { index: head.u32()?, begin: head.u32()?, length: head.block()? },
            9 => Kind::Port(u16::from_be_bytes(head.take()?)),
            13 => Kind::Suggest { index: head.u32()? },
            14 => Kind::HaveAll,
            15 => Kind::HaveNone,
            16 => Kind::Reject { index: head.u32()?, begin: head.u32()?, length: head.block()? },
            17 => Kind::AllowedFast { index: head.u32()? },
            20 => Kind::Extended { id: u8::from_be_bytes(head.take()?) },
            21 => Kind::HashRequest,
            22 => Kind::Hashes,
            23 => Kind::HashReject,
            other => Kind::Other(other),
        };
        Ok((Self { len, kind }, head.taken))
    }

    /// How many bytes of the message follow its head: what to skip or read before the next message.
    #[must_use]
    pub const fn body_len(&self) -> u32 {
        match self.kind {
            Kind::Bitfield { bytes } => bytes,
            Kind::Piece { data_len, .. } => data_len,
            Kind::Extended { .. } => self.len.saturating_sub(2),
            Kind::HashRequest | Kind::Hashes | Kind::HashReject | Kind::Other(_) => {
                self.len.saturating_sub(1)
            }
            _ => 0,
        }
    }

    /// How long the body is that says something as a whole, for those kinds that have one: extended messages and
    /// those of hashes, up to [`MAX_BODY`]. The body of any other, and a longer one, is to be passed by.
    #[must_use]
    pub const fn whole_body(&self) -> Option<u32> {
        match self.kind {
            Kind::Extended { .. } | Kind::HashRequest | Kind::Hashes | Kind::HashReject
                if self.body_len() <= MAX_BODY =>
            {
                Some(self.body_len())
            }
            _ => None,
        }
    }
}

impl Kind {
    /// The kind's name in JSON and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::KeepAlive => "keep_alive",
            Self::Choke => "choke",
            Self::Unchoke => "unchoke",
            Self::Interested => "interested",
            Self::NotInterested => "not_interested",
            Self::Have { .. } => "have",
            Self::Bitfield { .. } => "bitfield",
            Self::Request { .. } => "request",
            Self::Piece { .. } => "piece",
            Self::Cancel { .. } => "cancel",
            Self::Port(_) => "port",
            Self::Suggest { .. } => "suggest",
            Self::HaveAll => "have_all",
            Self::HaveNone => "have_none",
            Self::Reject { .. } => "reject",
            Self::AllowedFast { .. } => "allowed_fast",
            Self::Extended { .. } => "extended",
            Self::HashRequest => "hash_request",
            Self::Hashes => "hashes",
            Self::HashReject => "hash_reject",
            Self::Other(_) => "other",
        }
    }
}

/// Whether a message of this id can have this length. Ids without a fixed length or a least one can have any.
const fn fits(id: u8, len: u32) -> bool {
    match id {
        0..=3 | 14 | 15 => len == 1,
        4 | 13 | 17 => len == 5,
        6 | 8 | 16 => len == 13,
        7 => len >= 9,
        9 => len == 3,
        20 => len >= 2,
        21 | 23 => len == 49,
        22 => len >= 49 && (len - 49).is_multiple_of(32),
        _ => true,
    }
}

/// The bytes of a head, taken from the front.
struct Head<'a> {
    input: &'a [u8],
    taken: usize,
}

impl Head<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let rest = self.input.get(self.taken..).unwrap_or_default();
        let Some(bytes) = rest.first_chunk() else {
            let needed = N.saturating_sub(rest.len());
            return Err(ParseError::Truncated { offset: self.input.len(), needed });
        };
        self.taken += N;
        Ok(*bytes)
    }

    fn u32(&mut self) -> Result<u32, ParseError> {
        self.take().map(u32::from_be_bytes)
    }

    /// A block's length.
    fn block(&mut self) -> Result<u32, ParseError> {
        let offset = self.taken;
        match self.u32()? {
            length @ ..=MAX_BLOCK => Ok(length),
            _ => Err(ParseError::Mismatch { offset, expected: "a block of at most 1 MiB" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each kind's head, the bytes that follow it, and its label.
    const EXAMPLES: &[(&[u8], Kind, u32, &str)] = &[
        (b"\0\0\0\0", Kind::KeepAlive, 0, "keep_alive"),
        (b"\0\0\0\x01\x00", Kind::Choke, 0, "choke"),
        (b"\0\0\0\x01\x01", Kind::Unchoke, 0, "unchoke"),
        (b"\0\0\0\x01\x02", Kind::Interested, 0, "interested"),
        (b"\0\0\0\x01\x03", Kind::NotInterested, 0, "not_interested"),
        (b"\0\0\0\x05\x04\0\0\x01\x02", Kind::Have { index: 258 }, 0, "have"),
        (b"\0\0\0\x19\x05", Kind::Bitfield { bytes: 24 }, 24, "bitfield"),
        (
            b"\0\0\0\x0d\x06\0\0\0\x07\0\0\x40\0\0\0\x40\0",
            Kind::Request { index: 7, begin: 16384, length: 16384 },
            0,
            "request",
        ),
        (
            b"\0\0\x40\x09\x07\0\0\0\x07\0\0\x40\0",
            Kind::Piece { index: 7, begin: 16384, data_len: 16384 },
            16384,
            "piece",
        ),
        (
            b"\0\0\0\x0d\x08\0\0\0\x07\0\0\0\0\0\x10\0\0",
            Kind::Cancel { index: 7, begin: 0, length: MAX_BLOCK },
            0,
            "cancel",
        ),
        (b"\0\0\0\x03\x09\x1a\xe1", Kind::Port(6881), 0, "port"),
        (b"\0\0\0\x05\x0d\0\0\0\x01", Kind::Suggest { index: 1 }, 0, "suggest"),
        (b"\0\0\0\x01\x0e", Kind::HaveAll, 0, "have_all"),
        (b"\0\0\0\x01\x0f", Kind::HaveNone, 0, "have_none"),
        (
            b"\0\0\0\x0d\x10\0\0\0\x07\0\0\x40\0\0\0\x40\0",
            Kind::Reject { index: 7, begin: 16384, length: 16384 },
            0,
            "reject",
        ),
        (b"\0\0\0\x05\x11\0\0\x04\x23", Kind::AllowedFast { index: 1059 }, 0, "allowed_fast"),
        (b"\0\0\0\x64\x14\x00", Kind::Extended { id: 0 }, 98, "extended"),
        (b"\0\0\0\x31\x15", Kind::HashRequest, 48, "hash_request"),
        (b"\0\0\0\x71\x16", Kind::Hashes, 112, "hashes"),
        (b"\0\0\0\x31\x17", Kind::HashReject, 48, "hash_reject"),
        (b"\0\0\0\x2a\x1a", Kind::Other(26), 41, "other"),
        (
            b"\0\x10\0\x09\x07\0\0\0\0\0\0\0\0",
            Kind::Piece { index: 0, begin: 0, data_len: MAX_BLOCK },
            MAX_BLOCK,
            "piece",
        ),
    ];

    #[test]
    fn each_kind_is_read_by_its_head_alone() {
        for &(bytes, kind, body_len, label) in EXAMPLES {
            let (head, taken) = MessageHead::parse(bytes).unwrap();
            assert_eq!((head.kind, taken, head.body_len()), (kind, bytes.len(), body_len), "{label}");
            assert_eq!(head.kind.label(), label);
            assert_eq!(4 + head.len as usize, taken + body_len as usize, "{label}");
            assert_eq!(MessageHead::parse(&[bytes, b"\xff\xff"].concat()), Ok((head, taken)), "{label}");
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_and_needs_no_more_than_is_missing() {
        for &(bytes, .., label) in EXAMPLES {
            for cut in 0..bytes.len() {
                let Err(ParseError::Truncated { offset, needed }) = MessageHead::parse(&bytes[..cut]) else {
                    panic!("{label} not truncated at {cut}");
                };
                assert_eq!(offset, cut);
                assert!((1..=bytes.len() - cut).contains(&needed), "{label} at {cut}");
            }
        }
    }

    #[test]
    fn bodies_of_extended_messages_and_of_hashes_are_worth_collecting() {
        let worth = |bytes: &[u8]| MessageHead::parse(bytes).unwrap().0.whole_body();
        assert_eq!(worth(b"\0\0\0\x64\x14\x00"), Some(98));
        assert_eq!(worth(b"\0\0\0\x02\x14\x07"), Some(0));
        assert_eq!(worth(b"\0\x01\0\x02\x14\x07"), Some(MAX_BODY));
        assert_eq!(worth(b"\0\x01\0\x03\x14\x07"), None);
        assert_eq!(worth(b"\0\0\0\x71\x16"), Some(112));
        assert_eq!(worth(b"\0\0\x40\x09\x07\0\0\0\x07\0\0\x40\0"), None);
        assert_eq!(worth(b"\0\0\0\x19\x05"), None);
    }

    #[test]
    fn a_length_that_does_not_fit_is_a_mismatch() {
        let cases: &[(&[u8], &str)] = &[
            (b"\0\x10\0\x0a", "longer than the longest piece message"),
            (b"\x13BitTorrent protocol", "a handshake"),
            (b"GET / HTTP/1.1\r\n", "another protocol"),
            (b"\0\0\0\x02\x00\x00", "choke with a payload"),
            (b"\0\0\0\x04\x04\0\0\0", "have, too short"),
            (b"\0\0\0\x0e\x06\0\0\0\0\0\0\0\0\0\0\0\0\0", "request, too long"),
            (b"\0\0\0\x08\x07\0\0\0\0\0\0\0", "piece without its offset"),
            (b"\0\0\0\x02\x09\x1a", "port of one byte"),
            (b"\0\0\0\x01\x14", "extended without an id"),
            (b"\0\0\0\x30\x15", "hash request, too short"),
            (b"\0\0\0\x50\x16", "hashes, not whole"),
            (b"\0\0\0\x21\x16", "hashes, too short"),
        ];
        for &(bytes, what) in cases {
            assert!(
                matches!(MessageHead::parse(bytes), Err(ParseError::Mismatch { offset: 0, .. })),
                "{what}"
            );
        }
    }

    #[test]
    fn a_block_longer_than_any_is_a_mismatch() {
        for id in [6, 8, 16] {
            let mut bytes = *b"\0\0\0\x0d\x06\0\0\0\x07\0\0\0\0\0\x10\0\x01";
            bytes[4] = id;
            let expected = "a block of at most 1 MiB";
            assert_eq!(MessageHead::parse(&bytes), Err(ParseError::Mismatch { offset: 13, expected }));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_by_the_longest_head(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            match MessageHead::parse(&bytes) {
                Ok((head, taken)) => {
                    prop_assert!(taken <= bytes.len());
                    prop_assert_eq!(4 + head.len as usize, taken + head.body_len() as usize);
                }
                Err(ParseError::Truncated { offset, .. }) => {
                    prop_assert_eq!(offset, bytes.len());
                    prop_assert!(offset < MessageHead::MAX_HEADER);
                }
                Err(_) => {}
            }
        }

        #[test]
        fn a_plausible_length_and_any_id_are_read_or_refused(len in 0..64_u32, tail: [u8; 13]) {
            let bytes = [&len.to_be_bytes()[..], &tail].concat();
            if let Ok((head, taken)) = MessageHead::parse(&bytes) {
                prop_assert_eq!(4 + head.len as usize, taken + head.body_len() as usize);
            }
        }
    }
}
