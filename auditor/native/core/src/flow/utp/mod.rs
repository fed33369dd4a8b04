//! The uTP connections of one UDP flow (BEP 29, and where they differ, libutp and libtorrent).
//!
//! Several connections may use the same two sockets, at once or one after the other. A connection exists once a SYN and
//! its answer were seen: a STATE of the other end with the same id that acknowledges the SYN's number. One packet alone
//! proves nothing, since a DNS query with a certain id passes for a SYN; so where one direction was not captured, or the
//! capture began later, nothing is followed and the packets are counted.
//!
//! A SYN carries an id `c`, with which its receiver will send; its sender goes on with `c + 1`. The initiator's first
//! packet with payload has the number after the SYN's. The answer takes no number, so the responder's first has the very
//! number that the answer showed.
//!
//! Each direction comes out in order, as that of a TCP connection does: the same readers read both. What differs is a
//! loss: its size is not known ([`Run::Lost`]).

use crate::detect::Stamp;
use crate::flow::key::{End, Ends};
use crate::flow::stream::{HeldBytes, Run};
use crate::time::Timestamp;
use crate::wire::utp::{Header, Kind};

mod opening;
mod sequence;

pub use opening::EARLY;
use opening::{Opened, Openings};
pub use sequence::Noticed;
use sequence::{Packet, Sequence};

/// The most connections of one flow that are followed at once. Clients keep one for each torrent and pair of sockets.
pub const MOST: usize = 16;

/// One captured packet.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// When and in which frame.
    pub stamp: Stamp,
    /// The end of the flow that sent it.
    pub from: End,
    /// Its header.
    pub header: Header<'a>,
    /// As much of its payload as was captured.
    pub payload: &'a [u8],
    /// Payload bytes sent: more than were captured where a snap length cut the frame.
    pub sent: u32,
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To the connection of this index.
    Connection(u32),
    /// To what may become a connection.
    Opening,
    /// To no connection that is followed.
    Stray,
}

/// What a packet led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Taken {
    /// Where it belongs.
    pub place: Place,
    /// What was wrong.
    pub noticed: Noticed,
    /// A connection that is no longer followed, because a new one took its id or its room. All of it was handed on.
    pub ended: Option<Facts>,
}

/// What is known of one connection. Its orig is the initiator, whichever end of the flow that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its number among the flow's connections, from 0 on. Never used again.
    pub index: u32,
    /// The end of the flow that sent the SYN.
    pub initiator: End,
    /// The id in the SYN.
    pub id: u16,
    /// The first SYN.
    pub syn: Stamp,
    /// The answer.
    pub answer: Stamp,
    /// The latest packet.
    pub last: Timestamp,
    /// The ends that sent FIN, after all that they had to send.
    pub fin: Ends<bool>,
    /// An end said that the connection is gone.
    pub reset: bool,
    /// Payload bytes by end, each once.
    pub seen: Ends<u64>,
    /// Packets with payload by end that were sent and not captured, at least.
    pub lost: Ends<u64>,
}

impl Facts {
    /// The connection's name for an end of the flow, and the other way round.
    #[must_use]
    pub fn turned(&self, end: End) -> End {
        if self.initiator == End::Orig { end } else { end.other() }
    }

    /// Whether the connection was closed or reset.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.reset || (self.fin.orig && self.fin.resp)
    }
}

/// What was not followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets of no connection: its SYN or the answer was not captured, or it is no uTP at all.
    pub strays: u64,
    /// Connections that made room for others before they ended.
    pub evicted: u64,
}

/// Whether a packet other than a SYN is of the connection that `initiator` began with `id`.
fn is_of(initiator: End, id: u16, from: End, connection_id: u16) -> bool {
    connection_id == if from == initiator { id.wrapping_add(1) } else { id }
}

#[derive(Debug)]
struct Connection {
    index: u32,
    initiator: End,
    id: u16,
    syn_seq: u16,
    stamps: Ends<Stamp>,
    last: Timestamp,
    reset: bool,
    sequences: Ends<Sequence>,
}

impl Connection {
    fn end(&self, from: End) -> End {
        if from == self.initiator { End::Orig } else { End::Resp }
    }

    fn facts(&self) -> Facts {
        let Ends { orig, resp } = &self.sequences;
        Facts {
            index: self.index,
            initiator: self.initiator,
            id: self.id,
            syn: self.stamps.orig,
            answer: self.stamps.resp,
            last: self.last,
            fin: Ends { orig: orig.is_closed, resp: resp.is_closed },
            reset: self.reset,
            seen: Ends { orig: orig.seen, resp: resp.seen },
            lost: Ends { orig: orig.lost, resp: resp.lost },
        }
    }

    fn finish(&mut self, budget: &mut HeldBytes, sink: &mut impl FnMut(u32, End, Run<'_>, Stamp)) -> Noticed {
        let (index, mut noticed) = (self.index, Noticed::default());
        for end in [End::Orig, End::Resp] {
            let mut sink = |run: Run<'_>, stamp: Stamp| sink(index, end, run, stamp);
            noticed.add(self.sequences.at_mut(end).finish(budget, &mut sink));
        }
        noticed
    }
}

/// The connections of one flow.
#[derive(Debug, Default)]
pub struct Connections {
    /// The newest last.
    followed: Vec<Connection>,
    openings: Openings,
    begun: u32,
    /// What was not followed.
    pub counts: Counts,
}

impl Connections {
    /// Takes a packet in, and hands on what is now in order: to `sink` go the connection's index, the end (orig is the
    /// initiator) and the run.
    pub fn push(
        &mut self,
        arrival: &Arrival<'_>,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(u32, End, Run<'_>, Stamp),
    ) -> Taken {
        let taken = match arrival.header.kind {
            Kind::Syn => self.syn(arrival, budget, sink),
            Kind::State => self.state(arrival, budget, sink),
            Kind::Data | Kind::Fin => self.numbered(arrival, budget, sink),
            Kind::Reset => self.reset(arrival),
        };
        if taken.place == Place::Stray {
            self.counts.strays += 1;
        }
        taken
    }

    /// Stops keeping the content of one end of a connection: what follows is only counted.
    pub fn stop_reading(&mut self, index: u32, end: End, budget: &mut HeldBytes) {
        if let Some(connection) = self.followed.iter_mut().find(|connection| connection.index == index) {
            connection.sequences.at_mut(end).stop_reading(budget);
        }
    }

    /// Hands on all that is held.
    pub fn finish(
        &mut self,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(u32, End, Run<'_>, Stamp),
    ) -> Noticed {
        let mut noticed = Noticed::default();
        for connection in &mut self.followed {
            noticed.add(connection.finish(budget, sink));
        }
        self.openings.release(budget);
        noticed
    }

    /// Forgets what is held.
    pub fn release(&mut self, budget: &mut HeldBytes) {
        for connection in &mut self.followed {
            connection.sequences.orig.release(budget);
            connection.sequences.resp.release(budget);
        }
        self.openings.release(budget);
    }

    /// What is known of the connections that are followed.
    pub fn facts(&self) -> impl Iterator<Item = Facts> + '_ {
        self.followed.iter().map(Connection::facts)
    }

    fn syn(
        &mut self,
        arrival: &Arrival<'_>,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(u32, End, Run<'_>, Stamp),
    ) -> Taken {
        let header = arrival.header;
        if !header.is_strict_syn(header.length().saturating_add(arrival.sent as usize)) {
            return placed(Place::Stray);
        }
        let name = (arrival.from, header.connection_id, header.seq_nr);
        let mut known = self.followed.iter_mut().rev();
        if let Some(known) = known.find(|known| (known.initiator, known.id, known.syn_seq) == name) {
            known.last = known.last.max(arrival.stamp.time);
            return placed(Place::Connection(known.index));
        }
        match self.openings.syn(arrival, budget) {
            Some(opened) => self.begin(opened, budget, sink),
            None => placed(Place::Opening),
        }
    }

    fn state(
        &mut self,
        arrival: &Arrival<'_>,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(u32, End, Run<'_>, Stamp),
    ) -> Taken {
        if let Some(opened) = self.openings.answer(arrival, budget) {
            return self.begin(opened, budget, sink);
        }
        if let Some(connection) = self.find(arrival) {
            connection.last = connection.last.max(arrival.stamp.time);
            return placed(Place::Connection(connection.index));
        }
        placed(if self.openings.answer_first(arrival, budget) { Place::Opening } else { Place::Stray })
    }

    /// Takes in a packet that has a number.
    fn numbered(
        &mut self,
        arrival: &Arrival<'_>,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(u32, End, Run<'_>, Stamp),
    ) -> Taken {
        let Self { followed, openings, .. } = self;
        let connection = find(followed, arrival);
        let reaches = connection.as_ref().is_some_and(|connection| {
            connection.sequences.at(connection.end(arrival.from)).reaches(arrival.header.seq_nr)
        });
        // An old connection may have the id of one that is just being opened.
        if let Some(connection) = connection
            && (reaches || !openings.has_syn_for(arrival))
        {
            connection.last = connection.last.max(arrival.stamp.time);
            let packet = Packet {
                stamp: arrival.stamp,
                seq: arrival.header.seq_nr,
                bytes: arrival.payload,
                sent: arrival.sent,
                is_last: arrival.header.kind == Kind::Fin,
            };
            let (index, end) = (connection.index, connection.end(arrival.from));
            let mut sink = |run: Run<'_>, stamp: Stamp| sink(index, end, run, stamp);
            let noticed = connection.sequences.at_mut(end).push(&packet, budget, &mut sink);
            return Taken { noticed, ..placed(Place::Connection(index)) };
        }
        placed(if openings.hold(arrival, budget) { Place::Opening } else { Place::Stray })
    }

    /// Takes in a RESET. It carries the id with which its sender sends, or repeats that of a packet it did not expect.
    fn reset(&mut self, arrival: &Arrival<'_>) -> Taken {
        let (from, id) = (arrival.from, arrival.header.connection_id);
        let sends = |connection: &Connection, from: End| is_of(connection.initiator, connection.id, from, id);
        let named = self.followed.iter_mut();
        let named = named.filter(|connection| sends(connection, from) || sends(connection, from.other()));
        let named = named.max_by_key(|connection| (sends(connection, from), connection.index));
        let Some(connection) = named else { return placed(Place::Stray) };
        connection.reset = true;
        connection.last = connection.last.max(arrival.stamp.time);
        placed(Place::Connection(connection.index))
    }

    fn find(&mut self, arrival: &Arrival<'_>) -> Option<&mut Connection> {
        find(&mut self.followed, arrival)
    }

    /// Begins to follow a connection: with what came before its pair was complete.
    fn begin(
        &mut self,
        opened: Opened,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(u32, End, Run<'_>, Stamp),
    ) -> Taken {
        let (ended, mut noticed) = match self.make_room(&opened, budget, sink) {
            Some((facts, noticed)) => (Some(facts), noticed),
            None => (None, Noticed::default()),
        };
        let Opened { initiator, id, syn_seq, stamps, first, mut early } = opened;
        let index = self.begun;
        self.begun = self.begun.wrapping_add(1);
        let mut connection = Connection {
            index,
            initiator,
            id,
            syn_seq,
            stamps,
            last: stamps.orig.time.max(stamps.resp.time),
            reset: false,
            // What is taken for the answer may be a later STATE: until the initiator's next packet all acknowledge the SYN.
            sequences: Ends { orig: Sequence::new(first.orig, false), resp: Sequence::new(first.resp, true) },
        };
        early.sort_by_key(|early| connection.sequences.at(connection.end(early.from)).ahead(early.seq));
        for early in early {
            let end = connection.end(early.from);
            if !connection.sequences.at(end).reaches(early.seq) {
                continue; // of an earlier connection with the same id
            }
            let packet = Packet {
                stamp: early.stamp,
                seq: early.seq,
                bytes: &early.bytes,
                sent: early.sent,
                is_last: early.is_last,
            };
            connection.last = connection.last.max(early.stamp.time);
            let mut sink = |run: Run<'_>, stamp: Stamp| sink(index, end, run, stamp);
            noticed.add(connection.sequences.at_mut(end).push(&packet, budget, &mut sink));
        }
        self.followed.push(connection);
        Taken { place: Place::Connection(index), noticed, ended }
    }

    /// Ends the connection whose id a new one has, or if there are too many, one that was closed or the longest idle.
    fn make_room(
        &mut self,
        opened: &Opened,
        budget: &mut HeldBytes,
        sink: &mut impl FnMut(u32, End, Run<'_>, Stamp),
    ) -> Option<(Facts, Noticed)> {
        let of_same_name =
            self.followed.iter().position(|old| (old.initiator, old.id) == (opened.initiator, opened.id));
        let place = of_same_name.or_else(|| {
            let all = self.followed.iter().enumerate().filter(|_| self.followed.len() >= MOST);
            all.min_by_key(|(_, old)| (!old.facts().is_closed(), old.last)).map(|(place, _)| place)
        })?;
        let mut old = self.followed.remove(place);
        let noticed = old.finish(budget, sink);
        let facts = old.facts();
        self.counts.evicted += u64::from(of_same_name.is_none() && !facts.is_closed());
        Some((facts, noticed))
    }
}

/// The connection that a packet other than a SYN belongs to. Where an old one has the same id, the one whose numbers
/// are near.
fn find<'a>(followed: &'a mut [Connection], arrival: &Arrival<'_>) -> Option<&'a mut Connection> {
    let (from, id, seq) = (arrival.from, arrival.header.connection_id, arrival.header.seq_nr);
    let named = followed.iter_mut().filter(|connection| is_of(connection.initiator, connection.id, from, id));
    named.max_by_key(|connection| {
        (connection.sequences.at(connection.end(from)).reaches(seq), connection.index)
    })
}

const fn placed(place: Place) -> Taken {
    Taken { place, noticed: Noticed { gaps: 0, conflicts: 0 }, ended: None }
}

#[cfg(test)]
mod tests;
