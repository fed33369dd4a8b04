"""Other link layers and tunnels around frames, by Scapy, so that decoders are not tested against our own packing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # it warns of missing routes, which tests do not need

from scapy.contrib.erspan import ERSPAN_II  # noqa: E402 - after the line above
from scapy.contrib.geneve import GENEVE  # noqa: E402
from scapy.contrib.gtp import GTP_U_Header  # noqa: E402
from scapy.contrib.mpls import MPLS  # noqa: E402
from scapy.layers.inet import IP, UDP, fragment  # noqa: E402
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6  # noqa: E402
from scapy.layers.l2 import GRE, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether, Loopback  # noqa: E402
from scapy.layers.ppp import PPP, PPPoE  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import Packet, Raw  # noqa: E402

from tests.build.frames import Frame  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OUTER4 = ("192.0.2.1", "192.0.2.2")
OUTER6 = ("2001:db8::a", "2001:db8::b")


def wrap(frames: Iterable[Frame], how: Callable[[Packet], Packet]) -> list[Frame]:
    """Put every Ethernet frame into another shape: ``wrap(frames, vxlan)``, ``wrap(frames, partial(gre, key=7))``."""
    return [Frame(frame.time, bytes(how(Ether(frame.data)))) for frame in frames]


def packet(frame: Packet) -> Packet:
    """Take the IP packet out of an Ethernet frame: link type raw IP."""
    return frame[IP] if IP in frame else frame[IPv6]


def cooked(frame: Packet) -> Packet:
    """Make it Linux cooked, version 1."""
    return CookedLinux(pkttype=0, src=_hardware(frame), proto=_ethertype(frame)) / packet(frame)


def cooked2(frame: Packet) -> Packet:
    """Make it Linux cooked, version 2."""
    head = CookedLinuxV2(proto=_ethertype(frame), ifindex=2, lladdrtype=1, lladdrlen=6, src=_hardware(frame))
    return head / packet(frame)


def null(frame: Packet) -> Packet:
    """Make it BSD loopback, the family in little-endian order."""
    return Loopback(type=2 if IP in frame else 30) / packet(frame)


def ppp(frame: Packet) -> Packet:
    """Make it plain PPP."""
    return PPP(proto=0x21 if IP in frame else 0x57) / packet(frame)


def pppoe(frame: Packet, session: int = 1) -> Packet:
    """Put it into a PPPoE session on Ethernet."""
    return _ether(frame, 0x8864) / PPPoE(sessionid=session) / ppp(frame)


def qinq(frame: Packet, outer: int = 100, inner: int = 20) -> Packet:
    """Put it into two VLAN tags."""
    return _ether(frame, 0x88A8) / Dot1AD(vlan=outer, type=0x8100) / Dot1Q(vlan=inner) / packet(frame)


def mpls(frame: Packet, labels: tuple[int, ...] = (16, 17)) -> Packet:
    """Put it below MPLS labels."""
    stack = _ether(frame, 0x8847)
    for at, label in enumerate(labels, 1):
        stack /= MPLS(label=label, s=int(at == len(labels)), ttl=64)
    return stack / packet(frame)


def ip_in_ip(frame: Packet) -> Packet:
    """Put IPv4 (protocol 4) or IPv6 (protocol 41: 6in4) into IPv4."""
    return _ether(frame, 0x0800) / _outer(4 if IP in frame else 41) / packet(frame)


def ip_in_ip6(frame: Packet) -> Packet:
    """Put IPv4 or IPv6 into IPv6."""
    outer = IPv6(src=OUTER6[0], dst=OUTER6[1], nh=4 if IP in frame else 41)
    return _ether(frame, 0x86DD) / outer / packet(frame)


def gre(frame: Packet, key: int | None = None) -> Packet:
    """Put the IP packet into GRE, with a key if one is given."""
    head = GRE(proto=_ethertype(frame))
    if key is not None:
        head.key_present, head.key = 1, key
    return _ether(frame, 0x0800) / _outer(47) / head / packet(frame)


def erspan(frame: Packet, session: int = 5) -> Packet:
    """Put the whole frame into ERSPAN type II."""
    head = GRE(proto=0x88BE, seqnum_present=1, sequence_number=1)
    return _ether(frame, 0x0800) / _outer(47) / head / ERSPAN_II(session_id=session) / Raw(bytes(frame))


def vxlan(frame: Packet, vni: int = 42) -> Packet:
    """Put the whole frame into VXLAN."""
    return _udp_outer(frame, 4789) / VXLAN(vni=vni, flags=8) / frame


def geneve(frame: Packet, vni: int = 42) -> Packet:
    """Put the whole frame into GENEVE."""
    return _udp_outer(frame, 6081) / GENEVE(vni=vni, proto=0x6558) / frame


def gtp(frame: Packet, teid: int = 42) -> Packet:
    """Put the IP packet into GTP-U."""
    return _udp_outer(frame, 2152) / GTP_U_Header(teid=teid, gtp_type=255) / Raw(bytes(packet(frame)))


def fragments(frame: Frame, size: int) -> list[Frame]:
    """Split the IP packet of one Ethernet frame into fragments of at most ``size`` payload bytes."""
    whole = Ether(frame.data)
    if IP in whole:
        whole[IP].flags = 0
        parts = fragment(whole, fragsize=size)
    else:
        body = whole[IPv6].payload
        whole[IPv6].remove_payload()
        del whole[IPv6].nh, whole[IPv6].plen  # Scapy then computes them anew
        parts = fragment6(whole / IPv6ExtHdrFragment(id=7, nh=17 if UDP in body else 6) / body, size + 62)
    return [Frame(frame.time + at, bytes(part)) for at, part in enumerate(parts)]


def _ether(frame: Packet, kind: int) -> Packet:
    return Ether(src=frame.src, dst=frame.dst, type=kind)


def _outer(protocol: int) -> Packet:
    return IP(src=OUTER4[0], dst=OUTER4[1], proto=protocol)


def _udp_outer(frame: Packet, port: int) -> Packet:
    return _ether(frame, 0x0800) / _outer(17) / UDP(sport=49152, dport=port, chksum=0)


def _ethertype(frame: Packet) -> int:
    return 0x0800 if IP in frame else 0x86DD


def _hardware(frame: Packet) -> Any:  # noqa: ANN401 - Scapy comes without types
    return bytes.fromhex(frame.src.replace(":", ""))
