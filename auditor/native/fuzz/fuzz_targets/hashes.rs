//! Any body of a hashes message is parted within its bytes, kept only if it is proven, and then found at its place.
#![no_main]

use auditor_core::content::layers::PieceLayers;
use auditor_core::content::merkle::{height, parent};
use auditor_core::wire::bt::hashes::{HashRange, Hashes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut layers = PieceLayers::new(1 << 16);
    if let Ok(hashes) = Hashes::parse(body) {
        assert_eq!(hashes.base.len() as u64, u64::from(hashes.range.length));
        assert_eq!(HashRange::LEN + 32 * (hashes.base.len() + hashes.proof.len()), body.len());
        layers.collect(&hashes);
    }
    // The same numbers and hashes under the root that they really have.
    let (numbers, rest) = body.split_at(body.len().min(16));
    let (nodes, _) = rest.as_chunks::<32>();
    let [left, right, ..] = nodes else { return };
    let root = parent(left, right);
    let layer = u32::from(numbers[0] % 41);
    let head = [layer, 0, 2, 0].map(u32::to_be_bytes).concat();
    let proven = [&root[..], &head, left, right].concat();
    let kept = layers.collect(&Hashes::parse(&proven).expect("built so"));
    assert_eq!(kept, layer < 40);
    if kept {
        assert_eq!(layers.node(&root, layer + height(2), layer, 1), Some(right));
    }
    assert!(layers.budget().now <= layers.budget().cap);
});
