//! Any segments of both directions of a connection, and gaps: cut in two, they give the same facts and anomalies.
#![no_main]

use auditor_core::anomaly::{Anomalies, Anomaly};
use auditor_core::detect::http::Http;
use auditor_core::detect::{Fact, FrameRef, Stamp, StreamDetector, StreamReader};
use auditor_core::flow::key::End;
use auditor_core::time::Timestamp;
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

/// So few that what waits of an early answer stays within its cap, however it is cut.
const SEGMENTS: usize = 64;

enum Segment<'a> {
    Bytes(End, &'a [u8]),
    Gap(End, u64),
}

fuzz_target!(|input: &[u8]| {
    // Each record is: who and what, a length, and the bytes; a length of 255 takes another one.
    let mut reader = Reader(input);
    let mut segments = Vec::new();
    while let (Some((what, len)), true) = (reader.byte().zip(reader.byte()), segments.len() < SEGMENTS) {
        let end = if what & 1 == 0 { End::Orig } else { End::Resp };
        let len = if len == 255 { 255 + usize::from(reader.byte().unwrap_or(0)) } else { len.into() };
        segments.push(match what & 2 {
            0 => Segment::Bytes(end, reader.bytes(len)),
            _ => Segment::Gap(end, len as u64),
        });
    }
    let whole = read(&segments, false);
    let lower = input.to_ascii_lowercase();
    // How much comes out of damaged compression depends on where the bytes end.
    if ![&b"gzip"[..], b"deflate"]
        .iter()
        .any(|coding| lower.windows(coding.len()).any(|word| word == *coding))
    {
        assert_eq!(whole, read(&segments, true));
    }
});

type Seen = (Vec<(End, u64, Fact)>, Vec<(Anomaly, u64)>, usize);

/// Reads the segments, whole or each cut in two.
fn read(segments: &[Segment<'_>], in_two: bool) -> Seen {
    let (mut reader, mut anomalies) = (Http.open(), Anomalies::default());
    let mut named = 0;
    for (number, segment) in (1..).zip(segments) {
        let stamp =
            Stamp { time: Timestamp(number), frame: FrameRef { capture: 0, number: number.unsigned_abs() } };
        match *segment {
            Segment::Bytes(end, bytes) => {
                let (head, tail) = bytes.split_at(if in_two { bytes.len() / 2 } else { 0 });
                for part in [head, tail].into_iter().filter(|part| !part.is_empty()) {
                    give(&mut *reader, end, part, stamp, &mut anomalies);
                }
            }
            Segment::Gap(end, missing) if missing > 0 && reader.wants(end) => {
                reader.skip(end, missing, stamp)
            }
            Segment::Gap(..) => {}
        }
        named += reader.named().len();
        let _ = (reader.fetched(), reader.inner());
    }
    let facts = reader.observations().into_iter().map(|seen| (seen.end, seen.count, seen.fact)).collect();
    (facts, anomalies.iter().collect(), named)
}

fn give(reader: &mut dyn StreamReader, end: End, bytes: &[u8], stamp: Stamp, anomalies: &mut Anomalies) {
    if reader.wants(end) {
        reader.read(end, bytes, stamp, anomalies);
    }
}
