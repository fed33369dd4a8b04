//! Any bytes are a message of NAT-PMP, PCP, SSDP or UPnP, or refused; each ends where its rest begins.
#![no_main]

use auditor_core::wire::head::Head;
use auditor_core::wire::portmap::natpmp::NatPmp;
use auditor_core::wire::portmap::pcp::{self, Map};
use auditor_core::wire::portmap::soap::{Action, Envelope, MAX_ENVELOPE};
use auditor_core::wire::portmap::ssdp::Search;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let taken = |rest: &[u8]| &input[..input.len() - rest.len()];
    if let Ok((_, rest)) = NatPmp::parse(input) {
        assert!([2, 12, 16].contains(&taken(rest).len()));
        auditor_fuzz::assert_prefixes_are_truncated(taken(rest), NatPmp::parse);
    }
    if let Ok((map, options)) = Map::parse(input) {
        assert!(map.result.is_some() != map.client.is_some());
        let _ = pcp::third_party(options);
        auditor_fuzz::assert_prefixes_are_truncated(taken(options), Map::parse);
    }
    if let Ok((search, rest)) = Search::parse(input) {
        assert!(search.user_agent().is_none_or(|agent| agent.len() < taken(rest).len()));
        auditor_fuzz::assert_prefixes_are_truncated(taken(rest), Search::parse);
    }
    if let Ok((head, rest)) = Head::parse(input, input.len()) {
        let _ = Action::named(&head);
        auditor_fuzz::assert_prefixes_are_truncated(taken(rest), |input| Head::parse(input, usize::MAX));
    }
    if let Ok((envelope, rest)) = Envelope::parse(input) {
        assert!(taken(rest).len() <= MAX_ENVELOPE && taken(rest).ends_with(b">"));
        assert!(envelope.description().is_none_or(|text| !text.is_empty() && !text.contains(&b'<')));
        auditor_fuzz::assert_prefixes_are_truncated(taken(rest), Envelope::parse);
    }
});
