//! NAT-PMP, RFC 6886 §3.2 and §3.3: datagrams between a host and UDP 5351 of its gateway.
//!
//! | message | layout (offset:length) |
//! |---|---|
//! | address request, 2 | 0:1 version 0; 1:1 opcode 0 |
//! | address reply, 12 | 0:1 version 0; 1:1 opcode 128; 2:2 result; 4:4 epoch; 8:4 external address |
//! | mapping request, 12 | 0:1 version 0; 1:1 opcode 1 UDP, 2 TCP; 2:2 zero; 4:2 internal port; 6:2 external port wished; 8:4 lifetime, 0 removes |
//! | mapping reply, 16 | 0:1 version 0; 1:1 opcode 129, 130; 2:2 result; 4:4 epoch; 8:2 internal port; 10:2 external port; 12:4 lifetime |
//!
//! Two bytes of zero are a whole request, so nothing here is worth a look on other ports.

use super::Protocol;
use crate::error::ParseError;

/// The gateway's port, of PCP too.
pub const PORT: u16 = 5351;

/// One NAT-PMP message. Holding one proves its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NatPmp {
    /// What is the external address?
    AddressRequest,
    /// The external address, if `result` is 0.
    AddressReply {
        /// 0 where it succeeded.
        result: u16,
        /// The address.
        ip: [u8; 4],
    },
    /// Open a port.
    MapRequest {
        /// TCP or UDP.
        protocol: Protocol,
        /// The host's port.
        internal_port: u16,
        /// The gateway's port, as wished; 0 leaves it to the gateway.
        external_port: u16,
        /// Seconds; 0 removes the mapping.
        lifetime: u32,
    },
    /// A port was opened, if `result` is 0.
    MapReply {
        /// 0 where it succeeded.
        result: u16,
        /// TCP or UDP.
        protocol: Protocol,
        /// The host's port.
        internal_port: u16,
        /// The gateway's port.
        external_port: u16,
        /// Seconds; 0 where the mapping was removed.
        lifetime: u32,
    },
}

impl NatPmp {
    /// Splits one message off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as the version, the opcode or the reserved bytes are others; otherwise `Truncated` until the
    /// message is whole.
    pub fn parse(input: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let truncated = |len: usize| ParseError::Truncated { offset: input.len(), needed: len - input.len() };
        let mismatch = |offset, expected| Err(ParseError::Mismatch { offset, expected });
        let opcode = match input {
            [] | [0] => return Err(truncated(2)),
            [0, opcode, ..] => *opcode,
            _ => return mismatch(0, "NAT-PMP's version"),
        };
        let protocol = if opcode & 1 == 1 { Protocol::Udp } else { Protocol::Tcp };
        match opcode {
            0 => Ok((Self::AddressRequest, input.get(2..).unwrap_or_default())),
            1 | 2 => {
                if let Some(offset) =
                    [2, 3].into_iter().find(|at| input.get(*at).is_some_and(|byte| *byte != 0))
                {
                    return mismatch(offset, "reserved bytes of zero");
                }
                let (message, rest) = input.split_first_chunk::<12>().ok_or_else(|| truncated(12))?;
                let [_, _, _, _, i0, i1, e0, e1, lifetime @ ..] = *message;
                let request = Self::MapRequest {
                    protocol,
                    internal_port: u16::from_be_bytes([i0, i1]),
                    external_port: u16::from_be_bytes([e0, e1]),
                    lifetime: u32::from_be_bytes(lifetime),
                };
                Ok((request, rest))
            }
            128 => {
                let (message, rest) = input.split_first_chunk::<12>().ok_or_else(|| truncated(12))?;
                let [_, _, r0, r1, _, _, _, _, ip @ ..] = *message;
                Ok((Self::AddressReply { result: u16::from_be_bytes([r0, r1]), ip }, rest))
            }
            129 | 130 => {
                let (message, rest) = input.split_first_chunk::<16>().ok_or_else(|| truncated(16))?;
                let [_, _, r0, r1, _, _, _, _, i0, i1, e0, e1, lifetime @ ..] = *message;
                let reply = Self::MapReply {
                    result: u16::from_be_bytes([r0, r1]),
                    protocol,
                    internal_port: u16::from_be_bytes([i0, i1]),
                    external_port: u16::from_be_bytes([e0, e1]),
                    lifetime: u32::from_be_bytes(lifetime),
                };
                Ok((reply, rest))
            }
            _ => mismatch(1, "an opcode of NAT-PMP"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAP: [u8; 12] = [0, 2, 0, 0, 0x1a, 0xe1, 0x1a, 0xe1, 0, 0, 0x0e, 0x10];
    const MAPPED: [u8; 16] = [0, 130, 0, 0, 0, 0, 0, 9, 0x1a, 0xe1, 0xc8, 0xd5, 0, 0, 0x0e, 0x10];
    const ADDRESS: [u8; 12] = [0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 7];

    #[test]
    fn requests_and_replies_are_read() {
        let protocol = Protocol::Tcp;
        let request =
            NatPmp::MapRequest { protocol, internal_port: 6881, external_port: 6881, lifetime: 3600 };
        assert_eq!(NatPmp::parse(&MAP), Ok((request, &[][..])));
        let reply = NatPmp::MapReply {
            result: 0,
            protocol,
            internal_port: 6881,
            external_port: 51413,
            lifetime: 3600,
        };
        assert_eq!(NatPmp::parse(&MAPPED), Ok((reply, &[][..])));
        let address = NatPmp::AddressReply { result: 0, ip: [203, 0, 113, 7] };
        assert_eq!(NatPmp::parse(&ADDRESS), Ok((address, &[][..])));
        assert_eq!(NatPmp::parse(&[0, 0, 7]), Ok((NatPmp::AddressRequest, &[7][..])));
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for whole in [&MAP[..], &MAPPED, &ADDRESS, &[0, 0]] {
            for cut in 0..whole.len() {
                let Err(ParseError::Truncated { offset, needed }) = NatPmp::parse(&whole[..cut]) else {
                    panic!()
                };
                assert!(offset == cut && (1..=whole.len() - cut).contains(&needed));
            }
        }
    }

    #[test]
    fn another_version_opcode_or_filled_reserve_is_a_mismatch() {
        for other in [&[2, 1][..], &[0, 3], &[0, 131], &[0, 1, 0, 1]] {
            assert!(matches!(NatPmp::parse(other), Err(ParseError::Mismatch { .. })));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(opcode in any::<u8>(), tail in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = NatPmp::parse(&tail);
            let _ = NatPmp::parse(&[&[0, opcode], &tail[..]].concat());
        }
    }
}
