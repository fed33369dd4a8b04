//! Who had which address, as plain Python values.

use auditor_core::bindings::{Binding, Lease, Site};
use auditor_core::detect::Stamp;
use pyo3::IntoPyObject;

/// A time, and the frame: its capture and its number there.
type StampFacts = (i64, (u32, u64));

#[derive(IntoPyObject)]
struct SiteFacts {
    vantage: u16,
    vlan: Vec<u16>,
    tunnel: Option<(&'static str, u32)>,
}

/// That an address was a device's.
#[derive(IntoPyObject)]
pub(crate) struct BindingFacts {
    site: SiteFacts,
    ip: [u8; 16],
    mac: [u8; 6],
    kind: &'static str,
    first: StampFacts,
    last: StampFacts,
    count: u64,
    announced: Vec<StampFacts>,
    shared: bool,
}

/// What one DHCP message said.
#[derive(IntoPyObject)]
pub(crate) struct LeaseFacts {
    site: SiteFacts,
    at: StampFacts,
    event: &'static str,
    kind: &'static str,
    ip: Option<[u8; 16]>,
    mac: Option<[u8; 6]>,
    duid: Vec<u8>,
    host: Vec<u8>,
    seconds: Option<u32>,
    server: Vec<u8>,
    renewed: bool,
    relayed: bool,
}

impl BindingFacts {
    pub(crate) fn new(binding: Binding) -> Self {
        let Binding { site, ip, mac, kind, first, last, count, announced, shared } = binding;
        Self {
            site: SiteFacts::new(site),
            ip,
            mac,
            kind: kind.label(),
            first: stamp(first),
            last: stamp(last),
            count,
            announced: announced.into_iter().map(stamp).collect(),
            shared,
        }
    }
}

impl LeaseFacts {
    pub(crate) fn new(lease: Lease) -> Self {
        Self {
            site: SiteFacts::new(lease.site),
            at: stamp(lease.at),
            event: lease.event.label(),
            kind: lease.kind.label(),
            ip: lease.ip,
            mac: lease.client,
            duid: lease.duid.into_vec(),
            host: lease.host.into_vec(),
            seconds: lease.seconds,
            server: lease.server.into_vec(),
            renewed: lease.renewed,
            relayed: lease.relayed,
        }
    }
}

impl SiteFacts {
    fn new(Site { vantage, tunnel, vlans }: Site) -> Self {
        let tunnel = tunnel.map(|tunnel| (tunnel.kind.label(), tunnel.id));
        Self { vantage, vlan: vlans.iter().collect(), tunnel }
    }
}

const fn stamp(stamp: Stamp) -> StampFacts {
    (stamp.time.0, (stamp.frame.capture, stamp.frame.number))
}
