//! Where what has a hash is: the flows' index, in which a packet's entry can be fetched long before it is read.
//!
//! Open addressing with linear probing, never more than half full: what is looked for is nearly always in the one line of
//! the cache that was asked for. Entries are hash and place alone, so that neither growing nor passing over another's
//! entry looks at the flows. A removed entry leaves no mark: those behind it move up. Who does not know the seed of the
//! hashes cannot crowd one part of it.

use auditor_prefetch::prefetch;

use super::slab::Place;

/// The first size; a power of two, like all others.
const LEAST: usize = 64;

/// Places by the hashes of what is there.
#[derive(Debug)]
pub(super) struct Index {
    /// The place above, the hash below; 0 is free, since no place is.
    entries: Vec<u64>,
    len: usize,
}

impl Index {
    pub(super) fn new() -> Self {
        Self { entries: vec![0; LEAST], len: 0 }
    }

    /// Has the entries of this hash fetched.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        if let Some(entry) = self.entries.get(self.home(hash)) {
            prefetch(entry);
        }
    }

    /// The first place of this hash that `is_it`.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(Place) -> bool) -> Option<Place> {
        let at = self.position(hash, |place| is_it(place))?;
        self.entries.get(at).copied().and_then(place)
    }

    /// Puts a place in.
    pub(super) fn insert(&mut self, hash: u32, place: Place) {
        if (self.len + 1) * 2 > self.entries.len() {
            self.grow();
        }
        self.len += 1;
        self.put(u64::from(place.number()) << 32 | u64::from(hash));
    }

    /// Takes a place out, if it is there.
    pub(super) fn remove(&mut self, hash: u32, place: Place) {
        let Some(mut hole) = self.position(hash, |other| other == place) else { return };
        self.len -= 1;
        let mask = self.mask();
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(entry) = self.entries.get(at).copied().filter(|entry| *entry != 0) else { break };
            // It moves up unless it is between its home and the hole that it would be put before.
            let home = self.home(short(entry));
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.set(hole, entry);
                hole = at;
            }
        }
        self.set(hole, 0);
    }

    /// Takes all out.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    #[inline]
    fn position(&self, hash: u32, mut is_it: impl FnMut(Place) -> bool) -> Option<usize> {
        let mask = self.mask();
        let mut at = self.home(hash);
        // Half of the entries are free, so this ends.
        while let Some(entry) = self.entries.get(at & mask).copied()
            && let Some(place) = place(entry)
        {
            if short(entry) == hash && is_it(place) {
                return Some(at & mask);
            }
            at += 1;
        }
        None
    }

    fn put(&mut self, entry: u64) {
        let mask = self.mask();
        let mut at = self.home(short(entry));
        while self.entries.get(at).is_some_and(|other| *other != 0) {
            at = (at + 1) & mask;
        }
        self.set(at, entry);
    }

    fn set(&mut self, at: usize, entry: u64) {
        if let Some(slot) = self.entries.get_mut(at) {
            *slot = entry;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![0; self.entries.len() * 2];
        for entry in std::mem::replace(&mut self.entries, larger) {
            if entry != 0 {
                self.put(entry);
            }
        }
    }

    #[inline]
    const fn mask(&self) -> usize {
        self.entries.len().wrapping_sub(1)
    }

    #[inline]
    const fn home(&self, hash: u32) -> usize {
        hash as usize & self.mask()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the hash is the lower half")]
const fn short(entry: u64) -> u32 {
    entry as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the place is the upper half")]
const fn place(entry: u64) -> Option<Place> {
    Place::from_number((entry >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn place(number: u32) -> Place {
        Place::from_number(number + 1).unwrap()
    }

    proptest! {
        #[test]
        fn whatever_is_put_in_and_taken_out_what_is_left_is_found(
            steps in prop::collection::vec((0..40_u32, any::<bool>(), 0..4_u32), 0..600),
        ) {
            let (mut index, mut model) = (Index::new(), BTreeMap::new());
            for (number, puts, spread) in steps {
                // Few homes, some at the end, so that entries crowd and wrap around; and equal hashes.
                let hash = |number: u32, spread: u32| (60 + number % 9).wrapping_add(spread << 20);
                if puts && !model.contains_key(&number) {
                    model.insert(number, hash(number, spread));
                    index.insert(hash(number, spread), place(number));
                } else if let Some(hash) = model.remove(&number) {
                    index.remove(hash, place(number));
                }
                for other in 0..40 {
                    let hash = model.get(&other).copied();
                    let found = index.find(hash.unwrap_or(60), |it| it == place(other));
                    prop_assert_eq!(found, hash.map(|_| place(other)));
                }
            }
            prop_assert_eq!(index.len, model.len());
            prop_assert_eq!(index.entries.iter().filter(|entry| **entry != 0).count(), model.len());
        }
    }

    #[test]
    fn it_grows_and_is_never_more_than_half_full() {
        let mut index = Index::new();
        for number in 0..100_000_u32 {
            index.insert(number.wrapping_mul(0x9e37_79b9), place(number));
            assert!(index.len * 2 <= index.entries.len());
        }
        for number in 0..100_000_u32 {
            assert_eq!(index.find(number.wrapping_mul(0x9e37_79b9), |_| true), Some(place(number)));
        }
        assert!(index.entries.len() <= 4 * 100_000);
    }
}
