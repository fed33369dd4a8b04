//! DHCP for IPv4, RFC 2131 §2 with the options of RFC 2132: datagrams between UDP 68 (clients) and 67 (servers, relays).
//!
//! | offset | length | value |
//! |---|---|---|
//! | 0 | 1 | 1 from a client, 2 from a server |
//! | 1 | 3 | hardware type, length of its address, hops |
//! | 4 | 4 | transaction |
//! | 8 | 4 | seconds, flags |
//! | 12 | 4 × 4 | the client's address as it says; as the server gives it; next server; relay |
//! | 28 | 16 | the client's hardware address, padded |
//! | 44 | 64 + 128 | server name, boot file: or options, where option 52 says so |
//! | 236 | 4 | 63 82 53 63 |
//! | 240 | – | options: code, length, data; 0 pads, 255 ends |
//!
//! The client is who the *message* names: a relay sends the frame on, with its own address. Of options that come twice,
//! the first counts (RFC 3396 would join them, which none that is read here needs). A message without the end option is
//! not taken: one that a snap length cut would pass for it.

use super::labels::{self, MAX_NAME};
use crate::error::ParseError;

/// What a message is, RFC 2132 §9.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Is there a server?
    Discover,
    /// A server could give this address.
    Offer,
    /// The client wants it, or to keep it.
    Request,
    /// The client found it in use by somebody else.
    Decline,
    /// The server gave it.
    Ack,
    /// The server did not.
    Nak,
    /// The client gives it back.
    Release,
    /// The client has an address and wants to know the rest.
    Inform,
    /// Another.
    Other(u8),
}

/// One message. Holding one proves that its options are whole and that it is DHCP, not BOOTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Whether a server sent it.
    pub is_reply: bool,
    /// What it is.
    pub kind: Kind,
    /// Ties a reply to its request.
    pub transaction: u32,
    /// The address that the client says to have.
    pub client: [u8; 4],
    /// The address that the server gives it.
    pub given: [u8; 4],
    /// The relay on the client's network; zeros where there was none.
    pub relay: [u8; 4],
    /// The client's hardware address, if it is one of Ethernet.
    pub mac: Option<[u8; 6]>,
    areas: [&'a [u8]; 3],
}

impl<'a> Message<'a> {
    /// Length of what stands before the options, in bytes.
    pub const HEADER: usize = 240;

    /// Splits one message off the front of a datagram; returns it and the padding.
    ///
    /// # Errors
    /// `Mismatch` as soon as it is not BOOTP with options, or when these ended and told no message type; otherwise
    /// `Truncated` until they have ended.
    pub fn parse(datagram: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
        const MAGIC_AT: usize = Message::HEADER - MAGIC.len();
        let mismatch = |offset, expected| Err(ParseError::Mismatch { offset, expected });
        if datagram.first().is_some_and(|op| !matches!(op, 1 | 2)) {
            return mismatch(0, "a request or reply");
        }
        if datagram.get(2).is_some_and(|len| *len > 16) {
            return mismatch(2, "a hardware address of at most 16 bytes");
        }
        let magic = datagram.get(MAGIC_AT..).unwrap_or_default();
        if let Some(at) = magic.iter().zip(MAGIC).position(|(got, want)| *got != want) {
            return mismatch(MAGIC_AT + at, "DHCP's magic cookie");
        }
        let truncated = |needed| ParseError::Truncated { offset: datagram.len(), needed };
        let Some(options) = datagram.get(Self::HEADER..) else {
            return Err(truncated(Self::HEADER + 1 - datagram.len()));
        };
        let mut walk = Options(options);
        for _ in walk.by_ref() {}
        let rest = match *walk.0 {
            [END, ref rest @ ..] => rest,
            [_, len, ref data @ ..] => return Err(truncated(usize::from(len) + 1 - data.len())),
            _ => return Err(truncated(1)),
        };
        let view = || {
            let ([op, hardware, len, _], after) = datagram.split_first_chunk()?;
            let (transaction, after) = after.split_first_chunk()?;
            let (_, after) = after.split_first_chunk::<4>()?;
            let (client, after) = after.split_first_chunk()?;
            let (given, after) = after.split_first_chunk()?;
            let (_, after) = after.split_first_chunk::<4>()?;
            let (relay, after) = after.split_first_chunk()?;
            let (address, after) = after.split_first_chunk::<16>()?;
            let (server_name, after) = after.split_first_chunk::<64>()?;
            let (file, _) = after.split_first_chunk::<128>()?;
            let mut message = Self {
                is_reply: *op == 2,
                kind: Kind::Other(0),
                transaction: u32::from_be_bytes(*transaction),
                client: *client,
                given: *given,
                relay: *relay,
                mac: address.first_chunk().copied().filter(|_| (*hardware, *len) == (1, 6)),
                areas: [options, &[], &[]],
            };
            // RFC 2132, 9.3: first the boot file, then the server name (RFC 2131, 4.1).
            let overload = message.option(52).and_then(<[u8]>::first).copied().unwrap_or_default();
            let used = |bit: u8, area: &'a [u8]| if overload & bit != 0 { area } else { &[] };
            message.areas = [options, used(1, file), used(2, server_name)];
            message.kind = kind(message.option(53)?)?;
            Some(message)
        };
        match view() {
            Some(message) => Ok((message, rest)),
            None => mismatch(Self::HEADER, "a DHCP message type"),
        }
    }

    /// The first option with that code.
    fn option(&self, code: u8) -> Option<&'a [u8]> {
        let mut options = self.areas.into_iter().flat_map(Options);
        options.find(|(found, _)| *found == code).map(|(_, data)| data)
    }

    /// Four bytes of an option that has just these.
    fn word(&self, code: u8) -> Option<[u8; 4]> {
        self.option(code)?.try_into().ok()
    }

    /// The address that the client wants or declines (50).
    #[must_use]
    pub fn requested(&self) -> Option<[u8; 4]> {
        self.word(50)
    }

    /// For how many seconds the address is given (51); the greatest number is "for ever".
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        self.word(51).map(u32::from_be_bytes)
    }

    /// The server's address (54).
    #[must_use]
    pub fn server(&self) -> Option<[u8; 4]> {
        self.word(54)
    }

    /// The client's name in DHCPv6, where its identifier (61) holds it (RFC 4361 §6.1).
    #[must_use]
    pub fn duid(&self) -> Option<&'a [u8]> {
        match self.option(61)? {
            [255, _, _, _, _, duid @ ..] if !duid.is_empty() => Some(duid),
            _ => None,
        }
    }

    /// Whether a relay or switch told where the client is attached: by circuit, by its own identifier (82, RFC 3046).
    /// What it told is left in the message.
    #[must_use]
    pub fn agent(&self) -> (bool, bool) {
        let has = |code| {
            let mut agent = Options(self.option(82).unwrap_or_default());
            agent.any(|(found, _)| found == code)
        };
        (has(1), has(2))
    }

    /// The client's name, which it may choose as it likes: host name (12), or its domain name (81, RFC 4702). Bytes as
    /// they came, in `text` where they had to be put together.
    pub fn host<'t>(&'t self, text: &'t mut [u8; MAX_NAME]) -> Option<&'t [u8]> {
        const ENCODED: u8 = 0x04;
        let name = match (self.option(12), self.option(81)) {
            (Some(name), _) if !name.is_empty() => name,
            (_, Some([flags, _, _, name @ ..])) if flags & ENCODED == 0 => name,
            (_, Some([_, _, _, name @ ..])) => labels::write(name, text)?,
            _ => return None,
        };
        Some(name).filter(|name| !name.is_empty())
    }
}

const fn kind(option: &[u8]) -> Option<Kind> {
    let [kind] = option else { return None };
    Some(match kind {
        1 => Kind::Discover,
        2 => Kind::Offer,
        3 => Kind::Request,
        4 => Kind::Decline,
        5 => Kind::Ack,
        6 => Kind::Nak,
        7 => Kind::Release,
        8 => Kind::Inform,
        other => Kind::Other(*other),
    })
}

const PAD: u8 = 0;
const END: u8 = 255;

/// Options up to the end option, or to the first that is not whole; there it stays.
#[derive(Clone, Debug)]
struct Options<'a>(&'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match *self.0 {
                [PAD, ref rest @ ..] => self.0 = rest,
                [END, ..] => return None,
                [code, len, ref after @ ..] => {
                    let (data, rest) = after.split_at_checked(usize::from(len))?;
                    self.0 = rest;
                    return Some((code, data));
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(op: u8) -> Vec<u8> {
        let addresses = [[10, 20, 0, 9], [10, 20, 0, 5], [10, 20, 0, 2], [10, 20, 0, 1]].concat();
        let client = [&[2, 0, 0, 0, 0, 5][..], &[0; 10]].concat();
        let start = [op, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0];
        [&start[..], &addresses, &client, &[0; 192], b"\x63\x82\x53\x63"].concat()
    }

    fn message(op: u8, options: &[u8]) -> Vec<u8> {
        [&header(op), options].concat()
    }

    fn ack() -> Vec<u8> {
        message(2, b"\x35\x01\x05\x33\x04\0\0\x0e\x10\x36\x04\x0a\x14\0\x02\0\x0c\x05guest\xff")
    }

    fn host(datagram: &[u8]) -> Option<Vec<u8>> {
        Message::parse(datagram).unwrap().0.host(&mut [0; MAX_NAME]).map(<[u8]>::to_vec)
    }

    #[test]
    fn an_ack_gives_an_address_for_a_time() {
        let padded = [ack(), vec![0; 40]].concat();
        let (ack, padding) = Message::parse(&padded).unwrap();
        assert_eq!((ack.kind, ack.is_reply, ack.transaction), (Kind::Ack, true, 0xdead_beef));
        assert_eq!((ack.given, ack.mac), ([10, 20, 0, 5], Some([2, 0, 0, 0, 0, 5])));
        assert_eq!((ack.client, ack.relay), ([10, 20, 0, 9], [10, 20, 0, 1]));
        assert_eq!((ack.seconds(), ack.server()), (Some(3600), Some([10, 20, 0, 2])));
        assert_eq!((host(&padded).unwrap(), padding.len()), (b"guest".to_vec(), 40));
    }

    #[test]
    fn a_client_tells_its_wish_its_name_and_its_identifier() {
        let request = message(1, b"\x35\x01\x03\x32\x04\x0a\x14\0\x05\x3d\x09\xff\0\0\0\x01\0\x03\0\x01\xff");
        let (request, _) = Message::parse(&request).unwrap();
        assert_eq!((request.kind, request.requested()), (Kind::Request, Some([10, 20, 0, 5])));
        assert_eq!((request.duid(), request.seconds()), (Some(&b"\0\x03\0\x01"[..]), None));
        let by_mac = message(1, b"\x35\x01\x03\x3d\x07\x01\x02\0\0\0\0\x05\xff");
        assert_eq!(Message::parse(&by_mac).unwrap().0.duid(), None);
    }

    #[test]
    fn a_domain_name_is_text_or_labels() {
        assert_eq!(host(&message(1, b"\x35\x01\x03\x51\x07\0\0\0a.lo\xff")).unwrap(), b"a.lo");
        assert_eq!(host(&message(1, b"\x35\x01\x03\x51\x09\x04\0\0\x01a\x02lo\0\xff")).unwrap(), b"a.lo");
        assert_eq!(host(&message(1, b"\x35\x01\x03\x0c\0\x51\x05\x04\0\0\xc0\x0c\xff")), None);
        assert_eq!(host(&message(1, b"\x35\x01\x03\xff")), None);
    }

    #[test]
    fn options_may_go_on_in_the_file_and_the_server_name() {
        let mut overloaded = message(2, b"\x34\x01\x03\x36\x04\x0a\x14\0\x02\xff");
        overloaded[108..115].copy_from_slice(b"\x35\x01\x05\x0c\x02pc");
        overloaded[115] = 0xff;
        overloaded[44..50].copy_from_slice(b"\x33\x04\0\0\0\x3c");
        let (ack, _) = Message::parse(&overloaded).unwrap();
        assert_eq!((ack.kind, ack.seconds()), (Kind::Ack, Some(60)));
        assert_eq!(host(&overloaded).unwrap(), b"pc");
        let mut not_said = ack_with_file();
        not_said[108..112].copy_from_slice(b"\x0c\x02pc");
        assert_eq!(host(&not_said), None);
    }

    fn ack_with_file() -> Vec<u8> {
        message(2, b"\x35\x01\x05\xff")
    }

    #[test]
    fn a_relays_words_are_known_to_be_there() {
        let agent = |options: &[u8]| Message::parse(&message(1, options)).unwrap().0.agent();
        assert_eq!(agent(b"\x35\x01\x03\x52\x06\x01\x01a\x02\x01b\xff"), (true, true));
        assert_eq!(agent(b"\x35\x01\x03\x52\x03\x02\x01b\xff"), (false, true));
        assert_eq!(agent(b"\x35\x01\x03\x52\x03\x01\x09b\xff"), (false, false));
        assert_eq!(agent(b"\x35\x01\x03\xff"), (false, false));
    }

    #[test]
    fn other_hardware_has_no_mac() {
        let mut infiniband = ack();
        infiniband[1] = 32;
        assert_eq!(Message::parse(&infiniband).unwrap().0.mac, None);
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        let whole = ack();
        for cut in 0..whole.len() {
            let Err(ParseError::Truncated { offset, needed }) = Message::parse(&whole[..cut]) else {
                panic!("{cut}")
            };
            assert!(offset == cut && (1..=whole.len() - cut).contains(&needed), "{cut}: {needed}");
        }
    }

    #[test]
    fn what_is_no_dhcp_is_a_mismatch() {
        let with = |at: usize, byte: u8| {
            let mut datagram = ack();
            datagram[at] = byte;
            datagram
        };
        let no_kind = message(2, b"\x35\x02\x05\x05\xff");
        for other in [with(0, 3), with(2, 17), with(239, 0x64), with(240, 0x37), no_kind] {
            assert!(matches!(Message::parse(&other), Err(ParseError::Mismatch { .. })));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            tail in proptest::collection::vec(any::<u8>(), 0..80),
            fields in proptest::collection::vec(any::<u8>(), 192),
        ) {
            let mut datagram = message(2, b"\x34\x01\x03\x35\x01\x05");
            datagram[44..236].copy_from_slice(&fields);
            datagram.extend(&tail);
            for datagram in [tail, datagram.clone(), [&datagram[..], &[END]].concat()] {
                if let Ok((message, _)) = Message::parse(&datagram) {
                    let _ = message.host(&mut [0; MAX_NAME]);
                    let _ = (message.agent(), message.duid(), message.requested());
                }
            }
        }
    }
}
