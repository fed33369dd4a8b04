//! What was handed over of a flow or an activity while it is open, and when it is to be handed over again.
//!
//! Amounts alone are handed over a second later at the earliest. Each time the whole is, and what has gone on for long is
//! large: so of that, a thousandth of its age later.

use std::mem;

use crate::time::Timestamp;

/// What was handed over of one flow or activity.
#[derive(Clone, Copy, Debug, Default)]
pub struct Handed {
    /// Its number; 0 before the first time.
    pub number: u64,
    /// It was handed over.
    is_known: bool,
    /// It may have changed since it was last asked what it shows.
    is_marked: bool,
    /// It may have new proofs since it was last asked for them; and how many it had then.
    is_uncited: bool,
    proofs: u32,
    /// When it was last handed over, and when it was last asked.
    last: Timestamp,
    asked: Timestamp,
    /// What it showed.
    shown: Shown,
}

/// As much of what a flow or activity shows as tells whether there is more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// How many things.
    pub count: u32,
    /// How sure they are, together.
    pub confidence: u32,
}

/// The shortest time between two hand-overs of amounts alone.
pub const AMOUNTS: i64 = Timestamp::SECOND;

/// The shortest time between two looks for what is new in something that was handed over.
const LOOK: i64 = Timestamp::SECOND / 4;

/// The part of its age after which something is handed over again.
const AGE_PART: i64 = 1024;

impl Handed {
    /// Marks it as changed. Answers whether it was not.
    #[inline]
    pub const fn mark(&mut self) -> bool {
        !mem::replace(&mut self.is_marked, true)
    }

    /// Marks it as one that may have new proofs. Answers whether it was not.
    #[inline]
    pub const fn mark_uncited(&mut self) -> bool {
        !mem::replace(&mut self.is_uncited, true)
    }

    /// Takes in how many proofs there are. Answers whether there may be new ones: it then is no longer marked for them.
    pub fn cites(&mut self, proofs: usize) -> bool {
        let proofs = u32::try_from(proofs).unwrap_or(u32::MAX);
        mem::replace(&mut self.is_uncited, false) && mem::replace(&mut self.proofs, proofs) != proofs
    }

    /// Takes in that nobody needs to ask before it changes again.
    pub const fn unmark(&mut self) {
        self.is_marked = false;
    }

    /// Whether it is marked.
    #[must_use]
    pub const fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// Whether it is time to ask what it shows.
    #[must_use]
    pub const fn is_due(&self, now: Timestamp) -> bool {
        !self.is_known || now.since(self.asked) >= LOOK
    }

    /// Takes in what it shows. Answers whether it is to be handed over: it has a number then, after `last` where it had
    /// none, and is no longer marked. Amounts alone wait for `patience`.
    pub fn shows(&mut self, shown: Shown, now: Timestamp, patience: i64, last: &mut u64) -> bool {
        self.asked = now;
        let is_news = !self.is_known || shown != self.shown || now.since(self.last) >= patience;
        if is_news {
            (self.is_known, self.is_marked, self.last, self.shown) = (true, false, now, shown);
            self.take_number(last);
        }
        is_news
    }

    /// Its number, the one after `last` where it has none.
    pub const fn take_number(&mut self, last: &mut u64) -> u64 {
        if self.number == 0 {
            *last += 1;
            self.number = *last;
        }
        self.number
    }
}

/// How long the amounts of what began at `first` are kept back, `least` or longer.
#[must_use]
pub fn patience(first: Timestamp, now: Timestamp, least: i64) -> i64 {
    least.max(now.since(first) / AGE_PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp(milliseconds * 1_000_000)
    }

    #[test]
    fn what_is_new_is_handed_over_at_once_and_amounts_a_second_later() {
        let (mut handed, mut last) = (Handed::default(), 6);
        let one = Shown { count: 1, confidence: 3 };
        let two = Shown { count: 2, confidence: 6 };
        let story =
            [(0, one, true), (900, one, false), (950, two, true), (1900, two, false), (1950, two, true)];
        for (time, shown, expected) in story {
            handed.mark();
            assert_eq!(handed.shows(shown, at(time), AMOUNTS, &mut last), expected, "at {time}");
            assert_eq!((handed.number, handed.is_marked()), (7, !expected));
        }
        assert!(handed.is_due(at(2300)) && !handed.is_due(at(2100)));
    }

    #[test]
    fn what_has_gone_on_for_a_day_waits_for_more_than_a_minute() {
        assert_eq!(patience(at(0), at(5000), AMOUNTS), AMOUNTS);
        assert!(patience(at(0), at(86_400_000), AMOUNTS) > 80 * Timestamp::SECOND);
    }
}
