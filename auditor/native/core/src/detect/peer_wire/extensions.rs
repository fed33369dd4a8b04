//! What one end said in extended messages (BEP 10): of itself, of its peers, of the other end's address, and of the info
//! dict. All of it is its word.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{EXTENDED, EXTERNAL_ADDRESS, Fact, METADATA, Observation, PEX, Span, Stamp, confirmed};
use crate::content::Budget;
use crate::detect::named::Source;
use crate::error::ParseError;
use crate::flow::key::{End, Endpoint};
use crate::wire::bt::extended::{Extension, ExtensionHandshake, Extensions, read_flag};
use crate::wire::bt::holepunch::{Holepunch, HolepunchKind};
use crate::wire::bt::metadata::{MetadataKind, MetadataMessage};
use crate::wire::bt::pex::Pex;

/// Addresses of the other end that are told apart: a liar's further ones say nothing.
const ADDRESSES: usize = 4;
/// Messages that wait for their receiver's handshake, and bytes of them: some seconds of a connection's beginning.
const WAITING: usize = 64;
const WAITING_BYTES: usize = 512 << 10;
/// What such a message costs beside its bytes.
const WAITING_COST: usize = 64;

/// What an end said of itself in extended handshakes; where it said so twice, the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// Its client, the first bytes of the name: hostile text.
    pub client: Option<Vec<u8>>,
    /// The TCP port on which it listens.
    pub port: Option<u16>,
    /// Its IPv4 address, as it believes.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address, as it believes.
    pub ipv6: Option<Ipv6Addr>,
    /// Bytes of the info dict; 0 where it had none.
    pub metadata_size: Option<u32>,
    /// Whether it downloads nothing (BEP 21).
    pub upload_only: Option<bool>,
    /// Whether it prefers encrypted connections.
    pub prefers_encryption: Option<bool>,
}

/// What one end said.
#[derive(Debug, Default)]
pub(super) struct Said {
    introduction: Introduction,
    /// Where it introduced itself, and how often.
    introduced: Option<(Span, u64)>,
    /// Which ids it wants extensions to have that are sent to it.
    announced: Extensions,
    /// Extension messages that it sent, by name.
    messages: BTreeMap<&'static str, u64>,
    addresses: Vec<(IpAddr, Option<u16>, Span, u64)>,
    pex: Option<(Span, Exchange)>,
    metadata: Option<(Span, Blocks)>,
    /// What it sent before the other end's handshake was seen, which says what it is.
    waiting: Vec<(u8, Vec<u8>, Stamp)>,
    waiting_bytes: usize,
}

#[derive(Debug, Default)]
struct Exchange {
    messages: u64,
    added: u64,
    dropped: u64,
}

#[derive(Debug, Default)]
struct Blocks {
    asked: u64,
    given: u64,
    refused: u64,
}

/// What a message gives to others.
#[derive(Debug)]
pub(super) struct Gives {
    /// Endpoints named for the swarm.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) source: Source,
    /// It carries a block of the info dict.
    pub(super) is_block: bool,
}

impl Said {
    pub(super) const fn has_introduced(&self) -> bool {
        self.introduced.is_some()
    }

    /// What a message with this id is, sent to this end.
    pub(super) fn extension(&self, id: u8) -> Option<Extension> {
        self.announced.of(id)
    }

    /// Reads an extended handshake.
    pub(super) fn introduce(&mut self, body: &[u8], stamp: Stamp) -> Result<(), ParseError> {
        let (handshake, _) = ExtensionHandshake::parse(body)?;
        self.announced.update(&handshake);
        let Introduction { client, port, ipv4, ipv6, metadata_size, upload_only, prefers_encryption } =
            &mut self.introduction;
        update(client, handshake.client.map(<[u8]>::to_vec));
        update(port, handshake.port);
        update(ipv4, handshake.ipv4);
        update(ipv6, handshake.ipv6);
        update(metadata_size, handshake.metadata_size);
        update(upload_only, handshake.upload_only);
        update(prefers_encryption, handshake.prefers_encryption);
        match &mut self.introduced {
            Some((span, count)) => {
                span.extend(stamp);
                *count += 1;
            }
            None => self.introduced = Some((Span::at(stamp), 1)),
        }
        if let Some(ip) = handshake.your_ip {
            self.tell(ip, handshake.your_port, stamp);
        }
        Ok(())
    }

    fn tell(&mut self, ip: IpAddr, port: Option<u16>, stamp: Stamp) {
        let known = self.addresses.iter_mut().find(|(known, at, ..)| (*known, *at) == (ip, port));
        if let Some((.., span, count)) = known {
            span.extend(stamp);
            *count += 1;
        } else if self.addresses.len() < ADDRESSES {
            self.addresses.push((ip, port, Span::at(stamp), 1));
        }
    }

    /// Reads a message of an extension.
    pub(super) fn extension_of(
        &mut self,
        extension: Extension,
        body: &[u8],
        stamp: Stamp,
    ) -> Result<Gives, ParseError> {
        *self.messages.entry(extension.name()).or_default() += 1;
        let mut gives = Gives { endpoints: Vec::new(), source: Source::Pex, is_block: false };
        match extension {
            Extension::Pex => {
                let (pex, _) = Pex::parse(body)?;
                gives.endpoints = pex.added().map(|added| Endpoint::from(added.endpoint)).collect();
                let Exchange { messages, added, dropped } = fold(&mut self.pex, stamp);
                *messages += 1;
                *added += gives.endpoints.len() as u64;
                *dropped += pex.dropped().count() as u64;
                gives.endpoints.retain(|endpoint| endpoint.port != 0);
            }
            Extension::Holepunch => {
                let (message, _) = Holepunch::parse(body)?;
                gives.source = Source::Holepunch;
                if message.kind == HolepunchKind::Connect {
                    gives.endpoints.push(message.endpoint.into());
                }
            }
            Extension::Metadata => {
                let (message, _) = MetadataMessage::parse(body)?;
                gives.is_block = matches!(message.kind, MetadataKind::Data { .. });
                let metadata = &mut self.metadata;
                match message.kind {
                    MetadataKind::Request => fold(metadata, stamp).asked += 1,
                    MetadataKind::Data { .. } => fold(metadata, stamp).given += 1,
                    MetadataKind::Reject => fold(metadata, stamp).refused += 1,
                    // To be ignored, says BEP 9: that none of the others was sent is no fact.
                    MetadataKind::Other(_) => {}
                }
            }
            Extension::UploadOnly => self.introduction.upload_only = Some(read_flag(body)?.0),
            Extension::DontHave | Extension::ShareMode => {}
        }
        Ok(gives)
    }

    /// Keeps a message until its receiver's handshake says what it is.
    pub(super) fn wait(&mut self, id: u8, body: Vec<u8>, stamp: Stamp, budget: &mut Budget) {
        let cost = WAITING_COST + body.len();
        if self.waiting.len() < WAITING && self.waiting_bytes + cost <= WAITING_BYTES && budget.take(cost) {
            self.waiting_bytes += cost;
            self.waiting.push((id, body, stamp));
        }
    }

    /// The messages that waited, in their order.
    pub(super) fn take_waiting(&mut self, budget: &mut Budget) -> Vec<(u8, Vec<u8>, Stamp)> {
        budget.give(std::mem::take(&mut self.waiting_bytes));
        std::mem::take(&mut self.waiting)
    }

    /// How many frames prove what it said.
    pub(super) fn proofs(&self) -> usize {
        let introduced = self.introduced.as_ref().map(|(span, _)| span);
        let pex = self.pex.as_ref().map(|(span, _)| span);
        let metadata = self.metadata.as_ref().map(|(span, _)| span);
        let addresses = self.addresses.iter().map(|(_, _, span, _)| span);
        let spans = [introduced, pex, metadata].into_iter().flatten().chain(addresses);
        spans.map(Span::proofs).sum()
    }

    pub(super) fn observations(&self, end: End) -> Vec<Observation> {
        let mut found = Vec::new();
        if let Some((span, count)) = &self.introduced {
            let (introduction, messages) = (self.introduction.clone(), self.messages.clone());
            let fact = Fact::Extended { introduction, messages };
            found.push(confirmed(EXTENDED, end, span.clone(), *count, fact));
        }
        if let Some((span, Exchange { messages, added, dropped })) = &self.pex {
            let fact = Fact::Pex { added: *added, dropped: *dropped };
            found.push(confirmed(PEX, end, span.clone(), *messages, fact));
        }
        if let Some((span, Blocks { asked, given, refused })) = &self.metadata {
            let fact = Fact::Metadata { requests: *asked, blocks: *given, rejects: *refused };
            found.push(confirmed(METADATA, end, span.clone(), asked + given + refused, fact));
        }
        for (ip, port, span, count) in &self.addresses {
            let fact = Fact::ExternalAddress { ip: *ip, port: *port, told_by: Source::Handshake };
            found.push(confirmed(EXTERNAL_ADDRESS, end, span.clone(), *count, fact));
        }
        found
    }
}

/// Keeps what was said last.
fn update<T>(slot: &mut Option<T>, said: Option<T>) {
    if said.is_some() {
        *slot = said;
    }
}

/// Widens to a further message, or begins with it.
fn fold<T: Default>(slot: &mut Option<(Span, T)>, stamp: Stamp) -> &mut T {
    let (span, value) = slot.get_or_insert_with(|| (Span::at(stamp), T::default()));
    span.extend(stamp);
    value
}
