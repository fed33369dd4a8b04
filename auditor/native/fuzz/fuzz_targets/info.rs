//! Any bytes are an info dict or refused; its files lie in order, and its pieces cover them.
#![no_main]

use std::collections::BTreeMap;

use auditor_core::content::Budget;
use auditor_core::content::layers::PieceLayers;
use auditor_core::content::pieces::PieceDigests;
use auditor_core::content::verify::verify;
use auditor_core::wire::bt::info::{Info, LEAF};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok((info, rest)) = Info::parse(input) else { return };
    let dict = &input[..input.len() - rest.len()];
    if let Some(v1) = info.v1 {
        assert_eq!(v1.files().map(|file| file.length).sum::<u64>(), v1.total());
        assert_eq!(v1.total().div_ceil(info.piece_length.into()), v1.pieces().len() as u64);
    }
    let mut end = 0;
    for file in info.files() {
        assert!(file.offset >= end);
        end = file.offset + file.length;
        if info.v2.is_some() {
            assert_eq!(file.offset % u64::from(info.piece_length), 0);
            assert_eq!(file.length > 0, file.length > 0 && file.pieces_root.is_some());
            assert!(info.piece_length >= LEAF);
        }
    }
    let (mut digests, mut budget) = (PieceDigests::default(), Budget::new(1 << 20));
    for index in [0, 1, u32::MAX] {
        digests.feed(index, 0, dict, &mut budget);
    }
    let digests = digests.finish(&mut budget).0;
    let found = verify(&info, &PieceLayers::new(1 << 20), &digests);
    // A dict that holds the hash of itself would be news.
    assert_eq!((found.verified.pieces, found.files), (0, BTreeMap::new()));
    assert_eq!(found.wrong.pieces + found.incomplete.pieces + found.unknown.pieces, 3);
    auditor_fuzz::assert_prefixes_are_truncated(dict, Info::parse);
});
