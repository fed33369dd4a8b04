//! Any blocks of the right lengths after a sound section header, in either byte order: what is in them is fuzzed.
#![no_main]

use auditor_fuzz::captures::assert_read;
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

/// What a fuzzer would not find by chance; 0 stands for any number.
const KINDS: [u32; 8] = [1, 6, 3, 2, 0x0a0d_0d0a, 5, 1, 0];

fuzz_target!(|input: &[u8]| {
    let mut reader = Reader(input);
    let Some((order, cut)) = reader.byte().zip(reader.half()) else { return };
    let word = |word: u32| if order & 1 == 0 { word.to_le_bytes() } else { word.to_be_bytes() };
    let block = |kind: u32, body: &[u8]| {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = u32::try_from(body.len() + padding.len() + 12).expect("inputs are short");
        [&word(kind)[..], &word(length), body, &padding, &word(length)].concat()
    };
    let version = if order & 1 == 0 { [1, 0, 0, 0] } else { [0, 1, 0, 0] };
    let section = [&word(0x1a2b_3c4d)[..], &version, &[0xff; 8]].concat();
    let mut capture = block(KINDS[4], &section);
    while let Some((kind, len)) = reader.byte().zip(reader.byte()) {
        let body = reader.bytes(len.into());
        match KINDS[usize::from(kind & 7)] {
            0 if kind & 8 != 0 => capture.extend(body),
            0 => capture.extend(block(u32::from(kind), body)),
            0x0a0d_0d0a if kind & 8 == 0 => capture.extend(block(KINDS[4], &section)),
            known => capture.extend(block(known, body)),
        }
    }
    assert_read(&capture, cut.into());
});
