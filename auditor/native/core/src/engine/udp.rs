//! UDP datagrams and their flows.

use super::passage::Passage;
use super::{Engine, count};
use crate::detect::Datagram;
use crate::detect::dht::Dht;

impl Engine {
    pub(super) fn udp(&mut self, passage: &Passage<'_>, payload: &[u8], sent: u32) {
        let candidate = Dht::probe(payload);
        let mark = candidate.then(|| passage.mark(payload, [0; 3]));
        let Some(place) = self.flow(passage, || mark, |_, _, _| false) else { return };
        let Self { flows, dht, anomalies, totals, .. } = self;
        if let Some(mark) = mark {
            let Some((flow, notes)) = flows.noted_mut(place) else { return };
            let pause = passage.stamp.time.since(flow.last);
            if notes.recent.repeats(mark, pause) {
                totals.duplicate_frames += 1;
                return;
            }
        }
        let Some(flow) = flows.get_mut(place) else { return };
        let end = flow.end(passage.from_low);
        flow.last = flow.last.max(passage.stamp.time);
        count(flow, end, sent);
        let Some(anomalies) = anomalies.get_mut(passage.stamp.frame.capture as usize) else { return };
        if candidate {
            let datagram = Datagram {
                key: &flow.key,
                hash: passage.hash,
                orig_is_low: flow.orig_is_low,
                from: end,
                vlans: flow.vlans,
                path: &passage.path,
                stamp: passage.stamp,
                payload,
            };
            dht.inspect(&datagram, &mut flow.slot, anomalies);
        }
    }
}
