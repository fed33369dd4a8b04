//! `bt.tracker.http`, `bt.torrent_file`, `bt.webseed` and `bt.external_address`: BitTorrent's talk over HTTP in clear
//! (BEP 3, 7, 9, 17, 19, 21, 23, 24, 31, 48), direct or through a proxy.
//!
//! Sees announces and scrapes with their answers, torrent files and magnet links that pass, requests for pieces, and what
//! a tracker says of the client's address. A connection may carry many requests, so all are read, and the n-th answer
//! belongs to the n-th request.
//!
//! An announce proves that the sender named this infohash to a tracker, and nothing of what it claims; a file, that it
//! was fetched; a link in a page, only that the page has it. Not fooled by a page that has a browser fetch the address of
//! an announce, as that of a picture: browsers are known by the languages that they wish for. Fooled by anyone who fetches
//! such an address by other means, and by a tracker, or what poses as one, that names peers at will. Ranges that what
//! calls itself a client fetches are handed on, to be compared with the web seeds of torrent files once the run is over.
//!
//! Costs one pass over the heads of every HTTP connection, and of bodies a sum for each segment; content is looked at
//! where it is a tracker's answer, says that it is a torrent file or begins as one, or is a page (its first 64 KiB, and
//! uncompressed only: links in pages prove too little to inflate the web for them). Held are: heads up to 16 KiB, answers
//! of trackers up to 256 KiB, answers that are read before their requests up to 64 KiB. A connection to one server that
//! gave nothing in 1024 requests is left alone.

mod body;
mod exchange;
mod findings;
mod head;
mod requests;
mod responses;
#[cfg(test)]
mod tests;

use self::exchange::Exchange;
use self::requests::Requests;
use self::responses::{Responses, Told};
use super::announces;
use super::inner::{Content, Inner};
use super::named::Named;
use super::{Observation, Probe, Span, Stamp, StreamDetector, StreamReader};
use crate::anomaly::Anomalies;
use crate::error::ParseError;
use crate::flow::key::{End, Ends};
use crate::wire::bt::web_seed::UrlDigest;
use crate::wire::http::head::{begins_request, begins_response};
use crate::wire::http::{RequestHead, ResponseHead};

/// The id of announces and scrapes.
pub const TRACKER: &str = "bt.tracker.http";
/// The id of torrent files and magnet links.
pub const TORRENT_FILE: &str = "bt.torrent_file";
/// The id of requests for pieces.
pub const WEB_SEED: &str = "bt.webseed";
/// The id of addresses that somebody was told to have.
pub const EXTERNAL_ADDRESS: &str = "bt.external_address";

/// How many first bytes of a head are waited for before it is taken for one: of a whole head it is known whether it
/// turns the connection into something else at once, which others read.
const ENOUGH: usize = 2048;
/// How much is held of answers that are read before their requests.
const EARLY: usize = 64 << 10;

/// Where a magnet link stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MagnetPlace {
    /// A server sent the client there.
    Location,
    /// A client says that it comes from there.
    Referer,
    /// In a page.
    Page,
}

impl MagnetPlace {
    /// The word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Referer => "referer",
            Self::Page => "page",
        }
    }
}

/// Parts of something that were fetched by what calls itself a BitTorrent client: from a web seed, if a torrent's
/// `url-list` leads to the address (BEP 19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The address, see [`UrlDigest::of_each_folder`].
    pub addresses: Vec<UrlDigest>,
    /// The end that fetched it.
    pub by: End,
    /// When it was asked for, and in which frames.
    pub span: Span,
    /// How often.
    pub count: u64,
    /// Bytes of the answers that were no refusals.
    pub bytes: u64,
}

/// Knows HTTP by the head of a request or an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Http;

impl StreamDetector for Http {
    fn probe(&self, first: &[u8]) -> Probe {
        let head = match (begins_request(first), begins_response(first)) {
            (Ok(()), _) => RequestHead::parse(first).map(|(head, _)| head.turns_to_websocket()),
            (_, Ok(())) => ResponseHead::parse(first).map(|(head, _)| head.turns_to_websocket()),
            (Err(ParseError::Truncated { .. }), _) | (_, Err(ParseError::Truncated { .. })) => {
                return Probe::NeedMore;
            }
            _ => return Probe::Reject,
        };
        match head {
            Ok(false) => Probe::Match,
            Err(ParseError::Truncated { .. }) if first.len() >= ENOUGH => Probe::Match,
            Err(ParseError::Truncated { .. }) => Probe::NeedMore,
            Ok(true) | Err(_) => Probe::Reject,
        }
    }

    fn open(&self) -> Box<dyn StreamReader> {
        Box::<Reader>::default()
    }
}

/// Reads both directions of one connection.
#[derive(Debug, Default)]
struct Reader {
    /// First bytes of each end, until they tell which of them asks.
    first: Ends<Vec<(Stamp, Box<[u8]>)>>,
    roles: Ends<Role>,
    talk: Option<Talk>,
}

/// What an end does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    #[default]
    Unknown,
    Asks,
    Answers,
    /// It speaks something else.
    Other,
}

/// A connection of which one end is known to ask or to answer.
#[derive(Debug)]
struct Talk {
    exchange: Exchange,
    requests: Requests,
    responses: Responses,
    /// Answers whose requests may still come.
    early: Vec<(Stamp, Content)>,
    early_bytes: usize,
}

impl StreamReader for Reader {
    fn read(&mut self, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        if *self.roles.at(end) == Role::Unknown {
            self.first.at_mut(end).push((stamp, bytes.into()));
            self.decide(end);
            for (stamp, bytes) in self.decided(end) {
                self.take(end, &bytes, stamp, anomalies);
            }
        } else {
            self.take(end, bytes, stamp, anomalies);
        }
    }

    fn skip(&mut self, end: End, missing: u64, stamp: Stamp) {
        if *self.roles.at(end) == Role::Unknown {
            *self.first.at_mut(end) = Vec::new();
            self.assign(end, Role::Other);
        }
        let role = *self.roles.at(end);
        let Some(talk) = &mut self.talk else { return };
        match role {
            Role::Asks => talk.skip_request(missing, stamp),
            Role::Answers => talk.answer(Content::Missing(missing), stamp, &mut Anomalies::default()),
            Role::Unknown | Role::Other => {}
        }
    }

    fn wants(&self, end: End) -> bool {
        match (self.roles.at(end), &self.talk) {
            (Role::Unknown, _) => true,
            (Role::Other, _) | (_, None) => false,
            (role, Some(talk)) => talk.wants(*role),
        }
    }

    fn observations(&self) -> Vec<Observation> {
        self.talk.as_ref().map(Talk::observations).unwrap_or_default()
    }

    fn believable(&self, begun: Ends<bool>) -> Vec<Observation> {
        announces::doubt(self.observations(), begun)
    }

    fn named(&mut self) -> Vec<Named> {
        self.talk.as_mut().map(|talk| talk.exchange.findings.names.take()).unwrap_or_default()
    }

    fn fetched(&self) -> Vec<Fetch> {
        self.talk.as_ref().map(|talk| talk.exchange.findings.fetches.clone()).unwrap_or_default()
    }

    fn inner(&mut self) -> Vec<Inner> {
        self.talk.as_mut().map(|talk| talk.exchange.take_inner()).unwrap_or_default()
    }
}

impl Reader {
    /// Decides by its first bytes what an end does, if they suffice.
    fn decide(&mut self, end: End) {
        /// More than either beginning has.
        const TELLING: usize = 16;
        let bytes = self.first.at(end).iter().flat_map(|(_, bytes)| bytes.iter());
        let first: Vec<u8> = bytes.copied().take(TELLING).collect();
        let role = match (begins_request(&first), begins_response(&first)) {
            (Ok(()), _) => Role::Asks,
            (_, Ok(())) => Role::Answers,
            (Err(ParseError::Truncated { .. }), _) | (_, Err(ParseError::Truncated { .. })) => return,
            _ => Role::Other,
        };
        self.assign(end, role);
    }

    /// Gives an end its part. Of two that both ask, or both answer, the first counts.
    fn assign(&mut self, end: End, role: Role) {
        let other = *self.roles.at(end.other());
        let role = if role == other { Role::Other } else { role };
        *self.roles.at_mut(end) = role;
        let client = match role {
            Role::Asks => Some(end),
            Role::Answers => Some(end.other()),
            Role::Unknown | Role::Other => None,
        };
        if let (None, Some(client)) = (&self.talk, client) {
            self.talk = Some(Talk::new(client));
        }
        if let Some(talk) = &mut self.talk
            && *self.roles.at(talk.exchange.client) == Role::Other
        {
            talk.exchange.lost.requests = true;
        }
    }

    /// The first bytes of an end whose part is decided.
    fn decided(&mut self, end: End) -> Vec<(Stamp, Box<[u8]>)> {
        if *self.roles.at(end) == Role::Unknown { Vec::new() } else { std::mem::take(self.first.at_mut(end)) }
    }

    fn take(&mut self, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        let role = *self.roles.at(end);
        let Some(talk) = &mut self.talk else { return };
        match role {
            Role::Asks => talk.ask(bytes, stamp, anomalies),
            Role::Answers if talk.early.is_empty() => talk.answer_now(bytes, stamp, anomalies),
            Role::Answers => talk.answer(Content::Bytes(bytes.into()), stamp, anomalies),
            Role::Unknown | Role::Other => {}
        }
    }
}

impl Talk {
    fn new(client: End) -> Self {
        Self {
            exchange: Exchange::new(client),
            requests: Requests::default(),
            responses: Responses::default(),
            early: Vec::new(),
            early_bytes: 0,
        }
    }

    fn wants(&self, role: Role) -> bool {
        let wanted = match role {
            Role::Asks => self.requests.wants(),
            _ => self.responses.wants(),
        };
        wanted && !self.requests.given_up && self.exchange.is_taken()
    }

    fn ask(&mut self, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        self.requests.read(bytes, stamp, &mut self.exchange, anomalies);
        self.catch_up(anomalies);
    }

    fn skip_request(&mut self, missing: u64, stamp: Stamp) {
        self.requests.skip(missing, stamp, &mut self.exchange);
        self.catch_up(&mut Anomalies::default());
    }

    /// Reads the answers whose requests have come by now.
    fn catch_up(&mut self, anomalies: &mut Anomalies) {
        if self.early.is_empty() || !self.exchange.knows() {
            return;
        }
        self.early_bytes = 0;
        for (stamp, content) in std::mem::take(&mut self.early) {
            self.answer(content, stamp, anomalies);
        }
    }

    fn answer(&mut self, content: Content, stamp: Stamp, anomalies: &mut Anomalies) {
        match content {
            content if !self.early.is_empty() => self.put_aside(content, stamp, anomalies),
            Content::Bytes(bytes) => self.answer_now(&bytes, stamp, anomalies),
            Content::Missing(missing) => {
                self.responses.skip(missing, stamp, &mut self.exchange);
                self.exchange.lost.answers = !self.responses.wants();
            }
        }
    }

    fn answer_now(&mut self, mut bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        while !bytes.is_empty() {
            if self.responses.is_between() && !self.exchange.knows() {
                self.put_aside(Content::Bytes(bytes.into()), stamp, anomalies);
                return;
            }
            let told;
            (told, bytes) = self.responses.read(bytes, stamp, &mut self.exchange, anomalies);
            if told == Told::Refused {
                self.resume(anomalies);
            }
        }
        self.exchange.lost.answers = !self.responses.wants();
    }

    /// Holds an answer whose request may still come. Where there is too much, none will be told apart any more.
    fn put_aside(&mut self, content: Content, stamp: Stamp, anomalies: &mut Anomalies) {
        self.early_bytes = self.early_bytes.saturating_add(content.size());
        self.early.push((stamp, content));
        if self.early_bytes > EARLY {
            self.exchange.lose_order();
            self.catch_up(anomalies);
        }
    }

    /// Reads as requests what might have belonged to a tunnel.
    fn resume(&mut self, anomalies: &mut Anomalies) {
        self.requests.resume();
        let Some(held) = self.exchange.release() else {
            self.requests.stop(&mut self.exchange);
            return;
        };
        for piece in held {
            match piece.content {
                Content::Bytes(bytes) => {
                    self.requests.read(&bytes, piece.stamp, &mut self.exchange, anomalies);
                }
                Content::Missing(missing) => self.requests.skip(missing, piece.stamp, &mut self.exchange),
            }
        }
    }

    fn observations(&self) -> Vec<Observation> {
        let client = self.exchange.client;
        let mut found = self.exchange.findings.observations(client);
        if !self.early.is_empty() {
            // The answers that still wait for their requests, which will not come any more.
            let mut unasked = Self::new(client);
            unasked.exchange.lose_order();
            for (stamp, content) in self.early.iter().cloned() {
                unasked.answer(content, stamp, &mut Anomalies::default());
            }
            found.extend(unasked.exchange.findings.observations(client));
        }
        found
    }
}
