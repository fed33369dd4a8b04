//! Runs of bytes of pieces, in any order and cut anywhere: digests are those of the bytes that came first, within
//! bounds.
//!
//! Input: for each run its piece, place, length and way of being cut; a run of length 0 is a loss.
#![no_main]

use std::collections::BTreeMap;

use auditor_core::content::Budget;
use auditor_core::content::pieces::PieceDigests;
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

const CAP: usize = 24_000;

/// The digests without those parts that only serve to go on hashing.
fn plain(digests: &PieceDigests) -> BTreeMap<u32, (u32, [u8; 20], Option<[u8; 32]>)> {
    digests.digests().iter().map(|(index, digest)| (*index, (digest.len, digest.sha1, digest.root))).collect()
}

fuzz_target!(|input: &[u8]| {
    let mut input = Reader(input);
    let (mut whole, mut cut) = (PieceDigests::default(), PieceDigests::default());
    let (mut ample, mut tight) = (Budget::new(1 << 24), Budget::new(CAP));
    let mut bounded = PieceDigests::default();
    let mut first: BTreeMap<(u32, u32), u8> = BTreeMap::new();
    let (mut cut_budget, mut fed, mut lost) = (Budget::new(1 << 24), 0, 0);
    while let (Some(index), Some(place), Some(len)) = (input.byte(), input.half(), input.byte()) {
        let (index, begin, len) = (u32::from(index & 15), u32::from(place), usize::from(len) << (index >> 5));
        if len == 0 {
            lost += 1;
            whole.lose(index, &mut ample);
            cut.lose(index, &mut cut_budget);
            bounded.lose(index, &mut tight);
            continue;
        }
        let seed = index as u8 ^ place as u8;
        let bytes: Vec<u8> = (0..len).map(|at| seed.wrapping_add(at as u8)).collect();
        fed += len as u64;
        for (at, byte) in (begin..).zip(&bytes) {
            first.entry((index, at)).or_insert(*byte);
        }
        whole.feed(index, begin, &bytes, &mut ample);
        let middle = (usize::from(seed) * len) >> 8;
        cut.feed(index, begin, &bytes[..middle], &mut cut_budget);
        cut.feed(index, begin + middle as u32, &bytes[middle..], &mut cut_budget);
        bounded.feed(index, begin, &bytes, &mut tight);
        assert!(tight.now <= CAP);
    }
    let counts = whole.counts();
    if counts.stranded + counts.refused + cut.counts().stranded + cut.counts().refused == 0 {
        assert_eq!(plain(&whole), plain(&cut));
    }
    let digests = plain(&whole);
    let hashed: u64 = digests.values().map(|(len, ..)| u64::from(*len)).sum();
    assert!(hashed + counts.late + counts.stranded + counts.refused <= fed);
    if counts.late + counts.stranded + counts.refused + lost == 0 {
        let mut expected = PieceDigests::default();
        for (&index, &(len, ..)) in &digests {
            let bytes: Vec<u8> = (0..len).map(|at| first[&(index, at)]).collect();
            expected.feed(index, 0, &bytes, &mut Budget::new(1 << 24));
            let expected = &plain(&expected)[&index];
            assert!(len == 0 || *expected == digests[&index]);
        }
    }
    let mut budgets = [ample, cut_budget, tight];
    for (digests, budget) in [whole, cut, bounded].into_iter().zip(&mut budgets) {
        digests.finish(budget);
        assert_eq!(budget.now, 0);
    }
});
