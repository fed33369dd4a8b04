//! Any bytes are a head, a body's codings or a URL, or refused; every proper prefix of a head is "not yet".
#![no_main]

use auditor_core::wire::http::head::{Method, begins_request, begins_response};
use auditor_core::wire::http::{Chunked, Coding, Inflater, MAX_HEAD, RequestHead, ResponseHead, Target};
use libfuzzer_sys::fuzz_target;

/// What a taker of inflated bytes has enough of.
const ENOUGH: usize = 1 << 16;

fuzz_target!(|input: &[u8]| {
    if let Ok((head, rest)) = RequestHead::parse(input) {
        let whole = &input[..input.len() - rest.len()];
        assert!(whole.len() <= MAX_HEAD && begins_request(whole).is_ok());
        assert!(head.target().len() < whole.len());
        let target = Target::split(head.target());
        assert!(target.path().len() <= head.target().len());
        assert!(target.parameters().count() <= head.target().len());
        auditor_fuzz::assert_prefixes_are_truncated(whole, RequestHead::parse);
    }
    if let Ok((head, rest)) = ResponseHead::parse(input) {
        let whole = &input[..input.len() - rest.len()];
        assert!(whole.len() <= MAX_HEAD && begins_response(whole).is_ok());
        let _ = (head.length(Method::Get), head.length(Method::Head));
        auditor_fuzz::assert_prefixes_are_truncated(whole, ResponseHead::parse);
    }
    assert_eq!(unchunk(&[input]), unchunk(&input.chunks(1).collect::<Vec<_>>()));
    for coding in [Coding::Gzip, Coding::Deflate] {
        let (mut inflater, mut out) = (Inflater::new(coding).expect("known"), 0);
        inflater.push(input, &mut |plain| {
            out += plain.len();
            out < ENOUGH
        });
        assert!(out <= ENOUGH + 4096);
    }
});

/// The data of chunks that come in pieces, and whether they have ended; `None` where they are none.
fn unchunk(pieces: &[&[u8]]) -> Option<(Vec<u8>, bool)> {
    let (mut chunked, mut data) = (Chunked::default(), Vec::new());
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() && !chunked.is_done() {
            let step = chunked.step(rest).ok()?;
            data.extend_from_slice(step.data);
            rest = step.rest;
        }
    }
    Some((data, chunked.is_done()))
}
