//! Any datagram is a DHCPv6 message, out of at most eight relays, or refused; its addresses stand in it.
#![no_main]

use auditor_core::wire::dhcpv6::{MAX_DUID, MAX_RELAYS, Message, Options, Received, Relay};
use auditor_core::wire::dns::MAX_NAME;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    if let Ok((_, options)) = Message::parse(datagram) {
        let taken = &datagram[..datagram.len() - options.len()];
        auditor_fuzz::assert_prefixes_are_truncated(taken, |input| Message::parse(input));
    }
    if let Ok((_, options)) = Relay::parse(datagram) {
        let taken = &datagram[..datagram.len() - options.len()];
        auditor_fuzz::assert_prefixes_are_truncated(taken, Relay::parse);
    }
    let Some(Received { options, relays, .. }) = Received::read(datagram) else { return };
    assert!(relays <= MAX_RELAYS);
    for address in options.addresses() {
        assert!(datagram.windows(16).any(|bytes| bytes == address.ip));
    }
    assert!(options.client().is_none_or(|duid| (1..=MAX_DUID).contains(&duid.len())));
    assert!(options.host(&mut [0; MAX_NAME]).is_none_or(|name| (1..=MAX_NAME).contains(&name.len())));
    let codes: usize = options.into_iter().map(|(_, data)| data.len() + 4).sum();
    assert!(codes <= datagram.len() && Options::whole(&[]).is_some());
});
