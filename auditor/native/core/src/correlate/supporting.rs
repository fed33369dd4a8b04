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
        for seen in flow.observations.iter().filter(|seen| seen.is_supporting()) {
            let host = flow.host(whose(seen));
            if ours.contain(&host.ip) {
                hosts.entry(host).or_default();
            }
        }
    }
    if !hosts.is_empty() {
        for flow in &report.flows {
            learn_of_flow(flow, &mut hosts);
        }
        for activity in &report.activities {
            learn_of_activity(activity, &mut hosts);
        }
        hosts.values_mut().for_each(Known::settle);
    }
    let unsupported = &mut report.totals.unsupported_flows;
    report.flows.retain_mut(|flow| {
        if !flow.observations.iter().any(Observation::is_supporting) {
            return true;
        }
        let kept: Vec<_> =
            flow.observations.iter().filter(|seen| is_kept(flow, seen, &hosts)).cloned().collect();
        flow.observations = kept;
        *unsupported += u64::from(flow.observations.is_empty());
        !flow.observations.is_empty()
    });
}

/// The end about which an observation that supports others says something.
const fn whose(seen: &Observation) -> End {
    match seen.fact {
        Fact::ExternalAddress { .. } => seen.end.other(),
        _ => seen.end,
    }
}

fn is_kept(flow: &FlowReport, seen: &Observation, hosts: &BTreeMap<Host, Known>) -> bool {
    if !seen.is_supporting() {
        return true;
    }
    let host = flow.host(whose(seen));
    let Some(known) = hosts.get(&host).filter(|known| known.speaks.is_near(seen)) else { return false };
    match &seen.fact {
        Fact::PortMapping { client: None, internal, .. } => internal.is_some_and(|internal| {
            internal.ip == host.ip && known.ports.get(&internal.port).is_some_and(|port| port.is_near(seen))
        }),
        // The port outside is told for one inside: both are of use, or neither is.
        Fact::ExternalAddress { port: Some(port), .. } => flow.observations.iter().any(|other| {
            matches!(other.fact, Fact::PortMapping { external_port, .. } if external_port == *port)
                && other.end != seen.end
                && is_kept(flow, other, hosts)
        }),
        _ => true,
    }
}

/// What is known of a host that did something which is of use only beside this.
#[derive(Debug, Default)]
struct Known {
    /// When it spoke BitTorrent.
    speaks: Times,
    /// The same by the port at which it takes connections and datagrams.
    ports: BTreeMap<u16, Times>,
}

impl Known {
    fn add(&mut self, (first, last): (Timestamp, Timestamp), ports: impl IntoIterator<Item = u16>) {
        self.speaks.0.push((first, last));
        for port in ports {
            self.ports.entry(port).or_default().0.push((first, last));
        }
    }

    fn settle(&mut self) {
        self.speaks.settle();
        self.ports.values_mut().for_each(Times::settle);
    }
}

/// From when to when, once settled in order and apart.
#[derive(Debug, Default)]
struct Times(Vec<(Timestamp, Timestamp)>);

impl Times {
    /// Widens each by what is still near, and joins those that overlap.
    fn settle(&mut self) {
        self.0.sort_unstable();
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (first, last) in &self.0 {
            let (first, last) =
                (Timestamp(first.0.saturating_sub(NEAR)), Timestamp(last.0.saturating_add(NEAR)));
            match joined.last_mut() {
                Some((_, until)) if first <= *until => *until = last.max(*until),
                _ => joined.push((first, last)),
            }
        }
        self.0 = joined;
    }

    fn is_near(&self, seen: &Observation) -> bool {
        let after = self.0.partition_point(|(_, until)| *until < seen.span.first);
        self.0.get(after).is_some_and(|(from, _)| *from <= seen.span.last)
    }
}

/// Takes in what a flow shows of the hosts that matter.
fn learn_of_flow(flow: &FlowReport, hosts: &mut BTreeMap<Host, Known>) {
    for seen in &flow.observations {
        let (Some(end), true) = (spoke(seen), seen.confidence >= Confidence::Likely) else { continue };
        let Some(known) = hosts.get_mut(&flow.host(end)) else { continue };
        let told = match &seen.fact {
            Fact::TrackerAnnounce { port, .. } => *port,
            Fact::LocalAnnounce { port, .. } => Some(*port),
            Fact::Extended { introduction, .. } => introduction.port,
            _ => None,
        };
        // Who opens a TCP connection does so from any port.
        let takes = flow.transport == Transport::Udp || end == End::Resp;
        let own = takes.then_some(flow.ends.at(end).port);
        known.add((seen.span.first, seen.span.last), own.into_iter().chain(told));
    }
    for tie in flow.ties.iter().filter(|tie| tie.grade.confidence() >= Confidence::Likely) {
        let Some(known) = hosts.get_mut(&flow.host(tie.end)) else { continue };
        let takes = flow.transport == Transport::Udp || !tie.is_outgoing;
        known.add((flow.first, flow.last), takes.then_some(flow.ends.at(tie.end).port));
    }
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

fn learn_of_activity(activity: &Activity, hosts: &mut BTreeMap<Host, Known>) {
    let at = &activity.host;
    let host = Host { ip: at.endpoint.ip, vantage: at.vantage, tunnel: at.tunnel, vlans: at.vlans };
    let sent = &activity.sent;
    let spoke = sent.replies > 0 || sent.errors > 0 || sent.queries().any(|(_, count)| count > 0);
    if let (Some(known), true) = (hosts.get_mut(&host), spoke) {
        known.add((activity.span.first, activity.span.last), [at.endpoint.port]);
    }
}

#[cfg(test)]
mod tests;
