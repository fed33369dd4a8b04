//! The last few packets of a flow, to know one that the vantage point delivered twice.

/// A frame seen again within this time is the same frame: a router hands it on in far less, and no stack repeats
/// an IP identification, sequence number and payload that soon.
pub const TWICE_WITHIN: i64 = 10_000_000;

/// Marks of a flow's last `N` packets, while they follow each other closely.
#[derive(Clone, Copy, Debug)]
pub struct Recent<const N: usize> {
    marks: [u32; N],
    next: u8,
    held: u8,
}

impl<const N: usize> Default for Recent<N> {
    fn default() -> Self {
        Self { marks: [0; N], next: 0, held: 0 }
    }
}

impl<const N: usize> Recent<N> {
    /// Whether the packet marked `mark` is one of those that are remembered.
    #[must_use]
    pub fn holds(&self, mark: u32) -> bool {
        self.marks.iter().take(usize::from(self.held)).any(|seen| *seen == mark)
    }

    /// Whether the packet marked `mark` is one of the last; if not, remembers it. `pause` is the time in nanoseconds
    /// since the flow's packet before it: after more than [`TWICE_WITHIN`] all earlier ones are forgotten.
    pub fn repeats(&mut self, mark: u32, pause: i64) -> bool {
        if pause > TWICE_WITHIN {
            self.held = 0;
        }
        if self.holds(mark) {
            return true;
        }
        if self.held == 0 {
            self.next = 0;
        }
        if let Some(slot) = self.marks.get_mut(usize::from(self.next)) {
            *slot = mark;
        }
        #[expect(clippy::cast_possible_truncation, reason = "N is a small constant")]
        let places = N as u8;
        self.next = (self.next + 1) % places;
        self.held = (self.held + 1).min(places);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_repeats_until_ten_milliseconds_pass_without_a_packet() {
        let mut recent = Recent::<4>::default();
        assert!(!recent.repeats(7, i64::MAX));
        assert!(recent.repeats(7, TWICE_WITHIN));
        assert!(!recent.repeats(7, TWICE_WITHIN + 1));
    }

    #[test]
    fn as_many_packets_as_there_are_places_may_come_between() {
        let mut recent = Recent::<4>::default();
        for mark in 1..=4 {
            assert!(!recent.repeats(mark, 0));
        }
        for mark in 1..=4 {
            assert!(recent.repeats(mark, 0));
        }
        assert!(!recent.repeats(5, 0));
        assert!(!recent.repeats(1, 0), "pushed out by the fifth");
    }
}
