//! `bt.lsd`: a client announces its torrents to the local network (BEP 14).
//!
//! Sees each BT-SEARCH datagram, on any port. Proves that the sender announced these torrents with this listen port, in
//! clear and of its own accord; not of who sends back what it was sent. Fooled by whoever forges a source address, within
//! the same network. Seen only where multicast comes by. Costs a look at each datagram's first bytes.

use std::collections::BTreeMap;

use super::named::{Named, Names, Source};
use super::{Confidence, Datagram, DatagramDetector, DatagramReader, Fact, Observation, Span, Upkeep};
use crate::anomaly::Anomaly;
use crate::flow::key::{End, Endpoint};
use crate::wire::bt::lsd::LocalAnnounce;

/// The detector's id.
pub const LSD: &str = "bt.lsd";

/// The most torrents that are kept of one flow. Later ones are not kept, and counted.
const TORRENTS: usize = 4096;

/// Knows a local announce.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lsd;

impl DatagramDetector for Lsd {
    fn probe(&self, datagram: &Datagram<'_>) -> bool {
        // Nearly every datagram is something else, and seen to be so without a call.
        datagram.payload.first() == Some(&b'B') && LocalAnnounce::parse(datagram.payload).is_ok()
    }

    fn open(&self) -> Box<dyn DatagramReader> {
        Box::<Reader>::default()
    }
}

#[derive(Debug, Default)]
struct Reader {
    announced: BTreeMap<(End, [u8; 20], u16), (Span, u64)>,
    named: Names,
}

impl DatagramReader for Reader {
    fn read(&mut self, datagram: &Datagram<'_>, upkeep: &mut Upkeep<'_>) -> bool {
        let Ok((announce, _)) = LocalAnnounce::parse(datagram.payload) else { return false };
        if announce.malformed() > 0 {
            upkeep.anomalies.count(Anomaly::LocalAnnounceMalformed);
        }
        let (by, stamp, port) = (datagram.from, datagram.stamp, announce.port());
        let endpoint = Endpoint { ip: datagram.endpoint(by).ip, port };
        for infohash in announce.infohashes() {
            let key = (by, infohash, port);
            if self.announced.contains_key(&(by.other(), infohash, port)) {
                continue; // Announces are for groups, which are silent: this is an echo.
            }
            if let Some((span, count)) = self.announced.get_mut(&key) {
                span.extend(stamp);
                *count = count.saturating_add(1);
            } else if self.announced.len() < TORRENTS {
                self.announced.insert(key, (Span::at(stamp), 1));
            } else {
                upkeep.anomalies.count(Anomaly::TooManyNamed);
                continue;
            }
            if !self.named.push(Named { endpoint, infohash, source: Source::Lsd, stamp, by }) {
                upkeep.anomalies.count(Anomaly::TooManyNamed);
            }
        }
        true
    }

    fn observations(&self) -> Vec<Observation> {
        let seen = self.announced.iter().map(|((end, infohash, port), (span, count))| Observation {
            detector: LSD,
            confidence: Confidence::Confirmed,
            end: *end,
            span: span.clone(),
            count: *count,
            stream: 0,
            fact: Fact::LocalAnnounce { infohash: *infohash, port: *port },
        });
        seen.collect()
    }

    fn named(&mut self) -> Vec<Named> {
        self.named.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Anomalies;
    use crate::detect::testing::{datagram, endpoint, finish, read};

    const ANNOUNCE: &[u8] = b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 51413\r\n\
        Infohash: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nInfohash: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n\
        cookie: 5ec7e7\r\n\r\n\r\n";

    #[test]
    fn repeats_fold_and_each_names_the_sender_for_the_swarm() {
        let (mut reader, mut anomalies) = (Lsd.open(), Anomalies::default());
        let key = (endpoint("10.20.0.5:6771"), endpoint("239.192.152.143:6771"));
        for number in [1, 2] {
            assert!(datagram(&key, End::Orig, number, ANNOUNCE, |datagram| {
                Lsd.probe(datagram) && read(&mut *reader, datagram, &mut anomalies)
            }));
        }
        let seen = finish(&mut *reader);
        let facts: Vec<_> = seen.iter().map(|seen| (seen.count, seen.end, seen.fact.clone())).collect();
        let fact = |infohash| Fact::LocalAnnounce { infohash, port: 51413 };
        assert_eq!(facts, [(2, End::Orig, fact([0xaa; 20])), (2, End::Orig, fact([0xbb; 20]))]);
        let named = reader.named();
        assert_eq!((named.len(), named[0].endpoint), (4, endpoint("10.20.0.5:51413")));
        assert_eq!((named[0].infohash, named[3].stamp.frame.number), ([0xaa; 20], 2));
        assert!(reader.named().is_empty() && anomalies == Anomalies::default());
        assert!(!format!("{seen:?}").contains("5ec7e7"));
    }

    #[test]
    fn an_echo_announces_nothing() {
        let (mut reader, mut anomalies) = (Lsd.open(), Anomalies::default());
        let key = (endpoint("198.51.100.7:6771"), endpoint("10.20.0.7:7"));
        for (number, end) in [(1, End::Orig), (2, End::Resp), (3, End::Orig), (4, End::Resp)] {
            datagram(&key, end, number, ANNOUNCE, |datagram| read(&mut *reader, datagram, &mut anomalies));
        }
        assert!(reader.named().iter().all(|named| named.by == End::Orig));
        let seen = finish(&mut *reader);
        assert_eq!(seen.iter().map(|seen| (seen.end, seen.count)).collect::<Vec<_>>(), [(End::Orig, 2); 2]);
    }

    #[test]
    fn what_is_over_the_cap_is_counted() {
        let (mut reader, mut anomalies) = (Lsd.open(), Anomalies::default());
        let key = (endpoint("10.20.0.5:6771"), endpoint("239.192.152.143:6771"));
        for torrent in 0..=TORRENTS {
            let text = format!("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: {torrent:040x}\r\n\r\n");
            datagram(&key, End::Orig, 1, text.as_bytes(), |datagram| {
                read(&mut *reader, datagram, &mut anomalies)
            });
            assert_eq!(reader.named().len(), usize::from(torrent < TORRENTS));
        }
        assert_eq!(finish(&mut *reader).len(), TORRENTS);
        assert_eq!(anomalies.iter().collect::<Vec<_>>(), [(Anomaly::TooManyNamed, 1)]);
    }

    #[test]
    fn other_datagrams_pass_through() {
        let key = (endpoint("10.20.0.5:6771"), endpoint("239.192.152.143:6771"));
        for other in [&b"d1:ad2:id20:"[..], b"BT-SEARCH * HTTP/1.1\r\n\r\n", b""] {
            datagram(&key, End::Orig, 1, other, |datagram| {
                assert!(!Lsd.probe(datagram) && !read(&mut *Lsd.open(), datagram, &mut Anomalies::default()));
            });
        }
    }
}
