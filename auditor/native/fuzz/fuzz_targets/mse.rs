//! Any script of segments: what is seen does not depend on how they are cut, and nothing is confirmed without the
//! handshake's own bytes.
#![no_main]

use auditor_core::anomaly::Anomalies;
use auditor_core::detect::mse::Mse;
use auditor_core::detect::{Confidence, FrameRef, Observation, Probe, Stamp, StreamDetector};
use auditor_core::flow::key::End;
use auditor_core::time::Timestamp;
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

const HANDSHAKE: &[u8; 68] =
    b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\x05iiiiiiiiiiiiiiiiiiii-LT2110-abcdefghijkl";
const INTERESTED: &[u8] = &[0, 0, 0, 1, 2];

enum Run {
    Bytes(Vec<u8>),
    Missing(u64),
}

fuzz_target!(|input: &[u8]| {
    let mut reader = Reader(input);
    let mut script = Vec::new();
    let (mut time, mut spoken) = (Timestamp(0), [Vec::new(), Vec::new()]);
    // Each record is: end and kind, time passed, and a length with what it is the length of.
    while let Some((what, passed)) = reader.byte().zip(reader.byte()) {
        time.0 += i64::from(passed) << 22;
        let end = if what & 1 == 0 { End::Orig } else { End::Resp };
        let Some(len) = reader.half().map(|len| usize::from(len) % 3000) else { break };
        let run = match what >> 1 & 7 {
            0 => Run::Missing(len as u64),
            1 => Run::Bytes(reader.bytes(len).to_vec()),
            2 => Run::Bytes([HANDSHAKE, reader.bytes(len)].concat()),
            3 => Run::Bytes([HANDSHAKE, INTERESTED, reader.bytes(len)].concat()),
            4 => Run::Bytes(INTERESTED.repeat(len % 64)),
            _ => Run::Bytes(random(what >> 4, len)),
        };
        if let Run::Bytes(bytes) = &run {
            spoken[usize::from(what & 1)].extend_from_slice(bytes);
        }
        let number = script.len() as u64;
        script.push((end, run, Stamp { time, frame: FrameRef { capture: 0, number } }));
    }
    let whole = read(&script, usize::MAX);
    for segment in [1, 97, 1448] {
        assert_eq!(read(&script, segment), whole, "in segments of {segment}");
    }
    if whole.0.iter().any(|seen| seen.confidence == Confidence::Confirmed) {
        let has_handshake = |bytes: &Vec<u8>| bytes.windows(20).any(|window| window == &HANDSHAKE[..20]);
        assert!(spoken.iter().any(has_handshake));
    }
    for bytes in &spoken {
        let first = &bytes[..bytes.len().min(200)];
        let answer = Mse.probe(first);
        for cut in 0..first.len() {
            let part = Mse.probe(&first[..cut]);
            assert!(part == Probe::NeedMore || part == answer);
        }
    }
});

fn read(script: &[(End, Run, Stamp)], segment: usize) -> (Vec<Observation>, Anomalies) {
    let (mut reader, mut anomalies) = (Mse.open(), Anomalies::default());
    for (end, run, stamp) in script {
        match run {
            Run::Missing(missing) => reader.skip(*end, *missing, *stamp),
            Run::Bytes(bytes) => {
                for bytes in bytes.chunks(segment) {
                    reader.read(*end, bytes, *stamp, &mut anomalies);
                }
            }
        }
    }
    (reader.observations(), anomalies)
}

/// Bytes that look random, the same for the same seed.
fn random(seed: u8, len: usize) -> Vec<u8> {
    let mut state = u64::from(seed) << 32 | len as u64;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    });
    words.flat_map(u64::to_le_bytes).take(len).collect()
}
