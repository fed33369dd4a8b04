//! Frames in, facts out: decodes each frame, finds its flow, and lets the detectors look.
//!
//! The engine is pure. Time comes with the frames, expiry follows it, and the same frames give the same facts,
//! live or replayed. One engine is one worker: of several, each decodes every frame and keeps the flows that fall to
//! it, so that any number of them sees what one would.

mod report;
mod tcp;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};

pub use self::report::{FlowReport, Report, Totals};
use self::tcp::Detail;
use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::dht::Dht;
use crate::detect::reading::{self, Outcome};
use crate::detect::{Datagram, FrameRef, Observation, Probe, Stamp};
use crate::flow::fragments::Fragments;
use crate::flow::key::{End, Endpoint, Ends, FlowKey, Seeded, Transport as Protocol};
use crate::flow::minutes::Minutes;
use crate::flow::recent::TWICE_WITHIN;
use crate::flow::slab::{Place, Slab};
use crate::flow::stream::{Arrival, HeldBytes, READING};
use crate::flow::table::{Flow, FlowTable, Notes, Phase};
use crate::networks::Networks;
use crate::time::Timestamp;
use crate::wire::decode::{self, Datagram as UdpDatagram, Decoded, Packet, Segment, Transport};
use crate::wire::link::LinkType;
use crate::wire::path::Path;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Our own networks, inside and egress: whose DHT activities are folded.
    pub ours: Networks,
    /// Report flows that carry nothing but DHT too.
    pub dht_flows: bool,
    /// Whether VLAN tags part flows of the same ends.
    pub vlan_in_key: bool,
    /// Which worker this is, and of how many.
    pub shard: (u64, u64),
    /// Makes the tables' hashes unguessable. The same for all workers of a run.
    pub seed: u64,
    /// The caps of all workers together.
    pub caps: Caps,
}

/// What may be kept at once. Reaching a cap is counted, and changes what is seen no more than it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Flows open at once. The quietest are ended early to make room.
    pub flows: usize,
    /// Bytes held by reassembly, bookkeeping included. The stream that wants more gives up its hole.
    pub held_bytes: usize,
    /// Flows with BitTorrent that are reported.
    pub reports: usize,
    /// Infohashes of DHT activities that are not reported yet.
    pub infohashes: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { flows: 1 << 20, held_bytes: 64 << 20, reports: 1 << 18, infohashes: 1 << 19 }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ours: Networks::default(),
            dht_flows: false,
            vlan_in_key: true,
            shard: (0, 1),
            seed: 0,
            caps: Caps::default(),
        }
    }
}

/// A frame as a source delivers it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// What its first header is.
    pub link: LinkType,
    /// Its length on the wire.
    pub wire_len: u32,
    /// Where it stands.
    pub place: FrameRef,
    /// The vantage point's number.
    pub vantage: u16,
    /// The bytes captured.
    pub bytes: &'a [u8],
}

/// How many flows may have ended unnoticed before a sweep looks for them.
const SWEEP_AT_LEAST: usize = 1 << 14;

/// By how much a frame may be older than one before it; sources count those that are older still.
const OUT_OF_ORDER: i64 = Timestamp::SECOND;

/// One worker.
pub struct Engine {
    options: Options,
    flows: FlowTable,
    details: Slab<Detail>,
    dht: Dht,
    fragments: Fragments,
    budget: HeldBytes,
    now: Timestamp,
    sweep_at: usize,
    anomalies: Vec<Anomalies>,
    totals: Totals,
    evicted: u64,
    unreported: u64,
    reports: Vec<FlowReport>,
}

/// How many packets are decoded before their flows are looked at. A flow is rarely in the cache; asking for many at
/// once costs little more than asking for one.
const TOGETHER: usize = 32;

/// A packet on its way to its flow.
struct Passage<'a> {
    key: FlowKey,
    hash: u64,
    from_low: bool,
    /// IPv4 identification.
    ip_id: u32,
    path: Path,
    stamp: Stamp,
    load: Load<'a>,
}

impl Passage<'_> {
    fn is_dht(&self) -> bool {
        matches!(&self.load, Load::Udp(datagram) if Dht::probe(datagram.payload))
    }
}

/// What a packet brings its flow.
enum Load<'a> {
    Tcp(Segment<'a>),
    Udp(UdpDatagram<'a>),
}

impl Engine {
    /// Makes an engine that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let seed = Seeded(options.seed);
        let share = usize::try_from(options.shard.1.max(1)).unwrap_or(usize::MAX);
        Self {
            flows: FlowTable::new(options.caps.flows / share, options.seed),
            details: Slab::default(),
            dht: Dht::new(
                options.ours.clone(),
                options.vlan_in_key,
                options.dht_flows,
                options.caps.infohashes / share,
                seed,
            ),
            fragments: Fragments::default(),
            budget: HeldBytes { now: 0, cap: options.caps.held_bytes / share, hits: 0 },
            now: Timestamp(i64::MIN),
            sweep_at: SWEEP_AT_LEAST.min(options.caps.flows / share).max(1),
            anomalies: Vec::new(),
            totals: Totals::default(),
            evicted: 0,
            unreported: 0,
            reports: Vec::new(),
            options,
        }
    }

    /// Takes frames in, in their order.
    pub fn ingest<'a>(&mut self, frames: impl IntoIterator<Item = Frame<'a>>) {
        let mut waiting = Vec::with_capacity(TOGETHER);
        for frame in frames {
            self.decode(&frame, &mut waiting);
            if waiting.len() >= TOGETHER {
                self.pass(&mut waiting);
            }
        }
        self.pass(&mut waiting);
    }

    /// Decodes a frame; its packet joins those that wait.
    fn decode<'a>(&mut self, frame: &Frame<'a>, waiting: &mut Vec<Passage<'a>>) {
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

    /// Ends what was idle too long at `now`. Frames do this by themselves; a live source calls it in quiet times.
    pub fn expire(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.sweep();
    }

    /// Takes what has ended since the last call.
    pub fn drain(&mut self) -> Report {
        let activities = self.dht.drain();
        self.report(activities)
    }

    /// Ends everything and reports it.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let flows = self.flows.take_all();
        for flow in flows.values() {
            self.close(flow);
        }
        let first_worker = self.options.shard.0 == 0;
        if let Some(anomalies) = self.anomalies.last_mut()
            && first_worker
        {
            self.fragments.finish(anomalies);
        }
        let activities = self.dht.finish();
        self.report(activities)
    }

    fn report(&mut self, activities: Vec<crate::detect::dht::activity::Activity>) -> Report {
        let first_worker = self.options.shard.0 == 0;
        let dht = std::mem::take(&mut self.dht.limits);
        let limits = [
            ("flows", std::mem::take(&mut self.evicted)),
            ("reassembly_bytes", std::mem::take(&mut self.budget.hits)),
            ("reported_flows", std::mem::take(&mut self.unreported)),
            ("fragments", if first_worker { self.fragments.take_evictions() } else { 0 }),
            ("dht_activities", dht.activities),
            ("dht_infohashes", dht.targets),
            ("dht_nodes", dht.nodes),
        ];
        // The captures stay: the last is where packets that never become whole count.
        let anomalies = vec![Anomalies::default(); self.anomalies.len()];
        Report {
            flows: std::mem::take(&mut self.reports),
            activities,
            anomalies: std::mem::replace(&mut self.anomalies, anomalies),
            limits: limits.into_iter().filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>(),
            totals: std::mem::take(&mut self.totals),
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
    fn pass(&mut self, waiting: &mut Vec<Passage<'_>>) {
        if waiting.len() > 1 {
            self.warm(waiting);
        }
        for passage in waiting.iter() {
            self.now = self.now.max(passage.stamp.time);
            match &passage.load {
                Load::Tcp(segment) => self.tcp(passage, segment),
                Load::Udp(datagram) => self.udp(passage, datagram.payload, datagram.payload_len),
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
                *slot = flow.slot;
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

    /// Finds the flow of a packet, or begins one. `None`: the packet was delivered twice.
    fn flow(
        &mut self,
        passage: &Passage<'_>,
        mark: impl Fn() -> Option<u32>,
        renew: impl Fn(&Flow, &Notes, Option<&Detail>) -> bool,
    ) -> Option<Place> {
        let mut key = passage.key;
        let vlans = passage.path.vlans;
        let now = passage.stamp.time;
        let mut hash = passage.hash;
        let mut found = self.open(&key, hash, now);
        if found.is_none() && self.flows.has_parted() {
            // The flow from which this one was parted may have ended before it.
            let parted = FlowKey { vlans: Some(vlans), ..key };
            let parted_hash = self.flows.hash(&parted);
            found = self.open(&parted, parted_hash, now);
            (key, hash) = if found.is_some() { (parted, parted_hash) } else { (key, hash) };
        } else if let Some(place) = found
            && self.options.vlan_in_key
            && self.flows.get(place).is_some_and(|flow| flow.vlans != vlans)
            && let Some((flow, notes)) = self.flows.noted_mut(place)
            && notes.twin != Some(vlans)
        {
            // The same ends under other tags: the same frame, routed from one VLAN to another, or other hosts.
            let pause = now.since(flow.last);
            let is_twin = pause <= TWICE_WITHIN && mark().is_some_and(|mark| notes.recent.holds(mark));
            if is_twin {
                notes.twin = Some(vlans);
                if let Some(slot) = flow.slot {
                    self.dht.crossed(slot, flow.end(!passage.from_low), vlans);
                }
            }
            key.vlans = Some(vlans);
            hash = self.flows.hash(&key);
            found = self.open(&key, hash, now);
            if is_twin {
                if let Some(place) = found {
                    self.forget(place);
                }
                self.totals.duplicate_frames += 1;
                return None;
            }
        }
        if let Some(place) = found {
            let Some((flow, notes)) = self.flows.get(place).zip(self.flows.notes(place)) else {
                return Some(place);
            };
            let detail = flow.detail.and_then(|place| self.details.get(place));
            if !renew(flow, notes, detail) {
                return Some(place);
            }
            self.end(place);
        }
        self.make_room();
        match key.transport {
            Protocol::Tcp => self.totals.tcp_flows += 1,
            Protocol::Udp => self.totals.udp_flows += 1,
        }
        Some(self.flows.insert(Flow::begin(key, passage.from_low, vlans, now), hash))
    }

    /// Finds a flow that is still open at `now`; one that has ended is ended, as a sweep might have done before.
    fn open(&mut self, key: &FlowKey, hash: u64, now: Timestamp) -> Option<Place> {
        let place = self.flows.find(key, hash)?;
        if self.flows.get(place).is_some_and(|flow| flow.expired(now)) {
            self.end(place);
            return None;
        }
        Some(place)
    }

    /// Forgets a flow that turned out to be another's frames delivered twice: the capture began between two copies.
    fn forget(&mut self, place: Place) {
        let Some(flow) = self.flows.remove(place) else { return };
        if let Some(slot) = flow.slot {
            self.dht.flow_ended(slot);
        }
        if let Some(mut detail) = flow.detail.and_then(|place| self.details.remove(place)) {
            detail.release(&mut self.budget);
        }
    }

    /// Ends what no frame to come can go on with, so that it does not matter when somebody looks.
    fn sweep(&mut self) {
        let settled = Timestamp(self.now.0.saturating_sub(OUT_OF_ORDER));
        for place in self.flows.expired(settled) {
            self.end(place);
        }
        self.dht.expire(settled);
    }

    fn make_room(&mut self) {
        if self.flows.len() < self.sweep_at {
            return;
        }
        self.sweep();
        let share = usize::try_from(self.options.shard.1.max(1)).unwrap_or(usize::MAX);
        let cap = (self.options.caps.flows / share).max(1);
        if self.flows.len() >= cap {
            for place in self.flows.quietest((cap / 16).max(1)) {
                self.evicted += 1;
                self.end(place);
            }
        }
        self.sweep_at = (self.flows.len() * 2).clamp(SWEEP_AT_LEAST.min(cap), cap);
    }

    fn udp(&mut self, passage: &Passage<'_>, payload: &[u8], sent: u32) {
        let candidate = Dht::probe(payload);
        let mark = candidate.then(|| mark_of(passage, payload, [0; 3]));
        let Some(place) = self.flow(passage, || mark, |_, _, _| false) else { return };
        let Self { flows, dht, anomalies, totals, .. } = self;
        if let Some(mark) = mark {
            let Some((flow, notes)) = flows.noted_mut(place) else { return };
            let pause = passage.stamp.time.since(flow.last);
            if notes.recent.repeats(mark, pause) {
                totals.duplicate_frames += 1;
                return;
            }
        }
        let Some(flow) = flows.get_mut(place) else { return };
        let end = flow.end(passage.from_low);
        flow.last = flow.last.max(passage.stamp.time);
        count(flow, end, sent);
        let Some(anomalies) = anomalies.get_mut(passage.stamp.frame.capture as usize) else { return };
        if candidate {
            let datagram = Datagram {
                key: &flow.key,
                hash: passage.hash,
                orig_is_low: flow.orig_is_low,
                from: end,
                vlans: flow.vlans,
                path: &passage.path,
                stamp: passage.stamp,
                payload,
            };
            dht.inspect(&datagram, &mut flow.slot, anomalies);
        }
    }

    fn tcp(&mut self, passage: &Passage<'_>, segment: &Segment<'_>) {
        let mark =
            || mark_of(passage, segment.payload, [segment.seq, segment.ack, u32::from(segment.flags.0)]);
        let opens = segment.flags.syn() && !segment.flags.ack();
        // A SYN with another number than the flow's begins another connection on the same ports. Where none was seen
        // yet, this may be the flow's own, overtaken by what followed it.
        let renew = |flow: &Flow, notes: &Notes, detail: Option<&Detail>| {
            let end = flow.end(passage.from_low);
            let overtaken = || {
                let is_young = passage.stamp.time.since(flow.first) <= READING.age;
                let first = segment.seq.wrapping_add(1);
                is_young && detail.is_some_and(|detail| detail.may_begin_at(end, first))
            };
            opens
                && match notes.isn.at(end) {
                    Some(isn) => *isn != segment.seq,
                    None => flow.closed() || (flow.phase != Phase::Probing && !overtaken()),
                }
        };
        let Some(place) = self.flow(passage, || Some(mark()), renew) else { return };
        let Self { flows, details, anomalies, budget, totals, .. } = self;
        let Some(flow) = flows.get_mut(place) else { return };
        let stamp = passage.stamp;
        let pause = stamp.time.since(flow.last);
        flow.last = flow.last.max(stamp.time);
        let mut end = flow.end(passage.from_low);
        if flow.phase == Phase::Rejected {
            count(flow, end, segment.payload_len);
            note_close(flow, end, segment);
            return;
        }
        let phase = flow.phase;
        let Some((_, notes)) = flows.noted_mut(place) else { return };
        if notes.recent.repeats(mark(), pause) {
            totals.duplicate_frames += u64::from(phase == Phase::Reading);
            return;
        }
        let Some(anomalies) = anomalies.get_mut(stamp.frame.capture as usize) else { return };
        if segment.flags.syn() {
            let began = if segment.flags.ack() { end.other() } else { end };
            if began == End::Resp && notes.isn == Ends::default() {
                flows.turn(place);
                if let Some(detail) = flows.get(place).and_then(|flow| details.get_mut(flow.detail?)) {
                    detail.turn();
                }
                end = end.other();
            }
            let Some(mut known) = flows.noted_mut(place) else { return };
            let first = segment.seq.wrapping_add(1);
            learn_start(&mut known, details, end, first, budget, anomalies);
            if segment.flags.ack() {
                learn_start(&mut known, details, end.other(), segment.ack, budget, anomalies);
            }
        }
        let Some((flow, notes)) = flows.noted_mut(place) else { return };
        count(flow, end, segment.payload_len);
        note_close(flow, end, segment);
        if segment.payload_len > 0 {
            // Data may ride on a SYN (RFC 7413); it begins one further.
            let seq = segment.seq.wrapping_add(u32::from(segment.flags.syn()));
            let arrival = Arrival { stamp, seq, bytes: segment.payload, sent: segment.payload_len };
            payload(&mut (flow, notes), details, end, &arrival, budget, anomalies);
        }
        if let Some(macs) = passage.path.macs
            && let Some(detail) = flow.detail.and_then(|place| details.get_mut(place))
        {
            detail.macs.at_mut(end).get_or_insert(macs.src);
            detail.macs.at_mut(end.other()).get_or_insert(macs.dst);
        }
    }

    fn end(&mut self, place: Place) {
        if let Some(flow) = self.flows.remove(place) {
            self.close(&flow);
        }
    }

    /// Counts and reports a flow that has ended.
    fn close(&mut self, flow: &Flow) {
        let payload = flow.bytes.orig + flow.bytes.resp > 0;
        if flow.key.transport == Protocol::Tcp {
            let one_sided = flow.packets.orig == 0 || flow.packets.resp == 0;
            self.totals.one_sided_flows += u64::from(payload && one_sided);
            self.totals.midstream_flows += u64::from(payload && !flow.begun);
        }
        let mut observations = flow.slot.map(|slot| self.dht.flow_ended(slot)).unwrap_or_default();
        let Some(mut detail) = flow.detail.and_then(|place| self.details.remove(place)) else {
            if !observations.is_empty() {
                self.report_flow(flow, None, observations);
            }
            return;
        };
        let mut untold = Anomalies::default();
        let anomalies = of_capture(&mut self.anomalies, detail.capture).unwrap_or(&mut untold);
        observations.extend(detail.finish(&mut self.budget, anomalies));
        if observations.is_empty() {
            detail.release(&mut self.budget);
        } else {
            for end in [End::Orig, End::Resp] {
                detail.catch_up(end, *flow.bytes.at(end), flow.last);
            }
            self.report_flow(flow, Some(&detail), observations);
        }
    }

    fn report_flow(&mut self, flow: &Flow, detail: Option<&Detail>, observations: Vec<Observation>) {
        let share = usize::try_from(self.options.shard.1.max(1)).unwrap_or(usize::MAX);
        if self.reports.len() >= self.options.caps.reports / share {
            self.unreported += 1;
            return;
        }
        let mut bytes = flow.bytes;
        let mut missing = Ends::default();
        for end in [End::Orig, End::Resp] {
            if let Some(detail) = detail {
                (*bytes.at_mut(end), *missing.at_mut(end)) = detail.amounts(end);
            }
        }
        self.reports.push(FlowReport {
            transport: flow.key.transport,
            vantage: flow.key.vantage,
            tunnel: flow.key.tunnel,
            vlans: flow.vlans,
            ends: flow.ends(),
            macs: detail.map(|detail| detail.macs).unwrap_or_default(),
            first: flow.first,
            last: flow.last,
            packets: flow.packets,
            bytes,
            missing,
            minutes: detail.map_or_else(Minutes::default, |detail| detail.minutes().clone()),
            observations,
        });
    }
}

/// A flow with the notes on it.
type Noted<'a> = (&'a mut Flow, &'a mut Notes);

/// The counters of a capture, made where there are none yet.
fn of_capture(anomalies: &mut Vec<Anomalies>, capture: u32) -> Option<&mut Anomalies> {
    let index = capture as usize;
    if anomalies.len() <= index {
        anomalies.resize_with(index + 1, Anomalies::default);
    }
    anomalies.get_mut(index)
}

/// Counts a packet of `end` with `sent` bytes of payload.
#[inline]
fn count(flow: &mut Flow, end: End, sent: u32) {
    let packets = flow.packets.at_mut(end);
    *packets = packets.saturating_add(1);
    *flow.bytes.at_mut(end) += u64::from(sent);
}

fn note_close(flow: &mut Flow, end: End, segment: &Segment<'_>) {
    flow.reset |= segment.flags.rst();
    *flow.fin.at_mut(end) |= segment.flags.fin();
}

/// Takes in that a direction's first byte has sequence number `first`.
fn learn_start(
    known: &mut Noted<'_>,
    details: &mut Slab<Detail>,
    end: End,
    first: u32,
    budget: &mut HeldBytes,
    anomalies: &mut Anomalies,
) {
    let (flow, notes) = known;
    notes.isn.at_mut(end).get_or_insert(first.wrapping_sub(1));
    flow.begun = true;
    if let Some(detail) = flow.detail.and_then(|place| details.get_mut(place)) {
        let outcome = detail.begin(end, first, budget, anomalies);
        settle(known, details, end, outcome, budget);
    }
}

/// Gives payload to the flow's reader, or to the probes while it has none.
fn payload(
    known: &mut Noted<'_>,
    details: &mut Slab<Detail>,
    end: End,
    arrival: &Arrival<'_>,
    budget: &mut HeldBytes,
    anomalies: &mut Anomalies,
) {
    let (flow, notes) = known;
    let rejected = *notes.rejected.at(end);
    let reading = flow.phase == Phase::Reading;
    if rejected && !reading {
        return;
    }
    let first = notes.isn.at(end).map(|isn| isn.wrapping_add(1)).filter(|_| !rejected);
    // The usual case: the first segment of what is no protocol of ours. Nothing is kept for it.
    if flow.detail.is_none()
        && first == Some(arrival.seq)
        && reading::probe(arrival.bytes, true).0 == Probe::Reject
    {
        settle(known, details, end, Outcome::Rejected, budget);
        return;
    }
    let place = *flow.detail.get_or_insert_with(|| details.insert(Detail::default()));
    let Some(detail) = details.get_mut(place) else { return };
    if rejected {
        detail.catch_up(end, *flow.bytes.at(end) - u64::from(arrival.sent), arrival.stamp.time);
    }
    let outcome = detail.segment(end, arrival, first, budget, anomalies);
    if detail.is_read() {
        flow.phase = Phase::Reading;
    }
    settle(known, details, end, outcome, budget);
}

/// Draws the consequence where no detector wants a direction: without the other one the whole flow is left alone.
fn settle(
    (flow, notes): &mut Noted<'_>,
    details: &mut Slab<Detail>,
    end: End,
    outcome: Outcome,
    budget: &mut HeldBytes,
) {
    if outcome == Outcome::Going {
        if let Some(detail) = flow.detail.and_then(|place| details.get_mut(place))
            && detail.is_read()
        {
            flow.phase = Phase::Reading;
        }
        return;
    }
    *notes.rejected.at_mut(end) = true;
    if outcome == Outcome::Misread {
        *notes.rejected.at_mut(end.other()) = true;
    }
    if notes.rejected.orig && notes.rejected.resp {
        flow.phase = Phase::Rejected;
        if let Some(mut detail) = flow.detail.take().and_then(|place| details.remove(place)) {
            detail.release(budget);
        }
    }
}

/// A mark by which a copy of the same frame is known: IP identification, numbers of the transport, payload.
#[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough among a few packets")]
fn mark_of(passage: &Passage<'_>, payload: &[u8], numbers: [u32; 3]) -> u32 {
    /// What a datagram says stands at its ends: who sends it and what, and the transaction.
    const SAMPLE: usize = 32;
    let mut hasher = Seeded(passage.hash << 1 | u64::from(passage.from_low)).build_hasher();
    hasher.write_u64(u64::from(passage.ip_id) << 32 | payload.len() as u64);
    if let Load::Tcp(_) = passage.load {
        for number in numbers {
            hasher.write_u32(number);
        }
    }
    hasher.write(payload.get(..SAMPLE).unwrap_or(payload));
    hasher.write(payload.len().checked_sub(SAMPLE).and_then(|from| payload.get(from..)).unwrap_or_default());
    hasher.finish() as u32
}

#[cfg(test)]
mod tests;
