//! Where frames come from and go to: the only crate that opens files and sockets.
//!
//! [`Stream`] reads capture files, pipes and standard input: pcap or pcapng, plain, gzip or zstd, told apart by their
//! first bytes. Bytes are read once, in large pooled blocks, and stay where they are: a [`Batch`] points into its
//! block, and the hasher reads the same block on another core. Nothing grows with a capture's length, and no
//! number in a capture decides how much is allocated. [`Live`] receives from a Linux interface, [`CaptureWriter`]
//! keeps frames in rotating files.
#![deny(unsafe_code)]

mod batch;
mod block;
pub mod bpf;
mod capture;
mod hash;
mod input;
mod live;
#[cfg(target_os = "linux")]
mod packet;
mod pcap;
mod pcapng;
#[cfg(test)]
mod properties;
#[cfg(target_os = "linux")]
mod ring;
pub mod run;
#[cfg(test)]
mod samples;
mod split;
mod stream;
#[cfg(target_os = "linux")]
pub mod transmit;
pub mod watch;
mod write;

pub use batch::{Batch, Frame, FrameMeta};
pub use capture::{CaptureError, CaptureSummary};
pub use input::SourceKind;
pub use live::{Live, LiveError, LiveOptions, LiveStatistics};
pub use stream::{CaptureSource, Progress, Stream, StreamOptions};
pub use write::{CaptureWriter, WriteFormat, WriteOptions, Written};

/// Reads a capture from memory to its end: each batch goes to `each`.
pub fn read_all(bytes: &[u8], mut each: impl FnMut(&Batch)) -> CaptureSummary {
    let source = CaptureSource { path: String::new(), kind: SourceKind::Memory(bytes.into()), vantage: 0 };
    let mut stream = Stream::open(vec![source], StreamOptions { hash: false });
    for batch in &mut stream {
        each(&batch);
    }
    stream.finish().pop().unwrap_or_default()
}
