//! Any bytes are the head of a WebSocket, its frames, or refused; wherever a stream of frames is cut, a reader makes
//! the same of it.
#![no_main]

use auditor_core::anomaly::{Anomalies, Anomaly};
use auditor_core::detect::ws_tracker::WsTracker;
use auditor_core::detect::{Fact, Probe, Stamp, StreamDetector};
use auditor_core::flow::key::End;
use auditor_core::wire::websocket::FrameHead;
use auditor_core::wire::websocket::upgrade::{MAX_HEAD, UpgradeReply, UpgradeRequest};
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n";
const CONSENT: &[u8] = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n";

fuzz_target!(|input: &[u8]| {
    if let Ok((_, rest)) = UpgradeRequest::parse(input) {
        let head = &input[..input.len() - rest.len()];
        assert!(head.len() <= MAX_HEAD && WsTracker.probe(input) == Probe::Match);
        auditor_fuzz::assert_prefixes_are_truncated(head, UpgradeRequest::parse);
    }
    if let Ok((_, rest)) = UpgradeReply::parse(input) {
        auditor_fuzz::assert_prefixes_are_truncated(&input[..input.len() - rest.len()], UpgradeReply::parse);
    }
    let mut frames = input;
    while let Ok((head, payload)) = FrameHead::parse(frames) {
        let len = frames.len() - payload.len();
        assert!(len <= FrameHead::MAX_HEADER);
        auditor_fuzz::assert_prefixes_are_truncated(&frames[..len], FrameHead::parse);
        frames = usize::try_from(head.len).ok().and_then(|len| payload.get(len..)).unwrap_or_default();
    }
    let mut reader = Reader(input);
    let Some((step, len)) = reader.byte().zip(reader.half()) else { return };
    let client = reader.bytes(len.into());
    let whole = read(client, reader.0, usize::MAX);
    assert_eq!(read(client, reader.0, usize::from(step) + 1), whole);
});

/// What a reader makes of what client and server sent, each in pieces of `step` bytes.
fn read(client: &[u8], server: &[u8], step: usize) -> (Vec<(u64, Fact)>, Vec<(Anomaly, u64)>) {
    let (mut reader, mut anomalies) = (WsTracker.open(), Anomalies::default());
    for (end, head, sent) in [(End::Orig, REQUEST, client), (End::Resp, CONSENT, server)] {
        reader.read(end, head, Stamp::default(), &mut anomalies);
        for piece in sent.chunks(step) {
            reader.read(end, piece, Stamp::default(), &mut anomalies);
        }
    }
    let seen = reader.observations().into_iter().map(|seen| (seen.count, seen.fact)).collect();
    (seen, anomalies.iter().collect())
}
