//! The classic pcap format, [draft-ietf-opsawg-pcap]: a file header of 24 bytes, then records.
//!
//! ```text
//! file    magic u32 | major u16 | minor u16 | zone i32 | accuracy u32 | snap length u32 | link type u32
//! record  seconds u32 | fraction u32 | captured u32 | on the wire u32 | bytes[captured]
//! ```
//! The magic number says the byte order, the fraction's unit, and whether records carry eight more header bytes
//! (Kuznetzov's variant, in old Linux captures: interface u32, protocol u16, packet type u8, padding u8).
//!
//! [draft-ietf-opsawg-pcap]: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/

use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;

use crate::batch::FrameMeta;
use crate::split::{Found, MAX_CAPTURED, Split, place, word};

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const KUZNETZOV: u32 = 0xa1b2_cd34;

/// What the file header says of the records.
#[derive(Debug)]
pub(crate) struct Pcap {
    big_endian: bool,
    /// Nanoseconds in a unit of the fraction.
    unit: i64,
    /// Bytes of a record before the frame's.
    record_header: usize,
    link: LinkType,
}

impl Pcap {
    /// Bytes of the file header.
    pub(crate) const HEADER: usize = 24;

    /// Whether a file that begins like this is one.
    pub(crate) const fn starts_with(magic: [u8; 4]) -> bool {
        is_magic(u32::from_be_bytes(magic)) || is_magic(u32::from_le_bytes(magic))
    }

    /// Reads the file header.
    pub(crate) fn parse(header: &[u8; Self::HEADER]) -> Result<Self, Split> {
        let [m0, m1, m2, m3, v0, v1, .., l0, l1, l2, l3] = *header;
        let magic = [m0, m1, m2, m3];
        let big_endian = is_magic(u32::from_be_bytes(magic));
        let major = if big_endian { u16::from_be_bytes([v0, v1]) } else { u16::from_le_bytes([v0, v1]) };
        if major != 2 {
            return Err(Split::corrupt(4, "pcap version 2"));
        }
        let (unit, record_header) = match word(big_endian, magic) {
            NANOSECONDS => (1, 16),
            KUZNETZOV => (1000, 24),
            _ => (1000, 16),
        };
        // The upper half holds the length of the frame check sequence and reserved bits.
        let [.., low_be, lowest_be] = word(big_endian, [l0, l1, l2, l3]).to_be_bytes();
        let link = LinkType::from_dlt(u16::from_be_bytes([low_be, lowest_be]));
        Ok(Self { big_endian, unit, record_header, link })
    }

    /// Finds the records in `data` from `at` on.
    pub(crate) fn split(&self, data: &[u8], at: usize, found: &mut Found<'_>) -> Split {
        found.link(self.link);
        if self.big_endian { self.walk::<true>(data, at, found) } else { self.walk::<false>(data, at, found) }
    }

    /// The loop that everything read goes through, once for each byte order.
    fn walk<const BIG: bool>(&self, data: &[u8], mut at: usize, found: &mut Found<'_>) -> Split {
        loop {
            let rest = data.get(at..).unwrap_or_default();
            let Some(&[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, w0, w1, w2, w3]) = rest.first_chunk()
            else {
                return Split::need(at, self.record_header);
            };
            let captured = word(BIG, [c0, c1, c2, c3]);
            if captured > MAX_CAPTURED {
                return Split::corrupt(at, "a record with at most 262144 captured bytes");
            }
            let whole = self.record_header + captured as usize;
            if rest.len() < whole {
                return Split::need(at, whole);
            }
            let seconds = i64::from(word(BIG, [s0, s1, s2, s3]));
            let fraction = i64::from(word(BIG, [f0, f1, f2, f3]));
            found.frames.push(FrameMeta {
                time: Timestamp(seconds * Timestamp::SECOND + fraction * self.unit),
                start: place(at + self.record_header),
                len: captured,
                wire_len: word(BIG, [w0, w1, w2, w3]).max(captured),
            });
            at += whole;
        }
    }
}

const fn is_magic(number: u32) -> bool {
    matches!(number, MICROSECONDS | NANOSECONDS | KUZNETZOV)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Maker, Seen, seen};
    use crate::{CaptureError, CaptureSummary};

    fn frame(number: u64, time: i64, bytes: &[u8]) -> Seen {
        let wire_len = bytes.len().try_into().unwrap();
        Seen { number, time, wire_len, bytes: bytes.to_vec(), link: LinkType::Ethernet }
    }

    #[test]
    fn a_literal_capture_reads_as_it_is_written() {
        let capture = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0\
            \x0a\0\0\0\x07\0\0\0\x03\0\0\0\x09\0\0\0abc";
        let (frames, summary) = seen(capture);
        let expected = Seen { wire_len: 9, ..frame(1, 10_000_007_000, b"abc") };
        assert_eq!(frames, [expected]);
        let time = Some(Timestamp(10_000_007_000));
        let CaptureSummary { packets, bytes, first, last, snapped, truncated, .. } = summary;
        assert_eq!((packets, bytes, first, last, snapped, truncated), (1, 9, time, time, 1, false));
    }

    #[test]
    fn every_magic_number_is_read_in_both_byte_orders() {
        for (magic, unit) in [(MICROSECONDS, 1000), (NANOSECONDS, 1), (KUZNETZOV, 1000)] {
            for big_endian in [false, true] {
                let mut maker = Maker::new(big_endian);
                // The upper half of the link type says that frames end with a check sequence.
                maker.pcap(magic, 0x2400_0001);
                for (second, bytes) in [(1, b"one".as_slice()), (2, b""), (3, b"three")] {
                    maker.word(second).word(5).word(bytes.len().try_into().unwrap()).word(0);
                    maker.raw(if magic == KUZNETZOV { &[9; 8] } else { &[] }).raw(bytes);
                }
                let times = [1, 2, 3].map(|second| second * Timestamp::SECOND + 5 * unit);
                let expected =
                    [frame(1, times[0], b"one"), frame(2, times[1], b""), frame(3, times[2], b"three")];
                let (frames, summary) = seen(&maker.bytes);
                assert_eq!(frames, expected, "{magic:x} {big_endian}");
                assert_eq!((summary.packets, summary.bytes, summary.truncated), (3, 8, false));
            }
        }
    }

    #[test]
    fn a_header_without_records_is_a_capture() {
        let (frames, summary) = seen(&Maker::new(false).pcap(MICROSECONDS, 1).bytes);
        assert!(frames.is_empty());
        assert_eq!(summary, CaptureSummary::default());
    }

    #[test]
    fn a_length_that_cannot_be_stops_the_reading_there() {
        let mut maker = Maker::new(false);
        maker.pcap(MICROSECONDS, 1).record(1, 0, 3, b"abc");
        maker.word(2).word(0).word(MAX_CAPTURED + 1).word(3).record(3, 0, 3, b"abc");
        let (frames, summary) = seen(&maker.bytes);
        assert_eq!(frames, [frame(1, Timestamp::SECOND, b"abc")]);
        assert!(summary.truncated);
        let error = summary.error.unwrap();
        assert_eq!(error.to_string(), "at offset 43: expected a record with at most 262144 captured bytes");
    }

    #[test]
    fn the_largest_record_is_read_though_its_snap_length_says_less() {
        let bytes = vec![7; MAX_CAPTURED as usize];
        let mut maker = Maker::new(true);
        maker.pcap(NANOSECONDS, 1);
        for second in 0..5 {
            maker.record(second, 0, MAX_CAPTURED, &bytes).record(second, 1, 1, b"x");
        }
        let (frames, summary) = seen(&maker.bytes);
        assert_eq!((frames.len(), summary.error), (10, None));
        assert!(frames.iter().step_by(2).all(|frame| frame.bytes == bytes));
    }

    #[test]
    fn time_that_goes_back_more_than_a_second_is_counted() {
        let mut maker = Maker::new(false);
        maker.pcap(NANOSECONDS, 1);
        for (second, fraction) in [(5, 1), (4, 1), (6, 0), (4, 999_999_999), (5, 0)] {
            maker.record(second, fraction, 0, b"");
        }
        let (_, summary) = seen(&maker.bytes);
        assert_eq!(summary.backwards, 1);
        assert_eq!(summary.first, Some(Timestamp(4_000_000_001)));
        assert_eq!(summary.last, Some(Timestamp(6_000_000_000)));
    }

    #[test]
    fn another_version_is_refused() {
        let mut maker = Maker::new(true);
        maker.word(MICROSECONDS).half(543).half(0).raw(&[0; 16]);
        let (_, summary) = seen(&maker.bytes);
        assert!(summary.is_unreadable());
        assert_eq!(
            summary.error,
            Some(CaptureError::Format { offset: 4, expected: "pcap version 2".into() })
        );
    }
}
