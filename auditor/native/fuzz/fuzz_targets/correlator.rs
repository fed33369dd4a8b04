//! Any events among few hosts: neither the number of workers, nor the order in which events arrive, nor when somebody
//! looks changes what is said, and nothing is tied to a torrent that nobody named.
#![no_main]

use auditor_core::correlate::{
    Attempt, Candidate, Caps, Correlator, Evidence, Grade, Host, Learnt, Listening, Options, Part,
};
use auditor_core::detect::named::Source;
use auditor_core::flow::key::{Endpoint, Transport};
use auditor_core::networks::Networks;
use auditor_core::time::Timestamp;
use auditor_core::wire::path::Vlans;
use auditor_fuzz::reader::Reader;
use libfuzzer_sys::fuzz_target;

const SOURCES: [Source; 4] = [Source::Tracker, Source::Dht, Source::Pex, Source::Holepunch];

fuzz_target!(|input: &[u8]| {
    let mut reader = Reader(input);
    let mut events = Vec::new();
    let mut now = Timestamp(0);
    let mut flows = 0;
    // Each record is: kind and flags, time passed in quarters of a second, hosts, and numbers.
    while let (Some(what), Some(passed), Some(who), Some(which)) =
        (reader.byte(), reader.byte(), reader.byte(), reader.byte())
    {
        let scale = if what & 0x80 == 0 { 4 } else { 1 };
        now.0 += i64::from(passed) * Timestamp::SECOND / scale;
        let event = event(now, what, who, which);
        flows += event.candidates.len() as u64;
        events.push((now, event));
    }
    let mut whole = Correlator::new(options(Caps::default()));
    for (_, event) in &events {
        whole.take(event.clone());
    }
    let (told, dropped) = (whole.finish(), whole.dropped());
    assert!(whole.limits().is_empty());
    for found in &told {
        assert_eq!(found.infohashes.is_empty(), found.grade == Grade::HostLevel);
        let host = found.candidate.host(found.end);
        let remote = found.candidate.endpoint(found.end.other()).ip;
        for torrent in &found.infohashes {
            assert!(torrent.learnt < found.candidate.begun && torrent.senders > 0);
            assert!(events.iter().any(|(_, event)| {
                let named = event.learnt.iter().map(|event| (event.host, event.endpoint.ip, event.infohash));
                let tried = event.attempts.iter().map(|event| (event.host, event.remote.ip, event.infohash));
                named.chain(tried).any(|clear| clear == (host, remote, torrent.infohash))
            }));
        }
    }

    // Three workers, the last one first, each from its end to its beginning.
    let mut permuted = Correlator::new(options(Caps::default()));
    for worker in (0..3).rev() {
        for (_, event) in events.iter().rev().skip(worker).step_by(3) {
            permuted.take(event.clone());
        }
    }
    assert_eq!((permuted.finish(), permuted.dropped()), (told.clone(), dropped));

    // Looked at before every event.
    let mut watched = Correlator::new(options(Caps::default()));
    let mut seen = Vec::new();
    for (at, event) in &events {
        seen.extend(watched.advance(*at));
        watched.take(event.clone());
    }
    seen.extend(watched.finish());
    assert_eq!((seen, watched.dropped()), (told, dropped));

    // With hardly any room every flow is still told or dropped.
    let caps = Caps { events: 1 << 20, hosts: 2, host_names: 3, names: 4, host_flows: 3, flows: 4 };
    let mut narrow = Correlator::new(options(caps));
    for (_, event) in events {
        narrow.take(event);
    }
    let told = narrow.finish().len() as u64;
    assert!(told + narrow.dropped().flows <= 2 * flows);
});

fn options(caps: Caps) -> Options {
    let exempt = Networks::new([(address(0x30), 128)]);
    Options { ours: Networks::new([([0xfd; 16], 8)]), exempt, caps }
}

/// One of ours.
fn host(number: u8) -> [u8; 16] {
    let mut ip = [0xfd; 16];
    ip[15] = number & 3;
    ip
}

/// An address outside: even numbers lie in networks of their own, odd ones share one.
fn address(number: u8) -> [u8; 16] {
    let mut ip = [0x20; 16];
    ip[if number.is_multiple_of(2) { 3 } else { 11 }] = number;
    ip
}

fn event(at: Timestamp, what: u8, who: u8, which: u8) -> Part {
    let own = host(who);
    let known = Host { ip: own, vantage: 0, tunnel: None, vlans: Vlans::default() };
    let port = if which & 0x40 == 0 { 6881 } else { 443 };
    let ip = if what & 0x40 == 0 { address(who >> 2) } else { host(who >> 2) };
    let remote = Endpoint { ip, port };
    let infohash = [which & 1; 20];
    let mut part = Part::default();
    match what & 7 {
        0 => {
            let source = SOURCES[usize::from(which >> 1 & 3)];
            let by = address(which >> 3 & 7);
            part.learnt.push(Learnt { at, host: known, endpoint: remote, infohash, source, by });
        }
        1 => part.attempts.push(Attempt { at, host: known, remote, infohash }),
        2 => part.listening.push(Listening { at, host: known, port }),
        3 => {
            let until = Timestamp(at.0 + i64::from(which) * 60 * Timestamp::SECOND);
            part.evidence.push(Evidence { at, host: known, until });
        }
        _ => {
            let own = Endpoint { ip: own, port: 6881 };
            let (orig, resp) = if what & 8 == 0 { (own, remote) } else { (remote, own) };
            part.candidates.push(Candidate {
                begun: at,
                orig,
                resp,
                transport: if which & 2 == 0 { Transport::Tcp } else { Transport::Udp },
                vantage: 0,
                tunnel: None,
                vlans: Vlans::default(),
                syn_seen: what & 0x30 != 0x30,
                is_telling: which & 4 != 0,
            });
        }
    }
    part
}
