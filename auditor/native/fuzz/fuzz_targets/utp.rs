//! Any bytes are a uTP header and a payload, or refused; the extensions lie where the chain says.
#![no_main]

use auditor_core::wire::utp::{Extension, Header, Kind, looks_like_utp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok((header, payload)) = Header::parse(input) else { return };
    let end = header.length();
    assert_eq!(payload, &input[end..]);
    assert_eq!(input[0], 0x01 | (header.kind as u8) << 4);
    assert_eq!(header.connection_id.to_be_bytes(), input[2..4]);
    assert_eq!(header.timestamp_difference.to_be_bytes(), input[8..12]);
    assert_eq!(header.seq_nr.to_be_bytes(), input[16..18]);
    assert_eq!(header.ack_nr.to_be_bytes(), input[18..20]);
    auditor_fuzz::assert_prefixes_are_truncated(&input[..end], Header::parse);

    let (mut next, mut at) = (input[1], Header::LEN);
    let mut known = next <= 3;
    for extension in header.extensions() {
        let data = &input[at + 2..at + 2 + usize::from(input[at + 1])];
        match extension {
            Extension::SelectiveAck(acks) => {
                assert_eq!((next, data.len() % 4), (1, 0));
                let bits: u32 = data.iter().map(|byte| byte.count_ones()).sum();
                assert_eq!(acks.acked(header.ack_nr).count() as u32, bits);
            }
            Extension::Bits(bits) => assert_eq!((next, &bits[..]), (2, data)),
            Extension::CloseReason(reason) => assert_eq!((next, &reason[..]), (3, data)),
            Extension::Other { kind, data: found } => assert_eq!((next, found), (kind, data)),
        }
        known &= next <= 3;
        next = input[at];
        at += 2 + data.len();
    }
    assert_eq!((next, at), (0, end));
    assert!(looks_like_utp(input) || !known);
    if header.is_strict_syn(input.len()) {
        assert!(header.kind == Kind::Syn && payload.is_empty() && matches!(end, 20 | 30) && known);
    }
});
