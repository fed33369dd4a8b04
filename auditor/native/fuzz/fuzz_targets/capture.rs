//! Any file: pcap, pcapng, compressed or nothing of the sort; what is read adds up, however the bytes come.
#![no_main]

use auditor_fuzz::captures::assert_read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let cut = input.last().map_or(0, |last| usize::from(*last) * 5);
    assert_read(input, cut);
});
