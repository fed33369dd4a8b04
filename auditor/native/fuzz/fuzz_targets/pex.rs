//! Any body is a PEX message or refused; what it offers lies within it.
#![no_main]

use auditor_core::wire::bt::pex::Pex;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok((pex, rest)) = Pex::parse(body) else { return };
    let dict = &body[..body.len() - rest.len()];
    assert!(pex.added().count() * 6 + pex.dropped().count() * 6 + pex.malformed() <= dict.len());
    auditor_fuzz::assert_prefixes_are_truncated(dict, Pex::parse);
});
