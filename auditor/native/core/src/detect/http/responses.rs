//! The direction in which answers go.

use super::MagnetPlace;
use super::body::{Found, Framing, Reply, Wanted};
use super::exchange::{Ask, Exchange, Question};
use super::findings::SeenMagnet;
use super::head::{Outcome, Partial, Sent};
use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::Stamp;
use crate::detect::inner::{Content, Wrapper};
use crate::error::ParseError;
use crate::flow::key::End;
use crate::wire::bt::http_tracker::{AnnounceReply, ScrapeReply};
use crate::wire::bt::magnet::Magnet;
use crate::wire::http::head::Method;
use crate::wire::http::{Coding, Inflater, Length, ResponseHead};

/// Reads answers.
#[derive(Debug, Default)]
pub(super) struct Responses {
    expects: Expects,
    head: Partial,
    read: u32,
}

#[derive(Debug, Default)]
enum Expects {
    #[default]
    Head,
    Body(Box<Body>),
    /// What the connection has turned into.
    Inner,
    Nothing,
}

/// A body on its way.
#[derive(Debug)]
struct Body {
    framing: Framing,
    question: Question,
    /// Whether it is what was asked for, and no excuse.
    granted: bool,
    wanted: Wanted,
    inflater: Option<Inflater>,
    sent: Sent,
}

/// What is taken out of a head.
struct Response {
    status: u16,
    length: Length,
    coding: Coding,
    kind: Kind,
    location: Option<SeenMagnet>,
    websocket: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Torrent,
    Text,
    Other,
}

/// What the other direction must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing.
    Nothing,
    /// There is no tunnel: requests go on.
    Refused,
}

impl Responses {
    pub(super) const fn wants(&self) -> bool {
        !matches!(self.expects, Expects::Nothing)
    }

    /// Whether an answer begins with the next byte.
    pub(super) const fn is_between(&self) -> bool {
        matches!(self.expects, Expects::Head) && self.head.is_empty()
    }

    /// Takes bytes up to the end of a head or an answer; returns the bytes after it.
    pub(super) fn read<'a>(
        &mut self,
        mut bytes: &'a [u8],
        stamp: Stamp,
        exchange: &mut Exchange,
        anomalies: &mut Anomalies,
    ) -> (Told, &'a [u8]) {
        while !bytes.is_empty() {
            match &mut self.expects {
                Expects::Head => return self.read_head(bytes, stamp, exchange, anomalies),
                Expects::Body(body) => {
                    let Ok((data, rest)) = body.framing.step(bytes) else {
                        anomalies.count(Anomaly::HttpMalformed);
                        self.expects = Expects::Nothing;
                        return (Told::Nothing, &[]);
                    };
                    body.pass(data, stamp, exchange, anomalies);
                    if self.end_body(exchange, anomalies) {
                        return (Told::Nothing, rest);
                    }
                    bytes = rest;
                }
                Expects::Inner => {
                    exchange.hold(exchange.client.other(), Content::Bytes(bytes.into()), stamp);
                    break;
                }
                Expects::Nothing => break,
            }
        }
        (Told::Nothing, &[])
    }

    pub(super) fn skip(&mut self, missing: u64, stamp: Stamp, exchange: &mut Exchange) {
        match &mut self.expects {
            Expects::Body(body) => {
                // What was wanted of it is not whole.
                body.wanted = Wanted::Nothing;
                body.count(missing, exchange);
                if body.framing.skip(missing).is_ok() {
                    self.end_body(exchange, &mut Anomalies::default());
                } else {
                    self.expects = Expects::Nothing;
                }
            }
            Expects::Inner => exchange.hold(exchange.client.other(), Content::Missing(missing), stamp),
            _ => self.expects = Expects::Nothing,
        }
    }

    /// Ends the body if it has come to its end, and the reading where nothing can follow. Answers whether it has.
    fn end_body(&mut self, exchange: &mut Exchange, anomalies: &mut Anomalies) -> bool {
        let Expects::Body(body) = &mut self.expects else { return false };
        if body.framing.has_ended() {
            body.end(exchange, anomalies);
            self.expects = Expects::Head;
            return true;
        }
        // After it there is nothing, in either direction.
        if matches!(body.framing, Framing::UntilClose) && !body.counts() && body.wanted.is_nothing() {
            self.expects = Expects::Nothing;
        }
        false
    }

    fn read_head<'a>(
        &mut self,
        bytes: &'a [u8],
        stamp: Stamp,
        exchange: &mut Exchange,
        anomalies: &mut Anomalies,
    ) -> (Told, &'a [u8]) {
        let (response, sent, rest) = match self.head.read(bytes, stamp, Response::read) {
            Outcome::Whole(response, sent, rest) => (response, sent, rest),
            Outcome::Unended => return (Told::Nothing, &[]),
            Outcome::Refused => {
                if self.read > 0 {
                    anomalies.count(Anomaly::HttpMalformed);
                }
                self.expects = Expects::Nothing;
                return (Told::Nothing, &[]);
            }
        };
        self.read = self.read.saturating_add(1);
        let is_final = response.status >= 200 || response.status == 101;
        let unseen = Ask { method: Method::Get, question: Question::Other, turns: false, sent: sent.first };
        let ask = exchange.asked(sent.first, is_final).unwrap_or(unseen);
        if let Some(magnet) = &response.location {
            let server = exchange.client.other();
            exchange.findings.magnet(
                server,
                magnet,
                MagnetPlace::Location,
                (&sent.span, sent.first),
                anomalies,
            );
        }
        let wrapper = match (response.status, ask.method) {
            (101, _) if response.websocket => Some(Wrapper::WebSocket),
            (101, _) => {
                self.expects = Expects::Nothing;
                return (Told::Nothing, &[]);
            }
            (200..300, Method::Connect) => Some(Wrapper::Tunnel),
            _ => None,
        };
        if let Some(wrapper) = wrapper {
            exchange.wrap(wrapper);
            self.expects = Expects::Inner;
            return (Told::Nothing, rest);
        }
        let told = if ask.turns && is_final { Told::Refused } else { Told::Nothing };
        let mut body = Body::new(&response, &ask, sent);
        if body.framing.has_ended() {
            body.end(exchange, anomalies);
        } else {
            self.expects = Expects::Body(Box::new(body));
        }
        (told, rest)
    }
}

impl Body {
    fn new(response: &Response, ask: &Ask, sent: Sent) -> Self {
        let length = if ask.method == Method::Head { Length::Known(0) } else { response.length };
        let granted = response.is_success();
        let wanted = match (ask.question, response.kind) {
            // Trackers refuse with a text in any status.
            (Question::Announce { .. } | Question::Scrape(_), _) => Wanted::Reply(Reply::default()),
            (Question::Other | Question::Fetch(_), Kind::Text)
                if granted && response.coding == Coding::Identity =>
            {
                Wanted::page()
            }
            (Question::Other | Question::Fetch(_), Kind::Torrent) if granted => {
                Wanted::Torrent(Box::default())
            }
            (Question::Other | Question::Fetch(_), Kind::Other)
                if granted && response.coding == Coding::Identity =>
            {
                Wanted::Torrent(Box::default())
            }
            _ => Wanted::Nothing,
        };
        let inflater = if wanted.is_nothing() { None } else { Inflater::new(response.coding) };
        let wanted = if response.coding == Coding::Other { Wanted::Nothing } else { wanted };
        Self { framing: Framing::of(length), question: ask.question, granted, wanted, inflater, sent }
    }

    /// Whether its bytes count.
    const fn counts(&self) -> bool {
        self.granted && matches!(self.question, Question::Piece(Some(_)) | Question::Fetch(Some(_)))
    }

    fn count(&self, bytes: u64, exchange: &mut Exchange) {
        match self.question {
            Question::Piece(Some(place)) if self.granted => exchange.findings.piece_bytes(place, bytes),
            Question::Fetch(Some(place)) if self.granted => exchange.findings.fetch_bytes(place, bytes),
            _ => {}
        }
    }

    fn pass(&mut self, data: &[u8], stamp: Stamp, exchange: &mut Exchange, anomalies: &mut Anomalies) {
        self.count(data.len() as u64, exchange);
        if self.wanted.is_nothing() || data.is_empty() {
            return;
        }
        self.sent.span.extend(stamp);
        let Self { wanted, inflater, sent, question, .. } = self;
        let server = exchange.client.other();
        wanted.push(data, inflater, &mut |found| {
            tell(found, *question, server, sent, stamp, exchange, anomalies);
        });
    }

    fn end(&mut self, exchange: &mut Exchange, anomalies: &mut Anomalies) {
        let Self { wanted, sent, question, .. } = self;
        let (server, stamp) = (exchange.client.other(), sent.first);
        wanted.finish(&mut |found| {
            tell(found, *question, server, sent, stamp, exchange, anomalies);
        });
    }
}

/// Tells what a body contains.
fn tell(
    found: Found<'_>,
    question: Question,
    server: End,
    sent: &Sent,
    stamp: Stamp,
    exchange: &mut Exchange,
    anomalies: &mut Anomalies,
) {
    let findings = &mut exchange.findings;
    match (found, question) {
        (Found::Torrent(file), _) => findings.torrent(server, file, &sent.span, anomalies),
        (Found::Magnet(magnet), _) => {
            findings.magnet(server, &magnet.into(), MagnetPlace::Page, (&sent.span, stamp), anomalies);
        }
        (Found::Reply(body), Question::Announce { told, infohash }) => match AnnounceReply::parse(body) {
            Ok((reply, _)) => findings.answer(server, told, infohash, &reply, stamp, anomalies),
            Err(_) => anomalies.count(Anomaly::TrackerMalformed),
        },
        (Found::Reply(body), question) => match (ScrapeReply::parse(body), question) {
            (Ok(_), Question::Scrape(Some(told))) => findings.scrape_answered(told),
            (Ok(_), _) => {}
            (Err(_), _) => anomalies.count(Anomaly::TrackerMalformed),
        },
        (Found::Malformed, _) => anomalies.count(Anomaly::TrackerMalformed),
    }
}

impl Response {
    fn read(bytes: &[u8]) -> Result<(Self, usize), ParseError> {
        let (head, rest) = ResponseHead::parse(bytes)?;
        let location = head.location().and_then(|location| Magnet::parse(location).ok());
        let kind = if head.is_type(b"application/x-bittorrent") {
            Kind::Torrent
        } else if head.is_type(b"text/html") || head.is_type(b"text/plain") {
            Kind::Text
        } else {
            Kind::Other
        };
        let response = Self {
            status: head.status(),
            length: head.length(Method::Get),
            coding: head.coding(),
            kind,
            location: location.map(|(magnet, _)| (&magnet).into()),
            websocket: head.turns_to_websocket(),
        };
        Ok((response, rest.len()))
    }

    const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }
}
