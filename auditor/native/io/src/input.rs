//! Bytes of a capture, from wherever they come, decompressed where they must be.

use std::fs::File;
use std::io::{self, BufRead, Chain, Cursor, ErrorKind, Read};
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use crate::block::{Block, Pool};
use crate::hash::Feed;

/// How much of a compressed file is read at once.
const COMPRESSED_BLOCK: usize = 128 * 1024;
/// How much is decompressed at once. Damage loses what its own step had already decompressed: little, so.
const STEP: usize = 32 * 1024;

/// Where a capture's bytes come from.
#[derive(Debug)]
pub enum SourceKind {
    /// A file, or a named pipe.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A descriptor that is open already, such as the end of a child's pipe.
    Fd(OwnedFd),
    /// Bytes at hand, for tests and fuzzing.
    Memory(Arc<[u8]>),
}

/// A source that was opened.
pub(crate) struct Opened {
    reader: Box<dyn Read + Send>,
    /// Bytes in it, known of regular files and memory.
    pub(crate) size: Option<u64>,
    /// Whether opening it again gives the same bytes from the start.
    pub(crate) repeatable: bool,
}

impl Opened {
    /// Opens a source.
    pub(crate) fn open(kind: &SourceKind) -> io::Result<Self> {
        let (file, named) = match kind {
            SourceKind::File(path) => (File::open(path)?, true),
            SourceKind::Stdin => (File::from(io::stdin().as_fd().try_clone_to_owned()?), false),
            SourceKind::Fd(descriptor) => (File::from(descriptor.try_clone()?), false),
            SourceKind::Memory(bytes) => {
                let size = u64::try_from(bytes.len()).ok();
                let reader = Box::new(Cursor::new(Arc::clone(bytes)));
                return Ok(Self { reader, size, repeatable: true });
            }
        };
        let status = file.metadata()?;
        if status.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let size = status.is_file().then_some(status.len());
        Ok(Self { reader: Box::new(file), size, repeatable: named && size.is_some() })
    }
}

/// Why there are no more bytes.
#[derive(Debug)]
pub(crate) enum End {
    /// They were all.
    Complete,
    /// Compressed data broke off.
    BrokenOff,
    /// Compressed data that contradicts itself.
    Damaged(&'static str),
    /// The system refused to read on.
    Failed(io::Error),
}

/// One capture's bytes.
pub(crate) struct Input {
    decoder: Decoder,
    /// A pipe delivers when it has something, a file only whole blocks.
    whole_blocks: bool,
}

enum Decoder {
    Plain(Raw),
    Gzip(Box<MultiGzDecoder<RawBlocks>>),
    Zstd(Box<zstd::Decoder<'static, RawBlocks>>),
}

/// What an input shares with the stream that it belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    pub(crate) pool: Pool,
    /// Bytes read from disk or pipe so far.
    pub(crate) meter: Arc<AtomicU64>,
}

impl Input {
    /// Looks at the first bytes for a compression. Bytes as they lie on disk go to `feed`: here if they are
    /// compressed, otherwise by whoever calls [`Self::fill`].
    pub(crate) fn new(opened: Opened, shared: &Shared, feed: &Feed) -> io::Result<Self> {
        let Opened { mut reader, size, .. } = opened;
        let mut magic = Vec::with_capacity(4);
        reader.by_ref().take(4).read_to_end(&mut magic)?;
        let kind = magic.clone();
        let raw = Raw { reader: Cursor::new(magic).chain(reader), meter: Arc::clone(&shared.meter) };
        let decoder = match *kind {
            [0x1f, 0x8b, ..] => {
                Decoder::Gzip(Box::new(MultiGzDecoder::new(RawBlocks::new(raw, shared, feed))))
            }
            // A frame, or a skippable one, with which parallel compressors begin.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
                Decoder::Zstd(Box::new(zstd::Decoder::with_buffer(RawBlocks::new(raw, shared, feed))?))
            }
            _ => Decoder::Plain(raw),
        };
        Ok(Self { decoder, whole_blocks: size.is_some() })
    }

    /// Whether the bytes that [`Self::fill`] gives are those on disk.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.decoder, Decoder::Plain(_))
    }

    /// Fills `buffer` from its start as far as there is something; says so if there will be no more.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> (usize, Option<End>) {
        let mut filled = 0;
        loop {
            let room = buffer.get_mut(filled..).unwrap_or_default();
            if room.is_empty() {
                return (filled, None);
            }
            match self.read(room) {
                Ok(0) => return (filled, Some(End::Complete)),
                Ok(read) => filled += read,
                Err(error) => return (filled, Some(self.end(error))),
            }
            if !self.whole_blocks {
                return (filled, None);
            }
        }
    }

    /// Reads the rest as it lies on disk, for the hash's sake.
    pub(crate) fn drain(self, shared: &Shared, feed: &Feed) -> io::Result<()> {
        let mut raw = match self.decoder {
            Decoder::Plain(raw) => RawBlocks::new(raw, shared, feed),
            Decoder::Gzip(decoder) => decoder.into_inner(),
            Decoder::Zstd(decoder) => decoder.finish(),
        };
        loop {
            let available = raw.fill_buf()?.len();
            if available == 0 {
                return Ok(());
            }
            raw.consume(available);
        }
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let step = room.len().min(STEP);
        match &mut self.decoder {
            Decoder::Plain(raw) => raw.read(room),
            Decoder::Gzip(decoder) => decoder.read(room.get_mut(..step).unwrap_or_default()),
            Decoder::Zstd(decoder) => decoder.read(room.get_mut(..step).unwrap_or_default()),
        }
    }

    fn end(&self, error: io::Error) -> End {
        let expected = match self.decoder {
            Decoder::Gzip(_) => "intact gzip data",
            Decoder::Zstd(_) => "intact zstd data, its window at most 128 MiB",
            Decoder::Plain(_) => return End::Failed(error),
        };
        match error.kind() {
            _ if error.raw_os_error().is_some() => End::Failed(error),
            ErrorKind::UnexpectedEof => End::BrokenOff,
            _ => End::Damaged(expected),
        }
    }
}

/// Bytes as they lie on disk, counted.
struct Raw {
    reader: Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>,
    meter: Arc<AtomicU64>,
}

impl Read for Raw {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(room) {
                Ok(read) => {
                    self.meter.fetch_add(u64::try_from(read).unwrap_or_default(), Ordering::Relaxed);
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Raw bytes in pooled blocks, which the hasher and the decompressor read at the same time.
struct RawBlocks {
    raw: Raw,
    block: Arc<Block>,
    left: Range<usize>,
    pool: Pool,
    feed: Feed,
}

impl RawBlocks {
    fn new(raw: Raw, shared: &Shared, feed: &Feed) -> Self {
        let pool = shared.pool.clone();
        Self { raw, block: Arc::new(pool.take(0)), left: 0..0, pool, feed: feed.clone() }
    }
}

impl Read for RawBlocks {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(room)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for RawBlocks {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left.is_empty() {
            let mut block = self.pool.take(COMPRESSED_BLOCK);
            let read = self.raw.read(block.bytes.get_mut(..COMPRESSED_BLOCK).unwrap_or_default())?;
            self.block = Arc::new(block);
            self.left = 0..read;
            if read > 0 {
                self.feed.update(&self.block, 0..read);
            }
        }
        Ok(self.block.bytes.get(self.left.clone()).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.left.start = self.left.end.min(self.left.start + amount);
    }
}
