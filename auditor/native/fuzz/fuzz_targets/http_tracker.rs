//! Any bytes are a request to a tracker or its answer, or refused; a request tells nothing of its credentials.
#![no_main]

use auditor_core::wire::bt::http_tracker::{AnnounceReply, ScrapeReply, ScrapeRequest, TrackerRequest};
use auditor_core::wire::bt::web_seed::PieceRequest;
use auditor_core::wire::http::Target;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let target = Target::split(input);
    let request = TrackerRequest::read(&target);
    if let Some(TrackerRequest::Scrape(scrape)) = &request {
        assert!((1..=ScrapeRequest::MOST).contains(&scrape.infohashes.len()));
        assert!(scrape.infohashes.len() * 20 < input.len());
    }
    if let Some(TrackerRequest::Announce(_)) = request {
        assert_eq!(PieceRequest::read(&target), None, "an announce asks for no piece");
    }
    if let Ok((reply, rest)) = AnnounceReply::parse(input) {
        assert!(reply.peers().count() * 6 < input.len());
        let whole = &input[..input.len() - rest.len()];
        auditor_fuzz::assert_prefixes_are_truncated(whole, AnnounceReply::parse);
    }
    if let Ok((reply, rest)) = ScrapeReply::parse(input) {
        assert!(reply.swarms().count() * 20 < input.len());
        let whole = &input[..input.len() - rest.len()];
        auditor_fuzz::assert_prefixes_are_truncated(whole, ScrapeReply::parse);
    }
});
