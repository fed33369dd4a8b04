//! `bt.utp`: BitTorrent over uTP (BEP 29).
//!
//! Sees connections whose SYN and answer were captured, puts each direction in order, and has what comes out read as TCP
//! streams are. uTP is a transport for anything, so by itself it proves nothing and is not reported: `bt.utp` says only
//! that what another detector saw came that way, and is as sure as that. Not fooled by single datagrams that look like
//! uTP's, since a connection takes two that fit each other. Costs a look at each datagram's first byte; of a flow that
//! has connections, reassembly up to the shared cap.

use super::named::Named;
use super::passed::{Collected, Passed, SentPieces};
use super::reading::Dialogue;
use super::{Datagram, DatagramDetector, DatagramReader, Fact, Observation, Span, Stamp, Upkeep};
use crate::anomaly::{Anomalies, Anomaly};
use crate::flow::key::End;
use crate::flow::stream::{HeldBytes, Run};
use crate::flow::utp::{Arrival, Connections, Facts, Place};
use crate::wire::utp::{Header, Kind};

/// The detector's id.
pub const UTP: &str = "bt.utp";

/// Knows by a SYN, or an answer that overtook it, that there may be a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utp;

/// Types and version of the packets with which a connection begins.
const SYN: u8 = 0x41;
const STATE: u8 = 0x21;

impl DatagramDetector for Utp {
    #[inline]
    fn probe(&self, datagram: &Datagram<'_>) -> bool {
        let [SYN | STATE, extension, ..] = *datagram.payload else { return false };
        let sent = datagram.sent as usize;
        // An answer carries nothing; what has extensions is read with more care.
        (extension != 0 || sent == Header::LEN)
            && Header::parse(datagram.payload).is_ok_and(|(header, _)| match header.kind {
                Kind::Syn => header.is_strict_syn(sent),
                kind => kind == Kind::State,
            })
    }

    fn open(&self) -> Box<dyn DatagramReader> {
        Box::<Reader>::default()
    }
}

/// The most connections of one flow of which is kept what was seen in them: more than clients share torrents with one
/// peer, and begin anew.
const KEPT: usize = 256;

/// Follows the connections of one flow.
#[derive(Default)]
struct Reader {
    connections: Connections,
    /// What is read of each connection, by its index; one in which nobody finds anything is dropped.
    readings: Vec<(u32, Dialogue)>,
    /// Of connections that have ended.
    ended: Vec<Observation>,
    /// How many those are.
    kept: usize,
    /// What passed in them, and the digests of the pieces.
    passed: Vec<Passed>,
    pieces: Vec<SentPieces>,
    /// What was named in connections that have ended.
    named: Vec<Named>,
}

impl DatagramReader for Reader {
    fn read(&mut self, datagram: &Datagram<'_>, upkeep: &mut Upkeep<'_>) -> bool {
        let Ok((header, payload)) = Header::parse(datagram.payload) else { return false };
        let Some(sent) = datagram.sent.checked_sub(u32::try_from(header.length()).unwrap_or(u32::MAX)) else {
            return false;
        };
        let arrival = Arrival { stamp: datagram.stamp, from: datagram.from, header, payload, sent };
        let Self { connections, readings, .. } = self;
        let taken = connections.push(&arrival, upkeep.held, &mut sink(readings, upkeep.anomalies));
        taken.noticed.count(upkeep.anomalies);
        if let Some(facts) = taken.ended {
            self.end(&facts, upkeep.anomalies);
        }
        match taken.place {
            Place::Connection(index) => self.spare(index, upkeep.held),
            Place::Opening => {}
            Place::Stray => return false,
        }
        true
    }

    fn observations(&self) -> Vec<Observation> {
        let mut seen = self.ended.clone();
        let mut room = KEPT.saturating_sub(self.kept);
        for facts in self.connections.facts() {
            let reading = self.readings.iter().find(|(index, _)| *index == facts.index);
            let of_one = reading.map(|(_, dialogue)| seen_in(&facts, dialogue)).unwrap_or_default();
            if room > 0 && !of_one.is_empty() {
                room -= 1;
                seen.extend(of_one);
            }
        }
        seen
    }

    fn finish(&mut self, upkeep: &mut Upkeep<'_>) -> Vec<Observation> {
        let Self { connections, readings, .. } = self;
        let noticed = connections.finish(upkeep.held, &mut sink(readings, upkeep.anomalies));
        noticed.count(upkeep.anomalies);
        let facts: Vec<_> = connections.facts().collect();
        connections.release(upkeep.held);
        for facts in facts {
            self.end(&facts, upkeep.anomalies);
        }
        std::mem::take(&mut self.ended)
    }

    fn collect(&mut self, free: usize) -> Collected {
        let Self { connections, readings, passed, pieces, .. } = self;
        let held = pieces.iter().map(SentPieces::cost).sum();
        let mut collected = Collected { held, refused: 0, passed: std::mem::take(passed) };
        for (index, dialogue) in readings {
            let mut from = dialogue.collect(free);
            // Nearly always nothing passed.
            if !from.passed.is_empty()
                && let Some(facts) = connections.facts().find(|facts| facts.index == *index)
            {
                for passed in &mut from.passed {
                    passed.stream = stream(&facts);
                    passed.end = facts.turned(passed.end);
                }
            }
            collected.add(from);
        }
        collected
    }

    fn pieces(&mut self) -> Vec<SentPieces> {
        std::mem::take(&mut self.pieces)
    }

    fn named(&mut self) -> Vec<Named> {
        let Self { connections, readings, named, .. } = self;
        for (index, dialogue) in readings {
            let told = dialogue.named();
            // Nearly always nothing was named.
            if !told.is_empty()
                && let Some(facts) = connections.facts().find(|facts| facts.index == *index)
            {
                named.extend(told.into_iter().map(|name| Named { by: facts.turned(name.by), ..name }));
            }
        }
        std::mem::take(named)
    }
}

/// Where the runs of all connections go.
fn sink(
    readings: &mut Vec<(u32, Dialogue)>,
    anomalies: &mut Anomalies,
) -> impl FnMut(u32, End, Run<'_>, Stamp) {
    move |index, end, run, stamp| {
        let place = readings.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
            readings.push((index, Dialogue::default()));
            readings.len() - 1
        });
        if let Some((_, dialogue)) = readings.get_mut(place) {
            dialogue.take(end, run, stamp, anomalies);
        }
    }
}

/// The name of a connection among the flow's streams: they count from 1.
fn stream(facts: &Facts) -> u32 {
    facts.index.saturating_add(1)
}

impl Reader {
    /// Stops keeping what nobody wants of a connection.
    fn spare(&mut self, index: u32, held: &mut HeldBytes) {
        let Some((_, dialogue)) = self.readings.iter().find(|(known, _)| *known == index) else { return };
        for end in [End::Orig, End::Resp] {
            if !dialogue.wants(end) {
                self.connections.stop_reading(index, end, held);
            }
        }
    }

    /// Keeps what was seen in a connection that has ended.
    fn end(&mut self, facts: &Facts, anomalies: &mut Anomalies) {
        let Some(place) = self.readings.iter().position(|(index, _)| *index == facts.index) else { return };
        let (_, mut dialogue) = self.readings.swap_remove(place);
        let told = dialogue.named().into_iter();
        self.named.extend(told.map(|name| Named { by: facts.turned(name.by), ..name }));
        let stream = stream(facts);
        let passed = dialogue.collect(0).passed.into_iter();
        self.passed.extend(passed.map(|passed| Passed { stream, end: facts.turned(passed.end), ..passed }));
        let sent = dialogue.pieces().into_iter();
        self.pieces.extend(sent.map(|sent| SentPieces { stream, end: facts.turned(sent.end), ..sent }));
        let seen = seen_in(facts, &dialogue);
        if seen.is_empty() {
            return;
        }
        if self.kept >= KEPT {
            anomalies.count(Anomaly::UtpOverfull);
            return;
        }
        self.kept += 1;
        self.ended.extend(seen);
    }
}

/// What was seen in a connection, and the connection itself where that is something.
fn seen_in(facts: &Facts, dialogue: &Dialogue) -> Vec<Observation> {
    let stream = stream(facts);
    let mut seen = dialogue.observations();
    let Some(confidence) = seen.iter().map(|observation| observation.confidence).max() else { return seen };
    for observation in &mut seen {
        observation.end = facts.turned(observation.end);
        observation.stream = stream;
    }
    for (end, stamp) in [(End::Orig, facts.syn), (End::Resp, facts.answer)] {
        let fact =
            Fact::Utp { began: end == End::Orig, bytes: *facts.seen.at(end), lost: *facts.lost.at(end) };
        let (end, span) = (facts.turned(end), Span::at(stamp));
        seen.push(Observation { detector: UTP, confidence, end, stream, span, count: 1, fact });
    }
    seen
}
