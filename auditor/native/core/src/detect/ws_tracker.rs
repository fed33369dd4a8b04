//! `bt.tracker.ws`: a WebTorrent client tells a WebSocket tracker that it takes part in swarms, in clear (`ws://`).
//!
//! Sees an HTTP request for a WebSocket at the first byte of a direction, and the messages after it: announces and
//! scrapes, their answers, and how many other peers the tracker brought along. Sees nothing of `wss://`, nor of
//! compressed messages (RFC 7692).
//!
//! Proves that the client named this infohash to a tracker; amounts are its own claims. Fooled by who announces without
//! taking part, and by any page that speaks so. The peers' addresses stay unread: what they offer are candidates.
//! Costs the head of each HTTP request, and the first messages of each WebSocket that is no tracker's.

use std::collections::BTreeMap;

use super::announces::{self, Announces, Claim, TrackerAnswer};
use super::{Fact, Observation, Probe, Span, Stamp, StreamDetector, StreamReader};
use crate::anomaly::{Anomalies, Anomaly};
use crate::error::ParseError;
use crate::flow::key::{End, Ends};
use crate::wire::bt::ws_tracker::{Reply, Request};
use crate::wire::websocket::upgrade::{MAX_HEAD, UpgradeReply, UpgradeRequest};
use crate::wire::websocket::{FrameHead, Kind, unmask};

/// The detector's id.
pub const WS_TRACKER: &str = "bt.tracker.ws";

/// The longest message that is read. Ten offers take some 20 KB.
const MAX_MESSAGE: usize = 64 << 10;
/// A tracker's client announces itself at once. After so many other messages of either end it is none.
const PATIENCE: u32 = 8;

/// Knows a WebSocket by the request for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WsTracker;

impl WsTracker {
    /// Begins to read behind a request for a WebSocket that somebody else has read: both ends go on with frames.
    #[must_use]
    pub fn open_upgraded(client: End, request: UpgradeRequest) -> Box<dyn StreamReader> {
        let UpgradeRequest { has_credentials, host, .. } = request;
        let mut reader =
            Reader { client: Some(client), credentials: has_credentials, host, ..Reader::default() };
        for end in [End::Orig, End::Resp] {
            reader.ends.at_mut(end).stage = Stage::Head;
        }
        Box::new(reader)
    }
}

impl StreamDetector for WsTracker {
    fn probe(&self, first: &[u8]) -> Probe {
        match (UpgradeRequest::parse(first), UpgradeReply::parse(first)) {
            (Ok(_), _) => Probe::Match,
            // An answer that is seen before its request must be there for the reader once the request has come.
            (Err(ParseError::Truncated { .. }), _) | (_, Ok(_) | Err(ParseError::Truncated { .. })) => {
                Probe::NeedMore
            }
            _ => Probe::Reject,
        }
    }

    fn open(&self) -> Box<dyn StreamReader> {
        Box::<Reader>::default()
    }
}

/// Reads both directions of one connection.
#[derive(Debug, Default)]
struct Reader {
    client: Option<End>,
    credentials: bool,
    /// The tracker, as the client asked for it.
    host: Option<Box<str>>,
    ends: Ends<Talk>,
    announces: Announces,
    /// By infohash, and apart from what was announced: which direction is read first must not matter.
    answers: BTreeMap<[u8; 20], TrackerAnswer>,
    scrape_answered: bool,
    /// Messages of either end that are no tracker's, or could not be read.
    strange: u32,
    is_tracker: bool,
}

/// Where the reading of one direction stands.
#[derive(Debug, Default)]
struct Talk {
    stage: Stage,
    /// A head that came in parts.
    partial: Vec<u8>,
    message: Option<Message>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Opening,
    Head,
    Payload(Payload),
    /// It is no WebSocket, its frames can no longer be told apart, or nothing more is wanted.
    Nothing,
}

#[derive(Clone, Copy, Debug)]
struct Payload {
    head: FrameHead,
    at: u64,
}

/// A message that has begun.
#[derive(Debug)]
struct Message {
    text: Vec<u8>,
    span: Span,
    /// It is not to be read: too long, compressed, or with bytes missing.
    is_spoiled: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, end: End, mut bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        while !bytes.is_empty() {
            bytes = match self.ends.at(end).stage {
                Stage::Opening => self.read_opening(end, bytes),
                Stage::Head => self.read_head(end, bytes, stamp, anomalies),
                Stage::Payload(payload) => self.read_payload(end, payload, bytes, stamp, anomalies),
                Stage::Nothing => return,
            };
        }
    }

    fn skip(&mut self, end: End, missing: u64, _: Stamp) {
        let talk = self.ends.at_mut(end);
        match talk.stage {
            // Inside a frame of known length the next one's place is known too.
            Stage::Payload(payload) if missing <= payload.left() => {
                if !payload.head.kind.is_control()
                    && let Some(message) = &mut talk.message
                {
                    message.spoil();
                }
                let payload = Payload { at: payload.at + missing, ..payload };
                talk.stage = Stage::Payload(payload);
                if payload.left() == 0 {
                    self.end_frame(end, payload.head, &mut Anomalies::default());
                }
            }
            _ => talk.stop(),
        }
    }

    fn wants(&self, end: End) -> bool {
        !matches!(self.ends.at(end).stage, Stage::Nothing)
    }

    fn observations(&self) -> Vec<Observation> {
        let Some(client) = self.client else { return Vec::new() };
        let mut found: Vec<_> = self.announces.observations(WS_TRACKER, client).collect();
        for observation in &mut found {
            match &mut observation.fact {
                Fact::TrackerAnnounce { infohash, answer, .. } => {
                    *answer = self.answers.get(infohash).copied();
                }
                Fact::TrackerScrape { answered, .. } => *answered = self.scrape_answered,
                _ => {}
            }
        }
        found
    }

    fn believable(&self, begun: Ends<bool>) -> Vec<Observation> {
        announces::doubt(self.observations(), begun)
    }
}

impl Reader {
    /// Collects the HTTP head; returns the bytes after it.
    fn read_opening<'a>(&mut self, end: End, bytes: &'a [u8]) -> &'a [u8] {
        let Self { client, credentials, host, ends, .. } = self;
        let talk = ends.at_mut(end);
        let room = MAX_HEAD.saturating_sub(talk.partial.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        talk.partial.extend_from_slice(taken);
        let request = UpgradeRequest::parse(&talk.partial);
        let after = match (request, UpgradeReply::parse(&talk.partial)) {
            (Ok((request, rest)), _) if client.is_none() => {
                (*client, *credentials, *host) = (Some(end), request.has_credentials, request.host);
                rest.len()
            }
            (_, Ok((_, rest))) if *client != Some(end) => rest.len(),
            (Err(ParseError::Truncated { .. }), _) | (_, Err(ParseError::Truncated { .. })) => return &[],
            _ => {
                talk.stop();
                return &[];
            }
        };
        talk.partial = Vec::new();
        talk.stage = Stage::Head;
        bytes.get(taken.len().saturating_sub(after)..).unwrap_or_default()
    }

    /// Reads one frame's head; returns the bytes after it.
    fn read_head<'a>(
        &mut self,
        end: End,
        bytes: &'a [u8],
        stamp: Stamp,
        anomalies: &mut Anomalies,
    ) -> &'a [u8] {
        let is_client = self.client == Some(end);
        let talk = self.ends.at_mut(end);
        // Byte by byte: a head is at most 14, and no more than the head may be taken.
        let Some((next, rest)) = bytes.split_first() else { return &[] };
        talk.partial.push(*next);
        let begun = match FrameHead::parse(&talk.partial) {
            Ok((head, _)) => head.key.is_some() == is_client && talk.begin(head, stamp),
            Err(ParseError::Truncated { .. }) => return rest,
            Err(_) => false,
        };
        if !begun {
            anomalies.count(Anomaly::WebsocketMalformed);
            talk.stop();
            return &[];
        }
        talk.partial.clear();
        if let Stage::Payload(payload) = talk.stage
            && payload.left() == 0
        {
            self.end_frame(end, payload.head, anomalies);
        }
        rest
    }

    /// Takes payload in; returns the bytes after it.
    fn read_payload<'a>(
        &mut self,
        end: End,
        payload: Payload,
        bytes: &'a [u8],
        stamp: Stamp,
        anomalies: &mut Anomalies,
    ) -> &'a [u8] {
        let here = usize::try_from(payload.left()).unwrap_or(usize::MAX).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(here).unwrap_or((bytes, &[]));
        let talk = self.ends.at_mut(end);
        if !payload.head.kind.is_control()
            && let Some(message) = &mut talk.message
            && !message.is_spoiled
        {
            message.span.extend(stamp);
            if message.text.len() + taken.len() > MAX_MESSAGE {
                anomalies.count(Anomaly::WebsocketMalformed);
                message.spoil();
            } else {
                message.text.extend(unmask(taken, payload.head.key, payload.at));
            }
        }
        let payload = Payload { at: payload.at + here as u64, ..payload };
        talk.stage = Stage::Payload(payload);
        if payload.left() == 0 {
            self.end_frame(end, payload.head, anomalies);
        }
        rest
    }

    fn end_frame(&mut self, end: End, head: FrameHead, anomalies: &mut Anomalies) {
        let talk = self.ends.at_mut(end);
        talk.stage = Stage::Head;
        if head.kind == Kind::Close {
            talk.stop();
        } else if head.is_last
            && !head.kind.is_control()
            && let Some(message) = talk.message.take()
        {
            if message.is_spoiled {
                self.wonder();
            } else if self.client == Some(end) {
                self.asked(&message, anomalies);
            } else {
                self.answered(&message, anomalies);
            }
        }
    }

    fn asked(&mut self, message: &Message, anomalies: &mut Anomalies) {
        match Request::parse(&message.text) {
            Ok(Request::Announce(announce)) => {
                let claim = Claim {
                    event: announce.event,
                    downloaded: announce.downloaded,
                    uploaded: announce.uploaded,
                    left: announce.left,
                };
                let announce = announces::Announce {
                    infohash: announce.infohash,
                    peer_id: announce.peer_id,
                    port: None,
                    claim,
                    credentials: self.credentials,
                };
                if self.announces.announce(&announce, self.host.as_deref(), &message.span).is_none() {
                    anomalies.count(Anomaly::TrackerOverfull);
                }
            }
            Ok(Request::Scrape { infohashes }) => {
                let host = self.host.as_deref();
                if !self.announces.scrape(infohashes.iter(), host, &message.span).1 {
                    anomalies.count(Anomaly::TrackerOverfull);
                }
            }
            Ok(Request::Answer { .. }) => {}
            Err(_) => return self.wonder(),
        }
        self.is_tracker = true;
    }

    fn answered(&mut self, message: &Message, anomalies: &mut Anomalies) {
        match Reply::parse(&message.text) {
            Ok(Reply::Announce { infohash, interval, complete, incomplete }) => {
                if let Some(answer) = self.answer(infohash, anomalies) {
                    *answer =
                        TrackerAnswer { interval, complete, incomplete, peers: answer.peers, failed: false };
                }
            }
            Ok(Reply::Peer { infohash, .. }) => {
                if let Some(answer) = self.answer(infohash, anomalies) {
                    answer.peers += 1;
                }
            }
            Ok(Reply::Scrape { .. }) => self.scrape_answered = true,
            Ok(Reply::Failure) => {}
            Err(_) => self.wonder(),
        }
    }

    /// Takes in a message that is no tracker's, or that nobody can tell.
    fn wonder(&mut self) {
        self.strange = self.strange.saturating_add(1);
        if !self.is_tracker && self.strange >= PATIENCE {
            self.ends.orig.stop();
            self.ends.resp.stop();
        }
    }

    fn answer(&mut self, infohash: [u8; 20], anomalies: &mut Anomalies) -> Option<&mut TrackerAnswer> {
        let fits = self.answers.len() < Announces::MOST || self.answers.contains_key(&infohash);
        if !fits {
            anomalies.count(Anomaly::TrackerOverfull);
        }
        fits.then(|| self.answers.entry(infohash).or_default())
    }
}

impl Talk {
    /// Begins a frame. Answers whether it may stand here: a message's first frame where none is open, others where
    /// one is.
    fn begin(&mut self, head: FrameHead, stamp: Stamp) -> bool {
        self.stage = Stage::Payload(Payload { head, at: 0 });
        match (head.kind, &mut self.message) {
            (Kind::Text | Kind::Binary, None) => {
                let span = Span::at(stamp);
                self.message = Some(Message { text: Vec::new(), span, is_spoiled: head.is_compressed });
                true
            }
            (Kind::Continuation, Some(message)) => {
                message.span.extend(stamp);
                true
            }
            (Kind::Text | Kind::Binary, Some(_)) | (Kind::Continuation, None) => false,
            (Kind::Close | Kind::Ping | Kind::Pong, _) => true,
        }
    }

    fn stop(&mut self) {
        *self = Self { stage: Stage::Nothing, ..Self::default() };
    }
}

impl Message {
    fn spoil(&mut self) {
        self.text = Vec::new();
        self.is_spoiled = true;
    }
}

impl Payload {
    const fn left(&self) -> u64 {
        self.head.len.saturating_sub(self.at)
    }
}

#[cfg(test)]
mod tests;
