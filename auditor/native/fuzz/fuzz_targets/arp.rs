//! Any bytes are an ARP message or refused; every prefix of one is "not yet".
#![no_main]

use auditor_core::wire::arp::Arp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok((arp, rest)) = Arp::parse(input) else { return };
    assert!(!arp.is_announcement() || arp.sender() == Some(arp.target()));
    auditor_fuzz::assert_prefixes_are_truncated(&input[..input.len() - rest.len()], Arp::parse);
});
