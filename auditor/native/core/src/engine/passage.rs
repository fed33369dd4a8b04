//! A frame on its way to its flow: decoded, given its flow's key, and put beside others whose flows are fetched together.

use std::hash::{BuildHasher, Hasher};

use super::{Engine, Frame, of_capture};
use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::Stamp;
use crate::detect::dht::Dht;
use crate::flow::key::{Endpoint, Ends, FlowKey, Seeded, Transport as Protocol};
use crate::flow::table::Notes;
use crate::wire::decode::{self, Datagram, Decoded, Packet, Segment, Transport};
use crate::wire::path::Path;

/// How many packets are decoded before their flows are looked at. A flow is rarely in the cache; asking for many at
/// once costs little more than asking for one.
pub(super) const TOGETHER: usize = 32;

/// A packet on its way to its flow.
pub(super) struct Passage<'a> {
    pub(super) key: FlowKey,
    pub(super) hash: u64,
    pub(super) from_low: bool,
    /// IPv4 identification.
    ip_id: u32,
    pub(super) path: Path,
    pub(super) stamp: Stamp,
    pub(super) load: Load<'a>,
}

impl Passage<'_> {
    /// A mark by which a copy of the same frame is known: IP identification, numbers of the transport, payload.
    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough among a few packets")]
    pub(super) fn mark(&self, payload: &[u8], numbers: [u32; 3]) -> u32 {
        /// What a datagram says stands at its ends: who sends it and what, and the transaction.
        const SAMPLE: usize = 32;
        let mut hasher = Seeded(self.hash << 1 | u64::from(self.from_low)).build_hasher();
        hasher.write_u64(u64::from(self.ip_id) << 32 | payload.len() as u64);
        if let Load::Tcp(_) = self.load {
            for number in numbers {
                hasher.write_u32(number);
            }
        }
        hasher.write(payload.get(..SAMPLE).unwrap_or(payload));
        hasher.write(
            payload.len().checked_sub(SAMPLE).and_then(|from| payload.get(from..)).unwrap_or_default(),
        );
        hasher.finish() as u32
    }

    fn is_dht(&self) -> bool {
        matches!(&self.load, Load::Udp(datagram) if Dht::probe(datagram.payload))
    }
}

/// What a packet brings its flow.
pub(super) enum Load<'a> {
    Tcp(Segment<'a>),
    Udp(Datagram<'a>),
}

impl Engine {
    /// Decodes a frame; its packet joins those that wait.
    pub(super) fn decode<'a>(&mut self, frame: &Frame<'a>, waiting: &mut Vec<Passage<'a>>) {
        let mut ignored = Anomalies::default();
        let stamp = Stamp { time: frame.time, frame: frame.place };
        let first_worker = self.options.shard.0 == 0;
        // Every worker decodes every frame; what the decoder refuses must count once.
        let anomalies = match of_capture(&mut self.anomalies, frame.place.capture) {
            Some(anomalies) if first_worker => anomalies,
            _ => &mut ignored,
        };
        if frame.bytes.len() < frame.wire_len as usize {
            anomalies.count(Anomaly::FrameSnapped);
        }
        match decode::decode(frame.link, frame.bytes, anomalies) {
            Decoded::Packet(packet) => {
                if let Some(passage) = self.passage(&packet, frame.vantage, stamp) {
                    waiting.push(passage);
                }
            }
            Decoded::Fragment(fragment) => {
                self.totals.fragments += u64::from(first_worker);
                let whole = self.fragments.insert(frame.time, frame.vantage, &fragment, anomalies);
                if let Some((header, payload)) = whole
                    && let Decoded::Packet(packet) = decode::decode_reassembled(&header, &payload, anomalies)
                {
                    self.pass(waiting);
                    let mut whole: Vec<_> = self.passage(&packet, frame.vantage, stamp).into_iter().collect();
                    self.pass(&mut whole);
                }
            }
            Decoded::Nothing => self.totals.other_packets += u64::from(first_worker),
        }
    }

    /// Says where a packet belongs; `None` if to no flow, or to another worker's.
    #[inline]
    fn passage<'a>(&mut self, packet: &Packet<'a>, vantage: u16, stamp: Stamp) -> Option<Passage<'a>> {
        let (load, protocol, src_port, dst_port) = match packet.transport {
            Transport::Tcp(segment) => {
                (Load::Tcp(segment), Protocol::Tcp, segment.src_port, segment.dst_port)
            }
            Transport::Udp(datagram) => {
                (Load::Udp(datagram), Protocol::Udp, datagram.src_port, datagram.dst_port)
            }
            Transport::Other(_) => {
                self.totals.other_packets += u64::from(self.options.shard.0 == 0);
                return None;
            }
        };
        let src = Endpoint { ip: packet.src, port: src_port };
        let dst = Endpoint { ip: packet.dst, port: dst_port };
        let (key, from_low) = FlowKey::new(src, dst, protocol, vantage, &packet.path);
        let (shard, shards) = self.options.shard;
        if shards > 1 && key.shard_hash() % shards != shard {
            return None;
        }
        let hash = self.flows.hash(&key);
        Some(Passage { key, hash, from_low, ip_id: packet.ip_id, path: packet.path, stamp, load })
    }

    /// Takes the waiting packets to their flows.
    pub(super) fn pass(&mut self, waiting: &mut Vec<Passage<'_>>) {
        if waiting.len() > 1 {
            self.warm(waiting);
        }
        for passage in waiting.iter() {
            self.now = self.now.max(passage.stamp.time);
            match &passage.load {
                Load::Tcp(segment) => self.tcp(passage, segment),
                Load::Udp(datagram) => self.udp(passage, datagram),
            }
        }
        waiting.clear();
    }

    /// Brings the flows of the waiting packets into the cache: each step's reads do not depend on one another, so the
    /// processor does them side by side.
    fn warm(&self, waiting: &[Passage<'_>]) {
        let mut guesses = [None; TOGETHER];
        let mut touched = 0;
        for (guess, passage) in guesses.iter_mut().zip(waiting) {
            *guess = self.flows.guess(passage.hash);
            if guess.is_none() && passage.is_dht() {
                touched ^= i64::from(self.dht.touch_pair(passage.hash, passage.path.vlans));
            }
        }
        let mut slots = [None; TOGETHER];
        for (slot, place) in slots.iter_mut().zip(guesses.into_iter().flatten()) {
            if let Some(flow) = self.flows.get(place) {
                touched ^= flow.touch();
                *slot = flow.dht_slot();
                if flow.is_noted() {
                    touched ^= self.flows.notes(place).map_or(0, Notes::touch);
                }
            }
        }
        let mut activities = [Ends::default(); TOGETHER];
        for (activity, slot) in activities.iter_mut().zip(slots.into_iter().flatten()) {
            *activity = self.dht.touch(slot);
        }
        for place in activities.into_iter().flat_map(|ends| [ends.orig, ends.resp]).flatten() {
            touched ^= self.dht.touch_activity(place).cast_signed();
        }
        std::hint::black_box(touched);
    }
}
