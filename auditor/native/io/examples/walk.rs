//! How fast captures are read when nobody looks into the frames: the ceiling for everything above.
//!
//! `cargo run --release --example walk -- [--no-hash] CAPTURE...`

use std::env;
use std::time::Instant;

use auditor_io::{CaptureSource, SourceKind, Stream, StreamOptions};

fn main() {
    let (flags, paths): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|word| word.starts_with("--"));
    let hash = !flags.iter().any(|flag| flag == "--no-hash");
    let source =
        |path: String| CaptureSource { kind: SourceKind::File(path.clone().into()), path, vantage: 0 };

    let start = Instant::now();
    let mut stream = Stream::open(paths.into_iter().map(source).collect(), StreamOptions { hash });
    let (mut frames, mut batches, mut captured) = (0_u64, 0_u64, 0_u64);
    for batch in &mut stream {
        batches += 1;
        for frame in batch.frames() {
            frames += 1;
            captured += u64::from(frame.len);
        }
    }
    let read = stream.progress().bytes_read;
    let summaries = stream.finish();
    let nanoseconds = start.elapsed().as_nanos().max(1);
    println!(
        "{frames} frames, {captured} captured bytes in {batches} batches: {} ms, {} thousand frames/s, {} MB/s",
        nanoseconds / 1_000_000,
        u128::from(frames) * 1_000_000 / nanoseconds,
        u128::from(read) * 1_000 / nanoseconds,
    );
    for summary in summaries.iter().filter(|summary| summary.truncated || summary.error.is_some()) {
        println!("{}: {:?}", summary.path, summary.error);
    }
}
