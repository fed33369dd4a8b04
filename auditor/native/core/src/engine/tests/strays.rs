//! Frames dealt to workers by somebody who cannot follow tunnels and fragments: what is handed on makes it good.

use super::*;
use crate::correlate;

const MORE: u16 = 0x2000;

fn options(workers: u64) -> Options {
    let ours = Networks::new([([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0], 104)]);
    let delivery = if workers > 1 { Delivery::ToOne } else { Delivery::ToAll };
    Options { ours, seed: 11, delivery, ..Options::default() }
}

/// What workers see together of frames of which each came to one of them, by `deal`.
fn dealt(frames: &[Vec<u8>], workers: u64, deal: impl Fn(usize) -> usize) -> Report {
    let options = options(workers);
    let mut engines: Vec<_> = (0..workers)
        .map(|worker| Engine::new(Options { shard: (worker, workers), ..options.clone() }))
        .collect();
    for (index, bytes) in frames.iter().enumerate() {
        let frame = Frame {
            time: Timestamp(i64::try_from(index).unwrap() * MILLISECOND),
            link: LinkType::Ethernet,
            wire_len: u32::try_from(bytes.len()).unwrap(),
            place: FrameRef { capture: 0, number: index as u64 + 1 },
            vantage: 0,
            bytes,
        };
        let receiver = &mut engines[deal(index) % usize::try_from(workers).unwrap()];
        receiver.ingest([frame]);
        let strays: Vec<_> = receiver.take_strays().collect();
        for (worker, parcel) in strays {
            engines[worker].ingest_handed(parcel.frames().iter().map(|handed| parcel.frame(handed)));
            assert_eq!(engines[worker].take_strays().count(), 0, "what was handed on stays");
        }
    }
    correlate::join(engines.into_iter().map(Engine::finish).collect(), &options)
}

/// VXLAN, RFC 7348: the frame in a datagram whose source port says nothing of the flow within.
fn vxlan(source: u16, frame: &[u8]) -> Vec<u8> {
    let inner = [&[8, 0, 0, 0, 0, 0, 7, 0][..], frame].concat();
    ethernet(&[], &ipv4([172, 16, 0, 1], [172, 16, 0, 2], 17, 1, 0, &udp(source, 4789, &inner)))
}

fn story() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for (id, host) in (1..).zip(1..=20_u8) {
        let client = ([10, 20, 0, host], 50_000 + u16::from(host));
        let connection = [
            (client, PEER, 0, SYN, vec![]),
            (PEER, client, 0, SYN | ACK, vec![]),
            (client, PEER, 1, ACK, hello(b'c').to_vec()),
            (PEER, client, 1, ACK, hello(b'p').to_vec()),
        ];
        for (turn, (from, to, seq, flags, payload)) in (0..).zip(connection) {
            let packet = ipv4(from.0, to.0, 6, id * 8 + turn, 0, &tcp(from.1, to.1, seq, flags, &payload));
            frames.push(ethernet(&[], &packet));
            frames.push(vxlan(40_000 + turn, &ethernet(&[30], &packet)));
        }
        // One query of the DHT in two fragments, and one whole.
        let query = udp(client.1, 6881, &ping(b'a'));
        let (head, tail) = query.split_at(24);
        frames.push(ethernet(&[], &ipv4(client.0, PEER.0, 17, id, MORE, head)));
        frames.push(ethernet(&[], &ipv4(client.0, PEER.0, 17, id, 3, tail)));
        frames.push(ethernet(&[], &ipv4(client.0, [198, 51, 100, host], 17, 500 + id, 0, &query)));
        let arp =
            [&[0, 1, 8, 0, 6, 4, 0, 2][..], &[2, 0, 0, 0, 0, host], &client.0, &[0; 6], &PEER.0].concat();
        let mut announced = ethernet(&[], &arp);
        announced[12..14].copy_from_slice(&[0x08, 0x06]);
        frames.push(announced);
        // Refused, and none of ours.
        frames.push(ethernet(&[], &ipv4(client.0, PEER.0, 6, 900 + id, 0, &[0; 7])));
        frames.push(ethernet(&[], &ipv4(client.0, PEER.0, 132, 950 + id, 0, &[0; 12])));
    }
    frames
}

#[test]
fn whoever_gets_a_frame_its_flow_is_seen_as_by_one() {
    let frames = story();
    let one = dealt(&frames, 1, |_| 0);
    assert_eq!((one.flows.len(), one.totals.fragments, one.activities.len()), (40, 40, 20));
    assert_eq!(one.bindings.len(), 20);
    for workers in 2..5 {
        for step in [1, 3, 7] {
            let several = dealt(&frames, workers, |index| index * step + index / 5);
            assert_eq!(several.flows, one.flows, "{workers} workers");
            assert_eq!(several.totals, one.totals);
            assert_eq!(several.bindings, one.bindings);
            let anomalies =
                |report: &Report| report.anomalies.iter().flat_map(Anomalies::iter).collect::<Vec<_>>();
            assert_eq!(anomalies(&several), anomalies(&one));
            let nodes = |report: &Report| {
                report.activities.iter().map(|one| (one.host, one.nodes)).collect::<Vec<_>>()
            };
            assert_eq!(nodes(&several), nodes(&one));
        }
    }
}

#[test]
fn one_worker_hands_nothing_on() {
    let mut engine = Engine::new(Options { delivery: Delivery::ToOne, ..options(1) });
    let frame = story().remove(9);
    engine.ingest([Frame {
        time: Timestamp(0),
        link: LinkType::Ethernet,
        wire_len: 60,
        place: FrameRef { capture: 0, number: 1 },
        vantage: 0,
        bytes: &frame,
    }]);
    assert_eq!(engine.take_strays().count(), 0);
}
