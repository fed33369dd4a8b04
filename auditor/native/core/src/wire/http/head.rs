//! The head of an HTTP/1.x message, RFC 9112 §2 to §6:
//!
//! ```text
//! request   method SP target SP "HTTP/1." digit EOL
//! response  "HTTP/1." digit SP status[3] [SP reason] EOL
//! both      *( name ":" value EOL ) EOL              EOL = CRLF, or LF alone (§2.2)
//! ```
//!
//! Continued lines (§5.2) are passed over. A second `Host`, `Location` and so on does not count; two lengths that differ
//! are refused (§6.3), since nobody can tell where such a body ends.

use std::fmt;

use memchr::memchr3;

use super::inflate::Coding;
use crate::error::ParseError;

/// The longest head that is waited for, in bytes.
pub const MAX_HEAD: usize = 16 << 10;

/// The methods of RFC 9110 §9.3 and RFC 5789. Others are not followed.
const METHODS: &[(&[u8], Method)] = &[
    (b"GET ", Method::Get),
    (b"HEAD ", Method::Head),
    (b"POST ", Method::Other),
    (b"PUT ", Method::Other),
    (b"DELETE ", Method::Other),
    (b"CONNECT ", Method::Connect),
    (b"OPTIONS ", Method::Other),
    (b"TRACE ", Method::Other),
    (b"PATCH ", Method::Other),
];
const VERSION: &[u8] = b"HTTP/1.";
/// A status line up to its status.
const STATUS_LINE: usize = VERSION.len() + 5;

/// What a request asks to be done, as far as that changes what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// To send something.
    Get,
    /// To send its head alone.
    Head,
    /// To become a tunnel.
    Connect,
    /// Anything else.
    Other,
}

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many bytes.
    Known(u64),
    /// In chunks, of which the last says so.
    Chunked,
    /// Until the connection ends.
    UntilClose,
}

/// The header lines that matter here.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    user_agent: Option<&'a [u8]>,
    referer: Option<&'a [u8]>,
    location: Option<&'a [u8]>,
    content_type: Option<&'a [u8]>,
    content_length: Option<u64>,
    chunked: Option<bool>,
    coding: Coding,
    upgrade: Option<&'a [u8]>,
    range: bool,
    credentials: bool,
    language: bool,
}

/// The head of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestHead<'a> {
    method: Method,
    target: &'a [u8],
    fields: Fields<'a>,
}

/// The head of a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResponseHead<'a> {
    status: u16,
    fields: Fields<'a>,
}

/// Judges whether a request begins here: its method and the first byte of a target.
///
/// # Errors
/// `Mismatch` as soon as a byte rules it out, otherwise `Truncated` until both are there.
pub fn begins_request(input: &[u8]) -> Result<(), ParseError> {
    let (_, target) = method(input)?;
    match target {
        [] => Err(truncated(input)),
        [first, ..] if is_target(*first) => Ok(()),
        _ => Err(mismatch(input, target, "a request's target")),
    }
}

/// Judges whether a response begins here: a status line up to its status.
///
/// # Errors
/// `Mismatch` as soon as a byte rules it out, otherwise `Truncated` until the status is there.
pub fn begins_response(input: &[u8]) -> Result<(), ParseError> {
    status(input).map(|_| ())
}

impl<'a> RequestHead<'a> {
    /// Splits the head of a request off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as a byte rules a request out, or the head is longer than [`MAX_HEAD`]; otherwise
    /// `Truncated` until the empty line that ends it.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let (method, after) = method(input)?;
        let len = after.iter().take_while(|byte| is_target(**byte)).count();
        let (target, after) = after.split_at_checked(len).unwrap_or((after, &[]));
        let version = match after {
            [] => return Err(unended(input)),
            [b' ', rest @ ..] if !target.is_empty() => rest,
            _ => return Err(mismatch(input, after, "a request's target")),
        };
        let after = match strip_version(input, version)? {
            [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => rest,
            [] | [b'\r'] => return Err(unended(input)),
            after => return Err(mismatch(input, after, "the end of the request line")),
        };
        let (fields, rest) = Fields::parse(input, after)?;
        if fields.chunked == Some(false) {
            return Err(mismatch(input, after, "a body whose end is told"));
        }
        Ok((Self { method, target, fields }, rest))
    }

    /// What is asked for.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The target as it was sent. It may contain a passkey.
    #[must_use]
    pub const fn target(&self) -> &'a [u8] {
        self.target
    }

    /// The `Host`.
    #[must_use]
    pub const fn host(&self) -> Option<&'a [u8]> {
        self.fields.host
    }

    /// The `User-Agent`.
    #[must_use]
    pub const fn user_agent(&self) -> Option<&'a [u8]> {
        self.fields.user_agent
    }

    /// The `Referer`: where the target was found. It may contain a passkey.
    #[must_use]
    pub const fn referer(&self) -> Option<&'a [u8]> {
        self.fields.referer
    }

    /// Whether only a part is asked for.
    #[must_use]
    pub const fn has_range(&self) -> bool {
        self.fields.range
    }

    /// Whether a cookie or a log-in came along.
    #[must_use]
    pub const fn has_credentials(&self) -> bool {
        self.fields.credentials
    }

    /// Whether it speaks for a person's browser: these name the languages that they wish for, with whatever they fetch,
    /// and no BitTorrent client does.
    #[must_use]
    pub const fn is_of_a_browser(&self) -> bool {
        self.fields.language
    }

    /// Whether it asks for the connection to turn into one of WebSocket frames (RFC 6455 §4.1).
    #[must_use]
    pub fn turns_to_websocket(&self) -> bool {
        self.method == Method::Get && self.fields.turns_to_websocket()
    }

    /// How long the body is (RFC 9112 §6.3).
    #[must_use]
    pub fn length(&self) -> Length {
        match self.fields.chunked {
            Some(_) => Length::Chunked,
            None => Length::Known(self.fields.content_length.unwrap_or(0)),
        }
    }
}

impl<'a> ResponseHead<'a> {
    /// Splits the head of a response off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// As [`RequestHead::parse`].
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let (status, reason) = status(input)?;
        let after = match reason {
            [b'\n' | b'\r' | b' ', ..] => line_end(input, reason)?.1,
            [] => return Err(unended(input)),
            _ => return Err(mismatch(input, reason, "a status of three digits")),
        };
        let (fields, rest) = Fields::parse(input, after)?;
        Ok((Self { status, fields }, rest))
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The `Location`: where it is to be had. It may contain a passkey.
    #[must_use]
    pub const fn location(&self) -> Option<&'a [u8]> {
        self.fields.location
    }

    /// Whether the body is said to be of this type.
    #[must_use]
    pub fn is_type(&self, media_type: &[u8]) -> bool {
        let value = self.fields.content_type.unwrap_or_default();
        let end = value.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t')).unwrap_or(value.len());
        value.get(..end).unwrap_or_default().eq_ignore_ascii_case(media_type)
    }

    /// How the body is compressed.
    #[must_use]
    pub const fn coding(&self) -> Coding {
        self.fields.coding
    }

    /// Whether the connection turns into one of WebSocket frames (RFC 6455 §4.2.2).
    #[must_use]
    pub fn turns_to_websocket(&self) -> bool {
        self.status == 101 && self.fields.turns_to_websocket()
    }

    /// How long the body is, in answer to a request with `method` (RFC 9112 §6.3).
    #[must_use]
    pub fn length(&self, method: Method) -> Length {
        let is_bare = matches!(self.status, 100..200 | 204 | 304);
        if is_bare || method == Method::Head {
            return Length::Known(0);
        }
        match (self.fields.chunked, self.fields.content_length) {
            (Some(true), _) => Length::Chunked,
            (None, Some(length)) => Length::Known(length),
            _ => Length::UntilClose,
        }
    }
}

impl<'a> Fields<'a> {
    /// Splits the header lines off the front of `lines`, which is a part of `input`.
    fn parse(input: &'a [u8], mut lines: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let mut fields = Self::default();
        loop {
            match lines {
                [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => {
                    if input.len() - rest.len() > MAX_HEAD {
                        return Err(too_long());
                    }
                    return Ok((fields, rest));
                }
                [] | [b'\r'] => return Err(unended(input)),
                [b' ' | b'\t', ..] => lines = line_end(input, lines)?.1,
                _ => {
                    let len =
                        lines.iter().take_while(|byte| TOKEN.get(usize::from(**byte)) == Some(&true)).count();
                    let (name, after) = lines.split_at_checked(len).unwrap_or((lines, &[]));
                    let value = match after {
                        [] => return Err(unended(input)),
                        [b':', rest @ ..] if len > 0 => rest,
                        _ => return Err(mismatch(input, after, "a header line")),
                    };
                    let (line, rest) = line_end(input, value)?;
                    if !fields.take(name, line.trim_ascii()) {
                        return Err(mismatch(input, value, "one length of the body"));
                    }
                    lines = rest;
                }
            }
        }
    }

    fn turns_to_websocket(&self) -> bool {
        self.upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case(b"websocket"))
    }

    /// Takes a header line in. Answers whether the length of the body is still clear.
    fn take(&mut self, name: &[u8], value: &'a [u8]) -> bool {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        // Most lines are none of these: their first letter and length say so.
        match (name.first().map(u8::to_ascii_lowercase), name.len()) {
            (Some(b'h'), 4) if is(b"host") => drop(self.host.get_or_insert(value)),
            (Some(b'u'), 10) if is(b"user-agent") => drop(self.user_agent.get_or_insert(value)),
            (Some(b'u'), 7) if is(b"upgrade") => drop(self.upgrade.get_or_insert(value)),
            (Some(b'r'), 7) if is(b"referer") => drop(self.referer.get_or_insert(value)),
            (Some(b'r'), 5) if is(b"range") => self.range = true,
            (Some(b'l'), 8) if is(b"location") => drop(self.location.get_or_insert(value)),
            (Some(b'c'), 6) if is(b"cookie") => self.credentials = true,
            (Some(b's'), 10) if is(b"set-cookie") => self.credentials = true,
            (Some(b'a'), 13) if is(b"authorization") => self.credentials = true,
            (Some(b'p'), 19) if is(b"proxy-authorization") => self.credentials = true,
            (Some(b'a'), 15) if is(b"accept-language") => self.language = true,
            (Some(b'c'), 12) if is(b"content-type") => drop(self.content_type.get_or_insert(value)),
            (Some(b'c'), 16) if is(b"content-encoding") => self.coding = Coding::of(value),
            (Some(b't'), 17) if is(b"transfer-encoding") => {
                let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
                self.chunked = Some(last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
            }
            (Some(b'c'), 14) if is(b"content-length") => {
                let Some(length) = number(value) else { return false };
                return *self.content_length.get_or_insert(length) == length;
            }
            _ => {}
        }
        true
    }
}

/// Says what there is without saying what may contain a passkey.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RequestHead");
        shown.field("method", &self.method).field("target_len", &self.target.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead").field("status", &self.status).finish_non_exhaustive()
    }
}

fn method(input: &[u8]) -> Result<(Method, &[u8]), ParseError> {
    let mut fits = false;
    let mut furthest = 0;
    for (name, method) in METHODS {
        let common = input.iter().zip(*name).take_while(|(got, want)| got == want).count();
        if let (true, Some(rest)) = (common == name.len(), input.get(common..)) {
            return Ok((*method, rest));
        }
        fits |= common == input.len();
        furthest = furthest.max(common);
    }
    if fits {
        Err(truncated(input))
    } else {
        Err(ParseError::Mismatch { offset: furthest, expected: "a method" })
    }
}

fn status(input: &[u8]) -> Result<(u16, &[u8]), ParseError> {
    let after = match strip_version(input, input)? {
        [] => return Err(status_truncated(input)),
        [b' ', rest @ ..] => rest,
        after => return Err(mismatch(input, after, "a status of three digits")),
    };
    let mut status = 0;
    let mut digits = after;
    for _ in 0..3 {
        match *digits {
            [] => return Err(status_truncated(input)),
            [digit @ b'0'..=b'9', ref rest @ ..] => {
                status = 10 * status + u16::from(digit - b'0');
                digits = rest;
            }
            _ => return Err(mismatch(input, digits, "a status of three digits")),
        }
    }
    Ok((status, digits))
}

/// Takes `HTTP/1.` and a digit off the front of `rest`, which is a part of `input`.
fn strip_version<'a>(input: &[u8], rest: &'a [u8]) -> Result<&'a [u8], ParseError> {
    let common = rest.iter().zip(VERSION).take_while(|(got, want)| got == want).count();
    match rest.get(common..).unwrap_or_default() {
        [] => Err(unended(input)),
        [b'0'..=b'9', after @ ..] if common == VERSION.len() => Ok(after),
        after => Err(mismatch(input, after, "HTTP/1")),
    }
}

/// Splits a line's end off the front of `rest`, which is a part of `input`: what is before it, and what after.
fn line_end<'a>(input: &[u8], rest: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), ParseError> {
    let len = memchr3(b'\r', b'\n', 0, rest).unwrap_or(rest.len());
    let (line, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
    match after {
        [] | [b'\r'] => Err(unended(input)),
        [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => Ok((line, rest)),
        _ => Err(mismatch(input, after, "the end of a line")),
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Whether a byte may stand in a target: clients do send some that RFC 3986 would have them encode.
const fn is_target(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}

/// Which bytes [`is_token`]. Names are read byte by byte, and where in one a digit or a hyphen stands nobody can guess.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a constant, and within its bounds"
)]
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = is_token(byte as u8);
        byte += 1;
    }
    table
};

/// RFC 9110 §5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

const fn truncated(input: &[u8]) -> ParseError {
    ParseError::Truncated { offset: input.len(), needed: 1 }
}

const fn status_truncated(input: &[u8]) -> ParseError {
    let needed = STATUS_LINE.saturating_sub(input.len() + 1);
    ParseError::Truncated { offset: input.len(), needed: if needed == 0 { 1 } else { needed } }
}

/// The input ends before the head does.
const fn unended(input: &[u8]) -> ParseError {
    if input.len() < MAX_HEAD { truncated(input) } else { too_long() }
}

const fn too_long() -> ParseError {
    ParseError::Mismatch { offset: MAX_HEAD, expected: "the end of the head" }
}

/// The first byte of `rest`, a part of `input` up to its end, cannot be there.
const fn mismatch(input: &[u8], rest: &[u8], expected: &'static str) -> ParseError {
    ParseError::Mismatch { offset: input.len().saturating_sub(rest.len()), expected }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUEST: &[u8] = b"GET http://t.example/p4ssk3y/announce?info_hash=%AA HTTP/1.1\r\nHost: t.example\r\n\
        User-Agent: libtorrent/2.0\r\nCookie: uid=s3cret\r\nX-Long:\r\n continued\r\nRange: bytes=0-9\r\n\r\n";
    const RESPONSE: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=x\r\nContent-Length: 12\r\n\
        content-encoding: GZIP\r\n\r\n";

    #[test]
    fn a_request_is_read_and_the_rest_is_returned() {
        let input = [REQUEST, b"body"].concat();
        let (head, rest) = RequestHead::parse(&input).unwrap();
        assert_eq!(rest, b"body");
        assert_eq!((head.method(), head.length()), (Method::Get, Length::Known(0)));
        assert_eq!(head.target(), b"http://t.example/p4ssk3y/announce?info_hash=%AA");
        assert_eq!((head.host(), head.user_agent()), (Some(&b"t.example"[..]), Some(&b"libtorrent/2.0"[..])));
        assert!(head.has_range() && head.has_credentials() && head.referer().is_none());
        let shown = format!("{head:?}");
        assert!(!shown.contains("p4ssk3y") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_response_is_read_and_the_rest_is_returned() {
        let input = [RESPONSE, b"body"].concat();
        let (head, rest) = ResponseHead::parse(&input).unwrap();
        assert_eq!((head.status(), rest), (200, &b"body"[..]));
        assert!(head.is_type(b"text/plain") && !head.is_type(b"text"));
        assert_eq!((head.coding(), head.length(Method::Get)), (Coding::Gzip, Length::Known(12)));
        assert_eq!(head.length(Method::Head), Length::Known(0));
        let (bare, _) = ResponseHead::parse(b"HTTP/1.0 200\n\n").unwrap();
        assert_eq!(bare.length(Method::Get), Length::UntilClose);
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for whole in [REQUEST, b"CONNECT t:443 HTTP/1.1\nA:b\n\n", b"HEAD * HTTP/1.0\r\n\r\n"] {
            for cut in 0..whole.len() {
                let expected = ParseError::Truncated { offset: cut, needed: 1 };
                assert_eq!(RequestHead::parse(&whole[..cut]), Err(expected), "{cut}");
            }
            RequestHead::parse(whole).unwrap();
        }
        for cut in 0..RESPONSE.len() {
            let parsed = ResponseHead::parse(&RESPONSE[..cut]);
            assert!(matches!(parsed, Err(ParseError::Truncated { offset, .. }) if offset == cut), "{cut}");
        }
        assert!(matches!(begins_request(b"GET "), Err(ParseError::Truncated { offset: 4, needed: 1 })));
        assert!(matches!(begins_response(b"HTTP/1.1 2"), Err(ParseError::Truncated { .. })));
        assert_eq!((begins_request(b"GET /"), begins_response(b"HTTP/1.1 200")), (Ok(()), Ok(())));
    }

    #[test]
    fn what_cannot_be_a_head_is_a_mismatch_at_once() {
        let requests: &[&[u8]] = &[
            b"X",
            b"GET\t",
            b"GET  ",
            b"GET / RTSP",
            b"GET / HTTP/2",
            b"GET / HTTP/1.1 ",
            b"GET / HTTP/1.1\r\n:",
            b"GET / HTTP/1.1\r\nA B",
            b"GET / HTTP/1.1\r\nA: \0",
            b"GET / HTTP/1.1\r\nA: b\rc",
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        ];
        for input in requests {
            let parsed = RequestHead::parse(input);
            assert!(matches!(parsed, Err(ParseError::Mismatch { .. })), "{}", input.escape_ascii());
        }
        for input in [&b"HTTQ"[..], b"HTTP/1.x", b"HTTP/1.1 2x", b"HTTP/1.1 2000", b"ICY 200 OK"] {
            let parsed = ResponseHead::parse(input);
            assert!(matches!(parsed, Err(ParseError::Mismatch { .. })), "{}", input.escape_ascii());
        }
    }

    #[test]
    fn a_head_without_end_is_given_up() {
        let endless = [b"GET /".as_slice(), &[b'a'; MAX_HEAD]].concat();
        assert!(matches!(RequestHead::parse(&endless), Err(ParseError::Mismatch { offset: MAX_HEAD, .. })));
    }

    #[test]
    fn chunks_outrank_a_length() {
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
        assert_eq!(ResponseHead::parse(response).unwrap().0.length(Method::Get), Length::Chunked);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, cut in 0..REQUEST.len()) {
            for bytes in [&bytes[..], &[&REQUEST[..cut], &bytes].concat(), &[&RESPONSE[..cut.min(RESPONSE.len())], &bytes].concat()] {
                let _ = (RequestHead::parse(bytes), ResponseHead::parse(bytes));
            }
        }
    }
}
