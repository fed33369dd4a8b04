//! Any uTP packets of one flow in any order: what comes out is what plain tables give, a cell for each packet.
#![no_main]

use std::collections::BTreeMap;

use auditor_core::detect::{FrameRef, Stamp};
use auditor_core::flow::key::{End, Ends};
use auditor_core::flow::stream::{HELD_OVERHEAD, HeldBytes, READING, Run};
use auditor_core::flow::utp::{Arrival, Connections, EARLY, Noticed, Place};
use auditor_core::time::Timestamp;
use auditor_core::wire::utp::{Header, Kind};
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

/// What a record does.
const SYN: u8 = 0;
const ANSWER: u8 = 1;
const RESET: u8 = 2;
const STOP: u8 = 3;
const FIN: u8 = 4;

fuzz_target!(|input: &[u8]| {
    let mut reader = Reader(input);
    let Some(cap) = reader.byte() else { return };
    let mut budget = HeldBytes { now: 0, cap: usize::from(cap) * 64, hits: 0 };
    let mut model = Model { cap: budget.cap, ..Model::default() };
    let (mut connections, mut out, mut told) = (Connections::default(), Out::default(), 0);
    let mut stamp = Stamp::default();
    // Each record is: what, which connection and end, time passed, number, and of some more.
    while let Some(((what, way), (passed, seq))) =
        reader.byte().zip(reader.byte()).zip(reader.byte().zip(reader.half()))
    {
        stamp.time.0 += i64::from(passed) << 26;
        stamp.frame = FrameRef { capture: 0, number: stamp.frame.number + 1 };
        let initiator = if way & 1 == 0 { End::Orig } else { End::Resp };
        let name = (initiator, u16::from(way >> 1 & 3) * 4);
        let end = if way & 8 == 0 { End::Orig } else { End::Resp };
        let from = if end == End::Orig { initiator } else { initiator.other() };
        let id = name.1 + u16::from(end == End::Orig);
        // Most numbers are near each other, around the wrap.
        let seq = if way & 0x80 == 0 { (seq & 0xff).wrapping_sub(0x80) } else { seq };
        let mut sink = |index, end, run: Run<'_>, stamp| out.take(index, end, run, stamp);
        let push = |connections: &mut Connections, budget: &mut HeldBytes, sink: &mut _, sent: Sent<'_>| {
            let head = [
                &[0x01 | (sent.kind as u8) << 4, 0][..],
                &sent.id.to_be_bytes(),
                &[0; 12],
                &sent.seq.to_be_bytes(),
                &sent.ack.to_be_bytes(),
            ]
            .concat();
            let (header, _) = Header::parse(&head).expect("whole");
            let arrival = Arrival { stamp, from: sent.from, header, payload: sent.bytes, sent: sent.sent };
            let taken = connections.push(&arrival, budget, sink);
            (taken.place, taken.noticed)
        };
        let plain = Sent { kind: Kind::Syn, from, id, seq, ack: 0, bytes: &[], sent: 0 };
        match what & 0x0f {
            SYN => {
                let sent = Sent { from: initiator, id: name.1, ..plain };
                let taken = push(&mut connections, &mut budget, &mut sink, sent);
                assert_eq!(taken, model.syn(name, seq, stamp));
            }
            ANSWER => {
                let Some(ack) = reader.byte() else { break };
                let ack = u16::from(ack).wrapping_sub(0x80);
                let sent = Sent { kind: Kind::State, from: initiator.other(), id: name.1, ack, ..plain };
                let taken = push(&mut connections, &mut budget, &mut sink, sent);
                assert_eq!(taken, model.answer(name, seq, ack, stamp));
            }
            RESET => {
                let taken =
                    push(&mut connections, &mut budget, &mut sink, Sent { kind: Kind::Reset, ..plain });
                // The other initiator's connection has the same two ids the other way round.
                let named = [name, (initiator.other(), name.1)];
                let named = named.iter().find_map(|name| model.connections.get(name));
                assert_eq!(taken.0, named.map_or(Place::Stray, |known| Place::Connection(known.index)));
            }
            STOP => {
                let index = model.connections.get(&name).map_or(u32::MAX, |known| known.index);
                connections.stop_reading(index, end, &mut budget);
                if let Some(known) = model.connections.get_mut(&name) {
                    let side = known.sides.at_mut(end);
                    side.unwanted = true;
                    side.held.values_mut().for_each(|packet| packet.bytes.clear());
                }
            }
            kind => {
                let Some(len) = reader.byte() else { break };
                let bytes = reader.bytes(len.into());
                let cut = usize::from(if what & 0x80 == 0 { 0 } else { what >> 4 & 7 });
                let size = u32::try_from(bytes.len() + cut).expect("short");
                let is_last = kind == FIN;
                let kind = if is_last { Kind::Fin } else { Kind::Data };
                let taken =
                    push(&mut connections, &mut budget, &mut sink, Sent { kind, bytes, sent: size, ..plain });
                let packet = Packet { bytes: bytes.to_vec(), sent: size, is_last, stamp };
                assert_eq!(taken, model.numbered(name, end, seq, packet));
            }
        }
        assert_eq!((budget.now, budget.hits), (model.held_bytes(), model.hits));
        assert_eq!(out.0[told..], model.out.0[told..]);
        told = out.0.len();
    }
    let _ = connections
        .finish(&mut budget, &mut |index, end, run: Run<'_>, stamp| out.take(index, end, run, stamp));
    model.finish();
    let by_name = |out: &Out| {
        let mut out = out.0[told..].to_vec();
        out.sort_by_key(|(index, end, ..)| (*index, *end));
        out
    };
    assert_eq!(by_name(&out), by_name(&model.out));
    assert_eq!(budget.now, 0);
    for facts in connections.facts() {
        for end in [End::Orig, End::Resp] {
            assert_eq!(*facts.seen.at(end), model.out.seen(facts.index, end));
        }
    }
});

/// A packet to be made.
#[derive(Clone, Copy)]
struct Sent<'a> {
    kind: Kind,
    from: End,
    id: u16,
    seq: u16,
    ack: u16,
    bytes: &'a [u8],
    sent: u32,
}

/// What came out, byte by byte but for what was lost, with the frames that it is owed to.
#[derive(Default)]
struct Out(Vec<(u32, End, Piece, u64)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Byte(u8),
    Cut,
    Lost,
}

impl Out {
    fn take(&mut self, index: u32, end: End, run: Run<'_>, stamp: Stamp) {
        let mut put = |piece| self.0.push((index, end, piece, stamp.frame.number));
        match run {
            Run::Bytes(bytes) => bytes.iter().for_each(|byte| put(Piece::Byte(*byte))),
            Run::Cut(size) => (0..size).for_each(|_| put(Piece::Cut)),
            Run::Lost => put(Piece::Lost),
            Run::Gap(_) => panic!("uTP numbers packets"),
        }
    }

    fn seen(&self, index: u32, end: End) -> u64 {
        let seen =
            |piece: &&(u32, End, Piece, u64)| (piece.0, piece.1) == (index, end) && piece.2 != Piece::Lost;
        self.0.iter().filter(seen).count() as u64
    }
}

type Name = (End, u16);

#[derive(Clone)]
struct Packet {
    bytes: Vec<u8>,
    sent: u32,
    is_last: bool,
    stamp: Stamp,
}

impl Packet {
    fn cost(&self) -> usize {
        HELD_OVERHEAD + self.bytes.len()
    }
}

#[derive(Default)]
struct Opening {
    /// The SYN's number and its latest copy's time.
    syn: Option<(u16, Timestamp)>,
    /// The answer's number and what it acknowledges.
    answer: Option<(u16, u16)>,
    since: Option<Timestamp>,
    early: Vec<(End, u16, Packet)>,
}

impl Opening {
    fn is_stale(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now.since(since) > EARLY.age)
    }

    fn held_bytes(&self) -> usize {
        self.early.iter().map(|(.., packet)| packet.cost()).sum()
    }
}

/// A direction. Packets have places, which do not wrap; the first has its number for its place.
#[derive(Clone, Default)]
struct Side {
    next: i64,
    in_doubt: bool,
    unwanted: bool,
    closed: bool,
    held: BTreeMap<i64, Packet>,
    since: Timestamp,
    /// The lengths of all packets that were handed on.
    lengths: BTreeMap<i64, u32>,
    beyond: Option<(u16, u8)>,
}

impl Side {
    fn held_bytes(&self) -> usize {
        self.held.values().map(Packet::cost).sum()
    }

    fn place(&self, seq: u16) -> i64 {
        self.next + i64::from(seq.wrapping_sub(self.next as u16).cast_signed())
    }

    fn reaches(&self, seq: u16) -> bool {
        self.place(seq).abs_diff(self.next) <= 2048
    }

    fn lose(&mut self, until: i64, stamp: Stamp, put: &mut impl FnMut(Run<'_>, Stamp)) {
        put(Run::Lost, stamp);
        self.next = until;
        self.in_doubt = false;
    }

    fn hand_on(&mut self, packet: &Packet, put: &mut impl FnMut(Run<'_>, Stamp)) {
        let bytes = if self.unwanted { &[][..] } else { &packet.bytes };
        put(Run::Bytes(bytes), packet.stamp);
        put(Run::Cut(u64::from(packet.sent) - bytes.len() as u64), packet.stamp);
        self.lengths.insert(self.next, packet.sent);
        self.next += 1;
        self.in_doubt = false;
        self.closed |= packet.is_last;
    }

    fn drain(&mut self, put: &mut impl FnMut(Run<'_>, Stamp)) {
        let mut drained = false;
        while let Some(packet) = self.held.remove(&self.next)
            && !self.closed
        {
            self.hand_on(&packet, put);
            drained = true;
        }
        if self.closed {
            self.held.clear();
        }
        if let Some((_, first)) = self.held.first_key_value()
            && drained
        {
            self.since = first.stamp.time;
        }
    }

    fn give_up(&mut self, put: &mut impl FnMut(Run<'_>, Stamp)) -> u32 {
        let Some((&first, packet)) = self.held.first_key_value() else { return 0 };
        let stamp = packet.stamp;
        self.lose(first, stamp, put);
        self.drain(put);
        1
    }
}

struct Connection {
    index: u32,
    syn: u16,
    sides: Ends<Side>,
}

/// The same, done simply. The input names eight connections at most, so that none makes room for another.
#[derive(Default)]
struct Model {
    openings: BTreeMap<Name, Opening>,
    connections: BTreeMap<Name, Connection>,
    begun: u32,
    cap: usize,
    hits: u64,
    out: Out,
}

impl Model {
    fn held_bytes(&self) -> usize {
        let early: usize = self.openings.values().map(Opening::held_bytes).sum();
        let sides = self.connections.values().flat_map(|known| [&known.sides.orig, &known.sides.resp]);
        early + sides.map(Side::held_bytes).sum::<usize>()
    }

    fn syn(&mut self, name: Name, seq: u16, stamp: Stamp) -> (Place, Noticed) {
        if let Some(known) = self.connections.get(&name).filter(|known| known.syn == seq) {
            return at(Place::Connection(known.index));
        }
        let opening = self.openings.entry(name).or_default();
        match opening.syn {
            Some((known, _)) if known == seq => opening.syn = Some((seq, stamp.time)),
            None if opening.answer.is_some_and(|(_, ack)| ack == seq) && !opening.is_stale(stamp.time) => {
                opening.syn = Some((seq, stamp.time));
                return self.open(name);
            }
            _ => *opening = Opening { syn: Some((seq, stamp.time)), ..Opening::default() },
        }
        at(Place::Opening)
    }

    fn answer(&mut self, name: Name, seq: u16, ack: u16, stamp: Stamp) -> (Place, Noticed) {
        if let Some(opening) = self.openings.get_mut(&name)
            && let Some((syn, latest)) = opening.syn
            && syn == ack
            && stamp.time.since(latest) <= 60 * Timestamp::SECOND
        {
            opening.answer = Some((seq, ack));
            return self.open(name);
        }
        if let Some(known) = self.connections.get(&name) {
            return at(Place::Connection(known.index));
        }
        let first = || Opening { answer: Some((seq, ack)), since: Some(stamp.time), ..Opening::default() };
        let opening = self.openings.entry(name).or_insert_with(first);
        at(if opening.is_stale(stamp.time) { Place::Stray } else { Place::Opening })
    }

    fn numbered(&mut self, name: Name, end: End, seq: u16, packet: Packet) -> (Place, Noticed) {
        let is_asked = self.openings.get(&name).is_some_and(|opening| opening.syn.is_some());
        if let Some(known) = self.connections.get(&name)
            && (known.sides.at(end).reaches(seq) || !is_asked)
        {
            return (Place::Connection(known.index), self.push(name, end, seq, packet));
        }
        let now = packet.stamp.time;
        for opening in self.openings.values_mut().filter(|opening| opening.is_stale(now)) {
            opening.early.clear();
        }
        let held = self.held_bytes();
        let Some(opening) = self.openings.get_mut(&name).filter(|opening| !opening.is_stale(now)) else {
            return at(Place::Stray);
        };
        opening.since.get_or_insert(now);
        if held + packet.cost() > self.cap {
            self.hits += 1;
        } else if opening.early.len() < EARLY.segments && opening.held_bytes() + packet.cost() <= EARLY.bytes
        {
            opening.early.push((end, seq, packet));
        }
        at(Place::Opening)
    }

    fn push(&mut self, name: Name, end: End, seq: u16, packet: Packet) -> Noticed {
        let others = self.held_bytes();
        let Self { connections, out, cap, hits, .. } = self;
        let known = connections.get_mut(&name).expect("it is followed");
        let (index, side) = (known.index, known.sides.at_mut(end));
        let put = &mut |run: Run<'_>, stamp: Stamp| out.take(index, end, run, stamp);
        let mut noticed = Noticed::default();
        let place = side.place(seq);
        if side.closed {
            return noticed;
        }
        if !side.reaches(seq) {
            let count = match side.beyond {
                Some((latest, _)) if latest == seq => return noticed,
                Some((latest, count)) if seq.wrapping_sub(latest) <= 2048 => count + 1,
                _ => 1,
            };
            side.beyond = Some((seq, count));
            if count == 4 {
                side.beyond = None;
                while !side.held.is_empty() {
                    noticed.gaps += side.give_up(put);
                }
                if !side.closed {
                    let ahead = seq.wrapping_sub(side.next as u16);
                    side.lose(side.next + i64::from(ahead), packet.stamp, put);
                    side.hand_on(&packet, put);
                    noticed.gaps += 1;
                }
            }
            return noticed;
        }
        side.beyond = None;
        if place < side.next {
            if side.in_doubt && side.next - place <= 64 {
                noticed.gaps = 1;
                side.lose(place, packet.stamp, put);
                side.hand_on(&packet, put);
                side.drain(put);
            } else if side.next - place <= 32 {
                let differs = side.lengths.get(&place).is_some_and(|length| *length != packet.sent);
                noticed.conflicts = u32::from(differs);
            }
        } else if let Some(held) = side.held.get(&place) {
            let differs =
                held.sent != packet.sent || held.bytes.iter().zip(&packet.bytes).any(|(a, b)| a != b);
            noticed.conflicts = u32::from(differs);
        } else if place == side.next {
            side.hand_on(&packet, put);
            side.drain(put);
        } else {
            let now = packet.stamp.time;
            if side.held.is_empty() {
                side.since = now;
            }
            let bytes = if side.unwanted { Vec::new() } else { packet.bytes };
            let packet = Packet { bytes, ..packet };
            let others = others - side.held_bytes();
            side.held.insert(place, packet);
            *hits += u64::from(others + side.held_bytes() > *cap);
            while !side.held.is_empty()
                && (others + side.held_bytes() > *cap || now.since(side.since) > READING.age)
            {
                noticed.gaps += side.give_up(put);
            }
        }
        noticed
    }

    fn open(&mut self, name: Name) -> (Place, Noticed) {
        let opening = self.openings.remove(&name).expect("it was found");
        let ((syn, _), (answer, _)) = opening.syn.zip(opening.answer).expect("a pair");
        let mut noticed = Noticed { gaps: self.end(name), conflicts: 0 };
        let (index, orig) = (self.begun, syn.wrapping_add(1));
        self.begun += 1;
        let side = |first: u16, in_doubt| Side { next: first.into(), in_doubt, ..Side::default() };
        let sides = Ends { orig: side(orig, false), resp: side(answer, true) };
        let mut early = opening.early;
        early.retain(|(end, seq, _)| sides.at(*end).reaches(*seq));
        early.sort_by_key(|(end, seq, _)| sides.at(*end).place(*seq) - sides.at(*end).next);
        self.connections.insert(name, Connection { index, syn, sides });
        for (end, seq, packet) in early {
            let more = self.push(name, end, seq, packet);
            noticed.gaps += more.gaps;
            noticed.conflicts += more.conflicts;
        }
        (Place::Connection(index), noticed)
    }

    /// Hands on what a connection holds, and forgets it. Answers with the number of holes.
    fn end(&mut self, name: Name) -> u32 {
        let Some(mut known) = self.connections.remove(&name) else { return 0 };
        let mut holes = 0;
        for end in [End::Orig, End::Resp] {
            let side = known.sides.at_mut(end);
            while !side.held.is_empty() {
                holes += side.give_up(&mut |run: Run<'_>, stamp| self.out.take(known.index, end, run, stamp));
            }
        }
        holes
    }

    fn finish(&mut self) {
        for name in self.connections.keys().copied().collect::<Vec<_>>() {
            self.end(name);
        }
    }
}

fn at(place: Place) -> (Place, Noticed) {
    (place, Noticed::default())
}
