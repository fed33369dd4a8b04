//! A body that passes: where it ends, and what of it is wanted.

use crate::wire::bt::bencode::scanner::Scanner;
use crate::wire::bt::magnet::{Finder, Magnet};
use crate::wire::bt::torrent_file::{Progress, TorrentFile, TorrentReader};
use crate::wire::http::{Chunked, Inflater, Length};

/// The longest answer of a tracker that is kept until it has ended: ten thousand peers.
const REPLY: usize = 256 << 10;
/// How much of a page is looked through for magnet links.
const PAGE: usize = 64 << 10;

/// Where a body ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Framing {
    Known(u64),
    Chunked(Chunked),
    UntilClose,
}

/// Nobody can tell where the next message begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost;

impl Framing {
    pub(super) fn of(length: Length) -> Self {
        match length {
            Length::Known(length) => Self::Known(length),
            Length::Chunked => Self::Chunked(Chunked::default()),
            Length::UntilClose => Self::UntilClose,
        }
    }

    pub(super) const fn has_ended(&self) -> bool {
        match self {
            Self::Known(left) => *left == 0,
            Self::Chunked(chunked) => chunked.is_done(),
            Self::UntilClose => false,
        }
    }

    /// Takes the next run of the body off the front of `bytes`; returns it and the rest.
    pub(super) fn step<'a>(&mut self, bytes: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Lost> {
        match self {
            Self::Known(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= here as u64;
                Ok(bytes.split_at_checked(here).unwrap_or((bytes, &[])))
            }
            Self::Chunked(chunked) => {
                chunked.step(bytes).map(|step| (step.data, step.rest)).map_err(|_| Lost)
            }
            Self::UntilClose => Ok((bytes, &[])),
        }
    }

    /// Steps over bytes that were not captured.
    pub(super) fn skip(&mut self, missing: u64) -> Result<(), Lost> {
        match self {
            Self::Known(left) => {
                *left = left.checked_sub(missing).ok_or(Lost)?;
                Ok(())
            }
            Self::Chunked(chunked) => chunked.skip(missing).then_some(()).ok_or(Lost),
            Self::UntilClose => Ok(()),
        }
    }
}

/// What of a body is wanted.
#[derive(Debug, Default)]
pub(super) enum Wanted {
    /// Nothing.
    #[default]
    Nothing,
    /// A tracker's answer.
    Reply(Reply),
    /// A torrent file, if it is one.
    Torrent(Box<TorrentReader>),
    /// Magnet links.
    Page(Finder),
}

/// A tracker's answer until it has ended.
#[derive(Debug, Default)]
pub(super) struct Reply {
    scanner: Scanner,
    body: Vec<u8>,
}

/// What came out of a body.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Reply(&'a [u8]),
    /// An answer that began as a tracker's does and went on otherwise.
    Malformed,
    Torrent(&'a TorrentFile),
    Magnet(&'a Magnet<'a>),
}

impl Wanted {
    pub(super) fn page() -> Self {
        Self::Page(Finder::new(PAGE))
    }

    pub(super) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Takes the next bytes, undone of any coding. Answers whether it wants more.
    fn take(&mut self, bytes: &[u8], found: &mut impl FnMut(Found<'_>)) -> bool {
        match self {
            Self::Nothing => false,
            Self::Reply(reply) => reply.take(bytes, found),
            Self::Torrent(torrent) => {
                let progress = torrent.push(bytes);
                if let Some(file) = torrent.file() {
                    found(Found::Torrent(file));
                }
                progress == Progress::Going
            }
            Self::Page(finder) => finder.push(bytes, &mut |magnet| found(Found::Magnet(magnet))),
        }
    }

    /// Takes the next bytes as they were sent.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        inflater: &mut Option<Inflater>,
        found: &mut impl FnMut(Found<'_>),
    ) {
        let more = match inflater {
            Some(inflater) => inflater.push(bytes, &mut |plain| self.take(plain, found)),
            None => self.take(bytes, found),
        };
        if !more {
            self.finish(found);
        }
    }

    /// Ends the body, or what is wanted of it.
    pub(super) fn finish(&mut self, found: &mut impl FnMut(Found<'_>)) {
        if let Self::Page(finder) = self {
            finder.finish(&mut |magnet| found(Found::Magnet(magnet)));
        }
        *self = Self::Nothing;
    }
}

impl Reply {
    fn take(&mut self, bytes: &[u8], found: &mut impl FnMut(Found<'_>)) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() && !self.scanner.is_done() {
            let Ok((_, after)) = self.scanner.next(rest) else {
                if self.body.first().or(bytes.first()) == Some(&b'd') {
                    found(Found::Malformed);
                }
                return false;
            };
            rest = after;
        }
        let taken = bytes.len() - rest.len();
        self.body.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.scanner.is_done() && self.body.len() <= REPLY {
            found(Found::Reply(&self.body));
        }
        !self.scanner.is_done() && self.body.len() <= REPLY
    }
}
