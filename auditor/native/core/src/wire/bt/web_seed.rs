//! Pieces over HTTP, BEP 17 and 19.
//!
//! BEP 17: `GET <url>?info_hash=<20 bytes>&piece=<number>[&ranges=a-b,…]`: such a request names the torrent. BEP 19: a
//! `GET` of the content itself, mostly with a `Range`; nothing in it tells what it is for. Only who knows the torrent's
//! `url-list` can see it in the address, so addresses become digests that can be compared.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::wire::http::target::{Target, decode, decode_short, number};

/// A request for a part of a piece (BEP 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceRequest {
    /// The torrent.
    pub infohash: [u8; 20],
    /// The piece.
    pub piece: u32,
}

impl PieceRequest {
    /// Reads a target. `None`: it asks for no piece.
    #[must_use]
    pub fn read(target: &Target<'_>) -> Option<Self> {
        let (mut infohash, mut piece) = (None, None);
        for (key, value) in target.parameters() {
            match key {
                b"info_hash" if infohash.is_none() => infohash = Some(decode(value)?),
                b"piece" if piece.is_none() => piece = Some(number(value)?.try_into().ok()?),
                b"peer_id" => return None,
                _ => {}
            }
        }
        Some(Self { infohash: infohash?, piece: piece? })
    }
}

/// Stands for a URL's host, port and path, so that two can be compared without keeping either.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrlDigest(pub u64);

impl UrlDigest {
    /// The digest of a URL. `None`: it is not of HTTP.
    #[must_use]
    pub fn of(url: &[u8]) -> Option<Self> {
        let scheme = url.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case(b"http://"));
        let target = Target::split(scheme.map(|_| url)?);
        Some(Self::of_parts(target.authority()?, target.path()))
    }

    /// The digest of what is called `name` in the folder that this one stands for: to the address of a folder, clients
    /// add the name of the torrent (BEP 19). Many torrents may lie in one folder.
    #[must_use]
    pub fn entry(self, name: &[u8]) -> Self {
        Self::first_of(Sha256::new().chain_update(self.0.to_be_bytes()).chain_update(name))
    }

    /// The digests by which a path at a host may be a part of a torrent: what each folder above it was asked for, the
    /// path itself last. The innermost seven folders, and no more.
    #[must_use]
    pub fn of_each_folder(host: &[u8], path: &[u8]) -> Vec<Self> {
        const MOST: usize = 8;
        /// No file system has longer names.
        const NAME: usize = 255;
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1);
        let ends: Vec<usize> = ends.filter(|end| *end < path.len()).collect();
        let innermost = ends.get(ends.len().saturating_sub(MOST - 1)..).unwrap_or_default();
        let entries = innermost.iter().filter_map(|end| {
            let (folder, below) = path.split_at_checked(*end)?;
            let name = below.split(|byte| *byte == b'/').next()?;
            Some(Self::of_parts(host, folder).entry(&decode_short(name, NAME)?))
        });
        entries.chain([Self::of_parts(host, path)]).collect()
    }

    fn of_parts(host: &[u8], path: &[u8]) -> Self {
        let host = host.strip_suffix(b":80").unwrap_or(host).to_ascii_lowercase();
        Self::first_of(Sha256::new().chain_update(host).chain_update(b"\n").chain_update(path))
    }

    fn first_of(digest: Sha256) -> Self {
        Self(digest.finalize().first_chunk().map_or(0, |first| u64::from_be_bytes(*first)))
    }
}

impl fmt::Debug for UrlDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Whether a `User-Agent` is that of a BitTorrent client: its own word, and easily changed. Not aria2's, which fetches
/// by ranges what no torrent names, too.
#[must_use]
pub fn is_of_a_client(user_agent: &[u8]) -> bool {
    /// Names as clients write them in requests to trackers and web seeds.
    const CLIENTS: &[&[u8]] = &[
        b"libtorrent",
        b"qBittorrent",
        b"Transmission",
        b"Deluge",
        b"rtorrent",
        b"uTorrent",
        b"BitTorrent",
        b"BTWebClient",
        b"Azureus",
        b"Vuze",
        b"BiglyBT",
        b"BitComet",
        b"KTorrent",
        b"WebTorrent",
        b"Tixati",
        b"PicoTorrent",
    ];
    let is = |client: &&[u8]| {
        user_agent.get(..client.len()).is_some_and(|start| start.eq_ignore_ascii_case(client))
    };
    CLIENTS.iter().any(is)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_for_a_piece_names_its_torrent() {
        let read = |url| PieceRequest::read(&Target::split(url));
        let url = b"/seed.php?info_hash=%61aaaaaaaaaaaaaaaaaaa&piece=8&ranges=49152-131071";
        assert_eq!(read(url), Some(PieceRequest { infohash: [b'a'; 20], piece: 8 }));
        for other in [
            &b"/seed.php?info_hash=%61aaaaaaaaaaaaaaaaaaa"[..],
            b"/seed.php?info_hash=a&piece=8",
            b"/seed.php?info_hash=aaaaaaaaaaaaaaaaaaaa&piece=x",
            b"/?piece=8",
            b"/a?info_hash=aaaaaaaaaaaaaaaaaaaa&piece=8&peer_id=x",
        ] {
            assert_eq!(read(other), None);
        }
    }

    #[test]
    fn a_file_is_found_by_its_address_and_by_its_folders() {
        let found = UrlDigest::of_each_folder(b"Seeds.example:80", b"/f/an%20album/1.flac");
        let of = |url: &[u8]| UrlDigest::of(url).unwrap();
        let (folder, file) =
            (of(b"http://seeds.example/f/"), of(b"HTTP://seeds.example/f/an%20album/1.flac"));
        assert!(found.contains(&folder.entry(b"an album")) && found.contains(&file));
        assert!(!found.contains(&folder) && !found.contains(&folder.entry(b"another")), "of another torrent");
        assert!(!found.contains(&of(b"http://other.example/f/").entry(b"an album")));
        assert_eq!((UrlDigest::of(b"ftp://x/y"), UrlDigest::of(b"/f/")), (None, None));
        assert_eq!(UrlDigest::of_each_folder(b"h", &b"/x".repeat(100)).len(), 8);
    }

    #[test]
    fn clients_are_known_by_how_their_name_begins() {
        assert!(is_of_a_client(b"qBittorrent/5.0"));
        for other in [&b"Mozilla/5.0 uTorrent"[..], b"aria2/1.37.0", b""] {
            assert!(!is_of_a_client(other));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(url: Vec<u8>) {
            let _ = (PieceRequest::read(&Target::split(&url)), UrlDigest::of(&url), is_of_a_client(&url));
            prop_assert!(UrlDigest::of_each_folder(&url, &url).len() <= 8);
        }
    }
}
