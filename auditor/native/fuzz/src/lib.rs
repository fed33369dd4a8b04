//! What every fuzz target of a parser checks.

use auditor_core::error::ParseError;

/// Up to this length every prefix is tried; of longer inputs only some, or the fuzzer would get nowhere.
const SHORT: usize = 96;

/// Asserts that every proper prefix of `whole`, which `parse` accepts, is "not yet", never "no".
///
/// # Panics
/// Where one is not.
pub fn assert_prefixes_are_truncated<'a, T>(
    whole: &'a [u8],
    parse: impl Fn(&'a [u8]) -> Result<T, ParseError>,
) {
    let step = if whole.len() <= SHORT { 1 } else { whole.len() / 8 };
    for cut in (0..whole.len()).step_by(step) {
        match parse(&whole[..cut]) {
            Err(ParseError::Truncated { offset, needed }) => {
                assert_eq!(offset, cut);
                assert!((1..=whole.len() - cut).contains(&needed), "{needed} more needed at {cut}");
            }
            Err(error) => panic!("{cut} bytes of a whole: {error}"),
            Ok(_) => panic!("{cut} bytes pass for a whole"),
        }
    }
}
