//! Any bytes are a magnet link or refused; a finder finds the same links wherever the text is cut.
#![no_main]

use auditor_core::wire::bt::magnet::{Finder, Magnet};
use libfuzzer_sys::fuzz_target;

type Names = (Option<[u8; 20]>, Option<[u8; 32]>);

fuzz_target!(|input: &[u8]| {
    if let Ok((magnet, rest)) = Magnet::parse(input) {
        assert!(magnet.v1().is_some() || magnet.v2().is_some());
        assert!(magnet.peers().count() + magnet.trackers() + magnet.web_seeds() < input.len() - rest.len());
        assert!(magnet.name().is_none_or(|name| name.len() <= 255));
        assert_eq!(find(&[&input[..input.len() - rest.len()]]), [names(&magnet)]);
    }
    let found = find(&[input]);
    assert_eq!(found, find(&input.chunks(1).collect::<Vec<_>>()));
    let (head, tail) = input.split_at(input.len() / 2);
    assert_eq!(found, find(&[head, tail]));
});

fn names(magnet: &Magnet<'_>) -> Names {
    (magnet.v1().copied(), magnet.v2().copied())
}

fn find(pieces: &[&[u8]]) -> Vec<Names> {
    let (mut finder, mut found) = (Finder::new(1 << 16), Vec::new());
    let mut take = |magnet: &Magnet<'_>| found.push(names(magnet));
    for piece in pieces {
        finder.push(piece, &mut take);
    }
    finder.finish(&mut take);
    found
}
