//! Info dicts rebuilt from `ut_metadata` blocks (BEP 9) of any connection, and believed once their hash is the
//! infohash.
//!
//! SHA-1 of all bytes is the v1 infohash, the first 20 bytes of SHA-256 are what handshakes carry of the v2
//! infohash. A hybrid's dict has both, and so is found by both.
//!
//! Blocks are collected by infohash, whoever sends them. Senders lie, so for one place several variants are kept,
//! and a **source** (one direction of one connection) has at most one of them: a single liar never takes the place
//! of the truth. Once every place has a variant, combinations are hashed: what the source of the newest block sent
//! itself comes first, then what most sources agree on. So a single honest source that sends all is believed with
//! its last block, whatever others sent.
//!
//! Hashing costs time, and one block may cause the hashing of 32 MiB. Every byte that arrives therefore earns its
//! torrent [`CREDIT`] bytes of hashing, and combinations wait for credit. A source that sent a whole dict has one
//! try of it that no liar can use up. So time stays in proportion to what arrives, and the truth is never shut out
//! by what came before.
//!
//! Memory follows what arrived, never what a message claims. No torrent takes more than half of the cap; above it
//! the one that has had no block for longest is given up; believed dicts last.
//!
//! Workers keep a store each, which are joined by [`MetadataStore::merge`] in any order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Budget;
use crate::wire::bt::metadata::{MetadataKind, MetadataMessage, block_count};

/// The longest info dict that is rebuilt: that of a torrent with 1.6 million pieces.
pub const MAX_SIZE: u32 = 32 << 20;
/// Bytes that may be hashed for each byte that arrives: three tries, of two hashes each, for each whole dict.
pub const CREDIT: u64 = 6;
/// Combinations tried when a block arrives.
const MAX_TRIES: usize = 8;
/// Variants kept of one block, and sizes of one torrent.
const MAX_VARIANTS: usize = 4;
/// Sources remembered of one variant or size, the latest: where so many agree, more say nothing new.
const MAX_SOURCES: usize = 16;
/// Sources of one torrent whose bytes are counted for a try of their own.
const MAX_SENDERS: usize = 64;
/// What a torrent, a size of it, and a variant cost beside their bytes.
const TORRENT_COST: usize = 2048;
const VARIANT_COST: usize = 320;

/// An info dict that hashes to the infohash under which it was collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Its exact bytes: hostile all the same, since whoever makes a torrent writes them.
    pub info: Arc<[u8]>,
    /// Its SHA-1: the v1 infohash, if it has a v1 part.
    pub v1: [u8; 20],
    /// Its SHA-256: the v2 infohash, if it has a v2 part.
    pub v2: [u8; 32],
}

impl Metadata {
    /// Hashes `info`.
    #[must_use]
    pub fn of(info: Arc<[u8]>) -> Self {
        Self { v1: Sha1::digest(&info).into(), v2: Sha256::digest(&info).into(), info }
    }

    /// Whether a handshake for this torrent can name it so.
    #[must_use]
    pub fn is_named(&self, infohash: &[u8; 20]) -> bool {
        self.names().contains(infohash)
    }

    /// What handshakes carry: the v1 infohash, and the first 20 bytes of the v2 infohash.
    pub(crate) fn names(&self) -> [[u8; 20]; 2] {
        [self.v1, self.v2.first_chunk().copied().unwrap_or_default()]
    }
}

/// What became of blocks and torrents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataCounts {
    /// Blocks taken.
    pub blocks: u64,
    /// Blocks not taken: of a dict longer than [`MAX_SIZE`], or without place under the cap.
    pub refused: u64,
    /// Blocks that said something else than an earlier one of the same place.
    pub conflicts: u64,
    /// Variants and sizes that were given up for newer ones.
    pub displaced: u64,
    /// Combinations that were hashed.
    pub tries: u64,
    /// Torrents given up under the cap before they were whole.
    pub evicted: u64,
    /// Believed dicts given up under the cap.
    pub forgotten: u64,
}

/// The blocks of many torrents, and the dicts that were believed.
#[derive(Clone, Debug)]
pub struct MetadataStore {
    torrents: BTreeMap<[u8; 20], Torrent>,
    /// Torrents by when they last got a block.
    order: BTreeMap<u64, [u8; 20]>,
    believed: BTreeMap<[u8; 20], Arc<Metadata>>,
    /// Believed dicts by when they were believed.
    age: VecDeque<Arc<Metadata>>,
    clock: u64,
    budget: Budget,
    counts: MetadataCounts,
}

/// What was collected under one infohash.
#[derive(Clone, Debug, Default)]
struct Torrent {
    sizes: Vec<Assembly>,
    /// Bytes that may still be hashed.
    credit: u64,
    /// Bytes that sources sent since they last had a try of their own.
    sent: BTreeMap<u64, u64>,
    cost: usize,
    touched: u64,
}

/// The blocks of those who say that the dict has this size.
#[derive(Clone, Debug)]
struct Assembly {
    size: u32,
    blocks: BTreeMap<u32, Vec<Variant>>,
    sources: Vec<u64>,
    seen: u64,
}

/// One content of a block.
#[derive(Clone, Debug)]
struct Variant {
    bytes: Box<[u8]>,
    sources: Vec<u64>,
    seen: u64,
}

impl MetadataStore {
    /// Keeps no more than `cap` bytes.
    #[must_use]
    pub const fn new(cap: usize) -> Self {
        Self {
            torrents: BTreeMap::new(),
            order: BTreeMap::new(),
            believed: BTreeMap::new(),
            age: VecDeque::new(),
            clock: 0,
            budget: Budget::new(cap),
            counts: MetadataCounts {
                blocks: 0,
                refused: 0,
                conflicts: 0,
                displaced: 0,
                tries: 0,
                evicted: 0,
                forgotten: 0,
            },
        }
    }

    /// Takes one message of a connection for `infohash`, as its handshake names it. `source` tells directions of
    /// connections apart: any number, as long as it is the same one for all messages of a direction. Returns the
    /// dict if this block made it whole. Messages other than data say nothing here.
    pub fn collect(
        &mut self,
        infohash: &[u8; 20],
        source: u64,
        message: &MetadataMessage<'_>,
    ) -> Option<Arc<Metadata>> {
        let MetadataKind::Data { total_size, block } = message.kind else { return None };
        self.take(infohash, source, total_size, message.piece, block)
    }

    /// The dict that hashes to `infohash`, v1 or the first 20 bytes of v2.
    #[must_use]
    pub fn get(&self, infohash: &[u8; 20]) -> Option<&Arc<Metadata>> {
        self.believed.get(infohash)
    }

    /// All dicts that were believed, each once, in the order in which they were.
    pub fn believed(&self) -> impl Iterator<Item = &Arc<Metadata>> {
        self.age.iter()
    }

    /// Takes a dict that is known to be `infohash`'s from elsewhere, such as a .torrent file. Returns it if it is.
    pub fn insert(&mut self, infohash: &[u8; 20], info: Arc<[u8]>) -> Option<Arc<Metadata>> {
        let metadata = Metadata::of(info);
        if metadata.is_named(infohash) { Some(self.believe(metadata)) } else { None }
    }

    /// Takes all that another worker's store has. Returns the dicts that are believed by that and were not.
    pub fn merge(&mut self, other: Self) -> Vec<Arc<Metadata>> {
        let mut fresh = Vec::new();
        let MetadataCounts { blocks, refused, conflicts, displaced, tries, evicted, forgotten } =
            other.counts;
        self.counts.blocks += blocks;
        self.counts.refused += refused;
        self.counts.conflicts += conflicts;
        self.counts.displaced += displaced;
        self.counts.tries += tries;
        self.counts.evicted += evicted;
        self.counts.forgotten += forgotten;
        self.budget.hits += other.budget.hits;
        for metadata in other.age {
            if !self.believed.contains_key(&metadata.v1) {
                fresh.push(self.believe(Metadata::clone(&metadata)));
            }
        }
        for (infohash, torrent) in other.torrents {
            for assembly in torrent.sizes {
                for (piece, variants) in assembly.blocks {
                    for variant in variants {
                        for source in variant.sources {
                            self.counts.blocks = self.counts.blocks.saturating_sub(1); // counted over there
                            fresh.extend(self.take(&infohash, source, assembly.size, piece, &variant.bytes));
                        }
                    }
                }
            }
        }
        fresh
    }

    /// What became of what arrived.
    #[must_use]
    pub const fn counts(&self) -> &MetadataCounts {
        &self.counts
    }

    /// What is held.
    #[must_use]
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    fn take(
        &mut self,
        infohash: &[u8; 20],
        source: u64,
        size: u32,
        piece: u32,
        block: &[u8],
    ) -> Option<Arc<Metadata>> {
        self.counts.blocks += 1;
        if self.believed.contains_key(infohash) {
            return None;
        }
        let cost = VARIANT_COST + block.len();
        if size > MAX_SIZE
            || !self.fits_torrent(infohash, size, cost)
            || !self.make_room(infohash, 2 * TORRENT_COST + cost)
        {
            self.counts.refused += 1;
            return None;
        }
        self.clock += 1;
        let torrent = self.torrents.entry(*infohash).or_insert_with(|| {
            self.budget.now += TORRENT_COST;
            Torrent { cost: TORRENT_COST, ..Torrent::default() }
        });
        self.order.remove(&torrent.touched);
        torrent.touched = self.clock;
        self.order.insert(self.clock, *infohash);

        torrent.earn(source, block.len() as u64);
        let place = torrent.place(source, size, self.clock, &mut self.counts);
        if let Some(assembly) = torrent.sizes.get_mut(place) {
            assembly.put(piece, source, block, self.clock, &mut self.counts);
        }
        let before = torrent.cost;
        torrent.cost = torrent.weigh();
        self.budget.now = (self.budget.now + torrent.cost).saturating_sub(before);

        let info = torrent.solve(place, infohash, source, piece, &mut self.counts.tries)?;
        Some(self.believe(Metadata::of(info)))
    }

    /// Keeps a dict whose hash was checked, and gives up the blocks that were collected for it.
    fn believe(&mut self, metadata: Metadata) -> Arc<Metadata> {
        let names = metadata.names();
        for name in &names {
            if let Some(known) = self.believed.get(name) {
                return Arc::clone(known);
            }
            self.give_up(name);
        }
        let metadata = Arc::new(metadata);
        let cost = TORRENT_COST + metadata.info.len();
        if self.make_room(&names[0], cost) {
            self.budget.now += cost;
            self.age.push_back(Arc::clone(&metadata));
            for name in names {
                self.believed.insert(name, Arc::clone(&metadata));
            }
        } else {
            self.counts.forgotten += 1;
        }
        metadata
    }

    /// Whether the torrent stays within half of the cap with `cost` more, so that one cannot drive out all others.
    /// Where it would not, all that competes goes first: other sizes, and all variants but the likeliest.
    fn fits_torrent(&mut self, infohash: &[u8; 20], size: u32, cost: usize) -> bool {
        let most = self.budget.cap / 2;
        let Some(torrent) = self.torrents.get_mut(infohash) else { return true };
        if torrent.cost + cost > most {
            self.budget.hits += 1;
            self.budget.give(torrent.cost);
            torrent.thin(size, &mut self.counts);
            torrent.cost = torrent.weigh();
            self.budget.now += torrent.cost;
        }
        torrent.cost + cost <= most
    }

    /// Gives up what has not changed for longest until `cost` fits; whether it does. Never gives up `infohash`.
    fn make_room(&mut self, infohash: &[u8; 20], cost: usize) -> bool {
        while !self.budget.fits(cost) {
            let oldest = self.order.values().find(|other| *other != infohash).copied();
            if let Some(oldest) = oldest {
                self.give_up(&oldest);
                self.counts.evicted += 1;
            } else if let Some(oldest) = self.age.pop_front() {
                self.budget.give(TORRENT_COST + oldest.info.len());
                for name in oldest.names() {
                    self.believed.remove(&name);
                }
                self.counts.forgotten += 1;
            } else {
                self.budget.hits += 1;
                return false;
            }
            self.budget.hits += 1;
        }
        true
    }

    fn give_up(&mut self, infohash: &[u8; 20]) {
        if let Some(torrent) = self.torrents.remove(infohash) {
            self.order.remove(&torrent.touched);
            self.budget.give(torrent.cost);
        }
    }
}

impl Torrent {
    fn earn(&mut self, source: u64, bytes: u64) {
        let most = CREDIT * u64::from(MAX_SIZE);
        self.credit = self.credit.saturating_add(CREDIT.saturating_mul(bytes)).min(most);
        if self.sent.len() >= MAX_SENDERS
            && !self.sent.contains_key(&source)
            && let Some((&idle, _)) = self.sent.iter().min_by_key(|(_, sent)| **sent)
        {
            self.sent.remove(&idle);
        }
        let sent = self.sent.entry(source).or_default();
        *sent = sent.saturating_add(bytes).min(most);
    }

    /// Looks for a combination that hashes to `infohash`, with the block that `source` just sent.
    fn solve(
        &mut self,
        place: usize,
        infohash: &[u8; 20],
        source: u64,
        piece: u32,
        tries: &mut u64,
    ) -> Option<Arc<[u8]>> {
        let assembly = self.sizes.get(place)?;
        let choices = assembly.choices(source, piece)?;
        let cost = 2 * u64::from(assembly.size);
        let sent = self.sent.entry(source).or_default();
        for number in 0..MAX_TRIES {
            let combination = combine(&choices, number)?;
            if number == 0 && *sent >= u64::from(assembly.size) && assembly.is_whole_from(source) {
                *sent = 0;
            } else {
                self.credit = self.credit.checked_sub(cost)?;
            }
            *tries += 1;
            if hashes_to(&combination, infohash) {
                return Some(combination.concat().into());
            }
        }
        None
    }

    /// Where the blocks of this size are collected. A source says one size: of any other it is no longer a source.
    fn place(&mut self, source: u64, size: u32, now: u64, counts: &mut MetadataCounts) -> usize {
        for other in self.sizes.iter_mut().filter(|other| other.size != size) {
            other.sources.retain(|known| *known != source);
        }
        self.sizes.retain(|other| other.size == size || !other.sources.is_empty());
        let found = self.sizes.iter().position(|assembly| assembly.size == size);
        let place = found.unwrap_or_else(|| {
            if self.sizes.len() >= MAX_VARIANTS
                && let Some(least) = least(self.sizes.iter().map(|other| (other.sources.len(), other.seen)))
            {
                self.sizes.remove(least);
                counts.displaced += 1;
            }
            self.sizes.push(Assembly { size, blocks: BTreeMap::new(), sources: Vec::new(), seen: now });
            self.sizes.len() - 1
        });
        if let Some(assembly) = self.sizes.get_mut(place) {
            remember(&mut assembly.sources, source);
            assembly.seen = now;
        }
        place
    }

    /// Keeps of each block of this size the variant with most sources, the latest of those; and no other size.
    fn thin(&mut self, size: u32, counts: &mut MetadataCounts) {
        let before = self.sizes.len();
        self.sizes.retain(|assembly| assembly.size == size);
        counts.displaced += (before - self.sizes.len()) as u64;
        for variants in self.sizes.iter_mut().flat_map(|assembly| assembly.blocks.values_mut()) {
            variants.sort_by_key(|variant| std::cmp::Reverse((variant.sources.len(), variant.seen)));
            counts.displaced += variants.len().saturating_sub(1) as u64;
            variants.truncate(1);
        }
    }

    /// What it costs to keep it.
    fn weigh(&self) -> usize {
        let blocks = self.sizes.iter().flat_map(|assembly| assembly.blocks.values().flatten());
        let blocks: usize = blocks.map(|variant| VARIANT_COST + variant.bytes.len()).sum();
        TORRENT_COST + self.sizes.len() * TORRENT_COST + blocks
    }
}

impl Assembly {
    /// Takes a block from a source, in place of what the source said of it before.
    fn put(&mut self, piece: u32, source: u64, block: &[u8], now: u64, counts: &mut MetadataCounts) {
        let variants = self.blocks.entry(piece).or_default();
        for other in variants.iter_mut().filter(|other| *other.bytes != *block) {
            other.sources.retain(|known| *known != source);
        }
        variants.retain(|other| *other.bytes == *block || !other.sources.is_empty());
        if let Some(known) = variants.iter_mut().find(|known| *known.bytes == *block) {
            remember(&mut known.sources, source);
            known.seen = now;
            return;
        }
        if !variants.is_empty() {
            counts.conflicts += 1;
        }
        if variants.len() >= MAX_VARIANTS
            && let Some(least) = least(variants.iter().map(|other| (other.sources.len(), other.seen)))
        {
            variants.remove(least);
            counts.displaced += 1;
        }
        variants.push(Variant { bytes: block.into(), sources: vec![source], seen: now });
    }

    /// Whether `source` sent every block.
    fn is_whole_from(&self, source: u64) -> bool {
        let mut places = self.blocks.values();
        places.all(|variants| variants.iter().any(|variant| variant.sources.contains(&source)))
    }

    /// The variants of each place, the likeliest first; of `piece` what `source` just sent. `None` while a place is
    /// empty.
    fn choices(&self, source: u64, piece: u32) -> Option<Vec<Vec<&[u8]>>> {
        if self.blocks.len() as u64 != u64::from(block_count(self.size)) {
            return None;
        }
        let choices = self.blocks.iter().map(|(place, variants)| {
            let mut ranked: Vec<&Variant> = variants.iter().collect();
            ranked.sort_by_key(|variant| {
                let is_own = variant.sources.contains(&source);
                std::cmp::Reverse((is_own, variant.sources.len(), variant.seen))
            });
            ranked.truncate(if *place == piece { 1 } else { MAX_VARIANTS });
            ranked.into_iter().map(|variant| &*variant.bytes).collect()
        });
        Some(choices.collect())
    }
}

/// The `number`th combination, the best of each place first; `None` if there are not so many.
fn combine<'a>(choices: &[Vec<&'a [u8]>], mut number: usize) -> Option<Vec<&'a [u8]>> {
    let combination = choices
        .iter()
        .map(|variants| {
            let chosen = number.checked_rem(variants.len())?;
            number /= variants.len();
            variants.get(chosen).copied()
        })
        .collect::<Option<Vec<_>>>()?;
    (number == 0).then_some(combination)
}

fn hashes_to(blocks: &[&[u8]], infohash: &[u8; 20]) -> bool {
    let v1 = blocks.iter().fold(Sha1::new(), Sha1::chain_update).finalize();
    v1.as_slice() == infohash || {
        let v2 = blocks.iter().fold(Sha256::new(), Sha256::chain_update).finalize();
        v2.as_slice().starts_with(infohash)
    }
}

fn remember(sources: &mut Vec<u64>, source: u64) {
    if !sources.contains(&source) {
        if sources.len() >= MAX_SOURCES {
            sources.remove(0);
        }
        sources.push(source);
    }
}

/// Which of them has the fewest sources, and of those the one not seen for longest.
fn least(ranks: impl Iterator<Item = (usize, u64)>) -> Option<usize> {
    ranks.enumerate().min_by_key(|(_, rank)| *rank).map(|(place, _)| place)
}

#[cfg(test)]
mod tests;
