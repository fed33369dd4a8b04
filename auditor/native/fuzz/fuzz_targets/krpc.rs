//! Any datagram is a KRPC message or refused; all that a message offers lies within it.
#![no_main]

use auditor_core::wire::bt::bencode;
use auditor_core::wire::bt::krpc::{Body, Krpc, Method, looks_like_krpc};
use auditor_core::wire::bt::node_id::{common_prefix_bits, fits_address};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    let Ok(krpc) = Krpc::parse(datagram) else { return };
    assert!(looks_like_krpc(datagram) || datagram.len() > 65_507);
    match krpc.body {
        Body::Query(query) => {
            assert!(query.method.index() < Method::LABELS.len());
            if let Some(target) = query.infohash.or(query.target) {
                assert!(common_prefix_bits(query.id, target) <= 160);
            }
        }
        Body::Reply(reply) => {
            let mut peers = reply.peers();
            let mut entries = peers.by_ref().count() + peers.malformed();
            for node in reply.nodes().chain(reply.nodes6()) {
                let _ = fits_address(node.id, node.endpoint.ip());
                entries += 1;
            }
            entries += reply.samples().count();
            assert!(entries < datagram.len());
            if let Some(ip) = reply.external_ip {
                let _ = fits_address(reply.id, ip);
            }
        }
        Body::Error(refusal) => assert!(refusal.text.len() < datagram.len()),
    }
    assert!(bencode::parse(datagram).is_ok_and(|(_, rest)| rest.is_empty()));
    auditor_fuzz::assert_prefixes_are_truncated(datagram, Krpc::parse);
});
