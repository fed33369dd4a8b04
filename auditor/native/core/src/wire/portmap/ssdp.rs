//! SSDP, UPnP Device Architecture 2.0 §1.3.2: the search for a gateway, a datagram to 239.255.255.250 or `ff02::c`, port 1900.
//!
//! ```text
//! M-SEARCH * HTTP/1.1\r\n
//! HOST: 239.255.255.250:1900\r\n
//! MAN: "ssdp:discover"\r\n
//! ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n
//! USER-AGENT: <what asks; optional, and most leave it out>\r\n
//! \r\n
//! ```

use crate::error::ParseError;
use crate::wire::head::{self, Head};

const START: &[u8] = b"M-SEARCH * HTTP/1.1";
/// The longest head that is read.
const MAX_LEN: usize = 2048;

/// Targets that a search for a gateway names, up to their version. libtorrent asks all root devices.
const GATEWAYS: [&[u8]; 4] = [
    b"urn:schemas-upnp-org:device:InternetGatewayDevice:",
    b"urn:schemas-upnp-org:service:WANIPConnection:",
    b"urn:schemas-upnp-org:service:WANPPPConnection:",
    b"upnp:rootdevice",
];

/// A search for a gateway. Holding one proves its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search<'a> {
    head: Head<'a>,
}

impl<'a> Search<'a> {
    /// Splits a search off the front of a datagram; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as the start line is another, and where it is no discovery of a gateway; otherwise `Truncated`
    /// until the empty line has come.
    pub fn parse(datagram: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        head::begins(datagram, START, "an M-SEARCH")?;
        let (head, rest) = Head::parse(datagram, MAX_LEN)?;
        let is_discovery = head.field("man").is_some_and(|man| man.trim_ascii() == b"\"ssdp:discover\"");
        let target = head.field("st").unwrap_or_default();
        if head.start() == START && is_discovery && GATEWAYS.iter().any(|gateway| target.starts_with(gateway))
        {
            Ok((Self { head }, rest))
        } else {
            Err(ParseError::Mismatch {
                offset: datagram.len() - rest.len(),
                expected: "a search for a gateway",
            })
        }
    }

    /// What the searcher calls itself; hostile text.
    #[must_use]
    pub fn user_agent(&self) -> Option<&'a [u8]> {
        self.head.field("user-agent")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\
        ST:urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nMAN:\"ssdp:discover\"\r\nMX:3\r\n\
        User-Agent: Linux/6 UPnP/1.1 BiglyBT/3.6\r\n\r\n";

    #[test]
    fn a_search_for_a_gateway_may_name_its_sender() {
        let (search, rest) = Search::parse(SEARCH).unwrap();
        assert_eq!((search.user_agent(), rest), (Some(&b"Linux/6 UPnP/1.1 BiglyBT/3.6"[..]), &[][..]));
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..SEARCH.len() {
            let expected = ParseError::Truncated { offset: cut, needed: 1 };
            assert_eq!(Search::parse(&SEARCH[..cut]), Err(expected));
        }
    }

    #[test]
    fn a_search_for_something_else_is_a_mismatch() {
        for other in [
            "NOTIFY * HTTP/1.1\r\n\r\n",
            "M-SEARCH * HTTP/1.1\r\nMAN:\"ssdp:discover\"\r\nST: urn:dial-multiscreen-org:service:dial:1\r\n\r\n",
            "M-SEARCH * HTTP/1.1\r\nST: upnp:rootdevice\r\n\r\n",
        ] {
            assert!(matches!(Search::parse(other.as_bytes()), Err(ParseError::Mismatch { .. })));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(tail in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Search::parse(&tail);
            let _ = Search::parse(&[START, b"\n", &tail].concat());
        }
    }
}
