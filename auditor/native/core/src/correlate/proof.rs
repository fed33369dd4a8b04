//! Proves what flows passed on: joins the info dicts and hashes that any worker saw, and compares the digests of pieces
//! with them.
//!
//! Pieces of a torrent of which no whole info dict is known stay unproven, and nothing is said of them. So do those beyond
//! what is compared: whoever makes a torrent says how many files it has, and each comparison passes all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::content::layers::PieceLayers;
use crate::content::metadata::{Metadata, MetadataStore};
use crate::content::verify::verify;
use crate::engine::{Content, Report, Torrent, Verified};
use crate::wire::bt::info::Info;

/// Files passed in all comparisons of one run: as many as 10,000 flows of torrents with 10,000 files.
const MAX_STEPS: u64 = 100_000_000;

/// Compares the digests of all flows with the metadata of `contents`, and with what was `known` beforehand, and puts
/// results and torrents into the report.
pub(super) fn prove(whole: &mut Report, contents: Vec<Content>, known: &[Arc<[u8]>]) {
    let (metadata, layers) = join(contents, known);
    // One whose numbers contradict each other is nobody's torrent: no client takes it.
    let mut torrents: Vec<_> =
        metadata.believed().filter_map(|known| Some((known, Info::parse(&known.info).ok()?.0))).collect();
    torrents.sort_unstable_by_key(|(known, _)| known.v1);
    let place = |infohash: &[u8; 20]| {
        let known = metadata.get(infohash)?;
        torrents.binary_search_by_key(&known.v1, |(torrent, _)| torrent.v1).ok()
    };
    let mut steps: BTreeMap<usize, u64> = BTreeMap::new();
    let mut left = MAX_STEPS;
    let mut unproven = 0;
    for flow in &mut whole.flows {
        for sent in std::mem::take(&mut flow.pieces) {
            let Some(torrent) = place(&sent.infohash) else { continue };
            let Some((_, info)) = torrents.get(torrent) else { continue };
            let cost = *steps.entry(torrent).or_insert_with(|| 1 + info.files().count() as u64);
            let Some(rest) = left.checked_sub(cost) else {
                unproven += 1;
                continue;
            };
            left = rest;
            let found = verify(info, &layers, &sent.digests);
            flow.verified.push(Verified { stream: sent.stream, end: sent.end, torrent, found });
        }
        flow.verified.sort_by_key(|verified| (verified.stream, verified.end));
    }
    if unproven > 0 {
        *whole.limits.entry("verified_pieces").or_default() += unproven;
    }
    let readable = torrents.into_iter().map(|(known, info)| Torrent {
        v1: info.v1.map(|_| known.v1),
        v2: info.v2.map(|_| known.v2),
        info: known.info.clone(),
    });
    whole.torrents = readable.collect();
}

fn join(contents: Vec<Content>, known: &[Arc<[u8]>]) -> (MetadataStore, PieceLayers) {
    let (mut caps, mut layer_caps) = (0, 0);
    for content in &contents {
        caps += content.metadata.budget().cap;
        layer_caps += content.layers.budget().cap;
    }
    let (mut metadata, mut layers) = (MetadataStore::new(caps), PieceLayers::new(layer_caps));
    for info in known {
        let v1 = Metadata::of(info.clone()).v1;
        metadata.insert(&v1, info.clone());
    }
    for content in contents {
        drop(metadata.merge(content.metadata));
        let _ = layers.merge(content.layers);
    }
    (metadata, layers)
}
