//! uTP packets, BEP 29, as libutp and libtorrent send them. One UDP datagram is one packet:
//!
//! `type:4 version:4 extension[1] connection_id[2] timestamp[4] timestamp_difference[4] window[4] seq_nr[2] ack_nr[2]`,
//! then while `extension` is not 0: `next extension[1] len[1] data[len]`; the rest of the datagram is payload.
//!
//! A header alone proves next to nothing: STUN, voice and messengers pass for it. Only a SYN and the answer to it are
//! a connection; pairing them is [`crate::flow::utp`]'s.

use crate::error::ParseError;

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Payload.
    Data,
    /// The last packet of its sender. Takes a sequence number, as payload does.
    Fin,
    /// An acknowledgement. Takes no sequence number: it carries that of the next packet with payload.
    State,
    /// The connection is gone.
    Reset,
    /// A connection is asked for.
    Syn,
}

/// The header of one packet. Holding one proves that the chain of extensions ends within the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// What the packet is for.
    pub kind: Kind,
    /// The receiver's id of the connection; in a SYN, the sender's.
    pub connection_id: u16,
    /// How late the sender got the last packet of the other end, in microseconds of two clocks.
    pub timestamp_difference: u32,
    /// The packet's number.
    pub seq_nr: u16,
    /// The number of the last packet that came in order from the other end.
    pub ack_nr: u16,
    first_extension: u8,
    extensions: &'a [u8],
}

/// One extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension<'a> {
    /// What came out of order, 1.
    SelectiveAck(SelectiveAck<'a>),
    /// What the sender can do, 2: sent by old µTorrent in a SYN.
    Bits(&'a [u8; 8]),
    /// Why the sender closes the connection, 3: sent by libtorrent, in its own numbers.
    CloseReason(&'a [u8; 4]),
    /// Any other, or one of these of another length than its own. Receivers step over it.
    Other {
        /// The extension's number.
        kind: u8,
        /// What it holds.
        data: &'a [u8],
    },
}

impl<'a> Header<'a> {
    /// Length without extensions, in bytes.
    pub const LEN: usize = 20;
    /// The most extensions a header may chain. Three are known and one at a time is sent; receivers know no bound, so
    /// ours is wide: a packet that they read and we refuse would be a way to hide.
    pub const MAX_EXTENSIONS: usize = 32;

    /// Splits the header off the front of a datagram's payload; returns it and the packet's payload.
    ///
    /// # Errors
    /// `Mismatch` where type, version or number of extensions rule uTP out; `Truncated` until the last extension is
    /// whole.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let kind = input.first().map_or(Ok(Kind::Data), |byte| kind(*byte))?;
        let Some((
            &[_, first_extension, i0, i1, _, _, _, _, d0, d1, d2, d3, _, _, _, _, s0, s1, a0, a1],
            rest,
        )) = input.split_first_chunk::<{ Header::LEN }>()
        else {
            return Err(ParseError::Truncated { offset: input.len(), needed: Self::LEN - input.len() });
        };
        let chain = Chain { next: first_extension, rest }.length().map_err(|stop| match stop {
            Stop::Short(needed) => ParseError::Truncated { offset: input.len(), needed },
            Stop::TooMany(at) => {
                ParseError::Mismatch { offset: Self::LEN + at, expected: "at most 32 uTP extensions" }
            }
        })?;
        let (extensions, payload) = rest.split_at_checked(chain).unwrap_or((rest, &[]));
        let header = Self {
            kind,
            connection_id: u16::from_be_bytes([i0, i1]),
            timestamp_difference: u32::from_be_bytes([d0, d1, d2, d3]),
            seq_nr: u16::from_be_bytes([s0, s1]),
            ack_nr: u16::from_be_bytes([a0, a1]),
            first_extension,
            extensions,
        };
        Ok((header, payload))
    }

    /// Length with extensions, in bytes: what of a datagram is not payload.
    #[must_use]
    pub const fn length(&self) -> usize {
        Self::LEN + self.extensions.len()
    }

    /// The extensions in their order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        let mut chain = Chain { next: self.first_extension, rest: self.extensions };
        std::iter::from_fn(move || chain.step().ok().flatten()).map(|(kind, data)| Extension::new(kind, data))
    }

    /// Whether this is a SYN as the known implementations send it, in a datagram of `sent` bytes: nothing but the
    /// header, or the header and µTorrent's extension bits; and no difference of clocks, since nothing came yet.
    /// A DNS query of 20 bytes with id 0x4100 passes too.
    #[must_use]
    pub fn is_strict_syn(&self, sent: usize) -> bool {
        let mut extensions = self.extensions();
        self.kind == Kind::Syn
            && self.timestamp_difference == 0
            && sent == self.length()
            && matches!(extensions.next(), None | Some(Extension::Bits(_)))
            && extensions.next().is_none()
    }
}

/// A first look at a datagram: whether it may be a uTP packet of one of the known implementations. Cheap, and right
/// to refuse; wrong in one of twenty flows of other protocols.
#[must_use]
#[inline]
pub fn looks_like_utp(payload: &[u8]) -> bool {
    const LAST_KNOWN_EXTENSION: u8 = 3;
    payload.len() >= Header::LEN
        && matches!(payload, [first, extension, ..] if kind(*first).is_ok() && *extension <= LAST_KNOWN_EXTENSION)
}

/// The kind in a packet's first byte.
const fn kind(first: u8) -> Result<Kind, ParseError> {
    Ok(match first {
        0x01 => Kind::Data,
        0x11 => Kind::Fin,
        0x21 => Kind::State,
        0x31 => Kind::Reset,
        0x41 => Kind::Syn,
        _ => return Err(ParseError::Mismatch { offset: 0, expected: "a uTP type and version 1" }),
    })
}

impl<'a> Extension<'a> {
    fn new(kind: u8, data: &'a [u8]) -> Self {
        let known = match kind {
            1 if !data.is_empty() && data.len().is_multiple_of(4) => {
                Some(Self::SelectiveAck(SelectiveAck(data)))
            }
            2 => data.try_into().ok().map(Self::Bits),
            3 => data.try_into().ok().map(Self::CloseReason),
            _ => None,
        };
        known.unwrap_or(Self::Other { kind, data })
    }
}

/// Which packets came out of order: a bit each, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectiveAck<'a>(&'a [u8]);

impl<'a> SelectiveAck<'a> {
    /// The numbers of the packets that came, where `ack_nr` is the header's. The first bit stands for `ack_nr + 2`,
    /// since it is `ack_nr + 1` that is missing.
    pub fn acked(self, ack_nr: u16) -> impl Iterator<Item = u16> + use<'a> {
        let bits = self.0.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        (0..)
            .zip(bits)
            .filter(|(_, came)| *came)
            .map(move |(place, _)| ack_nr.wrapping_add(2).wrapping_add(place))
    }
}

/// What is left of the chain of extensions.
struct Chain<'a> {
    next: u8,
    rest: &'a [u8],
}

/// Why a chain does not end.
enum Stop {
    /// So many more bytes are needed.
    Short(usize),
    /// There is one too many, so far into the chain.
    TooMany(usize),
}

impl<'a> Chain<'a> {
    /// The next extension's number and data; nothing at the end.
    fn step(&mut self) -> Result<Option<(u8, &'a [u8])>, Stop> {
        if self.next == 0 {
            return Ok(None);
        }
        let [next, len, rest @ ..] = self.rest else { return Err(Stop::Short(2 - self.rest.len())) };
        let Some((data, rest)) = rest.split_at_checked(usize::from(*len)) else {
            return Err(Stop::Short(usize::from(*len) - rest.len()));
        };
        let kind = std::mem::replace(&mut self.next, *next);
        self.rest = rest;
        Ok(Some((kind, data)))
    }

    /// How many bytes the chain takes.
    fn length(mut self) -> Result<usize, Stop> {
        let whole = self.rest.len();
        for _ in 0..Header::MAX_EXTENSIONS {
            if self.step()?.is_none() {
                break;
            }
        }
        let taken = whole - self.rest.len();
        if self.next == 0 { Ok(taken) } else { Err(Stop::TooMany(taken)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As libtorrent begins a connection.
    const SYN: &[u8; 20] = b"\x41\x00\x44\xb6\xf4\x32\x8c\x30\0\0\0\0\0\0\0\0\xe7\xf4\0\0";
    /// As it is answered.
    const SYN_ACK: &[u8; 20] =
        b"\x21\x00\x44\xb6\xf4\x32\x8c\x9f\x00\x00\x00\x56\x00\x10\x00\x00\x2f\xd7\xe7\xf4";
    /// As old µTorrent begins a connection.
    const SYN_WITH_BITS: &[u8; 30] =
        b"\x41\x02\x44\xb6\xf4\x32\x8c\x30\0\0\0\0\0\0\0\0\xe7\xf4\0\0\x00\x08bits....";

    fn header(bytes: &[u8]) -> Header<'_> {
        Header::parse(bytes).unwrap().0
    }

    /// A STATE with a chain of extensions, given as number and data.
    fn chained(extensions: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = SYN_ACK.to_vec();
        let mut link = 1;
        for (kind, data) in extensions {
            bytes[link] = *kind;
            link = bytes.len();
            bytes.extend([0, u8::try_from(data.len()).unwrap()]);
            bytes.extend(*data);
        }
        bytes
    }

    #[test]
    fn a_syn_and_its_answer_are_read() {
        let syn = header(SYN);
        assert_eq!((syn.kind, syn.connection_id, syn.seq_nr, syn.ack_nr), (Kind::Syn, 0x44b6, 0xe7f4, 0));
        let answer = header(SYN_ACK);
        assert_eq!((answer.kind, answer.connection_id), (Kind::State, 0x44b6));
        assert_eq!((answer.seq_nr, answer.ack_nr, answer.timestamp_difference), (0x2fd7, 0xe7f4, 0x56));
    }

    #[test]
    fn what_follows_the_header_is_payload() {
        let data = [&b"\x01\x00\x44\xb7\xf4\x32\x8d\x59\0\0\0\x12\0\x10\0\0\xe7\xf5\x2f\xd6"[..], b"payload"]
            .concat();
        let (header, payload) = Header::parse(&data).unwrap();
        assert_eq!((header.kind, header.length(), payload), (Kind::Data, 20, &b"payload"[..]));
    }

    #[test]
    fn only_a_syn_without_payload_or_clock_is_a_strict_one() {
        assert!(header(SYN).is_strict_syn(20));
        assert!(header(SYN_WITH_BITS).is_strict_syn(30));
        assert!(!header(SYN).is_strict_syn(21), "payload");
        assert!(!header(SYN_ACK).is_strict_syn(20), "no SYN");
        let mut late = *SYN;
        late[11] = 1;
        assert!(!header(&late).is_strict_syn(20), "a difference of clocks");
        let mut other = chained(&[(2, &[0; 8]), (2, &[0; 8])]);
        other[..12].copy_from_slice(&[&b"\x41\x02"[..], &SYN[2..12]].concat());
        assert!(!header(&other).is_strict_syn(other.len()), "two extensions");
        assert!(
            !header(&[&b"\x41\x03"[..], &SYN[2..], b"\0\x04code"].concat()).is_strict_syn(26),
            "another extension"
        );
    }

    #[test]
    fn each_extension_is_read_and_those_unknown_are_stepped_over() {
        let bytes = chained(&[
            (9, b"?"),
            (1, &[0x81, 0, 0, 0x80]),
            (2, b"8 bytes."),
            (3, b"code"),
            (2, b"short"),
            (1, b""),
        ]);
        let (header, payload) = Header::parse(&bytes).unwrap();
        let found: Vec<_> = header.extensions().collect();
        assert_eq!(
            found,
            [
                Extension::Other { kind: 9, data: b"?" },
                Extension::SelectiveAck(SelectiveAck(&[0x81, 0, 0, 0x80])),
                Extension::Bits(b"8 bytes."),
                Extension::CloseReason(b"code"),
                Extension::Other { kind: 2, data: b"short" },
                Extension::Other { kind: 1, data: b"" },
            ]
        );
        assert_eq!((header.length(), payload), (bytes.len(), &b""[..]));
    }

    #[test]
    fn a_selective_ack_names_packets_from_the_second_after_the_acknowledged() {
        let acked: Vec<u16> = SelectiveAck(&[0x81, 0, 0, 0x80]).acked(0xfffe).collect();
        assert_eq!(acked, [0, 7, 31]);
    }

    #[test]
    fn a_chain_longer_than_any_is_a_mismatch() {
        let chain = [(9, &b""[..]); Header::MAX_EXTENSIONS + 1];
        assert!(Header::parse(&chained(&chain[1..])).is_ok());
        let expected = ParseError::Mismatch { offset: 84, expected: "at most 32 uTP extensions" };
        assert_eq!(Header::parse(&chained(&chain)), Err(expected));
    }

    #[test]
    fn another_type_or_version_is_a_mismatch_however_little_follows() {
        for first in (0..=255_u8).filter(|first| !matches!(first, 0x01 | 0x11 | 0x21 | 0x31 | 0x41)) {
            let error = Header::parse(&[first]).unwrap_err();
            assert_eq!(error, ParseError::Mismatch { offset: 0, expected: "a uTP type and version 1" });
            assert!(!looks_like_utp(&[&[first][..], &SYN[1..]].concat()));
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        let long = chained(&[(9, b"?"), (1, &[0x81, 0, 0, 0x80]), (3, b"code")]);
        for whole in [&SYN[..], SYN_ACK, SYN_WITH_BITS, &long] {
            for cut in 0..whole.len() {
                let Err(ParseError::Truncated { offset, needed }) = Header::parse(&whole[..cut]) else {
                    panic!("not truncated at {cut}");
                };
                assert_eq!(offset, cut);
                assert!((1..=whole.len() - cut).contains(&needed));
            }
        }
    }

    #[test]
    fn a_first_look_passes_what_is_sent_and_refuses_short_and_other_bytes() {
        assert!([&SYN[..], SYN_ACK, SYN_WITH_BITS].into_iter().all(looks_like_utp));
        assert!(!looks_like_utp(&SYN[..19]));
        assert!(!looks_like_utp(b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"));
        assert!(!looks_like_utp(b"\x01\x01\x00\x00\x21\x12\xa4\x42aaaaaaaaaaa"), "too short a STUN answer");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(first in 0_usize..5, extension in 0..4_u8, bytes: Vec<u8>) {
            let _ = Header::parse(&bytes);
            let input = [&[[0x01, 0x11, 0x21, 0x31, 0x41][first], extension][..], &bytes].concat();
            match Header::parse(&input) {
                Ok((header, payload)) => {
                    prop_assert_eq!(header.length() + payload.len(), input.len());
                    prop_assert!(header.extensions().count() <= Header::MAX_EXTENSIONS);
                    prop_assert!(looks_like_utp(&input));
                }
                Err(ParseError::Truncated { offset, needed }) => {
                    prop_assert_eq!(offset, input.len());
                    prop_assert!(needed > 0);
                }
                Err(_) => {}
            }
        }
    }
}
