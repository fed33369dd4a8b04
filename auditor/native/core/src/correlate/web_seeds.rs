//! Finds fetches from web seeds by the torrent files that passed (BEP 19).
//!
//! A torrent file names where its content can be had; a `GET` there names no torrent. Where what calls itself a
//! BitTorrent client fetches a part of such an address, the torrent is likely the one of the file, wherever and
//! whenever in the run that passed. Not more than likely: the name of a client is its own word, the file may be
//! wanted without the torrent, and whoever makes a torrent file may name an address of others in it. An address that
//! several torrents name tells none of them.

use std::collections::BTreeMap;

use crate::detect::http::{Fetch, WEB_SEED};
use crate::detect::{Confidence, Fact, Observation};
use crate::engine::FlowReport;
use crate::wire::bt::web_seed::UrlDigest;

/// The torrent at each address; `None` where there are several.
type Seeds = BTreeMap<UrlDigest, Option<[u8; 20]>>;

/// Adds to all of a run's flows what was fetched in them from web seeds, uses up the other fetches, and leaves out the
/// flows that had nothing else.
pub(super) fn match_fetches(flows: &mut Vec<FlowReport>) {
    if flows.iter().all(|flow| flow.fetched.is_empty()) {
        return;
    }
    let seeds = seeds(flows);
    flows.retain_mut(|flow| {
        let from = flow.observations.len();
        for fetch in std::mem::take(&mut flow.fetched) {
            if let Some(infohash) = torrent(&fetch, &seeds) {
                let added = flow.observations.get_mut(from..).unwrap_or_default();
                if !added.iter_mut().any(|known| merge(known, &fetch, infohash)) {
                    flow.observations.push(observation(fetch, infohash));
                }
            }
        }
        flow.observations.sort_by_key(|seen| seen.end);
        !flow.observations.is_empty()
    });
}

fn seeds(flows: &[FlowReport]) -> Seeds {
    let mut seeds = Seeds::new();
    for seen in flows.iter().flat_map(|flow| &flow.observations) {
        let Fact::TorrentFile { v1, v2, name, web_seeds, .. } = &seen.fact else { continue };
        let Some(infohash) = v1.or_else(|| v2.and_then(|v2| v2.first_chunk().copied())) else { continue };
        for seed in web_seeds.iter().flat_map(|seed| [*seed, seed.entry(name)]) {
            let torrent = seeds.entry(seed).or_insert(Some(infohash));
            *torrent = torrent.filter(|known| *known == infohash);
        }
    }
    seeds
}

/// The one torrent that the address of a fetch is named by.
fn torrent(fetch: &Fetch, seeds: &Seeds) -> Option<[u8; 20]> {
    let mut named = fetch.addresses.iter().filter_map(|address| seeds.get(address));
    let first = (*named.next()?)?;
    named.all(|other| *other == Some(first)).then_some(first)
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
