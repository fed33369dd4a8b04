//! What engines that go on tell, joined step by step: the latest of everything is what is said of a run that is over.

use std::collections::BTreeMap;

use super::invariance::Story;
use super::*;
use crate::bindings::{Binding, Lease};
use crate::correlate;
use crate::correlate::standing::{self, Delta, Standing};
use crate::detect::dht::activity::Activity;

/// Everything that was said, the latest of each.
#[derive(Default)]
struct Said {
    flows: BTreeMap<u64, Numbered<FlowReport>>,
    activities: BTreeMap<u64, Numbered<Activity>>,
    torrents: Vec<Torrent>,
    bindings: BTreeMap<String, Binding>,
    leases: Vec<Lease>,
    totals: Totals,
}

impl Said {
    fn hear(&mut self, delta: Delta) {
        for flow in delta.flows {
            assert!(!flow.what.observations.is_empty());
            let before = self.flows.insert(flow.number, flow);
            assert!(before.is_none_or(|before| !before.is_over), "what is over comes no more");
        }
        for number in delta.withdrawn_flows {
            assert!(self.flows.remove(&number).is_some(), "only what was said is withdrawn");
        }
        for activity in delta.activities {
            let before = self.activities.insert(activity.number, activity);
            assert!(before.is_none_or(|before| !before.is_over));
        }
        for number in delta.withdrawn_activities {
            assert!(self.activities.remove(&number).is_some());
        }
        self.torrents.extend(delta.torrents);
        for binding in delta.bindings {
            let key = format!("{:?}", (binding.site, binding.ip, binding.mac, binding.kind));
            self.bindings.insert(key, binding);
        }
        self.leases.extend(delta.leases);
        self.totals.merge(&delta.totals);
    }
}

/// Frames that a test looked at. What is said of them step by step is compared once the test is over.
pub(super) struct Seen {
    pub(super) story: Story,
    pub(super) options: Options,
}

impl Seen {
    pub(super) const fn new(options: Options) -> Self {
        Self { story: Vec::new(), options }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        // A cap may be reached at other times where more is asked, and a clock that is set back is another matter.
        let is_in_order = self.story.is_sorted_by(|(one, _), (next, _)| *next >= one - OUT_OF_ORDER);
        let is_comparable = self.options.caps == Caps::default() && is_in_order && self.story.len() < 2000;
        if std::thread::panicking() || !is_comparable {
            return;
        }
        for (workers, backwards, every) in
            [(1, false, 1), (1, false, usize::MAX), (2, true, 1), (3, false, 3)]
        {
            check(&self.story, &self.options, workers, backwards, |at| (at + 1).is_multiple_of(every));
        }
    }
}

fn options() -> Options {
    let ours = Networks::new([([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0], 104)]);
    Options { ours, ..Options::default() }
}

/// What one worker says of the whole.
fn whole(story: &Story, options: &Options) -> Report {
    let mut engine = Engine::new(options.clone());
    engine.ingest(story.iter().zip(1..).map(|((time, bytes), number)| frame(*time, bytes, number)));
    correlate::join(vec![engine.finish()], options)
}

fn frame(time: i64, bytes: &[u8], number: u64) -> Frame<'_> {
    Frame {
        time: Timestamp(time),
        link: LinkType::Ethernet,
        wire_len: u32::try_from(bytes.len()).unwrap(),
        place: FrameRef { capture: 0, number },
        vantage: 0,
        bytes,
    }
}

/// What so many workers tell, asked after each frame of which `is_cut` says so, in this order or the other one.
fn said(
    story: &Story,
    options: &Options,
    workers: u64,
    backwards: bool,
    is_cut: impl Fn(usize) -> bool,
) -> Said {
    let options = Options { goes_on: true, ..options.clone() };
    let engine = |worker| Engine::new(Options { shard: (worker, workers), ..options.clone() });
    let mut engines: Vec<_> = (0..workers).map(engine).collect();
    let mut standing = Standing::new(options.clone(), standing::Caps::default());
    let mut said = Said::default();
    let order = |count: usize| -> Vec<usize> {
        if backwards { (0..count).rev().collect() } else { (0..count).collect() }
    };
    let mut now = i64::MIN;
    for (at, (time, bytes)) in story.iter().enumerate() {
        for engine in &mut engines {
            engine.ingest([frame(*time, bytes, at as u64 + 1)]);
        }
        now = now.max(*time);
        if is_cut(at) {
            for worker in order(engines.len()) {
                engines[worker].expire(Timestamp(now));
                let news = engines[worker].tell();
                standing.take(u16::try_from(worker).unwrap(), news);
            }
            said.hear(standing.advance(Timestamp(now)));
        }
    }
    let mut engines: Vec<_> = engines.into_iter().map(Some).collect();
    for worker in order(engines.len()) {
        let news = engines[worker].take().unwrap().tell_last();
        standing.take(u16::try_from(worker).unwrap(), news);
    }
    said.hear(standing.finish());
    assert!(said.flows.values().all(|flow| flow.is_over) && said.activities.values().all(|one| one.is_over));
    said
}

/// What is said of each flow of a run, torrents by their names.
fn flows<'a>(flows: impl Iterator<Item = &'a FlowReport>, torrents: &[Torrent]) -> Vec<String> {
    let tell = |flow: &FlowReport| {
        let torrent = |verified: &Verified| torrents.get(verified.torrent).map(|torrent| torrent.v1);
        let torrents: Vec<_> = flow.verified.iter().map(torrent).collect();
        let mut flow = flow.clone();
        for verified in &mut flow.verified {
            verified.torrent = 0;
        }
        format!("{flow:?} {torrents:?}")
    };
    let mut told: Vec<_> = flows.map(tell).collect();
    told.sort();
    told
}

fn activities<'a>(activities: impl Iterator<Item = &'a Activity>) -> Vec<String> {
    let tell = |one: &Activity| {
        let known = (one.host, &one.span, one.nodes, &one.sent, &one.received, one.mac, &one.minutes);
        format!("{known:?} {:?} {:?} {:?}", one.announced.sorted(), one.looked_up.sorted(), one.told())
    };
    let mut told: Vec<_> = activities.map(tell).collect();
    told.sort();
    told
}

/// Checks that what is said step by step ends up as what is said of the whole.
fn check(story: &Story, options: &Options, workers: u64, backwards: bool, is_cut: impl Fn(usize) -> bool) {
    let whole = whole(story, options);
    let said = said(story, options, workers, backwards, is_cut);
    let now = flows(said.flows.values().map(|flow| &flow.what), &said.torrents);
    assert_eq!(now, flows(whole.flows.iter(), &whole.torrents));
    let now = activities(said.activities.values().map(|activity| &activity.what));
    assert_eq!(now, activities(whole.activities.iter()));
    let mut torrents = said.torrents.clone();
    torrents.sort_by_key(|torrent| (torrent.v1, torrent.v2));
    let mut expected = whole.torrents.clone();
    expected.sort_by_key(|torrent| (torrent.v1, torrent.v2));
    assert_eq!(torrents, expected);
    let mut bindings: Vec<_> = said.bindings.values().map(|binding| format!("{binding:?}")).collect();
    bindings.sort();
    let mut expected: Vec<_> = whole.bindings.iter().map(|binding| format!("{binding:?}")).collect();
    expected.sort();
    assert_eq!(bindings, expected);
    assert_eq!(said.leases, whole.leases);
    assert_eq!(said.totals, whole.totals);
}

/// Two hosts of ours and what they do: talk with peers and each other in clear or obfuscated, ask the DHT, map ports.
fn step(kind: u8, who: u8, time: i64, story: &mut Story) {
    let client = ([10, 20, 0, 5 + (who & 1)], 50_000 + u16::from(who >> 1 & 3));
    let peer = ([198, 51, 100, 7 + (who >> 3 & 3)], 6881);
    let mut packet = |from: Side, to: Side, protocol: u8, load: Vec<u8>| {
        let id = u16::try_from(story.len()).unwrap();
        let at = time + i64::from(id) * 1000;
        story.push((at, ethernet(&[], &ipv4(from.0, to.0, protocol, id, 0, &load))));
    };
    let mut segment = |from: Side, to: Side, seq, flags, payload: &[u8]| {
        packet(from, to, 6, tcp(from.1, to.1, seq, flags, payload));
    };
    match kind {
        0 => segment(client, peer, 0, SYN, &[]),
        1 => segment(peer, client, 0, SYN | ACK, &[]),
        2 => segment(client, peer, 1, ACK, &hello(b'c')),
        3 => segment(peer, client, 1, ACK, &hello(b'p')),
        4 => segment(client, peer, 69, ACK, &[&9_u32.to_be_bytes()[..], &[7; 9]].concat()),
        5 => segment(peer, client, 1, FIN | ACK, &[]),
        6 => {
            segment(client, peer, 0, SYN, &[]);
            segment(peer, client, 0, SYN | ACK, &[]);
            let mut sent = [1, 1];
            for (number, len) in [200, 300, 90, 40, 68].into_iter().enumerate() {
                let (from, to) = if number % 2 == 0 { (client, peer) } else { (peer, client) };
                let seed = u64::from(who) * 8 + number as u64;
                segment(from, to, sent[number % 2], ACK, &crate::detect::mse::testing::random(seed, len));
                sent[number % 2] += u32::try_from(len).unwrap();
            }
        }
        7 => packet((client.0, 6881), peer, 17, udp(6881, peer.1, &ping(who))),
        8 => {
            let query = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x06router\x0abittorrent\x03com\0\0\x01\0\x01";
            packet(client, ([10, 20, 0, 1], 53), 17, udp(client.1, 53, query));
        }
        _ => segment(peer, client, 69, ACK, &[b'x'; 40]),
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn however_it_is_cut_the_latest_is_what_the_whole_says(
        steps in proptest::collection::vec((0u8..10, 0u8..32, 0i64..400), 1..40),
        cuts in proptest::collection::vec(proptest::bool::ANY, 400),
        workers in 1u64..4,
        backwards in proptest::bool::ANY,
    ) {
        let (mut story, mut time) = (Story::new(), 0);
        for (kind, who, seconds) in steps {
            // Mostly a moment passes, and at times minutes.
            time += if seconds < 300 { seconds * MILLISECOND } else { (seconds - 300) * Timestamp::SECOND };
            step(kind, who, time, &mut story);
        }
        check(&story, &options(), workers, backwards, |at| cuts.get(at).copied().unwrap_or_default());
    }
}
