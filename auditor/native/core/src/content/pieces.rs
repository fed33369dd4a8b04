//! Digests of the pieces that passed, taken before it is known what they should be.
//!
//! Metadata often becomes known after the pieces passed, or in another flow. So what passes is hashed as it comes,
//! and the digest kept with the length that it covers: 52 bytes a piece, none of them the piece's.
//! [`verify`](super::verify) compares them once the info dict is there. Of each piece both a SHA-1 (v1) and the
//! root of its hash tree (v2, whose leaves are known without the info dict) are taken: no handshake tells which one is
//! needed, since that of a v2 torrent has 20 bytes too (BEP 52).
//!
//! A hash needs its bytes in order, from the first on. What comes too early within its piece is held, up to
//! [`HELD`] bytes; up to [`OPEN`] pieces are hashed at a time, and the one that got no byte for longest is closed
//! for the next. A closed piece keeps its digest; further bytes of it are counted as `late` and change nothing. So
//! is a second copy of a piece: the first copy of each byte counts.
//!
//! **Limits.** One of these sees one direction of one flow, since flows are shared among workers, and bytes, unlike
//! digests, cannot be joined afterwards. A piece whose blocks came from several peers is therefore incomplete in
//! each of their flows, and is reported so: never as wrong, and never as verified. (Whoever feeds several flows
//! into one gets such pieces too; nothing here forbids it.) The same holds for a piece of which bytes were lost,
//! which is begun in the middle, or among more than [`OPEN`] that come interleaved.

use std::collections::BTreeMap;
use std::iter;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Budget;
use super::merkle::Row;
use crate::wire::bt::info::{LEAF, MAX_PIECE};

/// Pieces that are hashed at a time.
pub const OPEN: usize = 8;
/// Bytes that may wait for earlier ones of their piece, in all open pieces, bookkeeping included.
pub const HELD: usize = 512 << 10;
/// What a run that waits costs beside its bytes, so that many small ones are bounded too.
const RUN_COST: usize = 64;
/// Bytes that either hash takes in at a time.
const BLOCK: usize = 64;
/// What an open piece costs.
const OPEN_COST: usize = 1024;
/// What the digest of a closed piece costs.
pub const CLOSED_COST: usize = 256;

/// The beginning of a piece, hashed.
#[derive(Clone, Debug)]
pub struct PieceDigest {
    /// Bytes hashed, from the piece's first on.
    pub len: u32,
    /// Their SHA-1.
    pub sha1: [u8; 20],
    /// The root of the hash tree over them, padded to the next power of two.
    pub root: Option<[u8; 32]>,
    /// The state of the SHA-1, for a piece that ends with padding. Clients send the zeros that fill up a block, and not
    /// those of whole blocks: so the length does not tell such a piece.
    tail: Option<Box<Sha1>>,
}

impl PartialEq for PieceDigest {
    fn eq(&self, other: &Self) -> bool {
        (self.len, self.sha1, self.root) == (other.len, other.sha1, other.root)
    }
}

impl Eq for PieceDigest {}

impl PieceDigest {
    /// The SHA-1 of these bytes and so many zeros, which a pad file stands for and nobody sends (BEP 47).
    pub(super) fn padded_sha1(&self, zeros: u32) -> Option<[u8; 20]> {
        const ZEROS: [u8; 4096] = [0; 4096];
        let mut sha1 = Sha1::clone(self.tail.as_ref()?);
        let mut left = zeros as usize;
        while left > 0 {
            let now = ZEROS.get(..left).unwrap_or(&ZEROS);
            sha1.update(now);
            left -= now.len();
        }
        Some(sha1.finalize().into())
    }
}

/// What became of the bytes that are in no digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PieceCounts {
    /// Bytes of closed pieces, or that had come before.
    pub late: u64,
    /// Bytes that waited in vain for earlier ones of their piece.
    pub stranded: u64,
    /// Bytes beyond the longest piece, or without place under the cap.
    pub refused: u64,
}

/// The pieces of one direction of one flow.
#[derive(Clone, Debug, Default)]
pub struct PieceDigests {
    /// The one that got bytes last stands last.
    open: Vec<Open>,
    closed: BTreeMap<u32, PieceDigest>,
    /// Bytes held in all open pieces.
    held: usize,
    counts: PieceCounts,
}

impl PieceDigests {
    /// Takes bytes of piece `index`, from its byte `begin` on: a block, or as much of it as one segment carried.
    pub fn feed(&mut self, index: u32, begin: u32, bytes: &[u8], budget: &mut Budget) {
        let len = bytes.len() as u64;
        if u64::from(begin) + len > u64::from(MAX_PIECE) {
            self.counts.refused += len;
        } else if self.closed.contains_key(&index) {
            self.counts.late += len;
        } else if self.open(index, budget) {
            self.hash(begin, bytes, budget);
        } else {
            self.counts.refused += len;
        }
    }

    /// Bytes of this piece are missing for good: what was hashed so far is all that can be.
    pub fn lose(&mut self, index: u32, budget: &mut Budget) {
        if let Some(place) = self.open.iter().position(|open| open.index == index) {
            self.close(place, budget);
        }
    }

    /// The digests of all pieces of which bytes passed, by index; those of open pieces as they are now.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<u32, PieceDigest> {
        let mut digests = self.closed.clone();
        digests.extend(self.open.iter().map(|open| (open.index, open.digest())));
        digests
    }

    /// Closes all pieces; returns the digests and gives back all memory, which is then the caller's to count.
    pub fn finish(mut self, budget: &mut Budget) -> (BTreeMap<u32, PieceDigest>, PieceCounts) {
        while !self.open.is_empty() {
            self.close(0, budget);
        }
        budget.give(self.closed.len() * CLOSED_COST);
        (self.closed, self.counts)
    }

    /// What became of the bytes that are in no digest.
    #[must_use]
    pub const fn counts(&self) -> &PieceCounts {
        &self.counts
    }

    /// Puts the piece last among those that are open; whether there was place for it.
    fn open(&mut self, index: u32, budget: &mut Budget) -> bool {
        if let Some(place) = self.open.iter().position(|open| open.index == index) {
            if let Some(recent) = self.open.get_mut(place..) {
                recent.rotate_left(1);
            }
            return true;
        }
        if self.open.len() >= OPEN {
            self.close(0, budget);
        }
        if !budget.take(OPEN_COST) {
            return false;
        }
        self.open.push(Open::new(index));
        true
    }

    /// Hands bytes to the last open piece.
    fn hash(&mut self, begin: u32, bytes: &[u8], budget: &mut Budget) {
        let Some(open) = self.open.last_mut() else { return };
        if begin <= open.hashed {
            let (late, freed) = open.update_in_order(begin, bytes);
            self.counts.late += late;
            self.release(freed, budget);
            return;
        }
        // The most that it can cost: a run in each gap between those that wait.
        let most = bytes.len() + RUN_COST * (open.held.len() + 1);
        if self.held + most > HELD || !budget.fits(most) {
            budget.hits += u64::from(self.held + most <= HELD);
            self.counts.stranded += bytes.len() as u64;
            self.close(self.open.len() - 1, budget);
            return;
        }
        let kept = open.hold(begin, bytes);
        self.counts.late += (bytes.len() - kept.bytes) as u64;
        self.held += kept.cost();
        budget.now += kept.cost();
    }

    fn release(&mut self, freed: Runs, budget: &mut Budget) {
        self.held = self.held.saturating_sub(freed.cost());
        budget.give(freed.cost());
    }

    fn close(&mut self, place: usize, budget: &mut Budget) {
        if place >= self.open.len() {
            return;
        }
        let open = self.open.remove(place);
        let waiting = Runs { count: open.held.len(), bytes: open.held.values().map(Vec::len).sum() };
        self.counts.stranded += waiting.bytes as u64;
        self.release(waiting, budget);
        budget.give(OPEN_COST);
        // With nothing hashed it is remembered all the same: its beginning may come late, but not then be whole.
        if budget.take(CLOSED_COST) {
            self.closed.insert(open.index, open.digest());
        }
    }
}

/// Runs of bytes that wait, counted.
#[derive(Clone, Copy, Debug, Default)]
struct Runs {
    count: usize,
    bytes: usize,
}

impl Runs {
    const fn cost(self) -> usize {
        self.count * RUN_COST + self.bytes
    }
}

/// A piece that is being hashed.
#[derive(Clone, Debug)]
struct Open {
    index: u32,
    hashed: u32,
    sha1: Sha1,
    tree: Leaves,
    /// What waits, by its first byte; no byte twice.
    held: BTreeMap<u32, Vec<u8>>,
}

impl Open {
    fn new(index: u32) -> Self {
        Self { index, hashed: 0, sha1: Sha1::new(), tree: Leaves::default(), held: BTreeMap::new() }
    }

    fn update(&mut self, bytes: &[u8]) {
        // Both hashes block by block in turn: a processor goes on with the one while it waits for the other, and takes two
        // thirds of the time.
        let begun = self.hashed.wrapping_neg() as usize % BLOCK;
        let (first, rest) = bytes.split_at_checked(begun).unwrap_or((bytes, &[]));
        for block in iter::once(first).chain(rest.chunks(BLOCK)) {
            self.sha1.update(block);
            self.tree.update(block);
        }
        // `feed` bounds it by the longest piece.
        self.hashed = self.hashed.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }

    /// Hashes bytes of which the first is due or was hashed already, and what waited for them. Returns how many
    /// came before, and what no longer waits.
    fn update_in_order(&mut self, mut begin: u32, mut bytes: &[u8]) -> (u64, Runs) {
        let (mut late, mut freed) = (0, Runs::default());
        loop {
            let known = ((self.hashed - begin) as usize).min(bytes.len());
            late += known as u64;
            bytes = bytes.get(known..).unwrap_or_default();
            if bytes.is_empty() {
                return (late, freed);
            }
            let waiting = self.held.first_key_value().map(|(first, _)| (*first - self.hashed) as usize);
            let (now, later) = bytes.split_at_checked(waiting.unwrap_or(usize::MAX)).unwrap_or((bytes, &[]));
            self.update(now);
            (begin, bytes) = (self.hashed, later);
            while let Some(run) = self.held.remove(&self.hashed) {
                freed.count += 1;
                freed.bytes += run.len();
                self.update(&run);
            }
        }
    }

    /// Keeps what is not kept yet of these bytes.
    fn hold(&mut self, mut begin: u32, mut bytes: &[u8]) -> Runs {
        let mut kept = Runs::default();
        while !bytes.is_empty() {
            let before = self.held.range_mut(..=begin).next_back();
            let known = before.as_ref().map_or(0, |(first, run)| {
                (**first as usize + run.len()).saturating_sub(begin as usize).min(bytes.len())
            });
            if known > 0 {
                (begin, bytes) = (advance(begin, known), bytes.get(known..).unwrap_or_default());
                continue;
            }
            let joins = before.filter(|(first, run)| **first as usize + run.len() == begin as usize);
            let mut joined = joins.map(|(_, run)| std::mem::take(run));
            let room =
                self.held.range(begin..).next().map_or(usize::MAX, |(next, _)| (next - begin) as usize);
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            kept.bytes += now.len();
            if let Some(run) = &mut joined {
                run.extend_from_slice(now);
                if let Some((_, slot)) = self.held.range_mut(..begin).next_back() {
                    *slot = std::mem::take(run);
                }
            } else {
                kept.count += 1;
                self.held.insert(begin, now.to_vec());
            }
            (begin, bytes) = (advance(begin, now.len()), later);
        }
        kept
    }

    fn digest(&self) -> PieceDigest {
        PieceDigest {
            len: self.hashed,
            sha1: self.sha1.clone().finalize().into(),
            root: self.tree.root(),
            tail: (self.hashed > 0).then(|| Box::new(self.sha1.clone())),
        }
    }
}

fn advance(begin: u32, len: usize) -> u32 {
    begin.saturating_add(u32::try_from(len).unwrap_or(u32::MAX))
}

/// The leaves of a v2 file's tree: SHA-256 of each 16 KiB.
#[derive(Clone, Debug, Default)]
struct Leaves {
    row: Row,
    leaf: Sha256,
    /// Bytes in the last leaf.
    filled: u32,
}

impl Leaves {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = (LEAF - self.filled) as usize;
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.leaf.update(now);
            bytes = later;
            if now.len() == room {
                self.row.push(std::mem::take(&mut self.leaf).finalize().into());
                self.filled = 0;
            } else {
                self.filled = advance(self.filled, now.len());
            }
        }
    }

    fn root(&self) -> Option<[u8; 32]> {
        let mut row = self.row.clone();
        if self.filled > 0 {
            row.push(self.leaf.clone().finalize().into());
        }
        row.root(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::content::merkle::parent;

    fn budget() -> Budget {
        Budget::new(16 << 20)
    }

    fn piece(seed: u8, len: usize) -> Vec<u8> {
        (0..len).map(|at| seed.wrapping_add(u8::try_from(at % 253).unwrap())).collect()
    }

    fn sha1(bytes: &[u8]) -> [u8; 20] {
        Sha1::digest(bytes).into()
    }

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn a_piece_in_order_gives_both_digests() {
        let (mut digests, mut budget) = (PieceDigests::default(), budget());
        let bytes = piece(1, 40_000);
        for (at, block) in bytes.chunks(16384).enumerate() {
            digests.feed(7, u32::try_from(at * 16384).unwrap(), block, &mut budget);
        }
        let digest = &digests.digests()[&7];
        assert_eq!((digest.len, digest.sha1), (40_000, sha1(&bytes)));
        let [a, b, c] = [&bytes[..16384], &bytes[16384..32768], &bytes[32768..]].map(sha256);
        assert_eq!(digest.root, Some(parent(&parent(&a, &b), &parent(&c, &[0; 32]))));
        assert_eq!(digest.padded_sha1(5000), Some(sha1(&[bytes, vec![0; 5000]].concat())));
    }

    #[test]
    fn what_comes_too_early_waits_and_is_gone_once_hashed() {
        let (mut digests, mut budget) = (PieceDigests::default(), budget());
        let bytes = piece(1, 1000);
        digests.feed(0, 600, &bytes[600..], &mut budget);
        digests.feed(0, 300, &bytes[300..500], &mut budget);
        assert_eq!(digests.digests()[&0].len, 0, "the first byte has not come");
        assert_eq!(budget.now, OPEN_COST + 600 + 2 * RUN_COST);
        digests.feed(0, 0, &bytes[..350], &mut budget);
        assert_eq!(digests.digests()[&0].len, 500);
        digests.feed(0, 500, &bytes[500..700], &mut budget);
        assert_eq!((digests.digests()[&0].len, digests.digests()[&0].sha1), (1000, sha1(&bytes)));
        assert_eq!((budget.now, digests.held, digests.counts().late), (OPEN_COST, 0, 150));
    }

    #[test]
    fn of_bytes_that_come_twice_the_first_count() {
        let (mut digests, mut budget) = (PieceDigests::default(), budget());
        digests.feed(0, 2, b"cd", &mut budget);
        digests.feed(0, 1, b"BCDE", &mut budget);
        digests.feed(0, 0, b"ab", &mut budget);
        digests.feed(0, 0, b"xxxxxf", &mut budget);
        assert_eq!(digests.digests()[&0].sha1, sha1(b"aBcdEf"));
    }

    #[test]
    fn the_piece_without_news_is_closed_for_a_ninth() {
        let (mut digests, mut budget) = (PieceDigests::default(), budget());
        for index in 0..8 {
            digests.feed(index, 0, b"ab", &mut budget);
        }
        digests.feed(0, 2, b"cd", &mut budget);
        digests.feed(8, 0, b"ab", &mut budget);
        digests.feed(1, 2, b"cd", &mut budget);
        digests.feed(0, 4, b"ef", &mut budget);
        let lens: Vec<_> = digests.digests().values().map(|digest| digest.len).collect();
        assert_eq!(lens, [6, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(digests.counts().late, 2);
        assert_eq!(budget.now, 8 * OPEN_COST + CLOSED_COST);
    }

    #[test]
    fn a_lost_piece_keeps_its_beginning_and_takes_no_more() {
        let (mut digests, mut budget) = (PieceDigests::default(), budget());
        digests.feed(0, 0, b"ab", &mut budget);
        digests.feed(0, 9, b"waits", &mut budget);
        digests.lose(0, &mut budget);
        digests.lose(1, &mut budget);
        digests.feed(0, 2, b"c", &mut budget);
        assert_eq!(digests.digests()[&0].len, 2);
        assert_eq!((digests.counts().stranded, digests.counts().late), (5, 1));
        let (closed, _) = digests.finish(&mut budget);
        assert_eq!((closed.len(), budget.now), (1, 0));
    }

    #[test]
    fn what_waits_is_bounded_and_then_given_up_with_its_piece() {
        let (mut digests, mut budget) = (PieceDigests::default(), budget());
        let block = [1; 16384];
        for at in 1..60 {
            digests.feed(0, at * 16384, &block, &mut budget);
            assert!(digests.held <= HELD);
        }
        assert_eq!((digests.held, digests.open.len(), budget.hits), (0, 0, 0));
        let mut tight = Budget::new(2 * OPEN_COST);
        let mut digests = PieceDigests::default();
        digests.feed(0, 9, &block, &mut tight);
        digests.feed(1, 0, b"a", &mut tight);
        digests.feed(2, 0, b"a", &mut tight);
        assert_eq!((digests.counts().stranded, digests.counts().refused), (16384, 1));
        assert!(tight.now <= tight.cap && tight.hits == 2, "{tight:?}");
    }

    #[test]
    fn no_piece_is_longer_than_the_longest() {
        let (mut digests, mut budget) = (PieceDigests::default(), budget());
        digests.feed(0, MAX_PIECE, b"x", &mut budget);
        digests.feed(0, u32::MAX, b"x", &mut budget);
        assert_eq!((digests.counts().refused, budget.now), (2, 0));
    }

    proptest! {
        #[test]
        fn any_cut_and_any_order_of_blocks_gives_the_same_digests(
            order in Just((0..24_usize).collect::<Vec<_>>()).prop_shuffle(),
            cuts in prop::collection::vec(1..9_usize, 24),
        ) {
            // Three pieces of eight blocks of eight bytes, each block cut in two.
            let pieces = [1, 2, 3].map(|seed| piece(seed, 64));
            let (mut digests, mut budget) = (PieceDigests::default(), budget());
            for at in order {
                let (index, begin) = (at / 8, at % 8 * 8);
                let (head, tail) = pieces[index][begin..begin + 8].split_at(cuts[at].min(8));
                let (index, begin) = (u32::try_from(index).unwrap(), u32::try_from(begin).unwrap());
                digests.feed(index, begin, head, &mut budget);
                digests.feed(index, begin + u32::try_from(head.len()).unwrap(), tail, &mut budget);
            }
            for (piece, digest) in pieces.iter().zip(digests.digests().values()) {
                prop_assert_eq!((digest.len, digest.sha1, digest.root), (64, sha1(piece), Some(sha256(piece))));
            }
            prop_assert_eq!((budget.now, digests.counts()), (3 * OPEN_COST, &PieceCounts::default()));
        }

        #[test]
        fn any_runs_stay_within_bounds_and_what_is_hashed_is_what_came_first(
            runs in prop::collection::vec((0..11_u32, 0..90_u32, prop::collection::vec(any::<u8>(), 0..40)), 0..120),
        ) {
            let (mut digests, mut budget) = (PieceDigests::default(), Budget::new(14_000));
            let mut first = vec![[None; 140]; 11];
            for (index, begin, bytes) in &runs {
                for (at, byte) in bytes.iter().enumerate() {
                    first[*index as usize][*begin as usize + at].get_or_insert(*byte);
                }
                digests.feed(*index, *begin, bytes, &mut budget);
                prop_assert!(budget.now <= budget.cap);
                let held: usize = digests.open.iter().flat_map(|open| open.held.values()).map(|run| run.len() + RUN_COST).sum();
                prop_assert_eq!(digests.held, held);
                prop_assert_eq!(budget.now, held + OPEN_COST * digests.open.len() + CLOSED_COST * digests.closed.len());
            }
            if budget.hits == 0 {
                for (index, digest) in digests.digests() {
                    let bytes: Option<Vec<u8>> = first[index as usize][..digest.len as usize].iter().copied().collect();
                    prop_assert_eq!(digest.sha1, sha1(&bytes.unwrap()));
                }
            }
            let counted: u64 = digests.digests().values().map(|digest| u64::from(digest.len)).sum();
            let fed: usize = runs.iter().map(|(.., bytes)| bytes.len()).sum();
            prop_assert!(counted <= fed as u64);
            digests.finish(&mut budget);
            prop_assert_eq!(budget.now, 0);
        }
    }
}
