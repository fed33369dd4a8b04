//! A vector whose free places are used again.

use std::num::NonZeroU32;

use auditor_prefetch::prefetch;

/// A place in a [`Slab`]: the index plus one, so that an absent one costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(NonZeroU32);

impl Place {
    fn new(index: usize) -> Option<Self> {
        u32::try_from(index + 1).ok().and_then(NonZeroU32::new).map(Self)
    }

    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// Values that stay where they are put.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    values: Vec<Option<T>>,
    free: Vec<Place>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// An empty one, with room for so many values.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { values: Vec::with_capacity(capacity), free: Vec::new() }
    }

    /// How many values are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    /// Whether no value is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a value in.
    ///
    /// # Panics
    /// With 4 billion values in it, which every user's cap forbids.
    pub fn insert(&mut self, value: T) -> Place {
        if let Some(place) = self.free.pop()
            && let Some(slot) = self.values.get_mut(place.index())
        {
            *slot = Some(value);
            return place;
        }
        self.values.push(Some(value));
        #[expect(clippy::expect_used, reason = "capped far below by every user")]
        Place::new(self.values.len() - 1).expect("fewer than 2^32 - 1 values")
    }

    /// Takes a value out.
    pub fn remove(&mut self, place: Place) -> Option<T> {
        let value = self.values.get_mut(place.index())?.take()?;
        self.free.push(place);
        Some(value)
    }

    /// The value at a place.
    #[inline]
    #[must_use]
    pub fn get(&self, place: Place) -> Option<&T> {
        self.values.get(place.index())?.as_ref()
    }

    /// Has the value at a place fetched.
    #[inline]
    pub fn prefetch(&self, place: Place) {
        if let Some(value) = self.values.get(place.index()) {
            prefetch(value);
        }
    }

    /// The value at a place, to change.
    #[inline]
    pub fn get_mut(&mut self, place: Place) -> Option<&mut T> {
        self.values.get_mut(place.index())?.as_mut()
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.values.iter().flatten()
    }

    /// The places of the values that `choose` chooses.
    pub fn places(&self, mut choose: impl FnMut(&T) -> bool) -> Vec<Place> {
        let values = self.values.iter().enumerate();
        values
            .filter(|(_, value)| value.as_ref().is_some_and(&mut choose))
            .filter_map(|(at, _)| Place::new(at))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_place_is_used_again() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        assert_eq!(slab.remove(a), Some("a"));
        assert_eq!(slab.remove(a), None);
        assert_eq!(slab.insert("c"), a);
        assert_eq!((slab.get(a), slab.get(b), slab.len()), (Some(&"c"), Some(&"b"), 2));
        assert_eq!(slab.places(|value| *value == "b"), [b]);
    }
}
