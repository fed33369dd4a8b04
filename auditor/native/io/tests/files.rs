//! Captures from where captures really are: paths, pipes, descriptors.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;

use auditor_io::{CaptureError, CaptureSource, CaptureSummary, Progress, SourceKind, Stream, StreamOptions};
use tempfile::tempdir;

/// A pcap with frames of four bytes, their number.
fn capture(seconds: std::ops::Range<u32>) -> Vec<u8> {
    let mut bytes = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0".to_vec();
    for second in seconds {
        for word in [second, 0, 4, 4, second] {
            bytes.extend(word.to_le_bytes());
        }
    }
    bytes
}

fn file(path: &Path) -> CaptureSource {
    CaptureSource { path: path.display().to_string(), kind: SourceKind::File(path.into()), vantage: 0 }
}

fn read(sources: Vec<CaptureSource>) -> (Vec<u32>, Vec<CaptureSummary>, Progress) {
    let mut stream = Stream::open(sources, StreamOptions { hash: true });
    let mut frames = Vec::new();
    for batch in &mut stream {
        frames.extend(batch.iter().filter_map(|frame| frame.bytes.try_into().ok().map(u32::from_le_bytes)));
    }
    let progress = stream.progress();
    (frames, stream.finish(), progress)
}

#[test]
fn rotated_files_are_read_in_the_order_of_their_frames_whatever_their_names() {
    let folder = tempdir().unwrap();
    // More files than a process may have open.
    let paths: Vec<_> =
        (0..1500).map(|place: u32| folder.path().join(format!("{}.pcap", place * 7919 % 1500))).collect();
    let mut total = 0;
    for (place, path) in (0..).zip(&paths) {
        let bytes = capture(place * 3..place * 3 + 3);
        total += bytes.len() as u64;
        fs::write(path, bytes).unwrap();
    }
    let mut named = paths.clone();
    named.sort();
    let (frames, summaries, progress) = read(named.iter().map(|path| file(path)).collect());
    assert_eq!(frames, (0..4500).collect::<Vec<_>>());
    assert!(summaries.iter().all(|summary| summary.packets == 3 && summary.sha256.is_some()));
    assert!(summaries.iter().zip(&named).all(|(summary, path)| summary.path == path.display().to_string()));
    assert_eq!(progress, Progress { bytes_read: total, bytes_total: Some(total) });
}

#[test]
fn what_cannot_be_opened_is_said_and_the_rest_is_read() {
    let folder = tempdir().unwrap();
    let good = folder.path().join("good.pcap");
    fs::write(&good, capture(0..2)).unwrap();
    let (frames, summaries, _) =
        read(vec![file(&folder.path().join("absent.pcap")), file(folder.path()), file(&good)]);
    assert_eq!(frames, [0, 1]);
    for (summary, message) in summaries.iter().zip(["No such file or directory", "is a directory"]) {
        assert!(summary.is_unreadable());
        assert_eq!(summary.error, Some(CaptureError::Io(message.into())));
    }
    assert_eq!(summaries[2].error, None);
}

#[test]
fn an_open_pipe_is_read_as_it_fills() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let kind = SourceKind::Fd(OwnedFd::from(reader));
    let source = CaptureSource { path: "child".into(), kind, vantage: 5 };
    let bytes = capture(0..1000);
    let (front, back) = (bytes[..10_001].to_vec(), bytes[10_001..].to_vec());
    // The pipe holds the first half; nobody writes the second before it was delivered.
    writer.write_all(&front).unwrap();
    let mut stream = Stream::open(vec![source], StreamOptions { hash: true });
    let first = stream.next().unwrap();
    assert_eq!((first.frames().len(), first.vantage), (498, 5));
    let writing = thread::spawn(move || writer.write_all(&back));
    let rest: usize = stream.by_ref().map(|batch| batch.frames().len()).sum();
    writing.join().unwrap().unwrap();
    assert_eq!(rest, 502);
    assert_eq!(stream.progress(), Progress { bytes_read: bytes.len() as u64, bytes_total: None });
    let summary = stream.finish().remove(0);
    assert_eq!((summary.packets, summary.truncated, summary.sha256.is_some()), (1000, false, true));
}

#[test]
fn a_pipe_by_name_is_opened_once_and_merged_with_files() {
    let folder = tempdir().unwrap();
    let later = folder.path().join("later.pcap");
    fs::write(&later, capture(4..8)).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&capture(0..4)).unwrap();
    drop(writer);
    let link = {
        use std::os::fd::AsRawFd;
        format!("/proc/self/fd/{}", reader.as_raw_fd())
    };
    let (frames, summaries, progress) = read(vec![file(&later), file(Path::new(&link))]);
    assert_eq!(frames, (0..8).collect::<Vec<_>>());
    assert_eq!(summaries[1].packets, 4);
    assert_eq!(progress.bytes_total, None);
}

#[test]
fn a_descriptor_of_a_file_is_read_from_where_it_stands() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("capture.pcap");
    fs::write(&path, capture(0..4)).unwrap();
    let kind = SourceKind::Fd(File::open(&path).unwrap().into());
    let (frames, _, _) = read(vec![CaptureSource { path: "fd".into(), kind, vantage: 0 }, file(&path)]);
    assert_eq!(frames.len(), 8);
}
