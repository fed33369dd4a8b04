//! Names as DNS writes them, RFC 1035 §3.1: labels of a length and at most 63 bytes each, up to a length of 0.

/// The longest name as text.
pub const MAX_NAME: usize = 253;

/// Writes a name into `text`, with dots; returns what was written. It ends at a length of 0 or with `labels`, as a name
/// does that is to be completed (RFC 4704 §4.2). `None` where it is compressed, cut or too long, or a label has a dot in
/// it, so that it could pass for another name.
pub(super) fn write<'t>(mut labels: &[u8], text: &'t mut [u8; MAX_NAME]) -> Option<&'t [u8]> {
    let mut len = 0;
    while let Some((length, rest)) = labels.split_first()
        && *length > 0
    {
        let (label, rest) = rest.split_at_checked(usize::from(*length)).filter(|_| *length < 64)?;
        if label.contains(&b'.') {
            return None;
        }
        if len > 0 {
            *text.get_mut(len)? = b'.';
            len += 1;
        }
        text.get_mut(len..len + label.len())?.copy_from_slice(label);
        len += label.len();
        labels = rest;
    }
    text.get(..len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(labels: &[u8]) -> Option<Vec<u8>> {
        write(labels, &mut [0; MAX_NAME]).map(<[u8]>::to_vec)
    }

    #[test]
    fn a_name_ends_at_its_root_or_with_the_bytes() {
        assert_eq!(text(b"\x03dht\x03org\0\x01x").unwrap(), b"dht.org");
        assert_eq!(text(b"\x05guest").unwrap(), b"guest");
        assert_eq!(text(b"\0").unwrap(), b"");
    }

    #[test]
    fn what_is_compressed_cut_dotted_or_too_long_is_no_name() {
        let long = [b"\x3f".as_slice(), &[b'a'; 63]].concat().repeat(4);
        for labels in [&b"\xc0\x0c"[..], b"\x05gue", b"\x03a.b\0", &long] {
            assert_eq!(text(labels), None);
        }
    }
}
