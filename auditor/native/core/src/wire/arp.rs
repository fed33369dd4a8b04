//! ARP of IPv4 on Ethernet, RFC 826: a host says which hardware address its own address has, and asks for another's.
//!
//! | offset | length | value |
//! |---|---|---|
//! | 0 | 2 | hardware: 1, Ethernet |
//! | 2 | 2 | protocol: 0x0800, IPv4 |
//! | 4 | 2 | lengths of their addresses: 6, 4 |
//! | 6 | 2 | operation: 1 request, 2 reply |
//! | 8 | 6 + 4 | the sender's hardware address and its IPv4 address |
//! | 18 | 6 + 4 | the target's; of a request, the hardware address means nothing |
//!
//! RFC 5227 gives two requests a meaning: a probe, whose sender has no address yet, asks whether anybody has the target; an
//! announcement, whose sender and target are one, tells all what it has from now on. What follows is the link's padding.

use crate::error::ParseError;

/// One request or reply. Holding one proves its kind and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp<'a> {
    /// Whether it answers.
    pub is_reply: bool,
    sender_mac: &'a [u8; 6],
    sender: &'a [u8; 4],
    target: &'a [u8; 4],
}

impl<'a> Arp<'a> {
    /// Length on the wire, in bytes.
    pub const LEN: usize = 28;

    /// Splits one message off the front of `input`; returns it and the padding.
    ///
    /// # Errors
    /// `Mismatch` as soon as it is of another hardware, protocol or operation; otherwise `Truncated` until
    /// [`Self::LEN`] bytes have come.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        const KIND: [u8; 7] = [0, 1, 8, 0, 6, 4, 0];
        if let Some(offset) = input.iter().zip(KIND).position(|(got, want)| *got != want) {
            return Err(ParseError::Mismatch { offset, expected: "ARP of IPv4 on Ethernet" });
        }
        let operation = KIND.len();
        if input.get(operation).is_some_and(|got| !matches!(got, 1 | 2)) {
            return Err(ParseError::Mismatch { offset: operation, expected: "a request or reply" });
        }
        let view = || {
            let ([.., operation], rest) = input.split_first_chunk::<8>()?;
            let (sender_mac, rest) = rest.split_first_chunk()?;
            let (sender, rest) = rest.split_first_chunk()?;
            let (_, rest) = rest.split_first_chunk::<6>()?;
            let (target, rest) = rest.split_first_chunk()?;
            Some((Self { is_reply: *operation == 2, sender_mac, sender, target }, rest))
        };
        let needed = Self::LEN.saturating_sub(input.len());
        view().ok_or(ParseError::Truncated { offset: input.len(), needed })
    }

    /// Who sends it, as it says; the frame around it may have been sent on by somebody else.
    #[must_use]
    pub const fn sender_mac(&self) -> [u8; 6] {
        *self.sender_mac
    }

    /// The sender's address; `None` of a probe, whose sender has none yet.
    #[must_use]
    pub fn sender(&self) -> Option<[u8; 4]> {
        (*self.sender != [0; 4]).then_some(*self.sender)
    }

    /// Whose hardware address is wanted, or who wanted the sender's.
    #[must_use]
    pub const fn target(&self) -> [u8; 4] {
        *self.target
    }

    /// Whether it tells everybody what the sender has, and asks nobody.
    #[must_use]
    pub fn is_announcement(&self) -> bool {
        self.sender == self.target && self.sender().is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUEST: &[u8] =
        b"\0\x01\x08\0\x06\x04\0\x01\x02\0\0\0\0\x05\x0a\x14\0\x05\0\0\0\0\0\0\x0a\x14\0\x01";

    fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut message = REQUEST.to_vec();
        message[at..at + bytes.len()].copy_from_slice(bytes);
        message
    }

    #[test]
    fn a_request_names_its_sender() {
        let padded = [REQUEST, &[0; 18]].concat();
        let (request, padding) = Arp::parse(&padded).unwrap();
        assert_eq!((request.sender_mac(), request.sender()), ([2, 0, 0, 0, 0, 5], Some([10, 20, 0, 5])));
        assert_eq!((request.target(), request.is_reply, padding.len()), ([10, 20, 0, 1], false, 18));
        assert!(!request.is_announcement());
    }

    #[test]
    fn a_reply_is_told_apart() {
        assert!(Arp::parse(&with(7, &[2])).unwrap().0.is_reply);
    }

    #[test]
    fn a_probe_has_no_sender_and_announces_nothing() {
        let probe = with(14, &[0; 4]);
        let (probe, _) = Arp::parse(&probe).unwrap();
        assert_eq!((probe.sender(), probe.is_announcement()), (None, false));
        let nothing = with(14, &[0; 4]);
        let nothing = [&nothing[..24], &[0; 4]].concat();
        assert!(!Arp::parse(&nothing).unwrap().0.is_announcement());
    }

    #[test]
    fn an_announcement_names_one_address_twice() {
        assert!(Arp::parse(&with(24, &[10, 20, 0, 5])).unwrap().0.is_announcement());
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for cut in 0..Arp::LEN {
            let expected = ParseError::Truncated { offset: cut, needed: Arp::LEN - cut };
            assert_eq!(Arp::parse(&REQUEST[..cut]), Err(expected));
        }
    }

    #[test]
    fn other_hardware_protocols_and_operations_are_a_mismatch() {
        for (at, byte) in [(1, 6), (2, 0x86), (4, 8), (5, 16), (6, 1), (7, 0), (7, 3)] {
            let bent = with(at, &[byte]);
            let refused = Arp::parse(&bent[..=at]);
            assert!(matches!(refused, Err(ParseError::Mismatch { offset, .. }) if offset == at));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(tail in proptest::collection::vec(any::<u8>(), 0..40)) {
            for input in [tail.clone(), [&REQUEST[..8], &tail].concat()] {
                if let Ok((message, rest)) = Arp::parse(&input) {
                    prop_assert_eq!(rest.len(), input.len() - Arp::LEN);
                    prop_assert!(message.sender().is_some() || !message.is_announcement());
                }
            }
        }
    }
}
