//! How fast the engine looks at captures, without what Python does before and after: the place to profile it.
//!
//! `cargo run --release --example sight -- [--jobs N] CAPTURE...`

use std::convert::Infallible;
use std::env;
use std::ops::ControlFlow;
use std::time::Instant;

use auditor_core::engine::Options;
use auditor_core::networks::Networks;
use auditor_io::run::run;
use auditor_io::{CaptureSource, SourceKind, Stream, StreamOptions};

/// As in the Python module: what is measured is what ships.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 10.0.0.0/8, where the benchmark's inside hosts are.
const TEN: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0];

fn main() {
    let mut words = env::args().skip(1).peekable();
    let jobs = words.next_if_eq("--jobs").and_then(|_| words.next()?.parse().ok()).unwrap_or(1);
    let source =
        |path: String| CaptureSource { kind: SourceKind::File(path.clone().into()), path, vantage: 0 };
    let sources = words.map(source).collect();

    let start = Instant::now();
    let stream = Stream::open(sources, StreamOptions { hash: false });
    let options = Options { ours: Networks::new([(TEN, 104)]), ..Options::default() };
    let Ok(outcome) = run(stream, &options, jobs, |_, _| ControlFlow::<Infallible>::Continue(()));
    println!(
        "{} packets, {} flows, {} activities: {} ms",
        outcome.captures.iter().map(|capture| capture.packets).sum::<u64>(),
        outcome.report.flows.len(),
        outcome.report.activities.len(),
        start.elapsed().as_millis(),
    );
}
