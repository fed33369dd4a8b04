//! DHCP for IPv6, RFC 8415 §8, §9 and §21: datagrams between UDP 546 (clients) and 547 (servers, relays).
//!
//! | message | layout (offset:length) |
//! |---|---|
//! | client's or server's | 0:1 type; 1:3 transaction; 4 options |
//! | relay's, 12 and 13 | 0:1 type; 1:1 hops; 2:16 the client's network; 18:16 from or to whom; 34 options, 9 is the message |
//! | option | 0:2 code; 2:2 length; 4 data |
//! | 3 `IA_NA` | 0:4 identifier; 4:8 timers; 12 options |
//! | 5 address, in 3 | 0:16 address; 16:4 preferred and 20:4 valid for so many seconds; 24 options |
//! | 39 domain name (RFC 4704) | 0:1 flags; 1 labels |
//!
//! Options go on to the datagram's end, so that they are asked for whole: a part of them would say something else. Relays
//! may stand behind relays, up to [`MAX_RELAYS`] deep (§7.6).

use super::labels::{self, MAX_NAME};
use crate::error::ParseError;

/// How many relays a message may have passed: `HOP_COUNT_LIMIT`.
pub const MAX_RELAYS: u8 = 8;

/// The longest name of a device: a type and 128 bytes (§11.1).
pub const MAX_DUID: usize = 130;

/// What a message is (§7.3), as far as it matters who has which address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Is there a server?
    Solicit,
    /// The client wants addresses.
    Request,
    /// The client wants to keep them, by its server or by any.
    Renew,
    /// What the server answers, whatever it was asked.
    Reply,
    /// The client gives addresses back.
    Release,
    /// The client found addresses in use by somebody else.
    Decline,
    /// Another.
    Other(u8),
}

/// One message up to its options. Holding one proves that it is no relay's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// Ties a reply to its request; 24 bits.
    pub transaction: u32,
}

impl Message {
    /// Length of what stands before the options, in bytes.
    pub const LEN: usize = 4;

    /// Splits one message off the front of `input`; returns it and its options.
    ///
    /// # Errors
    /// `Mismatch` if it is a relay's or none; otherwise `Truncated` until [`Self::LEN`] bytes have come.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let kind = match input.first() {
            Some(0 | 12 | 13) => {
                return Err(ParseError::Mismatch { offset: 0, expected: "a client's or server's message" });
            }
            Some(1) => Kind::Solicit,
            Some(3) => Kind::Request,
            Some(5 | 6) => Kind::Renew,
            Some(7) => Kind::Reply,
            Some(8) => Kind::Release,
            Some(9) => Kind::Decline,
            other => Kind::Other(other.copied().unwrap_or_default()),
        };
        match input.split_first_chunk::<{ Self::LEN }>() {
            Some(([_, high, middle, low], options)) => {
                Ok((Self { kind, transaction: u32::from_be_bytes([0, *high, *middle, *low]) }, options))
            }
            None => Err(ParseError::Truncated { offset: input.len(), needed: Self::LEN - input.len() }),
        }
    }
}

/// What a relay puts around a message. Holding one proves its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay<'a> {
    /// Whether it is on the way to the client.
    pub is_reply: bool,
    peer: &'a [u8; 16],
}

impl<'a> Relay<'a> {
    /// Length of what stands before the options, in bytes.
    pub const LEN: usize = 34;

    /// Splits a relay's header off the front of `input`; returns it and its options.
    ///
    /// # Errors
    /// `Mismatch` if it is no relay's; otherwise `Truncated` until [`Self::LEN`] bytes have come.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        if input.first().is_some_and(|kind| !matches!(kind, 12 | 13)) {
            return Err(ParseError::Mismatch { offset: 0, expected: "a relay's message" });
        }
        let view = || {
            let ([kind, _], rest) = input.split_first_chunk::<2>()?;
            let (_, rest) = rest.split_first_chunk::<16>()?;
            let (peer, rest) = rest.split_first_chunk()?;
            Some((Self { is_reply: *kind == 13, peer }, rest))
        };
        let needed = Self::LEN.saturating_sub(input.len());
        view().ok_or(ParseError::Truncated { offset: input.len(), needed })
    }

    /// Who sent the message to the relay, or is to get it.
    #[must_use]
    pub const fn peer(&self) -> [u8; 16] {
        *self.peer
    }
}

/// A client's or server's message, out of whatever relays put around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// The message.
    pub message: Message,
    /// Its options.
    pub options: Options<'a>,
    /// How many relays it passed.
    pub relays: u8,
}

impl<'a> Received<'a> {
    /// Reads a whole datagram. `None` where it is no message with whole options, or has passed too many relays.
    #[must_use]
    pub fn read(mut datagram: &'a [u8]) -> Option<Self> {
        for relays in 0..=MAX_RELAYS {
            if let Ok((message, options)) = Message::parse(datagram) {
                return Some(Self { message, options: Options::whole(options)?, relays });
            }
            let (_, options) = Relay::parse(datagram).ok()?;
            datagram = Options::whole(options)?.first(9)?;
        }
        None
    }
}

/// Options of a message, or of an option. Holding them proves that each is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// Takes `bytes` as options; `None` where the last is not whole.
    #[must_use]
    pub fn whole(bytes: &'a [u8]) -> Option<Self> {
        let mut walk = Walk(bytes);
        for _ in walk.by_ref() {}
        walk.0.is_empty().then_some(Self(bytes))
    }

    /// The first option with that code.
    fn first(self, code: u16) -> Option<&'a [u8]> {
        self.into_iter().find(|(found, _)| *found == code).map(|(_, data)| data)
    }

    /// The client's name for itself (1), the same for as long as the device lives.
    #[must_use]
    pub fn client(self) -> Option<&'a [u8]> {
        self.first(1).filter(|duid| (1..=MAX_DUID).contains(&duid.len()))
    }

    /// The server's name for itself (2).
    #[must_use]
    pub fn server(self) -> Option<&'a [u8]> {
        self.first(2).filter(|duid| (1..=MAX_DUID).contains(&duid.len()))
    }

    /// The addresses of all `IA_NA`. One that the server could not give (status, 13) is left out.
    pub fn addresses(self) -> impl Iterator<Item = Address> + 'a {
        let associations = self.into_iter().filter(|(code, _)| *code == 3);
        let inner = associations.filter_map(|(_, data)| Self::whole(data.get(12..)?));
        inner.filter(|options| options.succeeded()).flatten().filter_map(|(code, data)| match code {
            5 => Address::parse(data),
            _ => None,
        })
    }

    /// Whether the status, if one is told, is 0.
    fn succeeded(self) -> bool {
        self.first(13).is_none_or(|status| status.starts_with(&[0, 0]))
    }

    /// The client's domain name (39), which it may choose as it likes, written into `text` with dots.
    pub fn host(self, text: &mut [u8; MAX_NAME]) -> Option<&[u8]> {
        let [_, labels @ ..] = self.first(39)? else { return None };
        labels::write(labels, text).filter(|name| !name.is_empty())
    }
}

impl<'a> IntoIterator for Options<'a> {
    type Item = (u16, &'a [u8]);
    type IntoIter = Walk<'a>;

    fn into_iter(self) -> Walk<'a> {
        Walk(self.0)
    }
}

/// Options with their codes, up to the first that is not whole; there it stays.
#[derive(Clone, Debug)]
pub struct Walk<'a>(&'a [u8]);

impl<'a> Iterator for Walk<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([c0, c1, l0, l1], after) = self.0.split_first_chunk()?;
        let (data, rest) = after.split_at_checked(usize::from(u16::from_be_bytes([*l0, *l1])))?;
        self.0 = rest;
        Some((u16::from_be_bytes([*c0, *c1]), data))
    }
}

/// An address that a client has, or gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: [u8; 16],
    /// For how many seconds it is the client's; 0 not any more, the greatest number "for ever".
    pub valid: u32,
}

impl Address {
    fn parse(data: &[u8]) -> Option<Self> {
        let (ip, rest) = data.split_first_chunk()?;
        let (_, rest) = rest.split_first_chunk::<4>()?;
        let (valid, options) = rest.split_first_chunk()?;
        let granted = Options::whole(options)?.succeeded();
        granted.then_some(Self { ip: *ip, valid: u32::from_be_bytes(*valid) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IP: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5];
    const DUID: &[u8] = b"\0\x03\0\x01\x02\0\0\0\0\x05";

    fn option(code: u16, data: &[u8]) -> Vec<u8> {
        let len = u16::try_from(data.len()).unwrap();
        [&code.to_be_bytes()[..], &len.to_be_bytes(), data].concat()
    }

    fn address(valid: u32, options: &[u8]) -> Vec<u8> {
        option(5, &[&IP[..], &[0, 0, 0, 60], &valid.to_be_bytes(), options].concat())
    }

    fn association(options: &[u8]) -> Vec<u8> {
        option(3, &[&[0, 0, 0, 1, 0, 0, 0, 30, 0, 0, 0, 45], options].concat())
    }

    fn message(kind: u8, options: &[u8]) -> Vec<u8> {
        [&[kind, 0xab, 0xcd, 0xef], options].concat()
    }

    fn relayed(kind: u8, inner: &[u8]) -> Vec<u8> {
        [&[kind, 0][..], &[0x20; 16], &[0xfe; 16], &option(18, b"port 7"), &option(9, inner)].concat()
    }

    fn reply() -> Vec<u8> {
        let name = option(39, b"\x01\x05guest\x04site\0");
        let server = option(2, b"\0\x03\0\x01\x02\0\0\0\0\x01");
        message(7, &[option(1, DUID), server, association(&address(3600, b"")), name].concat())
    }

    #[test]
    fn a_reply_gives_addresses_for_a_time() {
        let datagram = reply();
        let received = Received::read(&datagram).unwrap();
        assert_eq!(received.message, Message { kind: Kind::Reply, transaction: 0x00ab_cdef });
        assert_eq!((received.relays, received.options.client()), (0, Some(DUID)));
        assert_eq!(received.options.server().unwrap().len(), 10);
        let addresses: Vec<_> = received.options.addresses().collect();
        assert_eq!(addresses, [Address { ip: IP, valid: 3600 }]);
        assert_eq!(received.options.host(&mut [0; MAX_NAME]), Some(&b"guest.site"[..]));
    }

    #[test]
    fn what_was_refused_is_no_address() {
        let refused = option(13, b"\0\x02no");
        for options in [
            association(&[address(3600, b""), refused.clone()].concat()),
            association(&address(3600, &refused)),
            association(&address(3600, b"\0")),
            option(3, b"\0\0\0\x01"),
        ] {
            let datagram = message(7, &options);
            assert_eq!(Received::read(&datagram).unwrap().options.addresses().count(), 0);
        }
        let fine = message(7, &association(&address(3600, &option(13, b"\0\0ok"))));
        assert_eq!(Received::read(&fine).unwrap().options.addresses().count(), 1);
    }

    #[test]
    fn relays_are_taken_off_up_to_a_limit() {
        let mut datagram = reply();
        for relays in 1..=MAX_RELAYS {
            datagram = relayed(13, &datagram);
            let received = Received::read(&datagram).unwrap();
            assert_eq!((received.relays, received.options.addresses().count()), (relays, 1));
        }
        assert_eq!(Received::read(&relayed(13, &datagram)), None);
        let (relay, _) = Relay::parse(&datagram).unwrap();
        assert_eq!((relay.is_reply, relay.peer()), (true, [0xfe; 16]));
        assert_eq!(Received::read(&[&[12, 0][..], &[0; 32]].concat()), None);
    }

    #[test]
    fn options_that_are_not_whole_are_none() {
        let datagram = reply();
        for cut in 5..datagram.len() {
            if let Some(received) = Received::read(&datagram[..cut]) {
                assert!(datagram[4..].starts_with(received.options.0));
                assert!(Options::whole(&datagram[cut..]).is_some(), "cut inside an option: {cut}");
            }
        }
    }

    #[test]
    fn a_device_without_a_sensible_name_has_none() {
        for name in [&[][..], &[1; MAX_DUID + 1]] {
            let datagram = message(1, &option(1, name));
            assert_eq!(Received::read(&datagram).unwrap().options.client(), None);
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        let (whole, relay) = (message(3, b""), relayed(12, b""));
        for cut in 0..Message::LEN {
            let expected = ParseError::Truncated { offset: cut, needed: Message::LEN - cut };
            assert_eq!(Message::parse(&whole[..cut]), Err(expected));
        }
        for cut in 0..Relay::LEN {
            let expected = ParseError::Truncated { offset: cut, needed: Relay::LEN - cut };
            assert_eq!(Relay::parse(&relay[..cut]), Err(expected));
        }
    }

    #[test]
    fn messages_and_relays_are_told_apart() {
        for kind in [0, 12, 13] {
            assert!(matches!(Message::parse(&[kind]), Err(ParseError::Mismatch { .. })));
        }
        assert!(matches!(Relay::parse(&[7]), Err(ParseError::Mismatch { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            tail in proptest::collection::vec(any::<u8>(), 0..120), kind in 0..14_u8, code in 0..40_u16,
        ) {
            let one = option(code, &tail);
            for datagram in [tail, message(kind, &one), relayed(12, &message(kind, &one))] {
                if let Some(received) = Received::read(&datagram) {
                    let _ = received.options.host(&mut [0; MAX_NAME]);
                    prop_assert!(received.options.addresses().count() <= datagram.len() / 28);
                }
            }
        }
    }
}
