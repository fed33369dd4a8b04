//! Datagrams and stamps for the detectors' tests.

use super::{Datagram, DatagramReader, FrameRef, Observation, Stamp, Upkeep};
use crate::anomaly::Anomalies;
use crate::flow::key::{End, Endpoint, FlowKey, Transport};
use crate::flow::stream::HeldBytes;
use crate::time::Timestamp;
use crate::wire::path::{Path, Vlans};

pub(super) fn stamp(number: u64) -> Stamp {
    Stamp { time: Timestamp(i64::try_from(number).unwrap()), frame: FrameRef { capture: 0, number } }
}

pub(super) fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::from(address)
}

/// Hands a datagram of the flow between `(orig, resp)` to `then`.
pub(super) fn datagram<T>(
    (orig, resp): &(Endpoint, Endpoint),
    from: End,
    number: u64,
    payload: &[u8],
    then: impl FnOnce(&Datagram<'_>) -> T,
) -> T {
    let path = Path::default();
    let (key, orig_is_low) = FlowKey::new(*orig, *resp, Transport::Udp, 0, &path);
    let stamp = stamp(number);
    let (vlans, sent) = (Vlans::default(), u32::try_from(payload.len()).unwrap());
    then(&Datagram { key: &key, hash: 0, orig_is_low, from, vlans, path: &path, stamp, payload, sent })
}

pub(super) fn read(
    reader: &mut dyn DatagramReader,
    datagram: &Datagram<'_>,
    anomalies: &mut Anomalies,
) -> bool {
    let mut held = HeldBytes { now: 0, cap: 0, hits: 0 };
    reader.read(datagram, &mut Upkeep { held: &mut held, anomalies })
}

pub(super) fn finish(reader: &mut dyn DatagramReader) -> Vec<Observation> {
    let mut held = HeldBytes { now: 0, cap: 0, hits: 0 };
    reader.finish(&mut Upkeep { held: &mut held, anomalies: &mut Anomalies::default() })
}
