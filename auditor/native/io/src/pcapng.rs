//! The pcapng format, [draft-ietf-opsawg-pcapng]: blocks, each `type u32 | length u32 | body | length u32`.
//!
//! A section header says the byte order of what follows and forgets the interfaces described before. Interfaces say
//! the link type and the unit of time; packets name their interface. All other blocks are passed over.
//!
//! ```text
//! section    0a0d0d0a | length | magic 1a2b3c4d | major u16 | minor u16 | section length i64 | options | length
//! interface  1 | length | link type u16 | reserved u16 | snap length u32 | options | length
//! packet     2 | length | interface u16 | drops u16 | time u64 | captured u32 | wire u32 | bytes, padded | options | length
//! simple     3 | length | wire u32 | bytes, padded | length
//! enhanced   6 | length | interface u32 | time u64 | captured u32 | wire u32 | bytes, padded | options | length
//! ```
//! A time is two words, the high one first in either byte order.
//!
//! [draft-ietf-opsawg-pcapng]: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/

use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;

use crate::batch::FrameMeta;
use crate::split::{Found, MAX_CAPTURED, Split, place, word};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// The length at the end of each block.
const TRAILER: usize = 4;
/// Blocks up to this length are looked at whole; a longer one's end is passed over.
const MAX_WHOLE: usize = MAX_CAPTURED as usize + 64;
/// Longer blocks are refused, as by Wireshark: a length that is garbage must not swallow the rest of the file.
const MAX_LENGTH: u32 = 16 << 20;
/// More interfaces than any machine has; a hostile file could describe millions.
const MAX_INTERFACES: usize = 65_536;

/// A capture between its blocks.
#[derive(Debug, Default)]
pub(crate) struct Pcapng {
    /// Byte order of the section; none before the first.
    big_endian: Option<bool>,
    interfaces: Vec<Interface>,
    /// The block whose end is being passed over.
    passing: Option<Passing>,
    /// The last time seen: a simple packet has none of its own.
    time: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Passing {
    /// Bytes before the trailer.
    remaining: usize,
    /// What the trailer must say.
    length: u32,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    /// Zero means no limit.
    snap_length: u32,
    unit: Unit,
    /// Nanoseconds to add.
    offset: i64,
}

/// What happens after a block was looked at.
enum Next {
    /// It was read as far as it matters: so many of its bytes are done with.
    Done(usize),
    Stop(Split),
}

impl Pcapng {
    /// Whether a file that begins like this is one.
    pub(crate) const fn starts_with(magic: [u8; 4]) -> bool {
        u32::from_be_bytes(magic) == SECTION
    }

    /// Whether a section header was read.
    pub(crate) const fn has_section(&self) -> bool {
        self.big_endian.is_some()
    }

    /// Whether no block is begun.
    pub(crate) const fn between_blocks(&self) -> bool {
        self.passing.is_none()
    }

    /// Finds the packets in `data`.
    pub(crate) fn split(&mut self, data: &[u8], found: &mut Found<'_>) -> Split {
        let mut at = 0;
        loop {
            let rest = data.get(at..).unwrap_or_default();
            if let Some(passing) = self.passing {
                let passed = passing.remaining.min(rest.len());
                at += passed;
                let remaining = passing.remaining - passed;
                self.passing = Some(Passing { remaining, ..passing });
                let Some(&trailer) = rest.get(passed..).and_then(<[u8]>::first_chunk) else {
                    return Split::need(at, TRAILER);
                };
                if word(self.big_endian.unwrap_or_default(), trailer) != passing.length {
                    return Split::corrupt(at, "the length of the pcapng block again at its end");
                }
                at += TRAILER;
                self.passing = None;
                continue;
            }
            let Some(&[t0, t1, t2, t3, l0, l1, l2, l3]) = rest.first_chunk() else {
                return Split::need(at, 8);
            };
            if Self::starts_with([t0, t1, t2, t3])
                && let Err(split) = self.begin_section(rest, at)
            {
                return split;
            }
            let big_endian = self.big_endian.unwrap_or_default();
            let length = word(big_endian, [l0, l1, l2, l3]);
            if length < 12 || !length.is_multiple_of(4) {
                return Split::corrupt(at, "a pcapng block length of at least 12 and a multiple of 4");
            }
            if length > MAX_LENGTH {
                return Split::corrupt(at, "a pcapng block of at most 16 MiB");
            }
            let wanted = MAX_WHOLE.min(length as usize);
            let next = match word(big_endian, [t0, t1, t2, t3]) {
                INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET if rest.len() < wanted => {
                    Next::Stop(Split::need(at, wanted))
                }
                INTERFACE => self.describe_interface(rest, length, at),
                OBSOLETE_PACKET | ENHANCED_PACKET => self.packet(rest, length, at, found),
                SIMPLE_PACKET => self.simple_packet(rest, length, at, found),
                _ => Next::Done(8),
            };
            match next {
                Next::Stop(split) => return split,
                Next::Done(done) => {
                    let remaining = (length as usize).saturating_sub(done + TRAILER);
                    // Nearly always the whole block is at hand; `passing` is for those that are not.
                    match rest.get(done + remaining..).and_then(<[u8]>::first_chunk) {
                        Some(&trailer) if word(big_endian, trailer) == length => at += length as usize,
                        _ => {
                            at += done;
                            self.passing = Some(Passing { remaining, length });
                        }
                    }
                }
            }
        }
    }

    /// Takes the byte order from a section header that begins at the front of `rest`.
    fn begin_section(&mut self, rest: &[u8], at: usize) -> Result<(), Split> {
        let Some([_, _, _, _, l0, l1, l2, l3, b0, b1, b2, b3, v0, v1, ..]) =
            rest.first_chunk::<28>().copied()
        else {
            return Err(Split::need(at, 28));
        };
        let big_endian = match [b0, b1, b2, b3] {
            [0x1a, 0x2b, 0x3c, 0x4d] => true,
            [0x4d, 0x3c, 0x2b, 0x1a] => false,
            _ => return Err(Split::corrupt(at + 8, "the pcapng byte-order magic 1a2b3c4d")),
        };
        let major = if big_endian { u16::from_be_bytes([v0, v1]) } else { u16::from_le_bytes([v0, v1]) };
        if major != 1 {
            return Err(Split::corrupt(at + 12, "pcapng version 1"));
        }
        let length = word(big_endian, [l0, l1, l2, l3]);
        if !(28..=MAX_LENGTH).contains(&length) || !length.is_multiple_of(4) {
            return Err(Split::corrupt(
                at + 4,
                "a pcapng section header's length: 28 to 16777216, a multiple of 4",
            ));
        }
        self.big_endian = Some(big_endian);
        self.interfaces.clear();
        Ok(())
    }

    fn describe_interface(&mut self, rest: &[u8], length: u32, at: usize) -> Next {
        let big_endian = self.big_endian.unwrap_or_default();
        let Some(&[_, _, _, _, _, _, _, _, k0, k1, _, _, s0, s1, s2, s3]) =
            rest.first_chunk().filter(|_| length >= 20)
        else {
            return Next::Stop(Split::corrupt(at, "a pcapng interface description of at least 20 bytes"));
        };
        if self.interfaces.len() >= MAX_INTERFACES {
            return Next::Stop(Split::corrupt(at, "at most 65536 interfaces in a pcapng section"));
        }
        let mut interface = Interface {
            link: LinkType::from_dlt(half(big_endian, [k0, k1])),
            snap_length: word(big_endian, [s0, s1, s2, s3]),
            unit: Unit::from_resolution(6),
            offset: 0,
        };
        let end = MAX_WHOLE.min(length as usize - TRAILER);
        let mut options = rest.get(16..end).unwrap_or_default();
        while let Some((&[c0, c1, n0, n1], after)) = options.split_first_chunk() {
            let size = usize::from(half(big_endian, [n0, n1]));
            match (half(big_endian, [c0, c1]), after.get(..size)) {
                (0, _) | (_, None) => break,
                (9, Some(&[resolution])) => interface.unit = Unit::from_resolution(resolution),
                (14, Some(value)) if size == 8 => {
                    let bytes = value.first_chunk().copied().unwrap_or_default();
                    let seconds =
                        if big_endian { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) };
                    interface.offset = seconds.saturating_mul(Timestamp::SECOND);
                }
                _ => {}
            }
            options = after.get(size.next_multiple_of(4)..).unwrap_or_default();
        }
        self.interfaces.push(interface);
        // All that matters was read: what is left of it is passed over.
        Next::Done(16)
    }

    /// An enhanced packet, or the obsolete one, which differs in how the interface is written.
    fn packet(&mut self, rest: &[u8], length: u32, at: usize, found: &mut Found<'_>) -> Next {
        let big_endian = self.big_endian.unwrap_or_default();
        let Some((header, _)) = rest.split_first_chunk::<28>().filter(|_| length >= 32) else {
            return Next::Stop(Split::corrupt(at, "a pcapng packet block of at least 32 bytes"));
        };
        let &[
            k0,
            k1,
            k2,
            k3,
            _,
            _,
            _,
            _,
            i0,
            i1,
            i2,
            i3,
            h0,
            h1,
            h2,
            h3,
            l0,
            l1,
            l2,
            l3,
            c0,
            c1,
            c2,
            c3,
            w0,
            w1,
            w2,
            w3,
        ] = header;
        let enhanced = word(big_endian, [k0, k1, k2, k3]) == ENHANCED_PACKET;
        let number =
            if enhanced { word(big_endian, [i0, i1, i2, i3]) } else { u32::from(half(big_endian, [i0, i1])) };
        let Some(interface) = self.interfaces.get(number as usize) else {
            return Next::Stop(Split::corrupt(at + 8, "the number of an interface described before"));
        };
        let captured = word(big_endian, [c0, c1, c2, c3]);
        if captured > MAX_CAPTURED || captured > length - 32 {
            return Next::Stop(Split::corrupt(at + 20, "captured bytes that fit their pcapng block"));
        }
        let ticks = u64::from(word(big_endian, [h0, h1, h2, h3])) << 32
            | u64::from(word(big_endian, [l0, l1, l2, l3]));
        self.time = Timestamp(interface.unit.nanoseconds(ticks).saturating_add(interface.offset));
        found.link(interface.link);
        found.frames.push(FrameMeta {
            time: self.time,
            start: place(at + 28),
            len: captured,
            wire_len: word(big_endian, [w0, w1, w2, w3]).max(captured),
        });
        Next::Done(28 + captured as usize)
    }

    fn simple_packet(&mut self, rest: &[u8], length: u32, at: usize, found: &mut Found<'_>) -> Next {
        let Some(&[_, _, _, _, _, _, _, _, w0, w1, w2, w3]) = rest.first_chunk().filter(|_| length >= 16)
        else {
            return Next::Stop(Split::corrupt(at, "a simple pcapng packet block of at least 16 bytes"));
        };
        let Some(interface) = self.interfaces.first() else {
            return Next::Stop(Split::corrupt(at, "an interface described before the first packet"));
        };
        let wire_len = word(self.big_endian.unwrap_or_default(), [w0, w1, w2, w3]);
        let limit = if interface.snap_length == 0 { u32::MAX } else { interface.snap_length };
        let captured = wire_len.min(limit).min(length - 16);
        if captured > MAX_CAPTURED {
            return Next::Stop(Split::corrupt(at + 8, "a record with at most 262144 captured bytes"));
        }
        found.link(interface.link);
        found.frames.push(FrameMeta { time: self.time, start: place(at + 12), len: captured, wire_len });
        Next::Done(12 + captured as usize)
    }
}

/// How an interface counts time, `if_tsresol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// So many nanoseconds.
    Nanoseconds(u64),
    /// So many of them in a nanosecond; zero stands for more than there are numbers.
    PerNanosecond(u64),
    /// 2 to this power of them in a second.
    Binary(u32),
}

impl Unit {
    const fn from_resolution(resolution: u8) -> Self {
        let power = (resolution & 0x7f) as u32;
        if resolution & 0x80 != 0 {
            Self::Binary(power)
        } else if power <= 9 {
            Self::Nanoseconds(10_u64.pow(9 - power))
        } else {
            Self::PerNanosecond(match 10_u64.checked_pow(power - 9) {
                Some(count) => count,
                None => 0,
            })
        }
    }

    /// Saturates: what a file claims beyond the year 2262 is as good as never.
    fn nanoseconds(self, ticks: u64) -> i64 {
        let nanoseconds = match self {
            Self::Nanoseconds(one) => ticks.saturating_mul(one),
            Self::PerNanosecond(count) => ticks.checked_div(count).unwrap_or_default(),
            Self::Binary(power) => {
                let scaled = u128::from(ticks) * u128::from(Timestamp::SECOND.unsigned_abs());
                u64::try_from(scaled.checked_shr(power).unwrap_or_default()).unwrap_or(u64::MAX)
            }
        };
        i64::try_from(nanoseconds).unwrap_or(i64::MAX)
    }
}

const fn half(big_endian: bool, bytes: [u8; 2]) -> u16 {
    if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Maker, Seen, seen};

    const MICROSECOND: u64 = 1000;

    fn times(frames: &[Seen]) -> Vec<i64> {
        frames.iter().map(|frame| frame.time).collect()
    }

    fn stopped(maker: &Maker) -> String {
        let (_, summary) = seen(&maker.bytes);
        assert!(summary.truncated);
        summary.error.unwrap().to_string()
    }

    #[test]
    fn a_literal_capture_reads_as_it_is_written() {
        let capture =
            b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0\
            \x01\0\0\0\x14\0\0\0\x65\0\0\0\0\0\0\0\x14\0\0\0\
            \x06\0\0\0\x24\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x09\0\0\0abc\0\x24\0\0\0";
        let (frames, summary) = seen(capture);
        let time = ((1 << 32) + 2) * 1000;
        let expected =
            Seen { number: 1, time, wire_len: 9, bytes: b"abc".to_vec(), link: LinkType::from_dlt(101) };
        assert_eq!(frames, [expected]);
        assert_eq!((summary.packets, summary.snapped, summary.truncated), (1, 1, false));
    }

    #[test]
    fn resolutions_and_offsets_give_nanoseconds() {
        let cases: [(u8, u64, i64); 9] = [
            (0, 3, 3_000_000_000),
            (3, 3, 3_000_000),
            (6, 3, 3_000),
            (9, 3, 3),
            (12, 3_999, 3),
            (127, u64::MAX, 0),
            (0x80 | 0x14, 1 << 19, 500_000_000),
            (0x80, 2, 2_000_000_000),
            (0xff, u64::MAX, 0),
        ];
        for big_endian in [false, true] {
            for (resolution, ticks, expected) in cases {
                let offset = if big_endian { 7_i64.to_be_bytes() } else { 7_i64.to_le_bytes() };
                let mut maker = Maker::new(big_endian);
                maker.section().interface(1, 0, &[(2, b"eth0"), (9, &[resolution]), (14, &offset)]);
                maker.enhanced(0, ticks, b"abc", b"");
                let (frames, summary) = seen(&maker.bytes);
                assert_eq!(times(&frames), [expected + 7_000_000_000], "{resolution} {big_endian}");
                assert_eq!(summary.error, None);
            }
        }
    }

    #[test]
    fn times_that_no_number_holds_saturate() {
        assert_eq!(Unit::from_resolution(0).nanoseconds(u64::MAX), i64::MAX);
        assert_eq!(Unit::from_resolution(0x80).nanoseconds(u64::MAX), i64::MAX);
        assert_eq!(Unit::from_resolution(9).nanoseconds(u64::MAX), i64::MAX);
    }

    #[test]
    fn each_section_has_its_own_byte_order_and_interfaces() {
        let mut capture = Vec::new();
        for (big_endian, link) in [(false, 1), (true, 101), (false, 113)] {
            let mut maker = Maker::new(big_endian);
            maker.section().interface(link, 0, &[]).enhanced(0, u64::from(link), b"x", b"");
            capture.extend(maker.bytes);
        }
        let (frames, summary) = seen(&capture);
        let links: Vec<_> = frames.iter().map(|frame| (frame.number, frame.link)).collect();
        let expected = [(1, 1), (2, 101), (3, 113)].map(|(number, link)| (number, LinkType::from_dlt(link)));
        assert_eq!(links, expected);
        assert_eq!(times(&frames), [1_000, 101_000, 113_000]);
        assert!(!summary.truncated);

        let mut forgotten = Maker::new(false);
        forgotten.section().interface(1, 0, &[]).section().enhanced(0, 0, b"x", b"");
        assert_eq!(stopped(&forgotten), "at offset 84: expected the number of an interface described before");
    }

    #[test]
    fn all_packet_blocks_are_read_and_all_others_passed_over() {
        for big_endian in [false, true] {
            let mut maker = Maker::new(big_endian);
            maker.section().block(4, b"names").interface(1, 4, &[]).interface(101, 0, &[(9, &[9])]);
            maker.block(0x0bad, &[0; 1000]).enhanced(1, 77, b"enhanced", &[0; 8]);
            let mut obsolete = Maker::new(big_endian);
            obsolete.half(1).half(3).ticks(78).word(8).word(11).raw(b"obsolete");
            let mut simple = Maker::new(big_endian);
            simple.word(6).raw(b"simple");
            maker.block(2, &obsolete.bytes).block(3, &simple.bytes).block(5, b"statistics");
            // Longer than any block is looked at.
            maker.block(0x4000_0bad, &vec![0; MAX_WHOLE * 2]).enhanced(0, 1, b"last", &vec![0; MAX_WHOLE]);

            let (frames, summary) = seen(&maker.bytes);
            let read: Vec<_> = frames
                .iter()
                .map(|frame| (frame.bytes.as_slice(), frame.wire_len, frame.time, frame.link))
                .collect();
            let (raw, ethernet) = (LinkType::from_dlt(101), LinkType::Ethernet);
            let expected: [(&[u8], u32, i64, LinkType); 4] = [
                (b"enhanced", 8, 77, raw),
                (b"obsolete", 11, 78, raw),
                (b"simp", 6, 78, ethernet),
                (b"last", 4, 1000, ethernet),
            ];
            assert_eq!(read, expected, "{:?}", summary.error);
            assert_eq!((summary.truncated, summary.snapped), (false, 2));
        }
    }

    #[test]
    fn a_batch_has_one_link_type() {
        let mut maker = Maker::new(false);
        maker.section().interface(1, 0, &[]).interface(101, 0, &[]);
        for (tick, interface) in [(0, 0), (1, 0), (2, 1), (3, 0)] {
            maker.enhanced(interface, tick * MICROSECOND, b"x", b"");
        }
        let mut batches = Vec::new();
        crate::read_all(&maker.bytes, |batch| batches.push((batch.link, batch.first, batch.frames().len())));
        let (raw, ethernet) = (LinkType::from_dlt(101), LinkType::Ethernet);
        assert_eq!(batches, [(ethernet, 1, 2), (raw, 3, 1), (ethernet, 4, 1)]);
    }

    #[test]
    fn what_contradicts_itself_stops_the_reading() {
        let begun = || {
            let mut maker = Maker::new(true);
            maker.section().interface(1, 0, &[]);
            maker
        };
        let mut maker = begun();
        maker.word(6).word(34).raw(&[0; 30]);
        assert_eq!(
            stopped(&maker),
            "at offset 48: expected a pcapng block length of at least 12 and a multiple of 4"
        );

        let mut maker = begun();
        maker.word(4).word(16).word(0).word(20);
        assert_eq!(stopped(&maker), "at offset 60: expected the length of the pcapng block again at its end");

        let mut maker = begun();
        let mut body = Maker::new(true);
        body.word(0).ticks(0).word(5).word(5).raw(b"four");
        maker.block(6, &body.bytes);
        assert_eq!(stopped(&maker), "at offset 68: expected captured bytes that fit their pcapng block");

        let mut maker = begun();
        maker.block(6, b"short");
        assert_eq!(stopped(&maker), "at offset 48: expected a pcapng packet block of at least 32 bytes");

        let mut maker = begun();
        maker.word(0x0a0d_0d0a).word(28).word(0x1122_3344).raw(&[0; 16]);
        assert_eq!(stopped(&maker), "at offset 56: expected the pcapng byte-order magic 1a2b3c4d");

        let mut maker = begun();
        maker.word(0x0a0d_0d0a).word(24).word(0x1a2b_3c4d).word(0x0001_0000).raw(&[0; 12]);
        assert_eq!(
            stopped(&maker),
            "at offset 52: expected a pcapng section header's length: 28 to 16777216, a multiple of 4"
        );

        let mut maker = begun();
        maker.word(4).word(MAX_LENGTH + 4).raw(&[0; 16]);
        assert_eq!(stopped(&maker), "at offset 48: expected a pcapng block of at most 16 MiB");
    }

    #[test]
    fn interfaces_beyond_the_cap_are_refused() {
        let mut maker = Maker::new(false);
        maker.section();
        for _ in 0..=MAX_INTERFACES {
            maker.interface(1, 0, &[]);
        }
        assert_eq!(
            stopped(&maker),
            "at offset 1310748: expected at most 65536 interfaces in a pcapng section"
        );
    }
}
