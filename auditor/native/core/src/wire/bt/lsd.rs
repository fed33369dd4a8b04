//! Local service discovery, BEP 14: one datagram to 239.192.152.143 or `ff15::efc0:988f`, port 6771.
//!
//! ```text
//! BT-SEARCH * HTTP/1.1\r\n
//! Host: 239.192.152.143:6771\r\n
//! Port: <the announcer's listen port>\r\n
//! Infohash: <40 hexadecimal digits>\r\n     (one line a torrent, one or more)
//! cookie: <what the announcer knows its own datagrams by>\r\n
//! \r\n\r\n                                  (how many empty lines varies)
//! ```
//!
//! Anchored on these bytes, not on the port. The cookie does not leave the view: it tells one run of a client from
//! another. An infohash line that is none is passed over and counted, so that it does not hide the good ones beside it.

use super::hex;
use crate::error::ParseError;
use crate::wire::head::{self, Head};

const START: &[u8] = b"BT-SEARCH * HTTP/1.1";
/// The longest payload of a UDP datagram over IPv4.
const MAX_LEN: usize = 65_507;

/// An announce to the local network. Holding one proves a listen port and at least one torrent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAnnounce<'a> {
    port: u16,
    head: Head<'a>,
}

impl<'a> LocalAnnounce<'a> {
    /// Splits an announce off the front of a datagram; returns it and the rest: further empty lines, by custom.
    ///
    /// # Errors
    /// `Mismatch` as soon as the start line is another, and where no port or no infohash stands before the empty line;
    /// otherwise `Truncated` until that has come.
    pub fn parse(datagram: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        head::begins(datagram, START, "a BT-SEARCH")?;
        let (head, rest) = Head::parse(datagram, MAX_LEN)?;
        let mismatch = |expected| ParseError::Mismatch { offset: datagram.len() - rest.len(), expected };
        if head.start() != START {
            return Err(ParseError::Mismatch { offset: START.len(), expected: "the end of the start line" });
        }
        let port = head
            .fields("port")
            .find_map(|value| u16::try_from(head::decimal(value)?).ok().filter(|port| *port != 0))
            .ok_or_else(|| mismatch("a listen port"))?;
        let announce = Self { port, head };
        match announce.infohashes().next() {
            Some(_) => Ok((announce, rest)),
            None => Err(mismatch("an infohash")),
        }
    }

    /// The port on which the announcer takes connections.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The torrents announced.
    pub fn infohashes(&self) -> impl Iterator<Item = [u8; 20]> {
        self.head.fields("infohash").filter_map(hex::infohash)
    }

    /// How many infohash lines are none.
    #[must_use]
    pub fn malformed(&self) -> usize {
        self.head.fields("infohash").filter(|value| hex::infohash(value).is_none()).count()
    }

    /// Whether there was a cookie.
    #[must_use]
    pub fn has_cookie(&self) -> bool {
        self.head.field("cookie").is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANNOUNCE: &[u8] = b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 51413\r\n\
        Infohash: 99951E0D6C0F881B1F3166E9A7699F5D5D51A9C7\r\nInfohash: short\r\n\
        Infohash: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\ncookie: 5ec7e7\r\n\r\n";

    #[test]
    fn an_announce_names_port_and_torrents_and_returns_the_empty_lines() {
        let datagram = [ANNOUNCE, b"\r\n"].concat();
        let (announce, rest) = LocalAnnounce::parse(&datagram).unwrap();
        assert_eq!((announce.port(), rest), (51413, &b"\r\n"[..]));
        let named: Vec<_> = announce.infohashes().collect();
        assert_eq!((named[0][..3].to_vec(), named[1]), (vec![0x99, 0x95, 0x1e], [0xaa; 20]));
        assert_eq!((named.len(), announce.malformed(), announce.has_cookie()), (2, 1, true));
    }

    #[test]
    fn the_cookie_is_not_shown() {
        let shown = format!("{:?}", LocalAnnounce::parse(ANNOUNCE).unwrap());
        assert!(!shown.contains("5ec7e7"), "{shown}");
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..ANNOUNCE.len() {
            let expected = ParseError::Truncated { offset: cut, needed: 1 };
            assert_eq!(LocalAnnounce::parse(&ANNOUNCE[..cut]), Err(expected));
        }
    }

    #[test]
    fn without_port_or_torrent_or_with_another_start_it_is_a_mismatch() {
        for other in [
            "M-SEARCH * HTTP/1.1\r\n",
            "BT-SEARCH * HTTP/1.10\r\nPort: 1\r\nInfohash: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
            "BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
            "BT-SEARCH * HTTP/1.1\r\nInfohash: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
            "BT-SEARCH * HTTP/1.1\r\nPort: 6881\r\n\r\n",
        ] {
            assert!(matches!(LocalAnnounce::parse(other.as_bytes()), Err(ParseError::Mismatch { .. })));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(tail in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = LocalAnnounce::parse(&tail);
            let _ = LocalAnnounce::parse(&[START, b"\n", &tail].concat());
        }
    }
}
