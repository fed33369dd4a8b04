//! What passes in one flow proves what passes in another.

use sha1::{Digest, Sha1};

use super::*;
use crate::correlate;

const CONTENT: &[u8] = b"sixteen bytes...";

fn info() -> Vec<u8> {
    let pieces = Sha1::digest(CONTENT);
    [&b"d6:lengthi16e12:piece lengthi16e6:pieces20:"[..], &pieces, b"e"].concat()
}

fn message(id: u8, body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 1).unwrap().to_be_bytes()[..], &[id], body].concat()
}

/// Lets a client connect to a peer, which says all this.
fn talk(tap: &mut Tap, client: Side, said: &[Vec<u8>]) {
    let infohash: [u8; 20] = Sha1::digest(info()).into();
    let hello =
        |who: &[u8; 20]| [&b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\x05"[..], &infohash, who].concat();
    tap.tcp(client, PEER, 0, SYN, &[]);
    tap.tcp(PEER, client, 0, SYN | ACK, &[]);
    let introduction = message(20, b"\x00d1:md11:ut_metadatai3eee");
    tap.tcp(client, PEER, 1, ACK, &[hello(b"cccccccccccccccccccc"), introduction.clone()].concat());
    tap.tcp(PEER, client, 1, ACK, &[hello(b"pppppppppppppppppppp"), introduction, said.concat()].concat());
}

fn block() -> Vec<u8> {
    let info = info();
    let head = format!("\x03d8:msg_typei1e5:piecei0e10:total_sizei{}ee", info.len());
    message(20, &[head.as_bytes(), &info].concat())
}

fn piece(content: &[u8]) -> Vec<u8> {
    message(7, &[&[0; 8], content].concat())
}

/// Bytes verified and wrong of each flow.
fn verified(report: &Report) -> Vec<(u64, u64)> {
    let flows = report.flows.iter();
    flows
        .flat_map(|flow| &flow.verified)
        .map(|one| (one.found.verified.bytes, one.found.wrong.bytes))
        .collect()
}

#[test]
fn metadata_of_one_flow_proves_pieces_of_another_whichever_ended_first() {
    let mut tap = Tap::new(Caps::default());
    talk(&mut tap, CLIENT, &[piece(CONTENT)]);
    talk(&mut tap, ([10, 0, 0, 9], 9), &[piece(b"other bytes.....")]);
    let options = tap.engine.options.clone();
    let early = {
        tap.wait(4000);
        tap.engine.expire(Timestamp(tap.time));
        tap.engine.drain()
    };
    talk(&mut tap, ([10, 0, 0, 8], 8), &[block()]);
    let report = correlate::join(vec![early, tap.engine.finish()], &options);
    assert_eq!(verified(&report), [(16, 0), (0, 16)]);
    assert_eq!(report.torrents.len(), 1);
    assert_eq!((&*report.torrents[0].info, report.torrents[0].v2), (&*info(), None));
    assert!(report.flows.iter().all(|flow| flow.pieces.is_empty()));
}

#[test]
fn metadata_that_was_known_beforehand_proves_pieces_too() {
    let mut tap = Tap::new(Caps::default());
    talk(&mut tap, CLIENT, &[piece(CONTENT)]);
    let options = Options { known: vec![info().into(), b"nonsense"[..].into()], ..Options::default() };
    let report = correlate::join(vec![tap.engine.finish()], &options);
    assert_eq!((verified(&report), report.torrents.len()), (vec![(16, 0)], 1));
}

#[test]
fn a_dict_that_hashes_to_something_else_proves_nothing() {
    let mut tap = Tap::new(Caps::default());
    let mut lie = block();
    *lie.last_mut().unwrap() = b'f';
    talk(&mut tap, CLIENT, &[lie, piece(CONTENT)]);
    let report = tap.report();
    assert_eq!((verified(&report), report.torrents.len()), (vec![], 0));
}

#[test]
fn nothing_is_lent_once_all_flows_have_ended() {
    let mut tap = Tap::new(Caps::default());
    for number in 0..20 {
        talk(&mut tap, (host(number), 1024), &[block(), piece(CONTENT), message(20, b"\x09unknown")]);
    }
    tap.wait(4000);
    tap.engine.expire(Timestamp(tap.time));
    assert_eq!(tap.engine.drain().flows.len(), 20);
    assert_eq!(tap.engine.content.free(), Content::new(Caps::default().content_bytes).free());
}

#[test]
fn digests_beyond_the_cap_are_left_out_and_counted() {
    let mut tap = Tap::new(Caps { content_bytes: 8 << 10, ..FEW });
    for number in 0..20 {
        talk(&mut tap, (host(number), 1024), &[piece(CONTENT)]);
    }
    let report = tap.engine.finish();
    assert_eq!(report.flows.len(), 20);
    assert!(report.flows.iter().any(|flow| flow.pieces.is_empty()));
    assert!(report.limits["content_bytes"] > 0);
}
