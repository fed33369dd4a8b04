//! Any bytes are a TLS hello or refused; its name is the same when every byte comes in a record of its own.
#![no_main]

use auditor_core::wire::tls::ClientHello;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok((hello, rest)) = ClientHello::parse(input) else { return };
    auditor_fuzz::assert_prefixes_are_truncated(&input[..input.len() - rest.len()], ClientHello::parse);
    let (mut message, mut records) = (Vec::new(), input);
    while let Some(([_, _, _, high, low], behind)) = records.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        message.extend_from_slice(&behind[..len]);
        records = &behind[len..];
    }
    let parted: Vec<u8> = message.into_iter().flat_map(|byte| [22, 3, 1, 0, 1, byte]).collect();
    assert_eq!(ClientHello::parse(&parted).map(|(hello, _)| hello), Ok(hello));
});
