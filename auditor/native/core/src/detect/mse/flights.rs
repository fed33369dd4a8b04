//! The payload of both directions as flights: what one end says before the other answers.

use super::thresholds::{FIFTH_PAUSE, KEPT};
use crate::detect::{Span, Stamp};
use crate::flow::key::{End, Ends};
use crate::time::Timestamp;

/// How many flights tell an obfuscated handshake.
pub const FLIGHTS: usize = 5;

/// One flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flight {
    /// Bytes of payload.
    pub(super) len: u32,
    /// When its first byte came.
    pub(super) first: Timestamp,
    /// When its last byte came.
    pub(super) last: Timestamp,
}

/// The first flights of a flow, from the end that began it on, and its first bytes.
#[derive(Debug, Default)]
pub(super) struct Flights {
    list: [Flight; FLIGHTS],
    begun: usize,
    /// The last flight has ended: by an answer, or by a pause.
    ended: bool,
    /// The other end spoke first.
    turned: bool,
    spans: Ends<Option<Span>>,
    kept: Ends<Kept>,
}

impl Flights {
    /// Takes the next bytes of one direction. Returns those that follow what is kept: there was no room for them.
    pub(super) fn take<'a>(&mut self, end: End, bytes: &'a [u8], stamp: Stamp) -> &'a [u8] {
        self.count(end, bytes.len() as u64, stamp);
        self.kept.at_mut(end).take(bytes, stamp)
    }

    /// Takes bytes of one direction whose content is not known.
    pub(super) fn skip(&mut self, end: End, missing: u64, stamp: Stamp) {
        self.count(end, missing, stamp);
        self.kept.at_mut(end).broken = true;
    }

    /// How many flights have begun.
    #[must_use]
    pub(super) const fn begun(&self) -> usize {
        self.begun
    }

    /// Whether all flights have ended.
    #[must_use]
    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the end that did not begin the flow spoke first.
    #[must_use]
    pub(super) const fn turned(&self) -> bool {
        self.turned
    }

    /// The length of a flight, counted from one; zero where it has not begun.
    #[must_use]
    pub(super) fn len(&self, number: usize) -> u32 {
        number.checked_sub(1).and_then(|index| self.list.get(index)).map_or(0, |flight| flight.len)
    }

    /// The lengths of all flights.
    #[must_use]
    pub(super) fn lens(&self) -> [u32; FLIGHTS] {
        self.list.map(|flight| flight.len)
    }

    /// When one end sent its flights, and in which frames.
    #[must_use]
    pub(super) const fn span(&self, end: End) -> Option<&Span> {
        self.spans.at(end).as_ref()
    }

    /// The first bytes of one direction.
    #[must_use]
    pub(super) const fn kept(&self, end: End) -> &Kept {
        self.kept.at(end)
    }

    /// Forgets the first bytes of one direction.
    pub(super) fn forget(&mut self, end: End) {
        *self.kept.at_mut(end) = Kept { broken: true, ..Kept::default() };
    }

    fn count(&mut self, end: End, size: u64, stamp: Stamp) {
        if self.ended || self.turned || size == 0 {
            return;
        }
        // The flights alternate, so that their number tells who speaks.
        let speaker = if self.begun.is_multiple_of(2) { End::Resp } else { End::Orig };
        let latest = self.begun.checked_sub(1).and_then(|index| self.list.get_mut(index));
        match latest {
            Some(flight) if end == speaker => {
                if self.begun == FLIGHTS && stamp.time.since(flight.last) >= FIFTH_PAUSE {
                    self.ended = true;
                    return;
                }
                flight.len = flight.len.saturating_add(u32::try_from(size).unwrap_or(u32::MAX));
                flight.last = flight.last.max(stamp.time);
            }
            // An answer from before the question was none: its first bytes waited for a detector to be found.
            Some(flight) if self.begun == 1 && stamp.time < flight.first => self.turned = true,
            None if end == End::Resp => self.turned = true,
            _ => {
                let Some(flight) = self.list.get_mut(self.begun) else {
                    self.ended = true;
                    return;
                };
                let len = u32::try_from(size).unwrap_or(u32::MAX);
                *flight = Flight { len, first: stamp.time, last: stamp.time };
                self.begun += 1;
            }
        }
        match self.spans.at_mut(end) {
            Some(span) => span.extend(stamp),
            none => *none = Some(Span::at(stamp)),
        }
    }
}

/// The first bytes of one direction, at most [`KEPT`], with the frames that they came in.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    /// Where in `bytes` those of a frame begin.
    marks: Vec<(usize, Stamp)>,
    /// What follows is not kept: it came after a gap, or there was too much.
    broken: bool,
}

impl Kept {
    /// How many frames are told apart. The bytes of more count as the last one's.
    const MARKS: usize = 64;

    /// The bytes.
    #[must_use]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the next bytes will be kept.
    #[must_use]
    pub(super) const fn is_open(&self) -> bool {
        !self.broken
    }

    /// The bytes from `offset` on, by frame.
    pub(super) fn runs(&self, offset: usize) -> impl Iterator<Item = (&[u8], Stamp)> {
        self.marks.iter().enumerate().filter_map(move |(index, (from, stamp))| {
            let until = self.marks.get(index + 1).map_or(self.bytes.len(), |(next, _)| *next);
            let run = self.bytes.get((*from).max(offset)..until)?;
            (!run.is_empty()).then_some((run, *stamp))
        })
    }

    fn take<'a>(&mut self, bytes: &'a [u8], stamp: Stamp) -> &'a [u8] {
        if self.broken {
            return &[];
        }
        let at = self.bytes.len();
        let (taken, more) = bytes.split_at_checked(KEPT.saturating_sub(at)).unwrap_or((bytes, &[]));
        self.broken = !more.is_empty();
        if self.marks.len() < Self::MARKS && self.marks.last().is_none_or(|(_, last)| *last != stamp) {
            self.marks.push((at, stamp));
        }
        self.bytes.extend_from_slice(taken);
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::FrameRef;

    fn stamp(millis: i64) -> Stamp {
        let number = u64::try_from(millis).unwrap();
        Stamp { time: Timestamp(millis * 1_000_000), frame: FrameRef { capture: 0, number } }
    }

    fn flights(runs: &[(End, usize, i64)]) -> Flights {
        let mut flights = Flights::default();
        for (end, size, millis) in runs {
            flights.take(*end, &vec![7; *size], stamp(*millis));
        }
        flights
    }

    use End::{Orig, Resp};

    #[test]
    fn runs_of_one_end_are_one_flight_until_the_other_answers() {
        let seen = flights(&[(Orig, 50, 0), (Orig, 60, 900), (Resp, 7, 901), (Orig, 5, 902), (Orig, 6, 903)]);
        assert_eq!((seen.lens(), seen.begun(), seen.ended()), ([110, 7, 11, 0, 0], 3, false));
        assert_eq!(seen.span(Orig).unwrap().frames().count(), 4);
        assert_eq!(seen.span(Resp).unwrap().first, stamp(901).time);
    }

    #[test]
    fn the_fifth_ends_with_the_answer_or_with_a_pause() {
        let four = [(Orig, 1, 0), (Resp, 2, 1), (Orig, 3, 2), (Resp, 4, 3), (Orig, 40, 4), (Orig, 28, 50)];
        let after = |end, millis| flights(&[&four[..], &[(end, 9, millis)]].concat());
        assert!(!flights(&four).ended());
        assert_eq!((after(Resp, 51).lens()[4], after(Resp, 51).ended()), (68, true));
        assert_eq!((after(Orig, 250).lens()[4], after(Orig, 250).ended()), (68, true));
        assert_eq!((after(Orig, 249).lens()[4], after(Orig, 249).ended()), (77, false));
    }

    #[test]
    fn an_end_that_speaks_first_without_having_begun_is_noticed() {
        assert!(flights(&[(Resp, 9, 0)]).turned());
        assert!(
            flights(&[(Orig, 9, 5), (Resp, 9, 4)]).turned(),
            "the first bytes of an end are handed on late"
        );
        assert!(!flights(&[(Orig, 9, 4), (Resp, 9, 4)]).turned());
    }

    #[test]
    fn no_more_than_the_first_bytes_are_kept_and_none_after_a_gap() {
        let mut seen = flights(&[(Orig, KEPT - 10, 0), (Orig, 30, 1), (Orig, 5, 2)]);
        assert_eq!((seen.kept(Orig).bytes().len(), seen.len(1)), (KEPT, 1425));
        assert!(!seen.kept(Orig).is_open());
        seen.take(Resp, &[1; 20], stamp(3));
        seen.skip(Resp, 5, stamp(4));
        seen.take(Resp, &[2; 20], stamp(5));
        assert_eq!((seen.kept(Resp).bytes(), seen.len(2)), (&[1; 20][..], 45));
    }

    #[test]
    fn what_is_kept_comes_back_by_frame() {
        let mut kept = Kept::default();
        for number in 0..200 {
            kept.take(&[u8::try_from(number).unwrap(); 2], stamp(number));
        }
        let runs: Vec<_> = kept.runs(3).collect();
        assert_eq!(runs[0], (&[1][..], stamp(1)));
        assert_eq!(runs.len(), Kept::MARKS - 1);
        assert_eq!(runs.iter().map(|(run, _)| run.len()).sum::<usize>(), 397);
        assert_eq!(runs.last().unwrap().1, stamp(63));
    }
}
