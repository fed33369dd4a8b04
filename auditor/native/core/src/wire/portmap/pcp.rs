//! Port Control Protocol, RFC 6887 §7 and §11: the MAP opcode, datagrams between a host and UDP 5351 of its gateway.
//!
//! | part | layout (offset:length) |
//! |---|---|
//! | request's header, 24 | 0:1 version 2; 1:1 opcode 1; 2:2 reserved; 4:4 lifetime; 8:16 the host's address |
//! | reply's header, 24 | 0:1 version 2; 1:1 0x81; 2:1 reserved; 3:1 result; 4:4 lifetime; 8:4 epoch; 12:12 reserved |
//! | MAP, 36 | 24:12 nonce; 36:1 protocol, 0 all; 37:3 reserved; 40:2 internal port; 42:2 external port; 44:16 external address |
//!
//! Options follow: code, reserved, length[2], data, padded to four bytes. Of them only `THIRD_PARTY` (§13.1) is read: the
//! address that the mapping is for, where it is not the asker's own. PEER and ANNOUNCE open no port to everybody and are
//! not read. Reserved bytes are ignored, as a receiver must.

use crate::error::ParseError;

/// A MAP request or reply. Holding one proves its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// `None` of a request; of a reply its result, 0 where it succeeded.
    pub result: Option<u8>,
    /// Seconds; 0 removes the mapping. Of a reply that refuses: how long that will stay so.
    pub lifetime: u32,
    /// The host that asks, as it says; `None` in replies.
    pub client: Option<[u8; 16]>,
    /// Ties a reply to its request.
    pub nonce: [u8; 12],
    /// The IP protocol: 6 TCP, 17 UDP, 0 all.
    pub protocol: u8,
    /// The host's port; 0 all.
    pub internal_port: u16,
    /// The gateway's port, wished or granted.
    pub external_port: u16,
    /// The gateway's address, wished or granted; IPv4 as IPv4-mapped.
    pub external_ip: [u8; 16],
}

impl Map {
    /// Length on the wire, in bytes, without options.
    pub const LEN: usize = 60;

    /// Splits one message off the front of `input`; returns it and its options.
    ///
    /// # Errors
    /// `Mismatch` as soon as the version or the opcode is another; otherwise `Truncated` until [`Self::LEN`] bytes have
    /// come.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        if input.first().is_some_and(|version| *version != 2) {
            return Err(ParseError::Mismatch { offset: 0, expected: "PCP's version" });
        }
        if input.get(1).is_some_and(|opcode| opcode & 0x7f != 1) {
            return Err(ParseError::Mismatch { offset: 1, expected: "the MAP opcode" });
        }
        let view = || {
            let ([_, opcode, _, result], rest) = input.split_first_chunk()?;
            let (lifetime, rest) = rest.split_first_chunk()?;
            let (client, rest) = rest.split_first_chunk::<16>()?;
            let (nonce, rest) = rest.split_first_chunk()?;
            let ([protocol, _, _, _], rest) = rest.split_first_chunk()?;
            let (internal_port, rest) = rest.split_first_chunk()?;
            let (external_port, rest) = rest.split_first_chunk()?;
            let (external_ip, rest) = rest.split_first_chunk()?;
            let is_reply = opcode & 0x80 != 0;
            let map = Self {
                result: is_reply.then_some(*result),
                lifetime: u32::from_be_bytes(*lifetime),
                client: (!is_reply).then_some(*client),
                nonce: *nonce,
                protocol: *protocol,
                internal_port: u16::from_be_bytes(*internal_port),
                external_port: u16::from_be_bytes(*external_port),
                external_ip: *external_ip,
            };
            Some((map, rest))
        };
        let needed = Self::LEN.saturating_sub(input.len());
        view().ok_or(ParseError::Truncated { offset: input.len(), needed })
    }
}

/// The address that a mapping is for, by its `THIRD_PARTY` option.
#[must_use]
pub fn third_party(mut options: &[u8]) -> Option<[u8; 16]> {
    const THIRD_PARTY: u8 = 1;
    // Every turn takes four bytes or more off the front.
    loop {
        let ([code, _, length @ ..], rest) = options.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let data = rest.get(..length)?;
        if *code == THIRD_PARTY {
            return data.try_into().ok();
        }
        options = rest.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAPPED_V4: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

    fn request() -> Vec<u8> {
        let header = [&[2, 1, 0, 0, 0, 0, 0x1c, 0x20][..], &MAPPED_V4, &[10, 20, 0, 5]].concat();
        let map = [&[0x11; 12][..], &[17, 0, 0, 0, 0x1a, 0xe1, 0, 0], &MAPPED_V4, &[0; 4]].concat();
        [header, map].concat()
    }

    #[test]
    fn a_request_and_its_reply_are_read() {
        let datagram = request();
        let (map, options) = Map::parse(&datagram).unwrap();
        assert_eq!((map.result, map.lifetime, map.protocol, map.internal_port), (None, 7200, 17, 6881));
        assert_eq!((map.client.unwrap()[12..].to_vec(), options), (vec![10, 20, 0, 5], &[][..]));

        let mut reply = request();
        reply[1] = 0x81;
        reply[3] = 2;
        let (map, _) = Map::parse(&reply).unwrap();
        assert_eq!((map.result, map.client, map.nonce), (Some(2), None, [0x11; 12]));
    }

    #[test]
    fn a_third_party_is_found_behind_other_options() {
        let other = [&[3, 0, 0, 5, 1, 1, 1, 1, 1, 0, 0, 0][..], &[1, 0, 0, 16], &[7; 16]].concat();
        assert_eq!(third_party(&other), Some([7; 16]));
        for broken in [&other[..20], &[1, 0, 0, 4, 1, 1, 1, 1], &[1, 0, 0xff, 0xff], &[]] {
            assert_eq!(third_party(broken), None);
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        let whole = request();
        for cut in 0..Map::LEN {
            let expected = ParseError::Truncated { offset: cut, needed: Map::LEN - cut };
            assert_eq!(Map::parse(&whole[..cut]), Err(expected));
        }
    }

    #[test]
    fn another_version_or_opcode_is_a_mismatch() {
        for other in [&[0, 1][..], &[1], &[2, 0], &[2, 0x82]] {
            assert!(matches!(Map::parse(other), Err(ParseError::Mismatch { .. })));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(input in proptest::collection::vec(any::<u8>(), 0..90)) {
            let _ = Map::parse(&input);
            let _ = third_party(&input);
        }
    }
}
