//! The flows open at once.
//!
//! A flow is found by its ends, tunnel and vantage point. VLAN tags part flows only where the same ends turn up under
//! other tags (overlapping address plans), and not where the same frame merely crosses the vantage point under two
//! tags, as it does before and after a router: the engine tells the two cases apart and the table keeps both.

use std::hint::select_unpredictable;

use auditor_prefetch::prefetch;

use super::index::{Entry, Index};
use super::key::{End, Endpoint, Ends, FlowKey, Transport};
use super::recent::Recent;
use super::slab::{Place, Slab};
use super::unseen::Seen;
use crate::time::Timestamp;
use crate::wire::path::Vlans;

/// How far a TCP flow has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No detector has matched yet, and some may.
    Probing,
    /// A detector reads it.
    Reading,
    /// No detector wants it.
    Rejected,
}

/// One flow: what every packet of it needs, in two cache lines.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Flow {
    /// What makes it one.
    pub key: FlowKey,
    /// Whether the low end of the key is the one that began.
    pub orig_is_low: bool,
    /// How far detection has come.
    pub phase: Phase,
    /// The ends that sent FIN.
    pub fin: Ends<bool>,
    /// RST was seen.
    pub reset: bool,
    /// A SYN was seen, or the answer to one.
    pub begun: bool,
    /// The VLAN tags of the first packet.
    pub vlans: Vlans,
    /// Reassembly and readers, once bytes are worth keeping: among the engine's of its transport.
    pub detail: Option<Place>,
    /// The DHT's place; of a TCP flow, its first segment's, where that is all that is kept.
    pub slot: Option<Place>,
    /// The first packet's time.
    pub first: Timestamp,
    /// The latest packet's time.
    pub last: Timestamp,
    /// Packets by end.
    pub packets: Ends<u32>,
    /// Transport payload by end, as sent; a retransmission counts again here.
    pub bytes: Ends<u64>,
    /// Of TCP, how far its streams were seen.
    pub seen: Seen,
}

/// What only few packets of a flow need: those at its beginning, and those that a detector looks at.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
pub struct Notes {
    /// The last packets' marks.
    pub recent: Recent<8>,
    /// Initial sequence numbers, where they were seen or acknowledged.
    pub isn: Ends<Option<u32>>,
    /// The ends whose first bytes no detector wants.
    pub rejected: Ends<bool>,
    /// Other tags under which the same frames pass.
    pub twin: Option<Vlans>,
}

impl Notes {
    /// Says that the other end began after all.
    const fn turn(&mut self) {
        self.rejected.swap();
        self.isn.swap();
    }
}

/// Idle times after which a flow has ended, in nanoseconds of frame time.
mod idle {
    use crate::time::Timestamp;

    /// Longer than the NAT bindings of RFC 4787 §4.3 and any pause within one exchange of datagrams.
    pub(super) const UDP: i64 = 180 * Timestamp::SECOND;
    /// Late segments after both FINs or a RST.
    pub(super) const CLOSED: i64 = 10 * Timestamp::SECOND;
    /// A SYN that nobody answered.
    pub(super) const HALF_OPEN: i64 = 60 * Timestamp::SECOND;
    /// A connection that no detector reads: five minutes, as Zeek has it.
    pub(super) const UNREAD: i64 = 300 * Timestamp::SECOND;
    /// A connection that a detector reads. BitTorrent keeps connections alive every two minutes.
    pub(super) const READ: i64 = 3600 * Timestamp::SECOND;
}

impl Flow {
    /// Begins with a packet that the low or the high end sent.
    #[must_use]
    pub fn begin(key: FlowKey, orig_is_low: bool, vlans: Vlans, time: Timestamp) -> Self {
        Self {
            key,
            orig_is_low,
            phase: Phase::Probing,
            fin: Ends::default(),
            reset: false,
            begun: false,
            vlans,
            detail: None,
            slot: None,
            first: time,
            last: time,
            packets: Ends::default(),
            bytes: Ends::default(),
            seen: Seen::default(),
        }
    }

    /// The DHT's place for it.
    #[must_use]
    #[inline]
    pub fn dht_slot(&self) -> Option<Place> {
        self.slot.filter(|_| self.key.transport == Transport::Udp)
    }

    /// Whether a detector follows it.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        match self.key.transport {
            Transport::Tcp => self.phase == Phase::Reading,
            Transport::Udp => self.slot.is_some() || self.detail.is_some(),
        }
    }

    /// The end that a packet of the low or high end comes from.
    #[must_use]
    #[inline]
    pub const fn end(&self, from_low: bool) -> End {
        if from_low == self.orig_is_low { End::Orig } else { End::Resp }
    }

    /// The addresses and ports of the ends.
    #[must_use]
    pub const fn ends(&self) -> Ends<Endpoint> {
        if self.orig_is_low {
            Ends { orig: self.key.low, resp: self.key.high }
        } else {
            Ends { orig: self.key.high, resp: self.key.low }
        }
    }

    const fn turn(&mut self) {
        self.orig_is_low = !self.orig_is_low;
        self.fin.swap();
        self.packets.swap();
        self.bytes.swap();
        self.seen.swap();
    }

    /// Whether the connection was closed or reset.
    #[must_use]
    pub const fn closed(&self) -> bool {
        self.reset || (self.fin.orig && self.fin.resp)
    }

    /// Whether the flow has ended by `now`.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> bool {
        let idle = now.since(self.last);
        idle > idle::CLOSED && idle > self.patience()
    }

    fn patience(&self) -> i64 {
        match (self.key.transport, self.phase) {
            (Transport::Udp, _) => idle::UDP,
            (Transport::Tcp, _) if self.closed() => idle::CLOSED,
            (Transport::Tcp, Phase::Reading) => idle::READ,
            (Transport::Tcp, _) if self.packets.resp == 0 && self.bytes.orig == 0 => idle::HALF_OPEN,
            (Transport::Tcp, _) => idle::UNREAD,
        }
    }
}

/// Where the flow of a hash is.
#[derive(Clone, Copy, Debug, Default)]
struct Indexed {
    /// So much of the hash tells a million flows apart.
    hash: u32,
    place: Option<Place>,
}

impl Entry for Indexed {
    #[inline]
    fn hash(&self) -> u64 {
        self.hash.into()
    }

    #[inline]
    fn is_free(&self) -> bool {
        self.place.is_none()
    }
}

/// All flows open at once.
#[derive(Debug)]
pub struct FlowTable {
    flows: Slab<Flow>,
    /// Of the flow at each place.
    notes: Vec<Notes>,
    index: Index<Indexed>,
    /// How many flows have VLAN tags in their key.
    parted: usize,
    seed: u64,
}

impl FlowTable {
    /// Makes an empty table with room for `capacity` flows. Its hashes depend on `seed`, which should be secret.
    #[must_use]
    pub fn new(capacity: usize, seed: u64) -> Self {
        // Memory counts only where it is written; and a table that never moves is never there twice.
        Self {
            flows: Slab::with_capacity(capacity),
            notes: Vec::with_capacity(capacity),
            index: Index::new(),
            parted: 0,
            seed,
        }
    }

    /// How many flows are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether no flow is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// Whether VLAN tags part any of the flows from others of the same ends.
    #[must_use]
    pub const fn has_parted(&self) -> bool {
        self.parted > 0
    }

    /// The hash by which a flow is found.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as of the key")]
    #[must_use]
    pub fn hash(&self, key: &FlowKey) -> u64 {
        key.hash_with(self.seed)
    }

    /// Finds a flow by its key and the key's hash.
    #[inline]
    #[must_use]
    pub fn find(&self, key: &FlowKey, hash: u64) -> Option<Place> {
        let mark = short(hash);
        let is_it = |place| self.flows.get(place).is_some_and(|flow| flow.key == *key);
        self.index.find(hash, |indexed| indexed.hash == mark && indexed.place.is_some_and(is_it))?.place
    }

    /// The place of the flow that `hash` probably belongs to: found without a look at the flow.
    #[inline]
    #[must_use]
    pub fn guess(&self, hash: u64) -> Option<Place> {
        let mark = short(hash);
        // Which of the nearest places it has is anybody's guess: so all are looked at, and none is jumped to.
        if let Some(near) = self.index.near(hash) {
            let pick = |found, at: &Indexed| select_unpredictable(at.hash == mark, at.place, found);
            let found = near.iter().rev().fold(None, pick);
            if found.is_some() {
                return found;
            }
        }
        self.index.find(hash, |indexed| indexed.hash == mark)?.place
    }

    /// Has what [`Self::guess`] reads for this hash fetched.
    #[inline]
    pub fn prefetch_index(&self, hash: u64) {
        self.index.prefetch(hash);
    }

    /// Has the flow at a place fetched, and the notes on it.
    #[inline]
    pub fn prefetch(&self, place: Place, with_notes: bool) {
        self.flows.prefetch(place);
        if with_notes && let Some(notes) = self.notes(place) {
            prefetch(notes);
        }
    }

    /// The flow at a place.
    #[inline]
    #[must_use]
    pub fn get(&self, place: Place) -> Option<&Flow> {
        self.flows.get(place)
    }

    /// The flow at a place.
    #[inline]
    pub fn get_mut(&mut self, place: Place) -> Option<&mut Flow> {
        self.flows.get_mut(place)
    }

    /// The notes on the flow at a place.
    #[inline]
    #[must_use]
    pub fn notes(&self, place: Place) -> Option<&Notes> {
        self.notes.get(place.index())
    }

    /// The flow at a place, with the notes on it.
    #[inline]
    pub fn noted_mut(&mut self, place: Place) -> Option<(&mut Flow, &mut Notes)> {
        self.flows.get_mut(place).zip(self.notes.get_mut(place.index()))
    }

    /// Says that the other end of the flow at a place began after all: its SYN came late.
    pub fn turn(&mut self, place: Place) {
        if let Some((flow, notes)) = self.noted_mut(place) {
            flow.turn();
            notes.turn();
        }
    }

    /// Puts a flow in, under the hash of its key.
    pub fn insert(&mut self, flow: Flow, hash: u64) -> Place {
        self.parted += usize::from(flow.key.vlans.is_some());
        let place = self.flows.insert(flow);
        match self.notes.get_mut(place.index()) {
            Some(notes) => *notes = Notes::default(),
            None => self.notes.push(Notes::default()),
        }
        self.index.insert(Indexed { hash: short(hash), place: Some(place) });
        place
    }

    /// Takes a flow out; the notes on it stay until its place is used again.
    pub fn remove(&mut self, place: Place) -> Option<Flow> {
        let flow = self.flows.remove(place)?;
        self.parted -= usize::from(flow.key.vlans.is_some());
        self.index.remove(self.hash(&flow.key), |indexed| indexed.place == Some(place));
        Some(flow)
    }

    /// Takes all flows out.
    pub fn take_all(&mut self) -> Slab<Flow> {
        self.index.clear();
        self.parted = 0;
        std::mem::take(&mut self.flows)
    }

    /// The flows that have ended by `now`.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Vec<Place> {
        self.flows.places(|flow| flow.expired(now))
    }

    /// The `count` flows that were quiet longest; those that a detector reads come last.
    #[must_use]
    pub fn quietest(&self, count: usize) -> Vec<Place> {
        let mut all: Vec<_> = self
            .all()
            .into_iter()
            .filter_map(|place| {
                let flow = self.flows.get(place)?;
                Some((flow.is_followed(), flow.last, place))
            })
            .collect();
        if count < all.len() {
            all.select_nth_unstable_by_key(count, |(read, last, _)| (*read, *last));
            all.truncate(count);
        }
        all.into_iter().map(|(_, _, place)| place).collect()
    }

    /// All flows.
    #[must_use]
    pub fn all(&self) -> Vec<Place> {
        self.flows.places(|_| true)
    }
}

/// As much of a hash as the index keeps.
#[expect(clippy::cast_possible_truncation, reason = "keeps the index small")]
const fn short(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::path::Path;

    fn key(n: u16) -> FlowKey {
        let end = |port| Endpoint { ip: [9; 16], port };
        FlowKey::new(end(n), end(60_000), Transport::Udp, 0, &Path::default()).0
    }

    fn flow(n: u16, last: i64) -> Flow {
        Flow::begin(key(n), true, Path::default().vlans, Timestamp(last * Timestamp::SECOND))
    }

    fn insert(table: &mut FlowTable, flow: Flow) -> Place {
        let hash = table.hash(&flow.key);
        table.insert(flow, hash)
    }

    #[test]
    fn what_every_packet_needs_of_a_flow_is_two_cache_lines() {
        assert_eq!((size_of::<Option<Flow>>(), size_of::<Notes>()), (128, 64));
    }

    #[test]
    fn a_flow_is_found_until_it_is_removed() {
        let mut table = FlowTable::new(8, 1);
        let places: Vec<_> = (0..500).map(|n| insert(&mut table, flow(n, 0))).collect();
        for (n, place) in (0..500).zip(&places) {
            assert_eq!(table.find(&key(n), table.hash(&key(n))), Some(*place));
        }
        assert!(table.remove(places[7]).is_some());
        assert_eq!(table.find(&key(7), table.hash(&key(7))), None);
        assert_eq!(table.len(), 499);
    }

    #[test]
    fn addresses_and_ports_in_sequence_crowd_no_part_of_the_index() {
        fn end(number: u32, port: u16) -> Endpoint {
            let mut ip = [0; 16];
            ip[12..].copy_from_slice(&number.to_be_bytes());
            Endpoint { ip, port }
        }
        let scans: [fn(u32) -> (Endpoint, Endpoint); 3] = [
            |n| (end(7, u16::try_from(n % 60_000).unwrap()), end(8 + n / 60_000, 443)),
            |n| (end(n, 6881), end(u32::MAX, 6881)),
            |n| (end(n << 12, 6881), end(u32::MAX - n, 6881)),
        ];
        for (scan, seed) in
            scans.into_iter().flat_map(|scan| [(scan, 0), (scan, 1 << 40), (scan, u64::MAX / 3)])
        {
            let mut table = FlowTable::new(8, seed);
            for number in 0..1 << 17 {
                let (src, dst) = scan(number);
                let key = FlowKey::new(src, dst, Transport::Udp, 0, &Path::default()).0;
                insert(&mut table, Flow::begin(key, true, Path::default().vlans, Timestamp(0)));
            }
            assert!(table.index.farthest() < 64, "{} with {seed}", table.index.farthest());
        }
    }

    #[test]
    fn no_network_that_a_sender_can_choose_crowds_a_part_of_the_index() {
        for network in [0, 0x9e37_79b9_7f4a_7c15_u64, u64::MAX] {
            let end = |host: u64| {
                let ip = u128::from(network) << 64 | u128::from(host);
                Endpoint { ip: ip.to_be_bytes(), port: 6881 }
            };
            let mut table = FlowTable::new(8, 1 << 40);
            for host in 0..1 << 12 {
                let key = FlowKey::new(end(host), end(!host), Transport::Udp, 0, &Path::default()).0;
                insert(&mut table, Flow::begin(key, true, Path::default().vlans, Timestamp(0)));
            }
            assert!(table.index.farthest() < 64, "{} in {network:x}", table.index.farthest());
        }
    }

    #[test]
    fn idle_time_decides_which_flows_have_ended() {
        let mut table = FlowTable::new(8, 1);
        insert(&mut table, flow(1, 0));
        let young = insert(&mut table, flow(2, 100));
        let ended = table.expired(Timestamp(181 * Timestamp::SECOND));
        assert_eq!(ended.len(), 1);
        assert_ne!(ended[0], young);
    }

    #[test]
    fn the_quietest_flows_are_those_seen_longest_ago() {
        let mut table = FlowTable::new(8, 1);
        let places: Vec<_> =
            [5, 1, 3].into_iter().zip(0..).map(|(last, n)| insert(&mut table, flow(n, last))).collect();
        assert_eq!(table.quietest(1), [places[1]]);
        assert_eq!(table.quietest(9).len(), 3);
    }
}
