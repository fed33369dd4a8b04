//! What must not depend on when somebody looks, or on how many workers share the work. Found by the fuzz target
//! `engine`, which asks the same of any frames.

use super::*;
use crate::correlate;
use crate::detect::dht::activity::Activity;

const MINUTE: i64 = 60 * Timestamp::SECOND;
const HOUR: i64 = 60 * MINUTE;
const HOST: Side = ([10, 20, 0, 5], 6881);

/// What happened when: a time, and the frame.
pub(super) type Story = Vec<(i64, Vec<u8>)>;

fn datagram(id: u16, from: Side, to: Side, vlans: &[u16], payload: &[u8]) -> Vec<u8> {
    ethernet(vlans, &ipv4(from.0, to.0, 17, id, 0, &udp(from.1, to.1, payload)))
}

fn segment(id: u16, from: Side, to: Side, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(&[], &ipv4(from.0, to.0, 6, id, 0, &tcp(from.1, to.1, seq, flags, payload)))
}

fn node(number: u8) -> Side {
    ([198, 51, 100, number], 6881)
}

/// What so many workers report together; with `asked`, quiet time after every frame and what ended until then.
pub(super) fn report(story: &Story, caps: Caps, workers: u64, asked: bool) -> Report {
    let mut parts = Vec::new();
    let ours = Networks::new([([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0], 104)]);
    let options = Options { ours, caps, ..Options::default() };
    for worker in 0..workers {
        let mut engine = Engine::new(Options { shard: (worker, workers), ..options.clone() });
        for (number, (time, frame)) in (1..).zip(story) {
            engine.ingest([Frame {
                time: Timestamp(*time),
                link: LinkType::Ethernet,
                wire_len: u32::try_from(frame.len()).unwrap(),
                place: FrameRef { capture: 0, number },
                vantage: 0,
                bytes: frame,
            }]);
            if asked {
                engine.expire(Timestamp(*time));
                parts.push(engine.drain());
            }
        }
        parts.push(engine.finish());
    }
    if !asked {
        drop(standing::Seen { story: story.clone(), options: options.clone() });
    }
    correlate::join(parts, &options)
}

/// Each activity's host, VLANs, nodes, and datagrams sent.
fn activities(report: &Report) -> Vec<([u8; 4], Vec<u16>, u64, u64)> {
    let told = |activity: &Activity| {
        let sent = activity.sent.queries().map(|(_, count)| count).sum();
        let ip = *activity.host.endpoint.ip.last_chunk().unwrap();
        (ip, activity.host.vlans.iter().collect(), activity.nodes, sent)
    };
    report.activities.iter().map(told).collect()
}

#[test]
fn bytes_that_no_detector_wanted_count_once_one_reads_the_flow() {
    for first in [&b"GET / HTTP/1.1\r\n"[..], &vec![b'x'; 20_000]] {
        let len = u32::try_from(first.len()).unwrap();
        let story = vec![
            (0, segment(1, CLIENT, PEER, 0, SYN, b"")),
            (0, segment(2, PEER, CLIENT, 0, SYN | ACK, b"")),
            (1, segment(3, CLIENT, PEER, 1, ACK, first)),
            (2, segment(4, PEER, CLIENT, 1, ACK, &hello(b'p'))),
            (MINUTE, segment(5, CLIENT, PEER, 1 + len, ACK, b"more")),
        ];
        for story in [&story[..4], &story] {
            let flow = &report(&story.to_vec(), Caps::default(), 1, false).flows[0];
            let sent = u64::from(len) + if story.len() == 5 { 4 } else { 0 };
            assert_eq!((flow.bytes.orig, flow.bytes.resp, flow.missing.orig), (sent, 68, 0));
            assert_eq!(flow.minutes.iter().map(|(_, ends)| ends.orig).sum::<u64>(), sent);
        }
    }
}

#[test]
fn frames_a_little_late_find_their_flow_whenever_a_sweep_comes() {
    let mut story =
        vec![(0, segment(1, CLIENT, PEER, 0, SYN, b"")), (0, segment(2, PEER, CLIENT, 0, SYN | ACK, b""))];
    story.push((0, datagram(9, HOST, node(9), &[], b"else")));
    story.push((5 * MINUTE + 1, datagram(3, HOST, node(1), &[], b"else")));
    story.push((5 * MINUTE + 2, datagram(4, HOST, node(2), &[], b"else")));
    story.push((5 * MINUTE - 1, segment(5, CLIENT, PEER, 1, ACK, b"late")));
    for flows in [3, 1000] {
        let caps = Caps { flows, ..Caps::default() };
        assert_eq!(report(&story, caps, 1, false).totals.tcp_flows, 1, "room for {flows}");
    }
    assert_eq!(report(&story, Caps::default(), 1, true).totals.tcp_flows, 1);
}

#[test]
fn a_flow_that_has_ended_parts_no_vlans() {
    let answer =
        |vlans| ethernet(vlans, &ipv4(PEER.0, CLIENT.0, 6, 2, 0, &tcp(PEER.1, CLIENT.1, 0, SYN | ACK, b"")));
    let story = vec![(0, answer(&[10])), (9 * HOUR, answer(&[20])), (9 * HOUR, answer(&[]))];
    for asked in [false, true] {
        let totals = report(&story, Caps::default(), 1, asked).totals;
        assert_eq!((totals.tcp_flows, totals.duplicate_frames), (2, 1), "asked {asked}");
    }
}

#[test]
fn nodes_count_the_same_for_any_number_of_workers() {
    let ask = |time, number: u8| (time, datagram(u16::from(number), HOST, node(number), &[], &ping(number)));
    // No worker but the one that has node 1 hears of the host for seven hours.
    let mut story = vec![ask(0, 1)];
    story.extend((2..40).map(|number| ask(HOUR * 7 / 2, number)));
    story.push(ask(HOUR * 7, 1));
    for workers in 1..5 {
        let seen = activities(&report(&story, Caps::default(), workers, false));
        assert_eq!(seen, [(HOST.0, vec![], 40, 40)], "{workers} workers");
    }
}

#[test]
fn hosts_with_one_address_in_two_vlans_have_nodes_of_their_own() {
    let story = [30, 40].map(|vlan| (0, datagram(vlan, HOST, node(1), &[vlan], &ping(b'a'))));
    let seen = activities(&report(&story.into(), Caps::default(), 1, false));
    assert_eq!(seen, [(HOST.0, vec![30], 1, 1), (HOST.0, vec![40], 1, 1)]);
}

#[test]
fn a_host_is_not_taken_for_another_after_a_silence_that_other_traffic_bridged() {
    let other = ([10, 20, 0, 9], 6881);
    let mut story = vec![(0, datagram(1, HOST, node(1), &[], &ping(b'a')))];
    story.extend((1..=190).map(|count| (count * 2 * MINUTE, datagram(2, HOST, node(1), &[], b"uTP"))));
    let now = 190 * 2 * MINUTE;
    story.push((now + 1, datagram(3, other, node(2), &[], &ping(b'b'))));
    story.push((now + 2, datagram(4, HOST, node(1), &[], &ping(b'c'))));
    for asked in [false, true] {
        let seen = activities(&report(&story, Caps::default(), 1, asked));
        let expected = [(HOST.0, vec![], 1, 1), (other.0, vec![], 1, 1), (HOST.0, vec![], 1, 1)];
        assert_eq!(seen, expected, "asked {asked}");
    }
}

#[test]
fn what_counts_for_nobody_begins_no_activity_after_a_silence() {
    let other = ([10, 20, 0, 9], 6881);
    let silence = |story: &mut Story| {
        let last = story.last().unwrap().0;
        let bridge = |count: i64| (last + count * 2 * MINUTE, datagram(2, HOST, node(1), &[], b"uTP"));
        story.extend((1..=190).map(bridge));
        last + 190 * 2 * MINUTE
    };
    let from = |time, from, to, id| {
        let mut ping = ping(b'a');
        ping[31] = id;
        (time, datagram(1, from, to, &[], &ping))
    };
    // An echo, which is of nobody; then who sends one id after the other, until none of them says anything.
    let mut story = vec![from(0, HOST, node(1), b'a')];
    let now = silence(&mut story);
    story.push(from(now, node(1), HOST, b'a'));
    story.push(from(now + 1, other, node(2), b'b'));
    story.push(from(now + 2, node(1), HOST, b'a'));
    for asked in [false, true] {
        let seen = activities(&report(&story, Caps::default(), 1, asked));
        assert_eq!(seen, [(HOST.0, vec![], 1, 1), (other.0, vec![], 1, 1)], "asked {asked}");
    }
    story.extend((100..180).map(|id| from(now + i64::from(id), HOST, node(1), id)));
    let now = silence(&mut story);
    story.push(from(now, HOST, node(1), 200));
    story.push(from(now + 1, node(1), HOST, b'a'));
    for asked in [false, true] {
        let report = report(&story, Caps::default(), 1, asked);
        let seen = activities(&report);
        let expected = [(HOST.0, vec![], 1, 1), (other.0, vec![], 1, 1), (HOST.0, vec![], 1, 64)];
        assert_eq!(seen, expected, "asked {asked}");
    }
    story.push(from(now + 2, node(1), HOST, 201));
    story.push(from(now + 3, HOST, node(1), b'a'));
    for asked in [false, true] {
        let report = report(&story, Caps::default(), 1, asked);
        let [.., last] = &report.activities[..] else { panic!() };
        assert_eq!(report.activities.len(), 4);
        let sent = last.sent.queries().map(|(_, count)| count).sum::<u64>();
        let received = last.received.queries().map(|(_, count)| count).sum::<u64>();
        assert_eq!((last.nodes, sent, received), (1, 1, 1), "asked {asked}");
    }
}

#[test]
fn a_node_id_of_zeros_is_one_too() {
    let mut ping = ping(b'a');
    ping[12..32].fill(0);
    let story = vec![(0, datagram(1, HOST, node(1), &[], &ping))];
    let report = report(&story, Caps::default(), 1, false);
    assert!(report.activities[0].node_ids.contains(&[0; 20]));
}

#[test]
fn a_packet_that_never_became_whole_counts_though_somebody_asked_since() {
    const MORE: u16 = 0x2000;
    let story = vec![(0, ethernet(&[], &ipv4(HOST.0, node(1).0, 17, 1, MORE, &[0; 8])))];
    for asked in [false, true] {
        let anomalies = report(&story, Caps::default(), 1, asked).anomalies;
        assert_eq!(
            anomalies[0].iter().collect::<Vec<_>>(),
            [(Anomaly::FragmentIncomplete, 1)],
            "asked {asked}"
        );
    }
}

#[test]
fn a_reply_answers_no_query_of_another_activity() {
    let ask = |infohash: u8| {
        let head = b"d1:ad2:id20:abcdefghij01234567899:info_hash20:";
        [&head[..], &[infohash; 20], b"e1:q9:get_peers1:t1:a1:y1:qe"].concat()
    };
    let reply = b"d1:rd2:id20:mnopqrstuvwxyz123456e1:t1:a1:y1:re";
    // The capturing host's clock is set back by hours, and the flow is the one that it was.
    let story = vec![
        (0, datagram(1, HOST, node(1), &[], &ask(b'x'))),
        (7 * HOUR, datagram(2, HOST, node(2), &[], &ask(b'y'))),
        (1, datagram(3, node(1), HOST, &[], reply)),
    ];
    let report = report(&story, Caps::default(), 1, false);
    let answered =
        |activity: &Activity| activity.looked_up.sorted().iter().map(|target| target.answered).sum::<u64>();
    assert_eq!(report.activities.iter().map(answered).sum::<u64>(), 0);
}
