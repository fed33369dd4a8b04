//! Torrent files, BEP 3, 17, 19, 27, 52: `d [8:announce …] [13:announce-list …] [9:httpseeds l…e] 4:info d…e
//! [8:url-list …] … e`.
//!
//! The infohash is SHA-1 (v1) or SHA-256 (v2) over the exact bytes of the `info` dict, so both are computed while the
//! file passes, and nothing of it is kept but its name. Which of them it has, the dict tells at its end: v1 has
//! `pieces`, v2 a `meta version` of 2, a hybrid both.

use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::bencode::scanner::{Scanner, Token};
use super::web_seed::UrlDigest;

/// The longest file that is followed.
pub const MAX_LEN: u64 = 32 << 20;
/// The most bytes of a name that are kept.
pub const MAX_NAME: usize = 255;
/// The most addresses of web seeds that are kept, and the longest of them.
const MAX_SEEDS: usize = 16;
const MAX_URL: usize = 1024;
/// The longest key that means something here.
const MAX_KEY: usize = 16;

/// What a torrent file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TorrentFile {
    /// Its infohash of version 1.
    pub v1: Option<[u8; 20]>,
    /// Its infohash of version 2.
    pub v2: Option<[u8; 32]>,
    /// Its name, or the beginning of it: hostile text.
    pub name: Vec<u8>,
    /// Whether its peers come from its trackers alone (BEP 27).
    pub private: bool,
    /// Whether it names a tracker. Which one is not told: the address may contain a passkey.
    pub has_tracker: bool,
    /// Where its content can be had over HTTP (BEP 17 and 19), as digests.
    pub web_seeds: Vec<UrlDigest>,
}

/// How far the reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It may become a torrent file.
    Going,
    /// It is one, and has ended.
    Done,
    /// It is none.
    Refused,
}

/// Reads a torrent file as it comes.
#[derive(Clone, Debug)]
pub struct TorrentReader {
    scanner: Scanner,
    taken: u64,
    /// The first bytes of the key or value being read.
    text: Vec<u8>,
    /// Whether `text` is not the whole of it.
    cut: bool,
    top: Top,
    field: Field,
    hashing: Option<(Sha1, Sha256)>,
    digests: Option<([u8; 20], [u8; 32])>,
    has: Has,
    file: TorrentFile,
    progress: Progress,
}

/// What the info dict has.
#[derive(Clone, Copy, Debug, Default)]
struct Has {
    pieces: bool,
    piece_length: bool,
    version_2: bool,
}

/// Where in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Top {
    #[default]
    Other,
    Trackers,
    Seeds,
    Info,
}

/// Where in the info dict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Field {
    #[default]
    Other,
    Name,
    Pieces,
    PieceLength,
    MetaVersion,
    Private,
}

impl Default for TorrentReader {
    fn default() -> Self {
        Self {
            scanner: Scanner::default(),
            taken: 0,
            text: Vec::new(),
            cut: false,
            top: Top::Other,
            field: Field::Other,
            hashing: None,
            digests: None,
            has: Has::default(),
            file: TorrentFile {
                v1: None,
                v2: None,
                name: Vec::new(),
                private: false,
                has_tracker: false,
                web_seeds: Vec::new(),
            },
            progress: Progress::Going,
        }
    }
}

impl TorrentReader {
    /// Takes the next bytes. What follows the file is ignored.
    pub fn push(&mut self, bytes: &[u8]) -> Progress {
        if self.progress == Progress::Going {
            self.progress = self.walk(bytes).unwrap_or(Progress::Refused);
        }
        self.progress
    }

    /// The file, once it has ended.
    #[must_use]
    pub fn file(&self) -> Option<&TorrentFile> {
        (self.progress == Progress::Done).then_some(&self.file)
    }

    fn walk(&mut self, bytes: &[u8]) -> Option<Progress> {
        let mut rest = bytes;
        let mut unhashed = bytes;
        while !rest.is_empty() && !self.scanner.is_done() {
            let before = (rest, self.scanner.depth());
            let (token, after) = self.scanner.next(rest).ok()?;
            rest = after;
            match token {
                Token::Nothing => {}
                Token::Open { dict } => match (before.1, self.top) {
                    (0, _) | (1, Top::Info) if !dict => return None,
                    (1, Top::Info) => {
                        self.hashing = Some((Sha1::new(), Sha256::new()));
                        unhashed = before.0;
                    }
                    _ => {}
                },
                Token::Close => {
                    if self.scanner.depth() == 1
                        && let Some((mut sha1, mut sha256)) = self.hashing.take()
                    {
                        let last = part(unhashed, rest);
                        sha1.update(last);
                        sha256.update(last);
                        self.digests = Some((sha1.finalize().into(), sha256.finalize().into()));
                        self.top = Top::Other;
                    }
                }
                Token::Int(value) => self.int(value)?,
                Token::Text { part, left, key } => self.text(part, left, key)?,
            }
        }
        if let Some((sha1, sha256)) = &mut self.hashing {
            let passed = part(unhashed, rest);
            sha1.update(passed);
            sha256.update(passed);
        }
        self.taken += part(bytes, rest).len() as u64;
        if self.taken > MAX_LEN {
            return None;
        }
        if !self.scanner.is_done() {
            return Some(Progress::Going);
        }
        let (v1, v2) = self.digests?;
        self.file.v1 = self.has.pieces.then_some(v1);
        self.file.v2 = self.has.version_2.then_some(v2);
        (self.has.piece_length && (self.has.pieces || self.has.version_2)).then_some(Progress::Done)
    }

    /// Takes an integer in. `None`: this is no torrent file.
    fn int(&mut self, value: i64) -> Option<()> {
        match (self.scanner.depth(), self.top, self.field) {
            (0, ..) | (1, Top::Info, _) => return None,
            (2, Top::Info, Field::PieceLength) => self.has.piece_length = value > 0,
            (2, Top::Info, Field::MetaVersion) => self.has.version_2 = value == 2,
            (2, Top::Info, Field::Private) => self.file.private = value == 1,
            _ => {}
        }
        Some(())
    }

    /// Takes a part of a string in. `None`: this is no torrent file.
    fn text(&mut self, part: &[u8], left: usize, key: bool) -> Option<()> {
        let depth = self.scanner.depth();
        let most = match (key, depth, self.top, self.field) {
            (_, 0, ..) | (false, 1, Top::Info, _) => return None,
            (true, 1, ..) | (true, 2, Top::Info, _) => MAX_KEY,
            (false, 2, Top::Info, Field::Name) => MAX_NAME,
            (false, 2, Top::Info, Field::Pieces) => 0,
            (false, _, Top::Seeds, _) => MAX_URL,
            (false, _, Top::Trackers, _) => 1,
            _ => return Some(()),
        };
        let kept = part.get(..most.saturating_sub(self.text.len())).unwrap_or(part);
        self.cut |= kept.len() < part.len();
        self.text.extend_from_slice(kept);
        if left > 0 {
            return Some(());
        }
        let (text, cut) = (std::mem::take(&mut self.text), std::mem::take(&mut self.cut));
        match (key, depth, self.top) {
            (true, 1, _) => self.top = if cut { Top::Other } else { self.top_of(&text) },
            (true, ..) => self.field = if cut { Field::Other } else { field_of(&text) },
            (false, _, Top::Info) if self.field == Field::Name => {
                if self.file.name.is_empty() {
                    self.file.name = text;
                }
            }
            (false, _, Top::Info) => self.has.pieces = true,
            (false, _, Top::Trackers) => self.file.has_tracker |= !text.is_empty(),
            _ => {
                if !cut && self.file.web_seeds.len() < MAX_SEEDS {
                    self.file.web_seeds.extend(UrlDigest::of(&text));
                }
            }
        }
        Some(())
    }

    /// Of a repeated `info` the first counts.
    fn top_of(&self, key: &[u8]) -> Top {
        match key {
            b"info" if self.digests.is_none() => Top::Info,
            b"announce" | b"announce-list" => Top::Trackers,
            b"url-list" | b"httpseeds" => Top::Seeds,
            _ => Top::Other,
        }
    }
}

fn field_of(key: &[u8]) -> Field {
    match key {
        b"name" => Field::Name,
        b"pieces" => Field::Pieces,
        b"piece length" => Field::PieceLength,
        b"meta version" => Field::MetaVersion,
        b"private" => Field::Private,
        _ => Field::Other,
    }
}

/// The bytes of `from` before `rest`, which is its end.
fn part<'a>(from: &'a [u8], rest: &[u8]) -> &'a [u8] {
    from.get(..from.len().saturating_sub(rest.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    /// The vector of the reference: SHA-1 of "hello" as the one piece.
    const INFO: &[u8] = b"d6:lengthi5e4:name5:a.bin12:piece lengthi16384e6:pieces20:\
        \xaa\xf4\xc6\x1d\xdc\xc5\xe8\xa2\xda\xbe\xde\x0f\x3b\x48\x2c\xd9\xae\xa9\x43\x4de";
    const V1: &str = "416dc518fa482e72c6d2b9913f658b63aa1350f2";
    const V2: &str = "eb7fd3a573e835a6644cf939e601dd74e4e00301916078d1de42242090d3712b";

    fn torrent(info: &[u8]) -> Vec<u8> {
        let before =
            b"d8:announce29:http://t.example/s3cret-key/a13:announce-listll3:udpee7:comment4:info4:info";
        [&before[..], info, b"8:url-listl21:http://s.example/f/x/ee"].concat()
    }

    fn read(pieces: &[&[u8]]) -> (Progress, Option<TorrentFile>) {
        let mut reader = TorrentReader::default();
        let mut progress = Progress::Going;
        for piece in pieces {
            progress = reader.push(piece);
        }
        (progress, reader.file().cloned())
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    #[test]
    fn the_infohash_is_over_the_exact_bytes_wherever_they_are_cut() {
        let whole = torrent(INFO);
        for cut in 0..=whole.len() {
            let (head, tail) = whole.split_at(cut);
            let (progress, file) = read(&[head, tail, b"what follows"]);
            assert_eq!(progress, Progress::Done, "cut at {cut}");
            let file = file.unwrap();
            assert_eq!((hex(&file.v1.unwrap()).as_str(), file.v2), (V1, None));
            assert_eq!((&file.name[..], file.private, file.has_tracker), (&b"a.bin"[..], false, true));
            assert_eq!(file.web_seeds, [UrlDigest::of(b"http://S.example/f/x/").unwrap()]);
            assert!(!format!("{file:?}").contains("s3cret"));
        }
        assert_eq!(read(&whole.chunks(1).collect::<Vec<_>>()).0, Progress::Done);
    }

    #[test]
    fn a_hybrid_has_both_infohashes_and_v2_alone_one() {
        let hybrid = [&INFO[..INFO.len() - 1], b"12:meta versioni2e7:privatei1ee"].concat();
        let file = read(&[&torrent(&hybrid)]).1.unwrap();
        assert!(file.v1.is_some() && file.v2.is_some() && file.private);
        let v2 = b"d9:file treede12:meta versioni2e4:name1:x12:piece lengthi16384ee";
        let file = read(&[&torrent(v2)]).1.unwrap();
        assert!(file.v1.is_none() && file.v2.is_some());
        let mut reader = TorrentReader::default();
        reader.push(&torrent(INFO));
        assert_eq!(hex(&reader.digests.unwrap().1), V2);
    }

    #[test]
    fn what_is_no_torrent_file_is_refused_as_soon_as_that_is_clear() {
        for body in [&b"<html>"[..], b"i1e", b"l", b"4:spam", b"d4:infol", b"d4:infoi1e", b"d4:info1:x"] {
            assert_eq!(read(&[body]).0, Progress::Refused, "{}", body.escape_ascii());
        }
        for body in [
            &b"de"[..],
            b"d4:infodee",
            b"d8:intervali1800e5:peers0:e",
            b"d1:xd4:infod6:pieces0:12:piece lengthi1eeee",
        ] {
            assert_eq!(read(&[body]).0, Progress::Refused, "{}", body.escape_ascii());
        }
        let mut reader = TorrentReader::default();
        reader.push(b"d1:x999999999:");
        let progress = (0..=32).map(|_| reader.push(&vec![0; 1 << 20])).last();
        assert_eq!(progress, Some(Progress::Refused), "it is too long");
    }

    #[test]
    fn a_long_name_is_cut() {
        let info = [b"d4:name300:".as_slice(), &[b'n'; 300], b"12:piece lengthi1e6:pieces0:e"].concat();
        assert_eq!(read(&[&torrent(&info)]).1.unwrap().name, [b'n'; MAX_NAME]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at in 0..200_usize, byte: u8) {
            let mut whole = torrent(INFO);
            let at = at.min(whole.len() - 1);
            let _ = read(&[&whole[..at], &bytes]);
            whole[at] = byte;
            let _ = read(&[&whole]);
            let _ = read(&[&bytes]);
        }
    }
}
