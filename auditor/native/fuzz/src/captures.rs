//! Captures read whole, from memory or in pieces.

use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;

use auditor_core::wire::link::LinkType;
use auditor_io::{CaptureError, CaptureSource, CaptureSummary, SourceKind, Stream, StreamOptions};

/// A frame as it was delivered: link type, time, length on the wire, bytes.
type Seen = (LinkType, i64, u32, Vec<u8>);

/// Asserts what holds for every file: its frames add up, they are the same when they come piece by piece, and a file
/// cut at `cut` gives the frames before the cut. Answers with how many there were.
///
/// # Panics
/// Where something does not hold.
pub fn assert_read(bytes: &[u8], cut: usize) -> usize {
    let (frames, summary) = read(SourceKind::Memory(bytes.into()));
    assert_eq!(frames.len() as u64, summary.packets);
    assert_eq!(frames.iter().map(|(_, _, wire_len, _)| u64::from(*wire_len)).sum::<u64>(), summary.bytes);
    assert_eq!(frames.iter().map(|(_, time, ..)| *time).min(), summary.first.map(|time| time.0));
    assert_eq!(frames.iter().map(|(_, time, ..)| *time).max(), summary.last.map(|time| time.0));
    let snapped = frames.iter().filter(|(_, _, wire_len, bytes)| bytes.len() < *wire_len as usize).count();
    assert_eq!(snapped as u64, summary.snapped);
    assert!(frames.is_empty() || !summary.is_unreadable());
    assert!(!matches!(summary.error, Some(CaptureError::Io(_))), "memory does not fail: {summary:?}");

    let (of_cut, _) = read(SourceKind::Memory(bytes[..cut.min(bytes.len())].into()));
    let (piecewise, of_pieces) = read(SourceKind::Fd(pipe(bytes, cut)));
    if is_damaged(&summary) || is_damaged(&of_pieces) {
        // Damage loses what was decompressed in the same step: how much depends on where the bytes end.
        assert!([of_cut, piecewise].iter().all(|seen| frames.starts_with(seen) || seen.starts_with(&frames)));
    } else {
        assert!(frames.starts_with(&of_cut));
        assert!(piecewise == frames, "{} frames and {}", piecewise.len(), frames.len());
        assert_eq!(of_pieces, summary);
    }
    frames.len()
}

/// Whether compressed data contradicted itself.
fn is_damaged(summary: &CaptureSummary) -> bool {
    matches!(&summary.error, Some(CaptureError::Format { expected, .. }) if expected.starts_with("intact"))
}

fn read(kind: SourceKind) -> (Vec<Seen>, CaptureSummary) {
    let source = CaptureSource { path: String::new(), kind, vantage: 0 };
    let mut stream = Stream::open(vec![source], StreamOptions { hash: false });
    let mut frames = Vec::new();
    for batch in &mut stream {
        for frame in batch.iter() {
            assert!(frame.bytes.len() <= frame.wire_len as usize);
            frames.push((batch.link, frame.time.0, frame.wire_len, frame.bytes.to_vec()));
            assert_eq!(frame.number, frames.len() as u64);
        }
    }
    (frames, stream.finish().pop().expect("each source has a summary"))
}

/// A descriptor that gives `bytes` piece by piece, as a slow pipe does: a datagram is one piece.
fn pipe(bytes: &[u8], piece: usize) -> OwnedFd {
    /// What a kernel surely keeps of unread datagrams.
    const PIECES: usize = 8;
    /// The magic number is read by itself.
    const MAGIC: usize = 4;
    let (sender, receiver) = UnixDatagram::pair().expect("sockets are to be had");
    let (magic, rest) = bytes.split_at(MAGIC.min(bytes.len()));
    let size = piece.max(1).max(rest.len().div_ceil(PIECES - 1));
    let pieces = [magic].into_iter().chain(rest.chunks(size)).filter(|piece| !piece.is_empty());
    for piece in pieces {
        sender.send(piece).expect("there is room for a few datagrams");
    }
    receiver.shutdown(Shutdown::Read).expect("what was sent can still be read");
    receiver.into()
}
