//! Neighbour discovery of IPv6, RFC 4861 §4: messages of ICMPv6 by which hosts of a link tell each other their hardware
//! addresses.
//!
//! | message | layout (offset:length) |
//! |---|---|
//! | all | 0:1 type; 1:1 code 0; 2:2 checksum |
//! | 133 router solicitation, 8 | 4:4 reserved |
//! | 134 router advertisement, 16 | 4:1 hop limit; 5:1 flags; 6:2 lifetime; 8:8 timers |
//! | 135 neighbour solicitation, 24 | 4:4 reserved; 8:16 target |
//! | 136 neighbour advertisement, 24 | 4:1 flags R, S, O; 5:3 reserved; 8:16 target |
//!
//! Options follow up to the packet's end: type, length in units of eight bytes, data. A solicitation and an advertisement
//! of a router tie the packet's source to its source link-layer address (1), an advertisement of a neighbour its target
//! to the target link-layer address (2). A host that looks whether an address is free asks from `::` (RFC 4862 §5.4) and
//! gives no option. A receiver believes only packets with hop limit 255, which nobody sent from afar (§11.2).

use crate::error::ParseError;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Are there routers?
    RouterSolicitation,
    /// I am one.
    RouterAdvertisement,
    /// Who has the target?
    NeighbourSolicitation,
    /// I have the target.
    NeighbourAdvertisement {
        /// It answers a solicitation.
        solicited: bool,
    },
}

/// One message up to its options. Holding one proves its kind and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind,
    target: Option<&'a [u8; 16]>,
}

impl<'a> Message<'a> {
    /// Splits one message off the front of an ICMPv6 packet; returns it and its options.
    ///
    /// # Errors
    /// `Mismatch` as soon as the type or the code is another; otherwise `Truncated` until its fixed part has come.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        const SOLICITED: u8 = 0x40;
        let len = match input.first() {
            None => return Err(ParseError::Truncated { offset: 0, needed: 8 }),
            Some(133) => 8,
            Some(134) => 16,
            Some(135 | 136) => 24,
            Some(_) => return Err(ParseError::Mismatch { offset: 0, expected: "neighbour discovery" }),
        };
        if input.get(1).is_some_and(|code| *code != 0) {
            return Err(ParseError::Mismatch { offset: 1, expected: "code 0" });
        }
        let view = || {
            let (fixed, options) = input.split_at_checked(len)?;
            let ([kind, _, _, _, flags, _, _, _], target) = fixed.split_first_chunk()?;
            let kind = match kind {
                133 => Kind::RouterSolicitation,
                134 => Kind::RouterAdvertisement,
                135 => Kind::NeighbourSolicitation,
                _ => Kind::NeighbourAdvertisement { solicited: flags & SOLICITED != 0 },
            };
            Some((Self { kind, target: target.first_chunk() }, options))
        };
        let needed = len.saturating_sub(input.len());
        view().ok_or(ParseError::Truncated { offset: input.len(), needed })
    }

    /// The address asked for or advertised; `None` of routers' messages.
    #[must_use]
    pub const fn target(&self) -> Option<[u8; 16]> {
        match self.target {
            Some(target) => Some(*target),
            None => None,
        }
    }

    /// Which address the message, sent by `source`, says to have which hardware address; `None` where it says none.
    #[must_use]
    pub fn ties(&self, source: [u8; 16], options: &[u8]) -> Option<([u8; 16], [u8; 6])> {
        const SOURCE: u8 = 1;
        const TARGET: u8 = 2;
        let (ip, code) = match self.kind {
            Kind::NeighbourAdvertisement { .. } => (self.target()?, TARGET),
            _ => (source, SOURCE),
        };
        // RFC 4861, 4.1 and 4.3: the unspecified source gives none; whoever does it all the same says nothing.
        if source == [0; 16] {
            return None;
        }
        Some((ip, hardware_address(options, code)?))
    }
}

/// The first hardware address of Ethernet in an option of that type. `None` too where any option is malformed: a receiver
/// discards the whole message then (§4.6).
fn hardware_address(mut options: &[u8], wanted: u8) -> Option<[u8; 6]> {
    let mut found = None;
    // Every turn takes eight bytes or more off the front.
    while let [code, units, ..] = *options {
        let (option, rest) = options.split_at_checked(usize::from(units) * 8).filter(|_| units > 0)?;
        if code == wanted && units == 1 && found.is_none() {
            found = option.last_chunk().copied();
        }
        options = rest;
    }
    if options.is_empty() { found } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: [u8; 16] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
    const TARGET: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
    const SOURCE_OPTION: &[u8] = b"\x01\x01\x02\0\0\0\0\x05";
    const TARGET_OPTION: &[u8] = b"\x02\x01\x02\0\0\0\0\x05";
    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 5];

    fn message(kind: u8, flags: u8, options: &[u8]) -> Vec<u8> {
        let after: &[u8] = match kind {
            133 => &[],
            134 => &[0; 8],
            _ => &TARGET,
        };
        [&[kind, 0, 0xab, 0xcd, flags, 0, 0, 0], after, options].concat()
    }

    fn ties(message: &[u8], source: [u8; 16]) -> Option<([u8; 16], [u8; 6])> {
        let (message, options) = Message::parse(message).unwrap();
        message.ties(source, options)
    }

    #[test]
    fn solicitations_and_routers_tie_their_source() {
        for kind in [133, 134, 135] {
            assert_eq!(ties(&message(kind, 0, SOURCE_OPTION), HOST), Some((HOST, MAC)), "{kind}");
            assert_eq!(ties(&message(kind, 0, TARGET_OPTION), HOST), None, "{kind}");
        }
    }

    #[test]
    fn an_advertisement_ties_its_target() {
        let answer = message(136, 0x60, TARGET_OPTION);
        assert_eq!(ties(&answer, HOST), Some((TARGET, MAC)));
        let (answer, _) = Message::parse(&answer).unwrap();
        assert_eq!(answer.kind, Kind::NeighbourAdvertisement { solicited: true });
        assert_eq!(answer.target(), Some(TARGET));
        assert_eq!(ties(&message(136, 0x20, SOURCE_OPTION), HOST), None);
    }

    #[test]
    fn who_looks_whether_an_address_is_free_has_none() {
        assert_eq!(ties(&message(135, 0, b""), [0; 16]), None);
        assert_eq!(ties(&message(135, 0, SOURCE_OPTION), [0; 16]), None);
    }

    #[test]
    fn one_malformed_option_spoils_them_all() {
        let nonce = b"\x0e\x01\x01\x02\x03\x04\x05\x06";
        assert_eq!(ties(&message(135, 0, &[nonce, SOURCE_OPTION].concat()), HOST), Some((HOST, MAC)));
        for tail in [&b"\x05\0\0\0\0\0\0\0"[..], b"\x05\x02\0\0\0\0\0\0", b"\x05"] {
            assert_eq!(ties(&message(135, 0, &[SOURCE_OPTION, tail].concat()), HOST), None);
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for (kind, len) in [(133, 8), (134, 16), (135, 24), (136, 24)] {
            let whole = message(kind, 0, b"");
            assert_eq!(whole.len(), len);
            for cut in 1..len {
                let expected = ParseError::Truncated { offset: cut, needed: len - cut };
                assert_eq!(Message::parse(&whole[..cut]), Err(expected));
            }
        }
        assert_eq!(Message::parse(b""), Err(ParseError::Truncated { offset: 0, needed: 8 }));
    }

    #[test]
    fn other_types_and_codes_are_a_mismatch() {
        for other in [&[128][..], &[137], &[135, 1]] {
            assert!(matches!(Message::parse(other), Err(ParseError::Mismatch { .. })));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(tail in proptest::collection::vec(any::<u8>(), 0..80), kind in 133..=136_u8) {
            for input in [tail.clone(), [&[kind, 0], &tail[..]].concat()] {
                if let Ok((message, options)) = Message::parse(&input) {
                    let _ = message.ties(HOST, options);
                }
            }
        }
    }
}
