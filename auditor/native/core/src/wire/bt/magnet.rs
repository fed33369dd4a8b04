//! Magnet links, BEP 9 and 53: `magnet:?xt=urn:btih:<40 hex | 32 base32>` or `xt=urn:btmh:1220<64 hex>` (BEP 52), with
//! `dn` a name, `tr` trackers, `ws` web seeds and `x.pe` peers, in any order, joined by `&`.
//!
//! A link ends where the text around it goes on: at white space, quotes, `<`, `>` or a control character.

use std::fmt;
use std::net::SocketAddr;

use crate::error::ParseError;
use crate::wire::http::target::{Target, decode_short, hex};

/// How each link begins.
const SCHEME: &[u8; 8] = b"magnet:?";
/// The longest link that is read.
pub const MAX_LEN: usize = 4096;
/// The most bytes of a name.
const MAX_NAME: usize = 255;

/// A link that names a torrent. Holding one proves that it does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Magnet<'a> {
    link: Target<'a>,
    v1: Option<[u8; 20]>,
    v2: Option<[u8; 32]>,
}

impl<'a> Magnet<'a> {
    /// Splits one link off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as a byte rules a link out, or it names no torrent; `Truncated` where `input` ends before it
    /// names one.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let fits = |(got, want): (&u8, &u8)| got.eq_ignore_ascii_case(want);
        if let Some(offset) = input.iter().zip(SCHEME).position(|pair| !fits(pair)) {
            return Err(ParseError::Mismatch { offset, expected: "a magnet link" });
        }
        let len = input.iter().take(MAX_LEN).take_while(|byte| !ends(**byte)).count();
        let (link, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
        let mut magnet = Self { link: Target::split(link), v1: None, v2: None };
        for (key, value) in magnet.link.parameters() {
            if key == b"xt" || key.starts_with(b"xt.") {
                magnet.name_torrent(value);
            }
        }
        if magnet.v1.is_some() || magnet.v2.is_some() {
            Ok((magnet, rest))
        } else if rest.is_empty() && len < MAX_LEN {
            Err(ParseError::Truncated { offset: input.len(), needed: 1 })
        } else {
            Err(ParseError::Mismatch { offset: len, expected: "a torrent's infohash" })
        }
    }

    fn name_torrent(&mut self, value: &[u8]) {
        /// `urn:btmh:1220` and 64 digits.
        const LONGEST: usize = 77;
        let Some(urn) = decode_short(value, LONGEST) else { return };
        let Some((scheme, digits)) = urn.split_at_checked(9) else { return };
        if scheme.eq_ignore_ascii_case(b"urn:btih:") {
            self.v1 = self.v1.or_else(|| base16(digits).or_else(|| base32(digits)));
        } else if scheme.eq_ignore_ascii_case(b"urn:btmh:") {
            // A multihash: 0x12 is SHA-256, 0x20 its size.
            self.v2 = self.v2.or_else(|| base16(digits.strip_prefix(b"1220")?));
        }
    }

    /// The infohash of version 1.
    #[must_use]
    pub const fn v1(&self) -> Option<&[u8; 20]> {
        self.v1.as_ref()
    }

    /// The infohash of version 2.
    #[must_use]
    pub const fn v2(&self) -> Option<&[u8; 32]> {
        self.v2.as_ref()
    }

    /// The name that the link gives, if it is not too long: hostile text.
    #[must_use]
    pub fn name(&self) -> Option<Vec<u8>> {
        self.values(b"dn").find_map(|name| decode_short(name, MAX_NAME))
    }

    /// How many trackers it names. Their addresses may contain passkeys.
    #[must_use]
    pub fn trackers(&self) -> usize {
        self.link.parameters().filter(|(key, _)| *key == b"tr" || key.starts_with(b"tr.")).count()
    }

    /// How many web seeds it names.
    #[must_use]
    pub fn web_seeds(&self) -> usize {
        self.values(b"ws").count()
    }

    /// The peers that it names by address.
    pub fn peers(&self) -> impl Iterator<Item = SocketAddr> {
        const LONGEST: usize = 64;
        self.values(b"x.pe")
            .filter_map(|peer| str::from_utf8(&decode_short(peer, LONGEST)?).ok()?.parse().ok())
    }

    fn values(&self, wanted: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.link.parameters().filter(move |(key, _)| *key == wanted).map(|(_, value)| value)
    }
}

/// Says nothing of trackers.
impl fmt::Debug for Magnet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Magnet").field("v1", &self.v1).field("v2", &self.v2).finish_non_exhaustive()
    }
}

/// Finds links in text that comes bit by bit. Keeps no more than one link.
#[derive(Clone, Debug)]
pub struct Finder {
    /// From where a link may begin.
    kept: Vec<u8>,
    /// Bytes that are still looked at.
    left: usize,
}

impl Finder {
    /// Begins to look through `most` bytes.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { kept: Vec::new(), left: most }
    }

    /// Takes the next bytes; calls `found` for each link. Answers whether it looks at more.
    pub fn push(&mut self, bytes: &[u8], found: &mut impl FnMut(&Magnet<'_>)) -> bool {
        let looked_at = bytes.get(..self.left).unwrap_or(bytes);
        self.left -= looked_at.len();
        self.kept.extend_from_slice(looked_at);
        let mut text = self.kept.as_slice();
        loop {
            let Some(at) = find(text) else {
                let beginning = text.len().saturating_sub(SCHEME.len() - 1);
                text = text.get(beginning..).unwrap_or_default();
                break;
            };
            text = text.get(at..).unwrap_or_default();
            let len = text.iter().take(MAX_LEN).take_while(|byte| !ends(**byte)).count();
            if len == text.len() && len < MAX_LEN && self.left > 0 {
                break;
            }
            let (link, rest) = text.split_at_checked(len).unwrap_or((text, &[]));
            if let Ok((magnet, _)) = Magnet::parse(link) {
                found(&magnet);
            }
            text = rest;
        }
        let done = self.kept.len() - text.len();
        self.kept.drain(..done);
        self.left > 0
    }

    /// Ends the text: what is kept is the whole of a link, if it is one.
    pub fn finish(&mut self, found: &mut impl FnMut(&Magnet<'_>)) {
        if let Ok((magnet, _)) = Magnet::parse(&std::mem::take(&mut self.kept)) {
            found(&magnet);
        }
        self.left = 0;
    }
}

/// Where the first link begins. Pages are long and question marks rare in them.
fn find(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'?', text).find_map(|place| {
        let start = (place + 1).checked_sub(SCHEME.len())?;
        text.get(start..=place).filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME)).map(|_| start)
    })
}

/// Whether a byte stands after a link.
const fn ends(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | 0x7f)
}

fn base16<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut digits = digits.iter().copied();
    for place in &mut bytes {
        *place = hex(digits.next()?)? << 4 | hex(digits.next()?)?;
    }
    digits.next().is_none().then_some(bytes)
}

/// RFC 4648 §6, in either case.
fn base32(digits: &[u8]) -> Option<[u8; 20]> {
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0; 20];
    for (group, place) in digits.chunks(8).zip(bytes.chunks_mut(5)) {
        let mut bits = 0_u64;
        for digit in group {
            let value = match digit.to_ascii_uppercase() {
                letter @ b'A'..=b'Z' => letter - b'A',
                digit @ b'2'..=b'7' => digit - b'2' + 26,
                _ => return None,
            };
            bits = bits << 5 | u64::from(value);
        }
        place.copy_from_slice(bits.to_be_bytes().get(3..)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &[u8] =
        b"magnet:?xt=urn:btih:416DC518fa482e72c6d2b9913f658b63aa1350f2&dn=a%20b&tr=http%3A%2F%2Ft%2Fs3cret\
        &tr=udp://t&x.pe=192.0.2.1:6881&x.pe=%5B2001%3Adb8%3A%3A1%5D:1&x.pe=host:1&ws=http://w/";
    const V1: [u8; 20] = *b"\x41\x6d\xc5\x18\xfa\x48\x2e\x72\xc6\xd2\xb9\x91\x3f\x65\x8b\x63\xaa\x13\x50\xf2";

    #[test]
    fn a_link_is_read_and_the_rest_is_returned() {
        let input = [HEX, b"\">rest"].concat();
        let (magnet, rest) = Magnet::parse(&input).unwrap();
        assert_eq!((magnet.v1(), magnet.v2(), rest), (Some(&V1), None, &b"\">rest"[..]));
        assert_eq!((magnet.name().unwrap(), magnet.trackers(), magnet.web_seeds()), (b"a b".to_vec(), 2, 1));
        let peers: Vec<_> = magnet.peers().map(|peer| peer.to_string()).collect();
        assert_eq!(peers, ["192.0.2.1:6881", "[2001:db8::1]:1"]);
        assert!(!format!("{magnet:?}").contains("s3cret"));
    }

    #[test]
    fn base32_and_v2_are_read() {
        let base32 = b"magnet:?dn=x&amp;xt=urn:btih:IFW4KGH2JAXHFRWSXGIT6ZMLMOVBGUHS";
        assert_eq!(Magnet::parse(base32).unwrap().0.v1(), Some(&V1));
        let v2 = [b"magnet:?xt=urn:btmh:1220".as_slice(), &[b'a'; 64], b"&xt.2=urn%3Abtih%3A", &[b'b'; 40]]
            .concat();
        let (magnet, _) = Magnet::parse(&v2).unwrap();
        assert_eq!((magnet.v1(), magnet.v2()), (Some(&[0xbb; 20]), Some(&[0xaa; 32])));
    }

    #[test]
    fn until_a_torrent_is_named_a_prefix_is_truncated() {
        for cut in 0..60 {
            assert_eq!(Magnet::parse(&HEX[..cut]), Err(ParseError::Truncated { offset: cut, needed: 1 }));
        }
        assert!(Magnet::parse(&HEX[..60]).is_ok());
    }

    #[test]
    fn what_names_no_torrent_is_a_mismatch() {
        for input in [&b"magnet:x"[..], b"Magnet:?xt=urn:sha1:x ", b"magnet:?xt=urn:btih:41 ", b"http:"] {
            assert!(matches!(Magnet::parse(input), Err(ParseError::Mismatch { .. })));
        }
    }

    #[test]
    fn links_are_found_in_a_page_wherever_it_is_cut() {
        let page =
            [b"<a href='".as_slice(), HEX, b"'>magnet:?</a> magnet:?xt=urn:btih:", &[b'c'; 40]].concat();
        for cut in 0..=page.len() {
            let (mut finder, mut links) = (Finder::new(1 << 16), Vec::new());
            let mut found = |magnet: &Magnet<'_>| links.push(*magnet.v1().unwrap());
            finder.push(&page[..cut], &mut found);
            finder.push(&page[cut..], &mut found);
            finder.finish(&mut found);
            assert_eq!(links, [V1, [0xcc; 20]], "cut at {cut}");
        }
    }

    #[test]
    fn a_finder_keeps_one_link_at_most() {
        let mut finder = Finder::new(1 << 20);
        for _ in 0..100 {
            finder.push(&b"magnet:?x".repeat(100), &mut |_| panic!("none is named"));
            assert!(finder.kept.len() <= MAX_LEN);
        }
        assert!(!Finder::new(3).push(b"abcdef", &mut |_| {}));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at in 0..HEX.len()) {
            let _ = Magnet::parse(&bytes);
            let _ = Magnet::parse(&[&HEX[..at], &bytes].concat()).map(|(magnet, _)| (magnet.name(), magnet.peers().count()));
        }
    }
}
