//! Any fragments in any order: a packet that becomes whole is made of bytes that came for it, and no more.
#![no_main]

use auditor_core::anomaly::Anomalies;
use auditor_core::flow::fragments::Fragments;
use auditor_core::time::Timestamp;
use auditor_core::wire::decode::{Fragment, FragmentHeader};
use auditor_core::wire::path::Path;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut fragments = Fragments::default();
    let mut anomalies = Anomalies::default();
    let mut rest = input;
    let (mut now, mut brought, mut given) = (0, [0_usize; 4], [0_usize; 4]);
    // Each fragment is: packet and flags, time passed, offset, length, and its bytes.
    while let Some((&[head, passed, offset, len], after)) = rest.split_first_chunk() {
        let payload = &after[..usize::from(len).min(after.len())];
        rest = &after[payload.len()..];
        let id = head & 3;
        now += i64::from(passed) << 28;
        brought[usize::from(id)] += payload.len();
        let header = FragmentHeader {
            path: Path::default(),
            src: [1; 16],
            dst: [2; 16],
            protocol: 17,
            identification: id.into(),
            hop_limit: 64,
            is_ipv6: false,
            tunnels: 0,
        };
        // The top bit moves a fragment to the far end of what a packet can hold.
        let offset = u32::from(offset) * 8 + if head & 0x80 == 0 { 0 } else { 63_488 };
        let fragment = Fragment { header, offset, more: head & 4 != 0, payload };
        if let Some((header, whole)) = fragments.insert(Timestamp(now), 0, &fragment, &mut anomalies) {
            assert_eq!(header, fragment.header);
            given[usize::from(id)] += whole.len();
            assert!(given[usize::from(id)] <= brought[usize::from(id)]);
        }
    }
    fragments.finish(&mut anomalies);
});
