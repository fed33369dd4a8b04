# SPDX-License-Identifier: GPL-2.0-or-later
"""Decodes frames for a person: Scapy's layers, then what the payload says.

Of each layer only chosen fields are shown, and of a payload only what is known to be harmless: an unknown protocol may
carry a password.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scapy.config import conf
from scapy.contrib import erspan, geneve, gtp, mpls  # noqa: F401 - each registers its layers
from scapy.layers import dhcp, dns, inet, inet6, l2, ppp, vxlan  # noqa: F401 - each registers its layers
from scapy.packet import NoPayload, Packet, Padding, Raw

from auditor.frames import bittorrent, redacting, tracker, utp
from auditor.frames.reading import Capture, Captured, Interface, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_LAYERS = 24
_SHOWN = {
    "Ether": "src dst",
    "Dot3": "src dst",
    "Dot1Q": "vlan prio",
    "Dot1AD": "vlan prio",
    "CookedLinux": "pkttype src",
    "CookedLinuxV2": "pkttype src ifindex",
    "Loopback": "type",
    "PPP": "proto",
    "PPPoE": "sessionid",
    "MPLS": "label s ttl",
    "ARP": "op hwsrc psrc hwdst pdst",
    "IP": "src dst ttl id flags frag proto",
    "IPv6": "src dst hlim fl nh",
    "IPv6ExtHdrFragment": "id offset m",
    "GRE": "proto key",
    "ERSPAN_II": "vlan session_id",
    "VXLAN": "vni",
    "GENEVE": "vni",
    "GTP_U_Header": "teid gtp_type",
    "TCP": "sport dport seq ack flags window",
    "UDP": "sport dport len",
    "ICMP": "type code",
    "DNS": "id qr rcode",
    "DNSQR": "qname qtype",
}
"""Of every other layer only the name is shown."""
_DEVICES = {
    "Ether": "src dst",
    "Dot3": "src dst",
    "CookedLinux": "src",
    "CookedLinuxV2": "src",
    "ARP": "hwsrc hwdst",
}
"""Of which fields name a device: its card's address stays with it wherever it goes."""


def describe(capture: Capture, numbers: Sequence[int], *, devices: bool = True) -> list[str]:
    """Describe the frames with these numbers, counted from 1, one text each, in the order asked for.

    Without ``devices``, MAC addresses are blanked.
    """
    wanted, texts = set(numbers), dict[int, str]()
    interfaces: list[Interface] = []
    count = latest = 0
    for event in capture:
        match event:
            case Section():
                interfaces = []
            case Interface():
                interfaces.append(event)
            case Captured():
                count += 1
                interface = interfaces[event.interface]
                latest = latest if event.ticks is None else interface.nanoseconds(event.ticks)
                if count in wanted:
                    texts[count] = _frame(count, latest, interface.link, event, devices=devices)
                    if len(texts) == len(wanted):
                        break
    end = "breaks off after" if capture.truncated else "has"
    return [texts.get(number, f"frame {number}: not there, the capture {end} {count} frames") for number in numbers]


def _frame(number: int, time: int, link: int, frame: Captured, *, devices: bool) -> str:
    cut = "" if frame.original <= len(frame.data) else f", of which {len(frame.data)} were captured"
    lines = [f"frame {number}, {_utc(time)}, {frame.original} bytes{cut}"]
    try:
        layers = _layers(conf.l2types.num2layer.get(link, Raw)(frame.data), devices=devices)
    except Exception as problem:  # noqa: BLE001 - Scapy's parsers may fail in any way
        return lines[0] + f"\n  cannot be decoded: {type(problem).__name__}"
    return "\n".join(lines + ["  " + line for line in layers])


def _layers(packet: Packet, *, devices: bool) -> list[str]:
    lines: list[str] = []
    payload: Callable[[bytes], list[str] | None] = _unknown
    while not isinstance(packet, (NoPayload, Padding)):
        if len(lines) >= MAX_LAYERS:
            return [*lines, "and more layers than are shown"]
        if isinstance(packet, Raw):
            found = payload(packet.load) or _unknown(packet.load)
            return lines + ["payload: " + found[0]] + ["  " + line for line in found[1:]]
        lines += _layer(packet, devices=devices)
        if isinstance(packet, (inet.TCP, inet.UDP)):
            payload = _tcp_payload if isinstance(packet, inet.TCP) else _udp_payload
        packet = packet.payload
    return lines


def _layer(packet: Packet, *, devices: bool = True) -> list[str]:
    name = type(packet).__name__
    values = {field: str(_value(packet, field)) for field in _SHOWN.get(name, "").split()}
    if not devices:
        values |= dict.fromkeys(_DEVICES.get(name, "").split(), redacting.BLANK)
    shown = " ".join(f"{field}={redacting.harmless(value, 120)}" for field, value in values.items() if value)
    questions = [question for question in packet.qd or [] if isinstance(question, dns.DNSQR)] if name == "DNS" else []
    return [f"{packet.name} {shown}".rstrip(), *(line for question in questions[:4] for line in _layer(question))]


def _value(packet: Packet, field: str) -> object:
    value = packet.getfieldval(field)
    if value is None:
        return ""
    if isinstance(value, bytes):
        return redacting.harmless(value)
    return packet.get_field(field).i2repr(packet, value)


def _tcp_payload(payload: bytes) -> list[str] | None:
    return bittorrent.peer_wire(payload) or _http(payload)


def _http(payload: bytes) -> list[str] | None:
    head = redacting.http(payload)
    announce = tracker.http_announce(payload) if head else None
    return [announce, *head] if announce and head else head


def _udp_payload(payload: bytes) -> list[str] | None:
    # An announce begins with any eight bytes, so a uTP header may be seen in it; a tracker's answer is none.
    return bittorrent.krpc(payload) or tracker.datagram(payload) or utp.datagram(payload)


def _unknown(payload: bytes) -> list[str]:
    return [f"{len(payload)} bytes, not decoded"]


def _utc(time: int) -> str:
    seconds, nanoseconds = divmod(time, 1_000_000_000)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"
    except (OSError, OverflowError, ValueError):
        return f"{time} ns after the epoch"
