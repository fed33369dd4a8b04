//! Any bytes are a client's or a proxy's dialogue, or refused. The first byte says how many of the others the client sent
//! and how they are cut: what is inside does not depend on the cut, nor on who came first.
#![no_main]

use auditor_core::anomaly::Anomalies;
use auditor_core::detect::inner::{Content, Inner};
use auditor_core::detect::socks::{Progress, Socks, Unwrap};
use auditor_core::detect::{Stamp, StreamDetector};
use auditor_core::flow::key::{End, Ends};
use auditor_core::wire::socks::{Answered, Asked};
use libfuzzer_sys::fuzz_target;

/// What is inside both directions, handed over in pieces of at most `size` bytes.
fn inside(streams: [(End, &[u8]); 2], size: usize) -> Ends<Vec<u8>> {
    let (mut reader, mut inside) = (Socks.open(), Ends::<Vec<u8>>::default());
    for (end, bytes) in streams {
        for piece in bytes.chunks(size) {
            reader.read(end, piece, Stamp::default(), &mut Anomalies::default());
            for Inner { end, content, .. } in reader.inner() {
                let Content::Bytes(bytes) = content else { panic!("bytes went missing") };
                inside.at_mut(end).extend_from_slice(&bytes);
            }
        }
    }
    inside
}

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let taken = |rest: &[u8]| &bytes[..bytes.len() - rest.len()];
    if let Ok((_, rest)) = Asked::parse(bytes) {
        auditor_fuzz::assert_prefixes_are_truncated(taken(rest), Asked::parse);
    }
    if let Ok((_, rest)) = Answered::parse(bytes) {
        auditor_fuzz::assert_prefixes_are_truncated(taken(rest), Answered::parse);
    }

    let (client, proxy) = bytes.split_at(usize::from(*first).min(bytes.len()));
    let mut unwrap = Unwrap::default();
    unwrap.read(End::Orig, client);
    if let Progress::Opened { orig_offset, resp_offset } = unwrap.read(End::Resp, proxy) {
        assert!(orig_offset <= client.len() && resp_offset <= proxy.len());
        assert!(unwrap.target().is_some());
        let streams = [(End::Orig, client), (End::Resp, proxy)];
        let whole = inside(streams, usize::MAX);
        assert_eq!((&whole.orig[..], &whole.resp[..]), (&client[orig_offset..], &proxy[resp_offset..]));
        assert_eq!(inside(streams, 1 + usize::from(*first % 7)), whole);
        assert_eq!(inside([streams[1], streams[0]], usize::MAX), whole);
    }
});
