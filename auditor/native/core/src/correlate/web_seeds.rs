//! Finds fetches from web seeds by the torrent files that passed (BEP 19).
//!
//! A torrent file names where its content can be had; a `GET` there names no torrent. Where what calls itself a
//! BitTorrent client fetches a part of such an address, the torrent is likely the one of the file, wherever and
//! whenever in the run that passed. Not more than likely: the name of a client is its own word, the file may be
//! wanted without the torrent, and whoever makes a torrent file may name an address of others in it. An address that
//! several torrents name tells none of them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::detect::http::{Fetch, WEB_SEED};
use crate::detect::{Confidence, Fact, Observation};
use crate::engine::FlowReport;
use crate::time::Timestamp;
use crate::wire::bt::web_seed::UrlDigest;

/// Where torrents can be had, by the torrent files that passed.
#[derive(Debug, Default)]
pub(super) struct Seeds(BTreeMap<UrlDigest, Seed>);

#[derive(Debug)]
struct Seed {
    /// The torrent at the address; `None` where there are several.
    torrent: Option<[u8; 20]>,
    /// When it was last named.
    last: Timestamp,
}

/// Adds to all of a run's flows what was fetched in them from web seeds, uses up the other fetches, and leaves out the
/// flows that had nothing else.
pub(super) fn match_fetches(flows: &mut Vec<FlowReport>) {
    if flows.iter().all(|flow| flow.fetched.is_empty()) {
        return;
    }
    let mut seeds = Seeds::default();
    for seen in flows.iter().flat_map(|flow| &flow.observations) {
        for (address, torrent) in named(seen) {
            seeds.learn(address, torrent, seen.span.last);
        }
    }
    flows.retain_mut(|flow| {
        seeds.match_fetches(flow);
        !flow.observations.is_empty()
    });
}

/// The addresses that a torrent file names, each with the torrent.
pub(super) fn named(seen: &Observation) -> impl Iterator<Item = (UrlDigest, [u8; 20])> + '_ {
    let file = match &seen.fact {
        Fact::TorrentFile { v1, v2, name, web_seeds, .. } => Some((v1, v2, name, web_seeds)),
        _ => None,
    };
    file.into_iter().flat_map(|(v1, v2, name, web_seeds)| {
        let infohash = v1.or_else(|| v2.and_then(|v2| v2.first_chunk().copied()));
        let addresses = web_seeds.iter().flat_map(|seed| [*seed, seed.entry(name)]);
        addresses.filter_map(move |address| Some((address, infohash?)))
    })
}

impl Seeds {
    /// How many addresses there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether an address is known.
    pub(super) fn contain(&self, address: UrlDigest) -> bool {
        self.0.contains_key(&address)
    }

    /// Takes in that a torrent file names an address. Answers whether that changes what is at it.
    pub(super) fn learn(&mut self, address: UrlDigest, torrent: [u8; 20], at: Timestamp) -> bool {
        match self.0.entry(address) {
            Entry::Vacant(vacant) => {
                vacant.insert(Seed { torrent: Some(torrent), last: at });
                true
            }
            Entry::Occupied(mut known) => {
                let seed = known.get_mut();
                seed.last = seed.last.max(at);
                let before = seed.torrent;
                seed.torrent = before.filter(|known| *known == torrent);
                before != seed.torrent
            }
        }
    }

    /// Forgets the addresses that nobody named since `then`.
    pub(super) fn forget(&mut self, then: Timestamp) {
        self.0.retain(|_, seed| seed.last >= then);
    }

    /// Adds to a flow what was fetched in it from web seeds, and uses up the other fetches.
    pub(super) fn match_fetches(&self, flow: &mut FlowReport) {
        let from = flow.observations.len();
        for fetch in std::mem::take(&mut flow.fetched) {
            if let Some(infohash) = self.torrent(&fetch) {
                let added = flow.observations.get_mut(from..).unwrap_or_default();
                if !added.iter_mut().any(|known| merge(known, &fetch, infohash)) {
                    flow.observations.push(observation(fetch, infohash));
                }
            }
        }
        flow.observations.sort_by_key(|seen| seen.end);
    }

    /// The one torrent that the address of a fetch is named by.
    fn torrent(&self, fetch: &Fetch) -> Option<[u8; 20]> {
        let mut named = fetch.addresses.iter().filter_map(|address| self.0.get(address));
        let first = named.next()?.torrent?;
        named.all(|other| other.torrent == Some(first)).then_some(first)
    }
}

/// Adds a fetch to what is known of its torrent. Answers whether it belongs there.
fn merge(known: &mut Observation, fetch: &Fetch, torrent: [u8; 20]) -> bool {
    match &mut known.fact {
        Fact::WebSeed { infohash, bytes } if *infohash == torrent && known.end == fetch.by => {
            *bytes = bytes.saturating_add(fetch.bytes);
            known.span.merge(&fetch.span);
            known.count += fetch.count;
            true
        }
        _ => false,
    }
}

fn observation(fetch: Fetch, infohash: [u8; 20]) -> Observation {
    let Fetch { by, span, count, bytes, .. } = fetch;
    let fact = Fact::WebSeed { infohash, bytes };
    Observation { detector: WEB_SEED, confidence: Confidence::Likely, end: by, stream: 0, span, count, fact }
}
