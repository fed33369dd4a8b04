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
        while self.bytes > MAX_BYTES && !self.partials.is_empty() {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::path::{Path, TunnelKind};

    const HEADER: FragmentHeader = FragmentHeader {
        path: Path { vlans: crate::wire::path::Vlans::NONE, tunnel: None, macs: None },
        src: [1; 16],
        dst: [2; 16],
        protocol: 17,
        identification: 7,
        hop_limit: 64,
        is_ipv6: false,
        tunnels: 0,
    };

    /// A reassembler with its counters and a clock.
    #[derive(Default)]
    struct Bench {
        fragments: Fragments,
        anomalies: Anomalies,
        now: Timestamp,
    }

    impl Bench {
        fn insert(&mut self, fragment: Fragment<'_>) -> Option<(FragmentHeader, Vec<u8>)> {
            let whole = self.fragments.insert(self.now, 0, &fragment, &mut self.anomalies);
            let held: usize = self.fragments.partials.values().map(Partial::cost).sum();
            assert_eq!(
                (held, self.fragments.partials.len()),
                (self.fragments.bytes, self.fragments.serials.len())
            );
            assert!(held <= MAX_BYTES && self.fragments.partials.len() <= MAX_PACKETS);
            whole
        }

        fn counted(&self) -> Vec<(Anomaly, u64)> {
            self.anomalies.iter().collect()
        }
    }

    fn fragment(offset: u32, more: bool, payload: &[u8]) -> Fragment<'_> {
        Fragment { header: HEADER, offset, more, payload }
    }

    /// A fragment of another packet.
    fn of(identification: u32, offset: u32, more: bool, payload: &[u8]) -> Fragment<'_> {
        Fragment { header: FragmentHeader { identification, ..HEADER }, offset, more, payload }
    }

    #[test]
    fn a_packet_is_whole_with_its_last_missing_part() {
        let mut bench = Bench::default();
        assert_eq!(bench.insert(fragment(16, false, b"end")), None);
        assert_eq!(bench.insert(fragment(0, true, b"01234567")), None);
        let whole = bench.insert(fragment(8, true, b"89abcdef"));
        assert_eq!(whole, Some((HEADER, b"0123456789abcdefend".to_vec())));
        bench.fragments.finish(&mut bench.anomalies);
        assert_eq!(bench.counted(), []);
    }

    #[test]
    fn the_header_is_the_first_parts() {
        let mut bench = Bench::default();
        let last = FragmentHeader { hop_limit: 9, ..HEADER };
        bench.insert(Fragment { header: last, ..fragment(8, false, b"end") });
        assert_eq!(bench.insert(fragment(0, true, b"01234567")).unwrap().0, HEADER);
    }

    #[test]
    fn packets_are_kept_apart() {
        let tunnel = Some(Tunnel { kind: TunnelKind::Gre, id: 1 });
        for other in [
            FragmentHeader { src: [3; 16], ..HEADER },
            FragmentHeader { dst: [3; 16], ..HEADER },
            FragmentHeader { protocol: 6, ..HEADER },
            FragmentHeader { identification: 8, ..HEADER },
            FragmentHeader { path: Path { tunnel, ..HEADER.path }, ..HEADER },
        ] {
            let mut bench = Bench::default();
            bench.insert(fragment(0, true, b"01234567"));
            assert_eq!(
                bench.insert(Fragment { header: other, ..fragment(8, false, b"end") }),
                None,
                "{other:?}"
            );
        }
        let mut bench = Bench::default();
        bench.insert(fragment(0, true, b"01234567"));
        let elsewhere =
            bench.fragments.insert(bench.now, 1, &fragment(8, false, b"end"), &mut bench.anomalies);
        assert_eq!(elsewhere, None);
    }

    #[test]
    fn other_tags_and_addresses_are_the_same_packet() {
        let mut bench = Bench::default();
        let tagged = Path { vlans: [7].into_iter().collect(), ..HEADER.path };
        bench.insert(Fragment {
            header: FragmentHeader { path: tagged, ..HEADER },
            ..fragment(8, false, b"end")
        });
        assert!(bench.insert(fragment(0, true, b"01234567")).is_some());
    }

    #[test]
    fn contradictions_spoil_the_packet_and_what_follows_of_it() {
        let conflicts: &[&[(u32, bool, &[u8])]] = &[
            &[(0, true, b"01234567"), (0, true, b"01234568")],
            &[(8, true, b"01234567"), (0, true, b"0123456789ab0123")],
            &[(8, false, b"end"), (8, false, b"longer end")],
            &[(8, false, b"end"), (16, true, b"01234567")],
            &[(16, true, b"01234567"), (8, false, b"end")],
            &[(65_528, false, b"01234567")],
        ];
        for conflict in conflicts {
            let mut bench = Bench::default();
            for &(offset, more, payload) in *conflict {
                assert_eq!(bench.insert(fragment(offset, more, payload)), None);
            }
            bench.insert(fragment(0, true, b"01234567"));
            assert_eq!(bench.insert(fragment(8, false, b"end")), None);
            bench.fragments.finish(&mut bench.anomalies);
            assert_eq!(bench.counted(), [(Anomaly::FragmentConflict, 1)], "{conflict:?}");
        }
    }

    #[test]
    fn copies_of_a_finished_packet_are_swallowed_for_a_moment() {
        let mut bench = Bench::default();
        let both = [fragment(0, true, b"01234567"), fragment(8, false, b"end")];
        bench.insert(both[0]);
        assert!(bench.insert(both[1]).is_some());
        assert_eq!((bench.insert(both[0]), bench.insert(both[1])), (None, None));
        bench.now = Timestamp(COPY_WINDOW + 1);
        bench.insert(both[0]);
        assert!(bench.insert(both[1]).is_some());
        assert_eq!(bench.counted(), []);
    }

    #[test]
    fn a_packet_has_thirty_seconds() {
        let mut bench = Bench::default();
        bench.insert(fragment(0, true, b"01234567"));
        bench.now = Timestamp(LIFETIME + 1);
        assert_eq!(bench.insert(fragment(8, false, b"end")), None);
        assert_eq!(bench.counted(), [(Anomaly::FragmentIncomplete, 1)]);
        bench.fragments.finish(&mut bench.anomalies);
        assert_eq!(bench.counted(), [(Anomaly::FragmentIncomplete, 2)]);
        assert_eq!(bench.fragments.take_evictions(), 0);
    }

    #[test]
    fn the_oldest_packet_goes_when_there_are_too_many() {
        let mut bench = Bench::default();
        for id in 0..=1_024 {
            bench.insert(of(id, 0, true, b"01234567"));
        }
        assert_eq!(bench.fragments.take_evictions(), 1);
        assert_eq!(bench.fragments.take_evictions(), 0);
        assert_eq!(bench.counted(), [(Anomaly::FragmentIncomplete, 1)]);
        assert_eq!(bench.insert(of(0, 8, false, b"end")), None);
        assert!(bench.insert(of(1_024, 8, false, b"end")).is_some());
    }

    #[test]
    fn the_oldest_packet_goes_when_there_are_too_many_bytes() {
        let mut bench = Bench::default();
        let payload = vec![0; 65_000];
        for id in 0..65 {
            bench.insert(of(id, 0, true, &payload));
        }
        assert_eq!(bench.fragments.take_evictions(), 1);
        assert_eq!(bench.insert(of(0, 65_000, false, b"end")), None);
        assert!(bench.insert(of(1, 65_000, false, b"end")).is_some());
    }

    #[test]
    fn a_packet_of_too_many_pieces_is_given_up() {
        let mut bench = Bench::default();
        for piece in 0..129 {
            bench.insert(fragment(piece * 16, true, b"01234567"));
        }
        assert_eq!(bench.fragments.take_evictions(), 1);
        assert_eq!(bench.counted(), [(Anomaly::FragmentIncomplete, 1)]);
        assert_eq!(bench.fragments.bytes, 0);
    }

    proptest! {
        #[test]
        fn order_copies_and_overlaps_change_nothing(
            payload in prop::collection::vec(any::<u8>(), 9..2_000),
            cuts in prop::collection::btree_set(1..250_usize, 0..20),
            overlap in 0..3_usize,
            seed in prop::collection::vec(any::<u32>(), 60),
        ) {
            // Cut at multiples of eight, each fragment reaching `overlap` cuts further than it need.
            let mut edges: Vec<_> = cuts.into_iter().map(|cut| cut * 8).filter(|&at| at < payload.len()).collect();
            edges.insert(0, 0);
            edges.push(payload.len());
            let parts: Vec<_> = edges.windows(2).enumerate().map(|(index, _)| {
                let (from, to) = (edges[index], edges[(index + 1 + overlap).min(edges.len() - 1)]);
                fragment(u32::try_from(from).unwrap(), to < payload.len(), &payload[from..to])
            }).collect();
            // Each twice, in an order that the seed decides.
            let mut order: Vec<_> = parts.iter().chain(&parts).zip(&seed).collect();
            order.sort_by_key(|(_, seed)| **seed);
            let mut bench = Bench::default();
            let whole: Vec<_> = order.into_iter().filter_map(|(part, _)| bench.insert(*part)).collect();
            prop_assert_eq!(whole, [(HEADER, payload.clone())]);
            bench.fragments.finish(&mut bench.anomalies);
            prop_assert_eq!(bench.counted(), []);
        }

        #[test]
        fn any_fragments_are_survived(
            parts in prop::collection::vec((0..3_u32, 0..70_000_u32, any::<bool>(), 0..300_usize, any::<u8>()), 0..60),
        ) {
            let mut bench = Bench::default();
            for (id, offset, more, len, byte) in parts {
                bench.insert(of(id, offset, more, &vec![byte; len]));
            }
        }
    }
}
