//! The name of a server as a client asks for it, RFC 9110 §7.2 and RFC 3986 §3.2.2: `host [":" port]`, where the host is
//! a name, an IPv4 address, or an IPv6 address in brackets.

use std::net::Ipv6Addr;

/// The longest name, as in the DNS (RFC 1035 §2.3.4).
pub const MAX_NAME: usize = 253;
/// The shortest label that may be a passkey: some trackers give each member a name of his own.
const PASSKEY: usize = 16;

/// The host of an authority in lower case, without its port, and without the brackets of IPv6. `None` of whatever is
/// no plain name or address, such as a log-in, and where a label looks like a passkey.
#[must_use]
pub fn host_name(authority: &[u8]) -> Option<Box<str>> {
    let text = str::from_utf8(authority).ok()?;
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return is_port(port).then(|| address.to_string().into());
    }
    let (name, port) = text.split_at_checked(text.find(':').unwrap_or(text.len()))?;
    // The root's dot says nothing.
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_name = name.len() <= MAX_NAME && name.split('.').all(is_label);
    (is_name && is_port(port)).then(|| name.to_ascii_lowercase().into())
}

/// Whether it is nothing, or a colon and digits, of which there may be none (RFC 3986 §3.2.3).
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':');
    text.is_empty() || digits.is_some_and(|port| port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let digits = label.bytes().filter(u8::is_ascii_digit).count();
    let is_word = label.contains(['-', '_']) || digits < 2;
    is_plain && !label.is_empty() && (label.len() < PASSKEY || is_word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(authority: &str) -> Option<String> {
        host_name(authority.as_bytes()).map(String::from)
    }

    #[test]
    fn names_and_addresses_are_told_without_their_ports() {
        for (authority, name) in [
            ("Tracker.Example", "tracker.example"),
            ("tracker.example.:6969", "tracker.example"),
            ("under_score-2.example:", "under_score-2.example"),
            ("192.0.2.1:80", "192.0.2.1"),
            ("[2001:DB8:0::1]:6969", "2001:db8::1"),
            ("[::1]", "::1"),
            ("ec2-203-0-113-55.compute.example", "ec2-203-0-113-55.compute.example"),
        ] {
            assert_eq!(named(authority).as_deref(), Some(name), "{authority}");
        }
    }

    #[test]
    fn what_is_no_plain_name_is_none() {
        let longest = format!("{}.{}", "a".repeat(126), "b".repeat(126));
        assert_eq!(named(&longest), Some(longest.clone()));
        for authority in [
            "",
            ".",
            ":80",
            "a..b",
            "user:password@tracker.example",
            "user:password",
            "user@tracker.example",
            "tracker.example:80:80",
            "tracker.example:123456",
            "tracker.example/p4ssk3y",
            "tracker.example?passkey=1",
            "tracker\x1b[31m.example",
            "tracker\0.example",
            "tracker .example",
            "tr\u{e4}cker.example",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "[tracker.example]",
            "2001:db8::1",
            &format!("{longest}c"),
            &"x".repeat(300),
        ] {
            assert_eq!(named(authority), None, "{authority:?}");
        }
        assert_eq!(host_name(b"\xff\xfe.example"), None);
    }

    #[test]
    fn a_member_s_own_name_is_none() {
        assert_eq!(named("0123456789abcdef0123456789abcdef.tracker.example"), None);
        assert_eq!(
            named("verylongbutplaintracker.example").as_deref(),
            Some("verylongbutplaintracker.example")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_a_name_is_harmless(authority: Vec<u8>) {
            if let Some(name) = host_name(&authority) {
                prop_assert!(!name.is_empty() && name.len() <= MAX_NAME);
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte)));
            }
        }

        #[test]
        fn a_name_names_itself(authority in "[A-Za-z0-9._:@\\[\\]-]{1,40}") {
            if let Some(name) = host_name(authority.as_bytes()).filter(|name| !name.contains(':')) {
                prop_assert_eq!(host_name(name.as_bytes()), Some(name));
            }
        }
    }
}
