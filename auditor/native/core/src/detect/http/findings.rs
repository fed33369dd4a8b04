//! What was found in one connection, folded.

use std::net::{IpAddr, SocketAddr};

use super::{EXTERNAL_ADDRESS, Fetch, MagnetPlace, TORRENT_FILE, TRACKER, WEB_SEED};
use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::announces::{Announce, Announces, Claim, Told, TrackerAnswer};
use crate::detect::named::{Named, Names, Source};
use crate::detect::{Confidence, Fact, Observation, Span, Stamp};
use crate::flow::key::End;
use crate::wire::bt::http_tracker::{AnnounceReply, AnnounceRequest};
use crate::wire::bt::magnet::Magnet;
use crate::wire::bt::torrent_file::TorrentFile;
use crate::wire::bt::web_seed::UrlDigest;

/// The most facts beside announces that are told apart in a connection.
const FACTS: usize = 128;
/// The most addresses that are told apart of which parts were fetched.
const FETCHES: usize = 64;

/// Facts of one connection.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Whether there is anything to tell.
    pub(super) any: bool,
    announces: Announces,
    facts: Vec<Folded>,
    pub(super) names: Names,
    pub(super) fetches: Vec<Fetch>,
}

/// A fact's place among the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

/// A fetch's place among the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchPlace(usize);

#[derive(Debug)]
struct Folded {
    detector: &'static str,
    end: End,
    fact: Fact,
    span: Span,
    count: u64,
}

impl Findings {
    /// Takes an announce in, and the tracker as the client asked for it.
    pub(super) fn announce(
        &mut self,
        client: End,
        (request, host): (&AnnounceRequest, Option<&str>),
        span: &Span,
        stamp: Stamp,
        anomalies: &mut Anomalies,
    ) -> Option<Told> {
        self.any = true;
        let claim = Claim {
            event: request.event,
            downloaded: request.downloaded,
            uploaded: request.uploaded,
            left: request.left,
        };
        let announce = Announce {
            infohash: request.infohash,
            peer_id: request.peer_id,
            port: Some(request.port),
            claim,
            credentials: request.has_credentials,
        };
        for address in request.addresses.into_iter().flatten() {
            self.name(client, address, request.infohash, Source::Tracker, stamp, anomalies);
        }
        let told = self.announces.announce(&announce, host, span);
        if told.is_none() {
            anomalies.count(Anomaly::TrackerOverfull);
        }
        told
    }

    /// Takes in what a tracker answered to an announce.
    pub(super) fn answer(
        &mut self,
        tracker: End,
        told: Option<Told>,
        infohash: [u8; 20],
        reply: &AnnounceReply<'_>,
        stamp: Stamp,
        anomalies: &mut Anomalies,
    ) {
        let mut peers = 0;
        for peer in reply.peers() {
            peers += 1;
            self.name(tracker, peer, infohash, Source::Tracker, stamp, anomalies);
        }
        if let Some(told) = told {
            let (interval, complete, incomplete) = (reply.interval, reply.complete, reply.incomplete);
            let answer = TrackerAnswer { interval, complete, incomplete, peers, failed: reply.failed };
            self.announces.answer(told, answer);
        }
        if let Some(ip) = reply.external_ip {
            self.external_address(tracker, ip, stamp, anomalies);
        }
    }

    /// Takes a scrape in, and the tracker as the client asked for it.
    pub(super) fn scrape(
        &mut self,
        (infohashes, host): (&[[u8; 20]], Option<&str>),
        span: &Span,
        anomalies: &mut Anomalies,
    ) -> Option<Told> {
        self.any = true;
        let (told, fits) = self.announces.scrape(infohashes.iter(), host, span);
        if !fits {
            anomalies.count(Anomaly::TrackerOverfull);
        }
        told
    }

    /// Takes in that a scrape was answered.
    pub(super) fn scrape_answered(&mut self, told: Told) {
        self.announces.scrape_answered(told);
    }

    /// Takes in that a piece was asked for.
    pub(super) fn piece(
        &mut self,
        client: End,
        infohash: [u8; 20],
        span: &Span,
        anomalies: &mut Anomalies,
    ) -> Option<Place> {
        self.fold(WEB_SEED, client, Fact::WebSeed { infohash, bytes: 0 }, span, anomalies)
    }

    /// Adds bytes that came in answer to requests for pieces.
    pub(super) fn piece_bytes(&mut self, place: Place, more: u64) {
        if let Some(Folded { fact: Fact::WebSeed { bytes, .. }, .. }) = self.facts.get_mut(place.0) {
            *bytes = bytes.saturating_add(more);
        }
    }

    /// Takes a torrent file in.
    pub(super) fn torrent(
        &mut self,
        server: End,
        file: &TorrentFile,
        span: &Span,
        anomalies: &mut Anomalies,
    ) {
        let TorrentFile { v1, v2, private, .. } = *file;
        let (name, web_seeds) = (file.name.clone(), file.web_seeds.clone());
        let fact = Fact::TorrentFile { v1, v2, name, private, web_seeds };
        self.fold(TORRENT_FILE, server, fact, span, anomalies);
    }

    /// Takes a magnet link in.
    pub(super) fn magnet(
        &mut self,
        end: End,
        magnet: &SeenMagnet,
        place: MagnetPlace,
        (span, stamp): (&Span, Stamp),
        anomalies: &mut Anomalies,
    ) {
        let SeenMagnet { v1, v2, .. } = *magnet;
        self.fold(TORRENT_FILE, end, Fact::Magnet { v1, v2, place }, span, anomalies);
        let infohash = v1.or_else(|| v2.and_then(|v2| v2.first_chunk().copied()));
        for peer in magnet.peers.iter().flatten() {
            if let Some(infohash) = infohash {
                self.name(end, *peer, infohash, Source::Magnet, stamp, anomalies);
            }
        }
    }

    /// Takes in what may come from a web seed.
    pub(super) fn fetch(
        &mut self,
        by: End,
        addresses: Vec<UrlDigest>,
        span: &Span,
        anomalies: &mut Anomalies,
    ) -> Option<FetchPlace> {
        let known = self.fetches.iter().position(|known| known.by == by && known.addresses == addresses);
        if let Some(known) = known.and_then(|place| self.fetches.get_mut(place)) {
            known.span.merge(span);
            known.count += 1;
        } else if self.fetches.len() < FETCHES {
            self.fetches.push(Fetch { addresses, by, span: span.clone(), count: 1, bytes: 0 });
            return Some(FetchPlace(self.fetches.len() - 1));
        } else {
            anomalies.count(Anomaly::HttpOverfull);
        }
        known.map(FetchPlace)
    }

    /// Adds bytes that came in answer to a fetch.
    pub(super) fn fetch_bytes(&mut self, place: FetchPlace, more: u64) {
        if let Some(Fetch { bytes, .. }) = self.fetches.get_mut(place.0) {
            *bytes = bytes.saturating_add(more);
        }
    }

    fn external_address(&mut self, tracker: End, ip: IpAddr, stamp: Stamp, anomalies: &mut Anomalies) {
        let fact = Fact::ExternalAddress { ip, port: None, told_by: Source::Tracker };
        self.fold(EXTERNAL_ADDRESS, tracker, fact, &Span::at(stamp), anomalies);
    }

    fn name(
        &mut self,
        by: End,
        peer: SocketAddr,
        infohash: [u8; 20],
        source: Source,
        stamp: Stamp,
        anomalies: &mut Anomalies,
    ) {
        if !self.names.push(Named { endpoint: peer.into(), infohash, source, stamp, by }) {
            anomalies.count(Anomaly::TrackerOverfull);
        }
    }

    fn fold(
        &mut self,
        detector: &'static str,
        end: End,
        fact: Fact,
        span: &Span,
        anomalies: &mut Anomalies,
    ) -> Option<Place> {
        self.any = true;
        let known = self.facts.iter().position(|known| known.end == end && is_same(&known.fact, &fact));
        if let Some(known) = known.and_then(|place| self.facts.get_mut(place)) {
            known.span.merge(span);
            known.count += 1;
        } else if self.facts.len() < FACTS {
            self.facts.push(Folded { detector, end, fact, span: span.clone(), count: 1 });
            return Some(Place(self.facts.len() - 1));
        } else {
            anomalies.count(Anomaly::HttpOverfull);
        }
        known.map(Place)
    }

    /// What is known of a connection in which `client` asks.
    pub(super) fn observations(&self, client: End) -> Vec<Observation> {
        let announces = self.announces.observations(TRACKER, client);
        let facts = self.facts.iter().map(|folded| Observation {
            detector: folded.detector,
            confidence: Confidence::Confirmed,
            end: folded.end,
            stream: 0,
            span: folded.span.clone(),
            count: folded.count,
            fact: folded.fact.clone(),
        });
        announces.chain(facts).collect()
    }
}

/// A magnet link, as much of it as is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeenMagnet {
    v1: Option<[u8; 20]>,
    v2: Option<[u8; 32]>,
    peers: [Option<SocketAddr>; 4],
}

impl From<&Magnet<'_>> for SeenMagnet {
    fn from(magnet: &Magnet<'_>) -> Self {
        let mut peers = magnet.peers();
        let peers = [(); 4].map(|()| peers.next());
        Self { v1: magnet.v1().copied(), v2: magnet.v2().copied(), peers }
    }
}

/// Whether two facts are one but for what is added up.
fn is_same(one: &Fact, other: &Fact) -> bool {
    match (one, other) {
        (Fact::WebSeed { infohash: one, .. }, Fact::WebSeed { infohash: other, .. }) => one == other,
        _ => one == other,
    }
}
