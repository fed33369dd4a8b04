//! Any bytes are a message of a WebSocket tracker or refused; every proper prefix of one is "not yet".
#![no_main]

use auditor_core::wire::bt::ws_tracker::{Reply, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    let whole = message.trim_ascii_end();
    if let Ok(request) = Request::parse(message) {
        if let Request::Scrape { infohashes } = request {
            assert!(infohashes.len() * 20 <= message.len());
        }
        auditor_fuzz::assert_prefixes_are_truncated(whole, Request::parse);
    }
    if let Ok(reply) = Reply::parse(message) {
        if let Reply::Scrape { infohashes } = reply {
            assert!(infohashes.len() * 20 <= message.len());
        }
        auditor_fuzz::assert_prefixes_are_truncated(whole, Reply::parse);
    }
});
