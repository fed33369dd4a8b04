//! IP packets put together from their fragments: RFC 791, 3.2, and RFC 8200, 4.5.
//!
//! Fragments may come in any order, twice, or overlapping. Where they overlap with the same bytes, nothing is
//! amiss. Where the bytes differ, or the lengths, nobody can say which the receiver took: hosts drop such a packet
//! whole (RFC 5722, and Linux for IPv4 too), so whoever sends one hides nothing that arrives, and neither does
//! this. Its remaining fragments go the same way.

use std::collections::{BTreeMap, HashMap, VecDeque};

use rustc_hash::FxBuildHasher;

use crate::anomaly::{Anomalies, Anomaly};
use crate::time::Timestamp;
use crate::wire::decode::{Fragment, FragmentHeader};
use crate::wire::path::Tunnel;

/// Most packets in the making at once.
const MAX_PACKETS: usize = 1_024;
/// Most bytes held for them, bookkeeping included.
const MAX_BYTES: usize = 4 << 20;
/// What holding one piece costs beside its bytes.
const PIECE_OVERHEAD: usize = 64;
/// Most pieces of one packet: 64 KiB at IPv4's least reassembly size of 576 bytes are 119.
const MAX_PIECES: usize = 128;
/// Longest payload of a packet, in bytes.
const MAX_PAYLOAD: u32 = 65_535;
/// How long a packet may take. Linux waits as long.
const LIFETIME: i64 = 30 * Timestamp::SECOND;
/// For how long fragments of a finished packet are taken for copies of it: a mirror port delivers a frame twice
/// within this, and a sender takes longer to use the same identification again.
const COPY_WINDOW: i64 = Timestamp::SECOND / 100;
/// How many finished packets are remembered for that.
const MAX_FINISHED: usize = 64;

/// The packets in the making.
#[derive(Debug, Default)]
pub struct Fragments {
    /// By order of first fragment, so that the oldest is the first.
    partials: BTreeMap<u64, Partial>,
    serials: HashMap<Key, u64, FxBuildHasher>,
    next_serial: u64,
    finished: VecDeque<(Timestamp, Key)>,
    /// What the pieces held cost.
    bytes: usize,
    evictions: u64,
}

/// What the fragments of one packet share. Not the VLANs and hardware addresses: they may take different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    vantage: u16,
    src: [u8; 16],
    dst: [u8; 16],
    protocol: u8,
    identification: u32,
    tunnel: Option<Tunnel>,
}

/// A packet in the making.
#[derive(Debug)]
struct Partial {
    key: Key,
    begun: Timestamp,
    /// Of the first fragment by offset once it is there, until then of the first that came.
    header: FragmentHeader,
    /// By offset; they do not overlap.
    pieces: BTreeMap<u32, Box<[u8]>>,
    /// Bytes in `pieces`.
    len: u32,
    /// Length of the whole payload, once the last fragment came.
    total: Option<u32>,
    /// Given up; kept to let the rest of its fragments go.
    is_spoiled: bool,
}

/// Why a fragment spoils its packet.
#[derive(Debug)]
enum Spoiled {
    Conflict,
    TooManyPieces,
}

impl Fragments {
    /// Adds a fragment seen at `vantage`; answers with its packet if that is whole now: the header of the fragment
    /// at offset 0, and the payload.
    pub fn insert(
        &mut self,
        now: Timestamp,
        vantage: u16,
        fragment: &Fragment<'_>,
        anomalies: &mut Anomalies,
    ) -> Option<(FragmentHeader, Vec<u8>)> {
        self.expire(now, anomalies);
        let key = Key::new(vantage, &fragment.header);
        if self.finished.iter().any(|(_, finished)| *finished == key) {
            return None;
        }
        let serial = match self.serials.get(&key) {
            Some(&serial) => serial,
            None => self.begin(now, key, fragment.header, anomalies),
        };
        let partial = self.partials.get_mut(&serial)?;
        let cost_before = partial.cost();
        match partial.add(fragment) {
            Ok(()) => {}
            Err(Spoiled::Conflict) => anomalies.count(Anomaly::FragmentConflict),
            Err(Spoiled::TooManyPieces) => {
                self.evictions += 1;
                anomalies.count(Anomaly::FragmentIncomplete);
            }
        }
        self.bytes = (self.bytes + partial.cost()).saturating_sub(cost_before);
        if partial.is_whole() {
            let partial = self.remove(serial)?;
            if self.finished.len() >= MAX_FINISHED {
                self.finished.pop_front();
            }
            self.finished.push_back((now, key));
            return Some((partial.header, partial.pieces.into_values().collect::<Vec<_>>().concat()));
        }
        while self.bytes > MAX_BYTES {
            self.evictions += u64::from(self.give_up_oldest(anomalies));
        }
        None
    }

    /// Counts the packets that never became whole, and forgets them.
    pub fn finish(&mut self, anomalies: &mut Anomalies) {
        while !self.partials.is_empty() {
            self.give_up_oldest(anomalies);
        }
        self.finished.clear();
    }

    /// How many packets were given up since the last call because a cap was reached: on packets, bytes, or pieces
    /// of one packet. Each counted as [`Anomaly::FragmentIncomplete`] too.
    pub fn take_evictions(&mut self) -> u64 {
        std::mem::take(&mut self.evictions)
    }

    fn expire(&mut self, now: Timestamp, anomalies: &mut Anomalies) {
        while self.partials.first_key_value().is_some_and(|(_, oldest)| now.since(oldest.begun) > LIFETIME) {
            self.give_up_oldest(anomalies);
        }
        while self.finished.front().is_some_and(|&(at, _)| now.since(at) > COPY_WINDOW) {
            self.finished.pop_front();
        }
    }

    /// Makes room for a packet and begins it.
    fn begin(&mut self, now: Timestamp, key: Key, header: FragmentHeader, anomalies: &mut Anomalies) -> u64 {
        if self.partials.len() >= MAX_PACKETS {
            self.evictions += u64::from(self.give_up_oldest(anomalies));
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        self.serials.insert(key, serial);
        self.partials.insert(serial, Partial::new(now, key, header));
        serial
    }

    /// Removes the oldest packet; whether that lost anything.
    fn give_up_oldest(&mut self, anomalies: &mut Anomalies) -> bool {
        let Some((&serial, _)) = self.partials.first_key_value() else { return false };
        let lost = self.remove(serial).is_some_and(|partial| !partial.is_spoiled);
        if lost {
            anomalies.count(Anomaly::FragmentIncomplete);
        }
        lost
    }

    fn remove(&mut self, serial: u64) -> Option<Partial> {
        let partial = self.partials.remove(&serial)?;
        self.serials.remove(&partial.key);
        self.bytes = self.bytes.saturating_sub(partial.cost());
        Some(partial)
    }
}

impl Key {
    fn new(vantage: u16, header: &FragmentHeader) -> Self {
        Self {
            vantage,
            src: header.src,
            dst: header.dst,
            protocol: header.protocol,
            identification: header.identification,
            tunnel: header.path.tunnel,
        }
    }
}

impl Partial {
    fn new(begun: Timestamp, key: Key, header: FragmentHeader) -> Self {
        Self { key, begun, header, pieces: BTreeMap::new(), len: 0, total: None, is_spoiled: false }
    }

    fn cost(&self) -> usize {
        self.len as usize + self.pieces.len() * PIECE_OVERHEAD
    }

    fn is_whole(&self) -> bool {
        self.total == Some(self.len)
    }

    /// Adds what a fragment brings, or drops what is there.
    fn add(&mut self, fragment: &Fragment<'_>) -> Result<(), Spoiled> {
        if self.is_spoiled {
            return Ok(());
        }
        let added = self.place(fragment);
        if added.is_err() {
            self.is_spoiled = true;
            self.pieces.clear();
            (self.len, self.total) = (0, None);
        }
        added
    }

    fn place(&mut self, fragment: &Fragment<'_>) -> Result<(), Spoiled> {
        let end = end_of(fragment.offset, fragment.payload)
            .filter(|&end| end <= MAX_PAYLOAD)
            .ok_or(Spoiled::Conflict)?;
        if !fragment.more && *self.total.get_or_insert(end) != end {
            return Err(Spoiled::Conflict);
        }
        if fragment.offset == 0 && !self.pieces.contains_key(&0) {
            self.header = fragment.header;
        }
        for (offset, bytes) in self.missing(fragment, end)? {
            self.len += u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            self.pieces.insert(offset, bytes.into());
        }
        let reached =
            self.pieces.last_key_value().and_then(|(&offset, piece)| end_of(offset, piece)).unwrap_or(0);
        if self.total.is_some_and(|total| reached > total) {
            return Err(Spoiled::Conflict);
        }
        if self.pieces.len() > MAX_PIECES {
            return Err(Spoiled::TooManyPieces);
        }
        Ok(())
    }

    /// The parts of a fragment that are not held yet, if those that are agree with it.
    fn missing<'a>(&self, fragment: &Fragment<'a>, end: u32) -> Result<Vec<(u32, &'a [u8])>, Spoiled> {
        let part = |from: u32, to: u32| {
            let range =
                from.checked_sub(fragment.offset)? as usize..to.checked_sub(fragment.offset)? as usize;
            fragment.payload.get(range)
        };
        let mut missing = Vec::new();
        let mut from = fragment.offset;
        for (&offset, piece) in self.pieces.range(..end) {
            let Some(piece_end) = end_of(offset, piece).filter(|&piece_end| piece_end > fragment.offset)
            else {
                continue;
            };
            let (low, high) = (offset.max(fragment.offset), piece_end.min(end));
            let held = piece.get((low - offset) as usize..(high - offset) as usize);
            if held != part(low, high) {
                return Err(Spoiled::Conflict);
            }
            missing.extend(part(from, low).filter(|gap| !gap.is_empty()).map(|gap| (from, gap)));
            from = high;
        }
        missing.extend(part(from, end).filter(|gap| !gap.is_empty()).map(|gap| (from, gap)));
        Ok(missing)
    }
}

/// Where bytes that begin at `offset` end.
fn end_of(offset: u32, bytes: &[u8]) -> Option<u32> {
    offset.checked_add(u32::try_from(bytes.len()).ok()?)
}
