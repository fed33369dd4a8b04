//! Peer exchange, `ut_pex`, BEP 11: the body of an extended message, one bencoded dict.
//!
//! | key | value |
//! |---|---|
//! | `added`, `added6` | endpoints that the sender is connected to, 6 or 18 bytes each |
//! | `added.f`, `added6.f` | one byte of flags for each of them |
//! | `dropped`, `dropped6` | endpoints that it no longer is connected to |
//!
//! The sender only claims this. At most one message a minute, with at most 50 added and 50 dropped, but for the
//! first.

use std::net::SocketAddr;

use super::bencode::{Reader, Refused};
use super::compact::Endpoints;
use crate::error::ParseError;

/// One message. Holding one proves that its dict was checked; entries cut short are counted by [`Self::malformed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pex<'a> {
    added: Packed<'a>,
    added6: Packed<'a>,
    dropped: &'a [u8],
    dropped6: &'a [u8],
}

/// Packed endpoints, and their flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Packed<'a> {
    endpoints: &'a [u8],
    flags: &'a [u8],
}

impl<'a> Pex<'a> {
    /// Splits one message off the front of `body`; returns it and the rest, which no known client sends.
    ///
    /// # Errors
    /// `Mismatch` if it is no bencoded dict; `Truncated` if it is a proper prefix of one.
    pub fn parse(body: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let mut pex = Self::default();
        let mut reader = Reader::new(body);
        match reader.dict(|key, reader| pex.read(key, reader)) {
            Ok(()) => Ok((pex, reader.rest())),
            Err(Refused) => Err(reader.error()),
        }
    }

    /// The endpoints that the sender says it is connected to.
    pub fn added(&self) -> impl Iterator<Item = Added> + use<'a> {
        let v4 = Endpoints::v4(self.added.endpoints).zip(flags(self.added.flags));
        let v6 = Endpoints::v6(self.added6.endpoints).zip(flags(self.added6.flags));
        v4.chain(v6).map(|(endpoint, flags)| Added { endpoint, flags })
    }

    /// The endpoints that the sender says it was connected to.
    pub fn dropped(&self) -> impl Iterator<Item = SocketAddr> + use<'a> {
        Endpoints::v4(self.dropped).chain(Endpoints::v6(self.dropped6))
    }

    /// How many of the strings do not fit: endpoints cut short, or flags that are more or fewer than their endpoints.
    /// A sender may leave the flags out.
    #[must_use]
    pub fn malformed(&self) -> usize {
        let cut = Endpoints::v4(self.added.endpoints).malformed()
            + Endpoints::v6(self.added6.endpoints).malformed()
            + Endpoints::v4(self.dropped).malformed()
            + Endpoints::v6(self.dropped6).malformed();
        let unfit = |packed: &Packed<'_>, count: usize| {
            usize::from(!packed.flags.is_empty() && packed.flags.len() != count)
        };
        cut + unfit(&self.added, Endpoints::v4(self.added.endpoints).count())
            + unfit(&self.added6, Endpoints::v6(self.added6.endpoints).count())
    }

    fn read(&mut self, key: &[u8], reader: &mut Reader<'a>) -> Result<(), Refused> {
        let slot = match key {
            b"added" => &mut self.added.endpoints,
            b"added.f" => &mut self.added.flags,
            b"added6" => &mut self.added6.endpoints,
            b"added6.f" => &mut self.added6.flags,
            b"dropped" => &mut self.dropped,
            b"dropped6" => &mut self.dropped6,
            _ => return reader.skip(),
        };
        let read = reader.string_or_skip()?.unwrap_or_default();
        if slot.is_empty() {
            *slot = read;
        }
        Ok(())
    }
}

/// The flags of each endpoint; none where the string ends too early.
fn flags(bytes: &[u8]) -> impl Iterator<Item = PexFlags> + use<'_> {
    bytes.iter().copied().chain(std::iter::repeat(0)).map(PexFlags)
}

/// An endpoint that the sender says it is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Added {
    /// Where: the port is the listen port as far as the sender knows it.
    pub endpoint: SocketAddr,
    /// What the sender says of it.
    pub flags: PexFlags,
}

/// What the sender says of a peer, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PexFlags(pub u8);

impl PexFlags {
    /// It prefers encryption.
    #[must_use]
    pub const fn prefers_encryption(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// It downloads nothing.
    #[must_use]
    pub const fn is_seed(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// It speaks uTP.
    #[must_use]
    pub const fn speaks_utp(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// It knows BEP 55.
    #[must_use]
    pub const fn holepunches(self) -> bool {
        self.0 & 0x08 != 0
    }

    /// The sender reached it: the endpoint is one that accepts connections.
    #[must_use]
    pub const fn is_reachable(self) -> bool {
        self.0 & 0x10 != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WHOLE: &[u8] = b"d5:added12:\xc0\x00\x02\x01\x1a\xe1\xc0\x00\x02\x02\x1a\xe27:added.f2:\x13\x0c\
        6:added618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe18:added6.f1:\x027:dropped6:\xc0\x00\x02\x03\x00\x50\
        8:dropped60:e";

    fn parse(body: &[u8]) -> Pex<'_> {
        Pex::parse(body).unwrap().0
    }

    #[test]
    fn peers_of_both_families_are_read_with_their_flags() {
        let pex = parse(WHOLE);
        let added: Vec<_> = pex.added().map(|peer| (peer.endpoint.to_string(), peer.flags.0)).collect();
        assert_eq!(
            added,
            [
                ("192.0.2.1:6881".into(), 0x13),
                ("192.0.2.2:6882".into(), 0x0c),
                ("[2001:db8::1]:6881".into(), 0x02)
            ]
        );
        assert_eq!(pex.dropped().map(|peer| peer.to_string()).collect::<Vec<_>>(), ["192.0.2.3:80"]);
        assert_eq!(pex.malformed(), 0);
    }

    #[test]
    fn each_flag_is_one_bit() {
        let read = |flags: PexFlags| {
            [
                flags.prefers_encryption(),
                flags.is_seed(),
                flags.speaks_utp(),
                flags.holepunches(),
                flags.is_reachable(),
            ]
        };
        for bit in 0..5 {
            let mut expected = [false; 5];
            expected[bit] = true;
            assert_eq!(read(PexFlags(1 << bit)), expected);
        }
        assert_eq!(read(PexFlags(0xe0)), [false; 5]);
    }

    #[test]
    fn what_does_not_fit_is_counted_and_hides_nothing() {
        let odd =
            b"d5:added7:\xc0\x00\x02\x01\x1a\xe1x7:added.f0:6:added63:abc8:added6.f2:xx7:dropped1:x8:dropped6i1ee";
        let pex = parse(odd);
        assert_eq!(
            pex.added().map(|peer| (peer.endpoint.port(), peer.flags.0)).collect::<Vec<_>>(),
            [(6881, 0)]
        );
        assert_eq!((pex.dropped().count(), pex.malformed()), (0, 4));
    }

    #[test]
    fn keys_stand_in_any_order_and_the_rest_is_returned() {
        let (pex, rest) = Pex::parse(b"d7:added.f1:\x021:xle5:added6:\xc0\x00\x02\x01\x1a\xe1erest").unwrap();
        assert_eq!(
            (pex.added().map(|peer| peer.flags.is_seed()).collect(), rest),
            (vec![true], &b"rest"[..])
        );
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..WHOLE.len() {
            let parsed = Pex::parse(&WHOLE[..cut]);
            assert!(matches!(parsed, Err(ParseError::Truncated { offset, .. }) if offset == cut), "{cut}");
        }
        assert!(matches!(Pex::parse(b"le"), Err(ParseError::Mismatch { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at in 0..WHOLE.len(), byte: u8) {
            let mut changed = WHOLE.to_vec();
            changed[at] = byte;
            for bytes in [bytes, changed] {
                if let Ok((pex, _)) = Pex::parse(&bytes) {
                    prop_assert!(pex.added().count() + pex.dropped().count() + pex.malformed() <= bytes.len());
                }
            }
        }
    }
}
