//! One direction of a TCP connection, put back in order (RFC 9293 §3.4, serial arithmetic of RFC 1982).
//!
//! Bytes are handed on as soon as they are in order; what comes early is held, within [`Window`]. The first copy of
//! a byte counts, as receivers that keep their queue do. A hole that will not be filled is handed on as a gap of
//! known size, so that a reader inside a long message can step over it.

use crate::anomaly::Anomaly;
use crate::detect::Stamp;
use crate::time::Timestamp;

/// How much one direction may hold while it waits for a hole to be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Bytes held, bookkeeping included.
    pub bytes: usize,
    /// Segments held.
    pub segments: usize,
    /// Nanoseconds of frame time since the oldest was held.
    pub age: i64,
}

/// Reassembly while a stream is being read: 512 KiB is a full window of a fast long path at the packet rates seen
/// behind one host, and ten seconds outlast any reordering.
pub const READING: Window = Window { bytes: 512 << 10, segments: 1024, age: 10 * Timestamp::SECOND };

/// Reassembly while it is not yet known where a stream begins: enough for the first flight in any order.
pub const PROBING: Window = Window { bytes: 16 << 10, segments: 8, age: 10 * Timestamp::SECOND };

/// What comes out of a stream, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run<'a> {
    /// Payload.
    Bytes(&'a [u8]),
    /// So many bytes passed, but their content was not kept: a snap length cut them, or nobody wants them.
    Cut(u64),
    /// So many bytes were sent and never captured.
    Gap(u64),
    /// Bytes were sent and never captured, and nobody can say how many: uTP numbers packets, not bytes.
    Lost,
}

/// Bytes held by all streams of an engine, bookkeeping included, against a common cap.
#[derive(Clone, Copy, Debug)]
pub struct HeldBytes {
    /// Held now.
    pub now: usize,
    /// At most.
    pub cap: usize,
    /// How often the cap made a stream give up a hole early.
    pub hits: u64,
}

/// A captured segment, as far as reassembly cares.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// When and in which frame.
    pub stamp: Stamp,
    /// Sequence number of the first byte.
    pub seq: u32,
    /// The bytes captured.
    pub bytes: &'a [u8],
    /// The bytes sent: more than were captured where a snap length cut the frame.
    pub sent: u32,
}

/// What holding a segment costs beside its bytes, so that many small ones, or empty ones, are bounded too.
pub const HELD_OVERHEAD: usize = 64;

#[derive(Clone, Debug)]
struct Held {
    start: u64,
    sent: u64,
    bytes: Box<[u8]>,
    stamp: Stamp,
}

impl Held {
    fn end(&self) -> u64 {
        self.start + self.sent
    }

    fn cost(&self) -> usize {
        HELD_OVERHEAD + self.bytes.len()
    }
}

/// One direction of a TCP connection.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Where in the stream the next byte in order stands. Counted from [`START`], so that bytes before the first
    /// one seen have a place too.
    next: u64,
    next_seq: u32,
    /// The sequence number of the first byte, once it is known.
    first_seq: Option<u32>,
    wanted: bool,
    held: Vec<Held>,
    held_bytes: usize,
    held_since: Timestamp,
    /// Unique payload bytes that were seen on the wire.
    pub seen: u64,
    /// Payload bytes that were sent but never captured.
    pub missing: u64,
}

const START: u64 = 1 << 40;

impl Stream {
    /// Begins a stream around sequence number `seq`. Nothing is handed on before [`Self::begin`].
    #[must_use]
    pub fn around(seq: u32) -> Self {
        Self {
            next: START,
            next_seq: seq,
            first_seq: None,
            wanted: true,
            held: Vec::new(),
            held_bytes: 0,
            held_since: Timestamp::default(),
            seen: 0,
            missing: 0,
        }
    }

    /// Whether it is known where the stream begins.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.first_seq.is_some()
    }

    /// Whether the first byte of the stream has sequence number `seq`, or may have.
    #[must_use]
    pub fn may_begin_at(&self, seq: u32) -> bool {
        self.first_seq.is_none_or(|first| first == seq) || self.is_belied_by(seq)
    }

    /// Whether the first byte that is known of the stream has sequence number `seq`.
    #[must_use]
    pub fn begins_at(&self, seq: u32) -> bool {
        match self.first_seq {
            Some(first) => first == seq,
            None => self.held.first().is_some_and(|first| first.start == self.place(seq)),
        }
    }

    /// Whether `seq` stands so shortly before the first byte that this was not the first after all. The one byte before
    /// it says nothing: a keep-alive probe makes it up (RFC 9293, 3.8.4).
    #[must_use]
    pub fn is_belied_by(&self, seq: u32) -> bool {
        const SHORTLY: u32 = 64 << 10;
        self.first_seq.is_some_and(|first| (2..=SHORTLY).contains(&first.wrapping_sub(seq)))
    }

    /// Whether bytes before sequence number `seq` are held.
    #[must_use]
    pub fn holds_before(&self, seq: u32) -> bool {
        self.held.first().is_some_and(|first| first.start < self.place(seq))
    }

    /// Whether more is held than `window` allows at `now`.
    #[must_use]
    pub fn overfull(&self, window: Window, now: Timestamp) -> bool {
        self.held_bytes > window.bytes
            || self.held.len() > window.segments
            || (!self.held.is_empty() && now.since(self.held_since) > window.age)
    }

    /// Stops keeping content: what follows is only counted.
    pub fn stop_reading(&mut self, budget: &mut HeldBytes) {
        self.wanted = false;
        budget.now = budget.now.saturating_sub(self.held_bytes);
        for held in &mut self.held {
            held.bytes = Box::default();
        }
        self.held_bytes = self.held.iter().map(Held::cost).sum();
        budget.now += self.held_bytes;
    }

    /// Says that the first byte of the stream has sequence number `seq`, and hands on what is held from there.
    pub fn begin(&mut self, seq: u32, budget: &mut HeldBytes, sink: &mut impl FnMut(Run<'_>, Stamp)) {
        self.next = self.place(seq);
        self.next_seq = seq;
        self.first_seq = Some(seq);
        self.drain(budget, sink);
    }

    /// Takes the first byte held for the first of the stream: where it really began was never captured.
    pub fn begin_with_held(&mut self, budget: &mut HeldBytes, sink: &mut impl FnMut(Run<'_>, Stamp)) {
        if let Some(first) = self.held.first() {
            #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
            let seq = self.next_seq.wrapping_add(first.start.wrapping_sub(self.next) as u32);
            self.begin(seq, budget, sink);
        }
    }

    /// Takes a segment in, and hands on what is now in order. Answers with an anomaly where the segment contradicts
    /// bytes that are held, or makes a hole be given up.
    pub fn push(
        &mut self,
        arrival: &Arrival<'_>,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(Run<'_>, Stamp),
    ) -> Option<Anomaly> {
        let start = self.place(arrival.seq);
        let sent = u64::from(arrival.sent);
        if self.has_begun() && start <= self.next {
            let old = self.next - start;
            if old >= sent {
                return None;
            }
            if self.held.first().is_none_or(|first| start + sent <= first.start) {
                let bytes =
                    usize::try_from(old).ok().and_then(|old| arrival.bytes.get(old..)).unwrap_or_default();
                self.hand_on(bytes, sent - old, arrival.stamp, sink);
                self.drain(budget, sink);
                return None;
            }
        }
        let conflict = self.hold(start, arrival, budget);
        if self.has_begun() && start <= self.next {
            self.drain(budget, sink);
            return conflict;
        }
        let window = if self.has_begun() { READING } else { return conflict };
        if self.overfull(window, arrival.stamp.time) {
            self.give_up_hole(budget, sink);
            return Some(Anomaly::TcpGap);
        }
        if budget.now > budget.cap {
            budget.hits += 1;
            self.give_up_hole(budget, sink);
            return Some(Anomaly::TcpGap);
        }
        conflict
    }

    /// Hands on all that is held, with the holes as gaps. Answers with how many holes there were.
    pub fn finish(&mut self, budget: &mut HeldBytes, sink: &mut impl FnMut(Run<'_>, Stamp)) -> u64 {
        let mut holes = 0;
        while self.has_begun() && !self.held.is_empty() {
            self.give_up_hole(budget, sink);
            holes += 1;
        }
        self.release(budget);
        holes
    }

    /// Forgets what is held.
    pub fn release(&mut self, budget: &mut HeldBytes) {
        budget.now = budget.now.saturating_sub(self.held_bytes);
        self.held_bytes = 0;
        self.held = Vec::new();
    }

    /// The place of `seq` in the stream: the nearest to the next byte, by serial arithmetic.
    fn place(&self, seq: u32) -> u64 {
        let ahead = seq.wrapping_sub(self.next_seq).cast_signed();
        self.next.saturating_add_signed(i64::from(ahead))
    }

    fn hand_on(&mut self, bytes: &[u8], sent: u64, stamp: Stamp, sink: &mut impl FnMut(Run<'_>, Stamp)) {
        let captured = bytes.len() as u64;
        if self.wanted {
            if captured > 0 {
                sink(Run::Bytes(bytes), stamp);
            }
            if sent > captured {
                sink(Run::Cut(sent - captured), stamp);
            }
        } else {
            sink(Run::Cut(sent), stamp);
        }
        self.seen += sent;
        self.advance(sent);
    }

    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    fn advance(&mut self, sent: u64) {
        self.next += sent;
        self.next_seq = self.next_seq.wrapping_add(sent as u32);
    }

    fn drain(&mut self, budget: &mut HeldBytes, sink: &mut impl FnMut(Run<'_>, Stamp)) {
        if self.held.first().is_none_or(|first| first.start > self.next) {
            return;
        }
        let ready = self.held.iter().take_while({
            let mut next = self.next;
            move |held| {
                let fits = held.start <= next;
                next = next.max(held.end());
                fits
            }
        });
        let ready = ready.count();
        let rest = self.held.split_off(ready);
        if let Some(first) = rest.first() {
            self.held_since = first.stamp.time;
        }
        for held in std::mem::replace(&mut self.held, rest) {
            self.held_bytes = self.held_bytes.saturating_sub(held.cost());
            budget.now = budget.now.saturating_sub(held.cost());
            let old = self.next.saturating_sub(held.start);
            if old < held.sent {
                let bytes =
                    usize::try_from(old).ok().and_then(|old| held.bytes.get(old..)).unwrap_or_default();
                self.hand_on(bytes, held.sent - old, held.stamp, sink);
            }
        }
    }

    fn give_up_hole(&mut self, budget: &mut HeldBytes, sink: &mut impl FnMut(Run<'_>, Stamp)) {
        if let Some(first) = self.held.first() {
            let hole = first.start.saturating_sub(self.next);
            if hole > 0 {
                sink(Run::Gap(hole), first.stamp);
                self.missing += hole;
                self.advance(hole);
            }
        }
        self.drain(budget, sink);
    }

    /// Keeps the parts of a segment that are not held yet, in order of place.
    fn hold(&mut self, start: u64, arrival: &Arrival<'_>, budget: &mut HeldBytes) -> Option<Anomaly> {
        let end = start + u64::from(arrival.sent);
        if self.held.is_empty() {
            self.held_since = arrival.stamp.time;
        }
        let mut conflict = None;
        let mut at = start;
        let mut index = self.held.partition_point(|held| held.end() <= start);
        while at < end {
            let (free_until, resume) = match self.held.get(index) {
                Some(held) if held.start < end => {
                    if contradicts(held, start, arrival.bytes) {
                        conflict = Some(Anomaly::TcpOverlapConflict);
                    }
                    (held.start, held.end())
                }
                _ => (end, end),
            };
            if at < free_until {
                let bytes: Box<[u8]> = if self.wanted {
                    part(arrival.bytes, at - start, free_until - start).into()
                } else {
                    Box::default()
                };
                let held = Held { start: at, sent: free_until - at, bytes, stamp: arrival.stamp };
                self.held_bytes += held.cost();
                budget.now += held.cost();
                self.held.insert(index, held);
                index += 1;
            }
            at = at.max(resume);
            index += 1;
        }
        conflict
    }
}

fn part(bytes: &[u8], from: u64, to: u64) -> &[u8] {
    let clamp = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(clamp(from)..clamp(to)).unwrap_or_default()
}

fn contradicts(held: &Held, start: u64, bytes: &[u8]) -> bool {
    let (mine, theirs) = if held.start >= start {
        (&*held.bytes, part(bytes, held.start - start, u64::MAX))
    } else {
        (part(&held.bytes, start - held.start, u64::MAX), bytes)
    };
    mine.iter().zip(theirs).any(|(a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget() -> HeldBytes {
        HeldBytes { now: 0, cap: 1 << 20, hits: 0 }
    }

    fn stamp(frame: u64) -> Stamp {
        Stamp { time: Timestamp(i64::try_from(frame).unwrap() * 1000), ..Stamp::default() }
    }

    /// Pushes segments given as (offset, bytes) onto a stream that begins at `isn`; gaps come out as `_`.
    fn run(isn: u32, segments: &[(u32, &[u8])]) -> (Vec<u8>, Stream, Vec<Anomaly>) {
        let mut out = Vec::new();
        let mut anomalies = Vec::new();
        let mut budget = budget();
        let mut stream = Stream::around(isn);
        let mut sink = |run: Run<'_>, _: Stamp| match run {
            Run::Bytes(bytes) => out.extend_from_slice(bytes),
            Run::Gap(size) | Run::Cut(size) => {
                out.extend(std::iter::repeat_n(b'_', usize::try_from(size).unwrap()));
            }
            Run::Lost => unreachable!("TCP numbers bytes"),
        };
        stream.begin(isn, &mut budget, &mut sink);
        for (frame, (offset, bytes)) in segments.iter().enumerate() {
            let sent = u32::try_from(bytes.len()).unwrap();
            let arrival = Arrival { stamp: stamp(frame as u64), seq: isn.wrapping_add(*offset), bytes, sent };
            anomalies.extend(stream.push(&arrival, &mut budget, &mut sink));
        }
        stream.finish(&mut budget, &mut sink);
        assert_eq!(budget.now, 0, "nothing stays held after the end");
        (out, stream, anomalies)
    }

    #[test]
    fn segments_out_of_order_come_out_in_order_across_the_wrap() {
        let (out, stream, _) = run(u32::MAX - 2, &[(6, b"ghi"), (3, b"def"), (0, b"abc")]);
        assert_eq!(out, b"abcdefghi");
        assert_eq!((stream.seen, stream.missing), (9, 0));
    }

    #[test]
    fn a_retransmission_counts_once_and_the_first_copy_stays() {
        let (out, stream, anomalies) = run(100, &[(0, b"abc"), (0, b"XYZdef"), (8, b"ij"), (6, b"ghZZkl")]);
        assert_eq!(out, b"abcdefghijkl");
        assert_eq!(stream.seen, 12);
        assert_eq!(
            anomalies,
            [Anomaly::TcpOverlapConflict],
            "bytes handed on are no longer there to compare with"
        );
    }

    #[test]
    fn held_bytes_that_are_contradicted_are_kept_and_counted() {
        let (out, _, anomalies) = run(0, &[(4, b"ef"), (3, b"dXXg"), (0, b"abc")]);
        assert_eq!(out, b"abcdefg");
        assert_eq!(anomalies, [Anomaly::TcpOverlapConflict]);
    }

    #[test]
    fn a_hole_that_stays_is_a_gap_of_its_size() {
        let (out, stream, _) = run(0, &[(0, b"ab"), (5, b"fg")]);
        assert_eq!(out, b"ab___fg");
        assert_eq!((stream.seen, stream.missing), (4, 3));
    }

    #[test]
    fn too_many_held_segments_give_the_hole_up() {
        let segments: Vec<(u32, &[u8])> = (0..1100).map(|n| (10 + n * 2, &b"xy"[..])).collect();
        let (out, stream, anomalies) = run(0, &segments);
        assert_eq!(out.len(), 10 + 2200);
        assert_eq!(stream.missing, 10);
        assert_eq!(anomalies, [Anomaly::TcpGap]);
    }

    #[test]
    fn holding_next_to_nothing_many_times_counts_too() {
        let (mut stream, mut budget) = (Stream::around(0), HeldBytes { now: 0, cap: 1000, hits: 0 });
        stream.begin(0, &mut budget, &mut |_, _| {});
        stream.stop_reading(&mut budget);
        for n in 0..100 {
            let arrival =
                Arrival { stamp: stamp(n), seq: 10 + 2 * u32::try_from(n).unwrap(), bytes: b"x", sent: 1 };
            stream.push(&arrival, &mut budget, &mut |_, _| {});
            assert!(budget.now <= budget.cap);
        }
        assert!(budget.hits > 0);
        stream.finish(&mut budget, &mut |_, _| {});
        assert_eq!(budget.now, 0);
    }

    #[test]
    fn what_a_snap_length_cut_was_seen_all_the_same() {
        let mut out = Vec::new();
        let mut stream = Stream::around(0);
        let mut sink = |run: Run<'_>, _: Stamp| out.push(format!("{run:?}"));
        stream.begin(0, &mut budget(), &mut sink);
        stream.push(&Arrival { stamp: stamp(0), seq: 0, bytes: b"ab", sent: 5 }, &mut budget(), &mut sink);
        assert_eq!(out, ["Bytes([97, 98])", "Cut(3)"]);
        assert_eq!((stream.seen, stream.missing), (5, 0));
    }

    proptest! {
        #[test]
        fn any_cut_order_and_repetition_gives_the_same_bytes(
            whole in proptest::collection::vec(any::<u8>(), 1..400),
            cuts in proptest::collection::vec((0usize..400, 1usize..80), 0..40),
            isn in any::<u32>(),
            shuffle in any::<prop::sample::Index>(),
        ) {
            let mut parts: Vec<(usize, usize)> = (0..whole.len()).step_by(37).map(|at| (at, 37)).collect();
            parts.extend(cuts.iter().filter(|(at, _)| *at < whole.len()));
            let middle = shuffle.index(parts.len());
            parts.rotate_left(middle);
            parts.reverse();
            let segments: Vec<(u32, &[u8])> = parts
                .iter()
                .map(|&(at, len)| (u32::try_from(at).unwrap(), &whole[at..(at + len).min(whole.len())]))
                .collect();
            let (out, stream, anomalies) = run(isn, &segments);
            prop_assert_eq!(out, whole.clone());
            prop_assert_eq!(stream.seen, whole.len() as u64);
            prop_assert!(anomalies.is_empty());
        }
    }
}
