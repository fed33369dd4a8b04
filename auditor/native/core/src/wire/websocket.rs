//! WebSocket frames, RFC 6455 §5.2. A bit a letter, then bytes:
//!
//! ```text
//! FRRR OOOO | MLLL LLLL | length, 2 bytes if L is 126 and 8 if it is 127 | key, 4 bytes if M | payload
//! ```
//!
//! F: the message ends with this frame; R: reserved, the first for compression (RFC 7692); O: what it is; M: the
//! payload is masked with the key, as all is that clients send (§5.1). A message may come in several frames, with
//! control frames between them (§5.4).
//!
//! Only the head is read. The payload may be long: it is left to the caller, who gets its length.

pub mod upgrade;

use crate::error::ParseError;

/// The head of one frame. Holding one proves that its length fits its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameHead {
    /// Whether the message ends with this frame.
    pub is_last: bool,
    /// Whether the message that begins here is compressed.
    pub is_compressed: bool,
    /// What the frame is.
    pub kind: Kind,
    /// What masks the payload.
    pub key: Option<[u8; 4]>,
    /// How many bytes of payload follow.
    pub len: u64,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// More of a message that has begun.
    Continuation,
    /// A message of text begins.
    Text,
    /// A message of bytes begins.
    Binary,
    /// Nothing more will come.
    Close,
    /// Asks for a [`Self::Pong`].
    Ping,
    /// The sender is there.
    Pong,
}

impl FrameHead {
    /// The most bytes that a head takes.
    pub const MAX_HEADER: usize = 14;
    /// The most payload of a control frame (§5.5).
    const MAX_CONTROL: u64 = 125;

    /// Reads the head of the frame at the front of `input`; returns it and the rest, which begins with the payload.
    ///
    /// # Errors
    /// `Mismatch` where a reserved bit or kind is used, a length takes more bytes than it needs (§5.2), or a control
    /// frame is long, compressed or a part (§5.5). `Truncated` until the head is whole.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let (first, rest) = take::<1>(input, input)?;
        let kind = match first[0] & 0x0f {
            0 => Kind::Continuation,
            1 => Kind::Text,
            2 => Kind::Binary,
            8 => Kind::Close,
            9 => Kind::Ping,
            10 => Kind::Pong,
            _ => return Err(ParseError::Mismatch { offset: 0, expected: "a kind of frame" }),
        };
        let (is_last, is_compressed) = (first[0] & 0x80 != 0, first[0] & 0x40 != 0);
        let is_control = kind.is_control();
        if first[0] & 0x30 != 0
            || (is_control && !is_last)
            || (is_compressed && !matches!(kind, Kind::Text | Kind::Binary))
        {
            return Err(ParseError::Mismatch { offset: 0, expected: "the bits of this kind of frame" });
        }
        let (second, rest) = take::<1>(input, rest)?;
        let short = second[0] & 0x7f;
        if is_control && u64::from(short) > Self::MAX_CONTROL {
            return Err(ParseError::Mismatch { offset: 1, expected: "a short control frame" });
        }
        let (len, rest) = match short {
            126 => {
                let (bytes, rest) = take(input, rest)?;
                (u64::from(u16::from_be_bytes(bytes)), rest)
            }
            127 => {
                let (bytes, rest) = take(input, rest)?;
                (u64::from_be_bytes(bytes), rest)
            }
            short => (u64::from(short), rest),
        };
        let least = match short {
            126 => 126,
            127 => 1 << 16,
            _ => 0,
        };
        if len < least || len > i64::MAX.unsigned_abs() {
            return Err(ParseError::Mismatch { offset: 2, expected: "the shortest form of a length" });
        }
        let (key, rest) = if second[0] & 0x80 == 0 {
            (None, rest)
        } else {
            let (key, rest) = take(input, rest)?;
            (Some(key), rest)
        };
        Ok((Self { is_last, is_compressed, kind, key, len }, rest))
    }
}

impl Kind {
    /// Whether it may stand between the frames of a message.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Undoes the masking of bytes that stand at `at` in their frame's payload (§5.3).
pub fn unmask(bytes: &[u8], key: Option<[u8; 4]>, at: u64) -> impl Iterator<Item = u8> + '_ {
    let key = key.unwrap_or_default();
    let skipped = (at % 4) as usize;
    bytes.iter().zip(key.into_iter().cycle().skip(skipped)).map(|(byte, key)| byte ^ key)
}

fn take<'a, const N: usize>(whole: &[u8], rest: &'a [u8]) -> Result<([u8; N], &'a [u8]), ParseError> {
    let taken = rest.split_first_chunk().map(|(bytes, rest)| (*bytes, rest));
    let needed = N.saturating_sub(rest.len());
    taken.ok_or(ParseError::Truncated { offset: whole.len(), needed })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6455 §5.7: "Hello", unmasked and masked.
    const HELLO: &[u8] = b"\x81\x05Hello";
    const MASKED: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let (head, rest) = FrameHead::parse(HELLO).unwrap();
        let expected = FrameHead { is_last: true, is_compressed: false, kind: Kind::Text, key: None, len: 5 };
        assert_eq!((head, rest), (expected, &b"Hello"[..]));
        let (head, rest) = FrameHead::parse(MASKED).unwrap();
        assert_eq!(head, FrameHead { key: Some([0x37, 0xfa, 0x21, 0x3d]), ..expected });
        assert_eq!(unmask(rest, head.key, 0).collect::<Vec<_>>(), b"Hello");
        assert_eq!(unmask(&rest[3..], head.key, 3).collect::<Vec<_>>(), b"lo");
        let part = FrameHead::parse(b"\x01\x03Hel").unwrap().0;
        assert_eq!(part, FrameHead { is_last: false, len: 3, ..expected });
        let more = FrameHead::parse(b"\x80\x02lo").unwrap().0;
        assert_eq!((more.kind, more.is_last), (Kind::Continuation, true));
        assert_eq!(FrameHead::parse(b"\x82\x7e\x01\x00").unwrap().0.len, 256);
        assert_eq!(FrameHead::parse(b"\x82\x7f\0\0\0\0\0\x01\0\0").unwrap().0.len, 65_536);
        assert_eq!(FrameHead::parse(b"\x89\x05Hello").unwrap().0.kind, Kind::Ping);
        assert!(FrameHead::parse(b"\xc1\x00").unwrap().0.is_compressed);
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        let long = b"\x82\xff\0\0\0\0\0\x01\0\0\x37\xfa\x21\x3d";
        assert_eq!(long.len(), FrameHead::MAX_HEADER);
        for whole in [&long[..], &MASKED[..6], &HELLO[..2], b"\x82\x7e\x01\0"] {
            assert!(FrameHead::parse(whole).is_ok());
            for cut in 0..whole.len() {
                let error = FrameHead::parse(&whole[..cut]).unwrap_err();
                assert!(matches!(error, ParseError::Truncated { offset, needed }
                        if offset == cut && (1..=whole.len() - cut).contains(&needed)));
            }
        }
    }

    #[test]
    fn what_the_rfc_forbids_is_a_mismatch() {
        let forbidden: [&[u8]; 10] = [
            b"\x83",             // a reserved kind
            b"\x8b",             // another
            b"\xa1",             // a reserved bit
            b"\x09",             // a part of a ping
            b"\xc9",             // a compressed ping
            b"\xc0",             // compression that begins amid a message
            b"\x89\x7e",         // a long ping
            b"\x81\x7e\x00\x7d", // 125 in two bytes
            b"\x81\x7f\0\0\0\0\0\0\xff\xff",
            b"\x81\x7f\x80\0\0\0\0\0\0\0",
        ];
        for head in forbidden {
            assert!(matches!(FrameHead::parse(head), Err(ParseError::Mismatch { .. })), "{head:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = FrameHead::parse(&bytes);
        }
    }
}
