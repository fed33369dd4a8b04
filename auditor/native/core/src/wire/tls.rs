//! The server name in a TLS `ClientHello`, RFC 8446 §4.1.2 and §5.1, RFC 6066 §3.
//!
//! | part | layout |
//! |---|---|
//! | record, as many as it takes | type 22, version `03 xx`, length[2], a piece of the message |
//! | message | type 1, length[3], version `03 xx`, random[32], session id \<0..32\>, cipher suites \<2..2^16-2\>, compression \<1..255\>, extensions \<0..2^16-1\> |
//! | extension | type[2], length[2], data |
//! | `server_name`, type 0 | list's length[2], 0, name's length[2], name |
//!
//! Read up to the name and no further: nothing behind it matters, and programs that hide it (ECH) show another one.

use crate::error::ParseError;

/// The longest hello that is read.
const MAX_HELLO: usize = 16 * 1024;
/// The longest name: of more than 255 bytes none is a host's.
const MAX_NAME: usize = 255;

/// A `ClientHello` up to its server name. Holding one proves that the bytes before it are a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello {
    name: Option<ServerName>,
}

/// A copy, since records may part it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ServerName {
    bytes: [u8; MAX_NAME],
    len: u8,
}

impl ClientHello {
    /// Splits a hello off the front of `input`, up to the end of its server name, or all of it where it has none;
    /// returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as a byte rules a hello out, or one of at most 16 KiB; otherwise `Truncated` until its name is
    /// known.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let mut message = Message { input, at: 0, in_record: 0, read: 0 };
        message.one_of(1..=1, "a ClientHello")?;
        let len = message.number(3)?;
        if len > MAX_HELLO {
            return Err(message.mismatch("a hello of at most 16 KiB"));
        }
        let end = message.read + len;
        message.one_of(3..=3, "a version of TLS")?;
        message.skip(1 + 32, end)?;
        let session = message.number(1)?;
        if session > 32 {
            return Err(message.mismatch("a session id of at most 32 bytes"));
        }
        message.skip(session, end)?;
        let suites = message.number(2)?;
        if suites < 2 || suites % 2 != 0 {
            return Err(message.mismatch("cipher suites"));
        }
        message.skip(suites, end)?;
        let compressions = message.number(1)?;
        if compressions == 0 {
            return Err(message.mismatch("compression methods"));
        }
        message.skip(compressions, end)?;
        let mut name = None;
        // Before TLS 1.3 a hello may end without extensions.
        if message.read < end {
            let extensions = message.number(2)?;
            if message.read + extensions != end {
                return Err(message.mismatch("extensions up to the hello's end"));
            }
            while message.read < end && name.is_none() {
                name = message.extension(end)?;
            }
        }
        Ok((Self { name }, input.get(message.at..).unwrap_or_default()))
    }

    /// The name of the server that the client wants to speak with.
    #[must_use]
    pub fn server_name(&self) -> Option<&[u8]> {
        self.name.as_ref().and_then(|name| name.bytes.get(..usize::from(name.len)))
    }
}

/// The bytes of a handshake message, out of their records.
struct Message<'a> {
    input: &'a [u8],
    /// The next byte of the input.
    at: usize,
    /// How many bytes of the message the current record still has.
    in_record: usize,
    /// How many bytes of the message were read.
    read: usize,
}

impl Message<'_> {
    /// Takes an extension; returns the name if it is one.
    fn extension(&mut self, end: usize) -> Result<Option<ServerName>, ParseError> {
        let kind = self.number(2)?;
        let len = self.number(2)?;
        if self.read + len > end {
            return Err(self.mismatch("an extension within its hello"));
        }
        if kind != 0 {
            self.skip(len, end)?;
            return Ok(None);
        }
        let list = self.number(2)?;
        self.one_of(0..=0, "a host's name")?;
        let size = self.number(2)?;
        let (Ok(name_len), true) = (u8::try_from(size), size > 0 && size + 5 <= len && size + 3 <= list)
        else {
            return Err(self.mismatch("a name within its extension"));
        };
        let mut name = ServerName { bytes: [0; MAX_NAME], len: name_len };
        for place in name.bytes.iter_mut().take(size) {
            *place = self.byte()?;
        }
        Ok(Some(name))
    }

    fn byte(&mut self) -> Result<u8, ParseError> {
        while self.in_record == 0 {
            self.record()?;
        }
        let Some(byte) = self.input.get(self.at) else { return Err(self.ended()) };
        self.at += 1;
        self.in_record -= 1;
        self.read += 1;
        Ok(*byte)
    }

    /// Enters the next record. An empty one of this type is forbidden (RFC 8446 §5.1).
    fn record(&mut self) -> Result<(), ParseError> {
        for (offset, want) in [(0, 22), (1, 3)] {
            match self.input.get(self.at + offset) {
                Some(got) if *got == want => {}
                Some(_) => {
                    return Err(ParseError::Mismatch {
                        offset: self.at + offset,
                        expected: "a handshake record of TLS",
                    });
                }
                None => return Err(self.ended()),
            }
        }
        let Some([high, low]) = self.input.get(self.at + 3..self.at + 5) else { return Err(self.ended()) };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        if len == 0 || len > MAX_HELLO {
            return Err(ParseError::Mismatch {
                offset: self.at + 3,
                expected: "a record of 1 byte to 16 KiB",
            });
        }
        self.at += 5;
        self.in_record = len;
        Ok(())
    }

    fn number(&mut self, bytes: usize) -> Result<usize, ParseError> {
        let mut number = 0;
        for _ in 0..bytes {
            number = number << 8 | usize::from(self.byte()?);
        }
        Ok(number)
    }

    fn one_of(
        &mut self,
        range: std::ops::RangeInclusive<u8>,
        expected: &'static str,
    ) -> Result<(), ParseError> {
        if range.contains(&self.byte()?) { Ok(()) } else { Err(self.mismatch(expected)) }
    }

    /// Steps over bytes that must lie before `end`.
    fn skip(&mut self, mut count: usize, end: usize) -> Result<(), ParseError> {
        if self.read + count > end {
            return Err(self.mismatch("parts within their hello"));
        }
        while count > 0 {
            self.byte()?;
            let here = (count - 1).min(self.in_record).min(self.input.len().saturating_sub(self.at));
            self.at += here;
            self.in_record -= here;
            self.read += here;
            count -= 1 + here;
        }
        Ok(())
    }

    /// The byte before the current one does not fit.
    const fn mismatch(&self, expected: &'static str) -> ParseError {
        ParseError::Mismatch { offset: self.at.saturating_sub(1), expected }
    }

    const fn ended(&self) -> ParseError {
        ParseError::Truncated { offset: self.input.len(), needed: 1 }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sized(len: usize, bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[4 - len..], bytes].concat()
    }

    /// A hello in records of at most `record` bytes.
    pub(crate) fn hello(name: Option<&[u8]>, record: usize) -> Vec<u8> {
        let named = name.map(|name| {
            let list = sized(2, &[&[0][..], &sized(2, name)].concat());
            [&[0, 0][..], &sized(2, &list)].concat()
        });
        let extensions =
            [&[0xda, 0xda, 0, 0][..], &named.unwrap_or_default(), &[0, 0x0b, 0, 2, 1, 0]].concat();
        let body = [
            &[3, 3][..],
            &[0x77; 32],
            &sized(1, &[5; 32]),
            &sized(2, &[0x13, 1, 0x13, 2]),
            &sized(1, &[0]),
            &sized(2, &extensions),
        ]
        .concat();
        let message = [&[1][..], &sized(3, &body)].concat();
        message.chunks(record).flat_map(|piece| [&[22, 3, 1][..], &sized(2, piece)].concat()).collect()
    }

    #[test]
    fn the_name_is_found_however_records_part_the_hello() {
        for record in [1, 2, 7, 64, 1000] {
            let input = hello(Some(b"tracker.example"), record);
            assert_eq!(ClientHello::parse(&input).unwrap().0.server_name(), Some(&b"tracker.example"[..]));
        }
        let whole = hello(None, 1000);
        let (hello, rest) = ClientHello::parse(&whole).unwrap();
        assert_eq!((hello.server_name(), rest), (None, &[][..]));
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for whole in [hello(Some(b"tracker.example"), 40), hello(None, 40)] {
            let (_, rest) = ClientHello::parse(&whole).unwrap();
            for cut in 0..whole.len() - rest.len() {
                let expected = ParseError::Truncated { offset: cut, needed: 1 };
                assert_eq!(ClientHello::parse(&whole[..cut]), Err(expected), "cut at {cut}");
            }
        }
    }

    #[test]
    fn other_records_and_contradictions_are_a_mismatch() {
        let with = |at: usize, byte: u8| {
            let mut input = hello(Some(b"tracker.example"), 1000);
            input[at] = byte;
            input
        };
        // Type, version, length, message, its length, version, session, suites, compression, extensions.
        for (at, byte) in
            [(0, 23), (1, 2), (3, 0xff), (5, 2), (6, 1), (9, 2), (43, 33), (77, 3), (82, 0), (84, 9)]
        {
            let input = with(at, byte);
            assert!(matches!(ClientHello::parse(&input), Err(ParseError::Mismatch { .. })), "byte {at}");
        }
        for name in [&[][..], &[b'a'; 256]] {
            assert!(matches!(ClientHello::parse(&hello(Some(name), 1000)), Err(ParseError::Mismatch { .. })));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(at in 0_usize..140, bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let mut input = hello(Some(b"tracker.example"), 50);
            let at = at.min(input.len());
            input.splice(at.., bytes);
            let _ = ClientHello::parse(&input);
        }
    }
}
