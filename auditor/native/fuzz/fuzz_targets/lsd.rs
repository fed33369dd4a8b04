//! Any datagram is a local announce or refused; what it names lies within it.
#![no_main]

use auditor_core::wire::bt::lsd::LocalAnnounce;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    let Ok((announce, rest)) = LocalAnnounce::parse(datagram) else { return };
    let named = announce.infohashes().count();
    assert!(announce.port() > 0 && named > 0);
    assert!(40 * named + announce.malformed() < datagram.len() - rest.len());
    auditor_fuzz::assert_prefixes_are_truncated(
        &datagram[..datagram.len() - rest.len()],
        LocalAnnounce::parse,
    );
});
