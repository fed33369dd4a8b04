//! UDP trackers, BEP 15, with the options of BEP 41. All numbers are big-endian, offset:length.
//!
//! | datagram | layout |
//! |---|---|
//! | connect | 0:8 `0x41727101980`, 8:4 action 0, 12:4 transaction |
//! | connect reply | 0:4 action 0, 4:4 transaction, 8:8 connection |
//! | announce | 0:8 connection, 8:4 action 1, 12:4 transaction, 16:20 infohash, 36:20 peer id, 56:8 downloaded, 64:8 left, 72:8 uploaded, 80:4 event, 84:4 address, 88:4 key, 92:4 peers wanted, 96:2 port, 98: options |
//! | announce reply | 0:4 action 1, 4:4 transaction, 8:4 interval, 12:4 leechers, 16:4 seeders, 20: peers, 6 bytes each, or 18 where the tracker was reached over IPv6 |
//! | scrape | 0:8 connection, 8:4 action 2, 12:4 transaction, 16: infohashes |
//! | scrape reply | 0:4 action 2, 4:4 transaction, 8: 12 bytes a torrent |
//! | error | 0:4 action 3, 4:4 transaction, 8: text |
//!
//! Options are a type alone (0 end, 1 padding) or a type, a length and data (2: path and query of the tracker's URL).
//!
//! Only the connect request is known by its bytes. The rest fits much other traffic (DNS, AFS, DNSCrypt): it means
//! something only beside the datagrams that it belongs to, so pairing them is the detector's work.
//!
//! The announce's `key`, the URL of the options and the text of an error can hold or quote a passkey. No view gives
//! them away: of the URL it tells only whether there was more than a public tracker's.

use super::compact::{Endpoints, Infohashes};
use super::tracker::Event;
use crate::error::ParseError;

/// What a connect request has in the place of a connection.
pub(crate) const MAGIC: u64 = 0x0417_2710_1980;

const CONNECT: u32 = 0;
const ANNOUNCE: u32 = 1;
const SCRAPE: u32 = 2;
const ERROR: u32 = 3;

/// A question to a tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Asks for a connection.
    Connect {
        /// What the reply repeats.
        transaction: u32,
    },
    /// Says that the sender takes part in a swarm.
    Announce(Announce<'a>),
    /// Asks how many take part.
    Scrape(Scrape<'a>),
}

/// An announce. Holding one proves that it is whole but for its options.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announce<'a> {
    /// What the tracker gave to the sender before.
    pub connection: u64,
    /// What the reply repeats.
    pub transaction: u32,
    /// The torrent.
    pub infohash: &'a [u8; 20],
    /// The sender, by its own choice.
    pub peer_id: &'a [u8; 20],
    /// Bytes that the sender claims to have got.
    pub downloaded: u64,
    /// Bytes that the sender claims to lack.
    pub left: u64,
    /// Bytes that the sender claims to have given.
    pub uploaded: u64,
    /// Why now.
    pub event: Event,
    /// Where the sender listens.
    pub port: u16,
    options: &'a [u8],
}

/// A scrape. Holding one proves that it names a torrent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scrape<'a> {
    /// What the tracker gave to the sender before.
    pub connection: u64,
    /// What the reply repeats.
    pub transaction: u32,
    packed: &'a [u8],
}

/// A tracker's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// Gives a connection.
    Connect {
        /// The request's.
        transaction: u32,
        /// What further requests repeat.
        connection: u64,
    },
    /// Names others in the swarm.
    Announce(AnnounceReply<'a>),
    /// Says how many take part.
    Scrape {
        /// The request's.
        transaction: u32,
        /// For how many torrents.
        torrents: usize,
    },
    /// Refuses.
    Error {
        /// The request's.
        transaction: u32,
    },
}

/// An answer to an announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnnounceReply<'a> {
    /// The request's.
    pub transaction: u32,
    /// Seconds until the next announce is due.
    pub interval: u32,
    /// Peers that lack something, as the tracker says.
    pub leechers: u32,
    /// Peers that lack nothing, as the tracker says.
    pub seeders: u32,
    packed: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads one whole datagram to a tracker. What follows an announce are its options, what follows a connect
    /// request is left alone.
    ///
    /// # Errors
    /// `Mismatch` where the action is none that has requests, or opens a connection without the number for that.
    /// `Truncated` until everything of a fixed size is there, and of a scrape one infohash.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let mut fields = Fields { whole: datagram, rest: datagram };
        if let Some(offset) = not_below_four(datagram, 8) {
            return Err(ParseError::Mismatch { offset, expected: "an action" });
        }
        let connection = u64::from_be_bytes(fields.take()?);
        let action = fields.number()?;
        if action == CONNECT && connection != MAGIC {
            return Err(ParseError::Mismatch {
                offset: 0,
                expected: "the number that asks for a connection",
            });
        }
        let transaction = fields.number()?;
        match action {
            CONNECT => Ok(Self::Connect { transaction }),
            ANNOUNCE => {
                let (infohash, peer_id) = (fields.take_ref()?, fields.take_ref()?);
                let [downloaded, left, uploaded] = [fields.take()?, fields.take()?, fields.take()?];
                let event = Event::of_code(fields.number()?);
                // An address that the sender would like to have, its key, and how many peers it wants.
                fields.take::<12>()?;
                let port = u16::from_be_bytes(fields.take()?);
                Ok(Self::Announce(Announce {
                    connection,
                    transaction,
                    infohash,
                    peer_id,
                    downloaded: u64::from_be_bytes(downloaded),
                    left: u64::from_be_bytes(left),
                    uploaded: u64::from_be_bytes(uploaded),
                    event,
                    port,
                    options: fields.rest,
                }))
            }
            SCRAPE => {
                let packed = fields.rest;
                fields.take_ref::<20>()?;
                Ok(Self::Scrape(Scrape { connection, transaction, packed }))
            }
            _ => Err(ParseError::Mismatch { offset: 8, expected: "an action" }),
        }
    }
}

impl<'a> Announce<'a> {
    /// The length on the wire without options.
    pub const LEN: usize = 98;

    /// Whether the announce carries more of its tracker's URL than a tracker open to all has: perhaps a passkey. Of
    /// options that are cut short what is there counts.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        let url = || self.options().flat_map(|option| option.url.iter().copied());
        let is = |path: &[u8]| url().eq(path.iter().copied());
        !(is(b"") || is(b"/") || is(b"/announce"))
    }

    /// Whether an option is cut short.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.options().any(|option| option.cut)
    }

    const fn options(&self) -> Options<'a> {
        Options { rest: self.options }
    }
}

impl std::fmt::Debug for Announce<'_> {
    /// Leaves the options out, which can hold a passkey.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Announce")
            .field("transaction", &self.transaction)
            .field("infohash", &self.infohash)
            .field("peer_id", &self.peer_id)
            .field("downloaded", &self.downloaded)
            .field("left", &self.left)
            .field("uploaded", &self.uploaded)
            .field("event", &self.event)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl<'a> Scrape<'a> {
    /// The torrents asked about.
    #[must_use]
    pub const fn infohashes(&self) -> Infohashes<'a> {
        Infohashes::new(self.packed)
    }
}

impl<'a> Reply<'a> {
    /// Reads one whole datagram from a tracker.
    ///
    /// # Errors
    /// `Mismatch` where the action is none. `Truncated` until everything of a fixed size is there.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let mut fields = Fields { whole: datagram, rest: datagram };
        if let Some(offset) = not_below_four(datagram, 0) {
            return Err(ParseError::Mismatch { offset, expected: "an action" });
        }
        let (action, transaction) = (fields.number()?, fields.number()?);
        match action {
            CONNECT => {
                let connection = u64::from_be_bytes(fields.take()?);
                Ok(Self::Connect { transaction, connection })
            }
            ANNOUNCE => Ok(Self::Announce(AnnounceReply {
                transaction,
                interval: fields.number()?,
                leechers: fields.number()?,
                seeders: fields.number()?,
                packed: fields.rest,
            })),
            SCRAPE => Ok(Self::Scrape { transaction, torrents: fields.rest.len() / 12 }),
            ERROR => Ok(Self::Error { transaction }),
            _ => Err(ParseError::Mismatch { offset: 0, expected: "an action" }),
        }
    }

    /// The transaction of the request that this answers.
    #[must_use]
    pub const fn transaction(&self) -> u32 {
        match self {
            Self::Connect { transaction, .. }
            | Self::Announce(AnnounceReply { transaction, .. })
            | Self::Scrape { transaction, .. }
            | Self::Error { transaction } => *transaction,
        }
    }
}

impl<'a> AnnounceReply<'a> {
    /// The peers. They have the tracker's own address family: of which size they are, their bytes do not tell.
    #[must_use]
    pub const fn peers(&self, over_ipv6: bool) -> Endpoints<'a> {
        if over_ipv6 { Endpoints::v6(self.packed) } else { Endpoints::v4(self.packed) }
    }
}

/// The options of an announce, up to their end or to one of unknown layout.
struct Options<'a> {
    rest: &'a [u8],
}

struct UrlData<'a> {
    url: &'a [u8],
    cut: bool,
}

impl<'a> Iterator for Options<'a> {
    type Item = UrlData<'a>;

    fn next(&mut self) -> Option<UrlData<'a>> {
        const PADDING: u8 = 1;
        const URL_DATA: u8 = 2;
        loop {
            let (kind, rest) = self.rest.split_first()?;
            self.rest = rest;
            match *kind {
                PADDING => {}
                URL_DATA => {
                    let (len, rest) = rest.split_first().unwrap_or((&u8::MAX, &[]));
                    let whole = rest.split_at_checked(usize::from(*len));
                    let (url, after) = whole.unwrap_or((rest, &[]));
                    self.rest = after;
                    return Some(UrlData { url, cut: whole.is_none() });
                }
                _ => self.rest = &[],
            }
        }
    }
}

/// The first of the four bytes at `offset` that rules an action out, however little follows: all are below four.
fn not_below_four(datagram: &[u8], offset: usize) -> Option<usize> {
    let action = datagram.iter().skip(offset).take(4);
    action.zip([0, 0, 0, 3]).position(|(byte, most)| *byte > most).map(|place| offset + place)
}

/// The fields of a datagram, taken from the front.
struct Fields<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take_ref<const N: usize>(&mut self) -> Result<&'a [u8; N], ParseError> {
        let Some((field, rest)) = self.rest.split_first_chunk() else {
            let needed = N.saturating_sub(self.rest.len());
            return Err(ParseError::Truncated { offset: self.whole.len(), needed });
        };
        self.rest = rest;
        Ok(field)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        self.take_ref().copied()
    }

    fn number(&mut self) -> Result<u32, ParseError> {
        self.take().map(u32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONNECT: &[u8] = b"\0\0\x04\x17\x27\x10\x19\x80\0\0\0\0\xaa\xbb\xcc\xdd";
    const CONNECT_REPLY: &[u8] = b"\0\0\0\0\xaa\xbb\xcc\xdd\x01\x02\x03\x04\x05\x06\x07\x08";
    const ANNOUNCE: &[u8; 98] = b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\x01\x11\x22\x33\x44\
        aaaaaaaaaaaaaaaaaaaa-qB4520-abcdefghijkl\
        \0\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\x07\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\x5e\xc2\xe7\x01\xff\xff\xff\xff\x1a\xe1";
    const ANNOUNCE_REPLY: &[u8] =
        b"\0\0\0\x01\x11\x22\x33\x44\0\0\x07\x08\0\0\0\x02\0\0\0\x05\xc0\0\x02\x01\x1a\xe1";

    fn announce(datagram: &[u8]) -> Announce<'_> {
        let Ok(Request::Announce(announce)) = Request::parse(datagram) else { panic!("{datagram:?}") };
        announce
    }

    #[test]
    fn a_connect_request_and_its_reply_are_read() {
        assert_eq!(Request::parse(CONNECT), Ok(Request::Connect { transaction: 0xaabb_ccdd }));
        let reply = Reply::Connect { transaction: 0xaabb_ccdd, connection: 0x0102_0304_0506_0708 };
        assert_eq!(Reply::parse(CONNECT_REPLY), Ok(reply));
    }

    #[test]
    fn an_announce_is_read() {
        let announce = announce(ANNOUNCE);
        assert_eq!((announce.connection, announce.transaction), (0x0102_0304_0506_0708, 0x1122_3344));
        assert_eq!((announce.infohash, announce.peer_id), (&[b'a'; 20], b"-qB4520-abcdefghijkl"));
        assert_eq!((announce.downloaded, announce.left, announce.uploaded), (0x1000, 7, 1 << 32));
        assert_eq!((announce.event, announce.port), (Event::Started, 6881));
        assert!(!announce.has_credentials() && !announce.is_malformed());
    }

    #[test]
    fn the_peers_of_a_reply_have_the_trackers_address_family() {
        let Ok(Reply::Announce(reply)) = Reply::parse(ANNOUNCE_REPLY) else { panic!() };
        assert_eq!((reply.transaction, reply.interval), (0x1122_3344, 1800));
        assert_eq!((reply.leechers, reply.seeders), (2, 5));
        assert_eq!(reply.peers(false).collect::<Vec<_>>(), ["192.0.2.1:6881".parse().unwrap()]);
        assert_eq!((reply.peers(true).count(), reply.peers(true).malformed()), (0, 1));
        let six = [&ANNOUNCE_REPLY[..20], b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1"].concat();
        let Ok(Reply::Announce(reply)) = Reply::parse(&six) else { panic!() };
        assert_eq!(reply.peers(true).collect::<Vec<_>>(), ["[2001:db8::1]:6881".parse().unwrap()]);
    }

    #[test]
    fn a_scrape_an_error_and_their_replies_are_read() {
        let scrape = [&ANNOUNCE[..11], b"\x02\x11\x22\x33\x44", &[b'a'; 20], &[b'b'; 20]].concat();
        let Ok(Request::Scrape(scrape)) = Request::parse(&scrape) else { panic!() };
        assert_eq!(scrape.infohashes().collect::<Vec<_>>(), [&[b'a'; 20], &[b'b'; 20]]);
        let reply = [b"\0\0\0\x02\x11\x22\x33\x44".as_slice(), &[0; 24]].concat();
        assert_eq!(Reply::parse(&reply), Ok(Reply::Scrape { transaction: 0x1122_3344, torrents: 2 }));
        let error = Reply::parse(b"\0\0\0\x03\x11\x22\x33\x44bad passkey s3cret").unwrap();
        assert_eq!(error, Reply::Error { transaction: 0x1122_3344 });
    }

    #[test]
    fn options_tell_only_whether_there_was_more_than_an_open_trackers_path() {
        let with = |options: &[u8]| [ANNOUNCE.as_slice(), options].concat();
        for open in [
            &b""[..],
            b"\0",
            b"\x01\x01\0",
            b"\x02\x09/announce",
            b"\x02\x01/",
            b"\x02\x04/ann\x01\x02\x05ounce\0",
        ] {
            let datagram = with(open);
            assert!(!announce(&datagram).has_credentials(), "{open:?}");
            assert!(!announce(&datagram).is_malformed(), "{open:?}");
        }
        for closed in [
            &b"\x02\x10/s3cret/announce"[..],
            b"\x02\x04/ann\x02\x0bounce?k=s3c",
            b"\x01\x02\x02/s\0\x02\xff",
        ] {
            let datagram = with(closed);
            assert!(announce(&datagram).has_credentials(), "{closed:?}");
            assert!(!announce(&datagram).is_malformed(), "{closed:?}");
            assert!(!format!("{:?}", announce(&datagram)).contains(&format!("{closed:?}")[2..12]));
        }
    }

    #[test]
    fn an_option_that_is_cut_short_counts_as_far_as_it_goes() {
        for (options, credentials) in
            [(&b"\x02"[..], false), (b"\x02\x20/s3cret", true), (b"\x01\x02\x09/announce\x02\x01", false)]
        {
            let datagram = [ANNOUNCE.as_slice(), options].concat();
            assert_eq!(announce(&datagram).has_credentials(), credentials, "{options:?}");
            assert!(announce(&datagram).is_malformed(), "{options:?}");
        }
    }

    #[test]
    fn nothing_after_the_end_or_an_unknown_option_is_read() {
        for options in [&b"\0\x02\x07/s3cret"[..], b"\x7f\x02\x07/s3cret"] {
            assert!(!announce(&[ANNOUNCE.as_slice(), options].concat()).has_credentials());
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        let scrape = [&ANNOUNCE[..11], b"\x02\x11\x22\x33\x44", &[b'a'; 20]].concat();
        for whole in [CONNECT, ANNOUNCE, &scrape] {
            assert!(Request::parse(whole).is_ok());
            for cut in 0..whole.len() {
                let error = Request::parse(&whole[..cut]).unwrap_err();
                assert!(
                    matches!(error, ParseError::Truncated { offset, needed } if offset == cut && needed <= whole.len() - cut)
                );
            }
        }
        for whole in [
            CONNECT_REPLY,
            &ANNOUNCE_REPLY[..20],
            b"\0\0\0\x02\x11\x22\x33\x44",
            b"\0\0\0\x03\x11\x22\x33\x44",
        ] {
            assert!(Reply::parse(whole).is_ok());
            for cut in 0..whole.len() {
                let error = Reply::parse(&whole[..cut]).unwrap_err();
                assert!(
                    matches!(error, ParseError::Truncated { offset, needed } if offset == cut && needed <= whole.len() - cut)
                );
            }
        }
    }

    #[test]
    fn another_action_and_another_magic_number_are_mismatches() {
        let mut other = CONNECT.to_vec();
        other[7] ^= 1;
        assert!(matches!(Request::parse(&other), Err(ParseError::Mismatch { offset: 0, .. })));
        assert!(matches!(
            Request::parse(b"\0\0\x04\x17\x27\x10\x19\x80\0\x01"),
            Err(ParseError::Mismatch { offset: 9, .. })
        ));
        assert!(matches!(
            Request::parse(b"12345678\0\0\0\x03    "),
            Err(ParseError::Mismatch { offset: 8, .. })
        ));
        assert!(matches!(Reply::parse(b"\0\0\0\x04    "), Err(ParseError::Mismatch { offset: 3, .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, cut in 0..=98_usize) {
            for datagram in [bytes.clone(), [&ANNOUNCE[..cut], &bytes].concat()] {
                if let Ok(Request::Announce(announce)) = Request::parse(&datagram) {
                    let _ = (announce.has_credentials(), announce.is_malformed());
                }
                if let Ok(Reply::Announce(reply)) = Reply::parse(&datagram) {
                    let _ = (reply.peers(false).count(), reply.peers(true).count());
                }
            }
        }
    }
}
