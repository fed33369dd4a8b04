//! Where the records of a capture begin and end.

use auditor_core::wire::link::LinkType;

use crate::batch::{FrameMeta, LinkRun};
use crate::block::Contents;
use crate::pcap::Pcap;
use crate::pcapng::Pcapng;

/// The most that a frame may claim to have captured. libpcap's own limit; no snap length is believed over it, for
/// a length field that is garbage must not make us collect gigabytes before we notice.
pub(crate) const MAX_CAPTURED: u32 = 256 * 1024;

/// What a file is expected to begin with.
pub(crate) const MAGIC: &str = "a pcap or pcapng magic number, gzip or zstd data";

/// How far a splitter came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Split {
    /// Everything before this is done with.
    pub(crate) consumed: usize,
    /// Why it went no further.
    pub(crate) stop: Stop,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A record begins at `consumed` that cannot be read before so many of its bytes are there.
    Need(usize),
    /// What stands at `consumed` is not what it should be.
    Corrupt(&'static str),
}

impl Split {
    pub(crate) const fn need(consumed: usize, bytes: usize) -> Self {
        Self { consumed, stop: Stop::Need(bytes) }
    }

    pub(crate) const fn corrupt(consumed: usize, expected: &'static str) -> Self {
        Self { consumed, stop: Stop::Corrupt(expected) }
    }
}

/// Finds the frames of one capture, block by block.
#[derive(Debug, Default)]
pub(crate) enum Splitter {
    /// Nothing is known yet.
    #[default]
    Unknown,
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Splitter {
    /// Whether the bytes so far are a capture: their file header was read.
    pub(crate) const fn is_capture(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Pcap(_) => true,
            Self::Pcapng(pcapng) => pcapng.has_section(),
        }
    }

    /// Whether a capture may end where the last split stopped.
    pub(crate) const fn may_end(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Pcap(_) => true,
            Self::Pcapng(pcapng) => pcapng.between_blocks(),
        }
    }

    /// Adds the frames within the first `filled` bytes of `contents`, which go on where the last split consumed up to.
    pub(crate) fn split(&mut self, contents: &mut Contents, filled: usize) -> Split {
        let Contents { bytes, frames, runs } = contents;
        let data = bytes.get(..filled).unwrap_or_default();
        let mut found = Found { frames, runs };
        match self {
            Self::Unknown => match data.first_chunk() {
                None => Split::need(0, 4),
                Some(magic) if Pcapng::starts_with(*magic) => {
                    let mut pcapng = Pcapng::default();
                    let split = pcapng.split(data, &mut found);
                    *self = Self::Pcapng(pcapng);
                    split
                }
                Some(magic) if Pcap::starts_with(*magic) => match data.first_chunk() {
                    None => Split::need(0, Pcap::HEADER),
                    Some(header) => match Pcap::parse(header) {
                        Err(split) => split,
                        Ok(pcap) => {
                            let split = pcap.split(data, Pcap::HEADER, &mut found);
                            *self = Self::Pcap(pcap);
                            split
                        }
                    },
                },
                Some(_) => Split::corrupt(0, MAGIC),
            },
            Self::Pcap(pcap) => pcap.split(data, 0, &mut found),
            Self::Pcapng(pcapng) => pcapng.split(data, &mut found),
        }
    }

    /// What is missing where a file of which `filled` bytes are left ends before it is a capture.
    pub(crate) const fn expected(&self, filled: usize) -> &'static str {
        match self {
            Self::Pcapng(_) => "a whole pcapng section header, but it ends there",
            Self::Unknown if filled >= 4 => "a whole pcap file header, but it ends there",
            _ => "a pcap or pcapng magic number, gzip or zstd data, but it ends there",
        }
    }
}

/// Where found frames go.
pub(crate) struct Found<'a> {
    pub(crate) frames: &'a mut Vec<FrameMeta>,
    pub(crate) runs: &'a mut Vec<LinkRun>,
}

impl Found<'_> {
    /// The following frames are of this link type.
    pub(crate) fn link(&mut self, link: LinkType) {
        if self.runs.last().is_none_or(|run| run.link != link) {
            self.runs.push(LinkRun { from: self.frames.len(), link });
        }
    }
}

/// A place within a block, which is far smaller than 4 GiB.
pub(crate) fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The number that four bytes of a file make in its byte order.
#[inline]
pub(crate) const fn word(big_endian: bool, bytes: [u8; 4]) -> u32 {
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}
