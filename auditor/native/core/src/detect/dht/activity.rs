//! What one host did in the DHT, folded over all the nodes it spoke with.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;

use crate::detect::{Span, Stamp};
use crate::flow::handed::{Handed, Shown, patience};
use crate::flow::index::{Entry, Index};
use crate::flow::key::{Endpoint, Seeded};
use crate::flow::minutes::Minutes;
use crate::time::Timestamp;
use crate::wire::bt::krpc::{Body, Krpc, Method};
use crate::wire::bt::node_id::common_prefix_bits;
use crate::wire::path::{Tunnel, Vlans};

/// A host without DHT traffic for so long has ended its activity.
pub const IDLE: i64 = 6 * 3600 * Timestamp::SECOND;

/// How many infohashes one activity remembers of each kind. A client in a few hundred swarms, with its routing
/// look-ups, stays far below; a crawler does not.
pub const TARGETS: usize = 4096;

/// How many nodes are told apart for one infohash: more than any rule asks for.
pub const NODES_PER_TARGET: usize = 8;

/// How many addresses are kept that nodes told one host to have. Behind one NAT there is one, with a port or two; what
/// liars add finds no room and is counted.
pub const TOLD: usize = 16;

/// How many node ids and client marks are kept of one host (BEP 45 allows several ids).
const NAMES: usize = 4;

/// An infohash nearer to the asker's own id than this is a routing-table look-up: a torrent's falls so near by
/// chance once in 65,536.
const NEAR_BITS: u32 = 16;

/// A host in the DHT, at a vantage point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostKey {
    /// Its address and port.
    pub endpoint: Endpoint,
    /// The vantage point's number.
    pub vantage: u16,
    /// The innermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// The VLAN tags.
    pub vlans: Vlans,
}

impl Hash for HostKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // What else is equal in nearly all keys is left to the comparison.
        state.write_u128(u128::from_le_bytes(self.endpoint.ip));
        state.write_u32(u32::from(self.endpoint.port) << 16 | u32::from(self.vantage));
    }
}

/// What a host did about one infohash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The infohash.
    pub infohash: [u8; 20],
    /// When, and in which frames.
    pub span: Span,
    /// Queries sent.
    pub queries: u64,
    /// Queries answered.
    pub answered: u64,
    /// It is so near to the host's own id, at each query, that looking it up is routing.
    pub near_own_id: bool,
    nodes: Vec<u32>,
}

impl Target {
    /// Distinct nodes asked or told, counted up to [`NODES_PER_TARGET`].
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    fn merge(&mut self, other: &Self) {
        self.span.merge(&other.span);
        self.queries += other.queries;
        self.answered += other.answered;
        self.near_own_id &= other.near_own_id;
        for node in &other.nodes {
            self.add_node(*node);
        }
    }

    fn add_node(&mut self, node: u32) {
        if self.nodes.len() < NODES_PER_TARGET && !self.nodes.contains(&node) {
            self.nodes.push(node);
        }
    }
}

/// The infohashes of one kind of query, in order of first sight.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    list: Vec<Target>,
    index: Index<Placed>,
    seed: Seeded,
}

/// Where the target of an infohash is.
#[derive(Clone, Copy, Debug, Default)]
struct Placed {
    /// As much of its hash as tells most of them apart.
    hash: u32,
    /// Its place in the list, plus one.
    nth: u32,
}

impl Entry for Placed {
    #[inline]
    fn hash(&self) -> u64 {
        self.hash.into()
    }

    #[inline]
    fn is_free(&self) -> bool {
        self.nth == 0
    }
}

impl Placed {
    const fn place(self) -> Option<usize> {
        (self.nth as usize).checked_sub(1)
    }
}

impl Targets {
    const fn seeded(seed: Seeded) -> Self {
        Self { list: Vec::new(), index: Index::new(), seed }
    }

    #[expect(clippy::cast_possible_truncation, reason = "keeps the index small")]
    fn hash(&self, infohash: &[u8; 20]) -> u32 {
        let mut hasher = self.seed.build_hasher();
        // Its length is always the same, and need not be hashed.
        if let (Some(first), Some(last)) = (infohash.first_chunk(), infohash.last_chunk()) {
            hasher.write_u128(u128::from_le_bytes(*first));
            hasher.write_u32(u32::from_le_bytes(*last));
        }
        hasher.finish() as u32
    }

    fn find(&self, infohash: &[u8; 20], hash: u32) -> Option<usize> {
        let is_it = |place| self.list.get(place).is_some_and(|target: &Target| target.infohash == *infohash);
        let found = self.index.find(hash.into(), |it| it.hash == hash && it.place().is_some_and(is_it));
        found?.place()
    }

    /// Whether this is one of them.
    fn contains(&self, infohash: &[u8; 20]) -> bool {
        self.find(infohash, self.hash(infohash)).is_some()
    }

    /// Adds one that is none of them yet. Answers with its place.
    fn add(&mut self, target: Target, hash: u32) -> Option<u32> {
        let place = u32::try_from(self.list.len()).ok()?;
        self.index.insert(Placed { hash, nth: place.checked_add(1)? });
        self.list.push(target);
        Some(place)
    }

    /// Counts a query about `infohash` that `sender` sent to the node marked `node`. Answers with the target's place,
    /// or `None` where there are too many, in this activity or in all: there is `room` for so many new ones.
    pub fn count(
        &mut self,
        infohash: &[u8; 20],
        sender: &[u8; 20],
        node: u32,
        stamp: Stamp,
        room: &mut usize,
    ) -> Option<u32> {
        let hash = self.hash(infohash);
        if let Some(place) = self.find(infohash, hash) {
            let target = self.list.get_mut(place)?;
            target.span.extend(stamp);
            target.queries += 1;
            target.near_own_id &= is_near(infohash, sender);
            target.add_node(node);
            return u32::try_from(place).ok();
        }
        if self.list.len() >= TARGETS {
            return None;
        }
        *room = room.checked_sub(1)?;
        let target = Target {
            infohash: *infohash,
            span: Span::at(stamp),
            queries: 1,
            answered: 0,
            near_own_id: is_near(infohash, sender),
            nodes: vec![node],
        };
        self.add(target, hash)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Counts an answer to a query about the target at `place`. Answers with its infohash.
    pub fn answered(&mut self, place: u32) -> Option<[u8; 20]> {
        let target = self.list.get_mut(place as usize)?;
        target.answered += 1;
        Some(target.infohash)
    }

    /// The targets, by infohash.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Target> {
        let mut sorted: Vec<_> = self.list.iter().collect();
        sorted.sort_unstable_by_key(|target| target.infohash);
        sorted
    }

    fn merge(&mut self, other: &Self) {
        for theirs in &other.list {
            let hash = self.hash(&theirs.infohash);
            match self.find(&theirs.infohash, hash).and_then(|place| self.list.get_mut(place)) {
                Some(mine) => mine.merge(theirs),
                None => drop(self.add(theirs.clone(), hash)),
            }
        }
    }
}

/// An address that nodes told a host to have, as seen from where they are (BEP 42): each node's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The address.
    pub ip: IpAddr,
    /// The port, where it was told too.
    pub port: Option<u16>,
    /// When, and in which frames.
    pub span: Span,
    tellers: Vec<u32>,
}

impl Told {
    /// Distinct nodes that said so, counted up to [`NODES_PER_TARGET`].
    #[must_use]
    pub fn tellers(&self) -> usize {
        self.tellers.len()
    }

    fn is(&self, ip: IpAddr, port: Option<u16>) -> bool {
        (self.ip, self.port) == (ip, port)
    }

    /// Whether another node's word adds anything.
    fn wants_tellers(&self) -> bool {
        self.tellers.len() < NODES_PER_TARGET
    }

    fn add_teller(&mut self, node: u32) {
        if self.wants_tellers() && !self.tellers.contains(&node) {
            self.tellers.push(node);
        }
    }
}

/// Datagrams of one direction, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    queries: [u64; Method::LABELS.len()],
    /// Replies.
    pub replies: u64,
    /// Errors.
    pub errors: u64,
}

impl Counts {
    /// Counts a query.
    pub fn count_query(&mut self, method: Method<'_>) {
        if let Some(count) = self.queries.get_mut(method.index()) {
            *count += 1;
        }
    }

    /// Queries by method, of those that occurred.
    pub fn queries(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Method::LABELS.into_iter().zip(self.queries).filter(|(_, count)| *count > 0)
    }

    fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.queries.iter_mut().zip(other.queries) {
            *mine += theirs;
        }
        self.replies += other.replies;
        self.errors += other.errors;
    }
}

/// One host and port in the DHT, from first to last sight.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Whose.
    pub host: HostKey,
    /// The VLAN tags of its own network, where it became known that `host` has those of another.
    pub home: Option<Vlans>,
    /// Tells it from others of this worker.
    pub(super) serial: u32,
    /// What was handed over while it is open, under its number.
    pub handed: Handed,
    /// The link address of the earliest frame it sent.
    pub mac: Option<[u8; 6]>,
    mac_seen: Stamp,
    /// When, and in which frames.
    pub span: Span,
    /// Distinct nodes. One with which the host spoke again after [`IDLE`] counts again.
    pub nodes: u64,
    /// What it sent.
    pub sent: Counts,
    /// What was sent to it.
    pub received: Counts,
    /// Infohashes it announced itself for.
    pub announced: Targets,
    /// Infohashes it asked for.
    pub looked_up: Targets,
    /// Node ids it used.
    pub node_ids: BTreeSet<[u8; 20]>,
    last_id: Option<[u8; 20]>,
    /// Client marks (`v`) it sent, their first four bytes.
    pub clients: BTreeSet<[u8; 4]>,
    last_client: Option<[u8; 4]>,
    /// It marked queries read-only (BEP 43).
    pub read_only: bool,
    told: Vec<Told>,
    /// The place of the one that was told last: nearly always told again.
    last_told: usize,
    /// Payload bytes by minute: `orig` is the host, `resp` its nodes.
    pub minutes: Minutes,
}

impl Activity {
    /// Begins at `stamp`.
    #[must_use]
    pub fn begin(host: HostKey, stamp: Stamp, seed: Seeded) -> Self {
        Self {
            host,
            home: None,
            serial: 0,
            handed: Handed::default(),
            mac: None,
            mac_seen: stamp,
            span: Span::at(stamp),
            nodes: 0,
            sent: Counts::default(),
            received: Counts::default(),
            announced: Targets::seeded(seed),
            looked_up: Targets::seeded(seed),
            node_ids: BTreeSet::new(),
            last_id: None,
            clients: BTreeSet::new(),
            last_client: None,
            read_only: false,
            told: Vec::new(),
            last_told: 0,
            minutes: Minutes::default(),
        }
    }

    /// Whether it shows more at `now` than when this was last asked with that answer: another announced torrent, or one of
    /// the first that were looked up. Counts alone wait, the longer, the more there is to hand over.
    pub(super) fn is_news(&mut self, now: Timestamp) -> bool {
        const COUNTS: i64 = 10 * Timestamp::SECOND;
        /// Infohashes for which it waits a second longer; and so many announced ones each are news.
        const MANY: usize = 64;
        const FIRST: usize = 16;
        let (announced, looked_up) = (self.announced.len(), self.looked_up.len());
        let waits = i64::try_from((announced + looked_up) / MANY).unwrap_or_default() * Timestamp::SECOND;
        let told = announced.min(MANY) + announced / MANY + looked_up.min(FIRST);
        let shown = Shown { count: u32::try_from(told).unwrap_or(u32::MAX), confidence: 0 };
        self.handed.shows(shown, now, patience(self.span.first, now, COUNTS + waits), &mut 0)
    }

    /// Whether a message is among the first of the activity, or the first that the host sent about a torrent. To be asked
    /// before it is taken in.
    pub(super) fn has_proof_in(&self, krpc: &Krpc<'_>, is_sent: bool) -> bool {
        if self.span.proofs() < Span::PROOFS {
            return true;
        }
        let Body::Query(query) = &krpc.body else { return false };
        if !is_sent {
            return false;
        }
        let targets = match query.method {
            Method::GetPeers => &self.looked_up,
            Method::AnnouncePeer => &self.announced,
            _ => return false,
        };
        query.infohash.is_some_and(|infohash| !targets.contains(infohash))
    }

    /// Notes the link address of a frame that the host sent.
    pub fn note_mac(&mut self, mac: [u8; 6], stamp: Stamp) {
        if self.mac.is_none() || stamp < self.mac_seen {
            (self.mac, self.mac_seen) = (Some(mac), stamp);
        }
    }

    /// Notes a node id that the host used. Which are kept when there are many does not depend on their order.
    pub fn note_id(&mut self, id: &[u8; 20]) {
        if self.last_id.as_ref() != Some(id) {
            self.last_id = Some(*id);
            keep_least(&mut self.node_ids, *id);
        }
    }

    /// Notes a client mark that the host sent.
    pub fn note_client(&mut self, client: &[u8]) {
        let mut mark = [0; 4];
        for (to, from) in mark.iter_mut().zip(client) {
            *to = *from;
        }
        if self.last_client != Some(mark) {
            self.last_client = Some(mark);
            keep_least(&mut self.clients, mark);
        }
    }

    /// Notes an address that a node told the host to have. Answers whether there was room.
    pub fn note_told(&mut self, ip: IpAddr, port: Option<u16>, node: impl Fn() -> u32, stamp: Stamp) -> bool {
        if !self.told.get(self.last_told).is_some_and(|told| told.is(ip, port)) {
            let known = self.told.iter().position(|told| told.is(ip, port));
            if known.is_none() {
                if self.told.len() >= TOLD {
                    return false;
                }
                self.told.push(Told { ip, port, span: Span::at(stamp), tellers: Vec::new() });
            }
            self.last_told = known.unwrap_or(self.told.len() - 1);
        }
        if let Some(told) = self.told.get_mut(self.last_told) {
            told.span.extend(stamp);
            if told.wants_tellers() {
                told.add_teller(node());
            }
        }
        true
    }

    /// The addresses that nodes told the host to have.
    #[must_use]
    pub fn told(&self) -> Vec<&Told> {
        let mut told: Vec<_> = self.told.iter().collect();
        told.sort_unstable_by_key(|told| (told.ip, told.port));
        told
    }

    fn merge_told(&mut self, theirs: &Told) {
        if let Some(mine) = self.told.iter_mut().find(|mine| mine.is(theirs.ip, theirs.port)) {
            mine.span.merge(&theirs.span);
            for teller in &theirs.tellers {
                mine.add_teller(*teller);
            }
        } else if self.told.len() < TOLD {
            self.told.push(theirs.clone());
        }
    }

    /// Joins what another worker saw of the same activity.
    pub fn merge(&mut self, other: &Self) {
        if let Some(mac) = other.mac {
            self.note_mac(mac, other.mac_seen);
        }
        self.home = self.home.or(other.home);
        self.span.merge(&other.span);
        self.nodes += other.nodes;
        self.sent.merge(&other.sent);
        self.received.merge(&other.received);
        self.announced.merge(&other.announced);
        self.looked_up.merge(&other.looked_up);
        for id in &other.node_ids {
            keep_least(&mut self.node_ids, *id);
        }
        for client in &other.clients {
            keep_least(&mut self.clients, *client);
        }
        self.read_only |= other.read_only;
        for told in &other.told {
            self.merge_told(told);
        }
        self.minutes.merge(&other.minutes);
    }
}

fn keep_least<T: Ord>(set: &mut BTreeSet<T>, value: T) {
    if set.len() < NAMES || set.last().is_some_and(|last| value < *last) {
        set.insert(value);
        if set.len() > NAMES {
            set.pop_last();
        }
    }
}

/// Whether an infohash is so near to the asker's own id that asking for it is routing.
fn is_near(infohash: &[u8; 20], own_id: &[u8; 20]) -> bool {
    common_prefix_bits(infohash, own_id) >= NEAR_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::FrameRef;

    fn stamp(seconds: i64) -> Stamp {
        Stamp { time: Timestamp(seconds * Timestamp::SECOND), frame: FrameRef { capture: 0, number: 1 } }
    }

    #[test]
    fn the_link_address_is_that_of_the_earliest_frame_sent_whoever_saw_it() {
        let host = HostKey {
            endpoint: Endpoint { ip: [1; 16], port: 1 },
            vantage: 0,
            tunnel: None,
            vlans: Vlans::default(),
        };
        let part = |first, sent, mac| {
            let mut part = Activity::begin(host, stamp(first), Seeded::default());
            part.note_mac([mac; 6], stamp(sent));
            part
        };
        // The first to see the host was not the first to see it send.
        let (mut left, mut right) = (part(0, 9, 1), part(5, 6, 2));
        right.merge(&left.clone());
        left.merge(&part(5, 6, 2));
        assert_eq!((left.mac, right.mac), (Some([2; 6]), Some([2; 6])));
    }

    #[test]
    fn what_nodes_tell_of_an_address_is_counted_by_node_and_liars_find_no_room() {
        let host = HostKey {
            endpoint: Endpoint { ip: [1; 16], port: 1 },
            vantage: 0,
            tunnel: None,
            vlans: Vlans::default(),
        };
        let mut activity = Activity::begin(host, stamp(0), Seeded::default());
        let own: IpAddr = [203, 0, 113, 7].into();
        for node in [1, 2, 2, 3] {
            assert!(activity.note_told(own, Some(6881), || node, stamp(i64::from(node))));
        }
        for lie in 0..20 {
            let had_room = activity.note_told([192, 0, 2, lie].into(), None, || 9, stamp(9));
            assert_eq!(had_room, usize::from(lie) < TOLD - 1);
        }
        assert!(activity.note_told(own, Some(6881), || 4, stamp(20)));
        let mut other = Activity::begin(host, stamp(0), Seeded::default());
        other.note_told(own, Some(6881), || 5, stamp(30));
        activity.merge(&other);

        let told = activity.told();
        assert_eq!(told.len(), TOLD);
        let [.., told] = &told[..] else { panic!() };
        assert_eq!((told.ip, told.port, told.tellers()), (own, Some(6881), 5));
        assert_eq!((told.span.first, told.span.last), (stamp(1).time, stamp(30).time));
    }

    #[test]
    fn an_infohash_near_the_own_id_is_routing() {
        let own = [0xab; 20];
        let mut near = [0xab; 20];
        near[19] = 0;
        let far = [0xac; 20];
        let mut targets = Targets::default();
        targets.count(&near, &own, 1, stamp(0), &mut 9999);
        targets.count(&far, &own, 1, stamp(0), &mut 9999);
        let near: Vec<_> = targets.sorted().iter().map(|target| target.near_own_id).collect();
        assert_eq!(near, [true, false]);
    }

    #[test]
    fn nodes_of_an_infohash_count_once_each_and_up_to_a_bound() {
        let mut targets = Targets::default();
        for node in [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] {
            targets.count(&[7; 20], &[0; 20], node, stamp(0), &mut 9999);
        }
        assert_eq!(targets.sorted()[0].nodes(), NODES_PER_TARGET);
        assert_eq!(targets.sorted()[0].queries, 11);
    }

    #[test]
    fn too_many_infohashes_are_refused_not_kept() {
        let mut targets = Targets::default();
        for n in 0..=u32::try_from(TARGETS).unwrap() {
            let mut infohash = [0; 20];
            infohash[..4].copy_from_slice(&n.to_be_bytes());
            let place = targets.count(&infohash, &[0xff; 20], 0, stamp(0), &mut 9999);
            assert_eq!(place.is_none(), n as usize == TARGETS);
        }
    }
}
