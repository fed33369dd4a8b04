//! Payload bytes per minute of frame time, so that amounts can be split by time later.

use std::mem;

use super::key::{End, Ends};
use crate::time::Timestamp;

/// A month of minutes: what one flow may keep. Later bytes go to the last minute kept.
const CAP: usize = 31 * 24 * 60;

/// Nanoseconds in a minute.
const MINUTE: i64 = 60 * Timestamp::SECOND;

/// Bytes that each end sent, by minute, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minutes {
    earlier: Vec<Minute>,
    /// Apart from the others: nearly all bytes are of it, and most flows have no other.
    last: Option<Minute>,
}

/// A minute since the epoch, and what each end sent in it.
type Minute = (i64, Ends<u64>);

impl Minutes {
    /// Adds `bytes` sent by `end` at `time`.
    #[inline]
    pub fn add(&mut self, time: Timestamp, end: End, bytes: u64) {
        if let Some((minute, ends)) = &mut self.last
            && (0..MINUTE).contains(&time.0.wrapping_sub(minute.wrapping_mul(MINUTE)))
        {
            *ends.at_mut(end) += bytes;
        } else if bytes > 0 {
            self.add_elsewhere(time.minute(), end, bytes);
        }
    }

    #[inline(never)]
    fn add_elsewhere(&mut self, minute: i64, end: End, bytes: u64) {
        let mut ends = Ends::default();
        *ends.at_mut(end) = bytes;
        let new = (minute, ends);
        let Some(last) = &mut self.last else {
            self.last = Some(new);
            return;
        };
        let full = self.earlier.len() + 1 >= CAP;
        if minute > last.0 && !full {
            self.earlier.push(mem::replace(last, new));
            return;
        }
        // Frames are at most a little out of order: the place is near the end.
        let before = self.earlier.iter().rposition(|(at, _)| *at <= minute);
        let known = match before {
            _ if minute >= last.0 => Some(last),
            Some(place) => self.earlier.get_mut(place),
            None => full.then_some(last),
        };
        match known {
            Some((at, ends)) if *at == minute || full => *ends.at_mut(end) += bytes,
            _ => self.earlier.insert(before.map_or(0, |place| place + 1), new),
        }
    }

    /// Says that the ends are the other way round.
    pub fn swap(&mut self) {
        for (_, ends) in self.earlier.iter_mut().chain(&mut self.last) {
            ends.swap();
        }
    }

    /// Adds the minutes of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (minute, ends) in other.iter() {
            let time = Timestamp(minute.saturating_mul(60 * Timestamp::SECOND));
            self.add(time, End::Orig, ends.orig);
            self.add(time, End::Resp, ends.resp);
        }
    }

    /// Each minute since the epoch with the bytes of both ends.
    pub fn iter(&self) -> impl Iterator<Item = (i64, Ends<u64>)> + '_ {
        self.earlier.iter().chain(&self.last).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp(minute * 60 * Timestamp::SECOND)
    }

    #[test]
    fn bytes_fall_into_the_minute_of_their_frame_whatever_the_order() {
        let mut minutes = Minutes::default();
        for (minute, end, bytes) in
            [(5, End::Orig, 1), (6, End::Resp, 2), (5, End::Resp, 4), (3, End::Orig, 8)]
        {
            minutes.add(at(minute), end, bytes);
        }
        let seen: Vec<_> = minutes.iter().map(|(minute, ends)| (minute, ends.orig, ends.resp)).collect();
        assert_eq!(seen, [(3, 8, 0), (5, 1, 4), (6, 0, 2)]);
    }

    proptest! {
        #[test]
        fn each_minute_has_its_bytes_whatever_came_before_it(
            steps in prop::collection::vec((-9..9_i64, any::<bool>(), 0..5_u64), 0..60),
        ) {
            let (mut minutes, mut model) = (Minutes::default(), BTreeMap::<i64, Ends<u64>>::new());
            for (minute, by_orig, bytes) in steps {
                let end = if by_orig { End::Orig } else { End::Resp };
                minutes.add(at(minute), end, bytes);
                if bytes > 0 {
                    *model.entry(minute).or_default().at_mut(end) += bytes;
                }
            }
            prop_assert_eq!(minutes.iter().collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn who_sends_for_months_has_the_rest_in_the_last_minute_kept() {
        let mut minutes = Minutes::default();
        let most = i64::try_from(CAP).unwrap();
        for minute in (0..most + 50).chain([most + 9, 3, -1]) {
            minutes.add(at(minute), End::Orig, 1);
        }
        let seen: Vec<_> = minutes.iter().map(|(minute, ends)| (minute, ends.orig)).collect();
        assert_eq!((seen.len(), seen[0], seen[3], seen[CAP - 1]), (CAP, (0, 1), (3, 2), (most - 1, 53)));
    }

    #[test]
    fn merging_equals_adding_in_one() {
        let (mut left, mut right, mut whole) = (Minutes::default(), Minutes::default(), Minutes::default());
        for minute in 0..50 {
            let part = if minute % 3 == 0 { &mut left } else { &mut right };
            part.add(at(minute / 2), End::Orig, 7);
            whole.add(at(minute / 2), End::Orig, 7);
        }
        left.merge(&right);
        assert_eq!(left, whole);
    }
}
