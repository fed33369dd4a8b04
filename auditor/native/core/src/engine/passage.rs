//! A frame on its way to its flow: decoded, given its flow's key, and put beside others whose flows are fetched together.

use std::hash::{BuildHasher, Hasher};
use std::mem;

use super::strays::Role;
use super::{Engine, Frame, of_capture};
use crate::anomaly::{Anomalies, Anomaly};
use crate::bindings::is_dhcp;
use crate::detect::Stamp;
use crate::detect::dht::Dht;
use crate::flow::key::{Endpoint, FlowKey, Seeded, Transport as Protocol};
use crate::flow::slab::Place;
use crate::wire::decode::{self, Datagram, Decoded, Packet, Plain, Segment, Transport};
use crate::wire::path::Path;

/// How many packets are decoded, or taken to their flows, at a time: enough that what was asked for arrives meanwhile.
pub(super) const TOGETHER: usize = 32;

/// Packets between their frames and their flows. A flow is rarely in the cache, and waiting for it takes longer than
/// decoding several packets: so the flows of some are fetched while others, that came before, are taken to theirs.
#[derive(Default)]
pub(super) struct Waiting<'a> {
    /// The latest.
    pub(super) decoded: Vec<Passage<'a>>,
    /// Those whose flows are on their way into the cache.
    asked: Vec<Passage<'a>>,
    /// The earliest: of theirs, what the DHT keeps of a flow is on its way too.
    ready: Vec<Passage<'a>>,
}

/// A packet on its way to its flow.
pub(super) struct Passage<'a> {
    pub(super) key: FlowKey,
    pub(super) hash: u64,
    /// Where its flow probably is, found before earlier packets were taken to theirs.
    pub(super) guess: Option<Place>,
    /// It looks like a message of the DHT.
    pub(super) is_dht: bool,
    /// What the DHT keeps of that flow.
    link: Option<Place>,
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
            let [seq, ack, flags] = numbers.map(u64::from);
            hasher.write_u64(seq << 32 | ack);
            hasher.write_u64(flags);
        }
        match payload.first_chunk::<SAMPLE>().zip(payload.last_chunk::<SAMPLE>()) {
            Some((first, last)) => {
                let mut write = |half: &[u8; SAMPLE]| {
                    for block in half.as_chunks().0 {
                        hasher.write_u128(u128::from_le_bytes(*block));
                    }
                };
                write(first);
                write(last);
            }
            None => hasher.write(payload),
        }
        hasher.finish() as u32
    }
}

/// What a packet brings its flow.
pub(super) enum Load<'a> {
    Tcp(Segment<'a>),
    Udp(Datagram<'a>),
}

impl Engine {
    /// Decodes a frame; its packet joins those that wait.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "out of line, the frame goes through memory too")]
    pub(super) fn decode<'a>(&mut self, frame: Frame<'a>, waiting: &mut Waiting<'a>) {
        // Made for each capture, whatever it holds: what is left at the end counts for the last.
        let anomalies = of_capture(&mut self.anomalies, frame.place.capture);
        if frame.bytes.len() < frame.wire_len as usize
            && self.role.counts
            && let Some(anomalies) = anomalies
        {
            anomalies.count(Anomaly::FrameSnapped);
        }
        // Apart from the thorough way, so that what nearly every packet brings is written once, where it waits.
        if let Some(plain) = Plain::parse(frame.link, frame.bytes) {
            if let Some(packet) = plain.tcp() {
                return self.wait(packet, frame, &mut waiting.decoded);
            }
            if let Some(packet) = plain.udp() {
                return self.wait(packet, frame, &mut waiting.decoded);
            }
        }
        self.decode_thoroughly(frame, waiting);
    }

    #[inline(never)]
    fn decode_thoroughly<'a>(&mut self, frame: Frame<'a>, waiting: &mut Waiting<'a>) {
        let mut ignored = Anomalies::default();
        let counts = self.role.counts;
        // Several workers decode a frame; what the decoder refuses must count once.
        let anomalies = match of_capture(&mut self.anomalies, frame.place.capture) {
            Some(anomalies) if counts => anomalies,
            _ => &mut ignored,
        };
        match decode::decode(frame.link, frame.bytes, anomalies) {
            Decoded::Packet(packet) => self.wait(packet, frame, &mut waiting.decoded),
            Decoded::Fragment(fragment) => {
                self.totals.fragments += u64::from(counts);
                if self.role.hands_on {
                    self.strays.hand_to_all(&frame);
                }
                // All workers have all fragments, and one of them counts what is wrong with them together.
                let of_all = Role::of_all(&self.options);
                let anomalies = match of_capture(&mut self.anomalies, frame.place.capture) {
                    Some(anomalies) if of_all.counts => anomalies,
                    _ => &mut ignored,
                };
                let whole = self.fragments.insert(frame.time, frame.vantage, &fragment, anomalies);
                if let Some((header, payload)) = whole
                    && let Decoded::Packet(packet) = decode::decode_reassembled(&header, &payload, anomalies)
                {
                    self.pass_all(waiting);
                    let mut whole = Vec::new();
                    let role = mem::replace(&mut self.role, of_all);
                    self.wait(packet, Frame { bytes: &[], ..frame }, &mut whole);
                    self.role = role;
                    self.pass(&mut whole);
                }
            }
            Decoded::Arp(path, arp) => {
                self.totals.other_packets += u64::from(counts);
                if self.keeps_bindings(frame) {
                    let stamp = Stamp { time: frame.time, frame: frame.place };
                    self.bindings.arp(frame.vantage, &path, &arp, stamp);
                }
            }
            Decoded::Nothing => self.totals.other_packets += u64::from(counts),
        }
    }

    /// Says where a packet belongs, and has it wait; one of no flow, or of another worker's, does not.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "out of line, the packet goes through memory twice")]
    fn wait<'a>(&mut self, packet: Packet<'a>, frame: Frame<'_>, waiting: &mut Vec<Passage<'a>>) {
        let stamp = Stamp { time: frame.time, frame: frame.place };
        let (load, protocol, src_port, dst_port) = match packet.transport {
            Transport::Tcp(segment) => {
                (Load::Tcp(segment), Protocol::Tcp, segment.src_port, segment.dst_port)
            }
            Transport::Udp(datagram) => {
                if is_dhcp(&datagram) {
                    self.dhcp(packet, datagram, frame);
                }
                (Load::Udp(datagram), Protocol::Udp, datagram.src_port, datagram.dst_port)
            }
            Transport::Icmpv6(message) => {
                self.icmpv6(packet, message, frame);
                return;
            }
            Transport::Other(_) => {
                self.totals.other_packets += u64::from(self.role.counts);
                return;
            }
        };
        let src = Endpoint { ip: packet.src, port: src_port };
        let dst = Endpoint { ip: packet.dst, port: dst_port };
        let (key, from_low) = FlowKey::new(src, dst, protocol, frame.vantage, &packet.path);
        let (shard, shards) = self.options.shard;
        if shards > 1 {
            let owner = u64::from(self.steering.hash(&key)) % shards;
            if owner != shard {
                if self.role.hands_on {
                    self.strays.hand_to(owner, &frame);
                }
                return;
            }
        }
        let hash = self.flows.hash(&key);
        self.flows.prefetch_index(hash);
        waiting.push(Passage {
            key,
            hash,
            guess: None,
            is_dht: matches!(&load, Load::Udp(datagram) if Dht::probe(datagram.payload)),
            link: None,
            from_low,
            ip_id: packet.ip_id,
            path: packet.path,
            stamp,
            load,
        });
    }

    #[cold]
    fn dhcp(&mut self, packet: Packet<'_>, datagram: Datagram<'_>, frame: Frame<'_>) {
        if self.keeps_bindings(frame) {
            let stamp = Stamp { time: frame.time, frame: frame.place };
            self.bindings.dhcp(frame.vantage, &packet, &datagram, stamp);
        }
    }

    #[cold]
    fn icmpv6(&mut self, packet: Packet<'_>, message: &[u8], frame: Frame<'_>) {
        self.totals.other_packets += u64::from(self.role.counts);
        if self.keeps_bindings(frame) {
            let stamp = Stamp { time: frame.time, frame: frame.place };
            self.bindings.icmpv6(frame.vantage, &packet, message, stamp);
        }
    }

    /// Whether this worker keeps what a frame says of addresses: the first does; another may have to hand it on.
    fn keeps_bindings(&mut self, frame: Frame<'_>) -> bool {
        let keeps = self.options.shard.0 == 0;
        if !keeps && self.role.hands_on {
            self.strays.hand_to(0, &frame);
        }
        keeps
    }

    /// Takes the earliest packets to their flows, and has what the others will need fetched.
    pub(super) fn advance(&mut self, waiting: &mut Waiting<'_>) {
        self.fetch_flows(&mut waiting.decoded);
        self.fetch_links(&mut waiting.asked);
        self.fetch_activities(&waiting.ready);
        self.pass(&mut waiting.ready);
        mem::swap(&mut waiting.ready, &mut waiting.asked);
        mem::swap(&mut waiting.asked, &mut waiting.decoded);
    }

    /// Takes all waiting packets to their flows.
    pub(super) fn pass_all(&mut self, waiting: &mut Waiting<'_>) {
        for _ in 0..3 {
            self.advance(waiting);
        }
    }

    fn pass(&mut self, packets: &mut Vec<Passage<'_>>) {
        for passage in packets.iter() {
            self.now = self.now.max(passage.stamp.time);
            match &passage.load {
                Load::Tcp(segment) => self.tcp(passage, segment),
                Load::Udp(datagram) => self.udp(passage, datagram),
            }
        }
        packets.clear();
    }

    fn fetch_flows(&self, packets: &mut [Passage<'_>]) {
        for passage in packets {
            passage.guess = self.flows.guess(passage.hash);
            match passage.guess {
                Some(place) => {
                    let with_notes = passage.is_dht || matches!(passage.load, Load::Tcp(_));
                    self.flows.prefetch(place, with_notes);
                }
                None if passage.is_dht => self.dht.prefetch_pair(passage.hash, passage.path.vlans),
                None => {}
            }
        }
    }

    fn fetch_links(&self, packets: &mut [Passage<'_>]) {
        for passage in packets.iter_mut().filter(|passage| passage.is_dht) {
            passage.link = passage.guess.and_then(|place| self.flows.get(place)?.dht_slot());
            if let Some(slot) = passage.link {
                self.dht.prefetch_link(slot);
            }
        }
    }

    fn fetch_activities(&self, packets: &[Passage<'_>]) {
        for slot in packets.iter().filter_map(|passage| passage.link) {
            self.dht.prefetch_activities(slot);
        }
    }
}
