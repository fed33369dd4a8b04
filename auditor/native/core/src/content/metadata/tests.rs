use proptest::prelude::*;

use super::*;
use crate::wire::bt::metadata::{BLOCK, block_len};

const CAP: usize = 64 << 20;

/// A dict of some size, its infohashes, and a small one that is known by heart.
fn dict(len: usize) -> (Vec<u8>, Metadata) {
    let bytes: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let metadata = Metadata::of(bytes.as_slice().into());
    (bytes, metadata)
}

fn small() -> Vec<u8> {
    let sha1 = Sha1::digest(b"hello");
    [b"d6:lengthi5e4:name5:a.bin12:piece lengthi16384e6:pieces20:".as_slice(), sha1.as_slice(), b"e"].concat()
}

fn hex<const N: usize>(digits: &str) -> [u8; N] {
    std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
}

/// The message with the `piece`th block of `bytes`.
fn block(bytes: &[u8], piece: u32) -> MetadataMessage<'_> {
    let total_size = u32::try_from(bytes.len()).unwrap();
    let (begin, len) = ((piece * BLOCK) as usize, block_len(total_size, piece).unwrap());
    let mut message = MetadataMessage::parse(b"d8:msg_typei0e5:piecei0ee").unwrap().0;
    message.piece = piece;
    message.kind = MetadataKind::Data { total_size, block: &bytes[begin..begin + len] };
    message
}

fn send(store: &mut MetadataStore, infohash: &[u8; 20], source: u64, bytes: &[u8]) -> Option<Arc<Metadata>> {
    let blocks = block_count(u32::try_from(bytes.len()).unwrap());
    (0..blocks).filter_map(|piece| store.collect(infohash, source, &block(bytes, piece))).last()
}

#[test]
fn a_dict_is_believed_by_either_hash_and_found_by_both() {
    let info = small();
    let known = Metadata::of(info.as_slice().into());
    assert_eq!(known.v1, hex("416dc518fa482e72c6d2b9913f658b63aa1350f2"));
    assert_eq!(known.v2, hex("eb7fd3a573e835a6644cf939e601dd74e4e00301916078d1de42242090d3712b"));
    for name in known.names() {
        let mut store = MetadataStore::new(CAP);
        let believed = send(&mut store, &name, 1, &info).unwrap();
        assert_eq!((&*believed, &*believed.info), (&known, &info[..]));
        for name in known.names() {
            assert_eq!(store.get(&name), Some(&believed));
        }
        assert_eq!(store.believed().count(), 1);
        assert_eq!(store.budget().now, TORRENT_COST + info.len(), "no block is held any more");
    }
}

#[test]
fn blocks_come_in_any_order_from_several_sources() {
    let (bytes, known) = dict(43_058);
    let mut store = MetadataStore::new(CAP);
    assert_eq!(store.collect(&known.v1, 1, &block(&bytes, 2)), None);
    assert_eq!(store.collect(&known.v1, 2, &block(&bytes, 0)), None);
    assert_eq!(store.get(&known.v1), None);
    assert_eq!(store.collect(&known.v1, 3, &block(&bytes, 1)).as_deref(), Some(&known));
    assert_eq!(store.counts().tries, 1);
    assert_eq!(store.collect(&known.v1, 4, &block(&bytes, 1)), None, "known already");
}

#[test]
fn what_does_not_hash_to_the_infohash_is_not_believed() {
    let (bytes, _) = dict(43_058);
    let mut store = MetadataStore::new(CAP);
    assert_eq!(send(&mut store, &[7; 20], 1, &bytes), None);
    assert_eq!((store.counts().tries, store.believed().count()), (1, 0));
    assert_eq!(store.insert(&[7; 20], bytes.as_slice().into()), None);
}

#[test]
fn one_liar_does_not_block_the_truth() {
    let (bytes, known) = dict(50_000);
    let lies: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
    for liar_first in [true, false] {
        let mut store = MetadataStore::new(CAP);
        let mut believed = None;
        for piece in 0..4 {
            for liar in [liar_first, !liar_first] {
                let (source, bytes) = if liar { (1, &lies) } else { (2, &bytes) };
                believed = believed.or(store.collect(&known.v1, source, &block(bytes, piece)));
            }
        }
        assert_eq!(believed.as_deref(), Some(&known), "{liar_first}");
        assert!(store.counts().conflicts >= 3);
    }
}

#[test]
fn many_liars_delay_the_truth_but_an_honest_source_that_sends_all_is_believed() {
    let (bytes, known) = dict(50_000);
    let mut store = MetadataStore::new(CAP);
    for liar in 0..40_u8 {
        let lies: Vec<u8> = bytes.iter().map(|byte| byte ^ (liar + 1)).collect();
        assert_eq!(send(&mut store, &known.v1, liar.into(), &lies), None);
        let short = &lies[..40_000 - usize::from(liar)];
        assert_eq!(send(&mut store, &known.v1, 100 + u64::from(liar), short), None);
    }
    assert_eq!(send(&mut store, &known.v1, 99, &bytes).as_deref(), Some(&known));
    assert!(store.counts().displaced > 0);
}

#[test]
fn a_source_that_changes_its_mind_takes_no_second_place() {
    let (bytes, known) = dict(20_000);
    let mut store = MetadataStore::new(CAP);
    for change in 1..100_u8 {
        let lies: Vec<u8> = bytes.iter().map(|byte| byte ^ change).collect();
        assert_eq!(store.collect(&known.v1, 1, &block(&lies, 0)), None);
    }
    assert_eq!(store.budget().now, 2 * TORRENT_COST + VARIANT_COST + 16384);
    assert_eq!(store.collect(&known.v1, 2, &block(&bytes, 0)), None);
    assert_eq!(store.collect(&known.v1, 2, &block(&bytes, 1)).as_deref(), Some(&known));
}

#[test]
fn hashing_stays_in_proportion_to_what_arrives() {
    let (bytes, _) = dict(20 * BLOCK as usize);
    let mut store = MetadataStore::new(CAP);
    send(&mut store, &[1; 20], 0, &bytes);
    for source in 1..200 {
        let mut lies = bytes.clone();
        lies[0] = u8::try_from(source).unwrap();
        store.collect(&[1; 20], source, &block(&lies, 0));
    }
    let (arrived, hashed) = ((20 + 199) * u64::from(BLOCK), store.counts().tries * 2 * bytes.len() as u64);
    assert!(hashed <= (CREDIT + 2) * arrived, "{hashed} of {arrived}");
    assert!(store.counts().tries > 10);
}

#[test]
fn a_dict_beyond_all_sizes_is_refused_and_none_is_allocated_for() {
    let (bytes, _) = dict(BLOCK as usize);
    let mut store = MetadataStore::new(CAP);
    let mut message = block(&bytes, 0);
    message.kind = MetadataKind::Data { total_size: MAX_SIZE + 1, block: &bytes };
    assert_eq!(store.collect(&[1; 20], 1, &message), None);
    assert_eq!((store.counts().refused, store.budget().now), (1, 0));
    message.kind = MetadataKind::Data { total_size: MAX_SIZE, block: &bytes };
    assert_eq!(store.collect(&[1; 20], 1, &message), None);
    assert_eq!(store.budget().now, 2 * TORRENT_COST + VARIANT_COST + bytes.len());
}

#[test]
fn under_the_cap_the_torrent_without_news_goes_first_and_believed_ones_last() {
    let (bytes, _) = dict(2 * BLOCK as usize);
    let (other, known) = dict(1000);
    let each = 3 * TORRENT_COST + VARIANT_COST + BLOCK as usize;
    let mut store = MetadataStore::new(3 * each);
    send(&mut store, &known.v1, 1, &other).unwrap();
    for infohash in 1..9 {
        store.collect(&[infohash; 20], 1, &block(&bytes, 0));
        assert!(store.budget().now <= store.budget().cap);
    }
    assert_eq!(store.torrents.keys().map(|infohash| infohash[0]).collect::<Vec<_>>(), [6, 7, 8]);
    assert_eq!((store.counts().evicted, store.counts().forgotten), (5, 0));
    assert!(store.get(&known.v1).is_some());
    let mut tiny = MetadataStore::new(100);
    assert_eq!(send(&mut tiny, &known.v1, 1, &other), None);
    assert_eq!((tiny.counts().refused, tiny.budget().now), (1, 0));
}

#[test]
fn a_torrent_that_liars_swell_drives_out_no_other_and_still_comes_out() {
    let (bytes, known) = dict(6 * BLOCK as usize);
    let (small, other) = dict(1000);
    let mut store = MetadataStore::new(16 * (BLOCK as usize + VARIANT_COST));
    send(&mut store, &other.v1, 1, &small).unwrap();
    for liar in 1..30_u8 {
        let lies: Vec<u8> = bytes.iter().map(|byte| byte ^ liar).collect();
        send(&mut store, &known.v1, liar.into(), &lies);
        assert!(store.budget().now <= store.budget().cap);
    }
    assert!(store.counts().displaced > 0 && store.budget().hits > 0);
    assert_eq!((store.counts().forgotten, store.counts().refused), (0, 0));
    assert_eq!(send(&mut store, &known.v1, 99, &bytes).as_deref(), Some(&known));
}

proptest! {
    #[test]
    fn any_order_and_any_split_among_workers_believes_the_same(
        order in Just((0..12_u64).collect::<Vec<_>>()).prop_shuffle(),
        workers in prop::collection::vec(0..3_usize, 12),
    ) {
        let (bytes, known) = dict(3 * BLOCK as usize + 9);
        let lies: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
        let mut stores = vec![MetadataStore::new(CAP); 3];
        for at in order {
            // Three sources with four blocks each, of which the first lies.
            let (source, piece) = (at / 4, u32::try_from(at % 4).unwrap());
            let bytes = if source == 0 { &lies } else { &bytes };
            stores[workers[usize::try_from(at).unwrap()]].collect(&known.v1, source, &block(bytes, piece));
        }
        let mut whole = MetadataStore::new(CAP);
        for store in stores {
            whole.merge(store);
        }
        prop_assert_eq!(whole.get(&known.v1).map(|found| &**found), Some(&known));
        prop_assert_eq!(whole.counts().blocks, 12);
        prop_assert_eq!(whole.budget().now, TORRENT_COST + bytes.len());
    }

    #[test]
    fn any_blocks_stay_under_the_cap(
        steps in prop::collection::vec((0..4_u8, 0..5_u64, 1..60_000_u32, 0..4_u32, any::<u8>()), 0..60),
    ) {
        let mut store = MetadataStore::new(120_000);
        for (infohash, source, size, piece, byte) in steps {
            let bytes = vec![byte; size as usize];
            if piece < block_count(size) {
                store.collect(&[infohash; 20], source, &block(&bytes, piece));
            }
            prop_assert!(store.budget().now <= store.budget().cap);
            let held: usize = store.torrents.values().map(Torrent::weigh).sum();
            prop_assert_eq!(store.budget().now, held);
            prop_assert_eq!(store.order.len(), store.torrents.len());
        }
    }
}
