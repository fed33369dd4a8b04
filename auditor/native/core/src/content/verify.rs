//! Compares digests of what passed with an info dict that was believed: these bytes of this torrent went over.
//!
//! A v1 piece is right if its SHA-1 is the dict's; where the piece ends with a pad file, the zeros that nobody
//! sends are added. A v2 piece is right if the root of its hash tree is that of its file, where the file is no
//! longer than a piece, or stands in the file's layer of pieces, where peers sent that ([`PieceLayers`]). Of a
//! hybrid either proves it.
//!
//! A piece that has all its bytes and fits neither is `wrong`: bytes passed that are not this torrent's. One that
//! is not whole, or of which no hash is known, is neither right nor wrong.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::layers::PieceLayers;
use super::merkle::{height, raise};
use super::pieces::PieceDigest;
use crate::wire::bt::info::{File, Info, LEAF, V1};

/// Zeros hashed at most for all pieces of one verification: whoever makes a torrent says how many there are.
const MAX_PADDING: u64 = 64 << 20;

/// Pieces, and the bytes of them that passed and were hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pieces.
    pub pieces: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What became of the pieces of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// They hash to what the info dict says.
    pub verified: Tally,
    /// They have all their bytes, and hash to something else; or the torrent has no such piece.
    pub wrong: Tally,
    /// Not all of their bytes passed here in an order that could be hashed.
    pub incomplete: Tally,
    /// They are whole, but of what they should hash to nothing is known: v2 pieces without their layer.
    pub unknown: Tally,
    /// Verified bytes by file; a file is named by its offset, see [`File::offset`]. No pad files.
    pub files: BTreeMap<u64, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Verified,
    Wrong,
    Incomplete,
    Unknown,
}

/// Compares the digests of pieces, by index, with what `info` says.
#[must_use]
pub fn verify(info: &Info<'_>, layers: &PieceLayers, digests: &BTreeMap<u32, PieceDigest>) -> Verification {
    let mut found = Verification::default();
    let mut verified = Vec::new();
    let mut by_sha1 = BySha1::new(info);
    let mut by_tree = ByTree::new(info, layers);
    for (&index, digest) in digests {
        let answers = [
            by_sha1.as_mut().map(|v1| v1.check(index, digest)),
            by_tree.as_mut().map(|v2| v2.check(index, digest)),
        ];
        let is = |outcome| answers.contains(&Some(outcome));
        let tally = if is(Outcome::Verified) {
            let begin = u64::from(index) * u64::from(info.piece_length);
            verified.push((begin, begin + u64::from(digest.len)));
            &mut found.verified
        } else if is(Outcome::Incomplete) {
            &mut found.incomplete
        } else if is(Outcome::Wrong) {
            &mut found.wrong
        } else {
            &mut found.unknown
        };
        tally.pieces += 1;
        tally.bytes += u64::from(digest.len);
    }
    found.files = share_out(info, &verified);
    found
}

/// The bytes of each file that lie in `ranges`, which are in order and do not overlap.
fn share_out(info: &Info<'_>, ranges: &[(u64, u64)]) -> BTreeMap<u64, u64> {
    let mut files = BTreeMap::new();
    let mut ranges = ranges.iter().peekable();
    for file in info.files().filter(|file| !file.is_pad && file.length > 0) {
        let end = file.offset.saturating_add(file.length);
        while let Some(&&(from, to)) = ranges.peek() {
            let shared = to.min(end).saturating_sub(from.max(file.offset));
            if shared > 0 {
                *files.entry(file.offset).or_default() += shared;
            }
            if to > end {
                break; // the next file may share it
            }
            ranges.next();
        }
    }
    files
}

/// Checks v1 pieces.
struct BySha1<'a> {
    v1: V1<'a>,
    piece_length: u64,
    /// Where pad files begin and end.
    pads: Vec<(u64, u64)>,
    padding_left: u64,
}

impl<'a> BySha1<'a> {
    fn new(info: &Info<'a>) -> Option<Self> {
        let v1 = info.v1?;
        let pads = v1.files().filter(|file| file.is_pad);
        Some(Self {
            v1,
            piece_length: info.piece_length.into(),
            pads: pads.map(|file| (file.offset, file.offset.saturating_add(file.length))).collect(),
            padding_left: MAX_PADDING,
        })
    }

    fn check(&mut self, index: u32, digest: &PieceDigest) -> Outcome {
        let Some(expected) = usize::try_from(index).ok().and_then(|at| self.v1.pieces().get(at)) else {
            return Outcome::Wrong;
        };
        // The piece exists, so it begins before the end.
        let begin = u64::from(index) * self.piece_length;
        let end = self.v1.total().min(begin + self.piece_length);
        let hashed = begin + u64::from(digest.len);
        let sha1 = match hashed.cmp(&end) {
            Ordering::Greater => return Outcome::Wrong,
            Ordering::Equal => Some(digest.sha1),
            Ordering::Less => self.pad(digest, hashed, end),
        };
        match sha1 {
            Some(sha1) if sha1 == *expected => Outcome::Verified,
            Some(_) => Outcome::Wrong,
            None => Outcome::Incomplete,
        }
    }

    /// The SHA-1 with zeros up to `end`, if nothing but padding is there.
    fn pad(&mut self, digest: &PieceDigest, hashed: u64, end: u64) -> Option<[u8; 20]> {
        let zeros = end - hashed;
        let first = self.pads.partition_point(|(_, to)| *to <= hashed);
        let (from, to) = self.pads.get(first)?;
        if *from > hashed || *to < end || digest.len == 0 {
            return None;
        }
        self.padding_left = self.padding_left.checked_sub(zeros)?;
        digest.padded_sha1(u32::try_from(zeros).ok()?)
    }
}

/// Checks v2 pieces, which must come in order.
struct ByTree<'a, 'l, F: Iterator<Item = File<'a>>> {
    files: std::iter::Peekable<F>,
    piece_length: u64,
    layers: &'l PieceLayers,
}

impl<'a, 'l> ByTree<'a, 'l, crate::wire::bt::info::V2Files<'a>> {
    fn new(info: &Info<'a>, layers: &'l PieceLayers) -> Option<Self> {
        let files = info.v2?.files().peekable();
        Some(Self { files, piece_length: info.piece_length.into(), layers })
    }
}

impl<'a, F: Iterator<Item = File<'a>>> ByTree<'a, '_, F> {
    fn check(&mut self, index: u32, digest: &PieceDigest) -> Outcome {
        let begin = u64::from(index) * self.piece_length;
        while self.files.next_if(|file| file.offset.saturating_add(file.length) <= begin).is_some() {}
        let Some((file, pieces_root)) = self.files.peek().and_then(|file| Some((file, file.pieces_root?)))
        else {
            return Outcome::Wrong;
        };
        // A file begins with a piece, and this one does not end before `begin`.
        let Some(within) = begin.checked_sub(file.offset) else { return Outcome::Wrong };
        let len = self.piece_length.min(file.length - within);
        match u64::from(digest.len) {
            hashed if hashed < len => return Outcome::Incomplete,
            hashed if hashed > len => return Outcome::Wrong,
            _ => {}
        }
        let Some(root) = digest.root else { return Outcome::Unknown };
        let blocks = |bytes: u64| bytes.div_ceil(LEAF.into());
        let expected = if file.length <= self.piece_length {
            return if root == *pieces_root { Outcome::Verified } else { Outcome::Wrong };
        } else {
            let layer = height(blocks(self.piece_length));
            let root = raise(root, height(blocks(len)), layer);
            let place = u32::try_from(within / self.piece_length).unwrap_or(u32::MAX);
            self.layers.node(pieces_root, height(blocks(file.length)), layer, place).map(|node| *node == root)
        };
        match expected {
            Some(true) => Outcome::Verified,
            Some(false) => Outcome::Wrong,
            None => Outcome::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::*;
    use crate::content::Budget;
    use crate::content::merkle::Row;
    use crate::content::pieces::PieceDigests;
    use crate::wire::bt::hashes::Hashes;

    const PIECE: usize = 32768;

    fn content(seed: u8, len: usize) -> Vec<u8> {
        (0..len).map(|at| seed.wrapping_add(u8::try_from(at % 249).unwrap())).collect()
    }

    fn sha1(bytes: &[u8]) -> [u8; 20] {
        Sha1::digest(bytes).into()
    }

    fn leaves(bytes: &[u8]) -> Vec<[u8; 32]> {
        bytes.chunks(LEAF as usize).map(|leaf| sha2::Sha256::digest(leaf).into()).collect()
    }

    fn root(nodes: &[[u8; 32]], layer: u32) -> [u8; 32] {
        let mut row = Row::default();
        for node in nodes {
            row.push(*node);
        }
        row.root(layer).unwrap()
    }

    /// The layer of a file's pieces.
    fn piece_layer(bytes: &[u8]) -> Vec<[u8; 32]> {
        bytes
            .chunks(PIECE)
            .map(|piece| raise(root(&leaves(piece), 0), height(leaves(piece).len() as u64), 1))
            .collect()
    }

    fn digests<'a>(pieces: impl IntoIterator<Item = (u32, &'a [u8])>) -> BTreeMap<u32, PieceDigest> {
        let (mut digests, mut budget) = (PieceDigests::default(), Budget::new(1 << 20));
        for (index, bytes) in pieces {
            digests.feed(index, 0, bytes, &mut budget);
        }
        digests.finish(&mut budget).0
    }

    fn bencoded(bytes: &[u8]) -> Vec<u8> {
        [format!("{}:", bytes.len()).as_bytes(), bytes].concat()
    }

    fn nothing() -> PieceLayers {
        PieceLayers::new(1 << 20)
    }

    fn v1(files: &str, pieces: &[&[u8]]) -> Vec<u8> {
        let hashes = pieces.iter().flat_map(|piece| sha1(piece)).collect::<Vec<_>>();
        [format!("d{files}12:piece lengthi{PIECE}e6:pieces").as_bytes(), &bencoded(&hashes), b"e"].concat()
    }

    #[test]
    fn v1_pieces_are_right_wrong_or_not_whole() {
        let bytes = content(1, 3 * PIECE + 100);
        let pieces: Vec<&[u8]> = bytes.chunks(PIECE).collect();
        let files = format!("5:filesld6:lengthi{}eed6:lengthi10eed6:lengthi{}eee", PIECE + 5, 2 * PIECE + 85);
        let dict = v1(&files, &pieces);
        let info = Info::parse(&dict).unwrap().0;
        let whole = digests((0..).zip(pieces.iter().copied()));
        let found = verify(&info, &nothing(), &whole);
        assert_eq!(found.verified, Tally { pieces: 4, bytes: bytes.len() as u64 });
        let (first, third) = (PIECE as u64 + 5, 2 * PIECE as u64 + 85);
        assert_eq!(found.files, BTreeMap::from([(0, first), (first, 10), (first + 10, third)]));

        let mut wrong = pieces[2].to_vec();
        wrong[9] ^= 1;
        let mixed =
            digests([(0, pieces[0]), (1, &pieces[1][..100]), (2, &wrong), (3, pieces[3]), (9, &b"x"[..])]);
        let found = verify(&info, &nothing(), &mixed);
        assert_eq!((found.verified.pieces, found.incomplete.bytes), (2, 100));
        assert_eq!(found.wrong, Tally { pieces: 2, bytes: PIECE as u64 + 1 });
        assert_eq!(found.files, BTreeMap::from([(0, PIECE as u64), (first + 10, 100)]));
    }

    #[test]
    fn padding_that_nobody_sends_is_added() {
        let (a, b) = (content(1, 100), content(2, 50));
        let padded = [a.clone(), vec![0; PIECE - 100]].concat();
        let files = format!("5:filesld6:lengthi100eed4:attr1:p6:lengthi{}eed6:lengthi50eee", PIECE - 100);
        let dict = v1(&files, &[&padded, &b]);
        let info = Info::parse(&dict).unwrap().0;
        // Whether nothing is sent of it, what fills up the last block, or all.
        for first in [&a[..], &padded[..LEAF as usize], &padded] {
            let found = verify(&info, &nothing(), &digests([(0, first), (1, &b[..])]));
            assert_eq!(found.verified.pieces, 2);
            assert_eq!(found.files, BTreeMap::from([(0, 100), (PIECE as u64, 50)]), "no padding");
        }
        let found = verify(&info, &nothing(), &digests([(0, &a[..99])]));
        assert_eq!(found.incomplete.pieces, 1);
    }

    #[test]
    fn small_v2_files_are_right_by_their_root_and_large_ones_by_their_layer() {
        let (small, large) = (content(1, 20_000), content(2, 2 * PIECE + 100));
        let roots = [root(&leaves(&small), 0), root(&piece_layer(&large), 1)];
        let file = |name: &str, len: usize, root: &[u8]| {
            [format!("1:{name}d0:d6:lengthi{len}e11:pieces root").as_bytes(), &bencoded(root), b"ee"].concat()
        };
        let tree = [file("a", small.len(), &roots[0]), file("b", large.len(), &roots[1])].concat();
        let dict =
            [b"d9:file treed", &tree[..], format!("e12:meta versioni2e12:piece lengthi{PIECE}ee").as_bytes()]
                .concat();
        let info = Info::parse(&dict).unwrap().0;
        let mut pieces = vec![(0, &small[..])];
        pieces.extend((1..).zip(large.chunks(PIECE)));
        let whole = digests(pieces);

        let found = verify(&info, &nothing(), &whole);
        assert_eq!((found.verified.pieces, found.unknown.pieces, found.wrong.pieces), (1, 3, 0));

        let numbers = [1, 0, 3, 2_u32].map(u32::to_be_bytes).concat();
        let body = [&roots[1][..], &numbers, &piece_layer(&large).concat()].concat();
        let mut layers = nothing();
        assert!(layers.collect(&Hashes::parse(&body).unwrap()));
        let found = verify(&info, &layers, &whole);
        assert_eq!(found.verified, Tally { pieces: 4, bytes: (small.len() + large.len()) as u64 });
        assert_eq!(found.files, BTreeMap::from([(0, 20_000), (PIECE as u64, large.len() as u64)]));

        let swapped =
            digests([(0, &large[..20_000]), (1, &large[PIECE..2 * PIECE]), (3, &large[..7]), (4, &b"x"[..])]);
        let found = verify(&info, &layers, &swapped);
        assert_eq!((found.wrong.pieces, found.incomplete.pieces, found.verified.pieces), (3, 1, 0));
    }

    #[test]
    fn of_a_hybrid_either_hash_proves_a_piece() {
        let bytes = content(3, 20_000);
        let hash = bencoded(&sha1(&bytes));
        let tree_root = bencoded(&root(&leaves(&bytes), 0));
        for (sha1_is_right, root_is_right) in [(true, true), (true, false), (false, true), (false, false)] {
            let pick = |right: bool, hash: &[u8]| {
                let mut hash = hash.to_vec();
                *hash.last_mut().unwrap() ^= u8::from(!right);
                hash
            };
            let dict = [
                &b"d9:file treed1:ad0:d6:lengthi20000e11:pieces root"[..],
                &pick(root_is_right, &tree_root),
                b"eee6:lengthi20000e12:meta versioni2e12:piece lengthi32768e6:pieces",
                &pick(sha1_is_right, &hash),
                b"e",
            ]
            .concat();
            let found = verify(&Info::parse(&dict).unwrap().0, &nothing(), &digests([(0, &bytes[..])]));
            let right = sha1_is_right || root_is_right;
            assert_eq!((found.verified.pieces, found.wrong.pieces), (u64::from(right), u64::from(!right)));
        }
    }

    #[test]
    fn zeros_are_hashed_within_a_bound() {
        let piece_length = 1_u64 << 30;
        let pads = format!("d6:lengthi1eed4:attr1:p6:lengthi{}ee", piece_length - 1).repeat(9);
        let dict = format!("d5:filesl{pads}e12:piece lengthi{piece_length}e6:pieces180:{}e", "x".repeat(180));
        let info = Info::parse(dict.as_bytes()).unwrap().0;
        let found = verify(&info, &nothing(), &digests((0..9).map(|index| (index, &b"y"[..]))));
        assert_eq!(found.incomplete.pieces, 9);
    }
}
