//! Any bytes are a torrent file or none, wherever they are cut; a file is one bencoded dict, and its digests are of `info`.
#![no_main]

use auditor_core::wire::bt::bencode;
use auditor_core::wire::bt::torrent_file::{MAX_NAME, Progress, TorrentFile, TorrentReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let whole = read(&[input]);
    assert_eq!(whole, read(&input.chunks(1).collect::<Vec<_>>()));
    let (head, tail) = input.split_at(input.len() / 3);
    assert_eq!(whole, read(&[head, tail]));
    if let (Progress::Done, Some(file)) = whole {
        let (value, _) = bencode::parse(input).expect("one value");
        let info = value.as_dict().and_then(|dict| dict.get(b"info")).and_then(|info| info.as_dict());
        assert!(info.expect("a dict").get(b"piece length").is_some());
        assert!(file.name.len() <= MAX_NAME && (file.v1.is_some() || file.v2.is_some()));
    }
});

fn read(pieces: &[&[u8]]) -> (Progress, Option<TorrentFile>) {
    let (mut reader, mut progress) = (TorrentReader::default(), Progress::Going);
    for piece in pieces {
        progress = reader.push(piece);
    }
    (progress, reader.file().cloned())
}
