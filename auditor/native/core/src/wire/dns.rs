//! DNS messages with one question, RFC 1035 §4.1: what is asked, or what was answered.
//!
//! | offset | length | value |
//! |---|---|---|
//! | 0 | 2 | id, echoed in the answer |
//! | 2 | 2 | QR:1 opcode:4 AA TC RD RA Z:3 RCODE:4 |
//! | 4 | 2 | questions: 1 |
//! | 6 | 6 | answers, authorities, additional records |
//! | 12 | – | the question: labels of a length and at most 63 bytes each, 0, type[2], class[2] |
//!
//! Records are not read. The question's name cannot be compressed (§4.1.4): a pointer leads back to an earlier name, and
//! there is none before it. So no name is followed anywhere. mDNS (RFC 6762 §18.12) uses the class's top bit.

use super::labels;
pub use super::labels::MAX_NAME;
use crate::error::ParseError;

/// One message up to the end of its question. Holding one proves that it has just that question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Ties an answer to its query; 0 in mDNS.
    pub id: u16,
    /// `None` of a query; of an answer its code, 0 where it succeeded.
    pub rcode: Option<u8>,
    /// The type of record asked for.
    pub qtype: u16,
    name: Name<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name<'a> {
    /// Lengths and bytes, without the last 0.
    labels: &'a [u8],
}

impl<'a> Message<'a> {
    /// Splits a message off the front of a datagram; returns it and its records.
    ///
    /// # Errors
    /// `Mismatch` as soon as it is no query or answer of standard opcode with one question in class IN, or its name is
    /// none; otherwise `Truncated` until the question has come.
    pub fn parse(datagram: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        const HEADER: usize = 12;
        let truncated = |needed| ParseError::Truncated { offset: datagram.len(), needed };
        let mismatch = |offset, expected| Err(ParseError::Mismatch { offset, expected });
        if datagram.get(2).is_some_and(|flags| flags & 0x78 != 0) {
            return mismatch(2, "a standard query");
        }
        if let Some(offset) =
            [(4, 0), (5, 1)].into_iter().find(|(at, want)| datagram.get(*at).is_some_and(|got| got != want))
        {
            return mismatch(offset.0, "one question");
        }
        let Some(([i0, i1, flags, code, ..], question)) = datagram.split_first_chunk::<HEADER>() else {
            return Err(truncated(HEADER - datagram.len()));
        };
        let mut at = 0;
        loop {
            let offset = HEADER + at;
            let Some(length) = question.get(at) else { return Err(truncated(1)) };
            match usize::from(*length) {
                0 if at == 0 => return mismatch(offset, "a name"),
                0 => break,
                length @ 1..=63 => at += 1 + length,
                _ => return mismatch(offset, "a name that is not compressed"),
            }
            if at > MAX_NAME + 1 {
                return mismatch(offset, "a name of at most 255 bytes");
            }
        }
        let (labels, rest) = question.split_at_checked(at).unwrap_or_default();
        let Some(([_, t0, t1, class @ ..], rest)) = rest.split_first_chunk::<5>() else {
            return Err(truncated(5 - rest.len()));
        };
        if u16::from_be_bytes(*class) & 0x7fff != 1 {
            return mismatch(HEADER + at + 3, "class IN");
        }
        let message = Self {
            id: u16::from_be_bytes([*i0, *i1]),
            rcode: (flags & 0x80 != 0).then_some(code & 0x0f),
            qtype: u16::from_be_bytes([*t0, *t1]),
            name: Name { labels },
        };
        Ok((message, rest))
    }

    /// Writes the name that is asked for into `text`, with dots; returns what was written. `None` where a label has a
    /// dot in it, so that it could pass for another name.
    pub fn name<'t>(&self, text: &'t mut [u8; MAX_NAME]) -> Option<&'t [u8]> {
        labels::write(self.name.labels, text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUERY: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03dht\x0alibtorrent\x03ORG\0\0\x01\0\x01";

    fn name(datagram: &[u8]) -> Option<Vec<u8>> {
        Message::parse(datagram).unwrap().0.name(&mut [0; MAX_NAME]).map(<[u8]>::to_vec)
    }

    #[test]
    fn a_query_and_its_answer_name_what_is_asked() {
        let (query, rest) = Message::parse(QUERY).unwrap();
        assert_eq!((query.id, query.rcode, query.qtype, rest), (0x1234, None, 1, &[][..]));
        assert_eq!(name(QUERY).unwrap(), b"dht.libtorrent.ORG");
        let mut answer = [QUERY, b"\xc0\x0c\0\x01"].concat();
        answer[2..4].copy_from_slice(b"\x81\x83");
        let (answer, rest) = Message::parse(&answer).unwrap();
        assert_eq!((answer.rcode, rest), (Some(3), &b"\xc0\x0c\0\x01"[..]));
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..QUERY.len() {
            let Err(ParseError::Truncated { offset, needed }) = Message::parse(&QUERY[..cut]) else {
                panic!()
            };
            assert!(offset == cut && (1..=QUERY.len() - cut).contains(&needed));
        }
    }

    #[test]
    fn a_dot_inside_a_label_makes_no_name() {
        assert_eq!(name(b"\0\0\0\0\0\x01\0\0\0\0\0\0\x07dht.org\0\0\x01\0\x01"), None);
    }

    #[test]
    fn the_longest_name_is_read_and_a_longer_one_refused() {
        let question = |labels: &[u8]| {
            let labels: Vec<u8> = labels
                .iter()
                .flat_map(|len| [&[*len][..], &vec![b'a'; usize::from(*len)]].concat())
                .collect();
            [&QUERY[..12], &labels, &[0, 0, 1, 0x80, 1]].concat()
        };
        assert_eq!(name(&question(&[63, 63, 63, 61])).map(|name| name.len()), Some(MAX_NAME));
        assert!(matches!(Message::parse(&question(&[63, 63, 63, 62])), Err(ParseError::Mismatch { .. })));
    }

    #[test]
    fn other_messages_are_a_mismatch() {
        let with = |at: usize, byte: u8| {
            let mut datagram = QUERY.to_vec();
            datagram[at] = byte;
            datagram
        };
        let pointer = with(12, 0xc0);
        for other in
            [with(2, 0x28), with(5, 2), with(4, 1), pointer, with(12, 0x41), with(12, 0), with(35, 3)]
        {
            assert!(matches!(Message::parse(&other), Err(ParseError::Mismatch { .. })), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
            for datagram in [tail.clone(), [&QUERY[..12], &tail].concat()] {
                if let Ok((message, _)) = Message::parse(&datagram) {
                    let _ = message.name(&mut [0; MAX_NAME]);
                }
            }
        }
    }
}
