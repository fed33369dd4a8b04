//! Any datagram asks for one name or is refused; the table finds the same entry in any case of letters.
#![no_main]

use auditor_core::detect::names;
use auditor_core::wire::dns::{MAX_NAME, Message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    let Ok((message, rest)) = Message::parse(datagram) else { return };
    if let Some(name) = message.name(&mut [0; MAX_NAME]) {
        assert!(!name.is_empty() && name.len() + 12 + 6 <= datagram.len() - rest.len());
        let found = names::find(name);
        assert_eq!(names::find(&name.to_ascii_uppercase()), found);
        if let Some(entry) = found {
            assert!(name.to_ascii_lowercase().ends_with(entry.name.as_bytes()));
        }
    }
    auditor_fuzz::assert_prefixes_are_truncated(&datagram[..datagram.len() - rest.len()], Message::parse);
});
