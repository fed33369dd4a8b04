//! How a WebSocket begins, RFC 6455 §4: an HTTP request and its answer, each a line, headers and an empty line.
//!
//! ```text
//! GET <target> HTTP/1.1              HTTP/1.1 101 Switching Protocols
//! Upgrade: websocket                 Upgrade: websocket
//! Sec-WebSocket-Key: <random>        Sec-WebSocket-Accept: <proof>
//! ```
//!
//! Nothing else of HTTP is read here. Target, cookies and authorizations can hold a passkey, and do not leave the view:
//! it tells only whether there was something of the kind, and the name of the server.

use crate::error::ParseError;
use crate::wire::http::{Target, host_name};

/// The longest head that is waited for.
pub const MAX_HEAD: usize = 4096;

/// A request to go on with WebSocket frames. Holding one proves that the head is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpgradeRequest {
    /// Whether the target says more than a tracker open to all needs, or a cookie or authorization came along.
    pub has_credentials: bool,
    /// The server that is asked, if it is plainly named.
    pub host: Option<Box<str>>,
}

/// A server's consent. Holding one proves that the head is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpgradeReply;

impl UpgradeRequest {
    /// Splits a request off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as a byte rules it out, at the latest where the head ends and asks for no WebSocket, or does
    /// not end within [`MAX_HEAD`] bytes; otherwise `Truncated` until the head has ended.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let (head, rest) = Head::split(input, b"GET ")?;
        let refused = ParseError::Mismatch { offset: head.len, expected: "a request for a WebSocket" };
        if !(head.upgrades() && head.has(b"sec-websocket-key")) {
            return Err(refused);
        }
        let target = head.line.split(|byte| *byte == b' ').nth(1).ok_or(refused)?;
        let has_credentials =
            !matches!(target, b"/" | b"/announce") || head.has(b"cookie") || head.has(b"authorization");
        let authority = Target::split(target).authority().or_else(|| head.values(b"host").next());
        Ok((Self { has_credentials, host: authority.and_then(host_name) }, rest))
    }
}

impl UpgradeReply {
    /// Splits a server's consent off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// As of [`UpgradeRequest::parse`]; any other status than 101 is a `Mismatch`.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let (head, rest) = Head::split(input, b"HTTP/1.1 101")?;
        if !head.upgrades() {
            return Err(ParseError::Mismatch { offset: head.len, expected: "a WebSocket" });
        }
        Ok((Self, rest))
    }
}

/// The lines before the first empty one.
struct Head<'a> {
    line: &'a [u8],
    headers: &'a [u8],
    len: usize,
}

impl<'a> Head<'a> {
    fn split(input: &'a [u8], begin: &[u8]) -> Result<(Self, &'a [u8]), ParseError> {
        if let Some(offset) = input.iter().zip(begin).position(|(got, want)| got != want) {
            return Err(ParseError::Mismatch { offset, expected: "the head of a WebSocket" });
        }
        let searched = input.get(..MAX_HEAD).unwrap_or(input);
        // A line feed ends a line, with a carriage return before it or without (RFC 9112 §2.2).
        let mut line_is_empty = false;
        for (offset, byte) in searched.iter().enumerate() {
            match byte {
                b'\n' if line_is_empty => {
                    let (head, rest) = input.split_at_checked(offset + 1).unwrap_or((input, &[]));
                    let mut parts = head.splitn(2, |byte| *byte == b'\n');
                    let (line, headers) =
                        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                    return Ok((Self { line, headers, len: head.len() }, rest));
                }
                b'\n' => line_is_empty = true,
                b'\r' | b'\t' => {}
                0..b' ' | 0x7f => return Err(ParseError::Mismatch { offset, expected: "text" }),
                _ => line_is_empty = false,
            }
        }
        Err(if input.len() < MAX_HEAD {
            ParseError::Truncated { offset: input.len(), needed: 1 }
        } else {
            ParseError::Mismatch { offset: MAX_HEAD, expected: "the end of the head" }
        })
    }

    /// The values of a header, whose name is in lower case here.
    fn values(&self, name: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.headers.split(|byte| *byte == b'\n').filter_map(move |line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (found, value) = line.split_at_checked(colon)?;
            found.eq_ignore_ascii_case(name).then(|| value.get(1..).unwrap_or_default().trim_ascii())
        })
    }

    fn has(&self, name: &'static [u8]) -> bool {
        self.values(name).next().is_some()
    }

    fn upgrades(&self) -> bool {
        let mut tokens = self.values(b"upgrade").flat_map(|value| value.split(|byte| *byte == b','));
        tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: tracker.example\r\nConnection: Upgrade\r\n\
        upgrade: h2c, WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const REPLY: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    #[test]
    fn a_request_and_its_answer_are_split_off() {
        let input = [REQUEST, b"\x81"].concat();
        assert_eq!(
            UpgradeRequest::parse(&input),
            Ok((
                UpgradeRequest { has_credentials: false, host: Some("tracker.example".into()) },
                &b"\x81"[..]
            ))
        );
        assert_eq!(UpgradeReply::parse(REPLY), Ok((UpgradeReply, &b""[..])));
    }

    #[test]
    fn of_credentials_there_is_only_that_there_were_some() {
        let text = String::from_utf8(REQUEST.to_vec()).unwrap();
        for (part, secret) in [
            ("GET / ", "GET /s3cret/announce "),
            ("GET / ", "GET /?passkey=s3cret "),
            ("Host", "Cookie: s3cret\r\nHost"),
            ("Host", "authorization: Basic s3cret\r\nHost"),
        ] {
            let request = text.replace(part, secret);
            let (request, _) = UpgradeRequest::parse(request.as_bytes()).unwrap();
            assert!(request.has_credentials && !format!("{request:?}").contains("s3cret"));
        }
        let request = text.replace("GET / ", "GET /announce ");
        assert!(!UpgradeRequest::parse(request.as_bytes()).unwrap().0.has_credentials);
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..REQUEST.len() {
            let expected = ParseError::Truncated { offset: cut, needed: 1 };
            assert_eq!(UpgradeRequest::parse(&REQUEST[..cut]), Err(expected));
        }
        for cut in 0..REPLY.len() {
            let expected = ParseError::Truncated { offset: cut, needed: 1 };
            assert_eq!(UpgradeReply::parse(&REPLY[..cut]), Err(expected));
        }
    }

    #[test]
    fn other_http_is_a_mismatch_once_its_head_has_ended() {
        let endless = [b"GET /".as_slice(), &[b'a'; MAX_HEAD]].concat();
        for other in [
            &b"POST"[..],
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\nUpgrade: websocket\n\n",
            b"GET / HTTP/1.1\r\nX-Upgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nUpgrade: websockets\r\nSec-WebSocket-Key: a\r\n\r\n",
            b"GET \0",
            &endless,
        ] {
            assert!(matches!(UpgradeRequest::parse(other), Err(ParseError::Mismatch { .. })), "{other:?}");
        }
        assert!(matches!(UpgradeReply::parse(b"HTTP/1.1 2"), Err(ParseError::Mismatch { offset: 9, .. })));
        assert!(matches!(UpgradeReply::parse(b"HTTP/1.1 101 \n\n"), Err(ParseError::Mismatch { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, cut in 0..REQUEST.len()) {
            for input in [bytes.clone(), [&REQUEST[..cut], &bytes].concat()] {
                let _ = (UpgradeRequest::parse(&input), UpgradeReply::parse(&input));
            }
        }
    }
}
