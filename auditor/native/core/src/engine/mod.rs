//! Frames in, facts out: decodes each frame, finds its flow, and lets the detectors look.
//!
//! The engine is pure. Time comes with the frames, expiry follows it, and the same frames give the same facts,
//! live or replayed. One engine is one worker: of several, each decodes every frame and keeps the flows that fall to
//! it, so that any number of them sees what one would.

mod cited;
mod content;
mod detail;
mod flows;
mod learning;
mod news;
mod passage;
mod report;
mod strays;
mod tcp;
mod udp;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::cited::{Cited, Keep};
pub use self::content::Content;
use self::detail::Details;
use self::learning::Learning;
use self::news::Marks;
pub use self::news::{News, Numbered};
use self::passage::{TOGETHER, Waiting};
pub use self::report::{FlowReport, Report, Torrent, Totals, Verified};
pub use self::strays::{Handed, Parcel};
use self::strays::{Role, Strays};
use self::udp::Talk;
use crate::anomaly::Anomalies;
use crate::bindings::{Caps as BindingCaps, Collector as Bindings};
use crate::detect::FrameRef;
use crate::detect::dht::Dht;
use crate::flow::fragments::Fragments;
use crate::flow::key::{End, Seeded};
use crate::flow::slab::Slab;
use crate::flow::steer::Steering;
use crate::flow::stream::HeldBytes;
use crate::flow::table::{Flow, FlowTable};
use crate::flow::unseen::Unseen;
use crate::networks::Networks;
use crate::time::Timestamp;
use crate::wire::link::LinkType;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Our own networks, inside and egress: whose DHT activities are folded, and whose encrypted flows are tied.
    pub ours: Networks,
    /// Report flows that carry nothing but DHT too.
    pub dht_flows: bool,
    /// Whether VLAN tags part flows of the same ends.
    pub vlan_in_key: bool,
    /// Which worker this is, and of how many.
    pub shard: (u64, u64),
    /// How frames come to the workers.
    pub delivery: Delivery,
    /// Makes the tables' hashes unguessable. The same for all workers of a run.
    pub seed: u64,
    /// Info dicts that are known beforehand, to verify pieces by.
    pub known: Vec<Arc<[u8]>>,
    /// Whether [`Engine::tell`] will be called: what is open is watched for what is new.
    pub goes_on: bool,
    /// The caps of all workers together.
    pub caps: Caps,
}

/// How frames come to the workers of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Each is given every frame.
    ToAll,
    /// Each frame comes to one of them, who hands it on where it is another's: see [`Engine::take_strays`].
    ToOne,
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
    /// Flows with nothing but what is of use beside other evidence of their host, until that is looked for.
    pub supporting: usize,
    /// Flows of unknown content, alike to obfuscated BitTorrent, that are reported to be tied or not.
    pub encrypted: usize,
    /// Addresses from which something was fetched that may be a web seed, until torrents are looked for that name them.
    pub fetched: usize,
    /// Infohashes of DHT activities that are not reported yet.
    pub infohashes: usize,
    /// Bytes held to prove what was passed on: info dicts, hashes, digests of pieces.
    pub content_bytes: usize,
    /// Endpoints named to hosts of ours that are not reported yet. The latest are dropped.
    pub learnt: usize,
    /// Addresses with their devices that ARP and neighbour discovery told and that are not reported yet. The latest are
    /// dropped.
    pub bindings: usize,
    /// Messages of DHCP that are not reported yet. The latest are dropped.
    pub leases: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            flows: 1 << 20,
            held_bytes: 64 << 20,
            reports: 1 << 18,
            supporting: 1 << 16,
            encrypted: 1 << 17,
            fetched: 1 << 16,
            infohashes: 1 << 19,
            content_bytes: 256 << 20,
            learnt: 1 << 20,
            bindings: 1 << 17,
            leases: 1 << 17,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ours: Networks::default(),
            dht_flows: false,
            vlan_in_key: true,
            shard: (0, 1),
            delivery: Delivery::ToAll,
            seed: 0,
            known: Vec::new(),
            goes_on: false,
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
    /// Of TCP flows.
    details: Details,
    /// Of UDP flows.
    talks: Slab<Talk>,
    dht: Dht,
    fragments: Fragments,
    content: Content,
    budget: HeldBytes,
    now: Timestamp,
    sweep_at: usize,
    anomalies: Vec<Anomalies>,
    totals: Totals,
    evicted: u64,
    unreported: u64,
    /// How many of `reports` only support others, and how many of those found no room.
    supporting: usize,
    unreported_supporting: u64,
    unreported_encrypted: u64,
    unreported_fetched: u64,
    reports: Vec<FlowReport>,
    /// How many of `reports` are of unknown content.
    encrypted: usize,
    /// How many of `reports` have nothing but what was fetched, and how many addresses all of them have.
    fetching: usize,
    fetched: usize,
    learning: Learning,
    marks: Marks,
    unseen: Unseen,
    /// Of the first worker; the others leave it empty.
    bindings: Bindings,
    steering: Steering,
    role: Role,
    strays: Strays,
}

impl Engine {
    /// Makes an engine that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let seed = Seeded(options.seed);
        let share = usize::try_from(options.shard.1.max(1)).unwrap_or(usize::MAX);
        Self {
            flows: FlowTable::new(options.caps.flows / share, options.seed),
            details: Details::default(),
            talks: Slab::default(),
            dht: Dht::new(
                options.ours.clone(),
                options.vlan_in_key,
                options.dht_flows,
                options.caps.flows / share,
                options.caps.infohashes / share,
                seed,
            )
            .going_on(options.goes_on),
            fragments: Fragments::default(),
            content: Content::new(options.caps.content_bytes / share),
            budget: HeldBytes { now: 0, cap: options.caps.held_bytes / share, hits: 0 },
            now: Timestamp(i64::MIN),
            sweep_at: SWEEP_AT_LEAST.min(options.caps.flows / share).max(1),
            anomalies: Vec::new(),
            totals: Totals::default(),
            evicted: 0,
            unreported: 0,
            supporting: 0,
            unreported_supporting: 0,
            unreported_encrypted: 0,
            unreported_fetched: 0,
            reports: Vec::new(),
            encrypted: 0,
            fetching: 0,
            fetched: 0,
            marks: Marks::new(options.goes_on),
            unseen: Unseen::default(),
            learning: Learning::new(options.ours.clone(), options.vlan_in_key, options.caps.learnt / share),
            bindings: Bindings::new(
                options.ours.clone(),
                options.vlan_in_key,
                BindingCaps { bindings: options.caps.bindings, leases: options.caps.leases },
            ),
            steering: Steering::new(options.seed),
            role: Role::first_hand(&options),
            strays: Strays::new(options.shard),
            options,
        }
    }

    /// Takes frames in, in their order.
    pub fn ingest<'a>(&mut self, frames: impl IntoIterator<Item = Frame<'a>>) {
        let mut waiting = Waiting::default();
        for frame in frames {
            self.decode(frame, &mut waiting);
            if waiting.decoded.len() >= TOGETHER {
                self.advance(&mut waiting);
            }
        }
        self.pass_all(&mut waiting);
    }

    /// Takes in frames that another worker handed on.
    pub fn ingest_handed<'a>(&mut self, frames: impl IntoIterator<Item = Frame<'a>>) {
        self.role = Role::second_hand();
        self.ingest(frames);
        self.role = Role::first_hand(&self.options);
    }

    /// Takes the frames that other workers are to have, by worker.
    pub fn take_strays(&mut self) -> impl Iterator<Item = (usize, Parcel)> + '_ {
        self.strays.take()
    }

    /// Ends what was idle too long at `now`. Frames do this by themselves; a live source calls it in quiet times.
    pub fn expire(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.sweep();
    }

    /// Takes what has ended since the last call.
    pub fn drain(&mut self) -> Report {
        self.marks.forget_numbers();
        let activities = self.dht.drain();
        self.report(activities)
    }

    /// How many reports wait to be taken.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.reports.len()
    }

    /// Ends everything and reports it.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.end_all();
        let activities = self.dht.finish();
        self.report(activities)
    }

    /// Ends all flows, and gives up what packets are in the making.
    fn end_all(&mut self) {
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
    }

    /// How full its tables are: their name, size and cap.
    #[must_use]
    pub fn sizes(&self) -> [(&'static str, usize, usize); 3] {
        let share = usize::try_from(self.options.shard.1.max(1)).unwrap_or(usize::MAX);
        [
            ("flows", self.flows.len(), (self.options.caps.flows / share).max(1)),
            ("reassembly_bytes", self.budget.now, self.budget.cap),
            ("dht_activities", self.dht.len(), crate::detect::dht::ACTIVITIES),
        ]
    }

    fn report(&mut self, activities: Vec<crate::detect::dht::activity::Activity>) -> Report {
        let first_worker = self.options.shard.0 == 0;
        let dht = std::mem::take(&mut self.dht.limits);
        let content = if self.options.goes_on { self.content.tell() } else { self.content.drain() };
        let (learnt, unlearnt) = self.learning.take();
        let (bindings, leases, unbound) = self.bindings.take();
        let limits = [
            ("flows", std::mem::take(&mut self.evicted)),
            ("reassembly_bytes", std::mem::take(&mut self.budget.hits)),
            ("content_bytes", content.refusals()),
            ("reported_flows", std::mem::take(&mut self.unreported)),
            ("supporting_flows", std::mem::take(&mut self.unreported_supporting)),
            ("encrypted_flows", std::mem::take(&mut self.unreported_encrypted)),
            ("fetched_addresses", std::mem::take(&mut self.unreported_fetched)),
            ("fragments", if first_worker { self.fragments.take_evictions() } else { 0 }),
            ("dht_activities", dht.activities),
            ("dht_infohashes", dht.targets),
            ("dht_nodes", dht.nodes),
            ("dht_external_addresses", dht.told),
            ("named_endpoints", unlearnt),
            ("bindings", unbound.bindings),
            ("leases", unbound.leases),
            ("cited_frames", std::mem::take(&mut self.marks.unkept)),
        ];
        self.supporting = 0;
        // The captures stay: the last is where packets that never become whole count.
        let anomalies = vec![Anomalies::default(); self.anomalies.len()];
        (self.encrypted, self.fetching, self.fetched) = (0, 0, 0);
        Report {
            flows: std::mem::take(&mut self.reports),
            activities,
            learnt,
            bindings,
            leases,
            anomalies: std::mem::replace(&mut self.anomalies, anomalies),
            limits: limits.into_iter().filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>(),
            totals: std::mem::take(&mut self.totals),
            content,
            torrents: Vec::new(),
        }
    }
}

/// The counters of a capture, made where there are none yet.
#[inline]
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

#[cfg(test)]
mod tests;
