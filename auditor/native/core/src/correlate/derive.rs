//! What the correlator is told of flows and activities that have ended.

use super::part::{Attempt, Candidate, Evidence, Host, Listening, Part};
use crate::detect::dht::activity::Activity;
use crate::detect::{Confidence, Fact, Observation};
use crate::engine::{FlowReport, Options, Report};
use crate::flow::key::{End, Transport};
use crate::time::Timestamp;
use crate::wire::path::Vlans;

/// The events of a report, but for what was learnt, which the report has as such.
#[must_use]
pub fn derive(report: &Report, options: &Options) -> Part {
    let mut part = Part::default();
    for flow in &report.flows {
        part.candidates.extend(candidates(flow, options));
        part.attempts.extend(attempt(flow, options));
        for observation in flow.observations.iter().filter(|seen| seen.confidence == Confidence::Confirmed) {
            let host = host(flow, observation.end, options);
            if !options.ours.contain(&host.ip) {
                continue;
            }
            part.evidence.extend(evidence(observation, host));
            part.listening.extend(listening(observation, host));
        }
    }
    part.evidence.extend(report.activities.iter().filter_map(|activity| speaks(activity, options)));
    part
}

/// Obfuscated handshakes that did not become readable, the first of each initiator: a UDP flow carries many uTP
/// connections, from either end.
pub(super) fn candidates(flow: &FlowReport, options: &Options) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for seen in flow.observations.iter().filter(|seen| seen.is_shape()) {
        let Fact::Encrypted { signature, .. } = &seen.fact else { continue };
        let Some((initiator, begun)) = beginning(flow, seen.stream) else { continue };
        let (orig, resp) = (*flow.ends.at(initiator), *flow.ends.at(initiator.other()));
        let is_telling = signature.is_some();
        if let Some(known) = found.iter_mut().find(|known| known.orig == orig) {
            known.begun = known.begun.min(begun);
            known.is_telling |= is_telling;
            continue;
        }
        found.push(Candidate {
            begun,
            orig,
            resp,
            transport: flow.transport,
            vantage: flow.vantage,
            tunnel: flow.tunnel,
            vlans: vlans(flow, options),
            // A uTP connection is only followed from its SYN on.
            syn_seen: flow.begun || flow.transport == Transport::Udp,
            is_telling,
        });
    }
    found
}

/// Who began a stream, and when. Of a UDP flow anything may have passed before, the talk in which the other end was
/// named among it.
fn beginning(flow: &FlowReport, stream: u32) -> Option<(End, Timestamp)> {
    match flow.transport {
        Transport::Tcp => Some((End::Orig, flow.first)),
        Transport::Udp => flow.observations.iter().find_map(|seen| match seen.fact {
            Fact::Utp { began: true, .. } if seen.stream == stream => Some((seen.end, seen.span.first)),
            _ => None,
        }),
    }
}

/// A host's own plain handshake that the other end refused without a word.
pub(super) fn attempt(flow: &FlowReport, options: &Options) -> Option<Attempt> {
    let (at, End::Resp) = flow.closed? else { return None };
    let host = host(flow, End::Orig, options);
    let is_answered = flow.bytes.resp > 0 || flow.missing.resp > 0;
    if is_answered || !options.ours.contain(&host.ip) {
        return None;
    }
    let infohash = flow.observations.iter().find_map(|seen| match seen.fact {
        Fact::Handshake { infohash, .. } if seen.end == End::Orig => Some(infohash),
        _ => None,
    })?;
    Some(Attempt { at, host, remote: flow.ends.resp, infohash })
}

/// That the sender speaks BitTorrent. Torrent files and scrapes pass of people who do not; and an obfuscated handshake
/// that became readable may have been made so by the other end alone.
pub(super) fn evidence(observation: &Observation, host: Host) -> Option<Evidence> {
    let is_its_own = matches!(
        observation.fact,
        Fact::Handshake { .. }
            | Fact::Messages { .. }
            | Fact::Extended { .. }
            | Fact::TrackerAnnounce { .. }
            | Fact::LocalAnnounce { .. }
            | Fact::WebSeed { .. }
    );
    is_its_own.then_some(Evidence { at: observation.span.first, host, until: observation.span.last })
}

/// The port on which the sender says that it listens: when it said so first and last.
pub(super) fn listening(observation: &Observation, host: Host) -> impl Iterator<Item = Listening> {
    let port = match &observation.fact {
        Fact::TrackerAnnounce { port, .. } => *port,
        Fact::LocalAnnounce { port, .. } => Some(*port),
        Fact::Extended { introduction, .. } => introduction.port,
        _ => None,
    };
    let port = port.filter(|port| *port != 0);
    let span = &observation.span;
    let times = port.map(|port| [span.first, span.last].map(|at| Listening { at, host, port }));
    times.into_iter().flatten()
}

/// That a host sent queries or replies in the DHT.
pub(super) fn speaks(activity: &Activity, options: &Options) -> Option<Evidence> {
    let key = &activity.host;
    let host = Host { ip: key.endpoint.ip, vantage: key.vantage, tunnel: key.tunnel, vlans: key.vlans };
    let has_spoken = activity.sent.replies > 0 || activity.sent.queries().next().is_some();
    let speaks = has_spoken && options.ours.contain(&host.ip);
    speaks.then_some(Evidence { at: activity.span.first, host, until: activity.span.last })
}

pub(super) fn host(flow: &FlowReport, end: End, options: &Options) -> Host {
    let ip = flow.ends.at(end).ip;
    Host { ip, vantage: flow.vantage, tunnel: flow.tunnel, vlans: vlans(flow, options) }
}

fn vlans(flow: &FlowReport, options: &Options) -> Vlans {
    if options.vlan_in_key { flow.vlans } else { Vlans::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mse::Randomness;
    use crate::detect::{FrameRef, Span, Stamp};
    use crate::flow::key::{Endpoint, Ends};
    use crate::flow::minutes::Minutes;
    use crate::networks::Networks;

    const X: [u8; 20] = [0xaa; 20];

    fn ip(v4: [u8; 4]) -> [u8; 16] {
        std::net::Ipv4Addr::from(v4).to_ipv6_mapped().octets()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * Timestamp::SECOND)
    }

    fn options() -> Options {
        Options { ours: Networks::new([(ip([10, 0, 0, 0]), 104)]), ..Options::default() }
    }

    /// From a host of ours to a peer, from second 10 to 99.
    fn flow(transport: Transport, observations: Vec<Observation>) -> FlowReport {
        FlowReport {
            transport,
            vantage: 0,
            tunnel: None,
            vlans: Vlans::from_iter([7]),
            ends: Ends {
                orig: Endpoint { ip: ip([10, 0, 0, 5]), port: 50_000 },
                resp: Endpoint { ip: ip([198, 51, 100, 7]), port: 6881 },
            },
            macs: Ends::default(),
            first: at(10),
            last: at(99),
            begun: transport == Transport::Tcp,
            closed: None,
            packets: Ends::default(),
            bytes: Ends { orig: 68, resp: 0 },
            missing: Ends::default(),
            minutes: Minutes::default(),
            observations,
            pieces: Vec::new(),
            fetched: Vec::new(),
            verified: Vec::new(),
            ties: Vec::new(),
        }
    }

    fn seen(end: End, seconds: i64, confidence: Confidence, fact: Fact) -> Observation {
        let number = u64::try_from(seconds).unwrap();
        let span = Span::at(Stamp { time: at(seconds), frame: FrameRef { capture: 0, number } });
        Observation { detector: "x", confidence, end, stream: 0, span, count: 1, fact }
    }

    /// Both ends' flights of an obfuscated handshake.
    fn encrypted(seconds: i64, signature: Option<&'static str>) -> Vec<Observation> {
        let randomness = [Randomness::of(&crate::detect::mse::testing::random(1, 200)).unwrap(); 2];
        let fact = Fact::Encrypted { flights: [200, 200, 100, 50, 68], signature, randomness };
        let ends = [(End::Orig, seconds), (End::Resp, seconds + 1)];
        ends.map(|(end, seconds)| seen(end, seconds, Confidence::Suspected, fact.clone())).into()
    }

    /// The same in a uTP connection.
    fn over_utp(stream: u32, begins: End, seconds: i64, signature: Option<&'static str>) -> Vec<Observation> {
        let mut observations = encrypted(seconds + 1, signature);
        for end in [End::Orig, End::Resp] {
            let fact = Fact::Utp { began: end == begins, bytes: 900, lost: 0 };
            observations.push(seen(end, seconds, Confidence::Suspected, fact));
        }
        for observation in &mut observations {
            observation.stream = stream;
        }
        observations
    }

    fn shake(end: End) -> Observation {
        let fact = Fact::Handshake { infohash: X, peer_id: None, reserved: [0; 8] };
        seen(end, 11, Confidence::Confirmed, fact)
    }

    fn told(flow: FlowReport) -> Part {
        derive(&Report { flows: vec![flow], ..Report::default() }, &options())
    }

    #[test]
    fn a_tcp_flow_is_a_candidate_from_its_first_packet_on() {
        let part = told(flow(Transport::Tcp, encrypted(12, Some("handshake-fifth"))));
        let [candidate] = part.candidates[..] else { panic!("{part:?}") };
        assert_eq!((candidate.begun, candidate.orig.port, candidate.resp.port), (at(10), 50_000, 6881));
        assert!(candidate.is_telling && candidate.syn_seen);
        assert_eq!(candidate.vlans, Vlans::from_iter([7]));
        assert_eq!(part, Part { candidates: vec![candidate], ..Part::default() });
    }

    #[test]
    fn tags_tell_no_hosts_apart_where_they_part_no_flows() {
        let flow = flow(Transport::Tcp, encrypted(12, None));
        let options = Options { vlan_in_key: false, ..options() };
        assert_eq!(candidates(&flow, &options)[0].vlans, Vlans::default());
    }

    #[test]
    fn utp_connections_of_a_flow_are_a_candidate_for_each_end_that_began_some() {
        let mut shapes = over_utp(1, End::Resp, 40, None);
        shapes.extend(over_utp(2, End::Orig, 30, Some("handshake-fifth")));
        shapes.extend(over_utp(3, End::Orig, 20, None));
        shapes.sort_by_key(|seen| seen.end);
        let found = candidates(&flow(Transport::Udp, shapes), &options());
        let found: Vec<_> = found.iter().map(|one| (one.begun, one.orig.port, one.is_telling)).collect();
        assert_eq!(found, [(at(40), 6881, false), (at(20), 50_000, true)]);
    }

    #[test]
    fn what_became_readable_is_no_candidate() {
        let mut shapes = encrypted(12, None);
        for shape in &mut shapes {
            shape.confidence = Confidence::Confirmed;
        }
        let part = told(flow(Transport::Tcp, shapes));
        assert_eq!(part, Part::default(), "and no evidence: the other end alone may have made it so");
    }

    #[test]
    fn a_handshake_closed_without_a_word_was_refused() {
        let refused =
            FlowReport { closed: Some((at(13), End::Resp)), ..flow(Transport::Tcp, vec![shake(End::Orig)]) };
        let [attempt] = told(refused.clone()).attempts[..] else { panic!() };
        assert_eq!((attempt.at, attempt.remote, attempt.infohash), (at(13), refused.ends.resp, X));
        let answered = FlowReport { bytes: Ends { orig: 68, resp: 1 }, ..refused.clone() };
        let unseen = FlowReport { missing: Ends { orig: 0, resp: 9 }, ..refused.clone() };
        let given_up = FlowReport { closed: Some((at(13), End::Orig)), ..refused.clone() };
        let open = FlowReport { closed: None, ..refused.clone() };
        let theirs = FlowReport { observations: vec![shake(End::Resp)], ..refused };
        for other in [answered, unseen, given_up, open, theirs] {
            assert_eq!(told(other).attempts, []);
        }
    }

    #[test]
    fn only_what_a_host_of_ours_sent_is_evidence_of_it() {
        let part = told(flow(Transport::Tcp, vec![shake(End::Orig), shake(End::Resp)]));
        let [evidence] = part.evidence[..] else { panic!("{part:?}") };
        assert_eq!((evidence.host.ip, evidence.at), (ip([10, 0, 0, 5]), at(11)));
        let scrape = Fact::TrackerScrape { infohashes: vec![X], answered: true, host: None };
        let scrape = seen(End::Orig, 12, Confidence::Confirmed, scrape);
        assert_eq!(told(flow(Transport::Udp, vec![scrape])), Part::default());
    }

    #[test]
    fn an_announce_tells_the_port_on_which_its_sender_listens() {
        let announce = |port| {
            let claim = crate::detect::announces::Claim::default();
            let claimed = crate::detect::announces::Claims { first: claim, last: claim, completed: false };
            let fact = Fact::TrackerAnnounce {
                infohash: X,
                peer_id: [0; 20],
                port,
                claimed,
                credentials: false,
                answer: None,
                host: None,
            };
            let mut seen = seen(End::Orig, 12, Confidence::Confirmed, fact);
            seen.span.extend(Stamp { time: at(50), ..Stamp::default() });
            let part = told(flow(Transport::Udp, vec![seen]));
            (part.listening.iter().map(|one| (one.at, one.port)).collect::<Vec<_>>(), part.evidence.len())
        };
        assert_eq!(announce(Some(51_413)), (vec![(at(12), 51_413), (at(50), 51_413)], 1));
        assert_eq!(announce(Some(0)), (vec![], 1));
        assert_eq!(announce(None), (vec![], 1));
    }
}
