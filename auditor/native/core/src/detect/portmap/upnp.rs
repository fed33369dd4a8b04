//! The calls of UPnP's port mappings, over HTTP: what the other half of [`super`] sees in datagrams.
//!
//! A connection is followed that begins with a call about port mappings; its requests and answers are paired by their
//! order. Bodies without a length, in chunks say, are read up to the first envelope and end the reading of their
//! direction. Where bytes are missing, reading ends, since order no longer pairs.

use std::net::{IpAddr, SocketAddr};

use super::{Seen, clients, external, fold, observations};
use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::{Fact, Observation, Probe, Span, Stamp, StreamDetector, StreamReader};
use crate::error::ParseError;
use crate::flow::key::{End, Endpoint, Ends};
use crate::wire::head::{self, Head};
use crate::wire::portmap::soap::{Action, Call, Envelope, MAX_ENVELOPE};

/// The longest head that is read.
const MAX_HEAD: usize = 4096;
/// The most messages that are read of each direction. Later ones are not, and counted.
const MESSAGES: usize = 64;

/// Knows a call about port mappings by its head.
#[derive(Clone, Copy, Debug, Default)]
pub struct Upnp;

impl StreamDetector for Upnp {
    fn probe(&self, first: &[u8]) -> Probe {
        if head::begins(first, b"POST ", "a POST request").is_err() {
            return Probe::Reject;
        }
        match Head::parse(first, MAX_HEAD) {
            Ok((head, _)) if Action::named(&head).is_some() => Probe::Match,
            Err(ParseError::Truncated { .. }) => Probe::NeedMore,
            _ => Probe::Reject,
        }
    }

    fn open(&self) -> Box<dyn StreamReader> {
        Box::<Reader>::default()
    }
}

#[derive(Debug, Default)]
struct Reader {
    ends: Ends<Side>,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    /// The bytes of the current message, no more than a head and an envelope of them.
    begun: Vec<u8>,
    /// Where the current message stood so far.
    span: Option<Span>,
    expects: Expects,
    /// What the messages said, in order; `None` of one that is not about mappings.
    said: Vec<Option<Said>>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Expects {
    #[default]
    Head,
    Body {
        of: Message,
        len: usize,
    },
    /// A body without a length.
    Envelope {
        of: Message,
        chunked: bool,
    },
    /// A body that is too long to be looked at.
    Passing(u64),
    Nothing,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    is_request: bool,
    /// The client that a request's `User-Agent` names.
    client: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Said {
    what: What,
    span: Span,
}

/// What a message said that is worth keeping.
#[derive(Clone, Debug)]
enum What {
    Asked(Action, Option<Box<Fact>>),
    Done(Action, Option<IpAddr>),
}

impl StreamReader for Reader {
    fn read(&mut self, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        self.ends.at_mut(end).read(bytes, stamp, anomalies);
    }

    fn skip(&mut self, end: End, missing: u64, _: Stamp) {
        let side = self.ends.at_mut(end);
        match side.expects {
            Expects::Passing(left) if missing <= left => side.pass(left - missing),
            _ => side.stop(),
        }
    }

    fn wants(&self, end: End) -> bool {
        !matches!(self.ends.at(end).expects, Expects::Nothing)
    }

    fn observations(&self) -> Vec<Observation> {
        let mut seen = Vec::new();
        for end in [End::Orig, End::Resp] {
            let answers = &self.ends.at(end.other()).said;
            for (number, asked) in self.ends.at(end).said.iter().enumerate() {
                if let Some(asked) = asked {
                    asked.tell(answers.get(number).and_then(Option::as_ref), end, &mut seen);
                }
            }
        }
        observations(seen)
    }
}

impl Side {
    fn read(&mut self, mut bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
        while !bytes.is_empty() {
            if let Expects::Passing(left) = self.expects {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                bytes = bytes.get(here..).unwrap_or_default();
                self.pass(left - here as u64);
                continue;
            }
            if matches!(self.expects, Expects::Nothing) {
                return;
            }
            let room = (MAX_HEAD + MAX_ENVELOPE).saturating_sub(self.begun.len());
            let (taken, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.begun.extend_from_slice(taken);
            bytes = rest;
            match &mut self.span {
                Some(span) => span.extend(stamp),
                None => self.span = Some(Span::at(stamp)),
            }
            while self.step(stamp) {
                if self.said.len() >= MESSAGES {
                    anomalies.count(Anomaly::TooManyNamed);
                    return self.stop();
                }
            }
        }
    }

    /// Reads a head or a body, if it is whole; answers whether there may be more to read.
    fn step(&mut self, stamp: Stamp) -> bool {
        let begun = std::mem::take(&mut self.begun);
        let left = match self.expects {
            Expects::Head => match Head::parse(&begun, MAX_HEAD) {
                Ok((head, rest)) => {
                    self.expects = self.after(&head);
                    Some(rest)
                }
                Err(ParseError::Truncated { .. }) => None,
                Err(_) => {
                    self.stop();
                    return false;
                }
            },
            Expects::Body { of, len } => begun.split_at_checked(len).map(|(body, rest)| {
                let envelope = Envelope::parse(body).ok().map(|(envelope, _)| envelope);
                self.end_message(of, envelope);
                self.expects = Expects::Head;
                rest
            }),
            Expects::Envelope { of, chunked } => match Envelope::parse(past_size(&begun, chunked)) {
                Err(ParseError::Truncated { .. }) => None,
                parsed => {
                    self.end_message(of, parsed.ok().map(|(envelope, _)| envelope));
                    self.stop();
                    return false;
                }
            },
            Expects::Passing(_) | Expects::Nothing => None,
        };
        let Some(left) = left else {
            self.begun = begun;
            return false;
        };
        let may_go_on = !matches!(self.expects, Expects::Nothing);
        if let Expects::Passing(body) = self.expects {
            // The body has begun behind the head, and is longer than what is kept of both.
            let here = body.min(left.len() as u64);
            self.begun = left.get(usize::try_from(here).unwrap_or(usize::MAX)..).unwrap_or_default().to_vec();
            self.pass(body - here);
        } else {
            self.begun = left.to_vec();
        }
        if self.span.is_none() && !self.begun.is_empty() {
            self.span = Some(Span::at(stamp));
        }
        may_go_on && (!self.begun.is_empty() || matches!(self.expects, Expects::Body { len: 0, .. }))
    }

    /// What a head announces.
    fn after(&mut self, head: &Head<'_>) -> Expects {
        let length = head.field("content-length").map(head::decimal);
        let chunked = head.field("transfer-encoding").is_some();
        let status =
            head.start().strip_prefix(b"HTTP/1.").and_then(|line| line.get(2..5)).and_then(head::decimal);
        let is_request = !head.start().starts_with(b"HTTP/");
        if !is_request && matches!(status, Some(100..=199)) {
            return Expects::Head;
        }
        let client = head.field("user-agent").filter(|_| is_request).and_then(clients::named);
        let of = Message { is_request, client };
        match length {
            _ if chunked => Expects::Envelope { of, chunked },
            Some(Some(len)) => match usize::try_from(len) {
                Ok(len) if len <= MAX_ENVELOPE => Expects::Body { of, len },
                _ => {
                    self.end_message(of, None);
                    Expects::Passing(u64::from(len))
                }
            },
            // A length that is none leaves the next message's place unknown.
            Some(None) => Expects::Nothing,
            None if is_request => Expects::Body { of, len: 0 },
            None => Expects::Envelope { of, chunked },
        }
    }

    fn end_message(&mut self, of: Message, envelope: Option<Envelope<'_>>) {
        let span = self.span.take();
        let what = envelope.and_then(|envelope| What::new(&envelope, of));
        self.said.push(what.zip(span).map(|(what, span)| Said { what, span }));
    }

    fn pass(&mut self, left: u64) {
        self.expects = if left == 0 { Expects::Head } else { Expects::Passing(left) };
    }

    fn stop(&mut self) {
        self.expects = Expects::Nothing;
        self.begun = Vec::new();
    }
}

/// A chunk's size stands before the envelope in it. Gateways send one chunk.
fn past_size(body: &[u8], chunked: bool) -> &[u8] {
    const LONGEST: usize = 20;
    if !chunked {
        return body;
    }
    let line = body.iter().take(LONGEST).position(|byte| *byte == b'\n');
    match line {
        Some(end) => body.get(end + 1..).unwrap_or_default(),
        None if body.len() < LONGEST => &[],
        None => body,
    }
}

impl What {
    fn new(envelope: &Envelope<'_>, of: Message) -> Option<Self> {
        match envelope.call {
            Call::Request(action) if of.is_request => {
                Some(Self::Asked(action, wish(envelope, action, of.client).map(Box::new)))
            }
            Call::Response(action) if !of.is_request => Some(Self::Done(action, envelope.external_ip)),
            _ => None,
        }
    }
}

/// The mapping that a request asks for, not granted yet.
fn wish(envelope: &Envelope<'_>, action: Action, agent: Option<&'static str>) -> Option<Fact> {
    let client = envelope.description().and_then(clients::named).or(agent);
    let (protocol, external_port) = (envelope.protocol?, envelope.external_port?);
    let (internal, lifetime) = match action {
        Action::AddPortMapping => {
            let internal = SocketAddr::new(envelope.internal_client?, envelope.internal_port?);
            (Some(Endpoint::from(internal)), envelope.lease.filter(|lease| *lease > 0).unwrap_or(u32::MAX))
        }
        Action::DeletePortMapping => (None, 0),
        Action::GetExternalIpAddress => return None,
    };
    Some(Fact::PortMapping { protocol, internal, external_port, lifetime, client, granted: false })
}

impl Said {
    /// Adds what a request and its answer say. Both directions have at most [`MESSAGES`], so that there is room.
    fn tell(&self, answer: Option<&Self>, end: End, seen: &mut Vec<Seen>) {
        let What::Asked(action, wish) = &self.what else { return };
        let answer = answer.and_then(|said| match said.what {
            What::Done(done, ip) if done == *action => Some((ip, &said.span)),
            _ => None,
        });
        if let Some(mut fact) = wish.as_deref().cloned() {
            if let Fact::PortMapping { granted, .. } = &mut fact {
                *granted = answer.is_some();
            }
            fold(seen, end, fact, &self.span, 1);
        }
        if *action == Action::GetExternalIpAddress
            && let Some((Some(ip), span)) = answer
            && let Some(fact) = external(ip, None)
        {
            fold(seen, end.other(), fact, span, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::detect::named::Source;
    use crate::detect::testing::{endpoint, stamp};
    use crate::wire::portmap::Protocol;

    fn request(action: &str, arguments: &str) -> Vec<u8> {
        let body = format!("<s:Envelope><s:Body><u:{action}>{arguments}</u:{action}></s:Body></s:Envelope>");
        let head = format!(
            "POST /ctl HTTP/1.1\r\nCookie: sesame\r\nUser-Agent: Deluge/2\r\nContent-Length: {}\r\n\
             SOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#{action}\"\r\n\r\n",
            body.len()
        );
        [head.into_bytes(), body.into_bytes()].concat()
    }

    fn answer(inner: &str) -> Vec<u8> {
        let body = format!("<?xml version=\"1.0\"?><s:Envelope><s:Body>{inner}</s:Body></s:Envelope>");
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn add(description: &str) -> Vec<u8> {
        let arguments = format!(
            "<NewExternalPort>51413</NewExternalPort><NewProtocol>UDP</NewProtocol><NewInternalPort>6881</NewInternalPort>\
             <NewInternalClient>10.20.0.5</NewInternalClient><NewLeaseDuration>0</NewLeaseDuration>\
             <NewPortMappingDescription>{description}</NewPortMappingDescription>"
        );
        request("AddPortMapping", &arguments)
    }

    const ADDED: &str = "<u:AddPortMappingResponse/>";
    const TOLD: &str = "<u:GetExternalIPAddressResponse><NewExternalIPAddress>203.0.113.7</NewExternalIPAddress>\
        </u:GetExternalIPAddressResponse>";

    fn seen(pieces: &[(End, &[u8])]) -> Vec<Observation> {
        let mut reader = Upnp.open();
        for (number, (end, bytes)) in (1..).zip(pieces) {
            reader.read(*end, bytes, stamp(number), &mut Anomalies::default());
        }
        reader.observations()
    }

    fn facts(pieces: &[(End, &[u8])]) -> Vec<(End, Fact)> {
        seen(pieces).into_iter().map(|seen| (seen.end, seen.fact)).collect()
    }

    fn mapping(client: &'static str, granted: bool) -> (End, Fact) {
        let (protocol, internal) = (Protocol::Udp, Some(endpoint("10.20.0.5:6881")));
        let (external_port, lifetime, client) = (51413, u32::MAX, Some(client));
        (End::Orig, Fact::PortMapping { protocol, internal, external_port, lifetime, client, granted })
    }

    fn told() -> (End, Fact) {
        (
            End::Resp,
            Fact::ExternalAddress {
                ip: Ipv4Addr::new(203, 0, 113, 7).into(),
                port: None,
                told_by: Source::Gateway,
            },
        )
    }

    #[test]
    fn calls_and_answers_are_paired_by_order_however_they_are_cut() {
        let asked = [request("GetExternalIPAddress", ""), add("qBittorrent of Eve")].concat();
        let proceed = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
        let answered = [proceed, answer(TOLD), answer(ADDED)].concat();
        for cut in 0..=asked.len().max(answered.len()) {
            let (one, two) = asked.split_at(cut.min(asked.len()));
            let (three, four) = answered.split_at(cut.min(answered.len()));
            let pieces = [(End::Orig, one), (End::Resp, three), (End::Resp, four), (End::Orig, two)];
            assert_eq!(facts(&pieces), [mapping("qBittorrent", true), told()], "cut at {cut}");
        }
        let mut reader = Upnp.open();
        for byte in &asked {
            reader.read(End::Orig, &[*byte], stamp(1), &mut Anomalies::default());
        }
        assert_eq!(reader.observations().len(), 1);
    }

    #[test]
    fn nothing_of_heads_and_descriptions_is_shown() {
        let shown =
            format!("{:?}", seen(&[(End::Orig, &add("qBittorrent of Eve")), (End::Resp, &answer(ADDED))]));
        assert!(
            shown.contains("qBittorrent") && !shown.contains("Eve") && !shown.contains("sesame"),
            "{shown}"
        );
    }

    #[test]
    fn a_fault_or_another_answer_grants_nothing() {
        for inner in ["<s:Fault/>", TOLD, "<other/>"] {
            let pieces = [(End::Orig, add("Eve")), (End::Resp, answer(inner))];
            let pieces = [(pieces[0].0, &pieces[0].1[..]), (pieces[1].0, &pieces[1].1[..])];
            assert_eq!(facts(&pieces), [mapping("Deluge", false)]);
        }
    }

    #[test]
    fn an_answer_in_a_chunk_or_without_a_length_is_read_up_to_its_envelope() {
        let body = format!("<s:Envelope><s:Body>{ADDED}</s:Body></s:Envelope>");
        let chunked =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4d\r\n{body}\r\n0\r\n\r\n");
        let open = format!("HTTP/1.0 200 OK\r\n\r\n{body}");
        for answer in [chunked, open] {
            for cut in 0..answer.len() {
                let (one, two) = answer.as_bytes().split_at(cut);
                let asked = add("Eve");
                assert_eq!(
                    facts(&[(End::Orig, &asked), (End::Resp, one), (End::Resp, two)]),
                    [mapping("Deluge", true)]
                );
            }
        }
    }

    #[test]
    fn a_removal_and_a_body_that_is_too_long_are_stepped_over_in_order() {
        let remove = request(
            "DeletePortMapping",
            "<NewExternalPort>51413</NewExternalPort><NewProtocol>TCP</NewProtocol>",
        );
        let long = [&b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n"[..], &vec![b'<'; 70_000]].concat();
        let asked = [remove, long, add("Eve")].concat();
        let answered = [answer("<u:DeletePortMappingResponse/>"), answer("<x/>"), answer(ADDED)].concat();
        let found = facts(&[(End::Orig, &asked), (End::Resp, &answered)]);
        let removal = Fact::PortMapping {
            protocol: Protocol::Tcp,
            internal: None,
            external_port: 51413,
            lifetime: 0,
            client: Some("Deluge"),
            granted: true,
        };
        assert_eq!(found, [(End::Orig, removal), mapping("Deluge", true)]);
    }

    #[test]
    fn a_gap_ends_the_reading_but_inside_a_long_body() {
        let mut reader = Upnp.open();
        let mut anomalies = Anomalies::default();
        reader.read(
            End::Orig,
            b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n<",
            stamp(1),
            &mut anomalies,
        );
        reader.skip(End::Orig, 69_999, stamp(2));
        reader.read(End::Orig, &add("Eve"), stamp(3), &mut anomalies);
        assert!(reader.wants(End::Orig));
        assert_eq!(reader.observations().len(), 1);
        reader.skip(End::Orig, 1, stamp(4));
        assert!(!reader.wants(End::Orig));
    }

    #[test]
    fn too_many_messages_end_the_reading_and_are_counted() {
        let (mut reader, mut anomalies) = (Upnp.open(), Anomalies::default());
        reader.read(End::Orig, &b"GET / HTTP/1.1\r\n\r\n".repeat(MESSAGES + 1), stamp(1), &mut anomalies);
        assert!(!reader.wants(End::Orig));
        assert_eq!(anomalies.iter().collect::<Vec<_>>(), [(Anomaly::TooManyNamed, 1)]);
    }

    #[test]
    fn a_probe_waits_for_the_head_alone() {
        let call = add("Eve");
        let (_, body) = Head::parse(&call, MAX_HEAD).unwrap();
        for cut in 0..call.len() - body.len() {
            assert_eq!(Upnp.probe(&call[..cut]), Probe::NeedMore);
        }
        assert_eq!(Upnp.probe(&call), Probe::Match);
        for other in [&b"GET "[..], b"POST / HTTP/1.1\r\nHost: x\r\n\r\n"] {
            assert_eq!(Upnp.probe(other), Probe::Reject);
        }
    }
}
