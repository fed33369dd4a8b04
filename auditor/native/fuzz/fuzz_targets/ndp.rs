//! Any bytes are a message of neighbour discovery or refused; every prefix of one is "not yet"; what it ties stands in it.
#![no_main]

use auditor_core::wire::ndp::Message;
use libfuzzer_sys::fuzz_target;

/// Who sends it.
const SOURCE: [u8; 16] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];

fuzz_target!(|input: &[u8]| {
    let Ok((message, options)) = Message::parse(input) else { return };
    if let Some((ip, mac)) = message.ties(SOURCE, options) {
        assert!(ip == SOURCE || Some(ip) == message.target());
        assert!(options.len().is_multiple_of(8) && options.windows(6).any(|bytes| bytes == mac));
    }
    assert_eq!(message.ties([0; 16], options), None);
    auditor_fuzz::assert_prefixes_are_truncated(&input[..input.len() - options.len()], Message::parse);
});
