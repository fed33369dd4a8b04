//! A run of the engine, told by fuzz bytes: hosts open connections, send messages and datagrams in and out of order,
//! whole, in fragments or cut by a snap length, while time passes.
//!
//! ```text
//! scene   setup:8 record*
//! record  kind:3 (low) capture:1 vantage:1 MACs:1 wrap:2, time:8, and by kind
//!   0 frame    link type:8 length:16 bytes
//!   1 segment  way:8 flags:8 shift:8 cut:8 length:8 bytes
//!   2 message  way:8 flags:8 shift:8 cut:8 which:8 size:8
//!   3 datagram way:8 cut:8 length:8 bytes
//!   4 KRPC     way:8 cut:8 which:8 names:8
//!   5 copy     the last packet again, wrapped and captured as this record says
//!   6 expire   a live source's quiet time
//!   7 open     way:8 generation:8; SYN and its answer
//! setup   VLANs part flows:1 DHT flows:1 10.0.0.0/8 is ours:1 caps:2 0:3
//! time    steps:4 unit:3 back:1
//! way     host:1 node:3 from the node:1 node inside:1 IPv6:1 keep the sequence number:1
//! cut     fragment at:4 snapped:1 0:1 in two segments:1 the second first:1
//! ```
//! `seeds.py` writes scenes.

use std::collections::HashMap;

use auditor_core::correlate;
use auditor_core::detect::FrameRef;
use auditor_core::engine::{Caps, Engine, Frame, Options, Report};
use auditor_core::networks::Networks;
use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;

use crate::messages;
use crate::packets::{self, End, Packet, Wrap};
use crate::reader::Reader;

/// Where time begins: 2026-11-22T09:00:00Z.
const START: i64 = 1_795_338_000 * Timestamp::SECOND;
/// Frames may be so much older than the ones before them, and every number of workers still sees the same.
pub const OUT_OF_ORDER: i64 = Timestamp::SECOND;

/// What happens, in its order.
#[derive(Debug)]
pub struct Scene {
    pub options: Options,
    pub events: Vec<Event>,
    /// No frame is older than the latest before it by more than [`OUT_OF_ORDER`].
    pub in_order: bool,
    /// No frame is older than the one before it at all.
    pub sorted: bool,
}

#[derive(Debug)]
pub enum Event {
    Frame(Captured),
    Expire(Timestamp),
}

/// A frame and all that a source says of it.
#[derive(Clone, Debug)]
pub struct Captured {
    pub time: Timestamp,
    pub link: LinkType,
    pub wire_len: u32,
    pub place: FrameRef,
    pub vantage: u16,
    pub bytes: Vec<u8>,
}

impl Scene {
    /// Reads a scene; every input is one.
    pub fn read(input: &[u8]) -> Self {
        let mut reader = Reader(input);
        let setup = reader.byte().unwrap_or_default();
        let mut stage = Stage::default();
        while stage.record(&mut reader).is_some() {}
        Self { options: options(setup), events: stage.events, in_order: !stage.disorder, sorted: !stage.back }
    }

    /// How many frames there are.
    pub fn frames(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Frame(_))).count()
    }

    /// What so many workers see together. With `drain`, they are asked for what has ended in each quiet time, as a
    /// live source's are; without, only at the end.
    pub fn report(&self, workers: u64, drain: bool) -> Report {
        let parts = (0..workers).flat_map(|worker| {
            let mut parts = Vec::new();
            let mut engine = Engine::new(Options { shard: (worker, workers), ..self.options.clone() });
            for quiet in self.events.split_inclusive(|event| matches!(event, Event::Expire(_))) {
                engine.ingest(quiet.iter().filter_map(Event::frame));
                if drain && let Some(Event::Expire(now)) = quiet.last() {
                    engine.expire(*now);
                    parts.push(engine.drain());
                }
            }
            parts.push(engine.finish());
            parts
        });
        correlate::join(parts.collect(), &self.options)
    }
}

impl Event {
    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        let Self::Frame(frame) = self else { return None };
        Some(Frame {
            time: frame.time,
            link: frame.link,
            wire_len: frame.wire_len,
            place: frame.place,
            vantage: frame.vantage,
            bytes: &frame.bytes,
        })
    }
}

fn options(setup: u8) -> Options {
    let caps = match setup >> 3 & 3 {
        0 => Caps::default(),
        1 => Caps { flows: 16, ..Caps::default() },
        2 => Caps {
            flows: 6,
            held_bytes: 300,
            reports: 2,
            supporting: 2,
            encrypted: 1,
            fetched: 1,
            infohashes: 3,
            content_bytes: 900,
            learnt: 4,
            bindings: 2,
            leases: 2,
        },
        _ => Caps {
            flows: 64,
            held_bytes: 4096,
            reports: 5,
            supporting: 3,
            encrypted: 3,
            fetched: 2,
            infohashes: 40,
            content_bytes: 60_000,
            learnt: 60,
            bindings: 8,
            leases: 8,
        },
    };
    let ours = if setup & 4 == 0 {
        None
    } else {
        Some(([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0], 104))
    };
    Options {
        ours: Networks::new(ours),
        dht_flows: setup & 2 != 0,
        vlan_in_key: setup & 1 != 0,
        caps,
        ..Options::default()
    }
}

/// What is going on while records are read.
#[derive(Default)]
struct Stage {
    events: Vec<Event>,
    elapsed: i64,
    latest: i64,
    disorder: bool,
    back: bool,
    numbers: [u64; 2],
    packets: u16,
    last: Option<(Packet, Wrap)>,
    /// By `way` without its side: each side's next sequence number.
    connections: HashMap<u8, [u32; 2]>,
}

/// How a record says that its frames are captured.
#[derive(Clone, Copy)]
struct Manner(u8);

impl Stage {
    fn record(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let head = reader.byte()?;
        let manner = Manner(head);
        self.pass_time(reader.byte()?);
        match head & 7 {
            0 => {
                const LINKS: [u16; 12] = [1, 113, 276, 101, 228, 229, 0, 108, 9, 51, 147, 1];
                let link = LINKS[usize::from(reader.byte()?) % LINKS.len()];
                let len = reader.half()?;
                let bytes = reader.bytes(len.into()).to_vec();
                self.capture(manner, LinkType::from_dlt(link), u32::from(len), bytes);
            }
            1 => {
                let (way, flags, shift, cut) =
                    (reader.byte()?, reader.byte()?, reader.byte()?, reader.byte()?);
                let len = reader.byte()?;
                self.segment(manner, Way(way), flags, shift, Cut(cut), reader.bytes(len.into()));
            }
            2 => {
                let (way, flags, shift, cut) =
                    (reader.byte()?, reader.byte()?, reader.byte()?, reader.byte()?);
                let message = messages::peer_wire(reader.byte()?, reader.byte()?);
                self.segment(manner, Way(way), flags, shift, Cut(cut), &message);
            }
            3 => {
                let (way, cut, len) = (reader.byte()?, reader.byte()?, reader.byte()?);
                self.datagram(manner, Way(way), Cut(cut), reader.bytes(len.into()));
            }
            4 => {
                let (way, cut) = (reader.byte()?, reader.byte()?);
                let krpc = messages::krpc(reader.byte()?, reader.byte()?);
                self.datagram(manner, Way(way), Cut(cut), &krpc);
            }
            5 => {
                let (packet, wrap) = self.last.clone()?;
                let wrap = Wrap { vlan: manner.vlan(), tunnel: manner.tunnel(), ..wrap };
                self.frames(manner, &packet, wrap, false);
            }
            6 => self.events.push(Event::Expire(Timestamp(START + self.elapsed))),
            _ => {
                let (way, generation) = (Way(reader.byte()?), reader.byte()?);
                let isn = [0xffff_ff00, 1000].map(|isn: u32| isn.wrapping_add(u32::from(generation) << 12));
                let [near, far] = way.ends(manner);
                let wrap = Wrap::new(manner, way, Cut(0));
                self.packet(manner, packets::tcp(near, far, isn[0], 0, 2, b""), wrap, false);
                let answer = packets::tcp(far, near, isn[1], isn[0].wrapping_add(1), 0x12, b"");
                self.packet(manner, answer, wrap, false);
                self.connections.insert(way.connection(), isn.map(|isn| isn.wrapping_add(1)));
            }
        }
        Some(())
    }

    fn pass_time(&mut self, time: u8) {
        const UNITS: [i64; 8] = [
            0,
            1_000,
            1_000_000,
            10_000_000,
            1_000_000_000,
            60_000_000_000,
            600_000_000_000,
            3_600_000_000_000,
        ];
        let step = i64::from(time & 15) * UNITS[usize::from(time >> 4 & 7)];
        self.elapsed += if time & 0x80 == 0 { step } else { -step };
        self.disorder |= self.latest - self.elapsed > OUT_OF_ORDER;
        self.back |= self.latest > self.elapsed;
        self.latest = self.latest.max(self.elapsed);
    }

    /// Sends payload on a connection: in order, unless `shift` moves it.
    fn segment(&mut self, manner: Manner, way: Way, flags: u8, shift: u8, cut: Cut, payload: &[u8]) {
        let numbers = self.connections.entry(way.connection()).or_insert([0xffff_ff01, 1001]);
        let side = way.side();
        let (next, ack) = (numbers[side], numbers[1 - side]);
        let seq =
            next.wrapping_add_signed(i32::from(shift.cast_signed()) * if flags & 0x80 == 0 { 1 } else { 64 });
        if !way.keeps() {
            let len = u32::try_from(payload.len()).expect("no message is so long");
            numbers[side] = seq.wrapping_add(len).wrapping_add(u32::from(flags & 2 != 0));
        }
        let [near, far] = way.ends(manner);
        let (src, dst) = if side == 0 { (near, far) } else { (far, near) };
        let middle = payload.len() / 2;
        let mut parts = if cut.in_two() {
            vec![(0, &payload[..middle]), (middle, &payload[middle..])]
        } else {
            vec![(0, payload)]
        };
        if cut.turned() {
            parts.reverse();
        }
        for (at, part) in parts {
            let seq = seq.wrapping_add(u32::try_from(at).expect("no message is so long"));
            let segment = packets::tcp(src, dst, seq, ack, flags & 0x1f, part);
            self.packet(manner, segment, Wrap::new(manner, way, cut), cut.snapped());
        }
    }

    fn datagram(&mut self, manner: Manner, way: Way, cut: Cut, payload: &[u8]) {
        let [near, far] = way.ends(manner);
        let (src, dst) = if way.side() == 0 { (near, far) } else { (far, near) };
        self.packet(manner, packets::udp(src, dst, payload), Wrap::new(manner, way, cut), cut.snapped());
    }

    fn packet(&mut self, manner: Manner, packet: Packet, wrap: Wrap, snapped: bool) {
        self.packets = self.packets.wrapping_add(1);
        let packet = Packet { id: self.packets, ..packet };
        self.frames(manner, &packet, wrap, snapped);
        self.last = Some((packet, wrap));
    }

    fn frames(&mut self, manner: Manner, packet: &Packet, wrap: Wrap, snapped: bool) {
        for mut frame in packets::frames(packet, wrap) {
            let len = frame.len();
            if snapped {
                frame.truncate(len - len / 3);
            }
            self.capture(manner, LinkType::Ethernet, u32::try_from(len).expect("frames are short"), frame);
        }
    }

    fn capture(&mut self, manner: Manner, link: LinkType, wire_len: u32, bytes: Vec<u8>) {
        let capture = manner.capture();
        self.numbers[capture] += 1;
        self.events.push(Event::Frame(Captured {
            time: Timestamp(START + self.elapsed),
            link,
            wire_len,
            place: FrameRef { capture: u32::from(capture == 1), number: self.numbers[capture] },
            vantage: manner.vantage(),
            bytes,
        }));
    }
}

impl Manner {
    fn capture(self) -> usize {
        usize::from(self.0 >> 3 & 1)
    }

    fn vantage(self) -> u16 {
        u16::from(self.0 >> 4 & 1)
    }

    fn vlan(self) -> Option<u16> {
        match self.0 >> 6 {
            1 => Some(10),
            2 => Some(20),
            _ => None,
        }
    }

    fn tunnel(self) -> Option<u32> {
        (self.0 >> 6 == 3).then_some(7)
    }
}

impl Wrap {
    fn new(manner: Manner, way: Way, cut: Cut) -> Self {
        Self {
            vlan: manner.vlan(),
            tunnel: manner.tunnel(),
            ipv6: way.0 & 0x40 != 0,
            fragment_at: cut.0 & 15,
        }
    }
}

/// Who speaks with whom.
#[derive(Clone, Copy)]
struct Way(u8);

impl Way {
    /// Of the host, and of the node that it speaks with.
    fn ends(self, manner: Manner) -> [End; 2] {
        let (host, node) = (self.0 & 1, self.0 >> 1 & 7);
        let mac = |end: u8| [2, 0, 0, manner.0 >> 5 & 1, 0, end];
        let near = End { ip: [10, 0, 0, 1 + host], port: 6881, mac: mac(host) };
        let ip = if self.0 & 0x20 == 0 { [198, 51, 100, node] } else { [10, 0, 1, node] };
        [near, End { ip, port: 6881 + u16::from(node & 1), mac: mac(2) }]
    }

    fn side(self) -> usize {
        usize::from(self.0 >> 4 & 1)
    }

    fn keeps(self) -> bool {
        self.0 & 0x80 != 0
    }

    fn connection(self) -> u8 {
        self.0 & 0x6f
    }
}

/// What happens to a packet on its way.
#[derive(Clone, Copy)]
struct Cut(u8);

impl Cut {
    fn snapped(self) -> bool {
        self.0 & 0x10 != 0
    }

    fn in_two(self) -> bool {
        self.0 & 0x40 != 0
    }

    fn turned(self) -> bool {
        self.0 & 0x80 != 0
    }
}
