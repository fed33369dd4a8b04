//! Any segments in any order, by byte: reassembly hands on what a table with one cell for each byte would.
#![no_main]

use std::collections::BTreeMap;

use auditor_core::anomaly::Anomaly;
use auditor_core::detect::{FrameRef, Stamp};
use auditor_core::flow::stream::{Arrival, HELD_OVERHEAD, HeldBytes, READING, Run, Stream};
use auditor_core::time::Timestamp;
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut reader = Reader(input);
    let Some((isn, cap)) = reader.half().zip(reader.byte()) else { return };
    // Near the wrap, on either side of it.
    let isn = u32::from(isn).wrapping_sub(1 << 15);
    let mut budget = HeldBytes { now: 0, cap: usize::from(cap) * 32, hits: 0 };
    let mut stream = Stream::around(isn);
    let mut model = Model { cap: budget.cap, wanted: true, ..Model::default() };
    let mut out = Out::default();
    let mut now = Timestamp(0);
    let (mut frame, mut told) = (0, 0);
    // Each record is: what, time passed, and of a segment its place, length and how much of it was captured.
    while let Some((what, passed)) = reader.byte().zip(reader.byte()) {
        now.0 += i64::from(passed) << 26;
        frame += 1;
        let stamp = Stamp { time: now, frame: FrameRef { capture: 0, number: frame } };
        let mut sink = |run: Run<'_>, stamp: Stamp| out.take(run, stamp);
        match what {
            0 if !stream.has_begun() => {
                stream.begin(isn, &mut budget, &mut sink);
                model.begin(0);
            }
            1 if !stream.has_begun() => {
                stream.begin_with_held(&mut budget, &mut sink);
                if let Some((&first, _)) = model.held.first_key_value() {
                    model.begin(first);
                }
            }
            2 => {
                stream.stop_reading(&mut budget);
                model.stop_reading();
            }
            _ => {
                let Some((place, len)) = reader.half().zip(reader.byte()) else { break };
                let place = i64::from(place.cast_signed()) >> (what >> 2 & 7);
                let bytes = reader.bytes(len.into());
                let sent =
                    if what & 0x80 == 0 { bytes.len() } else { bytes.len() + usize::from(what & 0x7f) };
                let seq = isn.wrapping_add_signed(i32::try_from(place).expect("16 bits"));
                let arrival = Arrival { stamp, seq, bytes, sent: u32::try_from(sent).expect("short") };
                let anomaly = stream.push(&arrival, &mut budget, &mut sink);
                assert_eq!(anomaly, model.push(place, &arrival));
            }
        }
        assert_eq!(stream.has_begun(), model.next.is_some());
        assert_eq!((budget.now, budget.hits), (model.held_bytes(), model.hits));
        assert_eq!(out.0[told..], model.out.0[told..]);
        told = out.0.len();
    }
    let holes = stream.finish(&mut budget, &mut |run: Run<'_>, stamp: Stamp| out.take(run, stamp));
    assert_eq!(holes, model.finish());
    assert_eq!(out.0[told..], model.out.0[told..]);
    assert_eq!((stream.seen, stream.missing, budget.now), (model.out.seen(), model.out.missing(), 0));
});

/// What came out, byte by byte but for gaps, with the frames that it is owed to.
#[derive(Default)]
struct Out(Vec<(Piece, u64)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Byte(u8),
    Cut,
    Gap(u64),
}

impl Out {
    fn take(&mut self, run: Run<'_>, stamp: Stamp) {
        let number = stamp.frame.number;
        match run {
            Run::Bytes(bytes) => self.0.extend(bytes.iter().map(|byte| (Piece::Byte(*byte), number))),
            Run::Cut(size) => self.0.extend((0..size).map(|_| (Piece::Cut, number))),
            Run::Gap(size) => self.0.push((Piece::Gap(size), number)),
            Run::Lost => panic!("TCP numbers bytes"),
        }
    }

    fn seen(&self) -> u64 {
        self.0.iter().filter(|(piece, _)| !matches!(piece, Piece::Gap(_))).count() as u64
    }

    fn missing(&self) -> u64 {
        self.0.iter().map(|(piece, _)| if let Piece::Gap(size) = piece { *size } else { 0 }).sum()
    }
}

/// The same, done simply: a cell for each byte that is held, by its place; the first copy stays.
#[derive(Default)]
struct Model {
    /// The place of the next byte in order, once it is known where the stream begins.
    next: Option<i64>,
    held: BTreeMap<i64, (Piece, Stamp)>,
    since: Timestamp,
    wanted: bool,
    cap: usize,
    hits: u64,
    out: Out,
}

impl Model {
    fn begin(&mut self, place: i64) {
        self.next = Some(place);
        self.drain(0);
    }

    fn stop_reading(&mut self) {
        self.wanted = false;
        self.held.values_mut().for_each(|(piece, _)| *piece = Piece::Cut);
    }

    /// What is held costs its bytes, and something more for each piece of a segment that was put aside.
    fn held_bytes(&self) -> usize {
        let bytes = self.held.values().filter(|(piece, _)| matches!(piece, Piece::Byte(_))).count();
        let mut pieces = 0;
        let mut before = None;
        for (place, (_, stamp)) in &self.held {
            pieces += usize::from(before != Some((place - 1, stamp.frame.number)));
            before = Some((*place, stamp.frame.number));
        }
        bytes + pieces * HELD_OVERHEAD
    }

    fn push(&mut self, start: i64, arrival: &Arrival<'_>) -> Option<Anomaly> {
        let mut conflict = None;
        if self.held.is_empty() {
            self.since = arrival.stamp.time;
        }
        for (place, at) in (start..).zip(0..arrival.sent as usize) {
            if self.next.is_some_and(|next| place < next) {
                continue;
            }
            let byte = arrival.bytes.get(at).copied();
            let piece = byte.filter(|_| self.wanted).map_or(Piece::Cut, Piece::Byte);
            let (first, _) = *self.held.entry(place).or_insert((piece, arrival.stamp));
            if matches!((first, byte), (Piece::Byte(first), Some(byte)) if first != byte) {
                conflict = Some(Anomaly::TcpOverlapConflict);
            }
        }
        let Some(next) = self.next else { return conflict };
        if start <= next {
            self.drain(arrival.stamp.frame.number);
            return conflict;
        }
        let late = !self.held.is_empty() && arrival.stamp.time.since(self.since) > READING.age;
        if late || self.held_bytes() > self.cap {
            self.hits += u64::from(!late);
            self.give_up_hole();
            return Some(Anomaly::TcpGap);
        }
        conflict
    }

    fn finish(&mut self) -> u64 {
        let mut holes = 0;
        while self.next.is_some() && !self.held.is_empty() {
            self.give_up_hole();
            holes += 1;
        }
        holes
    }

    fn give_up_hole(&mut self) {
        if let (Some(next), Some((&first, (_, stamp)))) = (self.next, self.held.first_key_value())
            && first > next
        {
            self.out.0.push((Piece::Gap(first.abs_diff(next)), stamp.frame.number));
            self.next = Some(first);
        }
        self.drain(0);
    }

    /// Hands on what is in order. The clock of what stays held moves on if more came out than frame `new` brought.
    fn drain(&mut self, new: u64) {
        let Some(next) = &mut self.next else { return };
        let mut drained = false;
        while let Some(first) = self.held.first_entry()
            && first.key() <= next
        {
            let (place, (piece, stamp)) = first.remove_entry();
            drained |= stamp.frame.number != new;
            if place == *next {
                *next += 1;
                self.out.0.push((piece, stamp.frame.number));
            }
        }
        if drained && let Some((_, (_, stamp))) = self.held.first_key_value() {
            self.since = stamp.time;
        }
    }
}
