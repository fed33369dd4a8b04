//! The one pass over bencoded bytes that checks them.

use super::{Dict, List, MAX_DEPTH, MAX_ITEMS, Value};
use crate::error::ParseError;

/// How many digits a string length may have: enough for any string that is ever looked at, too few to overflow.
pub(super) const MAX_LENGTH_DIGITS: usize = 9;

/// Takes values off the front of its input. For parsers that know which keys they want, and so check and read
/// in one pass.
#[derive(Clone, Debug)]
pub(in crate::wire::bt) struct Reader<'a> {
    rest: &'a [u8],
    len: usize,
    depth: u32, // of the dicts entered by `dict`
    error: Option<ParseError>,
}

/// Something was refused; [`Reader::error`] knows why. What is taken stays in registers that way.
#[derive(Clone, Copy, Debug)]
pub(in crate::wire::bt) struct Refused;

impl<'a> Reader<'a> {
    pub(in crate::wire::bt) const fn new(input: &'a [u8]) -> Self {
        Self { rest: input, len: input.len(), depth: 0, error: None }
    }

    /// A reader of what stands within so many dicts.
    pub(in crate::wire::bt) const fn inside(input: &'a [u8], dicts: u32) -> Self {
        Self { rest: input, len: input.len(), depth: dicts, error: None }
    }

    /// Takes this text, if it comes next.
    #[inline]
    pub(in crate::wire::bt) fn tag<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        match self.rest.split_first_chunk() {
            Some((next, rest)) if next == text => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes so many bytes, if they are there: a string whose length was taken.
    #[inline]
    pub(in crate::wire::bt) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(array)
    }

    /// The bytes not taken yet.
    pub(in crate::wire::bt) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes one dict: `entry` is called with each key and must take the value that follows it.
    #[inline]
    pub(in crate::wire::bt) fn dict(
        &mut self,
        mut entry: impl FnMut(&'a [u8], &mut Self) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        match self.rest {
            [b'd', ..] if self.depth == MAX_DEPTH => return Err(self.mismatch("less nesting")),
            [b'd', rest @ ..] => self.rest = rest,
            [] => return Err(self.truncated(2)),
            _ => return Err(self.mismatch("a dict")),
        }
        self.depth += 1;
        loop {
            match self.rest {
                [b'e', rest @ ..] => {
                    self.rest = rest;
                    self.depth -= 1;
                    return Ok(());
                }
                [] => return Err(self.truncated(1)),
                _ => {}
            }
            let key = self.string()?;
            entry(key, self)?;
        }
    }

    /// Takes one value, whatever it is.
    pub(in crate::wire::bt) fn value(&mut self) -> Result<Value<'a>, Refused> {
        match self.rest {
            [b'i', ..] => self.int().map(Value::Int),
            [b'l', ..] => self.span().map(|span| Value::List(List { span })),
            [b'd', ..] => self.span().map(|span| Value::Dict(Dict { span })),
            _ => self.string().map(Value::Bytes),
        }
    }

    /// Takes one value; returns it if it is a string.
    #[inline]
    pub(in crate::wire::bt) fn string_or_skip(&mut self) -> Result<Option<&'a [u8]>, Refused> {
        if let [b'0'..=b'9', ..] = self.rest { self.string().map(Some) } else { self.skip().map(|()| None) }
    }

    /// Takes one value; returns it if it is an integer.
    #[inline]
    pub(in crate::wire::bt) fn int_or_skip(&mut self) -> Result<Option<i64>, Refused> {
        if let [b'i', ..] = self.rest { self.int().map(Some) } else { self.skip().map(|()| None) }
    }

    /// Takes one string.
    #[inline]
    pub(in crate::wire::bt) fn string(&mut self) -> Result<&'a [u8], Refused> {
        if let [len @ b'0'..=b'9', b':', body @ ..] = self.rest
            && let Some((string, rest)) = body.split_at_checked(usize::from(len - b'0'))
        {
            self.rest = rest;
            return Ok(string);
        }
        self.long_string()
    }

    /// Takes one string, of ten bytes or more, or refuses it.
    #[inline(never)]
    fn long_string(&mut self) -> Result<&'a [u8], Refused> {
        let (len, body) = match *self.rest {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', b':', ref body @ ..] => {
                (10 * usize::from(tens - b'0') + usize::from(ones - b'0'), body)
            }
            _ => self.length()?,
        };
        match body.split_at_checked(len) {
            Some((string, rest)) => {
                self.rest = rest;
                Ok(string)
            }
            None => Err(self.truncated(len.saturating_sub(body.len()))),
        }
    }

    /// Reads a string's length of any number of digits; returns it and the bytes after its colon.
    fn length(&mut self) -> Result<(usize, &'a [u8]), Refused> {
        let mut length = 0_usize;
        for (offset, &byte) in self.rest.iter().enumerate() {
            match byte {
                b'0'..=b'9' if offset < MAX_LENGTH_DIGITS => length = 10 * length + usize::from(byte - b'0'),
                b':' if offset > 0 => return Ok((length, self.rest.get(offset + 1..).unwrap_or_default())),
                _ => return Err(self.mismatch_after(offset, "a string length")),
            }
        }
        Err(self.truncated(if self.rest.is_empty() { 2 } else { 1 }))
    }

    /// Takes one integer.
    fn int(&mut self) -> Result<i64, Refused> {
        match self.rest {
            [b'i', rest @ ..] => self.rest = rest,
            [] => return Err(self.truncated(3)),
            _ => return Err(self.mismatch("an integer")),
        }
        let mut negative = false;
        if let [b'-', rest @ ..] = self.rest {
            negative = true;
            self.rest = rest;
        }
        let mut int = 0_i64;
        let mut digits = false;
        loop {
            match *self.rest {
                [digit @ b'0'..=b'9', ref rest @ ..] => {
                    let digit = i64::from(digit - b'0');
                    let digit = if negative { -digit } else { digit };
                    let Some(longer) = int.checked_mul(10).and_then(|int| int.checked_add(digit)) else {
                        return Err(self.mismatch("an integer of 64 bits"));
                    };
                    int = longer;
                    digits = true;
                    self.rest = rest;
                }
                [b'e', ref rest @ ..] if digits => {
                    self.rest = rest;
                    return Ok(int);
                }
                [] => return Err(self.truncated(if digits { 1 } else { 2 })),
                _ => return Err(self.mismatch("a digit")),
            }
        }
    }

    /// Takes one value and returns its bytes.
    fn span(&mut self) -> Result<&'a [u8], Refused> {
        let from = self.rest;
        self.skip()?;
        let taken = from.len().saturating_sub(self.rest.len());
        Ok(from.get(..taken).unwrap_or_default())
    }

    /// Takes one value and checks it, whatever it contains.
    pub(in crate::wire::bt) fn skip(&mut self) -> Result<(), Refused> {
        let mut depth = self.depth;
        let mut dicts = 0_u32; // one bit per open container, the innermost lowest: set for a dict
        let mut items = 0;
        loop {
            items += 1;
            if items > MAX_ITEMS {
                return Err(self.mismatch("fewer items"));
            }
            match *self.rest {
                [b'i', ..] => drop(self.int()?),
                [opening @ (b'l' | b'd'), ref rest @ ..] => {
                    if depth == MAX_DEPTH {
                        return Err(self.mismatch("less nesting"));
                    }
                    depth += 1;
                    dicts = dicts << 1 | u32::from(opening == b'd');
                    self.rest = rest;
                    if opening == b'l' {
                        items += self.short_strings(MAX_ITEMS - items);
                    }
                }
                [] | [b'0'..=b'9', ..] => drop(self.string()?),
                _ => return Err(self.mismatch("a value")),
            }
            while depth > self.depth
                && let [b'e', rest @ ..] = self.rest
            {
                depth -= 1;
                dicts >>= 1;
                self.rest = rest;
            }
            if depth == self.depth {
                return Ok(());
            }
            if self.rest.is_empty() {
                return Err(self.truncated(1));
            }
            if dicts & 1 == 1 {
                self.string()?;
            }
        }
    }

    /// Takes strings of less than ten bytes, as many as follow each other and `most` of them, and says how many: packed
    /// endpoints, which make up the longest lists.
    #[inline]
    fn short_strings(&mut self, most: u32) -> u32 {
        let mut count = 0;
        while count < most
            && let [len @ b'0'..=b'9', b':', body @ ..] = self.rest
            && let Some(rest) = body.get(usize::from(len - b'0')..)
        {
            self.rest = rest;
            count += 1;
        }
        count
    }

    /// Why something was refused.
    pub(in crate::wire::bt) fn error(self) -> ParseError {
        // Whoever was refused something has left the reason here.
        self.error.unwrap_or(ParseError::Mismatch { offset: self.len, expected: "a value" })
    }

    /// The input ends here, `needed` bytes too early at least.
    #[cold]
    const fn truncated(&mut self, needed: usize) -> Refused {
        self.error = Some(ParseError::Truncated { offset: self.len, needed });
        Refused
    }

    /// The next byte cannot be there.
    #[cold]
    pub(in crate::wire::bt) const fn mismatch(&mut self, expected: &'static str) -> Refused {
        self.mismatch_after(0, expected)
    }

    /// The byte after `skipped` more cannot be there.
    #[cold]
    const fn mismatch_after(&mut self, skipped: usize, expected: &'static str) -> Refused {
        let taken = self.len.saturating_sub(self.rest.len());
        self.error = Some(ParseError::Mismatch { offset: taken.saturating_add(skipped), expected });
        Refused
    }
}
