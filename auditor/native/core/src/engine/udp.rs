//! UDP datagrams and their flows: one socket may carry the DHT, uTP and trackers at once, so each datagram is offered to
//! all who follow its flow, and to those who may begin to.

use super::flows::talkers;
use super::passage::Passage;
use super::{Engine, count};
use crate::detect::named::Named;
use crate::detect::passed::{Collected, SentPieces};
use crate::detect::{Datagram, DatagramReader, Observation, Upkeep, registry};
use crate::flow::handed::Handed;
use crate::flow::key::{End, Ends};
use crate::flow::minutes::Minutes;
use crate::time::Timestamp;
use crate::wire::decode;

/// A UDP flow that detectors follow.
#[derive(Default)]
pub(super) struct Talk {
    /// The readers, by their detector's place in the registry.
    readers: Vec<(usize, Box<dyn DatagramReader>)>,
    pub(super) minutes: Minutes,
    pub(super) macs: Ends<Option<[u8; 6]>>,
    /// The capture of the latest datagram.
    pub(super) capture: u32,
    /// What the readers held when they were last asked.
    pub(super) lent: usize,
    /// What was handed over while the flow is open.
    pub(super) handed: Handed,
}

impl Talk {
    /// Whether some detector would begin to follow a flow with this datagram.
    #[inline]
    fn may_begin_with(datagram: &Datagram<'_>) -> bool {
        registry::DATAGRAM.iter().any(|detector| detector.probe(datagram))
    }

    /// Takes in what was sent before the flow was followed.
    fn catch_up(&mut self, time: Timestamp, sent: Ends<u64>) {
        self.minutes.add(time, End::Orig, sent.orig);
        self.minutes.add(time, End::Resp, sent.resp);
    }

    /// Counts a datagram, whoever it is for.
    fn note(&mut self, datagram: &Datagram<'_>) {
        self.capture = datagram.stamp.frame.capture;
        self.minutes.add(datagram.stamp.time, datagram.from, u64::from(datagram.sent));
        if let Some(macs) = datagram.path.macs {
            self.macs.at_mut(datagram.from).get_or_insert(macs.src());
            self.macs.at_mut(datagram.from.other()).get_or_insert(macs.dst());
        }
    }

    /// Offers a datagram to those who follow the flow, and to those who may begin to.
    fn offer(&mut self, datagram: &Datagram<'_>, upkeep: &mut Upkeep<'_>) {
        if self.readers.iter_mut().any(|(_, reader)| reader.read(datagram, upkeep)) {
            return;
        }
        for (place, detector) in registry::DATAGRAM.iter().enumerate() {
            if self.readers.iter().all(|(known, _)| *known != place) && detector.probe(datagram) {
                let mut reader = detector.open();
                let is_its_own = reader.read(datagram, upkeep);
                self.readers.push((place, reader));
                if is_its_own {
                    return;
                }
            }
        }
    }

    /// What the readers hold, and what passed since the last call that may prove something across flows.
    pub(super) fn collect(&mut self, free: usize) -> Collected {
        let mut collected = Collected::default();
        for (_, reader) in &mut self.readers {
            collected.add(reader.collect(free));
        }
        collected
    }

    /// The digests of the pieces that passed, once the flow has ended.
    pub(super) fn pieces(&mut self) -> Vec<SentPieces> {
        self.readers.iter_mut().flat_map(|(_, reader)| reader.pieces()).collect()
    }

    /// The endpoints named for a swarm since the last call.
    pub(super) fn named(&mut self) -> Vec<Named> {
        self.readers.iter_mut().flat_map(|(_, reader)| reader.named()).collect()
    }

    /// How many frames prove what is observed so far, or more.
    pub(super) fn proofs(&self) -> usize {
        self.readers.iter().map(|(_, reader)| reader.proofs()).sum()
    }

    /// What is observed so far.
    pub(super) fn observations(&self) -> Vec<Observation> {
        let mut seen: Vec<_> = self.readers.iter().flat_map(|(_, reader)| reader.observations()).collect();
        seen.sort_by_key(|observation| observation.end);
        seen
    }

    /// What was observed; whatever was held is given back.
    pub(super) fn finish(&mut self, upkeep: &mut Upkeep<'_>) -> Vec<Observation> {
        let mut seen: Vec<_> =
            self.readers.iter_mut().flat_map(|(_, reader)| reader.finish(upkeep)).collect();
        seen.sort_by_key(|observation| observation.end);
        seen
    }
}

impl Engine {
    pub(super) fn udp(&mut self, passage: &Passage<'_>, captured: &decode::Datagram<'_>) {
        let decode::Datagram { payload, payload_len: sent, .. } = *captured;
        let is_dht = passage.is_dht;
        let mark = || Some(passage.mark(payload, [0; 3]));
        let Some(place) = self.flow(passage, mark, |_, _, _| false) else { return };
        let Self { flows, talks, dht, anomalies, totals, budget, content, learning, marks, .. } = self;
        let Some((flow, notes)) = flows.noted_mut(place) else { return };
        let from = flow.end(passage.from_low);
        let datagram = Datagram {
            key: &flow.key,
            hash: passage.hash,
            orig_is_low: flow.orig_is_low,
            from,
            vlans: flow.vlans,
            path: &passage.path,
            stamp: passage.stamp,
            payload,
            sent,
        };
        let is_followed = flow.detail.is_some() || (!is_dht && Talk::may_begin_with(&datagram));
        if is_dht || is_followed {
            let pause = passage.stamp.time.since(flow.last);
            if notes.recent.repeats(passage.mark(payload, [0; 3]), pause) {
                totals.duplicate_frames += 1;
                return;
            }
            let Some(anomalies) = anomalies.get_mut(passage.stamp.frame.capture as usize) else { return };
            let is_krpc = is_dht && dht.inspect(&datagram, &mut flow.slot, anomalies);
            if !dht.named.is_empty() {
                learning.hear(&talkers(flow), &dht.named);
                dht.named.clear();
            }
            if is_followed {
                let followed = *flow.detail.get_or_insert_with(|| {
                    let mut talk = Talk::default();
                    talk.catch_up(flow.last, flow.bytes);
                    talks.insert(talk)
                });
                if let Some(talk) = talks.get_mut(followed) {
                    talk.note(&datagram);
                    marks.mark(place, &mut talk.handed);
                    if !is_krpc {
                        talk.offer(&datagram, &mut Upkeep { held: budget, anomalies });
                        let collected = talk.collect(content.free());
                        content.take(passage.hash, collected, &mut talk.lent);
                        learning.hear(&talkers(flow), &talk.named());
                    }
                }
            }
        }
        flow.last = flow.last.max(passage.stamp.time);
        count(flow, from, sent);
    }
}
