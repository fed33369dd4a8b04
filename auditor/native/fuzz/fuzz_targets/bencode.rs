//! Any bytes are a value and a rest, or refused; the parts of a value lie within it.
#![no_main]

use auditor_core::wire::bt::bencode::{self, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok((value, rest)) = bencode::parse(input) else { return };
    let (whole, after) = input.split_at(input.len() - rest.len());
    assert_eq!(after, rest);
    assert!(parts_len(value) <= whole.len());
    auditor_fuzz::assert_prefixes_are_truncated(whole, bencode::parse);
});

/// The bytes of all strings and keys within `value`, plus one for every other value.
fn parts_len(value: Value<'_>) -> usize {
    match value {
        Value::Int(_) => 1,
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => {
            assert_eq!(bencode::parse(list.span()), Ok((value, &b""[..])));
            1 + list.iter().map(parts_len).sum::<usize>()
        }
        Value::Dict(dict) => {
            assert_eq!(bencode::parse(dict.span()), Ok((value, &b""[..])));
            if let Some((key, first)) = dict.iter().next() {
                assert_eq!(dict.get(key), Some(first));
            }
            1 + dict.iter().map(|(key, value)| key.len() + parts_len(value)).sum::<usize>()
        }
    }
}
