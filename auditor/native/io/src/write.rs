//! Captures to disk: a folder of files that rotate by size and by time.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;
use time::UtcDateTime;

use crate::batch::{Batch, Frame};
use crate::split::MAX_CAPTURED;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFormat {
    /// With nanoseconds.
    Pcap,
    /// With nanoseconds and the interface's name.
    Pcapng,
}

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct WriteOptions {
    /// The files' format.
    pub format: WriteFormat,
    /// How many bytes of each frame are kept.
    pub snap_length: u32,
    /// A file ends before it exceeds so many bytes, unless one frame alone does.
    pub rotate_bytes: Option<u64>,
    /// A file ends before a frame that is so much later than its first.
    pub rotate_after: Option<Duration>,
    /// So many files are kept; each further one removes the oldest that this writer wrote.
    pub max_files: Option<usize>,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files begun, removed ones among them.
    pub files: u64,
    /// Frames.
    pub packets: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// The files that are still there, oldest first.
    pub paths: VecDeque<PathBuf>,
}

/// Writes the frames of one interface. Everything handed over is with the system when [`Self::write`] returns.
#[derive(Debug)]
pub struct CaptureWriter {
    directory: PathBuf,
    /// The interface's name, as files may bear it.
    interface: String,
    link: LinkType,
    options: WriteOptions,
    current: Option<Current>,
    written: Written,
    /// The record being written.
    record: Vec<u8>,
}

#[derive(Debug)]
struct Current {
    file: BufWriter<File>,
    bytes: u64,
    first: Timestamp,
}

impl CaptureWriter {
    /// Prepares to write into `directory`, which is made, for its owner alone, if it is absent.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(
        directory: &Path,
        interface: &str,
        link: LinkType,
        options: WriteOptions,
    ) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let safe = |letter: char| {
            if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' }
        };
        Ok(Self {
            directory: directory.to_owned(),
            interface: interface.chars().map(safe).collect(),
            link,
            options: WriteOptions { snap_length: options.snap_length.clamp(1, MAX_CAPTURED), ..options },
            current: None,
            written: Written::default(),
            record: Vec::new(),
        })
    }

    /// Writes the frames of a batch.
    ///
    /// # Errors
    /// When the disk is full or the folder gone, or the batch has another link type than the files.
    pub fn write(&mut self, batch: &Batch) -> io::Result<()> {
        if batch.link != self.link {
            return Err(io::Error::new(ErrorKind::InvalidInput, "frames of another link type"));
        }
        for frame in batch.iter() {
            self.frame(&frame)?;
        }
        self.current.as_mut().map_or(Ok(()), |current| current.file.flush())
    }

    /// Ends the last file.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(mut self) -> io::Result<Written> {
        self.close()?;
        Ok(self.written)
    }

    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let kept = frame.bytes.get(..self.options.snap_length as usize).unwrap_or(frame.bytes);
        self.record.clear();
        match self.options.format {
            WriteFormat::Pcap => pcap_record(&mut self.record, frame, kept),
            WriteFormat::Pcapng => enhanced_packet(&mut self.record, frame, kept),
        }
        let size = bytes(&self.record);
        let over = |current: &Current| {
            let age = Duration::from_nanos(frame.time.since(current.first).unsigned_abs());
            self.options.rotate_bytes.is_some_and(|limit| current.bytes.saturating_add(size) > limit)
                || self.options.rotate_after.is_some_and(|limit| age >= limit)
        };
        if self.current.as_ref().is_none_or(over) {
            self.close()?;
            self.begin(frame.time)?;
        }
        if let Some(current) = &mut self.current {
            current.file.write_all(&self.record)?;
            current.bytes += size;
            self.written.bytes += size;
            self.written.packets += 1;
        }
        Ok(())
    }

    /// Begins the next file; one of that name that is there already is left alone.
    fn begin(&mut self, first: Timestamp) -> io::Result<()> {
        let (path, file) = loop {
            self.written.files += 1;
            let name =
                format!("{}-{}-{:04}.{}", self.interface, stamp(first), self.written.files, self.extension());
            let path = self.directory.join(name);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => break (path, file),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        let header = match self.options.format {
            WriteFormat::Pcap => pcap_header(self.link, self.options.snap_length),
            WriteFormat::Pcapng => {
                section_and_interface(&self.interface, self.link, self.options.snap_length)
            }
        };
        let mut file = BufWriter::with_capacity(256 * 1024, file);
        file.write_all(&header)?;
        self.written.bytes += bytes(&header);
        self.current = Some(Current { file, bytes: bytes(&header), first });
        self.written.paths.push_back(path);
        if let Some(most) = self.options.max_files {
            while self.written.paths.len() > most.max(1)
                && let Some(oldest) = self.written.paths.pop_front()
            {
                match fs::remove_file(oldest) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        self.current.take().map_or(Ok(()), |mut current| current.file.flush())
    }

    const fn extension(&self) -> &'static str {
        match self.options.format {
            WriteFormat::Pcap => "pcap",
            WriteFormat::Pcapng => "pcapng",
        }
    }
}

/// A time as file names bear it, in UTC.
fn stamp(time: Timestamp) -> String {
    let time = UtcDateTime::from_unix_timestamp_nanos(time.0.into()).unwrap_or(UtcDateTime::UNIX_EPOCH);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.as_hms();
    format!("{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z", u8::from(month))
}

/// The file header of [`crate::pcap`], little-endian, with nanoseconds.
fn pcap_header(link: LinkType, snap_length: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    put(&mut out, &[0xa1b2_3c4d, 4 << 16 | 2, 0, 0, snap_length, link.dlt().into()]);
    out
}

fn pcap_record(out: &mut Vec<u8>, frame: &Frame<'_>, kept: &[u8]) {
    let seconds = u32::try_from(frame.time.0.div_euclid(Timestamp::SECOND)).unwrap_or_default();
    let nanoseconds = u32::try_from(frame.time.0.rem_euclid(Timestamp::SECOND)).unwrap_or_default();
    put(out, &[seconds, nanoseconds, length(kept), frame.wire_len]);
    out.extend_from_slice(kept);
}

/// The two blocks that a file of [`crate::pcapng`] begins with, little-endian, with nanoseconds.
fn section_and_interface(interface: &str, link: LinkType, snap_length: u32) -> Vec<u8> {
    let mut section = Vec::new();
    put(&mut section, &[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]);
    option(&mut section, 4, concat!("auditor ", env!("CARGO_PKG_VERSION")).as_bytes());
    option(&mut section, 0, b"");
    let mut description = Vec::new();
    put(&mut description, &[link.dlt().into(), snap_length]);
    option(&mut description, 2, interface.as_bytes());
    option(&mut description, 9, &[9]);
    option(&mut description, 0, b"");
    let mut out = Vec::new();
    for (kind, body) in [(0x0a0d_0d0a, section), (1, description)] {
        let total = length(&body) + 12;
        put(&mut out, &[kind, total]);
        out.extend_from_slice(&body);
        put(&mut out, &[total]);
    }
    out
}

fn enhanced_packet(out: &mut Vec<u8>, frame: &Frame<'_>, kept: &[u8]) {
    let time = u64::try_from(frame.time.0).unwrap_or_default();
    let [t0, t1, t2, t3, t4, t5, t6, t7] = time.to_be_bytes();
    let (high, low) = (u32::from_be_bytes([t0, t1, t2, t3]), u32::from_be_bytes([t4, t5, t6, t7]));
    let total = 32 + length(kept).next_multiple_of(4);
    put(out, &[6, total, 0, high, low, length(kept), frame.wire_len]);
    out.extend_from_slice(kept);
    pad(out);
    put(out, &[total]);
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
    out.extend_from_slice(value);
    pad(out);
}

/// Everything in a pcapng file begins at a multiple of four.
fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

fn put(out: &mut Vec<u8>, words: &[u32]) {
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// Of bytes that are never more than a frame or a header.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn bytes(written: &[u8]) -> u64 {
    length(written).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Maker, Seen, seen};
    use std::os::unix::fs::PermissionsExt;

    /// 2026-11-22T14:30:00Z
    const NOON: u32 = 1_795_357_800;

    fn options(format: WriteFormat) -> WriteOptions {
        WriteOptions { format, snap_length: 65_536, rotate_bytes: None, rotate_after: None, max_files: None }
    }

    fn input(count: u32) -> Vec<u8> {
        let mut maker = Maker::new(true);
        maker.pcap(0xa1b2_3c4d, 1);
        for second in 0..count {
            let payload = vec![7; second as usize % 5 + 8];
            maker.record(NOON + second, 999_999_999, 100, &payload);
        }
        maker.bytes
    }

    /// What lies in a folder: names and content, sorted.
    fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }

    fn write(directory: &Path, count: u32, options: WriteOptions) -> Written {
        let mut writer = CaptureWriter::create(directory, "eth0", LinkType::Ethernet, options).unwrap();
        crate::read_all(&input(count), |batch| writer.write(batch).unwrap());
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_written_reads_back() {
        let (expected, _) = seen(&input(9));
        for format in [WriteFormat::Pcap, WriteFormat::Pcapng] {
            let folder = tempfile::tempdir().unwrap();
            let written = write(folder.path(), 9, options(format));
            let files = files(folder.path());
            assert_eq!(seen(&files[0].1).0, expected);
            let bytes = files[0].1.len() as u64;
            assert_eq!((files.len(), written.files, written.packets, written.bytes), (1, 1, 9, bytes));
        }
    }

    #[test]
    fn files_rotate_by_size_and_by_time_and_lose_nothing() {
        let (expected, _) = seen(&input(40));
        for (rotate_bytes, rotate_after, count) in
            [(Some(400), None, 6), (None, Some(Duration::from_secs(10)), 4)]
        {
            let folder = tempfile::tempdir().unwrap();
            let written = write(
                folder.path(),
                40,
                WriteOptions { rotate_bytes, rotate_after, ..options(WriteFormat::Pcapng) },
            );
            let files = files(folder.path());
            assert_eq!((files.len(), written.files), (count, count as u64));
            assert!(files.iter().all(|(_, bytes)| bytes.len() <= 400 || rotate_bytes.is_none()));
            let frames = files.iter().flat_map(|(_, bytes)| seen(bytes).0);
            let numbered: Vec<_> =
                (1..).zip(frames).map(|(number, frame)| Seen { number, ..frame }).collect();
            assert_eq!(numbered, expected);
        }
    }

    #[test]
    fn names_say_interface_time_and_place_in_the_order() {
        let folder = tempfile::tempdir().unwrap();
        let rotate =
            WriteOptions { rotate_after: Some(Duration::from_secs(1)), ..options(WriteFormat::Pcapng) };
        write(folder.path(), 2, rotate);
        let names: Vec<_> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["eth0-20261122T143000Z-0001.pcapng", "eth0-20261122T143001Z-0002.pcapng"]);
    }

    #[test]
    fn only_the_newest_files_are_kept_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("eth0-20261122T143000Z-0001.pcap");
        fs::write(&taken, "somebody else's").unwrap();
        let rotate_after = Some(Duration::from_secs(1));
        let ring = WriteOptions { rotate_after, max_files: Some(2), ..options(WriteFormat::Pcap) };
        write(folder.path(), 5, ring);
        let names: Vec<_> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
        let newest = ["eth0-20261122T143003Z-0005.pcap", "eth0-20261122T143004Z-0006.pcap"];
        assert_eq!(names, ["eth0-20261122T143000Z-0001.pcap", newest[0], newest[1]]);
        assert_eq!(fs::read(taken).unwrap(), b"somebody else's");
    }

    #[test]
    fn frames_are_cut_and_keep_their_length_on_the_wire() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 3, WriteOptions { snap_length: 8, ..options(WriteFormat::Pcap) });
        let (frames, summary) = seen(&files(folder.path())[0].1);
        assert!(frames.iter().all(|frame| frame.bytes == [7; 8] && frame.wire_len == 100));
        assert_eq!(summary.snapped, 3);
    }

    #[test]
    fn only_the_owner_can_read_and_a_strange_name_stays_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        let format = options(WriteFormat::Pcap);
        let mut writer = CaptureWriter::create(&inner, "../x y", LinkType::Ethernet, format).unwrap();
        crate::read_all(&input(1), |batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let names: Vec<_> = files(&inner).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["..-x_y-20261122T143000Z-0001.pcap".replacen('-', "_", 1)]);
        assert_eq!((mode(&inner), mode(&inner.join(&names[0]))), (0o700, 0o600));
    }
}
