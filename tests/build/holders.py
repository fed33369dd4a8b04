"""How hosts get and keep their addresses: DHCP, ARP and neighbour discovery, by Scapy as an independent encoder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # it warns of missing routes, which tests do not need

from scapy.layers.dhcp import BOOTP, DHCP  # noqa: E402 - after the line above
from scapy.layers.dhcp6 import (  # noqa: E402
    DUID_LL,
    DHCP6_RelayForward,
    DHCP6_RelayReply,
    DHCP6_Release,
    DHCP6_Reply,
    DHCP6_Request,
    DHCP6OptClientFQDN,
    DHCP6OptClientId,
    DHCP6OptIA_NA,
    DHCP6OptIAAddress,
    DHCP6OptRelayMsg,
    DHCP6OptServerId,
)
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import (  # noqa: E402
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether  # noqa: E402

from tests.build.frames import START, Frame  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scapy.packet import Packet

BROADCAST, NOBODY = "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"
SERVER, SERVER_MAC = "10.20.0.2", "02:00:0a:14:00:02"
LINK, LINK_SERVER = "fe80::5", "fe80::2"

Said = Literal["discover", "request", "ack", "nak", "release", "decline"]


def frame(packet: Packet, *, src: str, dst: str = BROADCAST, vlan: Sequence[int] = (), time: int = START) -> Frame:
    """Put a packet on Ethernet."""
    head: Packet = Ether(src=src, dst=dst)
    for tag in vlan:
        head /= Dot1Q(vlan=tag)
    return Frame(time, bytes(head / packet))


def arp(mac: str, ip: str, asked: str, *, reply: bool = False, vlan: Sequence[int] = (), time: int = START) -> Frame:
    """One host says what its own address has; it asks for another's, or answers."""
    message = ARP(op=2 if reply else 1, hwsrc=mac, psrc=ip, hwdst=NOBODY, pdst=asked)
    return frame(message, src=mac, vlan=vlan, time=time)


def dhcp(
    said: Said,
    mac: str,
    ip: str | None = None,
    *,
    host: str | bytes | None = None,
    seconds: int = 3600,
    xid: int = 7,
    relay: str | None = None,
    renewed: bool = False,
    vlan: Sequence[int] = (),
    time: int = START,
) -> Frame:
    """One DHCP message about a client and an address; ``relay`` puts it on the way between relay and server."""
    is_reply = said in {"ack", "nak"}
    given, held = (ip if said == "ack" else None), (ip if said == "release" or renewed else None)
    options: list[tuple[str, object] | str] = [("message-type", said)]
    if said == "ack":
        options.append(("lease_time", seconds))
    if said in {"request", "decline"} and ip is not None:
        options.append(("requested_addr", ip))
    options.append(("server_id", SERVER))
    if host is not None:
        options.append(("hostname", host))
    message = BOOTP(
        op=2 if is_reply else 1,
        xid=xid,
        ciaddr=held or "0.0.0.0",  # noqa: S104 - an address that is none
        yiaddr=given or "0.0.0.0",  # noqa: S104
        giaddr=relay or "0.0.0.0",  # noqa: S104
        chaddr=bytes.fromhex(mac.replace(":", "")) + bytes(10),
    ) / DHCP(options=[*options, "end"])
    if is_reply:
        way = IP(src=SERVER, dst=relay or "255.255.255.255") / UDP(sport=67, dport=67 if relay else 68)
        return frame(way / message, src=SERVER_MAC, vlan=vlan, time=time)
    way = IP(src=held or "0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)  # noqa: S104
    return frame(way / message, src=mac, vlan=vlan, time=time)


def dhcp6(
    said: Literal["request", "reply", "release"],
    mac: str,
    ip: str | None = None,
    *,
    host: str | None = None,
    seconds: int = 3600,
    trid: int = 7,
    relayed: bool = False,
    time: int = START,
) -> Frame:
    """One DHCPv6 message of a client whose DUID is made of its MAC."""
    message = {"request": DHCP6_Request, "reply": DHCP6_Reply, "release": DHCP6_Release}[said](trid=trid)
    message /= DHCP6OptClientId(duid=DUID_LL(lladdr=mac)) / DHCP6OptServerId(duid=DUID_LL(lladdr=SERVER_MAC))
    if ip is not None:
        address = DHCP6OptIAAddress(addr=ip, preflft=seconds // 2, validlft=seconds)
        message /= DHCP6OptIA_NA(iaid=1, ianaopts=[address])
    if host is not None:
        message /= DHCP6OptClientFQDN(fqdn=host)
    is_reply = said == "reply"
    if relayed:
        around = DHCP6_RelayReply if is_reply else DHCP6_RelayForward
        message = around(linkaddr="2001:db8:20::1", peeraddr=LINK) / DHCP6OptRelayMsg(message=message)
        ends = IPv6(src="2001:db8:20::2", dst="2001:db8:20::1") / UDP(sport=547, dport=547)
        return frame(ends / message, src=SERVER_MAC, dst="02:00:0a:14:00:01", time=time)
    if is_reply:
        ends = IPv6(src=LINK_SERVER, dst=LINK) / UDP(sport=547, dport=546)
        return frame(ends / message, src=SERVER_MAC, dst=mac, time=time)
    ends = IPv6(src=LINK, dst="ff02::1:2") / UDP(sport=546, dport=547)
    return frame(ends / message, src=mac, dst="33:33:00:01:00:02", time=time)


def advertised(mac: str, ip: str, *, hop_limit: int = 255, time: int = START) -> Frame:
    """A host tells all neighbours unasked what its address has."""
    message = ICMPv6ND_NA(tgt=ip, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac)
    packet = IPv6(src=ip, dst="ff02::1", hlim=hop_limit) / message
    return frame(packet, src=mac, dst="33:33:00:00:00:01", time=time)


def solicited(mac: str, ip: str, target: str, *, time: int = START) -> Frame:
    """A host asks for a neighbour, or from ``::`` whether its own address is free."""
    message: Packet = ICMPv6ND_NS(tgt=target)
    if ip != "::":
        message /= ICMPv6NDOptSrcLLAddr(lladdr=mac)
    return frame(IPv6(src=ip, dst="ff02::1:ff00:5", hlim=255) / message, src=mac, dst="33:33:ff:00:00:05", time=time)
