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
