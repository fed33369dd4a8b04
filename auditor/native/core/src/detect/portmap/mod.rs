//! `bt.portmap` and `bt.external_address`: a host asks its gateway to open a port, and learns its address outside.
//!
//! Sees NAT-PMP and PCP on UDP 5351, a search for a gateway that names a BitTorrent client, and UPnP's calls over HTTP
//! ([`upnp::Upnp`]). Proves that the host asked for that port. That alone says nothing about BitTorrent: consoles, voice
//! and remote desktops do the same, and any program can call itself a client. So it is suspected at most, and of use
//! only beside other evidence about the same host and port. An answer counts where its request was seen; whoever forges
//! one must be in the same network. Costs a look at each datagram's ports and first bytes.

mod clients;
pub mod upnp;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::named::Source;
use super::{Confidence, Datagram, DatagramDetector, DatagramReader, Fact, Observation, Span, Stamp, Upkeep};
use crate::anomaly::Anomaly;
use crate::flow::key::{End, Endpoint};
use crate::wire::portmap::natpmp::{NatPmp, PORT};
use crate::wire::portmap::pcp::{self, Map};
use crate::wire::portmap::{Protocol, ssdp::Search};

/// The id of the observation of a mapping, or a search for a gateway.
pub const PORTMAP: &str = "bt.portmap";
/// The id of the observation of an address outside.
pub const EXTERNAL_ADDRESS: &str = "bt.external_address";

/// The most mappings that are kept of one flow. Later ones are not kept, and counted.
const MAPPINGS: usize = 256;

/// Knows a request to a gateway, or its answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct PortMap;

impl DatagramDetector for PortMap {
    fn probe(&self, datagram: &Datagram<'_>) -> bool {
        Message::parse(datagram).is_some()
    }

    fn open(&self) -> Box<dyn DatagramReader> {
        Box::<Reader>::default()
    }
}

/// A datagram that says something about mappings.
enum Message {
    AddressAsked,
    AddressTold { ip: IpAddr },
    Asked { key: Key, wish: Wish },
    Told { key: Key, grant: Option<Grant> },
    Search { client: &'static str },
}

/// What pairs a request with its answer: PCP has a nonce for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    nonce: Option<[u8; 12]>,
    protocol: Protocol,
    internal_port: u16,
}

#[derive(Clone, Copy, Debug)]
struct Wish {
    internal: Endpoint,
    external_port: u16,
    lifetime: u32,
}

#[derive(Clone, Copy, Debug)]
struct Grant {
    external_port: u16,
    external_ip: Option<IpAddr>,
    lifetime: u32,
}

impl Message {
    #[inline]
    fn parse(datagram: &Datagram<'_>) -> Option<Self> {
        let (host, gateway) = (datagram.endpoint(datagram.from), datagram.endpoint(datagram.from.other()));
        if gateway.port == PORT {
            Self::to_gateway(datagram.payload, host)
        } else if host.port == PORT {
            Self::from_gateway(datagram.payload)
        } else if datagram.payload.first() == Some(&b'M') {
            Self::search(datagram.payload)
        } else {
            None
        }
    }

    fn search(payload: &[u8]) -> Option<Self> {
        let (search, _) = Search::parse(payload).ok()?;
        Some(Self::Search { client: clients::named(search.user_agent()?)? })
    }

    fn to_gateway(payload: &[u8], host: &Endpoint) -> Option<Self> {
        if let Ok((message, [])) = NatPmp::parse(payload) {
            return match message {
                NatPmp::AddressRequest => Some(Self::AddressAsked),
                NatPmp::MapRequest { protocol, internal_port, external_port, lifetime } => {
                    let internal = Endpoint { ip: host.ip, port: internal_port };
                    let key = Key { nonce: None, protocol, internal_port };
                    Some(Self::Asked { key, wish: Wish { internal, external_port, lifetime } })
                }
                _ => None,
            };
        }
        let (map, options) = Map::parse(payload).ok().filter(|(map, _)| map.result.is_none())?;
        let ip = pcp::third_party(options).unwrap_or(host.ip);
        let internal = Endpoint { ip, port: map.internal_port };
        let (external_port, lifetime) = (map.external_port, map.lifetime);
        Some(Self::Asked { key: Key::of(&map)?, wish: Wish { internal, external_port, lifetime } })
    }

    fn from_gateway(payload: &[u8]) -> Option<Self> {
        if let Ok((message, [])) = NatPmp::parse(payload) {
            return match message {
                NatPmp::AddressReply { result: 0, ip } => {
                    Some(Self::AddressTold { ip: Ipv4Addr::from(ip).into() })
                }
                NatPmp::MapReply { result, protocol, internal_port, external_port, lifetime } => {
                    let key = Key { nonce: None, protocol, internal_port };
                    let grant = Grant { external_port, external_ip: None, lifetime };
                    Some(Self::Told { key, grant: (result == 0).then_some(grant) })
                }
                _ => None,
            };
        }
        let (map, _) = Map::parse(payload).ok()?;
        let Map { external_port, lifetime, .. } = map;
        let grant = Grant {
            external_port,
            external_ip: Some(Ipv6Addr::from(map.external_ip).to_canonical()),
            lifetime,
        };
        Some(Self::Told { key: Key::of(&map)?, grant: (map.result? == 0).then_some(grant) })
    }
}

impl Key {
    fn of(map: &Map) -> Option<Self> {
        let protocol = match map.protocol {
            0 => Protocol::All,
            6 => Protocol::Tcp,
            17 => Protocol::Udp,
            _ => return None,
        };
        Some(Self { nonce: Some(map.nonce), protocol, internal_port: map.internal_port })
    }
}

/// What one flow between a host and a gateway said. Requests and answers are kept apart until the flow ends, since
/// frames may be captured in another order than sent.
#[derive(Debug, Default)]
struct Reader {
    mappings: Vec<Mapping>,
    address_asked: Option<End>,
    addresses: Vec<Seen>,
    searches: Vec<Seen>,
}

#[derive(Debug)]
struct Mapping {
    key: Key,
    /// The host that asks.
    end: End,
    asked: Option<(Span, u64)>,
    wish: Option<(Latest, Wish)>,
    told: Option<Span>,
    grant: Option<(Latest, Grant)>,
}

/// The latest counts, but a mapping that is removed in the end was still one.
type Latest = (bool, Stamp);

/// A fact with its sights.
#[derive(Clone, Debug)]
struct Seen {
    end: End,
    fact: Fact,
    span: Span,
    count: u64,
}

impl DatagramReader for Reader {
    fn read(&mut self, datagram: &Datagram<'_>, upkeep: &mut Upkeep<'_>) -> bool {
        let Some(message) = Message::parse(datagram) else { return false };
        let (from, stamp) = (datagram.from, datagram.stamp);
        let is_kept = match message {
            Message::AddressAsked => {
                self.address_asked = Some(from);
                true
            }
            Message::AddressTold { ip } => {
                let fact = external(ip, None);
                fact.is_none_or(|fact| fold(&mut self.addresses, from, fact, &Span::at(stamp), 1))
            }
            Message::Search { client } => {
                fold(&mut self.searches, from, Fact::GatewaySearch { client }, &Span::at(stamp), 1)
            }
            Message::Asked { key, wish } => self.mapping(key, from).is_some_and(|mapping| {
                mapping.ask(wish, stamp);
                true
            }),
            Message::Told { key, grant } => self.mapping(key, from.other()).is_some_and(|mapping| {
                mapping.tell(grant, stamp);
                true
            }),
        };
        if !is_kept {
            upkeep.anomalies.count(Anomaly::TooManyNamed);
        }
        true
    }

    fn observations(&self) -> Vec<Observation> {
        let mut seen = self.searches.clone();
        let mut addresses: Vec<_> = self
            .addresses
            .iter()
            .filter(|told| self.address_asked == Some(told.end.other()))
            .cloned()
            .collect();
        for mapping in &self.mappings {
            mapping.tell_all(&mut seen, &mut addresses);
        }
        seen.append(&mut addresses);
        observations(seen)
    }
}

impl Reader {
    fn mapping(&mut self, key: Key, end: End) -> Option<&mut Mapping> {
        let known = self.mappings.iter().position(|known| known.key == key && known.end == end);
        if known.is_none() && self.mappings.len() < MAPPINGS {
            let (asked, wish, told, grant) = (None, None, None, None);
            self.mappings.push(Mapping { key, end, asked, wish, told, grant });
            return self.mappings.last_mut();
        }
        self.mappings.get_mut(known?)
    }
}

impl Mapping {
    fn ask(&mut self, wish: Wish, stamp: Stamp) {
        match &mut self.asked {
            Some((span, count)) => {
                span.extend(stamp);
                *count = count.saturating_add(1);
            }
            None => self.asked = Some((Span::at(stamp), 1)),
        }
        let latest = (wish.lifetime > 0, stamp);
        if self.wish.is_none_or(|(known, _)| known <= latest) {
            self.wish = Some((latest, wish));
        }
    }

    fn tell(&mut self, grant: Option<Grant>, stamp: Stamp) {
        let Some(grant) = grant else { return };
        match &mut self.told {
            Some(span) => span.extend(stamp),
            None => self.told = Some(Span::at(stamp)),
        }
        let latest = (grant.lifetime > 0, stamp);
        if self.grant.is_none_or(|(known, _)| known <= latest) {
            self.grant = Some((latest, grant));
        }
    }

    /// Adds the facts, if the request was seen.
    fn tell_all(&self, seen: &mut Vec<Seen>, addresses: &mut Vec<Seen>) {
        let (Some((span, count)), Some((_, wish))) = (&self.asked, &self.wish) else { return };
        let grant = self.grant.map(|(_, grant)| grant);
        let fact = Fact::PortMapping {
            protocol: self.key.protocol,
            internal: Some(wish.internal),
            external_port: grant.map_or(wish.external_port, |grant| grant.external_port),
            lifetime: grant.map_or(wish.lifetime, |grant| grant.lifetime),
            client: None,
            granted: grant.is_some(),
        };
        seen.push(Seen { end: self.end, fact, span: span.clone(), count: *count });
        if let (Some(grant), Some(span)) = (grant, &self.told)
            && let Some(ip) = grant.external_ip
            && grant.lifetime > 0
            && let Some(fact) = external(ip, Some(grant.external_port))
        {
            fold(addresses, self.end.other(), fact, span, 1);
        }
    }
}

/// The fact of an external address. A gateway that has none says so by zeros.
fn external(ip: IpAddr, port: Option<u16>) -> Option<Fact> {
    (!ip.is_unspecified()).then_some(Fact::ExternalAddress { ip, port, told_by: Source::Gateway })
}

/// Joins a fact with its equal, or adds it; answers whether there was room.
fn fold(all: &mut Vec<Seen>, end: End, fact: Fact, span: &Span, count: u64) -> bool {
    if let Some(known) = all.iter_mut().find(|known| known.end == end && known.fact == fact) {
        known.span.merge(span);
        known.count = known.count.saturating_add(count);
        return true;
    }
    let has_room = all.len() < MAPPINGS;
    if has_room {
        all.push(Seen { end, fact, span: span.clone(), count });
    }
    has_room
}

/// All that was seen, in order of time for each end.
fn observations(mut seen: Vec<Seen>) -> Vec<Observation> {
    seen.sort_by_key(|seen| (seen.end, seen.span.first));
    let observation = |Seen { end, fact, span, count }| {
        let detector = if matches!(fact, Fact::ExternalAddress { .. }) { EXTERNAL_ADDRESS } else { PORTMAP };
        Observation { detector, confidence: Confidence::Suspected, end, span, count, stream: 0, fact }
    };
    seen.into_iter().map(observation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Anomalies;
    use crate::detect::testing::{datagram, endpoint, finish, read};

    const ASK: &[u8] = &[0, 2, 0, 0, 0x1a, 0xe1, 0x1a, 0xe1, 0, 0, 0x0e, 0x10];
    const REMOVE: &[u8] = &[0, 2, 0, 0, 0x1a, 0xe1, 0, 0, 0, 0, 0, 0];
    const GRANT: &[u8] = &[0, 130, 0, 0, 0, 0, 0, 9, 0x1a, 0xe1, 0xc8, 0xd5, 0, 0, 0x0e, 0x10];
    const REFUSE: &[u8] = &[0, 130, 0, 2, 0, 0, 0, 9, 0x1a, 0xe1, 0, 0, 0, 0, 0, 0];
    const ADDRESS: &[u8] = &[0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 7];

    fn pcp(opcode: u8, external: &str) -> Vec<u8> {
        let external = endpoint(external);
        let header = [&[2, opcode, 0, 0, 0, 0, 0x1c, 0x20][..], &endpoint("10.20.0.5:0").ip].concat();
        let map = [&[0x11; 12][..], &[17, 0, 0, 0, 0x1a, 0xe1], &external.port.to_be_bytes(), &external.ip]
            .concat();
        [header, map].concat()
    }

    fn seen(said: &[(End, &[u8])]) -> Vec<(End, u64, Fact)> {
        let (mut reader, mut anomalies) = (PortMap.open(), Anomalies::default());
        let key = (endpoint("10.20.0.5:40000"), endpoint("10.20.0.1:5351"));
        for (number, (from, payload)) in (1..).zip(said) {
            datagram(&key, *from, number, payload, |datagram| read(&mut *reader, datagram, &mut anomalies));
        }
        let seen = finish(&mut *reader);
        assert!(seen.iter().all(|seen| seen.confidence == Confidence::Suspected));
        seen.into_iter().map(|seen| (seen.end, seen.count, seen.fact)).collect()
    }

    fn mapping(protocol: Protocol, external_port: u16, lifetime: u32, granted: bool) -> Fact {
        let internal = Some(endpoint("10.20.0.5:6881"));
        Fact::PortMapping { protocol, internal, external_port, lifetime, client: None, granted }
    }

    fn told(port: Option<u16>) -> Fact {
        Fact::ExternalAddress { ip: Ipv4Addr::new(203, 0, 113, 7).into(), port, told_by: Source::Gateway }
    }

    #[test]
    fn a_mapping_and_its_answer_are_one_fact_in_any_order() {
        let granted = (End::Orig, 2, mapping(Protocol::Tcp, 51413, 3600, true));
        let said = [(End::Orig, ASK), (End::Resp, GRANT), (End::Orig, ASK)];
        let granted = [granted];
        assert_eq!(seen(&said), granted);
        assert_eq!(seen(&[said[1], said[0], said[2]]), granted);
    }

    #[test]
    fn a_refused_mapping_is_one_that_was_wished_and_a_removed_one_was_there() {
        let wished = |count| (End::Orig, count, mapping(Protocol::Tcp, 6881, 3600, false));
        assert_eq!(seen(&[(End::Orig, ASK), (End::Resp, REFUSE)]), [wished(1)]);
        assert_eq!(seen(&[(End::Orig, ASK), (End::Orig, REMOVE)]), [wished(2)]);
        assert_eq!(seen(&[(End::Orig, REMOVE)]), [(End::Orig, 1, mapping(Protocol::Tcp, 0, 0, false))]);
    }

    #[test]
    fn answers_without_their_request_say_nothing() {
        let reply = pcp(0x81, "203.0.113.7:51413");
        assert_eq!(
            seen(&[(End::Resp, GRANT), (End::Resp, ADDRESS), (End::Resp, &reply), (End::Orig, GRANT)]),
            []
        );
    }

    #[test]
    fn the_gateway_tells_the_address_outside() {
        let said = [(End::Orig, &[0, 0][..]), (End::Resp, ADDRESS), (End::Resp, ADDRESS)];
        assert_eq!(seen(&said), [(End::Resp, 2, told(None))]);
        let (request, reply) = (pcp(1, "0.0.0.0:0"), pcp(0x81, "203.0.113.7:51413"));
        let expected =
            [(End::Orig, 1, mapping(Protocol::Udp, 51413, 7200, true)), (End::Resp, 1, told(Some(51413)))];
        assert_eq!(seen(&[(End::Orig, &request), (End::Resp, &reply)]), expected);
    }

    #[test]
    fn a_search_for_a_gateway_counts_where_it_names_a_client() {
        let key = (endpoint("10.20.0.5:40000"), endpoint("239.255.255.250:1900"));
        let search = |agent: &str| {
            let text = format!(
                "M-SEARCH * HTTP/1.1\r\nST: upnp:rootdevice\r\nMAN: \"ssdp:discover\"\r\nUser-Agent: {agent}\r\n\r\n"
            );
            let mut reader = PortMap.open();
            datagram(&key, End::Orig, 1, text.as_bytes(), |datagram| {
                read(&mut *reader, datagram, &mut Anomalies::default());
                (PortMap.probe(datagram), finish(&mut *reader).pop().map(|seen| seen.fact))
            })
        };
        assert_eq!(search("eve/1 BiglyBT/3"), (true, Some(Fact::GatewaySearch { client: "BiglyBT" })));
        assert_eq!(search("eve/1 UPnP/1.1"), (false, None));
    }

    #[test]
    fn other_ports_are_not_looked_at_and_what_is_over_the_cap_is_counted() {
        let elsewhere = (endpoint("10.20.0.5:40000"), endpoint("10.20.0.1:5352"));
        assert!(!datagram(&elsewhere, End::Orig, 1, ASK, |datagram| PortMap.probe(datagram)));
        let key = (endpoint("10.20.0.5:40000"), endpoint("10.20.0.1:5351"));
        let (mut reader, mut anomalies) = (PortMap.open(), Anomalies::default());
        for port in 0..=u16::try_from(MAPPINGS).unwrap() {
            let [high, low] = port.to_be_bytes();
            let ask = [0, 1, 0, 0, high, low, 0, 0, 0, 0, 0, 9];
            datagram(&key, End::Orig, 1, &ask, |datagram| read(&mut *reader, datagram, &mut anomalies));
        }
        assert_eq!(finish(&mut *reader).len(), MAPPINGS);
        assert_eq!(anomalies.iter().collect::<Vec<_>>(), [(Anomaly::TooManyNamed, 1)]);
    }
}
