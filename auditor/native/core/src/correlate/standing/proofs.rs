//! The torrents whose metadata is known, and what is proven by it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::content::layers::PieceLayers;
use crate::content::metadata::{Metadata, MetadataStore};
use crate::content::verify::verify;
use crate::correlate::allowed_fast::Known;
use crate::detect::passed::SentPieces;
use crate::engine::{Content, Torrent, Verified};
use crate::time::Timestamp;
use crate::wire::bt::info::Info;

/// Torrents that have a place in the list. The one that got it first gives it up, and gets a new one if it comes again.
const LISTED: usize = 1 << 18;

/// Files passed in all comparisons of an hour, as in those of one run that is over.
const STEPS: u64 = 100_000_000;

/// What is known of all torrents.
#[derive(Debug)]
pub(super) struct Proofs {
    /// What was known beforehand stays, whatever comes.
    given: BTreeMap<[u8; 20], Arc<Metadata>>,
    metadata: MetadataStore,
    layers: PieceLayers,
    /// Places in the list, by SHA-1.
    places: BTreeMap<[u8; 20], usize>,
    order: VecDeque<[u8; 20]>,
    /// Of those that are listed, what allowed-fast sets are tested by, under what handshakes call them.
    pieces: BTreeMap<[u8; 20], Known>,
    listed: usize,
    fresh: Vec<Torrent>,
    left: u64,
    hour: i64,
    unproven: u64,
}

impl Proofs {
    /// With what was `known` beforehand; the rest is kept up to `cap` bytes, as engines share them out.
    pub(super) fn new(known: &[Arc<[u8]>], cap: usize) -> Self {
        let mut proofs = Self {
            given: BTreeMap::new(),
            metadata: MetadataStore::new(cap / 2),
            layers: PieceLayers::new(cap / 8),
            places: BTreeMap::new(),
            order: VecDeque::new(),
            pieces: BTreeMap::new(),
            listed: 0,
            fresh: Vec::new(),
            left: STEPS,
            hour: i64::MIN,
            unproven: 0,
        };
        for info in known {
            let metadata = Arc::new(Metadata::of(info.clone()));
            for name in metadata.names() {
                proofs.given.insert(name, Arc::clone(&metadata));
            }
            proofs.list(&metadata);
        }
        proofs
    }

    /// Takes what an engine collected. Answers with the names of torrents that are known by that, and whether more
    /// hashes of pieces are.
    pub(super) fn take(&mut self, content: Content) -> (Vec<[u8; 20]>, bool) {
        let has_more = self.layers.merge(content.layers);
        let mut names = Vec::new();
        for metadata in self.metadata.merge(content.metadata) {
            names.extend(metadata.names());
            self.list(&metadata);
        }
        (names, has_more)
    }

    /// Takes the torrents that are new in the list.
    pub(super) fn take_fresh(&mut self) -> Vec<Torrent> {
        std::mem::take(&mut self.fresh)
    }

    /// How often there was no time left to compare, since this was last asked.
    pub(super) const fn take_unproven(&mut self) -> u64 {
        std::mem::replace(&mut self.unproven, 0)
    }

    /// Bytes held, and the cap.
    pub(super) const fn held(&self) -> (usize, usize) {
        let (metadata, layers) = (self.metadata.budget(), self.layers.budget());
        (metadata.now + layers.now, metadata.cap + layers.cap)
    }

    /// Takes in how late it is.
    pub(super) const fn advance(&mut self, now: Timestamp) {
        let hour = now.0.div_euclid(3600 * Timestamp::SECOND);
        if hour != self.hour {
            (self.hour, self.left) = (hour, STEPS);
        }
    }

    /// What allowed-fast sets of a torrent are tested by.
    pub(super) fn pieces(&self, infohash: &[u8; 20]) -> Option<&Known> {
        self.pieces.get(infohash)
    }

    /// Compares the digests of pieces with what is known of their torrent, if anything is.
    pub(super) fn verify(&mut self, sent: &SentPieces) -> Option<Verified> {
        let known = self.given.get(&sent.infohash).or_else(|| self.metadata.get(&sent.infohash))?;
        let torrent = *self.places.get(&known.v1)?;
        let (info, _) = Info::parse(&known.info).ok()?;
        let cost = 1 + info.files().count() as u64;
        let Some(left) = self.left.checked_sub(cost) else {
            self.unproven += 1;
            return None;
        };
        self.left = left;
        let found = verify(&info, &self.layers, &sent.digests);
        Some(Verified { stream: sent.stream, end: sent.end, torrent, found })
    }

    /// Gives a torrent a place in the list, unless it has one. One whose numbers contradict each other is nobody's.
    fn list(&mut self, metadata: &Arc<Metadata>) {
        if self.places.contains_key(&metadata.v1) {
            return;
        }
        let Ok((info, _)) = Info::parse(&metadata.info) else { return };
        if self.order.len() >= LISTED
            && let Some(first) = self.order.pop_front()
        {
            self.places.remove(&first);
            self.pieces.retain(|_, known| !known.names().contains(&first));
        }
        let torrent = Torrent {
            v1: info.v1.map(|_| metadata.v1),
            v2: info.v2.map(|_| metadata.v2),
            info: Arc::clone(&metadata.info),
        };
        if let Some(known) = Known::of(&torrent) {
            for name in known.names() {
                self.pieces.insert(*name, known.clone());
            }
        }
        self.places.insert(metadata.v1, self.listed);
        self.order.push_back(metadata.v1);
        self.listed += 1;
        self.fresh.push(torrent);
    }
}
