//! Holepunching, `ut_holepunch`, BEP 55: the body of an extended message,
//! `msg_type[1] addr_type[1] addr[4 or 16] port[2]`, and after it `err_code[4]` of an error.
//!
//! A peer asks a relay for a rendezvous with a third one; the relay tells both to connect to each other. The uTP
//! connection that follows within seconds, from both sides at once, is then for the torrent of this connection.
//!
//! BEP 55 gives every message an error code; libtorrent sends it with errors only. So of another message it is left
//! in the rest.

use std::net::SocketAddr;

use super::compact::{V4, V6, endpoint};
use crate::error::ParseError;

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holepunch {
    /// What it says.
    pub kind: HolepunchKind,
    /// The peer that it is about.
    pub endpoint: SocketAddr,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HolepunchKind {
    /// To the relay: the sender wants to connect to the endpoint.
    Rendezvous,
    /// From the relay: connect to the endpoint now.
    Connect,
    /// From the relay: there will be no connection. 1: no such peer, 2: not connected, 3: no support, 4: no self.
    Error(u32),
    /// A type that the BEP does not define.
    Other(u8),
}

impl Holepunch {
    /// Splits one message off the front of `body`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` if the address is of no known type; otherwise `Truncated` until the message is whole.
    pub fn parse(body: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        const HEAD: usize = 2;
        let size = match body.get(1) {
            None | Some(0) => V4,
            Some(1) => V6,
            Some(_) => {
                return Err(ParseError::Mismatch { offset: 1, expected: "an address of IPv4 or IPv6" });
            }
        };
        let is_error = body.first() == Some(&2);
        let len = HEAD + size + if is_error { 4 } else { 0 };
        let view = || {
            let ([message, _], rest) = body.split_first_chunk::<HEAD>()?;
            let (packed, rest) = rest.split_at_checked(size)?;
            let endpoint = endpoint(packed)?;
            let (kind, rest) = match message {
                0 => (HolepunchKind::Rendezvous, rest),
                1 => (HolepunchKind::Connect, rest),
                2 => {
                    let (code, rest) = rest.split_first_chunk()?;
                    (HolepunchKind::Error(u32::from_be_bytes(*code)), rest)
                }
                other => (HolepunchKind::Other(*other), rest),
            };
            Some((Self { kind, endpoint }, rest))
        };
        view().ok_or(ParseError::Truncated { offset: body.len(), needed: len.saturating_sub(body.len()) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RENDEZVOUS: &[u8] = b"\x00\x00\xc0\x00\x02\x01\x1a\xe1";
    const CONNECT: &[u8] = b"\x01\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1";
    const ERROR: &[u8] = b"\x02\x00\xc0\x00\x02\x01\x1a\xe1\0\0\0\x04";

    #[test]
    fn each_kind_is_read_and_the_rest_is_returned() {
        let examples = [
            (RENDEZVOUS, HolepunchKind::Rendezvous, "192.0.2.1:6881"),
            (CONNECT, HolepunchKind::Connect, "[2001:db8::1]:6881"),
            (ERROR, HolepunchKind::Error(4), "192.0.2.1:6881"),
            (b"\x09\x00\xc0\x00\x02\x01\x1a\xe1", HolepunchKind::Other(9), "192.0.2.1:6881"),
        ];
        for (body, kind, endpoint) in examples {
            let input = [body, b"\0\0\0\0"].concat();
            let (message, rest) = Holepunch::parse(&input).unwrap();
            assert_eq!((message.kind, message.endpoint.to_string().as_str()), (kind, endpoint));
            assert_eq!(rest, b"\0\0\0\0");
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_and_needs_no_more_than_is_missing() {
        for whole in [RENDEZVOUS, CONNECT, ERROR] {
            for cut in 0..whole.len() {
                let Err(ParseError::Truncated { offset, needed }) = Holepunch::parse(&whole[..cut]) else {
                    panic!("not truncated at {cut}");
                };
                assert_eq!(offset, cut);
                assert!((1..=whole.len() - cut).contains(&needed));
            }
        }
    }

    #[test]
    fn an_address_of_an_unknown_type_is_a_mismatch() {
        assert!(matches!(Holepunch::parse(b"\x00\x02"), Err(ParseError::Mismatch { offset: 1, .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..32)) {
            if let Ok((_, rest)) = Holepunch::parse(&bytes) {
                prop_assert!(bytes.ends_with(rest));
            }
        }
    }
}
