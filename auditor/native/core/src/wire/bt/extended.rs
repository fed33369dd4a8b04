//! Extension protocol, BEP 10: the body of an extended message, after `len[4] 20 id[1]`.
//!
//! Id 0 is the extended handshake, one bencoded dict:
//!
//! | key | value |
//! |---|---|
//! | `m` | which id the sender wants each extension's messages to have; 0 disables one |
//! | `p` | the sender's TCP listen port |
//! | `v` | the sender's client, text |
//! | `yourip` | the receiver's address as the sender sees it, 4 or 16 bytes |
//! | `yp` | the receiver's port as the sender sees it (µTorrent) |
//! | `ipv4`, `ipv6` | the sender's addresses, as it believes, 4 and 16 bytes |
//! | `metadata_size` | bytes of the info dict (BEP 9) |
//! | `reqq` | how many requests the sender queues |
//! | `upload_only` | 1: the sender downloads nothing (BEP 21) |
//! | `e` | 1: the sender prefers encryption |
//! | `complete_ago` | seconds since the sender had all (libtorrent); -1: unknown |
//!
//! It may be sent again: later ones update earlier ones, key by key. Any other id is **the one that the message's
//! receiver announced**, so what a message is stands in the other direction: [`Extensions`] is what one end
//! announced.
//!
//! Keys may stand in any order; of a repeated one the first that has the right type and size counts, as everywhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bencode::{Reader, Refused};
use super::compact::address;
use crate::error::ParseError;

/// The longest client name that leaves the view; real ones have some thirty bytes.
pub const MAX_CLIENT: usize = 64;

/// An extension whose messages are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Extension {
    /// `ut_metadata`, BEP 9: see `metadata`.
    Metadata,
    /// `ut_pex`, BEP 11: see `pex`.
    Pex,
    /// `ut_holepunch`, BEP 55: see `holepunch`.
    Holepunch,
    /// `lt_donthave`, BEP 54: the sender no longer has a piece; see [`read_dont_have`].
    DontHave,
    /// `upload_only`, BEP 21: whether the sender downloads nothing; see [`read_flag`].
    UploadOnly,
    /// `share_mode` of libtorrent: whether the sender takes only what it can pass on; see [`read_flag`].
    ShareMode,
}

impl Extension {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Metadata, Self::Pex, Self::Holepunch, Self::DontHave, Self::UploadOnly, Self::ShareMode];

    /// The name in `m`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "ut_metadata",
            Self::Pex => "ut_pex",
            Self::Holepunch => "ut_holepunch",
            Self::DontHave => "lt_donthave",
            Self::UploadOnly => "upload_only",
            Self::ShareMode => "share_mode",
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|extension| extension.name().as_bytes() == name)
    }
}

/// A value for each extension, if there is one.
type Each<T> = [Option<T>; Extension::ALL.len()];

/// One extended handshake. Holding one proves that its dict was checked. What the dict does not say is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtensionHandshake<'a> {
    /// The sender's TCP listen port.
    pub port: Option<u16>,
    /// The sender's client, the first [`MAX_CLIENT`] bytes; hostile text.
    pub client: Option<&'a [u8]>,
    /// The receiver's address, as the sender sees it.
    pub your_ip: Option<IpAddr>,
    /// The receiver's port, as the sender sees it.
    pub your_port: Option<u16>,
    /// The sender's IPv4 address, as the sender says.
    pub ipv4: Option<Ipv4Addr>,
    /// The sender's IPv6 address, as the sender says; a link-local one may hold its MAC address.
    pub ipv6: Option<Ipv6Addr>,
    /// Bytes of the info dict; 0 where the sender has none yet.
    pub metadata_size: Option<u32>,
    /// How many requests the sender queues.
    pub request_queue: Option<u32>,
    /// Whether the sender downloads nothing: it is a seed, or has all that it wants.
    pub upload_only: Option<bool>,
    /// Whether the sender prefers encrypted connections.
    pub prefers_encryption: Option<bool>,
    /// Seconds since the sender had everything; -1: it does not know.
    pub complete_ago: Option<i64>,
    ids: Each<u8>,
}

impl<'a> ExtensionHandshake<'a> {
    /// Splits the dict off the front of the body of an extended message with id 0; returns it and the rest, which no
    /// known client sends.
    ///
    /// # Errors
    /// `Mismatch` if it is no bencoded dict; `Truncated` if it is a proper prefix of one.
    pub fn parse(body: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let mut handshake = Self::default();
        let mut reader = Reader::new(body);
        match reader.dict(|key, reader| handshake.read(key, reader)) {
            Ok(()) => Ok((handshake, reader.rest())),
            Err(Refused) => Err(reader.error()),
        }
    }

    /// The id that the sender wants the messages of `extension` to have; `Some(0)`: it wants none of them.
    #[must_use]
    pub fn id(&self, extension: Extension) -> Option<u8> {
        self.ids.get(extension as usize).copied().flatten()
    }

    fn read(&mut self, key: &[u8], reader: &mut Reader<'a>) -> Result<(), Refused> {
        match key {
            b"m" if reader.rest().starts_with(b"d") => {
                let ids = &mut self.ids;
                return reader.dict(|name, reader| read_id(ids, name, reader));
            }
            b"p" => first(&mut self.port, number(reader)?),
            b"v" => {
                let client = reader.string_or_skip()?;
                first(&mut self.client, client.map(|client| client.get(..MAX_CLIENT).unwrap_or(client)));
            }
            b"yourip" => first(&mut self.your_ip, reader.string_or_skip()?.and_then(address)),
            b"yp" => first(&mut self.your_port, number(reader)?),
            b"ipv4" => first(&mut self.ipv4, octets::<4>(reader)?.map(Ipv4Addr::from)),
            b"ipv6" => first(&mut self.ipv6, octets::<16>(reader)?.map(Ipv6Addr::from)),
            b"metadata_size" => first(&mut self.metadata_size, number(reader)?),
            b"reqq" => first(&mut self.request_queue, number(reader)?),
            b"upload_only" => first(&mut self.upload_only, reader.int_or_skip()?.map(|int| int != 0)),
            b"e" => first(&mut self.prefers_encryption, reader.int_or_skip()?.map(|int| int != 0)),
            b"complete_ago" => first(&mut self.complete_ago, reader.int_or_skip()?),
            _ => return reader.skip(),
        }
        Ok(())
    }
}

fn read_id(ids: &mut Each<u8>, name: &[u8], reader: &mut Reader<'_>) -> Result<(), Refused> {
    let id = number(reader)?;
    if let Some(extension) = Extension::named(name)
        && let Some(slot) = ids.get_mut(extension as usize)
    {
        first(slot, id);
    }
    Ok(())
}

/// Keeps the first that could be read.
fn first<T>(slot: &mut Option<T>, read: Option<T>) {
    if slot.is_none() {
        *slot = read;
    }
}

/// Takes one value; returns it if it is an integer in the range of `T`.
fn number<T: TryFrom<i64>>(reader: &mut Reader<'_>) -> Result<Option<T>, Refused> {
    Ok(reader.int_or_skip()?.and_then(|int| T::try_from(int).ok()))
}

/// Takes one value; returns it if it is a string of `N` bytes.
fn octets<const N: usize>(reader: &mut Reader<'_>) -> Result<Option<[u8; N]>, Refused> {
    Ok(reader.string_or_skip()?.and_then(|string| string.try_into().ok()))
}

/// What one end announced in all its extended handshakes so far: the ids of messages that the **other** end sends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    ids: Each<u8>, // none is `Some(0)`
}

impl Extensions {
    /// Takes a further handshake of the same end. What it does not name stays; an id that it gives to another
    /// extension is taken from the one that had it.
    pub fn update(&mut self, handshake: &ExtensionHandshake<'_>) {
        for id in handshake.ids.iter().flatten() {
            for held in &mut self.ids {
                held.take_if(|held| held == id);
            }
        }
        for (held, named) in self.ids.iter_mut().zip(handshake.ids) {
            if named.is_some() {
                *held = named.filter(|id| *id != 0);
            }
        }
    }

    /// What a message with this id is, sent to this end. `None`: nothing that is known here, or the handshake that
    /// tells it was not seen.
    #[must_use]
    pub fn of(&self, id: u8) -> Option<Extension> {
        let place = self.ids.iter().position(|held| *held == Some(id))?;
        Extension::ALL.get(place).copied()
    }
}

/// Reads the body of `lt_donthave`, BEP 54: `index[4]`; returns the index and the rest.
///
/// # Errors
/// `Truncated` until four bytes are there.
pub fn read_dont_have(body: &[u8]) -> Result<(u32, &[u8]), ParseError> {
    let needed = 4_usize.saturating_sub(body.len());
    let (index, rest) =
        body.split_first_chunk().ok_or(ParseError::Truncated { offset: body.len(), needed })?;
    Ok((u32::from_be_bytes(*index), rest))
}

/// Reads the body of `upload_only` or `share_mode`, one byte: 0 is no, all else yes; returns that and the rest.
///
/// # Errors
/// `Truncated` if it is empty.
pub fn read_flag(body: &[u8]) -> Result<(bool, &[u8]), ParseError> {
    let (flag, rest) = body.split_first().ok_or(ParseError::Truncated { offset: 0, needed: 1 })?;
    Ok((*flag != 0, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As libtorrent 2.1 sends it, and with what others add.
    const LIBTORRENT: &[u8] = b"d12:complete_agoi-1e1:ei0e4:ipv44:\xc0\x00\x02\x01\
        4:ipv616:\xfe\x80\0\0\0\0\0\0\0\0\0\xff\xfe\0\0\x01\
        1:md11:lt_donthavei7e10:share_modei8e11:upload_onlyi3e12:ut_holepunchi4e11:ut_metadatai2e6:ut_pexi1ee\
        13:metadata_sizei43058e1:pi6881e4:reqqi2000e11:upload_onlyi1e1:v18:libtorrent/2.1.1.0\
        6:yourip4:\xcb\x00\x71\x072:ypi51413ee";

    fn parse(body: &[u8]) -> ExtensionHandshake<'_> {
        ExtensionHandshake::parse(body).unwrap().0
    }

    #[test]
    fn a_handshake_is_read_whole() {
        let handshake = parse(LIBTORRENT);
        assert_eq!((handshake.port, handshake.client), (Some(6881), Some(&b"libtorrent/2.1.1.0"[..])));
        assert_eq!((handshake.your_ip, handshake.your_port), ("203.0.113.7".parse().ok(), Some(51413)));
        assert_eq!(handshake.ipv4, Some(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!(handshake.ipv6, "fe80::ff:fe00:1".parse().ok());
        assert_eq!((handshake.metadata_size, handshake.request_queue), (Some(43058), Some(2000)));
        assert_eq!((handshake.upload_only, handshake.prefers_encryption), (Some(true), Some(false)));
        assert_eq!(handshake.complete_ago, Some(-1));
        let ids = Extension::ALL.map(|extension| handshake.id(extension));
        assert_eq!(ids, [2, 1, 4, 7, 3, 8].map(Some));
    }

    #[test]
    fn keys_stand_in_any_order_and_the_rest_is_returned() {
        let (handshake, rest) = ExtensionHandshake::parse(b"d1:v1:x1:pi1e1:md6:ut_pexi9eeerest").unwrap();
        assert_eq!((handshake.client, handshake.port, rest), (Some(&b"x"[..]), Some(1), &b"rest"[..]));
        assert_eq!(handshake.id(Extension::Pex), Some(9));
    }

    #[test]
    fn an_empty_handshake_says_nothing() {
        assert_eq!(parse(b"de"), ExtensionHandshake::default());
        assert_eq!(parse(b"d1:mdee"), ExtensionHandshake::default());
    }

    #[test]
    fn what_has_the_wrong_type_size_or_range_is_as_if_absent() {
        let odd = b"d1:e1:11:mle4:ipv43:abc4:ipv64:abcd13:metadata_sizei-1e1:pi65536e4:reqqle1:vi1e\
            6:yourip5:abcde2:ypi-1e1:md6:ut_pexi256e11:ut_metadata1:1e1:pi5ee";
        let expected = ExtensionHandshake { port: Some(5), ..ExtensionHandshake::default() };
        assert_eq!(parse(odd), expected);
    }

    #[test]
    fn a_long_client_name_is_cut() {
        let body = [b"d1:v99:".as_slice(), &[b'x'; 99], b"e"].concat();
        assert_eq!(parse(&body).client, Some(&[b'x'; MAX_CLIENT][..]));
    }

    #[test]
    fn what_is_no_dict_is_a_mismatch() {
        for body in [&b"i1e"[..], b"le", b"1:a", b"di1ei2ee", b"d1:pe"] {
            assert!(matches!(ExtensionHandshake::parse(body), Err(ParseError::Mismatch { .. })), "{body:?}");
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_and_needs_no_more_than_is_missing() {
        for cut in 0..LIBTORRENT.len() {
            let Err(ParseError::Truncated { offset, needed }) = ExtensionHandshake::parse(&LIBTORRENT[..cut])
            else {
                panic!("not truncated at {cut}");
            };
            assert_eq!(offset, cut);
            assert!((1..=LIBTORRENT.len() - cut).contains(&needed));
        }
    }

    #[test]
    fn an_id_means_what_the_receiver_announced_last() {
        let mut announced = Extensions::default();
        assert_eq!(announced.of(1), None);
        announced.update(&parse(b"d1:md11:ut_metadatai2e6:ut_pexi1eee"));
        assert_eq!((announced.of(1), announced.of(2)), (Some(Extension::Pex), Some(Extension::Metadata)));
        announced.update(&parse(b"d1:md12:ut_holepunchi4eee"));
        assert_eq!((announced.of(1), announced.of(4)), (Some(Extension::Pex), Some(Extension::Holepunch)));
        announced.update(&parse(b"d1:md6:ut_pexi0eee"));
        assert_eq!((announced.of(1), announced.of(0)), (None, None));
        announced.update(&parse(b"d1:md6:ut_pexi2eee"));
        assert_eq!((announced.of(2), announced.of(1)), (Some(Extension::Pex), None));
    }

    #[test]
    fn two_extensions_can_change_ids() {
        let mut announced = Extensions::default();
        announced.update(&parse(b"d1:md11:ut_metadatai2e6:ut_pexi1eee"));
        announced.update(&parse(b"d1:md11:ut_metadatai1e6:ut_pexi2eee"));
        assert_eq!((announced.of(1), announced.of(2)), (Some(Extension::Metadata), Some(Extension::Pex)));
    }

    #[test]
    fn the_small_messages_are_read() {
        assert_eq!(read_dont_have(b"\0\0\x01\x02rest"), Ok((258, &b"rest"[..])));
        assert_eq!(read_dont_have(b"\0\0\x01"), Err(ParseError::Truncated { offset: 3, needed: 1 }));
        assert_eq!(read_flag(b"\x01"), Ok((true, &b""[..])));
        assert_eq!(read_flag(b"\x00x"), Ok((false, &b"x"[..])));
        assert_eq!(read_flag(b""), Err(ParseError::Truncated { offset: 0, needed: 1 }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = ExtensionHandshake::parse(&bytes);
        }

        #[test]
        fn a_changed_byte_is_read_or_refused(at in 0..LIBTORRENT.len(), byte: u8) {
            let mut bytes = LIBTORRENT.to_vec();
            bytes[at] = byte;
            let _ = ExtensionHandshake::parse(&bytes);
        }
    }
}
