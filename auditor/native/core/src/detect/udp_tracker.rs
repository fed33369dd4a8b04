//! `bt.tracker.udp`: a client tells a UDP tracker that it takes part in swarms (BEP 15, 41), on any port.
//!
//! Sees announces and scrapes, their answers and the peers named in them. Begins with a connect request, the one
//! datagram that is known by its bytes. An announce is believed only with a connection that the tracker gave in answer
//! to such a request, in this flow: its shape alone fits DNS, AFS and DNSCrypt. So a flow whose connect or answer is
//! not in the capture tells nothing, and neither does one of which one direction was captured.
//!
//! Proves that the client named this infohash to a tracker; amounts are its own claims. Fooled by who announces without
//! taking part, as indexers do; by a tracker that names whom it likes; by forged source addresses, but for the client's
//! knowledge of the connection. Costs a look at each datagram's first twelve bytes.

use std::collections::VecDeque;

use super::announces::{self, Announces, Claim, Told, TrackerAnswer};
use super::named::{Named, Names, Source};
use super::{Datagram, DatagramDetector, DatagramReader, Observation, Span, Stamp, Upkeep};
use crate::anomaly::{Anomalies, Anomaly};
use crate::flow::key::{End, Endpoint, Ends};
use crate::wire::bt::tracker::Event;
use crate::wire::bt::udp_tracker::{Announce, AnnounceReply, MAGIC, Reply, Request, Scrape};

/// The detector's id.
pub const UDP_TRACKER: &str = "bt.tracker.udp";

/// The most requests of one end that may await their answers, or be asked again.
const REQUESTS: usize = 256;
/// The most connections of one end. Each lasts a minute or two.
const CONNECTIONS: usize = 64;

/// Knows a UDP tracker by the request for a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct UdpTracker;

impl DatagramDetector for UdpTracker {
    fn probe(&self, datagram: &Datagram<'_>) -> bool {
        // Nearly every datagram is something else, and seen to be so without a call.
        datagram.payload.first_chunk() == Some(&MAGIC.to_be_bytes())
            && matches!(Request::parse(datagram.payload), Ok(Request::Connect { .. }))
    }

    fn open(&self) -> Box<dyn DatagramReader> {
        Box::<Reader>::default()
    }
}

/// Follows one flow. Either end may be the client; usually one is.
#[derive(Debug, Default)]
struct Reader {
    clients: Ends<Client>,
    names: Names,
}

/// What one end asked.
#[derive(Debug, Default)]
struct Client {
    connections: VecDeque<u64>,
    requests: VecDeque<Outstanding>,
    announces: Announces,
}

#[derive(Debug)]
struct Outstanding {
    transaction: u32,
    connection: u64,
    question: Question,
    answered: bool,
}

#[derive(Clone, Copy, Debug)]
enum Question {
    Connect,
    Announce {
        infohash: [u8; 20],
        claim: Claim,
        /// Where the torrent stands; `None` if there are too many.
        told: Option<Told>,
    },
    /// Announces of two torrents under one transaction: an answer could be to either.
    Ambiguous,
    Scrape {
        told: Option<Told>,
    },
}

impl DatagramReader for Reader {
    fn read(&mut self, datagram: &Datagram<'_>, upkeep: &mut Upkeep<'_>) -> bool {
        self.request(datagram, upkeep.anomalies) || self.reply(datagram, upkeep.anomalies)
    }

    fn observations(&self) -> Vec<Observation> {
        let ends = [End::Orig, End::Resp].into_iter();
        ends.flat_map(|end| self.clients.at(end).announces.observations(UDP_TRACKER, end)).collect()
    }

    fn named(&mut self) -> Vec<Named> {
        self.names.take()
    }
}

impl Reader {
    fn request(&mut self, datagram: &Datagram<'_>, anomalies: &mut Anomalies) -> bool {
        let request = Request::parse(datagram.payload);
        if let Ok(Request::Connect { transaction }) = request
            && self.clients.at(datagram.from.other()).has_asked_for_connection(transaction)
        {
            return true; // Who sends back what it was sent, as an echo server does, asks for nothing.
        }
        let client = self.clients.at_mut(datagram.from);
        match request {
            Ok(Request::Connect { transaction }) => {
                client.connect(transaction, anomalies);
                true
            }
            Ok(Request::Announce(announce)) if client.connections.contains(&announce.connection) => {
                let ip = datagram.endpoint(datagram.from).ip;
                let own = Endpoint { ip, port: announce.port };
                let takes_part = announce.event != Event::Stopped && announce.port != 0;
                if client.announce(&announce, datagram.stamp, anomalies) && takes_part {
                    self.name(own, *announce.infohash, datagram, anomalies);
                }
                true
            }
            Ok(Request::Scrape(scrape)) if client.connections.contains(&scrape.connection) => {
                client.scrape(&scrape, datagram.stamp, anomalies);
                true
            }
            _ => false,
        }
    }

    fn reply(&mut self, datagram: &Datagram<'_>, anomalies: &mut Anomalies) -> bool {
        let Ok(reply) = Reply::parse(datagram.payload) else { return false };
        let client = self.clients.at_mut(datagram.from.other());
        let Some(request) = client.requests.iter_mut().rev().find(|request| request.is_answered_by(&reply))
        else {
            return false;
        };
        let is_first = !std::mem::replace(&mut request.answered, true);
        let question = request.question;
        match (reply, question) {
            // Asked twice, a tracker may give two connections, and both are good.
            (Reply::Connect { connection, .. }, _) => client.connected(connection, anomalies),
            (Reply::Announce(reply), Question::Announce { infohash, told, .. }) if is_first => {
                let peers = self.peers(&reply, infohash, datagram, anomalies);
                if let Some(told) = told {
                    let answer = TrackerAnswer {
                        interval: Some(reply.interval.into()),
                        complete: Some(reply.seeders.into()),
                        incomplete: Some(reply.leechers.into()),
                        peers,
                        failed: false,
                    };
                    self.clients.at_mut(datagram.from.other()).announces.answer(told, answer);
                }
            }
            (Reply::Scrape { .. }, Question::Scrape { told: Some(told) }) => {
                client.announces.scrape_answered(told);
            }
            _ => {}
        }
        true
    }

    /// Keeps the peers that a reply names for a torrent; returns how many those are.
    fn peers(
        &mut self,
        reply: &AnnounceReply<'_>,
        infohash: [u8; 20],
        datagram: &Datagram<'_>,
        anomalies: &mut Anomalies,
    ) -> u64 {
        let mut peers = reply.peers(!datagram.endpoint(datagram.from).is_ipv4());
        if peers.malformed() > 0 {
            anomalies.count(Anomaly::TrackerMalformed);
        }
        let mut count = 0;
        for peer in peers.by_ref() {
            count += 1;
            if peer.port() != 0 {
                self.name(peer.into(), infohash, datagram, anomalies);
            }
        }
        count
    }

    fn name(
        &mut self,
        endpoint: Endpoint,
        infohash: [u8; 20],
        datagram: &Datagram<'_>,
        anomalies: &mut Anomalies,
    ) {
        let named =
            Named { endpoint, infohash, source: Source::Tracker, stamp: datagram.stamp, by: datagram.from };
        if !self.names.push(named) {
            anomalies.count(Anomaly::TrackerOverfull);
        }
    }
}

impl Client {
    fn has_asked_for_connection(&self, transaction: u32) -> bool {
        self.requests.iter().any(|request| {
            request.transaction == transaction && matches!(request.question, Question::Connect)
        })
    }

    fn connect(&mut self, transaction: u32, anomalies: &mut Anomalies) {
        if !self.has_asked_for_connection(transaction) {
            self.ask(transaction, 0, Question::Connect, anomalies);
        }
    }

    fn connected(&mut self, connection: u64, anomalies: &mut Anomalies) {
        if self.connections.contains(&connection) {
            return;
        }
        if self.connections.len() >= CONNECTIONS {
            self.connections.pop_front();
            anomalies.count(Anomaly::TrackerOverfull);
        }
        self.connections.push_back(connection);
    }

    /// Takes an announce in. Answers whether it was sent for the first time.
    fn announce(&mut self, announce: &Announce<'_>, stamp: Stamp, anomalies: &mut Anomalies) -> bool {
        if announce.is_malformed() {
            anomalies.count(Anomaly::TrackerMalformed);
        }
        let claim = Claim {
            event: announce.event,
            downloaded: Some(announce.downloaded),
            uploaded: Some(announce.uploaded),
            left: Some(announce.left),
        };
        let (infohash, transaction, connection) =
            (*announce.infohash, announce.transaction, announce.connection);
        let known = self.requests.iter_mut().find(|request| {
            request.transaction == transaction
                && matches!(request.question, Question::Announce { .. } | Question::Ambiguous)
        });
        let mut ambiguous = false;
        if let Some(request) = known {
            match request.question {
                // A reply was late or lost. Afterwards a client may use the number again, on another connection.
                Question::Announce { infohash: known, claim: before, told }
                    if known == infohash
                        && before == claim
                        && (!request.answered || request.connection == connection) =>
                {
                    request.connection = connection;
                    if let Some(told) = told {
                        self.announces.repeat(told, stamp);
                    }
                    return false;
                }
                Question::Announce { infohash: known, .. } => {
                    ambiguous = known != infohash && !request.answered;
                }
                _ => ambiguous = true,
            }
        }
        let told = self.announces.announce(
            &announces::Announce {
                infohash,
                peer_id: *announce.peer_id,
                port: Some(announce.port),
                claim,
                credentials: announce.has_credentials(),
            },
            None,
            &Span::at(stamp),
        );
        if told.is_none() {
            anomalies.count(Anomaly::TrackerOverfull);
        }
        let question =
            if ambiguous { Question::Ambiguous } else { Question::Announce { infohash, claim, told } };
        self.ask(transaction, connection, question, anomalies);
        true
    }

    fn scrape(&mut self, scrape: &Scrape<'_>, stamp: Stamp, anomalies: &mut Anomalies) {
        let infohashes = scrape.infohashes();
        if infohashes.malformed() > 0 {
            anomalies.count(Anomaly::TrackerMalformed);
        }
        let (told, fits) = self.announces.scrape(infohashes, None, &Span::at(stamp));
        if !fits {
            anomalies.count(Anomaly::TrackerOverfull);
        }
        self.ask(scrape.transaction, scrape.connection, Question::Scrape { told }, anomalies);
    }

    /// Remembers a request in place of the one of its kind that had its transaction before, or of the oldest.
    fn ask(&mut self, transaction: u32, connection: u64, question: Question, anomalies: &mut Anomalies) {
        self.requests
            .retain(|request| request.transaction != transaction || !request.question.is_like(&question));
        if self.requests.len() >= REQUESTS
            && let Some(oldest) = self.requests.pop_front()
            && !oldest.answered
        {
            anomalies.count(Anomaly::TrackerOverfull);
        }
        self.requests.push_back(Outstanding { transaction, connection, question, answered: false });
    }
}

impl Outstanding {
    fn is_answered_by(&self, reply: &Reply<'_>) -> bool {
        let fits = match reply {
            Reply::Connect { .. } => matches!(self.question, Question::Connect),
            Reply::Announce(_) => matches!(self.question, Question::Announce { .. } | Question::Ambiguous),
            Reply::Scrape { .. } => matches!(self.question, Question::Scrape { .. }),
            Reply::Error { .. } => !self.answered,
        };
        fits && self.transaction == reply.transaction()
    }
}

impl Question {
    const fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Connect, Self::Connect)
                | (Self::Scrape { .. }, Self::Scrape { .. })
                | (Self::Announce { .. } | Self::Ambiguous, Self::Announce { .. } | Self::Ambiguous)
        )
    }
}

#[cfg(test)]
mod tests;
