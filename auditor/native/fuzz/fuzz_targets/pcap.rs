//! Any records under a sound pcap header, in either byte order and all variants.
#![no_main]

use auditor_fuzz::captures::assert_read;
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut reader = Reader(input);
    let Some((kind, cut)) = reader.byte().zip(reader.half()) else { return };
    let magic = [0xa1b2_c3d4_u32, 0xa1b2_3c4d, 0xa1b2_cd34][usize::from(kind >> 1) % 3];
    let word = |word: u32| if kind & 1 == 0 { word.to_le_bytes() } else { word.to_be_bytes() };
    let version = if kind & 1 == 0 { [2, 0, 4, 0] } else { [0, 2, 0, 4] };
    let head = [word(magic), version, word(0), word(0), word(65_535), word(u32::from(kind >> 3))].concat();
    assert_read(&[&head, reader.0].concat(), cut.into());
});
