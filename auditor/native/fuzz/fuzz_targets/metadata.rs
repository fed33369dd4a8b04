//! Metadata messages in any order, from any source, to any of two workers: what is believed is true, and the same.
//!
//! Input: for each message a byte that says torrent, source and who made it, then either a choice of a true
//! block, with a change for liars, or a length and the body of a message.
#![no_main]

use std::sync::{Arc, LazyLock};

use auditor_core::content::metadata::{Metadata, MetadataStore};
use auditor_core::wire::bt::metadata::{BLOCK, MetadataKind, MetadataMessage};
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

const CAP: usize = 1 << 20;

/// Dicts of one and of three blocks.
static TRUE: LazyLock<[Metadata; 2]> = LazyLock::new(|| {
    [79, 2 * BLOCK as usize + 9].map(|len| Metadata::of((0..len).map(|at| at as u8).collect::<Arc<[u8]>>()))
});

fn body(metadata: &Metadata, piece: u8, change: u8) -> Vec<u8> {
    let size = metadata.info.len();
    let begin = (usize::from(piece) * BLOCK as usize).min(size);
    let mut block = metadata.info[begin..size.min(begin + BLOCK as usize)].to_vec();
    block.iter_mut().for_each(|byte| *byte ^= change);
    [format!("d8:msg_typei1e5:piecei{piece}e10:total_sizei{size}ee").as_bytes(), &block].concat()
}

fuzz_target!(|input: &[u8]| {
    let mut input = Reader(input);
    let mut workers = [MetadataStore::new(CAP), MetadataStore::new(CAP)];
    let mut whole = MetadataStore::new(CAP);
    // What each source sent of each torrent: one bit a true block, and the highest for anything else.
    let mut sent = [[0_u8; 8]; 2];
    let mut steps = 0;
    while let Some(head) = input.byte()
        && steps < 64
    {
        steps += 1;
        let metadata = &TRUE[usize::from(head & 1)];
        // The v1 torrent by its v1 infohash, the other by its v2 one: a connection has one name.
        let infohash = if head & 1 == 0 { metadata.v1 } else { *metadata.v2.first_chunk().unwrap() };
        let source = head >> 2 & 7; // one worker sees all of it
        let body = if head & 0x40 == 0 {
            let choice = input.byte().unwrap_or_default();
            body(metadata, choice & 3, choice >> 2)
        } else {
            let len = input.byte().unwrap_or_default();
            input.bytes(len.into()).to_vec()
        };
        let Ok((message, rest)) = MetadataMessage::parse(&body) else { continue };
        auditor_fuzz::assert_prefixes_are_truncated(&body[..body.len() - rest.len()], MetadataMessage::parse);
        if let MetadataKind::Data { total_size, block } = message.kind {
            assert!(block.len() <= (total_size.min(BLOCK)) as usize);
            let begin = message.piece as usize * BLOCK as usize;
            let is_true = total_size as usize == metadata.info.len()
                && metadata.info.get(begin..begin + block.len()) == Some(block);
            sent[usize::from(head & 1)][usize::from(source)] |=
                if is_true { 1 << message.piece.min(6) } else { 0x80 };
        }
        for store in [&mut workers[usize::from(source & 1)], &mut whole] {
            if let Some(believed) = store.collect(&infohash, source.into(), &message) {
                assert_eq!(*believed, *metadata);
            }
            assert!(store.budget().now <= CAP);
        }
    }
    let [mut joined, other] = workers;
    joined.merge(other);
    for (metadata, sources) in TRUE.iter().zip(sent) {
        for store in [&joined, &whole] {
            let found = store.get(&metadata.v1).or_else(|| store.get(metadata.v2.first_chunk().unwrap()));
            assert!(found.is_none_or(|found| **found == *metadata));
            let all = (1 << metadata.info.len().div_ceil(BLOCK as usize)) - 1;
            if store.counts().displaced == 0 && sources.contains(&all) {
                assert!(found.is_some(), "an honest source sent all");
            }
        }
    }
});
