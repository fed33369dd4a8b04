//! Bencode, BEP 3: `i<int>e`, `<len>:<bytes>`, `l<value>*e`, `d(<key string><value>)*e`.
//!
//! A value is checked once, from end to end, without recursion or allocation; afterwards its parts are read
//! from the borrowed bytes. What peers really send decides how strict that check is:
//!
//! - Keys may stand in any order (µTorrent does not sort them). Of a repeated key the first one counts.
//! - Leading zeros and `-0` are read as the number they mean, in integers as in string lengths. An integer
//!   must fit 64 signed bits; a string length has at most nine digits.
//! - Nesting is bounded by [`MAX_DEPTH`], the number of values by [`MAX_ITEMS`], strings by the input.
//! - [`Dict::span`] and [`List::span`] are the exact bytes received: an infohash is a hash over those, and
//!   never over an encoding of our own.

mod reader;
pub mod scanner;

pub(super) use self::reader::{Reader, Refused};
use crate::error::ParseError;

/// How many lists and dicts may contain one another.
pub const MAX_DEPTH: u32 = 32;
/// How many values, keys not counted, one value may contain, itself included.
pub const MAX_ITEMS: u32 = 1 << 20;

/// One checked value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `i…e`.
    Int(i64),
    /// `<len>:…`, raw bytes: text, digests and packed addresses alike.
    Bytes(&'a [u8]),
    /// `l…e`.
    List(List<'a>),
    /// `d…e`.
    Dict(Dict<'a>),
}

/// Splits one value off the front of `input`; returns it and the rest.
///
/// # Errors
/// `Mismatch` at the first byte that no value has there, or that exceeds a bound; `Truncated` while the bytes
/// are a proper prefix of a value.
pub fn parse(input: &[u8]) -> Result<(Value<'_>, &[u8]), ParseError> {
    let mut reader = Reader::new(input);
    match reader.value() {
        Ok(value) => Ok((value, reader.rest())),
        Err(Refused) => Err(reader.error()),
    }
}

impl<'a> Value<'a> {
    /// The number, if this is an integer.
    #[must_use]
    pub const fn as_int(self) -> Option<i64> {
        if let Self::Int(int) = self { Some(int) } else { None }
    }

    /// The bytes, if this is a string.
    #[must_use]
    pub const fn as_bytes(self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The list, if this is one.
    #[must_use]
    pub const fn as_list(self) -> Option<List<'a>> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// The dict, if this is one.
    #[must_use]
    pub const fn as_dict(self) -> Option<Dict<'a>> {
        if let Self::Dict(dict) = self { Some(dict) } else { None }
    }
}

/// A checked list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List<'a> {
    span: &'a [u8],
}

impl<'a> List<'a> {
    /// The exact bytes, from `l` to `e`.
    #[must_use]
    pub const fn span(self) -> &'a [u8] {
        self.span
    }

    /// The values in their order.
    #[must_use]
    pub fn iter(self) -> Values<'a> {
        Values { reader: Reader::new(inside(self.span)) }
    }
}

impl<'a> IntoIterator for List<'a> {
    type Item = Value<'a>;
    type IntoIter = Values<'a>;

    fn into_iter(self) -> Values<'a> {
        self.iter()
    }
}

/// A checked dict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dict<'a> {
    span: &'a [u8],
}

impl<'a> Dict<'a> {
    /// The exact bytes, from `d` to `e`.
    #[must_use]
    pub const fn span(self) -> &'a [u8] {
        self.span
    }

    /// The keys with their values, in the order of the wire, repeated keys included.
    #[must_use]
    pub fn iter(self) -> Entries<'a> {
        Entries { reader: Reader::new(inside(self.span)) }
    }

    /// The value of the first `key`. Walks the dict: for several keys, iterate once instead.
    #[must_use]
    pub fn get(self, key: &[u8]) -> Option<Value<'a>> {
        let mut reader = Reader::new(inside(self.span));
        loop {
            if reader.string().ok()? == key {
                return reader.value().ok();
            }
            reader.skip().ok()?;
        }
    }
}

impl<'a> IntoIterator for Dict<'a> {
    type Item = (&'a [u8], Value<'a>);
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        self.iter()
    }
}

/// The values of a [`List`].
#[derive(Clone, Debug)]
pub struct Values<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.reader.value().ok() // checked before: the only error is the end
    }
}

/// The entries of a [`Dict`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a [u8], Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.reader.string().ok()?, self.reader.value().ok()?))
    }
}

/// The bytes between a container's first and last.
const fn inside(span: &[u8]) -> &[u8] {
    if let [_, inside @ .., _] = span { inside } else { &[] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dict(input: &[u8]) -> Dict<'_> {
        parse(input).unwrap().0.as_dict().unwrap()
    }

    #[test]
    fn each_kind_is_read_and_the_rest_is_returned() {
        assert_eq!(parse(b"i-42erest"), Ok((Value::Int(-42), &b"rest"[..])));
        assert_eq!(parse(b"4:spamrest"), Ok((Value::Bytes(b"spam"), &b"rest"[..])));
        assert_eq!(parse(b"0:"), Ok((Value::Bytes(b""), &b""[..])));
        assert_eq!(parse(b"lee"), Ok((Value::List(List { span: b"le" }), &b"e"[..])));
        assert_eq!(parse(b"ded"), Ok((Value::Dict(Dict { span: b"de" }), &b"d"[..])));
    }

    #[test]
    fn a_list_gives_its_values_in_order() {
        let list = parse(b"li7e1:xli8eedee").unwrap().0.as_list().unwrap();
        let values: Vec<_> = list.iter().collect();
        let inner = Value::List(List { span: b"li8ee" });
        assert_eq!(values, [Value::Int(7), Value::Bytes(b"x"), inner, Value::Dict(Dict { span: b"de" })]);
    }

    #[test]
    fn unsorted_keys_are_accepted_and_spans_are_the_bytes_received() {
        let info = b"d6:lengthi5e4:name5:a.bin12:piece lengthi016384e2:aale1:xd1:yi-0eee";
        let torrent = [b"d4:info".as_slice(), info, b"8:announce3:udpe"].concat();
        let torrent = dict(&torrent);
        let keys: Vec<_> = torrent.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [&b"info"[..], b"announce"]);
        let inner = torrent.get(b"info").unwrap().as_dict().unwrap();
        assert_eq!(inner.span(), info);
        assert_eq!(inner.get(b"piece length"), Some(Value::Int(16384)));
        assert_eq!(inner.get(b"x").and_then(Value::as_dict).and_then(|x| x.get(b"y")), Some(Value::Int(0)));
        assert_eq!(torrent.get(b"announce").and_then(Value::as_bytes), Some(&b"udp"[..]));
        assert_eq!(torrent.get(b"nodes"), None);
    }

    #[test]
    fn of_a_repeated_key_the_first_counts() {
        assert_eq!(dict(b"d1:ai1e1:ai2ee").get(b"a"), Some(Value::Int(1)));
        assert_eq!(dict(b"d1:ai1e1:ai2ee").iter().count(), 2);
    }

    #[test]
    fn leading_zeros_and_negative_zero_are_numbers() {
        assert_eq!(parse(b"i007e"), Ok((Value::Int(7), &b""[..])));
        assert_eq!(parse(b"i-0e"), Ok((Value::Int(0), &b""[..])));
        assert_eq!(parse(b"000000004:spam"), Ok((Value::Bytes(b"spam"), &b""[..])));
    }

    #[test]
    fn integers_have_64_bits() {
        assert_eq!(parse(b"i9223372036854775807e").unwrap().0, Value::Int(i64::MAX));
        assert_eq!(parse(b"i-9223372036854775808e").unwrap().0, Value::Int(i64::MIN));
        for beyond in [&b"i9223372036854775808e"[..], b"i-9223372036854775809e"] {
            let offset = beyond.len() - 2;
            let expected = "an integer of 64 bits";
            assert_eq!(parse(beyond), Err(ParseError::Mismatch { offset, expected }));
        }
    }

    #[test]
    fn a_refusal_names_the_byte() {
        let cases: &[(&[u8], usize, &str)] = &[
            (b"x", 0, "a string length"),
            (b":", 0, "a string length"),
            (b"-1:x", 0, "a string length"),
            (b"1x:", 1, "a string length"),
            (b"1234567890:", 9, "a string length"),
            (b"ie", 1, "a digit"),
            (b"i-e", 2, "a digit"),
            (b"i--1e", 2, "a digit"),
            (b"i+1e", 1, "a digit"),
            (b"i1.5e", 2, "a digit"),
            (b"l1:ax", 4, "a value"),
            (b"di1ei2ee", 1, "a string length"),
            (b"d1:ae", 4, "a value"),
            (b"d1:a1:bi1e", 7, "a string length"),
        ];
        for &(input, offset, expected) in cases {
            assert_eq!(
                parse(input),
                Err(ParseError::Mismatch { offset, expected }),
                "{}",
                input.escape_ascii()
            );
        }
    }

    #[test]
    fn the_bytes_still_needed_are_counted() {
        assert_eq!(parse(b"5:ab"), Err(ParseError::Truncated { offset: 4, needed: 3 }));
        assert_eq!(parse(b"d4:spam12:ab"), Err(ParseError::Truncated { offset: 12, needed: 10 }));
        assert_eq!(parse(b"999999999:"), Err(ParseError::Truncated { offset: 10, needed: 999_999_999 }));
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| [vec![b'l'; depth], vec![b'e'; depth]].concat();
        assert!(parse(&nested(32)).is_ok());
        let too_deep = ParseError::Mismatch { offset: 32, expected: "less nesting" };
        assert_eq!(parse(&nested(33)), Err(too_deep));
        let too_deep = ParseError::Mismatch { offset: 128, expected: "less nesting" };
        assert_eq!(parse(&b"d1:a".repeat(33)), Err(too_deep));
    }

    #[test]
    fn the_number_of_items_is_bounded() {
        let list = |items| [b"l".to_vec(), b"le".repeat(items), b"e".to_vec()].concat();
        assert!(parse(&list(MAX_ITEMS as usize - 1)).is_ok());
        let offset = list(MAX_ITEMS as usize).len() - 3;
        assert_eq!(
            parse(&list(MAX_ITEMS as usize)),
            Err(ParseError::Mismatch { offset, expected: "fewer items" })
        );
    }

    /// A value to be written, and compared with what is read.
    #[derive(Clone, Debug)]
    enum Tree {
        Int(i64),
        Bytes(Vec<u8>),
        List(Vec<Tree>),
        Dict(Vec<(Vec<u8>, Tree)>),
    }

    impl Tree {
        fn write(&self, out: &mut Vec<u8>) {
            let string = |bytes: &[u8], out: &mut Vec<u8>| {
                out.extend(format!("{}:", bytes.len()).bytes());
                out.extend(bytes);
            };
            match self {
                Self::Int(int) => out.extend(format!("i{int}e").bytes()),
                Self::Bytes(bytes) => string(bytes, out),
                Self::List(values) => {
                    out.push(b'l');
                    for value in values {
                        value.write(out);
                    }
                    out.push(b'e');
                }
                Self::Dict(entries) => {
                    out.push(b'd');
                    for (key, value) in entries {
                        string(key, out);
                        value.write(out);
                    }
                    out.push(b'e');
                }
            }
        }

        fn read(value: Value<'_>) -> Self {
            match value {
                Value::Int(int) => Self::Int(int),
                Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
                Value::List(list) => Self::List(list.iter().map(Self::read).collect()),
                Value::Dict(dict) => {
                    Self::Dict(dict.iter().map(|(key, value)| (key.to_vec(), Self::read(value))).collect())
                }
            }
        }

        fn written(&self) -> Vec<u8> {
            let mut out = Vec::new();
            self.write(&mut out);
            out
        }
    }

    fn trees() -> impl Strategy<Value = Tree> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..120);
        let leaf = prop_oneof![any::<i64>().prop_map(Tree::Int), bytes().prop_map(Tree::Bytes)];
        leaf.prop_recursive(5, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Tree::List),
                proptest::collection::vec((bytes(), inner), 0..4).prop_map(Tree::Dict),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tree in trees(), rest: Vec<u8>) {
            let written = tree.written();
            let input = [&written[..], &rest].concat();
            let (value, after) = parse(&input).unwrap();
            prop_assert_eq!(after, rest);
            prop_assert_eq!(Tree::read(value).written(), written);
        }

        #[test]
        fn every_proper_prefix_is_truncated_and_needs_no_more_than_is_missing(tree in trees()) {
            let whole = tree.written();
            for cut in 0..whole.len() {
                let Err(ParseError::Truncated { offset, needed }) = parse(&whole[..cut]) else {
                    panic!("not truncated at {cut}: {}", whole.escape_ascii());
                };
                prop_assert_eq!(offset, cut);
                prop_assert!((1..=whole.len() - cut).contains(&needed));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = parse(&bytes).map(|(value, _)| Tree::read(value));
        }

        #[test]
        fn a_changed_byte_is_read_or_refused(tree in trees(), at: prop::sample::Index, byte in prop::sample::select(&b"0123456789-:ilde"[..])) {
            let mut bytes = tree.written();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = parse(&bytes).map(|(value, _)| Tree::read(value));
        }
    }
}
