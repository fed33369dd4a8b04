//! Any body of an extended message is read or refused, whatever its receiver calls it.
#![no_main]

use auditor_core::wire::bt::bencode;
use auditor_core::wire::bt::extended::{
    Extension, ExtensionHandshake, Extensions, MAX_CLIENT, read_dont_have, read_flag,
};
use auditor_core::wire::bt::holepunch::Holepunch;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok((handshake, rest)) = ExtensionHandshake::parse(body) {
        let dict = &body[..body.len() - rest.len()];
        assert!(bencode::parse(dict).is_ok_and(|(value, rest)| value.as_dict().is_some() && rest.is_empty()));
        assert!(handshake.client.is_none_or(|client| client.len() <= MAX_CLIENT));
        let mut announced = Extensions::default();
        announced.update(&handshake);
        for extension in Extension::ALL {
            if let Some(id @ 1..) = handshake.id(extension) {
                assert!(announced.of(id).is_some());
            }
        }
        assert_eq!(announced.of(0), None);
        let before = announced;
        announced.update(&handshake);
        assert_eq!(announced, before);
        auditor_fuzz::assert_prefixes_are_truncated(dict, ExtensionHandshake::parse);
    }
    if let Ok((_, rest)) = Holepunch::parse(body) {
        auditor_fuzz::assert_prefixes_are_truncated(&body[..body.len() - rest.len()], Holepunch::parse);
    }
    assert_eq!(read_dont_have(body).is_ok(), body.len() >= 4);
    assert_eq!(read_flag(body).is_ok(), !body.is_empty());
});
