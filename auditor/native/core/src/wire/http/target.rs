//! A request's target and other URLs, RFC 9112 §3.2 and RFC 3986: `[scheme "://" [login "@"] host [":" port]] path ["?"
//! query] ["#" fragment]`, and the query's `key=value` pairs.

use std::fmt;

/// A URL's parts, as they were sent. Any of them may contain a passkey.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Target<'a> {
    authority: Option<&'a [u8]>,
    path: &'a [u8],
    query: &'a [u8],
    login: bool,
}

impl<'a> Target<'a> {
    /// Takes a URL apart. Whatever it is, it has parts.
    #[must_use]
    pub fn split(url: &'a [u8]) -> Self {
        let url = until(url, |byte| byte == b'#').0;
        let (before, query) = until(url, |byte| byte == b'?');
        let (scheme, after) = until(before, |byte| matches!(byte, b':' | b'/'));
        let Some(rest) = after.strip_prefix(b"://").filter(|_| !scheme.is_empty()) else {
            return Self {
                authority: None,
                path: before,
                query: query.get(1..).unwrap_or_default(),
                login: false,
            };
        };
        let (authority, path) = until(rest, |byte| byte == b'/');
        let at = authority.iter().rposition(|byte| *byte == b'@');
        let host = at.and_then(|at| authority.get(at + 1..)).unwrap_or(authority);
        Self { authority: Some(host), path, query: query.get(1..).unwrap_or_default(), login: at.is_some() }
    }

    /// Host and port, if the URL names them; a log-in is left out.
    #[must_use]
    pub const fn authority(&self) -> Option<&'a [u8]> {
        self.authority
    }

    /// The path.
    #[must_use]
    pub const fn path(&self) -> &'a [u8] {
        self.path
    }

    /// Whether the URL contains a log-in.
    #[must_use]
    pub const fn has_login(&self) -> bool {
        self.login
    }

    /// The query's pairs, undecoded. Pages write `&amp;` for `&`.
    pub fn parameters(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
            let pair = pair.strip_prefix(b"amp;").unwrap_or(pair);
            let (key, value) = until(pair, |byte| byte == b'=');
            (key, value.get(1..).unwrap_or_default())
        })
    }
}

/// Says nothing of what may contain a passkey.
impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

/// Undoes percent-encoding (RFC 3986 §2.1) where it gives exactly `N` bytes.
#[must_use]
pub fn decode<const N: usize>(escaped: &[u8]) -> Option<[u8; N]> {
    let mut plain = Decoded(escaped);
    let mut bytes = [0; N];
    for place in &mut bytes {
        *place = plain.next()??;
    }
    plain.next().is_none().then_some(bytes)
}

/// Undoes percent-encoding where it gives no more bytes than `most`.
#[must_use]
pub fn decode_short(escaped: &[u8], most: usize) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> = Decoded(escaped).take(most + 1).collect();
    bytes.filter(|bytes| bytes.len() <= most)
}

/// Reads a decimal number.
#[must_use]
pub fn number(digits: &[u8]) -> Option<u64> {
    str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?.parse().ok()
}

/// Decoded bytes; `None` where two hex digits are missing.
struct Decoded<'a>(&'a [u8]);

impl Iterator for Decoded<'_> {
    type Item = Option<u8>;

    fn next(&mut self) -> Option<Option<u8>> {
        let (byte, rest) = match *self.0 {
            [] => return None,
            [b'%', high, low, ref rest @ ..] => {
                (hex(high).zip(hex(low)).map(|(high, low)| high << 4 | low), rest)
            }
            [b'%', ..] => (None, &[][..]),
            [byte, ref rest @ ..] => (Some(byte), rest),
        };
        self.0 = rest;
        Some(byte)
    }
}

/// The value of a hex digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

/// Splits before the first byte of which `ends` holds.
fn until(bytes: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|byte| ends(*byte)).unwrap_or(bytes.len());
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_form_is_taken_apart() {
        let parts = |url| {
            let target = Target::split(url);
            (target.authority(), target.path(), target.parameters().count(), target.has_login())
        };
        assert_eq!(parts(b"/a/b?x=1&y&&z=#f"), (None, &b"/a/b"[..], 3, false));
        assert_eq!(parts(b"http://u:p@t.example:80/a?x"), (Some(&b"t.example:80"[..]), &b"/a"[..], 1, true));
        assert_eq!(parts(b"http://t.example"), (Some(&b"t.example"[..]), &b""[..], 0, false));
        assert_eq!(parts(b"/redirect?to=http://x/y"), (None, &b"/redirect"[..], 1, false));
        assert_eq!(parts(b"t.example:443"), (None, &b"t.example:443"[..], 0, false));
        assert_eq!(parts(b"*"), (None, &b"*"[..], 0, false));
    }

    #[test]
    fn pairs_are_split_at_the_first_equals_sign() {
        let target = Target::split(b"/?a=b=c&amp;d");
        let pairs: Vec<_> = target.parameters().collect();
        assert_eq!(pairs, [(&b"a"[..], &b"b=c"[..]), (b"d", b"")]);
    }

    #[test]
    fn decoding_gives_the_size_asked_for_or_nothing() {
        assert_eq!(decode(b"%00a%fF"), Some([0, b'a', 0xff]));
        for wrong in [&b"%00a"[..], b"%00aab", b"%0gaa", b"aa%0", b"aa%"] {
            assert_eq!(decode::<3>(wrong), None);
        }
        assert_eq!(decode_short(b"%5B::1%5D", 5), Some(b"[::1]".to_vec()));
        assert_eq!((decode_short(b"%5B::1%5D", 4), decode_short(b"%", 4)), (None, None));
        assert_eq!(
            (number(b"12"), number(b"+1"), number(b""), number(b"99999999999999999999")),
            (Some(12), None, None, None)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_have_parts_that_lie_within_them(url: Vec<u8>) {
            let target = Target::split(&url);
            let parts = target.parameters().map(|(key, value)| key.len() + value.len()).sum::<usize>();
            prop_assert!(target.path().len() + target.authority().map_or(0, <[u8]>::len) + parts <= url.len());
            let _ = (decode::<20>(&url), decode_short(&url, 9));
        }
    }
}
