//! What is fetched from where a torrent file that passed says that its content is (BEP 19).

use sha1::{Digest, Sha1};

use super::*;
use crate::correlate;
use crate::detect::Confidence;

const WEB: Side = ([198, 51, 100, 9], 80);
const SEED: &str = "http://Seeds.example/f/";

fn info(name: &str) -> String {
    format!("d6:lengthi16e4:name{}:{name}12:piece lengthi16e6:pieces20:hhhhhhhhhhhhhhhhhhhhe", name.len())
}

fn infohash(name: &str) -> [u8; 20] {
    Sha1::digest(info(name)).into()
}

/// A host asks a server for something, in a connection of its own.
fn fetch(tap: &mut Tap, port: u16, path: &str, field: &str, answer: &str) {
    let client = (CLIENT.0, port);
    let ask = format!("GET {path} HTTP/1.1\r\nHost: seeds.example\r\n{field}\r\n\r\n");
    let answer = format!("HTTP/1.1 206 P\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
    tap.tcp(client, WEB, 0, SYN, &[]);
    tap.tcp(WEB, client, 0, SYN | ACK, &[]);
    tap.tcp(client, WEB, 1, ACK, ask.as_bytes());
    tap.tcp(WEB, client, 1, ACK, answer.as_bytes());
}

fn fetch_torrent(tap: &mut Tap, port: u16, name: &str) {
    let file = format!("d4:info{}8:url-list{}:{SEED}e", info(name), SEED.len());
    fetch(tap, port, "/x.torrent", "Accept: */*", &file);
}

const A_CLIENT: &str = "User-Agent: libtorrent/2.0\r\nRange: bytes=0-";
const A_BROWSER: &str = "User-Agent: Mozilla/5.0\r\nRange: bytes=0-";

/// The port, torrent and bytes of each.
fn found(report: &Report) -> Vec<(u16, [u8; 20], u64)> {
    let mut found = Vec::new();
    for flow in &report.flows {
        for seen in &flow.observations {
            if let Fact::WebSeed { infohash, bytes } = seen.fact {
                assert_eq!((seen.confidence, seen.end), (Confidence::Likely, End::Orig));
                found.push((flow.ends.orig.port, infohash, bytes));
            }
        }
    }
    assert!(report.flows.iter().all(|flow| flow.fetched.is_empty() && !flow.observations.is_empty()));
    found
}

fn see_all(tap: &mut Tap) {
    fetch(tap, 1001, "/f/a.bin", A_CLIENT, "12345");
    fetch(tap, 1002, "/f/a.bin", A_BROWSER, "12345");
    fetch(tap, 1003, "/f/b.bin", A_CLIENT, "12345");
    fetch(tap, 1004, "/f/a.bin", "User-Agent: libtorrent/2.0", "12345");
    fetch_torrent(tap, 1005, "a.bin");
}

#[test]
fn parts_that_a_client_fetches_where_a_file_says_are_of_its_torrent() {
    let mut tap = Tap::new(Caps::default());
    see_all(&mut tap);
    let report = tap.report();
    assert_eq!(found(&report), [(1001, infohash("a.bin"), 5)]);
    assert_eq!(report.flows.len(), 2, "the other fetches are not told");
}

#[test]
fn a_fetch_is_of_no_torrent_that_did_not_pass() {
    let mut tap = Tap::new(Caps::default());
    fetch(&mut tap, 1001, "/f/a.bin", A_CLIENT, "12345");
    assert_eq!(tap.report().flows, []);
}

#[test]
fn an_address_that_two_torrents_name_tells_neither() {
    let mut tap = Tap::new(Caps::default());
    see_all(&mut tap);
    let other = info("a.bin").replace("i16e6:", "i32e6:");
    let file = format!("d4:info{other}8:url-list{}:{SEED}e", SEED.len());
    fetch(&mut tap, 1006, "/y.torrent", "Accept: */*", &file);
    assert_eq!(found(&tap.report()), []);
}

#[test]
fn torrents_in_one_folder_are_told_apart_by_their_names() {
    let mut tap = Tap::new(Caps::default());
    see_all(&mut tap);
    fetch_torrent(&mut tap, 1006, "b.bin");
    let both = [(1001, infohash("a.bin"), 5), (1003, infohash("b.bin"), 5)];
    assert_eq!(found(&tap.report()), both);
}

#[test]
fn any_number_of_workers_finds_the_same() {
    let part = |shard| {
        let mut tap = Tap::new(Caps::default());
        tap.engine = Engine::new(Options { shard, ..tap.engine.options.clone() });
        see_all(&mut tap);
        (tap.engine.options.clone(), tap.engine.finish())
    };
    let (options, whole) = part((0, 1));
    let parts = (0..4).map(|place| part((place, 4)).1).collect();
    let (one, four) = (correlate::join(vec![whole], &options), correlate::join(parts, &options));
    assert_eq!(one.flows, four.flows);
}

#[test]
fn fetches_over_the_cap_are_counted() {
    let mut tap = Tap::new(Caps { fetched: 1, ..Caps::default() });
    see_all(&mut tap);
    let report = tap.report();
    assert_eq!((found(&report).len(), report.limits["fetched_addresses"]), (1, 1));
}
