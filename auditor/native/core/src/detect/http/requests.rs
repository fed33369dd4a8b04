//! The direction in which requests go.

use super::MagnetPlace;
use super::body::{Framing, Lost};
use super::exchange::{Ask, Exchange, Question};
use super::findings::SeenMagnet;
use super::head::{Outcome, Partial, Sent};
use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::Stamp;
use crate::detect::inner::Content;
use crate::error::ParseError;
use crate::wire::bt::http_tracker::TrackerRequest;
use crate::wire::bt::magnet::Magnet;
use crate::wire::bt::web_seed::{PieceRequest, UrlDigest, is_of_a_client};
use crate::wire::http::head::Method;
use crate::wire::http::{Length, RequestHead, Target, host_name};

/// The most requests to one server that are read while nothing comes of them. A proxy is asked for everything, so there
/// is no such bound.
const IDLE: u32 = 1024;

/// Reads requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    expects: Expects,
    head: Partial,
    read: u32,
    /// Nothing came of it for too long.
    pub(super) given_up: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Expects {
    #[default]
    Head,
    Body(Framing),
    /// The answer to `CONNECT` or an upgrade tells.
    Consent,
    Nothing,
}

/// What is taken out of a head.
struct Request {
    method: Method,
    turns: bool,
    length: Length,
    /// Whether it goes to a proxy.
    absolute: bool,
    asks: Asks,
    referer: Option<SeenMagnet>,
    /// Where a part of something is asked for, by what calls itself a client.
    fetch: Option<Vec<UrlDigest>>,
}

enum Asks {
    /// Of a tracker, named as the client asked for it.
    Tracker(TrackerRequest, Option<Box<str>>),
    Piece(PieceRequest),
    Other,
}

impl Requests {
    pub(super) const fn wants(&self) -> bool {
        !matches!(self.expects, Expects::Nothing)
    }

    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        stamp: Stamp,
        exchange: &mut Exchange,
        anomalies: &mut Anomalies,
    ) {
        while !bytes.is_empty() {
            bytes = match &mut self.expects {
                Expects::Head => self.read_head(bytes, stamp, exchange, anomalies),
                Expects::Body(framing) => {
                    let Ok((_, rest)) = framing.step(bytes) else {
                        anomalies.count(Anomaly::HttpMalformed);
                        self.stop(exchange);
                        return;
                    };
                    self.end_body();
                    rest
                }
                Expects::Consent => {
                    exchange.hold(exchange.client, Content::Bytes(bytes.into()), stamp);
                    return;
                }
                Expects::Nothing => return,
            };
        }
    }

    pub(super) fn skip(&mut self, missing: u64, stamp: Stamp, exchange: &mut Exchange) {
        match &mut self.expects {
            Expects::Body(framing) => match framing.skip(missing) {
                Ok(()) => self.end_body(),
                Err(Lost) => self.stop(exchange),
            },
            Expects::Consent => exchange.hold(exchange.client, Content::Missing(missing), stamp),
            _ => self.stop(exchange),
        }
    }

    /// The server did not consent: requests go on.
    pub(super) fn resume(&mut self) {
        if matches!(self.expects, Expects::Consent) {
            self.expects = Expects::Head;
        }
    }

    /// Ends the reading: nobody can tell where the next request begins.
    pub(super) fn stop(&mut self, exchange: &mut Exchange) {
        self.expects = Expects::Nothing;
        exchange.lost.requests = true;
    }

    fn end_body(&mut self) {
        if let Expects::Body(framing) = &self.expects
            && framing.has_ended()
        {
            self.expects = Expects::Head;
        }
    }

    fn read_head<'a>(
        &mut self,
        bytes: &'a [u8],
        stamp: Stamp,
        exchange: &mut Exchange,
        anomalies: &mut Anomalies,
    ) -> &'a [u8] {
        let (request, sent, rest) = match self.head.read(bytes, stamp, Request::read) {
            Outcome::Whole(request, sent, rest) => (request, sent, rest),
            Outcome::Unended => return &[],
            Outcome::Refused => {
                if self.read > 0 {
                    anomalies.count(Anomaly::HttpMalformed);
                }
                self.stop(exchange);
                return &[];
            }
        };
        self.read = self.read.saturating_add(1);
        let (method, turns) = (request.method, request.turns);
        self.expects = match (turns, Framing::of(request.length)) {
            (true, _) => Expects::Consent,
            (_, framing) if framing.has_ended() => Expects::Head,
            (_, framing) => Expects::Body(framing),
        };
        let gives_up = !request.absolute && self.read > IDLE && !exchange.findings.any;
        let question = request.take_in(&sent, exchange, anomalies);
        self.given_up |= gives_up;
        exchange.ask(Ask { method, question, turns, sent: sent.first }, anomalies);
        rest
    }
}

impl Request {
    fn read(bytes: &[u8]) -> Result<(Self, usize), ParseError> {
        let (head, rest) = RequestHead::parse(bytes)?;
        let target = Target::split(head.target());
        let mut asks = Asks::Other;
        // Most targets are none of these, and one look tells. Any page can have a browser fetch such an address, as the
        // address of a picture: that says nothing of the host.
        if target.parameters().any(|(key, _)| key == b"info_hash")
            && head.method() == Method::Get
            && !head.is_of_a_browser()
        {
            asks = match TrackerRequest::read(&target) {
                Some(request) => {
                    // Through a proxy the target has the name, and a Host beside it is void (RFC 9112 §3.2.2).
                    let host = target.authority().or(head.host()).and_then(host_name);
                    Asks::Tracker(request.with_credentials(head.has_credentials()), host)
                }
                None => PieceRequest::read(&target).map_or(Asks::Other, Asks::Piece),
            };
        }
        let referer = head.referer().and_then(|referer| Magnet::parse(referer).ok());
        let is_a_part = head.method() == Method::Get && head.has_range();
        let fetch = (is_a_part && head.user_agent().is_some_and(is_of_a_client))
            .then(|| target.authority().or(head.host()))
            .flatten()
            .map(|host| UrlDigest::of_each_folder(host, target.path()));
        let request = Self {
            method: head.method(),
            turns: head.method() == Method::Connect || head.turns_to_websocket(),
            length: head.length(),
            absolute: target.authority().is_some() || head.method() == Method::Connect,
            asks,
            referer: referer.map(|(magnet, _)| (&magnet).into()),
            fetch,
        };
        Ok((request, rest.len()))
    }

    /// Tells what was found; answers with what is asked.
    fn take_in(self, sent: &Sent, exchange: &mut Exchange, anomalies: &mut Anomalies) -> Question {
        let (client, findings) = (exchange.client, &mut exchange.findings);
        if let Some(magnet) = &self.referer {
            findings.magnet(client, magnet, MagnetPlace::Referer, (&sent.span, sent.first), anomalies);
        }
        match self.asks {
            Asks::Tracker(TrackerRequest::Announce(request), host) => {
                let asked = (&request, host.as_deref());
                let told = findings.announce(client, asked, &sent.span, sent.first, anomalies);
                Question::Announce { told, infohash: request.infohash }
            }
            Asks::Tracker(TrackerRequest::Scrape(scrape), host) => {
                let asked = (&scrape.infohashes[..], host.as_deref());
                Question::Scrape(findings.scrape(asked, &sent.span, anomalies))
            }
            Asks::Piece(request) => {
                Question::Piece(findings.piece(client, request.infohash, &sent.span, anomalies))
            }
            Asks::Other => match self.fetch {
                Some(addresses) => Question::Fetch(findings.fetch(client, addresses, &sent.span, anomalies)),
                None => Question::Other,
            },
        }
    }
}
