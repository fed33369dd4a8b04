//! What DHCP messages of both versions say of addresses.

use super::collector::{is_device, mapped};
use super::{Event, Kind, Lease, Site};
use crate::detect::Stamp;
use crate::wire::decode::{Datagram, Packet};
use crate::wire::dhcp::{self, Message};
use crate::wire::dhcpv6::{self, Received};
use crate::wire::labels::MAX_NAME;

const SERVER: u16 = 67;
const CLIENT6: u16 = 546;
const SERVER6: u16 = 547;

/// How many addresses of one message are taken.
const MAX_ADDRESSES: usize = 16;

/// Whether a datagram is one between ports of DHCP. Nearly all are not, and one comparison says so.
#[inline]
pub(crate) const fn is_dhcp(datagram: &Datagram<'_>) -> bool {
    const PRIVILEGED: u16 = 1024;
    let (src, dst) = (datagram.src_port, datagram.dst_port);
    src | dst < PRIVILEGED && (src == SERVER || dst == SERVER || src == SERVER6 || dst == SERVER6)
}

/// Reads a whole datagram of DHCP.
pub(super) fn read(site: Site, packet: &Packet<'_>, datagram: &Datagram<'_>, at: Stamp) -> Vec<Lease> {
    match datagram.src_port.min(datagram.dst_port) {
        CLIENT6 | SERVER6 => read6(site, packet, datagram, at),
        _ => read4(site, datagram, at).into_iter().collect(),
    }
}

fn read4(site: Site, datagram: &Datagram<'_>, at: Stamp) -> Option<Lease> {
    let (message, _) = Message::parse(datagram.payload).ok()?;
    let some = |ip: [u8; 4]| (ip != [0; 4]).then_some(ip);
    let (event, ip) = match (message.kind, message.is_reply) {
        // The answer to "inform" gives no address (RFC 2131, 3.4).
        (dhcp::Kind::Ack, true) => (Event::Granted, Some(some(message.given)?)),
        (dhcp::Kind::Release, false) => (Event::Released, Some(some(message.client)?)),
        (dhcp::Kind::Decline, false) => (Event::Declined, Some(message.requested().and_then(some)?)),
        (dhcp::Kind::Discover | dhcp::Kind::Request | dhcp::Kind::Inform, false) => (Event::Named, None),
        _ => return None,
    };
    let mut text = [0; MAX_NAME];
    let host = message.host(&mut text).unwrap_or_default();
    if event == Event::Named && host.is_empty() {
        return None;
    }
    Some(Lease {
        at,
        event,
        site,
        kind: Kind::Dhcp,
        transaction: message.transaction,
        ip: ip.map(mapped),
        client: message.mac.filter(|mac| is_device(*mac)),
        duid: duid(message.duid()),
        host: host.into(),
        seconds: message.seconds().filter(|_| event == Event::Granted),
        server: message.server().map(Box::from).unwrap_or_default(),
        renewed: event == Event::Granted && message.client == message.given,
        relayed: message.relay != [0; 4] && datagram.src_port == SERVER && datagram.dst_port == SERVER,
    })
}

fn read6(site: Site, packet: &Packet<'_>, datagram: &Datagram<'_>, at: Stamp) -> Vec<Lease> {
    let Some(Received { message, options, relays }) = Received::read(datagram.payload) else {
        return Vec::new();
    };
    let mut text = [0; MAX_NAME];
    let said = Lease {
        at,
        event: Event::Named,
        site,
        kind: Kind::Dhcp6,
        transaction: message.transaction,
        ip: None,
        client: client(packet, datagram, relays),
        duid: duid(options.client()),
        host: options.host(&mut text).unwrap_or_default().into(),
        seconds: None,
        server: duid(options.server()),
        renewed: false,
        relayed: relays > 0,
    };
    let of_addresses = |event: Event| {
        let addresses = options.addresses().take(MAX_ADDRESSES).map(move |address| match event {
            // What is valid for no time is not the client's any more (RFC 8415, 18.2.10.1).
            Event::Granted if address.valid == 0 => (Event::Released, address.ip, None),
            Event::Granted => (event, address.ip, Some(address.valid)),
            _ => (event, address.ip, None),
        });
        addresses.map(|(event, ip, seconds)| Lease { event, ip: Some(ip), seconds, ..said.clone() }).collect()
    };
    match message.kind {
        dhcpv6::Kind::Reply => of_addresses(Event::Granted),
        dhcpv6::Kind::Release => of_addresses(Event::Released),
        dhcpv6::Kind::Decline => of_addresses(Event::Declined),
        dhcpv6::Kind::Solicit | dhcpv6::Kind::Request | dhcpv6::Kind::Renew if !said.host.is_empty() => {
            vec![said]
        }
        _ => Vec::new(),
    }
}

/// The hardware address of the client: in DHCPv6 the frame's, on the client's own link. A DUID may hold one too, of
/// whatever interface the device had when it was made (RFC 8415, 11.2).
fn client(packet: &Packet<'_>, datagram: &Datagram<'_>, relays: u8) -> Option<[u8; 6]> {
    let is_of_the_link = |ip: &[u8; 16]| matches!(ip, [0xfe, 0x80..=0xbf, ..]);
    let macs = packet.path.macs.filter(|_| relays == 0)?;
    let mac = if datagram.dst_port == CLIENT6 && is_of_the_link(&packet.dst) {
        macs.dst()
    } else if datagram.dst_port == SERVER6 && is_of_the_link(&packet.src) {
        macs.src()
    } else {
        return None;
    };
    Some(mac).filter(|mac| is_device(*mac))
}

fn duid(bytes: Option<&[u8]>) -> Box<[u8]> {
    bytes.filter(|duid| duid.len() <= dhcpv6::MAX_DUID).unwrap_or_default().into()
}
