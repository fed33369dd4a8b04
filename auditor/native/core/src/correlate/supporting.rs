//! Leaves out what says nothing by itself, unless its host shows by other means that it speaks BitTorrent.
//!
//! A well-known name, a torrent asked for over TLS, a port to be opened, an address told by a gateway: consoles, mail
//! filters and people cause each of them. They are of use beside other evidence alone. So one is kept only where the
//! same host, seen at the same place, sent BitTorrent's own bytes within [`NEAR`], or had an encrypted flow that is tied to
//! a swarm; of ports only those at which it speaks BitTorrent, or for which it calls itself a client. Nothing else leaves, or
//! the audit would be a list of who looked up what. Whatever outsiders send is no evidence about anybody.

use std::collections::BTreeMap;

use super::part::Host;
use crate::detect::dht::activity::{Activity, IDLE};
use crate::detect::{Confidence, Fact, Observation};
use crate::engine::{FlowReport, Report};
use crate::flow::key::{End, Transport};
use crate::networks::Networks;
use crate::time::Timestamp;

/// How long before or after other evidence something supports it: for as long as what a host does is held to be one.
const NEAR: i64 = IDLE;

/// Drops what nothing supports from `report`, in which all of a run's flows and activities are, and counts the flows.
pub(super) fn drop_unsupported(report: &mut Report, ours: &Networks) {
    let mut hosts: BTreeMap<Host, Known> = BTreeMap::new();
    for flow in &report.flows {
        for host in supported_hosts(flow).filter(|host| ours.contain(&host.ip)) {
            hosts.entry(host).or_default();
        }
    }
    if !hosts.is_empty() {
        let mut learn = |said: &Said| {
            if let Some(known) = hosts.get_mut(&said.host) {
                known.add(said);
            }
        };
        for flow in &report.flows {
            said_in_flow(flow, &mut learn);
        }
        for activity in &report.activities {
            said_in_activity(activity).iter().for_each(&mut learn);
        }
    }
    let unsupported = &mut report.totals.unsupported_flows;
    report.flows.retain_mut(|flow| {
        let has_lost_all = drop_unsupported_of(flow, &|host| hosts.get(host));
        *unsupported += u64::from(has_lost_all);
        !has_lost_all
    });
}

/// Drops what nothing supports from a flow. Answers whether it had nothing else.
pub(super) fn drop_unsupported_of<'a, S: Speaks + 'a>(
    flow: &mut FlowReport,
    known: &impl Fn(&Host) -> Option<&'a S>,
) -> bool {
    if !flow.observations.iter().any(Observation::is_supporting) {
        return false;
    }
    let kept = flow.observations.iter().filter(|seen| is_kept(flow, seen, known)).cloned().collect();
    flow.observations = kept;
    flow.observations.is_empty()
}

/// The hosts about which a flow says something that is of use beside other evidence alone.
pub(super) fn supported_hosts(flow: &FlowReport) -> impl Iterator<Item = Host> + '_ {
    flow.observations.iter().filter(|seen| seen.is_supporting()).map(|seen| flow.host(whose(seen)))
}

/// The end about which an observation that supports others says something.
const fn whose(seen: &Observation) -> End {
    match seen.fact {
        Fact::ExternalAddress { .. } => seen.end.other(),
        _ => seen.end,
    }
}

fn is_kept<'a, S: Speaks + 'a>(
    flow: &FlowReport,
    seen: &Observation,
    known: &impl Fn(&Host) -> Option<&'a S>,
) -> bool {
    if !seen.is_supporting() {
        return true;
    }
    let host = flow.host(whose(seen));
    let Some(speaks) = known(&host).filter(|speaks| speaks.near(seen)) else { return false };
    match &seen.fact {
        Fact::PortMapping { client: None, internal, .. } => {
            internal.is_some_and(|internal| internal.ip == host.ip && speaks.near_at(internal.port, seen))
        }
        // The port outside is told for one inside: both are of use, or neither is.
        Fact::ExternalAddress { port: Some(port), .. } => flow.observations.iter().any(|other| {
            matches!(other.fact, Fact::PortMapping { external_port, .. } if external_port == *port)
                && other.end != seen.end
                && is_kept(flow, other, known)
        }),
        _ => true,
    }
}

/// That a host spoke BitTorrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) host: Host,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// The ports at which it thereby is known to take connections and datagrams.
    pub(super) ports: [Option<u16>; 2],
}

/// When a host spoke BitTorrent.
pub(super) trait Speaks {
    /// Whether it did so near to an observation.
    fn near(&self, seen: &Observation) -> bool;
    /// The same at a port.
    fn near_at(&self, port: u16, seen: &Observation) -> bool;
}

/// What is known of a host that did something which is of use only beside this.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// When it spoke BitTorrent.
    speaks: Times,
    /// The same by the port at which it takes connections and datagrams.
    ports: BTreeMap<u16, Times>,
}

impl Known {
    /// Takes something in. Answers whether anything is near now that was not.
    pub(super) fn add(&mut self, said: &Said) -> bool {
        let mut is_more = self.speaks.add(said.first, said.last);
        for port in said.ports.into_iter().flatten() {
            is_more |= self.ports.entry(port).or_default().add(said.first, said.last);
        }
        is_more
    }

    /// How many ports are told apart.
    pub(super) fn ports(&self) -> usize {
        self.ports.len()
    }

    /// Until when something is near.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.speaks.0.last().map(|(_, until)| *until)
    }
}

impl Speaks for Known {
    fn near(&self, seen: &Observation) -> bool {
        self.speaks.is_near(seen)
    }

    fn near_at(&self, port: u16, seen: &Observation) -> bool {
        self.ports.get(&port).is_some_and(|times| times.is_near(seen))
    }
}

impl Said {
    /// Whether it is near to an observation.
    pub(super) fn is_near(&self, seen: &Observation) -> bool {
        let (from, until) = widened(self.first, self.last);
        from <= seen.span.last && seen.span.first <= until
    }
}

/// What is still near to a time of speaking.
const fn widened(first: Timestamp, last: Timestamp) -> (Timestamp, Timestamp) {
    (Timestamp(first.0.saturating_sub(NEAR)), Timestamp(last.0.saturating_add(NEAR)))
}

/// What is near to times of speaking: from when to when, in order and apart.
#[derive(Clone, Debug, Default)]
struct Times(Vec<(Timestamp, Timestamp)>);

impl Times {
    /// Adds what is near to a time. Answers whether it was not all there.
    fn add(&mut self, first: Timestamp, last: Timestamp) -> bool {
        let (mut from, mut until) = widened(first, last);
        let begin = self.0.partition_point(|(_, before)| *before < from);
        let end = self.0.partition_point(|(after, _)| *after <= until);
        let joined = self.0.get(begin..end).unwrap_or_default();
        if let [(known_from, known_until)] = joined
            && *known_from <= from
            && until <= *known_until
        {
            return false;
        }
        if let (Some((first, _)), Some((_, last))) = (joined.first(), joined.last()) {
            (from, until) = (from.min(*first), until.max(*last));
        }
        self.0.splice(begin..end.max(begin), [(from, until)]);
        true
    }

    fn is_near(&self, seen: &Observation) -> bool {
        let after = self.0.partition_point(|(_, until)| *until < seen.span.first);
        self.0.get(after).is_some_and(|(from, _)| *from <= seen.span.last)
    }
}

/// Tells who spoke BitTorrent in a flow.
pub(super) fn said_in_flow(flow: &FlowReport, tell: &mut impl FnMut(&Said)) {
    for seen in &flow.observations {
        let (Some(end), true) = (spoke(seen), seen.confidence >= Confidence::Likely) else { continue };
        let told = match &seen.fact {
            Fact::TrackerAnnounce { port, .. } => *port,
            Fact::LocalAnnounce { port, .. } => Some(*port),
            Fact::Extended { introduction, .. } => introduction.port,
            _ => None,
        };
        // Who opens a TCP connection does so from any port.
        let takes = flow.transport == Transport::Udp || end == End::Resp;
        let own = takes.then_some(flow.ends.at(end).port);
        let (first, last) = (seen.span.first, seen.span.last);
        tell(&Said { host: flow.host(end), first, last, ports: [own, told] });
    }
    for tie in flow.ties.iter().filter(|tie| tie.grade.confidence() >= Confidence::Likely) {
        let takes = flow.transport == Transport::Udp || !tie.is_outgoing;
        let own = takes.then_some(flow.ends.at(tie.end).port);
        let (first, last) = (flow.first, flow.last);
        tell(&Said { host: flow.host(tie.end), first, last, ports: [own, None] });
    }
}

/// That the host of an activity spoke BitTorrent in it.
pub(super) fn said_in_activity(activity: &Activity) -> Option<Said> {
    let at = &activity.host;
    let host = Host { ip: at.endpoint.ip, vantage: at.vantage, tunnel: at.tunnel, vlans: at.vlans };
    let sent = &activity.sent;
    let spoke = sent.replies > 0 || sent.errors > 0 || sent.queries().any(|(_, count)| count > 0);
    let (first, last) = (activity.span.first, activity.span.last);
    spoke.then_some(Said { host, first, last, ports: [Some(at.endpoint.port), None] })
}

/// The end of which an observation shows that it speaks BitTorrent itself.
const fn spoke(seen: &Observation) -> Option<End> {
    match seen.fact {
        // Who answers is a web server like any other; who asked wanted a torrent.
        Fact::TorrentFile { .. } => Some(seen.end.other()),
        // A link in a page is anybody's, uTP other programs' too; and the DHT has its activities.
        Fact::Magnet { .. } | Fact::Utp { .. } | Fact::Datagrams { .. } | Fact::ExternalAddress { .. } => {
            None
        }
        _ => Some(seen.end),
    }
}

#[cfg(test)]
mod tests;
