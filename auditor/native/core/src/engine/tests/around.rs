//! What stands around BitTorrent: it is common, so that it must cost little, and it says nothing by itself.

use super::*;
use crate::correlate;
use crate::wire::tls::tests::hello as client_hello;

const RESOLVER: Side = ([10, 20, 0, 1], 53);

/// Opens a connection to a web server and asks for a name over TLS.
fn ask_for(tap: &mut Tap, name: &[u8]) {
    let server = ([198, 51, 100, 7], 443);
    tap.tcp(CLIENT, server, 0, SYN, &[]);
    tap.tcp(server, CLIENT, 0, SYN | ACK, &[]);
    tap.tcp(CLIENT, server, 1, ACK, &client_hello(Some(name), 1000));
}

/// Looks up a bootstrap node.
fn look_up(tap: &mut Tap, from: Side) {
    let question = b"\x06router\x0abittorrent\x03com\0\0\x01\0\x01";
    tap.udp(from, RESOLVER, &[&b"\0\x01\x01\0\0\x01\0\0\0\0\0\0"[..], question].concat());
}

#[test]
fn a_hello_that_names_another_server_leaves_nothing_behind() {
    let mut tap = Tap::new(FEW);
    ask_for(&mut tap, b"www.example.com");
    assert_eq!((tap.engine.details.len(), tap.engine.budget.now), (0, 0));
    let mut tap = Tap::new(FEW);
    ask_for(&mut tap, b"tracker.opentrackr.org");
    assert_eq!(tap.engine.details.len(), 1);
}

#[test]
fn a_question_for_another_name_is_not_followed() {
    let mut tap = Tap::new(FEW);
    let question = b"\x03www\x07example\x03com\0\0\x01\0\x01";
    tap.udp(CLIENT, RESOLVER, &[&b"\0\x01\x01\0\0\x01\0\0\0\0\0\0"[..], question].concat());
    assert_eq!(tap.engine.talks.len(), 0);
    look_up(&mut tap, CLIENT);
    assert_eq!(tap.engine.talks.len(), 1);
}

#[test]
fn names_do_not_crowd_out_what_says_something_by_itself() {
    let mut tap = Tap::new(Caps { supporting: 3, reports: 10, ..FEW });
    for number in 0..20 {
        look_up(&mut tap, (host(number), 1024));
    }
    for number in 0..10 {
        tap.connect((host(number), 1024), PEER);
    }
    let ours = tap.engine.options.ours.clone();
    let report = tap.engine.finish();
    assert_eq!((report.flows.len(), report.limits["supporting_flows"]), (13, 17));
    assert!(!report.limits.contains_key("reported_flows"));
    let joined = correlate::join(vec![report], &Options { ours, ..Options::default() });
    assert_eq!(
        (joined.flows.len(), joined.totals.unsupported_flows),
        (13, 0),
        "each beside its host's handshake"
    );
}
