//! SOCKS 4, 4a and 5 with their log-ins (RFC 1928 §3 to §6, RFC 1929), as one whole dialogue a direction.
//!
//! | message | layout |
//! |---|---|
//! | v5 greeting | 5, count, methods: 0 none, 2 user and password |
//! | v5 choice | 5, method; 0xff refuses |
//! | log-in | 1, length, user, length, password |
//! | its answer | 1, 0 or a refusal |
//! | v5 request | 5, 1 CONNECT, 0, address, port[2] |
//! | v5 reply | 5, 0 or a refusal, 0, address, port[2] |
//! | address | 1 and 4 bytes, or 4 and 16 bytes, or 3, length, name |
//! | v4 request | 4, 1 CONNECT, port[2], address[4], user id, 0; v4a: address 0.0.0.x, then name, 0 |
//! | v4 reply | 0, 90 or a refusal, port[2], address[4] |
//!
//! The version byte in front of a log-in is another than a request's, so that each direction can be read without the
//! other. Only CONNECT leads to a stream: BIND, UDP ASSOCIATE and others are refused, and GSSAPI (RFC 1961), which wraps
//! all that follows. Of a log-in nothing leaves but that there was one, of a name nothing but that it was one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::error::ParseError;

/// The longest user id or name of SOCKS 4, which nothing bounds.
const MAX_TEXT: usize = 255;

/// Where a proxy is asked to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// An address and port.
    Ip(SocketAddr),
    /// A port of a host that is named, and whose address the proxy looks up.
    ByName {
        /// The port.
        port: u16,
    },
}

/// All that a client says to a proxy before its own stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where to.
    pub target: Target,
    /// Whether there was a user, or a user and password.
    pub has_login: bool,
}

/// All that a proxy answers before the other stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is connected.
    Granted,
    /// It is not.
    Refused,
}

impl Asked {
    /// Splits a client's dialogue off the front of `input`; returns it and the client's own stream.
    ///
    /// # Errors
    /// `Mismatch` as soon as a byte rules one out; otherwise `Truncated` until the request is whole.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let mut reader = Reader { input, at: 0 };
        let asked = match reader.byte()? {
            4 => v4(&mut reader)?,
            5 => v5(&mut reader)?,
            _ => return Err(reader.mismatch("a version of SOCKS")),
        };
        Ok((asked, reader.rest()))
    }
}

impl Answered {
    /// Splits a proxy's dialogue off the front of `input`; returns it and the other stream.
    ///
    /// # Errors
    /// `Mismatch` as soon as a byte rules one out; otherwise `Truncated` until the reply is whole.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let mut reader = Reader { input, at: 0 };
        let answered = match reader.byte()? {
            0 => {
                let code = reader.byte()?;
                if !(90..=93).contains(&code) {
                    return Err(reader.mismatch("a reply of SOCKS 4"));
                }
                reader.take(6)?;
                if code == 90 { Self::Granted } else { Self::Refused }
            }
            5 => answer(&mut reader)?,
            _ => return Err(reader.mismatch("a reply of SOCKS")),
        };
        Ok((answered, reader.rest()))
    }
}

fn v4(reader: &mut Reader<'_>) -> Result<Asked, ParseError> {
    reader.expect(1, "the CONNECT command")?;
    let port = reader.port()?;
    let ip = Ipv4Addr::from(reader.array()?);
    let has_login = reader.text()? > 0;
    // SOCKS 4a: an impossible address means that a name follows.
    let target = match ip.octets() {
        [0, 0, 0, 0] => return Err(reader.mismatch("an address")),
        [0, 0, 0, _] => {
            if reader.text()? == 0 {
                return Err(reader.mismatch("a name"));
            }
            Target::ByName { port }
        }
        _ => Target::Ip(SocketAddr::new(ip.into(), port)),
    };
    Ok(Asked { target, has_login })
}

fn v5(reader: &mut Reader<'_>) -> Result<Asked, ParseError> {
    let count = reader.byte()?;
    if count == 0 {
        return Err(reader.mismatch("methods"));
    }
    let offers_login = reader.take(usize::from(count))?.contains(&2);
    let mut version = reader.byte()?;
    let has_login = version == 1 && offers_login;
    if has_login {
        for _ in 0..2 {
            let length = reader.byte()?;
            reader.take(usize::from(length))?;
        }
        version = reader.byte()?;
    }
    if version != 5 {
        return Err(reader.mismatch("a request of SOCKS 5"));
    }
    reader.expect(1, "the CONNECT command")?;
    reader.expect(0, "a reserved byte of zero")?;
    Ok(Asked { target: reader.target()?, has_login })
}

fn answer(reader: &mut Reader<'_>) -> Result<Answered, ParseError> {
    match reader.byte()? {
        0 => {}
        2 => {
            reader.expect(1, "the answer to a log-in")?;
            if reader.byte()? != 0 {
                return Ok(Answered::Refused);
            }
        }
        0xff => return Ok(Answered::Refused),
        _ => return Err(reader.mismatch("a method that is known")),
    }
    reader.expect(5, "a reply of SOCKS 5")?;
    let code = reader.byte()?;
    // RFC 1928 §6 assigns up to 8; Tor's extensions begin at 0xf0.
    if (9..0xf0).contains(&code) {
        return Err(reader.mismatch("a reply's code"));
    }
    reader.expect(0, "a reserved byte of zero")?;
    reader.target()?;
    Ok(if code == 0 { Answered::Granted } else { Answered::Refused })
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ParseError> {
        let end = self.at + count;
        let taken = self.input.get(self.at..end).ok_or(self.truncated(end))?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let taken = self.rest().first_chunk().ok_or(self.truncated(self.at + N))?;
        self.at += N;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, ParseError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn port(&mut self) -> Result<u16, ParseError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn expect(&mut self, want: u8, expected: &'static str) -> Result<(), ParseError> {
        if self.byte()? == want { Ok(()) } else { Err(self.mismatch(expected)) }
    }

    fn target(&mut self) -> Result<Target, ParseError> {
        let ip: IpAddr = match self.byte()? {
            1 => Ipv4Addr::from(self.array()?).into(),
            4 => Ipv6Addr::from(self.array()?).into(),
            3 => {
                let length = self.byte()?;
                self.take(usize::from(length))?;
                return Ok(Target::ByName { port: self.port()? });
            }
            _ => return Err(self.mismatch("a kind of address")),
        };
        Ok(Target::Ip(SocketAddr::new(ip, self.port()?)))
    }

    /// Steps over text that a zero ends; returns its length.
    fn text(&mut self) -> Result<usize, ParseError> {
        for (length, byte) in self.rest().iter().take(MAX_TEXT + 1).enumerate() {
            if *byte == 0 {
                self.at += length + 1;
                return Ok(length);
            }
        }
        if self.rest().len() > MAX_TEXT {
            return Err(ParseError::Mismatch { offset: self.at + MAX_TEXT, expected: "the end of a text" });
        }
        Err(self.truncated(self.input.len() + 1))
    }

    fn truncated(&self, wanted: usize) -> ParseError {
        ParseError::Truncated { offset: self.input.len(), needed: wanted.saturating_sub(self.input.len()) }
    }

    /// The byte before the current one does not fit.
    const fn mismatch(&self, expected: &'static str) -> ParseError {
        ParseError::Mismatch { offset: self.at.saturating_sub(1), expected }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V4: &[u8] = b"\x04\x01\x1a\xe1\xc0\x00\x02\x01eve\0";
    const V4A: &[u8] = b"\x04\x01\x1a\xe1\0\0\0\x01\0peer.example\0";
    const V5: &[u8] = b"\x05\x02\0\x02\x01\x03eve\x06secret\x05\x01\0\x01\xc0\x00\x02\x01\x1a\xe1";
    const V5_OPEN: &[u8] = b"\x05\x01\0\x05\x01\0\x03\x0cpeer.example\x1a\xe1";
    const V5_IPV6: &[u8] = b"\x05\x01\0\x05\x01\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1";
    const GRANTED_V4: &[u8] = b"\0\x5a\0\0\0\0\0\0";
    const GRANTED: &[u8] = b"\x05\0\x05\0\0\x01\0\0\0\0\0\0";
    const GRANTED_LOGIN: &[u8] = b"\x05\x02\x01\0\x05\0\0\x01\0\0\0\0\0\0";

    fn asked(input: &[u8]) -> (Target, bool) {
        let input = [input, b"inner"].concat();
        let (Asked { target, has_login }, rest) = Asked::parse(&input).unwrap();
        assert_eq!(rest, b"inner");
        (target, has_login)
    }

    #[test]
    fn every_version_tells_where_to_and_whether_there_was_a_log_in() {
        let ip = Target::Ip("192.0.2.1:6881".parse().unwrap());
        let by_name = Target::ByName { port: 6881 };
        assert_eq!([asked(V4), asked(V4A)], [(ip, true), (by_name, false)]);
        assert_eq!([asked(V5), asked(V5_OPEN)], [(ip, true), (by_name, false)]);
        assert_eq!(asked(V5_IPV6), (Target::Ip("[2001:db8::1]:6881".parse().unwrap()), false));
    }

    #[test]
    fn answers_are_granted_or_refused() {
        for granted in [GRANTED_V4, GRANTED, GRANTED_LOGIN] {
            let input = [granted, b"inner"].concat();
            assert_eq!(Answered::parse(&input), Ok((Answered::Granted, &b"inner"[..])));
        }
        for refused in [
            &b"\0\x5b\0\0\0\0\0\0"[..],
            b"\x05\xff",
            b"\x05\x02\x01\x01",
            b"\x05\0\x05\x02\0\x01\0\0\0\0\0\0",
        ] {
            assert_eq!(Answered::parse(refused), Ok((Answered::Refused, &[][..])));
        }
    }

    #[test]
    fn nothing_of_a_log_in_or_a_name_is_shown() {
        let shown = format!("{:?} {:?} {:?}", Asked::parse(V5), Asked::parse(V4), Asked::parse(V4A));
        assert!(!["secret", "eve", "example"].iter().any(|text| shown.contains(text)), "{shown}");
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        fn check<'a, T>(whole: &'a [u8], parse: impl Fn(&'a [u8]) -> Result<T, ParseError>) {
            for cut in 0..whole.len() {
                let Err(ParseError::Truncated { offset, needed }) = parse(&whole[..cut]) else {
                    panic!("{cut}")
                };
                assert!(offset == cut && (1..=whole.len() - cut).contains(&needed));
            }
        }
        for whole in [V4, V4A, V5, V5_OPEN, V5_IPV6] {
            check(whole, Asked::parse);
        }
        for whole in [GRANTED_V4, GRANTED, GRANTED_LOGIN] {
            check(whole, Answered::parse);
        }
    }

    #[test]
    fn other_commands_methods_and_endless_texts_are_a_mismatch() {
        let endless = [&V4[..8], &[b'a'; 256]].concat();
        let udp = b"\x05\x01\0\x05\x03\0\x01";
        let unoffered = b"\x05\x01\0\x01\x03eve";
        for other in
            [&b"\x06"[..], b"\x04\x02", b"\x05\0", udp, unoffered, &endless, b"\x04\x01\0\x50\0\0\0\0\0"]
        {
            assert!(matches!(Asked::parse(other), Err(ParseError::Mismatch { .. })), "{other:?}");
        }
        for other in [&b"\x01"[..], b"\0\x10", b"\x05\x01", b"\x05\0\x05\x09", b"\x05\x02\x05"] {
            assert!(matches!(Answered::parse(other), Err(ParseError::Mismatch { .. })), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(version in 0_u8..6, tail in proptest::collection::vec(0_u8..6, 0..40)) {
            let input = [&[version], &tail[..]].concat();
            let _ = (Asked::parse(&input), Answered::parse(&input));
        }
    }
}
