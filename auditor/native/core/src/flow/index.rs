//! A table of small entries, each of which can be fetched long before it is read.
//!
//! Open addressing with linear probing, never more than half full: what is looked for is nearly always in the one line of
//! the cache that was asked for. Entries hold their hash, so that neither growing nor passing over another's entry looks
//! elsewhere. A removed entry leaves no mark: those behind it move up. Who does not know the seed of the hashes cannot
//! crowd one part of it.

use std::mem;

use auditor_prefetch::prefetch;

/// How many places are looked at before any other.
const NEAR: usize = 3;

/// The first size; a power of two, like all others.
const LEAST: usize = 16;

/// What a table holds. Its default is no entry, but a free place.
pub(crate) trait Entry: Copy + Default {
    /// Of the hash as much as is kept, the lower bits at least.
    fn hash(&self) -> u64;
    /// Whether it is none.
    fn is_free(&self) -> bool;
}

/// Entries by their hashes.
#[derive(Clone, Debug)]
pub(crate) struct Index<E> {
    entries: Vec<E>,
    len: usize,
}

impl<E> Default for Index<E> {
    fn default() -> Self {
        Self { entries: Vec::new(), len: 0 }
    }
}

impl<E: Entry> Index<E> {
    /// An empty one, for which no memory is taken yet.
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), len: 0 }
    }

    /// How many entries are in it.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Has the entries of this hash fetched.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64) {
        if let Some([first, .., last]) = self.near(hash) {
            prefetch(first);
            // Where others have the first places, what is looked for may be in the next line of the cache.
            prefetch(last);
        }
    }

    /// The places where an entry of this hash is first looked for: those that [`Self::prefetch`] has fetched.
    #[inline]
    pub(crate) fn near(&self, hash: u64) -> Option<&[E; NEAR]> {
        self.entries.get(self.home(hash)..)?.first_chunk()
    }

    /// The first entry of this hash that `is_it`.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_it: impl FnMut(&E) -> bool) -> Option<&E> {
        self.entries.get(self.position(hash, is_it)?)
    }

    /// The first entry of this hash that `is_it`, to change but for its hash.
    #[inline]
    pub(crate) fn find_mut(&mut self, hash: u64, is_it: impl FnMut(&E) -> bool) -> Option<&mut E> {
        let at = self.position(hash, is_it)?;
        self.entries.get_mut(at)
    }

    /// Puts an entry in.
    pub(crate) fn insert(&mut self, entry: E) {
        if (self.len + 1) * 2 > self.entries.len() {
            self.rebuild((self.entries.len() * 2).max(LEAST), |_| true);
        }
        self.put(entry);
    }

    /// Takes the first entry of this hash that `is_it` out.
    pub(crate) fn remove(&mut self, hash: u64, is_it: impl FnMut(&E) -> bool) {
        let Some(mut hole) = self.position(hash, is_it) else { return };
        self.len -= 1;
        let mask = self.mask();
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(entry) = self.entries.get(at).copied().filter(|entry| !entry.is_free()) else { break };
            // It moves up unless its home is behind the hole.
            let wanted = self.home(entry.hash());
            if (at.wrapping_sub(wanted) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.set(hole, entry);
                hole = at;
            }
        }
        self.set(hole, E::default());
    }

    /// Takes all out but what `stays`.
    pub(crate) fn retain(&mut self, stays: impl FnMut(&E) -> bool) {
        self.rebuild(self.entries.len(), stays);
    }

    /// Takes all out.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// The most entries that any one is behind its home.
    #[cfg(test)]
    pub(crate) fn farthest(&self) -> usize {
        let behind = |(at, entry): (usize, &E)| at.wrapping_sub(self.home(entry.hash())) & self.mask();
        let taken = self.entries.iter().enumerate().filter(|(_, entry)| !entry.is_free());
        taken.map(behind).max().unwrap_or(0)
    }

    #[inline]
    fn position(&self, hash: u64, mut is_it: impl FnMut(&E) -> bool) -> Option<usize> {
        let mask = self.mask();
        let mut at = self.home(hash);
        // Half of the places are free, so this ends.
        while let Some(entry) = self.entries.get(at & mask)
            && !entry.is_free()
        {
            if is_it(entry) {
                return Some(at & mask);
            }
            at += 1;
        }
        None
    }

    fn put(&mut self, entry: E) {
        let mask = self.mask();
        let mut at = self.home(entry.hash());
        while self.entries.get(at).is_some_and(|other| !other.is_free()) {
            at = (at + 1) & mask;
        }
        self.set(at, entry);
        self.len += 1;
    }

    fn set(&mut self, at: usize, entry: E) {
        if let Some(place) = self.entries.get_mut(at) {
            *place = entry;
        }
    }

    #[cold]
    fn rebuild(&mut self, size: usize, mut stays: impl FnMut(&E) -> bool) {
        self.len = 0;
        for entry in mem::replace(&mut self.entries, vec![E::default(); size]) {
            if !entry.is_free() && stays(&entry) {
                self.put(entry);
            }
        }
    }

    #[inline]
    const fn mask(&self) -> usize {
        self.entries.len().wrapping_sub(1)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower bits are wanted")]
    const fn home(&self, hash: u64) -> usize {
        hash as usize & self.mask()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A hash, and a number that is not 0.
    impl Entry for (u64, u8) {
        fn hash(&self) -> u64 {
            self.0
        }

        fn is_free(&self) -> bool {
            self.1 == 0
        }
    }

    proptest! {
        #[test]
        fn whatever_is_put_in_and_taken_out_what_is_left_is_found(
            steps in prop::collection::vec((1..40_u8, 0..10_u8, 0..4_u64), 0..600),
        ) {
            let (mut index, mut model) = (Index::new(), BTreeMap::new());
            for (number, step, spread) in steps {
                // Few homes, some at the end, so that entries crowd and wrap around; and equal hashes.
                let hash = 60 + u64::from(number % 9) + (spread << 20);
                if step == 0 {
                    index.retain(|(_, other)| other % 3 != 0);
                    model.retain(|other, _| other % 3 != 0);
                } else if let Some(hash) = model.remove(&number) {
                    index.remove(hash, |(_, other)| *other == number);
                } else {
                    model.insert(number, hash);
                    index.insert((hash, number));
                }
                for other in 1..40 {
                    let hash = model.get(&other).copied();
                    let found = index.find(hash.unwrap_or(60), |(_, it)| *it == other).copied();
                    prop_assert_eq!(found, hash.map(|hash| (hash, other)));
                }
            }
            prop_assert_eq!(index.len(), model.len());
            prop_assert_eq!(index.entries.iter().filter(|entry| !entry.is_free()).count(), model.len());
        }
    }

    #[test]
    fn it_grows_and_is_never_more_than_half_full() {
        let mut index = Index::new();
        let hashes = (0..100_000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20);
        for hash in hashes.clone() {
            index.insert((hash, 1));
            assert!(index.len() * 2 <= index.entries.len());
        }
        for hash in hashes {
            assert!(index.find(hash, |(other, _)| *other == hash).is_some());
        }
        assert!(index.entries.len() <= 4 * 100_000);
    }
}
