//! What BitTorrent clients call themselves where they ask for a port. Compared as whole words, in any case of letters;
//! only the table's spelling is kept, since descriptions may hold names of people and files.

/// The longest text that is looked at.
const MAX_TEXT: usize = 256;

/// As of 2026-11-26: clients with a port mapper of their own, and libraries that name themselves. The protocol's own name
/// stands last, for who calls a mapping so.
const CLIENTS: [(&[u8], &str); 25] = [
    (b"qBittorrent", "qBittorrent"),
    (b"Transmission", "Transmission"),
    (b"Deluge", "Deluge"),
    (b"\xc2\xb5Torrent", "µTorrent"),
    (b"\xce\xbcTorrent", "µTorrent"),
    (b"uTorrent", "µTorrent"),
    (b"BiglyBT", "BiglyBT"),
    (b"Azureus", "Vuze"),
    (b"Vuze", "Vuze"),
    (b"BitComet", "BitComet"),
    (b"BitLord", "BitLord"),
    (b"BitSpirit", "BitSpirit"),
    (b"KTorrent", "KTorrent"),
    (b"rTorrent", "rTorrent"),
    (b"Tixati", "Tixati"),
    (b"FrostWire", "FrostWire"),
    (b"WebTorrent", "WebTorrent"),
    (b"LibreTorrent", "LibreTorrent"),
    (b"PicoTorrent", "PicoTorrent"),
    (b"MediaGet", "MediaGet"),
    (b"Tribler", "Tribler"),
    (b"Folx", "Folx"),
    (b"anacrolix", "anacrolix/torrent"),
    (b"libtorrent", "libtorrent"),
    (b"BitTorrent", "BitTorrent"),
];

/// The client that a text names.
#[must_use]
pub(super) fn named(text: &[u8]) -> Option<&'static str> {
    let text = text.get(..MAX_TEXT).unwrap_or(text);
    CLIENTS.iter().find(|(name, _)| has_word(text, name)).map(|(_, client)| *client)
}

fn has_word(text: &[u8], word: &[u8]) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    text.windows(word.len()).enumerate().any(|(at, window)| {
        window.eq_ignore_ascii_case(word)
            && is_edge(at.checked_sub(1).and_then(|before| text.get(before)))
            && is_edge(text.get(at + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_by_a_whole_word() {
        assert_eq!(named(b"qBittorrent/5.1.2 at 10.20.0.5:6881"), Some("qBittorrent"));
        assert_eq!(named(b"Transmission at 51413"), Some("Transmission"));
        assert_eq!(named(b"Linux/6 UPnP/1.1 biglybt"), Some("BiglyBT"));
        assert_eq!(named("µTorrent (TCP)".as_bytes()), Some("µTorrent"));
        assert_eq!(named(b"Deluge/2.1 libtorrent/2.0"), Some("Deluge"));
        for other in [&b""[..], b"transmissions", b"MiniUPnPc/2.2", b"Xbox", b"myuTorrent"] {
            assert_eq!(named(other), None);
        }
    }
}
