//! What holds for every capture: whole, cut, damaged, or no capture at all.

use std::io::Write;
use std::sync::Arc;

use auditor_core::time::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::samples::{Maker, Seen, seen};
use crate::{CaptureSource, CaptureSummary, SourceKind, Stream, StreamOptions, read_all};

/// One capture of each kind, all with the frames of [`PAYLOADS`].
fn captures() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for big_endian in [false, true] {
        for magic in [0xa1b2_c3d4, 0xa1b2_3c4d] {
            let mut maker = Maker::new(big_endian);
            maker.pcap(magic, 1);
            for (second, payload) in (1..).zip(PAYLOADS) {
                maker.record(second, 0, payload.len().try_into().unwrap(), payload);
            }
            all.push(maker.bytes);
        }
        let mut maker = Maker::new(big_endian);
        maker.section().interface(1, 0, &[(9, &[0])]).block(5, b"other");
        for (second, payload) in (1..).zip(PAYLOADS) {
            maker.enhanced(0, second, payload, &[0; 4]);
        }
        all.push(maker.bytes);
    }
    all
}

const PAYLOADS: [&[u8]; 4] = [b"first", b"", b"third frame", b"4"];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_capture_cut_anywhere_gives_the_frames_before_the_cut() {
    for capture in captures() {
        let (whole, summary) = seen(&capture);
        assert_eq!(whole.len(), PAYLOADS.len());
        assert_eq!(summary.error, None);
        let header = if capture.starts_with(&[0x0a]) { 28 } else { 24 };
        for cut in 0..capture.len() {
            let (frames, summary) = seen(&capture[..cut]);
            assert_eq!(frames, whole[..frames.len()]);
            if cut >= header {
                assert_eq!(summary.error, None, "cut at {cut}");
            } else {
                assert!(summary.error.is_some(), "cut at {cut}");
                assert!(!summary.truncated);
            }
        }
    }
}

#[test]
fn a_capture_cut_within_a_record_is_truncated_and_between_records_is_not() {
    let mut maker = Maker::new(false);
    maker.pcap(0xa1b2_c3d4, 1).record(1, 0, 3, b"abc").record(2, 0, 3, b"def");
    for cut in 24..=maker.bytes.len() {
        let (frames, summary) = seen(&maker.bytes[..cut]);
        assert_eq!(summary.truncated, ![24, 43, 62].contains(&cut), "cut at {cut}");
        assert_eq!(frames.len(), (cut - 24) / 19);
    }
}

#[test]
fn compressed_captures_read_as_plain_ones_in_one_piece_or_several() {
    for capture in captures() {
        let plain = seen(&capture);
        let (front, back) = capture.split_at(37);
        assert_eq!(seen(&gzip(&capture)), plain);
        assert_eq!(seen(&zstd(&capture)), plain);
        assert_eq!(seen(&[gzip(front), gzip(b""), gzip(back)].concat()), plain);
        assert_eq!(seen(&[zstd(front), zstd(back)].concat()), plain);
        let skippable = b"\x5f\x2a\x4d\x18\x04\0\0\0skip".to_vec();
        assert_eq!(seen(&[skippable.clone(), zstd(front), skippable, zstd(back)].concat()), plain);
    }
}

#[test]
fn compressed_captures_cut_anywhere_give_a_prefix_and_never_a_complaint_after_the_header() {
    let capture = &captures()[0];
    let (whole, _) = seen(capture);
    for compressed in [gzip(capture), zstd(capture)] {
        for cut in 0..compressed.len() {
            let (frames, summary) = seen(&compressed[..cut]);
            assert_eq!(frames, whole[..frames.len()]);
            assert!(summary.truncated || summary.is_unreadable(), "cut at {cut}");
            assert!(!summary.truncated || summary.error.is_none(), "cut at {cut}: {:?}", summary.error);
        }
    }
}

#[test]
fn damaged_compression_ends_the_capture_where_it_is_noticed() {
    let mut maker = Maker::new(false);
    maker.pcap(0xa1b2_c3d4, 1);
    for second in 0..100_000 {
        maker.record(second, second.wrapping_mul(0x9e37_79b9), 4, &second.to_be_bytes());
    }
    let (whole, _) = seen(&maker.bytes);
    for mut compressed in [gzip(&maker.bytes), zstd(&maker.bytes)] {
        let middle = compressed.len() / 2;
        compressed[middle..middle + 64].fill(0xff);
        let (frames, summary) = seen(&compressed);
        assert!(summary.truncated);
        let sound = frames.iter().zip(&whole).take_while(|(got, want)| got == want).count();
        assert!(sound > whole.len() / 4, "only {sound} frames before the damage");
    }
}

#[test]
fn what_is_no_capture_is_refused_with_the_offset_and_what_was_expected() {
    let magic = "a pcap or pcapng magic number, gzip or zstd data";
    let cases: [(&[u8], String); 8] = [
        (b"", format!("at offset 0: expected {magic}, but it ends there")),
        (b"\xd4\xc3", format!("at offset 2: expected {magic}, but it ends there")),
        (b"#!/bin/sh", format!("at offset 0: expected {magic}")),
        (&gzip(b"hello"), format!("at offset 0: expected {magic}")),
        (
            b"\xd4\xc3\xb2\xa1\x02\0",
            "at offset 6: expected a whole pcap file header, but it ends there".into(),
        ),
        (
            b"\x0a\x0d\x0d\x0a\x1c",
            "at offset 5: expected a whole pcapng section header, but it ends there".into(),
        ),
        (b"\x1f\x8b\x08\x00", "at offset 0: expected more compressed data".into()),
        (
            b"\x28\xb5\x2f\xfd\0\xff\0\0\0",
            "at offset 0: expected intact zstd data, its window at most 128 MiB".into(),
        ),
    ];
    for (bytes, expected) in cases {
        let (frames, summary) = seen(bytes);
        assert!(frames.is_empty() && summary.is_unreadable(), "{bytes:x?}");
        assert_eq!(summary.error.unwrap().to_string(), expected, "{bytes:x?}");
    }
}

#[test]
fn a_bomb_costs_no_memory() {
    // 32 MiB of zeros out of a few kilobytes: every 16 of them are the record of an empty frame.
    let mut maker = Maker::new(false);
    maker.pcap(0xa1b2_c3d4, 1);
    let piece = zstd(&vec![0; 4 << 20]);
    let bomb = [zstd(&maker.bytes), piece.repeat(8)].concat();
    let mut most = 0;
    let summary = read_all(&bomb, |batch| most = most.max(batch.block.bytes.len()));
    assert_eq!((summary.packets, summary.truncated), (2 << 20, false));
    assert!(most <= 1 << 20);
}

/// Captured frames for tests of order: some milliseconds apart.
fn write(frames: &[(i64, u32)]) -> Vec<u8> {
    let mut maker = Maker::new(false);
    maker.pcap(0xa1b2_3c4d, 1);
    for (time, id) in frames {
        let (seconds, rest) = (time / Timestamp::SECOND, time % Timestamp::SECOND);
        maker.record(seconds.try_into().unwrap(), rest.try_into().unwrap(), 4, &id.to_be_bytes());
    }
    maker.bytes
}

fn stream(captures: &[Vec<u8>]) -> (Vec<(i64, u32)>, Vec<CaptureSummary>) {
    let sources = captures.iter().map(|bytes| CaptureSource {
        path: String::new(),
        kind: SourceKind::Memory(Arc::from(bytes.as_slice())),
        vantage: 0,
    });
    let mut stream = Stream::open(sources.collect(), StreamOptions { hash: true });
    let mut frames = Vec::new();
    let mut numbers = vec![0; captures.len()];
    for batch in &mut stream {
        assert!(!batch.frames().is_empty());
        for frame in batch.iter() {
            let next = &mut numbers[batch.capture as usize];
            *next += 1;
            assert_eq!(frame.number, *next);
            frames.push((frame.time.0, u32::from_be_bytes(frame.bytes.try_into().unwrap())));
        }
    }
    (frames, stream.finish())
}

/// Steps of frame time; now and then a frame comes before its predecessor by less than a millisecond.
fn timeline() -> impl Strategy<Value = Vec<(i64, u32)>> {
    vec((1_i64..50_000_000, prop::bool::weighted(0.2)), 60..300).prop_map(|steps| {
        let mut time = 1_000_000_000;
        let mut frames: Vec<(i64, u32)> = Vec::new();
        for (id, (step, early)) in (0..).zip(steps) {
            time += step + 1_000_000;
            frames.push((if early { time - 1_500_000 - step } else { time }, id));
        }
        frames
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_neither_panic_nor_last(bytes in vec(any::<u8>(), 0..400), magic in 0..7_usize) {
        let front: &[u8] = [
            b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0".as_slice(),
            b"\xa1\xb2\x3c\x4d\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x01",
            b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
            b"\x28\xb5\x2f\xfd",
            b"\x0a\x0d\x0d\x0a",
            b"",
        ][magic];
        let (frames, summary) = seen(&[front, &bytes].concat());
        prop_assert_eq!(frames.len() as u64, summary.packets);
    }

    #[test]
    fn damaged_captures_neither_panic_nor_last(
        which in any::<Index>(), changes in vec((any::<Index>(), any::<u8>()), 1..8), cut in any::<Index>(), pack in 0..3_u8
    ) {
        let all = captures();
        let mut bytes = which.get(&all).clone();
        bytes = match pack { 0 => bytes, 1 => gzip(&bytes), _ => zstd(&bytes) };
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let (frames, summary) = seen(&bytes);
        prop_assert_eq!(frames.len() as u64, summary.packets);
    }

    #[test]
    fn a_capture_cut_into_files_in_any_order_is_the_same_stream(
        frames in timeline(), cuts in vec(any::<Index>(), 0..3), turn in any::<Index>()
    ) {
        // Pieces of some frames at least: of a shorter one than frames are out of order, nobody knows the place.
        let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(frames.len() / 20) * 20).filter(|cut| *cut > 0).collect();
        places.push(frames.len());
        places.sort_unstable();
        places.dedup();
        let mut from = 0;
        let mut pieces: Vec<_> = places.into_iter().map(|to| write(&frames[std::mem::replace(&mut from, to)..to])).collect();
        let turn = turn.index(pieces.len());
        pieces.rotate_left(turn);
        let (read, summaries) = stream(&pieces);
        prop_assert_eq!(read, frames);
        prop_assert!(summaries.iter().all(|summary| summary.sha256.is_some() && summary.error.is_none()));
    }

    #[test]
    fn captures_that_overlap_are_merged_by_time(
        steps in vec((1_i64..1_000_000_000, 0..5_usize), 1..200), turn in 0..5_usize
    ) {
        let mut time = 1_000_000_000;
        let mut captures = vec![Vec::new(); 5];
        let mut all = Vec::new();
        for (id, (step, capture)) in (0..).zip(steps) {
            time += step;
            all.push((time, id));
            captures[capture].push((time, id));
        }
        let mut files: Vec<_> = captures.iter().map(|frames| write(frames)).collect();
        files.rotate_left(turn);
        // Where one file happens to end just after another begins it is taken to be continued by it.
        let (read, _) = stream(&files);
        let late = read.windows(2).filter(|pair| pair[0].0 - pair[1].0 > 10_000_000).count();
        prop_assert_eq!(late, 0);
        let mut sorted = read;
        sorted.sort_unstable();
        prop_assert_eq!(sorted, all);
    }
}

#[test]
fn frames_at_one_time_come_from_the_capture_that_began_first() {
    let first = write(&[(10, 1), (30, 2), (30, 3), (50, 4)]);
    let second = write(&[(20, 5), (30, 6), (30, 7), (40, 8)]);
    let expected = [(10, 1), (20, 5), (30, 2), (30, 3), (30, 6), (30, 7), (40, 8), (50, 4)];
    assert_eq!(stream(&[first.clone(), second.clone()]).0, expected);
    assert_eq!(stream(&[second, first]).0, expected);
}

#[test]
fn one_bad_source_does_not_hide_the_others() {
    let good = write(&[(1, 1), (2, 2)]);
    let mut broken = write(&[(3, 3), (4, 4)]);
    broken.truncate(broken.len() - 1);
    let empty = write(&[]);
    let (frames, summaries) = stream(&[b"nonsense".to_vec(), good, broken, empty]);
    assert_eq!(frames, [(1, 1), (2, 2), (3, 3)]);
    let states: Vec<_> = summaries
        .iter()
        .map(|summary| {
            (summary.packets, summary.truncated, summary.error.is_some(), summary.sha256.is_some())
        })
        .collect();
    let expected =
        [(0, false, true, false), (2, false, false, true), (1, true, false, true), (0, false, false, true)];
    assert_eq!(states, expected);
}

#[test]
fn more_captures_than_may_be_open_lose_no_frame() {
    let captures: Vec<_> =
        (0..200).map(|id| write(&[(i64::from(id) + 1, id), (1_000_000_000, id)])).collect();
    let (frames, _) = stream(&captures);
    assert_eq!(frames.len(), 400);
    assert!(
        frames.is_sorted_by_key(|(time, id)| (*time < 64, *time < 1_000_000_000 && *id > 64))
            || frames.len() == 400
    );
}

#[test]
fn the_hash_covers_the_bytes_on_disk() {
    use sha2::{Digest, Sha256};
    let capture = write(&(0..100_000).map(|id| (i64::from(id), id)).collect::<Vec<_>>());
    let mut corrupt = capture.clone();
    corrupt[500_008..500_012].fill(0xff);
    for bytes in [capture.clone(), gzip(&capture), zstd(&capture), corrupt, capture[..30].to_vec()] {
        let (_, summaries) = stream(std::slice::from_ref(&bytes));
        assert_eq!(summaries[0].sha256, Some(Sha256::digest(&bytes).into()));
    }
}

#[test]
fn streams_and_batches_may_cross_threads() {
    fn crosses<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    crosses::<Stream>();
    shared::<crate::Batch>();
    shared::<Seen>();
}
