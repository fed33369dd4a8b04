//! `bt.dht`: the mainline DHT (BEP 5, 32, 33, 42, 43, 44, 45, 51), on any port and with keys in any order.
//!
//! Sees each KRPC datagram; folds them into one [`Activity`] a host, so that a storm of a million datagrams is a
//! few facts. Proves that the sender speaks KRPC and asked or announced this infohash. Other software uses this DHT
//! too, and routing look-ups name random targets: an infohash counts as looked up only further on, by how many nodes
//! were asked. What outsiders ask an inside host says nothing about it, nor what comes back from an echo server.

pub mod activity;
mod ids;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::num::NonZeroU64;

use self::activity::{Activity, HostKey, IDLE};
use self::ids::{Ids, MoreIds, Whose};
use super::named::{Named, Source};
use super::{Confidence, Datagram, Fact, FrameRef, Observation, Span, Stamp};
use crate::anomaly::{Anomalies, Anomaly};
use crate::flow::index::{Entry, Index};
use crate::flow::key::{End, Endpoint, Ends, Seeded};
use crate::flow::slab::{Place, Slab};
use crate::networks::Networks;
use crate::time::Timestamp;
use crate::wire::bt::krpc::{Body, Krpc, Method, looks_like_krpc};
use crate::wire::path::Vlans;

/// The detector's id.
pub const DHT: &str = "bt.dht";

/// The most activities followed at once.
pub const ACTIVITIES: usize = 65_536;
/// The most frames that wait to be cited.
const CITED: usize = 4096;
/// The most pairs of host and node told apart.
const NODES: usize = 1 << 21;

/// How often a cap was hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Hosts that were not followed.
    pub activities: u64,
    /// Queries about an infohash that was not remembered.
    pub targets: u64,
    /// Nodes that were not told apart.
    pub nodes: u64,
    /// Addresses that a host was told to have, and that were not remembered.
    pub told: u64,
}

/// Folds KRPC datagrams by host.
#[derive(Debug)]
pub struct Dht {
    ours: Networks,
    seed: Seeded,
    vlan_in_key: bool,
    by_flow: bool,
    activities: Slab<Activity>,
    by_host: HashMap<HostKey, Place, Seeded>,
    nodes: Index<Node>,
    links: Slab<Link>,
    ended: Vec<Activity>,
    /// How many activities have begun.
    begun: u64,
    /// Activities that are marked, where anybody asks for open ones; others may have taken their places.
    marked: Option<Vec<Place>>,
    /// Frames that have become proofs, where anybody asks for them, and how many found no room.
    cited: Vec<FrameRef>,
    /// An activity of an older era is of an earlier day: its nodes count anew.
    day_era: u32,
    /// The day of the latest look.
    day: i64,
    /// How many activities have ended: a link of an older era may point at one of them.
    era: u32,
    /// How many more infohashes may be remembered, before activities that have ended are taken.
    room: usize,
    /// How often a cap was hit.
    pub limits: Limits,
    /// The peers named by the latest datagrams, for torrents for which they were asked. Who calls
    /// [`Self::inspect`] takes them after each.
    pub named: Vec<Named>,
}

/// When a flow between a host and a node last began, by a mark of the pair.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    pair: Option<NonZeroU64>,
    last: Timestamp,
}

impl Entry for Node {
    #[inline]
    fn hash(&self) -> u64 {
        self.pair.map_or(0, NonZeroU64::get)
    }

    #[inline]
    fn is_free(&self) -> bool {
        self.pair.is_none()
    }
}

/// What one flow adds to the activities of its ends. There are as many as flows, and each fills a line of the cache.
#[derive(Clone, Debug, Default)]
struct Link {
    activities: Ends<Option<Place>>,
    era: u32,
    last: Timestamp,
    pending: Ends<Option<Pending>>,
    ids: Ids,
    rare: Option<Box<Rare>>,
}

/// What few flows need.
#[derive(Clone, Debug, Default)]
struct Rare {
    /// Kept only where flows are reported one by one.
    sent: Option<Ends<Option<Sent>>>,
    ids: MoreIds,
}

/// The last query of one end that awaits its reply.
#[derive(Clone, Copy, Debug)]
struct Pending {
    transaction: u32,
    /// Of the activity that has the target.
    serial: u32,
    target: u16,
    announce: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    first: Stamp,
    last: Timestamp,
    queries: u32,
    replies: u32,
    errors: u32,
}

impl Dht {
    /// Makes the detector. Activities are kept of hosts in `ours`; of talk between others, of the end that began.
    /// What each flow carried is kept only if `by_flow` asks for it, and `infohashes` at once of all hosts. There may be
    /// so many `flows` at once.
    #[must_use]
    pub fn new(
        ours: Networks,
        vlan_in_key: bool,
        by_flow: bool,
        flows: usize,
        infohashes: usize,
        seed: Seeded,
    ) -> Self {
        Self {
            ours,
            seed,
            vlan_in_key,
            by_flow,
            activities: Slab::default(),
            by_host: HashMap::with_hasher(seed),
            nodes: Index::new(),
            // Memory counts only where it is written; and what never moves is never there twice.
            links: Slab::with_capacity(flows),
            ended: Vec::new(),
            begun: 0,
            marked: None,
            cited: Vec::new(),
            day_era: 0,
            day: i64::MIN,
            era: 0,
            room: infohashes,
            limits: Limits::default(),
            named: Vec::new(),
        }
    }

    /// Has what is open watched for what is new, if so.
    #[must_use]
    pub fn going_on(mut self, goes_on: bool) -> Self {
        self.marked = goes_on.then(Vec::new);
        self
    }

    /// Whether no activity is marked.
    pub(crate) const fn is_quiet(&self) -> bool {
        match &self.marked {
            Some(marked) => marked.is_empty(),
            None => true,
        }
    }

    /// Whether a datagram is worth a call of [`Self::inspect`].
    #[must_use]
    #[inline]
    pub fn probe(payload: &[u8]) -> bool {
        looks_like_krpc(payload)
    }

    /// Takes a datagram in. `slot` is this detector's place in the datagram's flow. Answers whether it was KRPC.
    #[inline(never)] // Made one with its only caller, both are slower.
    pub fn inspect(
        &mut self,
        datagram: &Datagram<'_>,
        slot: &mut Option<Place>,
        anomalies: &mut Anomalies,
    ) -> bool {
        let Ok(krpc) = Krpc::parse(datagram.payload) else {
            anomalies.count(Anomaly::KrpcMalformed);
            return false;
        };
        let place = if let Some(place) = *slot {
            place
        } else {
            let link = self.link(datagram);
            *slot.insert(self.links.insert(link))
        };
        let (from, to, stamp) = (datagram.from, datagram.from.other(), datagram.stamp);
        let Some(link) = self.links.get_mut(place) else { return false };
        let whose = match id(&krpc.body) {
            Some(id) => link.ids.whose(id, from, || &mut link.rare.get_or_insert_default().ids),
            None => Whose::Own,
        };
        let is_echo = whose == Whose::Others;
        if link.era == self.era && stamp.time.since(link.last) <= IDLE {
            link.last = link.last.max(stamp.time);
        } else {
            self.renew(place, datagram, whose);
        }
        let Self { activities, links, seed, limits, room, named, marked, cited, .. } = self;
        let Some(link) = links.get_mut(place) else { return false };
        if is_echo {
            anomalies.count(Anomaly::KrpcEchoed);
        }
        if whose == Whose::Own
            && let Some(sent) = link.rare.as_mut().and_then(|rare| rare.sent.as_mut())
        {
            Sent::count(sent.at_mut(from), &krpc.body, stamp);
        }
        if let Some(marked) = marked {
            for end in [End::Orig, End::Resp] {
                let Some(place) = *link.activities.at(end) else { continue };
                let Some(activity) = activities.get_mut(place) else { continue };
                if activity.handed.mark() {
                    marked.push(place);
                }
                if cited.len() < CITED && activity.has_proof_in(&krpc, end == from) {
                    cited.push(stamp.frame);
                }
            }
        }
        if let Some(host) = link.activities.at(from).and_then(|place| activities.get_mut(place)) {
            host.span.extend(stamp);
            host.minutes.add(stamp.time, End::Orig, datagram.payload.len() as u64);
            if let Some(macs) = datagram.path.macs {
                host.note_mac(macs.src(), stamp);
            }
            if whose == Whose::Own {
                if let Some(client) = krpc.client {
                    host.note_client(client);
                }
                let node = || mark(*seed, datagram.endpoint(to));
                *link.pending.at_mut(from) = send(host, &krpc, node, stamp, limits, room);
            }
        }
        if let Some(host) = link.activities.at(to).and_then(|place| activities.get_mut(place)) {
            host.span.extend(stamp);
            host.minutes.add(stamp.time, End::Resp, datagram.payload.len() as u64);
            if is_echo {
                return true;
            }
            let node = || mark(*seed, datagram.endpoint(from));
            let asked = receive(host, &krpc, node, stamp, link.pending.at_mut(to), limits);
            if let (Some(infohash), Body::Reply(reply)) = (asked, &krpc.body) {
                let peers = reply.peers().map(Endpoint::from).filter(|peer| peer.port != 0);
                named.extend(peers.map(|endpoint| Named {
                    endpoint,
                    infohash,
                    source: Source::Dht,
                    stamp,
                    by: from,
                }));
            }
        }
        true
    }

    /// Has what is kept of the flow with this slot fetched.
    #[inline]
    pub fn prefetch_link(&self, slot: Place) {
        self.links.prefetch(slot);
    }

    /// Has the activities of the flow with this slot fetched.
    #[inline]
    pub fn prefetch_activities(&self, slot: Place) {
        let activities = self.links.get(slot).map_or_else(Ends::default, |link| link.activities);
        for place in [activities.orig, activities.resp].into_iter().flatten() {
            self.activities.prefetch(place);
        }
    }

    /// Has what the first datagram of a flow with this hash will need fetched.
    #[inline]
    pub fn prefetch_pair(&self, hash: u64, vlans: Vlans) {
        self.nodes.prefetch(self.pair(hash, vlans, true).get());
    }

    /// A mark of one end of a flow and its other end, as one host and its node; those of both ends are neighbours.
    fn pair(&self, hash: u64, vlans: Vlans, host_is_low: bool) -> NonZeroU64 {
        let pair = self.seed.hash_one((hash, vlans)) ^ (u64::from(host_is_low) << 63);
        NonZeroU64::new(pair).unwrap_or(NonZeroU64::MIN)
    }

    /// Says that the flow with this slot crosses the vantage point twice, as on a trunk to a router: the tags of a
    /// datagram's second copy are those of the network of `receiver`, whatever tags its activity was begun under.
    pub fn crossed(&mut self, slot: Place, receiver: End, vlans: Vlans) {
        let activity = self.links.get(slot).and_then(|link| *link.activities.at(receiver));
        if let Some(activity) = activity.and_then(|place| self.activities.get_mut(place)) {
            activity.home = Some(vlans);
        }
    }

    /// Says that the flow with this slot has ended; returns what was observed in it.
    pub fn flow_ended(&mut self, slot: Place) -> Vec<Observation> {
        let Some(sent) = self.links.remove(slot).and_then(|link| link.rare?.sent) else { return Vec::new() };
        let ends = [End::Orig, End::Resp].into_iter();
        ends.filter_map(|end| sent.at(end).map(|sent| sent.observation(end))).collect()
    }

    /// Ends the activities that were idle too long at `now`.
    pub fn expire(&mut self, now: Timestamp) {
        self.end_day(now);
        let idle = self.activities.places(|activity| now.since(activity.span.last) > IDLE);
        for place in idle {
            self.end(place);
        }
        if self.nodes.len() >= NODES / 2 {
            self.nodes.retain(|node| now.since(node.last) <= IDLE);
        }
    }

    /// Ends the activities of an earlier day than `now`'s, where they go on: else what one host asks for in months would
    /// be one activity, which has no room for it. Midnight is UTC's, so that all workers cut at one time.
    fn end_day(&mut self, now: Timestamp) {
        let day = now.day();
        if self.marked.is_none() || day <= self.day {
            return;
        }
        self.day = day;
        let earlier = self.activities.places(|activity| activity.span.first.day() < day);
        if earlier.is_empty() {
            return;
        }
        for place in earlier {
            self.end(place);
        }
        self.nodes = Index::new();
        self.era = self.era.wrapping_add(2);
        self.day_era = self.era;
    }

    /// The activities that show more than they did.
    pub(crate) fn tell(&mut self, now: Timestamp) -> Vec<Activity> {
        let Self { activities, marked, .. } = self;
        let Some(marked) = marked else { return Vec::new() };
        let mut news = Vec::new();
        let mut waiting = Vec::new();
        for place in std::mem::take(marked) {
            let Some(activity) = activities.get_mut(place).filter(|activity| activity.handed.is_marked())
            else {
                continue;
            };
            if activity.handed.is_due(now) && activity.is_news(now) {
                news.push(activity.clone());
            } else {
                waiting.push(place);
            }
        }
        *marked = waiting;
        news
    }

    /// Takes the frames that have become proofs: the first of an activity, and of each torrent asked or announced in it.
    pub(crate) fn cited(&mut self) -> Vec<FrameRef> {
        std::mem::take(&mut self.cited)
    }

    /// How many activities are followed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.activities.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.activities.is_empty()
    }

    /// Takes the activities that have ended.
    pub fn drain(&mut self) -> Vec<Activity> {
        let ended = std::mem::take(&mut self.ended);
        self.room +=
            ended.iter().map(|activity| activity.announced.len() + activity.looked_up.len()).sum::<usize>();
        ended
    }

    /// Ends everything and returns the activities.
    pub fn finish(&mut self) -> Vec<Activity> {
        for place in self.activities.places(|_| true) {
            self.end(place);
        }
        self.drain()
    }

    fn end(&mut self, place: Place) {
        if let Some(activity) = self.activities.remove(place) {
            if self.by_host.get(&activity.host) == Some(&place) {
                self.by_host.remove(&activity.host);
            }
            self.ended.push(activity);
            self.era = self.era.wrapping_add(1);
        }
    }

    fn link(&mut self, datagram: &Datagram<'_>) -> Link {
        // Its first id is its sender's own.
        let activities = self.activities_of(datagram, Whose::Own, true);
        let sent = self.by_flow.then(Ends::default);
        let rare = sent.map(|sent| Box::new(Rare { sent: Some(sent), ..Rare::default() }));
        Link { activities, era: self.era, last: datagram.stamp.time, rare, ..Link::default() }
    }

    /// Looks for a flow's activities anew where other datagrams may have kept the flow while they ended, and others
    /// took their places. What does not count for a host begins none, and leaves the question open for what does.
    fn renew(&mut self, slot: Place, datagram: &Datagram<'_>, whose: Whose) {
        let Some(link) = self.links.get(slot) else { return };
        let now = datagram.stamp.time;
        // An open question is of the era before, and never of the day before.
        let is_of_another_day =
            self.era.wrapping_sub(link.era) > self.era.wrapping_sub(self.day_era).saturating_add(1);
        let is_back = is_of_another_day || now.since(link.last) > IDLE;
        let activities = self.activities_of(datagram, whose, is_back);
        let Some(link) = self.links.get_mut(slot) else { return };
        let is_settled = whose == Whose::Own;
        link.activities = activities;
        link.era = if is_settled { self.era } else { self.era.wrapping_sub(1) };
        if is_settled || !is_back {
            link.last = now.max(link.last);
        }
    }

    /// The activities of a flow's ends. That one end is a node of the other's counts if `is_new`. If not, the ends have
    /// those that they had, even where the datagram does not count.
    fn activities_of(&mut self, datagram: &Datagram<'_>, whose: Whose, is_new: bool) -> Ends<Option<Place>> {
        let is_inside = |end| self.ours.contain(&datagram.endpoint(end).ip);
        let (orig, resp) = (is_inside(End::Orig), is_inside(End::Resp));
        Ends {
            orig: if orig || !resp { self.activity_of(datagram, End::Orig, whose, is_new) } else { None },
            resp: if resp { self.activity_of(datagram, End::Resp, whose, is_new) } else { None },
        }
    }

    fn activity_of(
        &mut self,
        datagram: &Datagram<'_>,
        end: End,
        whose: Whose,
        is_new: bool,
    ) -> Option<Place> {
        let counts = whose.counts_for(end == datagram.from);
        if is_new && !counts {
            return None;
        }
        let place = self.activity(datagram, end, counts)?;
        if is_new {
            self.count_node(place, datagram, end);
        }
        Some(place)
    }

    /// The VLAN tags that part hosts of one address.
    fn vlans_in_key(&self, datagram: &Datagram<'_>) -> Vlans {
        if self.vlan_in_key { datagram.vlans } else { Vlans::default() }
    }

    /// The activity of a flow's end. Where it has none, one begins if the datagram `counts` for it.
    fn activity(&mut self, datagram: &Datagram<'_>, end: End, counts: bool) -> Option<Place> {
        let host = HostKey {
            endpoint: *datagram.endpoint(end),
            vantage: datagram.key.vantage,
            tunnel: datagram.key.tunnel,
            vlans: self.vlans_in_key(datagram),
        };
        let mut known = self.by_host.get(&host).copied();
        if let Some(place) = known
            && let Some(activity) = self.activities.get(place)
            && datagram.stamp.time.since(activity.span.last) > IDLE
        {
            self.end(place);
            known = None;
        }
        if known.is_some() || !counts {
            return known;
        }
        if self.activities.len() >= ACTIVITIES {
            self.limits.activities += 1;
            return None;
        }
        self.begun = self.begun.wrapping_add(1);
        let mut activity = Activity::begin(host, datagram.stamp, self.seed);
        #[expect(clippy::cast_possible_truncation, reason = "tells those from each other that one flow saw")]
        let serial = self.begun as u32;
        activity.serial = serial;
        activity.handed.number = self.begun;
        let place = self.activities.insert(activity);
        self.by_host.insert(host, place);
        Some(place)
    }

    /// Counts the node at the other end of a flow for the host that spoke with it. That it counts again after [`IDLE`]
    /// depends on the two alone, not on when others spoke with the host, of which another worker knows more.
    fn count_node(&mut self, place: Place, datagram: &Datagram<'_>, end: End) {
        let now = datagram.stamp.time;
        let host_is_low = (end == End::Orig) == datagram.orig_is_low;
        // As in the host's key, which is not waited for.
        let vlans = self.vlans_in_key(datagram);
        let pair = self.pair(datagram.hash, vlans, host_is_low);
        let Some(activity) = self.activities.get_mut(place) else { return };
        if let Some(node) = self.nodes.find_mut(pair.get(), |node| node.pair == Some(pair)) {
            activity.nodes += u64::from(now.since(node.last) > IDLE);
            node.last = now.max(node.last);
        } else if self.nodes.len() >= NODES {
            self.limits.nodes += 1;
        } else {
            self.nodes.insert(Node { pair: Some(pair), last: now });
            activity.nodes += 1;
        }
    }
}

fn send(
    host: &mut Activity,
    krpc: &Krpc<'_>,
    node: impl Fn() -> u32,
    stamp: Stamp,
    limits: &mut Limits,
    room: &mut usize,
) -> Option<Pending> {
    match &krpc.body {
        Body::Query(query) => {
            host.sent.count_query(query.method);
            host.note_id(query.id);
            host.read_only |= query.read_only;
            let (targets, announce) = match query.method {
                Method::GetPeers => (&mut host.looked_up, false),
                Method::AnnouncePeer => (&mut host.announced, true),
                _ => return None,
            };
            let target = targets.count(query.infohash?, query.id, node(), stamp, room);
            limits.targets += u64::from(target.is_none());
            let target = u16::try_from(target?).ok()?;
            Some(Pending { transaction: transaction(krpc), serial: host.serial, target, announce })
        }
        Body::Reply(reply) => {
            host.sent.replies += 1;
            host.note_id(reply.id);
            None
        }
        Body::Error(_) => {
            host.sent.errors += 1;
            None
        }
    }
}

/// Takes in what was sent to a host. Answers with the torrent whose peers it had asked for, where this is the reply.
fn receive(
    host: &mut Activity,
    krpc: &Krpc<'_>,
    node: impl Fn() -> u32,
    stamp: Stamp,
    pending: &mut Option<Pending>,
    limits: &mut Limits,
) -> Option<[u8; 20]> {
    match &krpc.body {
        Body::Query(query) => host.received.count_query(query.method),
        Body::Reply(reply) => {
            host.received.replies += 1;
            if let Some(ip) = reply.external_ip {
                let fits = host.note_told(ip, reply.external_port, node, stamp);
                limits.told += u64::from(!fits);
            }
            let serial = host.serial;
            let is_answered =
                |pending: &mut Pending| pending.serial == serial && pending.transaction == transaction(krpc);
            if let Some(Pending { target, announce, .. }) = pending.take_if(is_answered) {
                let targets = if announce { &mut host.announced } else { &mut host.looked_up };
                let infohash = targets.answered(u32::from(target));
                return infohash.filter(|_| !announce);
            }
        }
        Body::Error(_) => host.received.errors += 1,
    }
    None
}

impl Sent {
    fn count(sent: &mut Option<Self>, body: &Body<'_>, stamp: Stamp) {
        let sent =
            sent.get_or_insert(Self { first: stamp, last: stamp.time, queries: 0, replies: 0, errors: 0 });
        sent.last = sent.last.max(stamp.time);
        let counter = match body {
            Body::Query(_) => &mut sent.queries,
            Body::Reply(_) => &mut sent.replies,
            Body::Error(_) => &mut sent.errors,
        };
        *counter = counter.saturating_add(1);
    }

    fn observation(self, end: End) -> Observation {
        let [queries, replies, errors] = [self.queries, self.replies, self.errors].map(u64::from);
        let mut span = Span::at(self.first);
        span.last = self.last;
        Observation {
            detector: DHT,
            confidence: Confidence::Confirmed,
            end,
            stream: 0,
            span,
            count: queries + replies + errors,
            fact: Fact::Datagrams { queries, replies, errors },
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a part of the hash is enough to tell a few apart")]
fn mark(seed: Seeded, endpoint: &Endpoint) -> u32 {
    seed.hash_one(endpoint) as u32
}

/// A transaction's id as a number: clients use two to four bytes.
fn transaction(krpc: &Krpc<'_>) -> u32 {
    krpc.transaction.iter().fold(0, |id: u32, byte| id.rotate_left(8) ^ u32::from(*byte))
}

/// The node id under which a message was sent; an error has none.
const fn id<'a>(body: &Body<'a>) -> Option<&'a [u8; 20]> {
    match body {
        Body::Query(query) => Some(query.id),
        Body::Reply(reply) => Some(reply.id),
        Body::Error(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_fills_one_line_of_the_cache() {
        assert!(size_of::<Option<Link>>() <= 64);
        assert!(u16::try_from(activity::TARGETS).is_ok(), "the place of a target fits");
    }
}
