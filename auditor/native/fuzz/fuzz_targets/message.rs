//! Any bytes are a stream of messages up to where they end or are refused; heads and bodies add up.
#![no_main]

use auditor_core::error::ParseError;
use auditor_core::wire::bt::message::{MAX_LEN, MessageHead};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    loop {
        match MessageHead::parse(rest) {
            Ok((head, taken)) => {
                assert!(taken <= MessageHead::MAX_HEADER && head.len <= MAX_LEN);
                assert_eq!(4 + u64::from(head.len), taken as u64 + u64::from(head.body_len()));
                assert!(!head.kind.label().is_empty());
                auditor_fuzz::assert_prefixes_are_truncated(&rest[..taken], MessageHead::parse);
                rest = rest.get(taken + head.body_len() as usize..).unwrap_or_default();
            }
            Err(ParseError::Truncated { offset, .. }) => {
                assert_eq!(offset, rest.len());
                assert!(offset < MessageHead::MAX_HEADER);
                return;
            }
            Err(_) => return,
        }
    }
});
