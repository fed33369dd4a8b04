//! UPnP's control messages: SOAP envelopes in the bodies of HTTP requests and answers (UPnP Device Architecture 2.0 §3.2,
//! `WANIPConnection:2` §2.5).
//!
//! ```text
//! POST /ctl/IPConn HTTP/1.1\r\n
//! SOAPAction: "urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping"\r\n
//! \r\n
//! <s:Envelope …><s:Body><u:AddPortMapping …><NewRemoteHost></NewRemoteHost><NewExternalPort>51413</NewExternalPort>
//! <NewProtocol>TCP</NewProtocol><NewInternalPort>51413</NewInternalPort><NewInternalClient>10.20.0.5</NewInternalClient>
//! <NewEnabled>1</NewEnabled><NewPortMappingDescription>qBittorrent/5.1</NewPortMappingDescription>
//! <NewLeaseDuration>0</NewLeaseDuration></u:AddPortMapping></s:Body></s:Envelope>
//! ```
//!
//! An envelope is read tag by tag, each byte once: no entity is expanded, no reference followed, nothing nested is
//! remembered. A document type, the door to every attack by XML, is refused. Prefixes are passed over.

use std::net::IpAddr;

use super::Protocol;
use crate::error::ParseError;
use crate::wire::head::{Head, decimal};

/// The longest envelope that is read.
pub const MAX_ENVELOPE: usize = 16 * 1024;

/// What is asked of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a port.
    AddPortMapping,
    /// Close one.
    DeletePortMapping,
    /// Tell the external address.
    GetExternalIpAddress,
}

impl Action {
    /// The action that a request's `SOAPAction` names, for a service that maps ports.
    #[must_use]
    pub fn named(head: &Head<'_>) -> Option<Self> {
        let field = head.field("soapaction")?.trim_ascii();
        let field = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field);
        let hash = field.iter().position(|byte| *byte == b'#')?;
        let (service, action) = field.split_at_checked(hash)?;
        let service = service.strip_prefix(b"urn:schemas-upnp-org:service:")?;
        if !service.starts_with(b"WANIPConnection:") && !service.starts_with(b"WANPPPConnection:") {
            return None;
        }
        match action {
            b"#AddPortMapping" | b"#AddAnyPortMapping" => Some(Self::AddPortMapping),
            b"#DeletePortMapping" => Some(Self::DeletePortMapping),
            b"#GetExternalIPAddress" => Some(Self::GetExternalIpAddress),
            _ => None,
        }
    }
}

/// What an envelope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A request.
    Request(Action),
    /// It was done.
    Response(Action),
    /// It was refused.
    Fault,
}

impl Call {
    fn named(element: &[u8]) -> Option<Self> {
        Some(match element {
            b"AddPortMapping" | b"AddAnyPortMapping" => Self::Request(Action::AddPortMapping),
            b"DeletePortMapping" => Self::Request(Action::DeletePortMapping),
            b"GetExternalIPAddress" => Self::Request(Action::GetExternalIpAddress),
            b"AddPortMappingResponse" | b"AddAnyPortMappingResponse" => {
                Self::Response(Action::AddPortMapping)
            }
            b"DeletePortMappingResponse" => Self::Response(Action::DeletePortMapping),
            b"GetExternalIPAddressResponse" => Self::Response(Action::GetExternalIpAddress),
            b"Fault" => Self::Fault,
            _ => return None,
        })
    }
}

/// One envelope. Holding one proves that it was closed and that its body is one of the calls known here. Which of the
/// values are there depends on the call; one that cannot be read is taken for absent. Of a repeated one the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope<'a> {
    /// What it is.
    pub call: Call,
    /// TCP or UDP.
    pub protocol: Option<Protocol>,
    /// The host that the port leads to.
    pub internal_client: Option<IpAddr>,
    /// The host's port.
    pub internal_port: Option<u16>,
    /// The gateway's port. `NewReservedPort` is the one that was granted where any would do.
    pub external_port: Option<u16>,
    /// Seconds; 0 until it is removed.
    pub lease: Option<u32>,
    /// The gateway's external address.
    pub external_ip: Option<IpAddr>,
    /// What the asker calls the mapping; hostile text, and at times a person's or a file's name.
    description: Option<&'a [u8]>,
}

impl<'a> Envelope<'a> {
    /// Splits an envelope off the front of `body`; returns it and the rest.
    ///
    /// # Errors
    /// `Mismatch` as soon as something stands there that is no envelope, or a document type or quoted section, where it
    /// is longer than [`MAX_ENVELOPE`], and where its body is no call known here; otherwise `Truncated` until it is
    /// closed.
    pub fn parse(body: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let mut tags = Tags { bytes: body, at: 0 };
        let mut call = None;
        let mut values = Values::default();
        let root = tags.next()?;
        if root.is_close || root.name != b"Envelope" {
            return Err(ParseError::Mismatch { offset: root.offset, expected: "an envelope" });
        }
        loop {
            let tag = tags.next()?;
            match (tag.is_close, tag.name) {
                (true, b"Envelope") => break,
                (true, _) => {}
                (false, name) => match (call, Call::named(name)) {
                    (None, Some(named)) => call = Some(named),
                    _ => values.take(name, tag.text),
                },
            }
        }
        let rest = body.get(tags.at..).unwrap_or_default();
        let call =
            call.ok_or(ParseError::Mismatch { offset: tags.at, expected: "a call about port mappings" })?;
        let envelope = Self {
            call,
            protocol: values.protocol,
            internal_client: values.internal_client,
            internal_port: values.internal_port,
            external_port: values.external_port,
            lease: values.lease,
            external_ip: values.external_ip,
            description: values.description,
        };
        Ok((envelope, rest))
    }

    /// What the asker calls the mapping, for comparison with known names: it must not be kept.
    #[must_use]
    pub const fn description(&self) -> Option<&'a [u8]> {
        self.description
    }
}

#[derive(Default)]
struct Values<'a> {
    protocol: Option<Protocol>,
    internal_client: Option<IpAddr>,
    internal_port: Option<u16>,
    external_port: Option<u16>,
    lease: Option<u32>,
    external_ip: Option<IpAddr>,
    description: Option<&'a [u8]>,
}

impl<'a> Values<'a> {
    fn take(&mut self, name: &[u8], text: &'a [u8]) {
        let text = text.trim_ascii();
        match name {
            b"NewProtocol" => first(&mut self.protocol, protocol(text)),
            b"NewInternalClient" => first(&mut self.internal_client, address(text)),
            b"NewInternalPort" => first(&mut self.internal_port, port(text)),
            b"NewExternalPort" | b"NewReservedPort" => first(&mut self.external_port, port(text)),
            b"NewLeaseDuration" => first(&mut self.lease, decimal(text)),
            b"NewExternalIPAddress" => first(&mut self.external_ip, address(text)),
            b"NewPortMappingDescription" => first(&mut self.description, (!text.is_empty()).then_some(text)),
            _ => {}
        }
    }
}

fn first<T>(place: &mut Option<T>, value: Option<T>) {
    if place.is_none() {
        *place = value;
    }
}

fn protocol(text: &[u8]) -> Option<Protocol> {
    if text.eq_ignore_ascii_case(b"TCP") {
        return Some(Protocol::Tcp);
    }
    text.eq_ignore_ascii_case(b"UDP").then_some(Protocol::Udp)
}

fn port(text: &[u8]) -> Option<u16> {
    u16::try_from(decimal(text)?).ok()
}

fn address(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A tag, and the text between it and the next one.
struct Tag<'a> {
    offset: usize,
    is_close: bool,
    /// Without its prefix.
    name: &'a [u8],
    text: &'a [u8],
}

struct Tags<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tags<'a> {
    /// The next tag. Steps over declarations and comments.
    fn next(&mut self) -> Result<Tag<'a>, ParseError> {
        const COMMENT: &[u8] = b"<!--";
        loop {
            let Some(offset) = self.find(self.at, |byte| byte == b'<') else { return Err(self.ended()) };
            let gap = self.bytes.get(self.at..offset).unwrap_or_default();
            // Nothing but white space, and the mark of UTF-8, may stand before the first tag.
            let gap = if self.at == 0 { gap.strip_prefix(b"\xef\xbb\xbf").unwrap_or(gap) } else { &[] };
            if !gap.trim_ascii().is_empty() {
                return Err(ParseError::Mismatch { offset: 0, expected: "an envelope" });
            }
            let rest = self.bytes.get(offset..).unwrap_or_default();
            let within = rest.get(..COMMENT.len()).unwrap_or(rest);
            if rest.get(1) == Some(&b'!') {
                if !COMMENT.starts_with(within) {
                    return Err(ParseError::Mismatch {
                        offset,
                        expected: "neither document type nor quoted section",
                    });
                }
                self.at = self.end_of(b"-->", offset + COMMENT.len())?;
            } else if rest.get(1) == Some(&b'?') {
                self.at = self.end_of(b"?>", offset + 2)?;
            } else {
                return self.tag(offset);
            }
        }
    }

    fn tag(&mut self, offset: usize) -> Result<Tag<'a>, ParseError> {
        // A quoted value may hold the sign that ends a tag.
        let mut quote = None;
        let end = self.find(offset, |byte| match (quote, byte) {
            (None, b'>') => true,
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                false
            }
            (Some(open), _) if open == byte => {
                quote = None;
                false
            }
            _ => false,
        });
        let Some(end) = end else { return Err(self.ended()) };
        self.at = end + 1;
        let inner = self.bytes.get(offset + 1..end).unwrap_or_default();
        let (is_close, inner) = inner.strip_prefix(b"/").map_or((false, inner), |inner| (true, inner));
        let name = inner.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        let name = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        // What a tag that closes itself is followed by is not its text.
        let text_end = if is_close || inner.ends_with(b"/") {
            self.at
        } else {
            // The last tag of a prefix has its text cut short; it is asked for again with more.
            self.find(self.at, |byte| byte == b'<').unwrap_or(self.at)
        };
        Ok(Tag { offset, is_close, name, text: self.bytes.get(self.at..text_end).unwrap_or_default() })
    }

    /// Where something is, from `from` on.
    fn find(&self, from: usize, mut is_it: impl FnMut(u8) -> bool) -> Option<usize> {
        let bounded = self.bytes.get(..MAX_ENVELOPE).unwrap_or(self.bytes);
        Some(from + bounded.get(from..)?.iter().position(|byte| is_it(*byte))?)
    }

    fn end_of(&self, sign: &[u8], from: usize) -> Result<usize, ParseError> {
        let bounded = self.bytes.get(..MAX_ENVELOPE).unwrap_or(self.bytes);
        let rest = bounded.get(from..).unwrap_or_default();
        let place = rest.windows(sign.len()).position(|window| window == sign);
        place.map(|place| from + place + sign.len()).ok_or_else(|| self.ended())
    }

    fn ended(&self) -> ParseError {
        // Before the first tag, what is there must be able to lead to one.
        let begun = self.bytes.get(..self.bytes.len().min(3)).unwrap_or_default();
        let could_be_mark = b"\xef\xbb\xbf".starts_with(begun);
        let first = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.bytes).trim_ascii_start().first();
        if !could_be_mark && first.is_some_and(|byte| *byte != b'<') {
            return ParseError::Mismatch { offset: 0, expected: "an envelope" };
        }
        if self.bytes.len() < MAX_ENVELOPE {
            ParseError::Truncated { offset: self.bytes.len(), needed: 1 }
        } else {
            ParseError::Mismatch { offset: MAX_ENVELOPE, expected: "the end of an envelope" }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ADD: &str = "<?xml version=\"1.0\"?>\r\n<!-- a > b --><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
        s:encodingStyle='a>b'><s:Body><u:AddPortMapping xmlns:u=\"urn:schemas-upnp-org:service:WANIPConnection:1\">\
        <NewRemoteHost></NewRemoteHost><NewExternalPort>51413</NewExternalPort><NewProtocol>TCP</NewProtocol>\
        <NewInternalPort dt:dt=\"ui2\"> 6881 </NewInternalPort><NewInternalClient>10.20.0.5</NewInternalClient>\
        <NewEnabled>1</NewEnabled><NewPortMappingDescription>qBittorrent of Eve</NewPortMappingDescription>\
        <NewLeaseDuration>3600</NewLeaseDuration></u:AddPortMapping></s:Body></s:Envelope>";

    fn in_body(inner: &str) -> String {
        format!("<s:Envelope><s:Body>{inner}</s:Body></s:Envelope>")
    }

    #[test]
    fn a_request_to_open_a_port_is_read() {
        let input = [ADD.as_bytes(), b"\r\n"].concat();
        let (envelope, rest) = Envelope::parse(&input).unwrap();
        assert_eq!((envelope.call, rest), (Call::Request(Action::AddPortMapping), &b"\r\n"[..]));
        assert_eq!((envelope.external_port, envelope.internal_port), (Some(51413), Some(6881)));
        assert_eq!((envelope.protocol, envelope.lease), (Some(Protocol::Tcp), Some(3600)));
        assert_eq!(envelope.internal_client, "10.20.0.5".parse().ok());
        assert_eq!(envelope.description(), Some(&b"qBittorrent of Eve"[..]));
    }

    #[test]
    fn answers_are_told_from_faults() {
        let told = in_body(
            "<u:GetExternalIPAddressResponse><NewExternalIPAddress>203.0.113.7</NewExternalIPAddress></u:GetExternalIPAddressResponse>",
        );
        let (envelope, _) = Envelope::parse(told.as_bytes()).unwrap();
        assert_eq!(envelope.call, Call::Response(Action::GetExternalIpAddress));
        assert_eq!(envelope.external_ip, "203.0.113.7".parse().ok());
        let refused = in_body("<s:Fault><faultcode>s:Client</faultcode></s:Fault>");
        assert_eq!(Envelope::parse(refused.as_bytes()).unwrap().0.call, Call::Fault);
        let done = in_body("<u:AddPortMappingResponse xmlns:u='x'/>");
        assert_eq!(Envelope::parse(done.as_bytes()).unwrap().0.call, Call::Response(Action::AddPortMapping));
    }

    #[test]
    fn values_that_cannot_be_read_are_absent_and_the_first_counts() {
        let odd = in_body(
            "<AddPortMapping><NewExternalPort>99999</NewExternalPort><NewExternalPort>1</NewExternalPort>\
             <NewExternalPort>2</NewExternalPort><NewProtocol>SCTP</NewProtocol><NewInternalPort><x>7</x></NewInternalPort>\
             <NewInternalClient>host</NewInternalClient></AddPortMapping>",
        );
        let (envelope, _) = Envelope::parse(odd.as_bytes()).unwrap();
        assert_eq!((envelope.external_port, envelope.protocol), (Some(1), None));
        assert_eq!((envelope.internal_port, envelope.internal_client, envelope.lease), (None, None, None));
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        let marked = format!("\u{feff} {ADD}");
        for whole in [ADD, &marked] {
            for cut in 0..whole.len() {
                let expected = ParseError::Truncated { offset: cut, needed: 1 };
                assert_eq!(Envelope::parse(&whole.as_bytes()[..cut]), Err(expected), "cut at {cut}");
            }
        }
    }

    #[test]
    fn hostile_documents_are_refused() {
        let bomb = "<!DOCTYPE lolz [<!ENTITY lol \"lol\">]><s:Envelope/>";
        let quoted = in_body("<![CDATA[<AddPortMapping>]]>");
        let long = format!("<s:Envelope>{}", "<a>".repeat(MAX_ENVELOPE / 3));
        for other in [bomb, &quoted, &long, "<html>", "HTTP", "</s:Envelope>", &in_body("<other/>")] {
            assert!(
                matches!(Envelope::parse(other.as_bytes()), Err(ParseError::Mismatch { .. })),
                "{other:.40}"
            );
        }
    }

    #[test]
    fn an_action_is_named_by_its_service_and_its_name() {
        let named = |field: &str| {
            let head = format!("POST /ctl HTTP/1.1\r\nSOAPACTION: {field}\r\n\r\n");
            Action::named(&Head::parse(head.as_bytes(), 1000).unwrap().0)
        };
        let service = "urn:schemas-upnp-org:service:";
        assert_eq!(
            named(&format!("\"{service}WANIPConnection:1#AddPortMapping\"")),
            Some(Action::AddPortMapping)
        );
        assert_eq!(
            named(&format!("{service}WANPPPConnection:1#GetExternalIPAddress")),
            Some(Action::GetExternalIpAddress)
        );
        assert_eq!(
            named(&format!("\"{service}WANIPConnection:2#DeletePortMapping\"")),
            Some(Action::DeletePortMapping)
        );
        for other in [
            "",
            "\"\"",
            &format!("{service}RenderingControl:1#SetVolume"),
            &format!("{service}WANIPConnection:1#X"),
        ] {
            assert_eq!(named(other), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(input in "[<>/!?\"' a-]{0,60}", tail in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = Envelope::parse(input.as_bytes());
            let _ = Envelope::parse(&[b"<Envelope>", input.as_bytes(), &tail].concat());
        }
    }
}
