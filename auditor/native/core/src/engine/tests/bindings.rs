//! Who had which address, as DHCP, ARP and neighbour discovery say.

use super::invariance::{Story, report};
use super::*;
use crate::bindings::{Binding, Event, Kind, Lease};

const PHONE: [u8; 6] = [2, 0, 0, 0, 0, 5];
const ROUTER: [u8; 6] = [2, 0, 0, 0, 0, 1];
const SERVER: Side = ([10, 20, 0, 2], 67);
const ANYBODY: Side = ([255, 255, 255, 255], 68);
const NOBODY: Side = ([0, 0, 0, 0], 68);

fn arp(vlans: &[u16], operation: u8, mac: [u8; 6], sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    let message = [&[0, 1, 8, 0, 6, 4, 0, operation][..], &mac, &sender, &[0; 6], &target].concat();
    let mut frame = ethernet(vlans, &message);
    let at = frame.len() - message.len() - 2;
    frame[at..at + 2].copy_from_slice(&[8, 6]);
    frame
}

/// A DHCP message about 10.20.0.5: its kind, and further options.
fn dhcp(kind: u8, relay: [u8; 4], options: &[u8]) -> Vec<u8> {
    let op = if matches!(kind, 2 | 5 | 6) { 2 } else { 1 };
    let given = if kind == 5 { [10, 20, 0, 5] } else { [0; 4] };
    let addresses = [if kind == 7 { [10, 20, 0, 5] } else { [0; 4] }, given, [0; 4], relay].concat();
    let start = [&[op, 1, 6, 0, 0, 0, 0, 7, 0, 0, 0, 0][..], &addresses, &PHONE, &[0; 202]].concat();
    [&start[..], b"\x63\x82\x53\x63\x35\x01", &[kind], options, &[255]].concat()
}

fn bytes(from: Side, to: Side, payload: &[u8]) -> Vec<u8> {
    ethernet(&[], &ipv4(from.0, to.0, 17, 1, 0, &udp(from.1, to.1, payload)))
}

fn v6(packet: [&[u8]; 3]) -> Vec<u8> {
    let mut frame = ethernet(&[], &packet.concat());
    frame[12..14].copy_from_slice(&[0x86, 0xdd]);
    frame
}

fn whole(story: &Story) -> Report {
    report(story, Caps::default(), 1, false)
}

fn told(frames: impl IntoIterator<Item = Vec<u8>>) -> Report {
    whole(&(0..).map(|number: i64| number * MILLISECOND).zip(frames).collect())
}

/// Each binding's last byte of the address, last byte of the MAC, kind and count.
fn bound(report: &Report) -> Vec<(u8, u8, Kind, u64)> {
    report.bindings.iter().map(|known| (known.ip[15], known.mac[5], known.kind, known.count)).collect()
}

const LEASE: &[u8] = b"\x33\x04\0\0\x0e\x10\x36\x04\x0a\x14\0\x02";

#[test]
fn who_asks_and_who_answers_ties_its_own_address() {
    let (five, one) = ([10, 20, 0, 5], [10, 20, 0, 1]);
    let report =
        told([arp(&[], 1, PHONE, five, one), arp(&[], 2, ROUTER, one, five), arp(&[], 1, PHONE, five, five)]);
    assert_eq!(bound(&report), [(1, 1, Kind::Arp, 1), (5, 5, Kind::Arp, 2)]);
    let Binding { first, last, announced, shared, .. } = &report.bindings[1];
    assert_eq!((first.frame.number, last.frame.number, *shared), (1, 3, false));
    assert_eq!(announced.iter().map(|stamp| stamp.frame.number).collect::<Vec<_>>(), [3]);
    assert_eq!(report.totals.other_packets, 3);
}

#[test]
fn probes_groups_and_outsiders_tie_nothing() {
    let report = told([
        arp(&[], 1, PHONE, [0; 4], [10, 20, 0, 5]),
        arp(&[], 1, PHONE, [198, 51, 100, 5], [198, 51, 100, 1]),
        arp(&[], 2, [0xff; 6], [10, 20, 0, 5], [10, 20, 0, 1]),
        arp(&[], 2, [0; 6], [10, 20, 0, 5], [10, 20, 0, 1]),
    ]);
    assert_eq!((bound(&report), report.totals.other_packets), (vec![], 4));
}

#[test]
fn equal_addresses_in_two_vlans_are_two() {
    let report = told([10, 20].map(|vlan| arp(&[vlan], 1, PHONE, [10, 0, 0, 5], [10, 0, 0, 1])));
    let vlans: Vec<Vec<_>> = report.bindings.iter().map(|known| known.site.vlans.iter().collect()).collect();
    assert_eq!(vlans, [[10], [20]]);
}

#[test]
fn a_router_that_answers_for_many_is_marked() {
    let answers = |count: u8| (1..=count).map(|host| arp(&[], 2, ROUTER, [10, 20, 0, host], [10, 20, 9, 9]));
    let shared = |report: &Report| report.bindings.iter().filter(|known| known.shared).count();
    assert_eq!(shared(&told(answers(16))), 0);
    assert_eq!(shared(&told(answers(17))), 17);
    let slowly = (0..).map(|number| number * 3700 * Timestamp::SECOND).zip(answers(40)).collect();
    assert_eq!(shared(&whole(&slowly)), 0, "one after another they may be one device's");
}

#[test]
fn a_servers_answer_is_a_lease_with_the_name_that_the_client_told() {
    let report = told([
        bytes(NOBODY, ANYBODY_AS_SERVER, &dhcp(1, [0; 4], b"\x0c\x05phone")),
        bytes(NOBODY, ANYBODY_AS_SERVER, &dhcp(3, [0; 4], b"\x0c\x05phone")),
        bytes(SERVER, ANYBODY, &dhcp(5, [0; 4], LEASE)),
        bytes(SERVER, ANYBODY, &dhcp(5, [0; 4], LEASE)),
        bytes((PHONE_IP, 68), SERVER, &dhcp(7, [0; 4], b"")),
    ]);
    let events: Vec<_> = report.leases.iter().map(|lease| (lease.event, lease.at.frame.number)).collect();
    assert_eq!(events, [(Event::Named, 1), (Event::Granted, 3), (Event::Released, 5)]);
    let Lease { ip, client, host, seconds, server, relayed, .. } = &report.leases[1];
    assert_eq!((ip.unwrap()[12..].to_vec(), *client), (PHONE_IP.to_vec(), Some(PHONE)));
    assert_eq!(
        (&host[..], *seconds, &server[..], *relayed),
        (&b"phone"[..], Some(3600), &SERVER.0[..], false)
    );
    assert_eq!(bound(&report), [(5, 5, Kind::Dhcp, 1)]);
    assert_eq!(report.totals.udp_flows, 3, "its flows are what any other's are");
}

const ANYBODY_AS_SERVER: Side = ([255, 255, 255, 255], 67);
const PHONE_IP: [u8; 4] = [10, 20, 0, 5];

#[test]
fn a_relays_copy_is_told_apart() {
    let relay = [10, 20, 0, 1];
    let report = told([
        bytes(SERVER, (relay, 67), &dhcp(5, relay, LEASE)),
        bytes((relay, 67), ANYBODY, &dhcp(5, relay, LEASE)),
    ]);
    assert_eq!(report.leases.iter().map(|lease| lease.relayed).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn what_gives_no_address_is_no_lease() {
    let mut inform = dhcp(5, [0; 4], LEASE);
    inform[16..20].fill(0);
    let forged = dhcp(5, [0; 4], LEASE);
    let mut from_a_client = forged.clone();
    from_a_client[0] = 1;
    let report = told([
        bytes(SERVER, ANYBODY, &inform),
        bytes(NOBODY, ANYBODY_AS_SERVER, &from_a_client),
        bytes(SERVER, ANYBODY, &dhcp(2, [0; 4], LEASE)),
        bytes((SERVER.0, 4000), (PHONE_IP, 4001), &forged),
        bytes(SERVER, ANYBODY, &forged[..250]),
    ]);
    assert_eq!(report.leases, []);
}

const LINK: [u8; 16] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
const UNIQUE: [u8; 16] = [0xfd, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];

/// Discovery's and DHCPv6's hosts are ours in these.
fn told6(frames: &[Vec<u8>]) -> Report {
    let ours = Networks::new([([0xfc; 16], 7), ([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 10)]);
    let options = Options { ours, ..Options::default() };
    let mut engine = Engine::new(options.clone());
    for (number, bytes) in (1..).zip(frames) {
        engine.ingest([Frame {
            time: Timestamp(i64::try_from(number).unwrap() * MILLISECOND),
            link: LinkType::Ethernet,
            wire_len: u32::try_from(bytes.len()).unwrap(),
            place: FrameRef { capture: 0, number },
            vantage: 0,
            bytes,
        }]);
    }
    crate::correlate::join(vec![engine.finish()], &options)
}

fn discovery(hop_limit: u8, source: [u8; 16], message: &[u8]) -> Vec<u8> {
    let len = u8::try_from(message.len()).unwrap();
    v6([&[0x60, 0, 0, 0, 0, len, 58, hop_limit], &[source, LINK].concat(), message])
}

#[test]
fn neighbours_tie_their_addresses_on_the_link_alone() {
    let advertised = [&[136, 0, 0, 0, 0x20, 0, 0, 0][..], &UNIQUE, &[2, 1], &PHONE].concat();
    let solicited = [&[135, 0, 0, 0, 0, 0, 0, 0][..], &UNIQUE, &[1, 1], &PHONE].concat();
    let report = told6(&[
        discovery(255, LINK, &advertised),
        discovery(255, LINK, &solicited),
        discovery(64, LINK, &advertised),
        discovery(255, [0; 16], &solicited),
    ]);
    assert_eq!(bound(&report), [(5, 5, Kind::Ndp, 1), (5, 5, Kind::Ndp, 1)]);
    let ips: Vec<_> = report.bindings.iter().map(|known| (known.ip, known.announced.len())).collect();
    assert_eq!(ips, [(UNIQUE, 1), (LINK, 0)]);
}

#[test]
fn a_reply_of_dhcpv6_names_device_and_hardware() {
    let duid = b"\0\x01\0\x04uuid";
    let address = [&b"\0\x05\0\x18"[..], &UNIQUE, b"\0\0\0\x3c\0\0\x0e\x10"].concat();
    let association = [b"\0\x03\0\x28\0\0\0\x01\0\0\0\0\0\0\0\0", &address[..]].concat();
    let message = |kind: u8, more: &[u8]| [&[kind, 0, 0, 9, 0, 1, 0, 8][..], duid, more].concat();
    let packet = |from: u16, to: u16, payload: &[u8]| {
        let datagram = udp(from, to, payload);
        v6([
            &[0x60, 0, 0, 0, 0, u8::try_from(datagram.len()).unwrap(), 17, 1],
            &[LINK, LINK].concat(),
            &datagram,
        ])
    };
    let name = b"\0\x27\0\x07\0\x05phone";
    let report = told6(&[
        packet(546, 547, &message(3, name)),
        packet(547, 546, &message(7, &association)),
        packet(546, 547, &message(8, &association)),
    ]);
    let events: Vec<_> = report.leases.iter().map(|lease| (lease.event, lease.seconds)).collect();
    assert_eq!(events, [(Event::Named, None), (Event::Granted, Some(3600)), (Event::Released, None)]);
    let granted = &report.leases[1];
    assert_eq!((&granted.host[..], &granted.duid[..], granted.ip), (&b"phone"[..], &duid[..], Some(UNIQUE)));
    assert!(granted.client.is_some_and(|mac| bound(&report) == [(5, mac[5], Kind::Dhcp6, 1)]));
}

#[test]
fn the_result_is_the_same_for_any_workers_and_whenever_asked() {
    let mut story: Story = (1..=40_u8)
        .map(|host| arp(&[], 1, PHONE, [10, 20, 0, host % 9], [10, 20, 0, host % 9]))
        .chain([
            bytes(NOBODY, ANYBODY_AS_SERVER, &dhcp(3, [0; 4], b"\x0c\x05phone")),
            bytes(SERVER, ANYBODY, &dhcp(5, [0; 4], LEASE)),
            bytes(SERVER, ANYBODY, &dhcp(5, [0; 4], LEASE)),
        ])
        .enumerate()
        .map(|(number, frame)| (i64::try_from(number).unwrap() * MILLISECOND, frame))
        .collect();
    let expected = whole(&story);
    assert_eq!((expected.bindings.len(), expected.leases.len()), (10, 2));
    for (workers, asked) in [(2, false), (3, true), (1, true)] {
        let other = report(&story, Caps::default(), workers, asked);
        assert_eq!((&other.bindings, &other.leases), (&expected.bindings, &expected.leases));
    }
    story.swap(3, 4);
    assert_eq!(bound(&whole(&story)), bound(&expected));
}

#[test]
fn a_liars_addresses_drive_nobody_out_and_are_counted() {
    let lies = (1..=9).map(|host| arp(&[], 1, PHONE, [10, 20, 0, host], [10, 20, 9, 9]));
    let names = (1..=9).map(|host| bytes(NOBODY, ANYBODY_AS_SERVER, &dhcp(1, [0; 4], &[12, 1, host])));
    let answer = bytes(SERVER, ANYBODY, &dhcp(5, [0; 4], LEASE));
    let frames = lies.chain(names).chain([answer]);
    let story = (0..).map(|number: i64| number * MILLISECOND).zip(frames).collect();
    let report = report(&story, FEW, 1, false);
    assert_eq!((report.limits.get("bindings"), report.limits.get("leases")), (Some(&5), Some(&7)));
    assert_eq!(report.leases.iter().filter(|lease| lease.event == Event::Granted).count(), 1);
    assert_eq!(
        report.bindings.iter().filter(|known| known.kind == Kind::Arp).map(|known| known.ip[15]).max(),
        Some(4)
    );
}
