//! Any datagram is a DHCP message or refused; every prefix of one is "not yet"; what it tells is no longer than it is.
#![no_main]

use auditor_core::wire::dhcp::Message;
use auditor_core::wire::dns::MAX_NAME;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    let Ok((message, rest)) = Message::parse(datagram) else { return };
    let taken = &datagram[..datagram.len() - rest.len()];
    assert!(taken.len() > Message::HEADER && taken.ends_with(&[255]));
    assert!(message.host(&mut [0; MAX_NAME]).is_none_or(|name| (1..=255).contains(&name.len())));
    assert!(message.duid().is_none_or(|duid| (1..=250).contains(&duid.len())));
    let _ = (message.agent(), message.requested(), message.seconds(), message.server());
    auditor_fuzz::assert_prefixes_are_truncated(taken, Message::parse);
});
