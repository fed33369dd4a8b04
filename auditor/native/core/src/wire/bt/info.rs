//! The info dict, BEP 3, 27, 47 and 52: what a torrent consists of, as far as pieces are checked by it.
//!
//! | key | value |
//! |---|---|
//! | `piece length` | bytes of a piece; of v2 a power of two, 16 KiB at least |
//! | `private` | 1: peers only from the trackers (BEP 27) |
//! | `pieces` | v1: a SHA-1 for each piece |
//! | `length`, or `files` | v1: bytes of the one file, or a list of dicts with `length` and `attr` |
//! | `meta version`, `file tree` | v2: 2, and dicts by path, in which the key `""` has a file's `length` and `pieces root` |
//!
//! A hybrid has all of them. v1 puts all files behind each other, and what is to begin with a piece has a pad file
//! (`attr` with a `p`) before it; v2 lets every file begin with a piece. So a file's **offset** is the same in
//! both, and names it.
//!
//! To be read only from bytes that hash to the infohash. Even those are hostile: whoever makes a torrent writes them.
//! Names and paths are not read.

use super::bencode::{self, Dict, Entries, MAX_DEPTH, Value, Values};
use crate::error::ParseError;

/// The longest piece: beyond any that clients accept.
pub const MAX_PIECE: u32 = 1 << 30;
/// Bytes of a leaf of a v2 file's tree.
pub const LEAF: u32 = 16 << 10;

/// An info dict. Holding one proves that its numbers fit each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info<'a> {
    /// Bytes of a piece, at least 1.
    pub piece_length: u32,
    /// Whether peers may come from trackers only.
    pub is_private: bool,
    /// What BEP 3 says of it.
    pub v1: Option<V1<'a>>,
    /// What BEP 52 says of it.
    pub v2: Option<V2<'a>>,
}

/// The v1 part: pieces over all files behind each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V1<'a> {
    pieces: &'a [[u8; 20]],
    total: u64,
    files: Option<bencode::List<'a>>,
}

/// The v2 part: a hash tree for each file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V2<'a> {
    tree: Dict<'a>,
    piece_length: u32,
}

/// A file's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct File<'a> {
    /// Where it begins, counted from the beginning of the first piece.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
    /// Nothing but zeros, so that the next file begins with a piece (v1).
    pub is_pad: bool,
    /// The root of its hash tree (v2, unless it is empty).
    pub pieces_root: Option<&'a [u8; 32]>,
}

impl<'a> Info<'a> {
    /// Splits an info dict off the front of `input`; returns it and the rest.
    ///
    /// # Errors
    /// `Truncated` if it is a proper prefix of a dict. `Mismatch` if it is no dict, has no pieces of either version, or if its
    /// numbers do not fit each other: a piece length out of bounds, negative or overflowing lengths, not as many
    /// hashes as pieces.
    pub fn parse(input: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let (value, rest) = bencode::parse(input)?;
        let info = value.as_dict().ok_or("a dict").and_then(Self::read);
        info.map(|info| (info, rest)).map_err(|expected| ParseError::Mismatch { offset: 0, expected })
    }

    fn read(dict: Dict<'a>) -> Result<Self, &'static str> {
        let mut wanted = Wanted::default();
        for (key, value) in dict {
            wanted.take(key, value);
        }
        let piece_length = wanted.piece_length.and_then(|length| u32::try_from(length).ok());
        let piece_length = piece_length
            .filter(|length| (1..=MAX_PIECE).contains(length))
            .ok_or("a piece length of at most 1 GiB")?;
        let v1 = wanted.pieces.map(|pieces| V1::read(pieces, &wanted, piece_length)).transpose()?;
        let v2 = match (wanted.meta_version, wanted.tree) {
            (Some(2), Some(tree)) => Some(V2::read(tree, piece_length)?),
            _ => None,
        };
        if v1.is_none() && v2.is_none() {
            return Err("pieces or a file tree");
        }
        Ok(Self { piece_length, is_private: wanted.private == Some(1), v1, v2 })
    }

    /// All files, in their order: those of the v2 part, which has no pad files, if there is one.
    pub fn files(&self) -> impl Iterator<Item = File<'a>> + use<'a> {
        let v1 = if self.v2.is_none() { self.v1 } else { None };
        let v2 = self.v2.into_iter().flat_map(|v2| v2.files());
        v2.chain(v1.into_iter().flat_map(|v1| v1.files()))
    }
}

/// The keys that are wanted; of a repeated one the first that has the right type.
#[derive(Default)]
struct Wanted<'a> {
    piece_length: Option<i64>,
    private: Option<i64>,
    pieces: Option<&'a [u8]>,
    length: Option<i64>,
    files: Option<bencode::List<'a>>,
    meta_version: Option<i64>,
    tree: Option<Dict<'a>>,
}

impl<'a> Wanted<'a> {
    fn take(&mut self, key: &[u8], value: Value<'a>) {
        match key {
            b"piece length" => self.piece_length = self.piece_length.or(value.as_int()),
            b"private" => self.private = self.private.or(value.as_int()),
            b"pieces" => self.pieces = self.pieces.or(value.as_bytes()),
            b"length" => self.length = self.length.or(value.as_int()),
            b"files" => self.files = self.files.or(value.as_list()),
            b"meta version" => self.meta_version = self.meta_version.or(value.as_int()),
            b"file tree" => self.tree = self.tree.or(value.as_dict()),
            _ => {}
        }
    }
}

impl<'a> V1<'a> {
    fn read(pieces: &'a [u8], wanted: &Wanted<'a>, piece_length: u32) -> Result<Self, &'static str> {
        const LENGTH: &str = "the length of every file";
        let (pieces, []) = pieces.as_chunks() else { return Err("hashes of 20 bytes") };
        let total = match wanted.files {
            None => wanted.length.and_then(|length| u64::try_from(length).ok()).ok_or(LENGTH)?,
            Some(files) => {
                let mut total = 0_u64;
                for file in files {
                    let length = file.as_dict().and_then(length).ok_or(LENGTH)?;
                    total = total.checked_add(length).ok_or("a length of 64 bits")?;
                }
                total
            }
        };
        if total.div_ceil(piece_length.into()) != pieces.len() as u64 {
            return Err("as many hashes as pieces");
        }
        Ok(Self { pieces, total, files: wanted.files })
    }

    /// The SHA-1 of each piece.
    #[must_use]
    pub const fn pieces(&self) -> &'a [[u8; 20]] {
        self.pieces
    }

    /// Bytes of all files, pad files too.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The files in their order.
    #[must_use]
    pub fn files(&self) -> V1Files<'a> {
        let single = if self.files.is_none() { Some(self.total) } else { None };
        V1Files { single, files: self.files.map(bencode::List::iter), offset: 0 }
    }
}

/// The files of a v1 part.
#[derive(Clone, Debug)]
pub struct V1Files<'a> {
    single: Option<u64>,
    files: Option<Values<'a>>,
    offset: u64,
}

impl<'a> Iterator for V1Files<'a> {
    type Item = File<'a>;

    fn next(&mut self) -> Option<File<'a>> {
        let (length, is_pad) = if let Some(length) = self.single.take() {
            (length, false)
        } else {
            let file = self.files.as_mut()?.next()?.as_dict()?;
            let attributes = file.get(b"attr").and_then(Value::as_bytes).unwrap_or_default();
            (length(file)?, attributes.contains(&b'p'))
        };
        let offset = self.offset;
        self.offset = offset.checked_add(length)?;
        Some(File { offset, length, is_pad, pieces_root: None })
    }
}

impl<'a> V2<'a> {
    fn read(tree: Dict<'a>, piece_length: u32) -> Result<Self, &'static str> {
        if piece_length < LEAF || !piece_length.is_power_of_two() {
            return Err("a piece length that is a power of two");
        }
        let v2 = Self { tree, piece_length };
        let mut files = v2.files();
        while files.next().is_some() {}
        if files.stack.is_empty() { Ok(v2) } else { Err("a tree of files with length and root") }
    }

    /// The files in their order.
    #[must_use]
    pub fn files(&self) -> V2Files<'a> {
        V2Files { stack: vec![self.tree.iter()], offset: 0, piece_length: self.piece_length.into() }
    }
}

/// The files of a v2 part.
#[derive(Clone, Debug)]
pub struct V2Files<'a> {
    /// The directories around the next entry: no more than bencode nests. Left over where the tree is malformed.
    stack: Vec<Entries<'a>>,
    offset: u64,
    piece_length: u64,
}

impl<'a> Iterator for V2Files<'a> {
    type Item = File<'a>;

    fn next(&mut self) -> Option<File<'a>> {
        loop {
            let Some((name, value)) = self.stack.last_mut()?.next() else {
                self.stack.pop();
                continue;
            };
            let dict = value.as_dict()?;
            if !name.is_empty() {
                if self.stack.len() > MAX_DEPTH as usize {
                    return None; // never: the dict could not have been parsed
                }
                self.stack.push(dict.iter());
                continue;
            }
            let length = length(dict)?;
            let pieces_root = dict.get(b"pieces root").and_then(Value::as_bytes);
            let pieces_root = pieces_root.and_then(|root| <&[u8; 32]>::try_from(root).ok());
            if length > 0 && pieces_root.is_none() {
                return None;
            }
            let offset = self.offset;
            self.offset = offset.checked_add(length)?.checked_next_multiple_of(self.piece_length)?;
            return Some(File { offset, length, is_pad: false, pieces_root });
        }
    }
}

/// A file's `length`.
fn length(file: Dict<'_>) -> Option<u64> {
    file.get(b"length").and_then(Value::as_int).and_then(|length| u64::try_from(length).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SINGLE: &[u8] = b"d6:lengthi5e4:name5:a.bin12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae";
    const PADDED: &[u8] = b"d5:filesld6:lengthi5e4:pathl1:aeed4:attr1:p6:lengthi16379e4:pathl4:.pad5:16379eed6:lengthi9e\
        4:pathl1:b1:ceee4:name1:x12:piece lengthi16384e6:pieces40:aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb7:privatei1ee";
    const TREE: &[u8] = b"d9:file treed1:ad0:d6:lengthi5e11:pieces root32:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaee1:bd1:cd0:d6:lengthi0eeee\
        1:dd0:d6:lengthi40000e11:pieces root32:ddddddddddddddddddddddddddddddddee1:ed0:d6:lengthi1e11:pieces root32:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\
        12:meta versioni2e4:name1:x12:piece lengthi16384ee";

    fn parse(input: &[u8]) -> Info<'_> {
        let (info, rest) = Info::parse(input).unwrap();
        assert_eq!(rest, b"");
        info
    }

    fn refusal(input: &[u8]) -> &'static str {
        match Info::parse(input) {
            Err(ParseError::Mismatch { expected, .. }) => expected,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_single_file_is_one_file_at_the_beginning() {
        let info = parse(SINGLE);
        assert_eq!((info.piece_length, info.is_private, info.v2), (16384, false, None));
        assert_eq!((info.v1.unwrap().pieces(), info.v1.unwrap().total()), (&[[b'a'; 20]][..], 5));
        let file = File { offset: 0, length: 5, is_pad: false, pieces_root: None };
        assert_eq!(info.files().collect::<Vec<_>>(), [file]);
    }

    #[test]
    fn files_of_v1_stand_behind_each_other_pad_files_too() {
        let info = parse(PADDED);
        assert!(info.is_private);
        let files: Vec<_> = info.files().map(|file| (file.offset, file.length, file.is_pad)).collect();
        assert_eq!(files, [(0, 5, false), (5, 16379, true), (16384, 9, false)]);
    }

    #[test]
    fn files_of_v2_each_begin_with_a_piece() {
        let info = parse(TREE);
        assert_eq!(info.v1, None);
        let files: Vec<_> = info
            .files()
            .map(|file| (file.offset, file.length, file.pieces_root.map(|root| root[0])))
            .collect();
        let expected =
            [(0, 5, Some(b'a')), (16384, 0, None), (16384, 40000, Some(b'd')), (65536, 1, Some(b'e'))];
        assert_eq!(files, expected);
    }

    #[test]
    fn a_hybrid_has_both_and_its_files_are_those_of_v2() {
        let hybrid = [&TREE[..TREE.len() - 1], b"6:lengthi5e6:pieces20:aaaaaaaaaaaaaaaaaaaae"].concat();
        let info = parse(&hybrid);
        assert!(info.v1.is_some() && info.v2.is_some());
        assert_eq!(info.files().count(), 4);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let cases: &[(&str, &str, &str)] = &[
            ("lengthi5e4", "lengthi16385e4", "as many hashes as pieces"),
            ("lengthi5e4", "lengthi-5e4", "the length of every file"),
            ("6:lengthi5e", "", "the length of every file"),
            ("lengthi16384e", "lengthi0e", "a piece length of at most 1 GiB"),
            ("lengthi16384e", "lengthi1073741825e", "a piece length of at most 1 GiB"),
            ("pieces20:a", "pieces19:", "hashes of 20 bytes"),
            ("pieces20", "piecex20", "pieces or a file tree"),
        ];
        for (from, to, expected) in cases {
            let input = String::from_utf8(SINGLE.to_vec()).unwrap().replacen(from, to, 1);
            assert_eq!(refusal(input.as_bytes()), *expected, "{input}");
        }
        let cases: &[(&str, &str, &str)] = &[
            ("lengthi16384e", "lengthi16383e", "a piece length that is a power of two"),
            ("lengthi40000e", "lengthi-1e", "a tree of files with length and root"),
            ("root32:e", "rooh32:e", "a tree of files with length and root"),
            ("lengthi40000e", "lengthi9223372036854775807e", "a tree of files with length and root"),
            ("versioni2e", "versioni3e", "pieces or a file tree"),
        ];
        for (from, to, expected) in cases {
            let mut input = String::from_utf8(TREE.to_vec()).unwrap().replacen(from, to, 1);
            if to.len() > 20 {
                input = input.replacen("lengthi5e", "lengthi9223372036854775807e", 1);
                input = input.replacen("lengthi1e", "lengthi9223372036854775807e", 1);
            }
            assert_eq!(refusal(input.as_bytes()), *expected, "{input}");
        }
        assert_eq!(refusal(b"le"), "a dict");
    }

    #[test]
    fn lengths_that_overflow_are_refused() {
        let long = "d6:lengthi9223372036854775807ee".repeat(3);
        let input = format!("d5:filesl{long}e12:piece lengthi1e6:pieces0:e");
        assert_eq!(refusal(input.as_bytes()), "a length of 64 bits");
    }

    #[test]
    fn every_proper_prefix_is_truncated_never_mismatched() {
        for whole in [SINGLE, PADDED, TREE] {
            for cut in 0..whole.len() {
                let parsed = Info::parse(&whole[..cut]);
                assert!(matches!(parsed, Err(ParseError::Truncated { offset, .. }) if offset == cut));
            }
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_read_or_refused(at: prop::sample::Index, byte in prop::sample::select(&b"0123456789-:ildepx"[..])) {
            for whole in [SINGLE, PADDED, TREE] {
                let mut bytes = whole.to_vec();
                bytes[at.index(whole.len())] = byte;
                if let Ok((info, _)) = Info::parse(&bytes) {
                    let mut end = 0;
                    for file in info.files() {
                        prop_assert!(file.offset >= end);
                        end = file.offset + file.length;
                    }
                }
            }
        }
    }
}
