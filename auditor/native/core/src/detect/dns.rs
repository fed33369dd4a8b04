//! `bt.dns`: a host looks up a name of the table of well-known names.
//!
//! Sees queries and answers on UDP 53 and 5353, one question each; nothing of DNS over TCP, TLS or HTTPS. Proves that the
//! name was looked up: such a program is there or was started, or a person or a mail filter looked at the name. A
//! resolver looks up what others asked it. No other name than the table's leaves. Costs the hash of a name a datagram.

use super::names::{self, Entry, Over};
use super::{Confidence, Datagram, DatagramDetector, DatagramReader, Fact, Observation, Span, Upkeep};
use crate::flow::key::{End, Endpoint};
use crate::wire::dns::{MAX_NAME, Message};

/// The detector's id.
pub const DNS: &str = "bt.dns";

/// How many ids of queries and of answers are kept to pair them; clients give up after a few.
const IDS: usize = 8;

/// Knows a look-up of a well-known name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dns;

impl DatagramDetector for Dns {
    fn probe(&self, datagram: &Datagram<'_>) -> bool {
        listed(datagram).is_some()
    }

    fn open(&self) -> Box<dyn DatagramReader> {
        Box::<Reader>::default()
    }
}

/// The message and the entry that it asks about.
#[inline]
fn listed<'a>(datagram: &Datagram<'a>) -> Option<(Message<'a>, &'static Entry)> {
    // Unicast and multicast DNS.
    let is_dns = |end: &Endpoint| end.port == 53 || end.port == 5353;
    if is_dns(&datagram.key.low) || is_dns(&datagram.key.high) { asked(datagram.payload) } else { None }
}

fn asked(payload: &[u8]) -> Option<(Message<'_>, &'static Entry)> {
    let (message, _) = Message::parse(payload).ok()?;
    let entry = names::find(message.name(&mut [0; MAX_NAME])?)?;
    Some((message, entry))
}

/// At most one look-up for each entry and end: the table is its cap.
#[derive(Debug, Default)]
struct Reader {
    lookups: Vec<Lookup>,
}

#[derive(Debug)]
struct Lookup {
    entry: &'static Entry,
    /// The end that asks.
    end: End,
    /// The queries; `None` while only answers were seen.
    asked: Option<(Span, u64)>,
    asked_ids: Vec<u16>,
    /// The ids of answers that found the name. Kept apart: frames may be captured in another order than sent.
    found_ids: Vec<u16>,
}

impl DatagramReader for Reader {
    fn read(&mut self, datagram: &Datagram<'_>, _: &mut Upkeep<'_>) -> bool {
        let Some((message, entry)) = listed(datagram) else { return false };
        let end = if message.rcode.is_some() { datagram.from.other() } else { datagram.from };
        let lookup = self.lookup(entry, end);
        match message.rcode {
            None => {
                match &mut lookup.asked {
                    Some((span, count)) => {
                        span.extend(datagram.stamp);
                        *count = count.saturating_add(1);
                    }
                    None => lookup.asked = Some((Span::at(datagram.stamp), 1)),
                }
                note(&mut lookup.asked_ids, message.id);
            }
            Some(0) => note(&mut lookup.found_ids, message.id),
            Some(_) => {}
        }
        true
    }

    fn observations(&self) -> Vec<Observation> {
        let mut seen: Vec<_> = self.lookups.iter().filter_map(Lookup::observation).collect();
        seen.sort_by_key(|observation| (observation.end, observation.span.first));
        seen
    }
}

impl Reader {
    fn lookup(&mut self, entry: &'static Entry, end: End) -> &mut Lookup {
        let known = self.lookups.iter().position(|known| known.end == end && known.entry.name == entry.name);
        let place = known.unwrap_or(self.lookups.len());
        if known.is_none() {
            let (asked_ids, found_ids) = (Vec::new(), Vec::new());
            self.lookups.push(Lookup { entry, end, asked: None, asked_ids, found_ids });
        }
        #[expect(clippy::indexing_slicing, reason = "it was found or pushed there")]
        &mut self.lookups[place]
    }
}

/// Keeps an id among the latest few.
fn note(ids: &mut Vec<u16>, id: u16) {
    if !ids.contains(&id) {
        if ids.len() >= IDS {
            ids.remove(0);
        }
        ids.push(id);
    }
}

impl Lookup {
    fn observation(&self) -> Option<Observation> {
        let (span, count) = self.asked.clone()?;
        let answered = self.found_ids.iter().any(|id| self.asked_ids.contains(id));
        let (name, kind) = (self.entry.name, self.entry.kind);
        Some(Observation {
            detector: DNS,
            confidence: Confidence::Suspected,
            end: self.end,
            span,
            count,
            stream: 0,
            fact: Fact::Name { name, kind, over: Over::Dns, answered },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Anomalies;
    use crate::detect::names::Kind;
    use crate::detect::testing::{datagram, endpoint, finish, read};

    fn message(id: u8, flags: [u8; 2], name: &[&str]) -> Vec<u8> {
        let labels =
            name.iter().flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
        [&[0, id][..], &flags, &[0, 1, 0, 0, 0, 0, 0, 0], &labels.collect::<Vec<_>>(), &[0, 0, 1, 0, 1]]
            .concat()
    }

    const QUERY: [u8; 2] = [1, 0];
    const FOUND: [u8; 2] = [0x81, 0x80];
    const NO_SUCH_NAME: [u8; 2] = [0x81, 0x83];
    const ROUTER: [&str; 3] = ["Router", "BITTORRENT", "com"];

    fn facts(port: u16, said: &[(End, Vec<u8>)]) -> Vec<(End, u64, Fact)> {
        let mut reader = Dns.open();
        let key = (endpoint("10.20.0.5:40000"), endpoint(&format!("10.20.0.1:{port}")));
        for (number, (from, payload)) in (1..).zip(said) {
            datagram(&key, *from, number, payload, |datagram| {
                read(&mut *reader, datagram, &mut Anomalies::default())
            });
        }
        let seen = finish(&mut *reader);
        assert!(seen.iter().all(|seen| seen.confidence == Confidence::Suspected && seen.detector == DNS));
        seen.into_iter().map(|seen| (seen.end, seen.count, seen.fact)).collect()
    }

    fn router(answered: bool) -> Fact {
        Fact::Name { name: "router.bittorrent.com", kind: Kind::Bootstrap, over: Over::Dns, answered }
    }

    #[test]
    fn a_listed_name_is_seen_in_any_case_and_order_and_no_other_is() {
        let (query, found) = (message(1, QUERY, &ROUTER), message(1, FOUND, &ROUTER));
        let other = message(2, QUERY, &["secret", "example"]);
        let said = [(End::Orig, query), (End::Orig, other), (End::Resp, found)];
        assert_eq!(facts(53, &said), [(End::Orig, 1, router(true))]);
        let [query, _, found] = said;
        assert_eq!(facts(5353, &[found, query]), [(End::Orig, 1, router(true))]);
    }

    #[test]
    fn an_answer_counts_only_with_its_query_and_where_it_found_the_name() {
        let (query, found) = (message(1, QUERY, &ROUTER), message(9, FOUND, &ROUTER));
        assert_eq!(facts(53, &[(End::Resp, found.clone())]), []);
        let refused = message(1, NO_SUCH_NAME, &ROUTER);
        let said = [(End::Orig, query.clone()), (End::Resp, found), (End::Resp, refused), (End::Orig, query)];
        assert_eq!(facts(53, &said), [(End::Orig, 2, router(false))]);
    }

    #[test]
    fn other_ports_and_names_are_not_followed() {
        let key = |port| (endpoint("10.20.0.5:40000"), endpoint(&format!("10.20.0.1:{port}")));
        let probe = |port, payload: &[u8]| {
            datagram(&key(port), End::Orig, 1, payload, |datagram| Dns.probe(datagram))
        };
        assert!(probe(53, &message(1, QUERY, &ROUTER)));
        assert!(!probe(54, &message(1, QUERY, &ROUTER)));
        assert!(!probe(53, &message(1, QUERY, &["bittorrent", "com"])));
        assert!(!probe(53, &message(1, QUERY, &["router.bittorrent", "com"])));
    }
}
