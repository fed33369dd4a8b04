//! Any bytes are a handshake and a rest, or refused; the head alone says the same as the whole.
#![no_main]

use auditor_core::error::ParseError;
use auditor_core::wire::bt::handshake::{Handshake, HandshakeHead};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    match (HandshakeHead::parse(input), Handshake::parse(input)) {
        (Ok((head, _)), Ok((whole, rest))) => {
            assert_eq!(whole.head(), head);
            assert_eq!(whole.infohash(), &input[28..48]);
            assert_eq!(whole.peer_id(), &input[48..68]);
            assert_eq!(rest, &input[Handshake::LEN..]);
            let reserved = whole.reserved();
            let offered = [reserved.offers_dht(), reserved.offers_extension(), reserved.offers_fast()];
            assert!(offered.contains(&true) || reserved.offers_upgrade() || reserved.0[7] & 0x15 == 0);
            auditor_fuzz::assert_prefixes_are_truncated(&input[..Handshake::LEN], Handshake::parse);
            auditor_fuzz::assert_prefixes_are_truncated(&input[..HandshakeHead::LEN], HandshakeHead::parse);
        }
        (Ok(_), whole) => assert!(matches!(whole, Err(ParseError::Truncated { .. }))),
        (Err(ParseError::Truncated { .. }), whole) => {
            assert!(matches!(whole, Err(ParseError::Truncated { .. })))
        }
        (Err(head), whole) => assert_eq!(whole, Err(head)),
    }
});
