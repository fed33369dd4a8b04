//! Well-known names: what clients look up to join the DHT, trackers that take any torrent, and what programs fetch for
//! themselves. A name says that such a program is there or was started, never that it took part in anything.
//!
//! As of 2026-11-26. Bootstrap nodes: the defaults of libtorrent, qBittorrent, Transmission, `µTorrent`, BiglyBT, anacrolix
//! and Ouinet. Trackers: hosts of the public lists of ngosang/trackerslist that were listed for years or are listed now,
//! without those that are known to serve anything else, and WebTorrent's. Programs: what they contact without being
//! asked; no site that a person reads. Addresses are not listed: they change hands.
//!
//! Names that a detector meets are compared by a hash of each of their ends (`a.b.c`, `b.c`, `c`), so that the many that
//! are not ours cost a few multiplications; and nothing but an entry of this table leaves a detector.

use self::Kind::{Bootstrap, Client, Tracker};

/// What is behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A node through which clients join the DHT. Other software joins the same one.
    Bootstrap,
    /// A tracker.
    Tracker,
    /// What a BitTorrent client contacts by itself.
    Client,
}

impl Kind {
    /// The kind's word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Tracker => "tracker",
            Self::Client => "client",
        }
    }
}

/// How a name was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Over {
    /// Looked up.
    Dns,
    /// Asked for as a TLS server.
    Tls,
}

impl Over {
    /// The word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tls => "tls",
        }
    }
}

/// A well-known name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name in small letters, without a dot at its end.
    pub name: &'static str,
    /// What is behind it.
    pub kind: Kind,
    /// Whether names under it are meant too.
    below: bool,
}

/// Finds the entry for a name, in whatever case of letters, with or without a dot at its end.
#[must_use]
pub fn find(name: &[u8]) -> Option<&'static Entry> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let mut hash = SEED;
    for (at, byte) in name.iter().enumerate().rev() {
        hash = mix(hash, byte.to_ascii_lowercase());
        let is_whole = at == 0;
        if (is_whole || at.checked_sub(1).and_then(|before| name.get(before)) == Some(&b'.'))
            && let Some(entry) = under(hash, name.get(at..).unwrap_or_default())
            && (is_whole || entry.below)
        {
            return Some(entry);
        }
    }
    None
}

/// The entry of exactly this name, by the hash of its bytes from last to first.
fn under(hash: u32, name: &[u8]) -> Option<&'static Entry> {
    let mut slot = slot(hash);
    // The index is at most half full, so that this ends at a free slot.
    loop {
        let number = usize::from(*INDEX.get(slot)?).checked_sub(1)?;
        let entry = TABLE.get(number)?;
        if entry.name.as_bytes().eq_ignore_ascii_case(name) {
            return Some(entry);
        }
        slot = (slot + 1) % SLOTS;
    }
}

const SLOTS: usize = 512;
const _: () = assert!(TABLE.len() < 256 && TABLE.len() * 2 <= SLOTS, "the index has room for the table");

/// FNV-1a. Who finds two names with one hash has them compared letter by letter.
const SEED: u32 = 0x811c_9dc5;
const fn mix(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}
const fn slot(hash: u32) -> usize {
    ((hash ^ hash >> 16) as usize) % SLOTS
}

/// An entry's number plus one, at the slot of its hash or the next free one; 0 where none is.
static INDEX: [u8; SLOTS] = index();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "runs while it is compiled")]
const fn index() -> [u8; SLOTS] {
    let mut index = [0; SLOTS];
    let mut number = 0;
    while number < TABLE.len() {
        let name = TABLE[number].name.as_bytes();
        let (mut hash, mut at) = (SEED, name.len());
        while at > 0 {
            at -= 1;
            hash = mix(hash, name[at]);
        }
        let mut slot = slot(hash);
        while index[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        index[slot] = number as u8 + 1;
        number += 1;
    }
    index
}

const fn exact(name: &'static str, kind: Kind) -> Entry {
    Entry { name, kind, below: false }
}

const fn below(name: &'static str, kind: Kind) -> Entry {
    Entry { name, kind, below: true }
}

#[rustfmt::skip]
static TABLE: [Entry; 136] = [
    // Where clients enter the DHT.
    exact("dht.aelitis.com", Bootstrap),
    exact("dht.anacrolix.link", Bootstrap),
    exact("dht.biglybt.com", Bootstrap),
    exact("dht.libtorrent.org", Bootstrap),
    exact("dht.transmissionbt.com", Bootstrap),
    exact("dht.vuze.com", Bootstrap),
    exact("dht6.biglybt.com", Bootstrap),
    exact("router.bitcomet.com", Bootstrap),
    exact("router.bittorrent.cloud", Bootstrap),
    exact("router.bittorrent.com", Bootstrap),
    exact("router.bt.ouinet.work", Bootstrap),
    exact("router.silotis.us", Bootstrap),
    exact("router.utorrent.com", Bootstrap),
    exact("routerx.bt.ouinet.work", Bootstrap),
    // Port tests, version checks and the like.
    exact("ip4.transmissionbt.com", Client),
    exact("ip6.transmissionbt.com", Client),
    exact("portcheck.transmissionbt.com", Client),
    exact("update.bittorrent.com", Client),
    exact("update.utorrent.com", Client),
    exact("version.biglybt.com", Client),
    exact("version.vuze.com", Client),
    // µTorrent's and BitTorrent's reports on themselves, a name each; service discovery on the local network (BEP 26).
    below("_bittorrent._tcp.local", Client),
    below("bench.utorrent.com", Client),
    // WebTorrent's trackers.
    exact("open.ftorrent.com", Tracker),
    exact("tracker.btorrent.xyz", Tracker),
    exact("tracker.fastcast.nz", Tracker),
    exact("tracker.openwebtorrent.com", Tracker),
    exact("tracker.webtorrent.dev", Tracker),
    // Trackers that take any torrent.
    exact("6ahddutb1ucc3cp.ru", Tracker),
    exact("9.rarbg.me", Tracker),
    exact("9.rarbg.to", Tracker),
    exact("bittorrent-tracker.e-n-c-r-y-p-t.net", Tracker),
    exact("bt.ktrackers.com", Tracker),
    exact("bt1.archive.org", Tracker),
    exact("bt2.archive.org", Tracker),
    exact("exodus.desync.com", Tracker),
    exact("explodie.org", Tracker),
    exact("free.publictracker.xyz", Tracker),
    exact("inferno.demonoid.pw", Tracker),
    exact("ipv4.rer.lol", Tracker),
    exact("ipv4.tracker.harry.lu", Tracker),
    exact("isk.richardsw.club", Tracker),
    exact("moonburrow.club", Tracker),
    exact("oh.fuuuuuck.com", Tracker),
    exact("open.acgnxtracker.com", Tracker),
    exact("open.acgtracker.com", Tracker),
    exact("open.demonii.com", Tracker),
    exact("open.demonii.si", Tracker),
    exact("open.dstud.io", Tracker),
    exact("open.free-tracker.ga", Tracker),
    exact("open.stealth.si", Tracker),
    exact("open.tracker.cl", Tracker),
    exact("open.tracker.ink", Tracker),
    exact("open.u-p.pw", Tracker),
    exact("open.xxtor.com", Tracker),
    exact("opentracker.i2p.rocks", Tracker),
    exact("opentracker.io", Tracker),
    exact("p4p.arenabg.com", Tracker),
    exact("pirate.t-1.org", Tracker),
    exact("public.popcorn-tracker.org", Tracker),
    exact("pybittrack.retiolus.net", Tracker),
    exact("retracker.lanta-net.ru", Tracker),
    exact("retracker.local", Tracker),
    exact("retracker.mgts.by", Tracker),
    exact("retracker.netbynet.ru", Tracker),
    exact("retracker.sevstar.net", Tracker),
    exact("retracker01-msk-virt.corbina.net", Tracker),
    exact("t.nyaatracker.com", Tracker),
    exact("torrents.artixlinux.org", Tracker),
    exact("tr.bangumi.moe", Tracker),
    exact("tr.nyacat.pw", Tracker),
    exact("tr.ready4.icu", Tracker),
    exact("tracker-udp.gbitt.info", Tracker),
    exact("tracker.0x7c0.com", Tracker),
    exact("tracker.anima.nz", Tracker),
    exact("tracker.artixlinux.org", Tracker),
    exact("tracker.auctor.tv", Tracker),
    exact("tracker.bittor.pw", Tracker),
    exact("tracker.bt4g.com", Tracker),
    exact("tracker.ccc.de", Tracker),
    exact("tracker.coppersurfer.tk", Tracker),
    exact("tracker.cubonegro.lol", Tracker),
    exact("tracker.cutie.dating", Tracker),
    exact("tracker.cyberia.is", Tracker),
    exact("tracker.ddunlimited.net", Tracker),
    exact("tracker.dler.org", Tracker),
    exact("tracker.ds.is", Tracker),
    exact("tracker.dump.cl", Tracker),
    exact("tracker.edkj.club", Tracker),
    exact("tracker.filemail.com", Tracker),
    exact("tracker.files.fm", Tracker),
    exact("tracker.fnix.net", Tracker),
    exact("tracker.gbitt.info", Tracker),
    exact("tracker.gcrenwp.top", Tracker),
    exact("tracker.ghostchu-services.top", Tracker),
    exact("tracker.hama3.net", Tracker),
    exact("tracker.imgoingto.icu", Tracker),
    exact("tracker.internetwarriors.net", Tracker),
    exact("tracker.istole.it", Tracker),
    exact("tracker.leechers-paradise.org", Tracker),
    exact("tracker.lelux.fi", Tracker),
    exact("tracker.moeblog.cn", Tracker),
    exact("tracker.moeking.me", Tracker),
    exact("tracker.nanoha.org", Tracker),
    exact("tracker.nekomi.cn", Tracker),
    exact("tracker.nitrix.me", Tracker),
    exact("tracker.openbittorrent.com", Tracker),
    exact("tracker.opentrackr.org", Tracker),
    exact("tracker.pmman.tech", Tracker),
    exact("tracker.publicbt.com", Tracker),
    exact("tracker.qu.ax", Tracker),
    exact("tracker.skyts.net", Tracker),
    exact("tracker.sloppyta.co", Tracker),
    exact("tracker.srv00.com", Tracker),
    exact("tracker.swateam.org.uk", Tracker),
    exact("tracker.t-rb.org", Tracker),
    exact("tracker.tamersunion.org", Tracker),
    exact("tracker.theoks.net", Tracker),
    exact("tracker.therarbg.com", Tracker),
    exact("tracker.therarbg.to", Tracker),
    exact("tracker.tiny-vps.com", Tracker),
    exact("tracker.torrent.eu.org", Tracker),
    exact("tracker.tryhackx.org", Tracker),
    exact("tracker.uw0.xyz", Tracker),
    exact("tracker.yemekyedim.com", Tracker),
    exact("tracker.zer0day.to", Tracker),
    exact("tracker.zerobytes.xyz", Tracker),
    exact("tracker.zhuqiy.com", Tracker),
    exact("tracker1.itzmx.com", Tracker),
    exact("tracker1.myporn.club", Tracker),
    exact("tracker2.dler.org", Tracker),
    exact("tracker2.itzmx.com", Tracker),
    exact("tracker3.itzmx.com", Tracker),
    exact("tracker4.itzmx.com", Tracker),
    exact("tracker6.dler.org", Tracker),
    exact("wepzone.net", Tracker),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_and_stands_once_in_small_letters() {
        for (number, entry) in TABLE.iter().enumerate() {
            assert_eq!(find(entry.name.as_bytes()), Some(entry));
            assert!(!TABLE[..number].iter().any(|other| other.name == entry.name), "{} twice", entry.name);
            assert!(entry.name == entry.name.to_ascii_lowercase() && !entry.name.ends_with('.'));
        }
    }

    #[test]
    fn case_and_a_dot_at_the_end_do_not_matter() {
        let found = |name: &[u8]| find(name).map(|entry| (entry.name, entry.kind));
        assert_eq!(found(b"Router.BitTorrent.COM."), Some(("router.bittorrent.com", Bootstrap)));
        assert_eq!(found(b"tracker.opentrackr.org"), Some(("tracker.opentrackr.org", Tracker)));
    }

    #[test]
    fn names_under_an_entry_count_only_where_the_entry_says_so() {
        let found = |name: &[u8]| find(name).map(|entry| entry.name);
        assert_eq!(found(b"i-29.b-44396.ut.bench.utorrent.com"), Some("bench.utorrent.com"));
        let instance = b"_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa._sub._bittorrent._tcp.local";
        assert_eq!(found(instance), Some("_bittorrent._tcp.local"));
        for other in [
            &b"a.router.bittorrent.com"[..],
            b"bittorrent.com",
            b"xrouter.bittorrent.com",
            b"com",
            b"",
            b".",
            b"..",
        ] {
            assert_eq!(found(other), None);
        }
    }
}
