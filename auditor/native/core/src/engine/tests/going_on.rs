//! What an engine that goes on hands over before its flows are over.

use super::*;

fn tap() -> Tap {
    let mut tap = Tap::new(Caps::default());
    let options = Options { goes_on: true, ..tap.engine.options.clone() };
    tap.engine = Engine::new(options);
    tap
}

/// The flows that are handed over: number, whether over, observations, bytes from the client.
fn told(news: &News) -> Vec<(u64, bool, usize, u64)> {
    let told = |flow: &Numbered<FlowReport>| {
        (flow.number, flow.is_over, flow.what.observations.len(), flow.what.bytes.orig)
    };
    news.flows.iter().map(told).collect()
}

#[test]
fn a_handshake_is_told_at_once_and_amounts_a_second_later() {
    let mut tap = tap();
    tap.tcp(CLIENT, PEER, 0, SYN, &[]);
    tap.tcp(PEER, CLIENT, 0, SYN | ACK, &[]);
    assert_eq!(told(&tap.engine.tell()), []);
    tap.tcp(CLIENT, PEER, 1, ACK, &hello(b'c'));
    assert_eq!(told(&tap.engine.tell()), [(1, false, 1, 68)]);
    tap.tcp(PEER, CLIENT, 1, ACK, &hello(b'p'));
    assert_eq!(told(&tap.engine.tell()), [], "looked at a moment ago");
    tap.wait(1);
    assert_eq!(told(&tap.engine.tell()), [], "the engine's time is the frames'");
    tap.engine.expire(Timestamp(tap.time));
    assert_eq!(told(&tap.engine.tell()), [(1, false, 2, 68)]);
    assert_eq!(told(&tap.engine.tell()), [], "nothing came since");
    tap.tcp(CLIENT, PEER, 69, ACK, &[0; 4]);
    tap.wait(2);
    tap.engine.expire(Timestamp(tap.time));
    assert_eq!(told(&tap.engine.tell()), [(1, false, 3, 72)]);
    assert_eq!(told(&tap.engine.tell_last()), [(1, true, 3, 72)]);
}

#[test]
fn an_engine_that_is_not_to_go_on_tells_of_what_has_ended_alone() {
    let mut tap = Tap::new(Caps::default());
    tap.connect(CLIENT, PEER);
    assert_eq!(told(&tap.engine.tell()), []);
    assert_eq!(told(&tap.engine.tell_last()), [(1, true, 2, 68)]);
}

/// The numbers of the frames that are cited, of those from `first` on, with what may be kept of their payload.
fn cited(tap: &mut Tap, first: u64) -> Vec<(u64, Keep)> {
    let cited = tap.engine.cited(|frame| frame.number >= first);
    cited.iter().map(|cited| (cited.frame.number, cited.keep)).collect()
}

#[test]
fn frames_are_cited_once_with_as_much_as_proves_something() {
    let mut tap = tap();
    tap.connect(CLIENT, PEER);
    assert_eq!(cited(&mut tap, 1), [(3, Keep::Handshake), (4, Keep::Handshake)]);
    assert_eq!(cited(&mut tap, 1), []);
    let piece = [&9_u32.to_be_bytes()[..], &[7; 9]].concat();
    for number in 0..6 {
        tap.tcp(CLIENT, PEER, 69 + number * 13, ACK, &piece);
    }
    let messages = [5, 6, 7, 8].map(|number| (number, Keep::Headers));
    assert_eq!(cited(&mut tap, 5), messages, "the first four prove it");
    tap.tcp(CLIENT, PEER, 69 + 6 * 13, ACK, &piece);
    assert_eq!(cited(&mut tap, 11), []);
    tap.udp((CLIENT.0, 6881), PEER, &ping(b'a'));
    tap.udp(PEER, (CLIENT.0, 6881), b"d1:rd2:id20:mnopqrstuvwxyz123456e1:t1:a1:y1:re");
    assert_eq!(cited(&mut tap, 12), [(12, Keep::Datagram), (13, Keep::Datagram)]);
}

#[test]
fn of_a_frame_no_more_is_kept_than_may_be() {
    let frame = |payload: &[u8]| {
        let packet = ipv4(CLIENT.0, PEER.0, 6, 1, 0, &tcp(CLIENT.1, PEER.1, 1, ACK, payload));
        ethernet(&[10], &packet)
    };
    let headers = frame(&[]).len();
    let kept = |payload: &[u8], keep| {
        let frame = frame(payload);
        let slice = Cited { frame: FrameRef::default(), keep }.slice(LinkType::Ethernet, &frame).to_vec();
        assert!(frame.starts_with(&slice));
        slice.len() - headers
    };
    let talk = [hello(b'c').to_vec(), vec![7; 200]].concat();
    assert_eq!(kept(&talk, Keep::Handshake), 68);
    assert_eq!(kept(&talk[40..], Keep::Handshake), 0, "what follows may be a piece");
    assert_eq!(kept(&talk, Keep::Headers), 0);
    assert_eq!(kept(b"d1:y", Keep::Datagram), 4);
    assert_eq!(kept(&[b'd'; 300], Keep::Datagram), 128);
    assert_eq!(kept(b"GET /announce?passkey=", Keep::Datagram), 0);
    let announce = [0; 98];
    assert_eq!(kept(&announce, Keep::UdpTracker), 88, "the client's key stays behind");
    let fragment = ethernet(&[], &ipv4(CLIENT.0, PEER.0, 17, 1, 0x2000, &[7; 64]));
    let cited = Cited { frame: FrameRef::default(), keep: Keep::Datagram };
    assert_eq!(cited.slice(LinkType::Ethernet, &fragment).len(), 34);
}

#[test]
fn bytes_that_were_acknowledged_and_not_captured_are_counted_apart_where_a_way_is_another() {
    let acknowledging = |from: Side, to: Side, seq: u32, ack: u32, payload: &[u8]| {
        let mut segment = tcp(from.1, to.1, seq, ACK, payload);
        segment[8..12].copy_from_slice(&ack.to_be_bytes());
        segment
    };
    let mut tap = tap();
    let mut see = |from: Side, to: Side, segment: &[u8]| {
        let packet = tap.packet(from.0, to.0, 6, segment);
        tap.see(&ethernet(&[], &packet));
    };
    see(CLIENT, PEER, &tcp(CLIENT.1, PEER.1, 0, SYN, &[]));
    see(PEER, CLIENT, &acknowledging(PEER, CLIENT, 1, 1, &[]));
    see(CLIENT, PEER, &acknowledging(CLIENT, PEER, 1, 1, &[b'x'; 100]));
    // 500 bytes of the client are lost, and acknowledged with what follows them.
    see(CLIENT, PEER, &acknowledging(CLIENT, PEER, 601, 1, &[b'x'; 100]));
    see(PEER, CLIENT, &acknowledging(PEER, CLIENT, 1, 701, &[]));
    // Of another connection the other way only is seen.
    let other = (CLIENT.0, CLIENT.1 + 1);
    see(PEER, other, &acknowledging(PEER, other, 1, 1000, &[]));
    see(PEER, other, &acknowledging(PEER, other, 1, 4000, &[]));
    let totals = tap.engine.tell().rest.totals;
    assert_eq!((totals.unseen_bytes, totals.one_sided_bytes), (500, 3000));
}
