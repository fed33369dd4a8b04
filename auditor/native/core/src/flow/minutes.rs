//! Payload bytes per minute of frame time, so that amounts can be split by time later.

use super::key::{End, Ends};
use crate::time::Timestamp;

/// A month of minutes: what one flow may keep. Later bytes go to the last minute kept.
const CAP: usize = 31 * 24 * 60;

/// Nanoseconds in a minute.
const MINUTE: i64 = 60 * Timestamp::SECOND;

/// The place before the first; one more is 0.
const BEFORE_ALL: usize = usize::MAX;

/// Bytes that each end sent, by minute, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minutes(Vec<(i64, Ends<u64>)>);

impl Minutes {
    /// Adds `bytes` sent by `end` at `time`.
    #[inline]
    pub fn add(&mut self, time: Timestamp, end: End, bytes: u64) {
        // Nearly always it is the minute of the bytes before.
        if let Some((last, ends)) = self.0.last_mut()
            && (0..MINUTE).contains(&time.0.wrapping_sub(last.wrapping_mul(MINUTE)))
        {
            *ends.at_mut(end) += bytes;
        } else if bytes > 0 {
            self.add_elsewhere(time, end, bytes);
        }
    }

    #[inline(never)]
    fn add_elsewhere(&mut self, time: Timestamp, end: End, bytes: u64) {
        let minute = time.minute();
        let place = match self.0.last() {
            Some((last, _)) if *last == minute => self.0.len() - 1,
            // Frames are at most a little out of order: the place is near the end.
            _ => self.0.iter().rposition(|(at, _)| *at <= minute).unwrap_or(BEFORE_ALL),
        };
        let full = self.0.len() >= CAP;
        match self.0.get_mut(if full { place.min(CAP - 1) } else { place }) {
            Some((at, ends)) if *at == minute || full => *ends.at_mut(end) += bytes,
            _ => {
                let mut ends = Ends::default();
                *ends.at_mut(end) = bytes;
                self.0.insert(place.wrapping_add(1), (minute, ends));
            }
        }
    }

    /// Says that the ends are the other way round.
    pub fn swap(&mut self) {
        for (_, ends) in &mut self.0 {
            ends.swap();
        }
    }

    /// Adds the minutes of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (minute, ends) in &other.0 {
            let time = Timestamp(minute.saturating_mul(60 * Timestamp::SECOND));
            self.add(time, End::Orig, ends.orig);
            self.add(time, End::Resp, ends.resp);
        }
    }

    /// Each minute since the epoch with the bytes of both ends.
    pub fn iter(&self) -> impl Iterator<Item = (i64, Ends<u64>)> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
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
