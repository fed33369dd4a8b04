//! When something was seen, and in which frames.

use crate::time::Timestamp;

/// A frame's place: which capture, and its 1-based number there, as Wireshark counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameRef {
    /// The capture's index in the run.
    pub capture: u32,
    /// The frame's number in it.
    pub number: u64,
}

/// When something was seen, and in which frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The frame's time.
    pub time: Timestamp,
    /// The frame.
    pub frame: FrameRef,
}

/// From first to last sight, with the frames that prove it: the first few and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// At most [`Span::PROOFS`], the earliest, in order.
    proofs: Vec<Stamp>,
    /// No frame after this time can become a proof: there are enough that are earlier.
    settled: Timestamp,
}

impl Span {
    /// How many frames are kept as proof.
    pub const PROOFS: usize = 4;

    /// Begins at `stamp`.
    #[must_use]
    pub fn at(stamp: Stamp) -> Self {
        Self { first: stamp.time, last: stamp.time, proofs: vec![stamp], settled: Timestamp(i64::MAX) }
    }

    /// Widens to `stamp`.
    pub fn extend(&mut self, stamp: Stamp) {
        self.first = self.first.min(stamp.time);
        self.last = self.last.max(stamp.time);
        self.prove(stamp);
    }

    /// Joins with `other`.
    pub fn merge(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for stamp in &other.proofs {
            self.prove(*stamp);
        }
    }

    /// How many frames prove it.
    #[must_use]
    pub const fn proofs(&self) -> usize {
        self.proofs.len()
    }

    /// The frames that prove it, in order of time.
    pub fn frames(&self) -> impl Iterator<Item = FrameRef> + '_ {
        self.proofs.iter().map(|stamp| stamp.frame)
    }

    /// Keeps a frame if it is among the earliest. Which are kept depends on no order of arrival, so that workers who
    /// each saw a part keep together what one would.
    fn prove(&mut self, stamp: Stamp) {
        if stamp.time > self.settled {
            return;
        }
        if let Err(place) = self.proofs.binary_search(&stamp) {
            self.proofs.insert(place, stamp);
            self.proofs.truncate(Self::PROOFS);
        }
        if let Some(last) = self.proofs.get(Self::PROOFS - 1) {
            self.settled = last.time;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(number: u64) -> Stamp {
        Stamp { time: Timestamp(i64::try_from(number).unwrap()), frame: FrameRef { capture: 0, number } }
    }

    #[test]
    fn a_span_keeps_its_first_frames_and_widens() {
        let mut span = Span::at(stamp(5));
        for number in [6, 6, 7, 8, 9, 10] {
            span.extend(stamp(number));
        }
        assert_eq!((span.first, span.last), (Timestamp(5), Timestamp(10)));
        assert_eq!(span.frames().map(|frame| frame.number).collect::<Vec<_>>(), [5, 6, 7, 8]);
    }

    #[test]
    fn a_span_keeps_the_earliest_frames_whatever_their_order_and_whoever_saw_them() {
        let (mut left, mut right) = (Span::at(stamp(9)), Span::at(stamp(4)));
        for number in [7, 5, 8] {
            left.extend(stamp(number));
        }
        right.extend(stamp(6));
        left.merge(&right);
        assert_eq!(left.frames().map(|frame| frame.number).collect::<Vec<_>>(), [4, 5, 6, 7]);
    }
}
