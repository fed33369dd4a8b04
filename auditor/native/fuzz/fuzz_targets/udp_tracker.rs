//! Any bytes are a tracker's datagram or refused; of a flow of them, an announce is believed with a connection that was
//! asked for and given, and never without.
#![no_main]

use std::collections::BTreeSet;

use auditor_core::anomaly::Anomalies;
use auditor_core::detect::udp_tracker::UdpTracker;
use auditor_core::detect::{Datagram, DatagramDetector, Fact, Stamp, Upkeep};
use auditor_core::flow::key::{End, Endpoint, Ends, FlowKey, Transport};
use auditor_core::flow::stream::HeldBytes;
use auditor_core::wire::bt::udp_tracker::{Announce, Reply, Request};
use auditor_core::wire::path::{Path, Vlans};
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

/// No more datagrams than connections and requests are remembered.
const DATAGRAMS: usize = 60;

fuzz_target!(|input: &[u8]| {
    parse(input);
    let mut reader = Reader(input);
    let Some(v6) = reader.byte() else { return };
    let ip = |last| if v6 & 1 == 0 { mapped(last) } else { [last; 16] };
    let ends = [Endpoint { ip: ip(1), port: 6881 }, Endpoint { ip: ip(2), port: 80 }];
    let path = Path::default();
    let (key, orig_is_low) = FlowKey::new(ends[0], ends[1], Transport::Udp, 0, &path);
    let (mut flow, mut anomalies) = (UdpTracker.open(), Anomalies::default());
    let mut held = HeldBytes { now: 0, cap: 0, hits: 0 };
    let mut asked: Ends<BTreeSet<u32>> = Ends::default();
    let mut given: Ends<BTreeSet<u64>> = Ends::default();
    let (mut announces, mut named) = (0, 0);
    // Each record is: who and what, a number, and the length of what follows.
    for _ in 0..DATAGRAMS {
        let Some((what, number)) = reader.byte().zip(reader.byte()) else { break };
        let len = reader.byte().unwrap_or_default();
        let payload = datagram(what >> 1, number, reader.bytes(len.into()));
        let from = if what & 1 == 0 { End::Orig } else { End::Resp };
        let (request, reply) = (Request::parse(&payload), Reply::parse(&payload));
        let believed = match request {
            Ok(Request::Connect { transaction }) => {
                // Who sends back what it was sent asks for nothing.
                if !asked.at(from.other()).contains(&transaction) {
                    asked.at_mut(from).insert(transaction);
                }
                Some(true)
            }
            Ok(Request::Announce(announce)) if given.at(from).contains(&announce.connection) => {
                announces += 1;
                Some(true)
            }
            Ok(Request::Scrape(scrape)) if given.at(from).contains(&scrape.connection) => Some(true),
            _ => match reply {
                Ok(Reply::Connect { transaction, connection }) => {
                    let is_answer = asked.at(from.other()).contains(&transaction);
                    if is_answer {
                        given.at_mut(from.other()).insert(connection);
                    }
                    Some(is_answer)
                }
                Ok(_) => None,
                Err(_) => Some(false),
            },
        };
        let (stamp, vlans) = (Stamp::default(), Vlans::default());
        let datagram = Datagram {
            key: &key,
            hash: 0,
            orig_is_low,
            from,
            vlans,
            path: &path,
            stamp,
            payload: &payload,
            sent: u32::try_from(payload.len()).unwrap(),
        };
        let read = flow.read(&datagram, &mut Upkeep { held: &mut held, anomalies: &mut anomalies });
        assert!(believed.is_none_or(|believed| believed == read), "{payload:x?}");
        named += flow.named().len();
    }
    let mut counted = 0;
    for seen in flow.finish(&mut Upkeep { held: &mut held, anomalies: &mut anomalies }) {
        if let Fact::TrackerAnnounce { .. } = seen.fact {
            counted += seen.count;
        }
    }
    assert!(counted <= announces && (announces > 0 || named == 0));
});

fn parse(input: &[u8]) {
    if let Ok(request) = Request::parse(input) {
        let len = match request {
            Request::Connect { .. } => 16,
            Request::Announce(announce) => {
                let _ = (announce.has_credentials(), announce.is_malformed());
                Announce::LEN
            }
            Request::Scrape(scrape) => {
                assert!(scrape.infohashes().count() * 20 <= input.len());
                36
            }
        };
        auditor_fuzz::assert_prefixes_are_truncated(&input[..len], Request::parse);
    }
    if let Ok(reply) = Reply::parse(input) {
        let len = match reply {
            Reply::Connect { .. } => 16,
            Reply::Announce(reply) => {
                for over_ipv6 in [false, true] {
                    let size = if over_ipv6 { 18 } else { 6 };
                    assert_eq!(reply.peers(over_ipv6).count(), (input.len() - 20) / size);
                }
                20
            }
            Reply::Scrape { torrents, .. } => {
                assert!(torrents * 12 <= input.len());
                8
            }
            Reply::Error { .. } => 8,
        };
        auditor_fuzz::assert_prefixes_are_truncated(&input[..len], Reply::parse);
    }
}

/// A datagram whose numbers are small, so that they meet, and something after it.
fn datagram(kind: u8, number: u8, rest: &[u8]) -> Vec<u8> {
    let transaction = u32::from(number >> 4).to_be_bytes();
    let connection = u64::from(number & 3).to_be_bytes();
    let action = |action: u32| action.to_be_bytes();
    let head = match kind & 7 {
        0 => [&0x0417_2710_1980_u64.to_be_bytes()[..], &action(0), &transaction].concat(),
        1 => [&action(0)[..], &transaction, &connection].concat(),
        2 => [&connection[..], &action(1), &transaction, &[number & 0x0c; 82]].concat(),
        3 => [&action(1)[..], &transaction, &[0; 12]].concat(),
        4 => [&connection[..], &action(2), &transaction, &[number; 20]].concat(),
        5 => [&action(2)[..], &transaction].concat(),
        6 => [&action(3)[..], &transaction].concat(),
        _ => Vec::new(),
    };
    [&head, rest].concat()
}

fn mapped(last: u8) -> [u8; 16] {
    let mut ip = [0; 16];
    ip[10..].copy_from_slice(&[0xff, 0xff, 10, 0, 0, last]);
    ip
}
