"""Wrapped frames still hold the datagram, in the layers that were asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Ether, Loopback
from scapy.layers.ppp import PPP

from tests.build import End, udp
from tests.build import wrap as build

if TYPE_CHECKING:
    from collections.abc import Callable

    from scapy.packet import Packet

    from tests.build import Frame

ENDS4 = End("10.20.0.5", 6881), End("198.51.100.7", 6881)
ENDS6 = End("2001:db8::5", 6881), End("2001:db8:1::7", 6881)
FRAMES = pytest.mark.parametrize("frame", [udp(*ENDS4, b"payload"), udp(*ENDS6, b"payload")], ids=["IPv4", "IPv6"])


@FRAMES
@pytest.mark.parametrize(
    ("how", "layers"),
    [
        (build.pppoe, "Ether / PPPoE / PPP"),
        (build.qinq, "Ether / Dot1AD / Dot1Q"),
        (build.mpls, "Ether / MPLS / MPLS"),
        (build.ip_in_ip, "Ether / IP"),
        (build.ip_in_ip6, "Ether / IPv6"),
        (build.gre, "Ether / IP / GRE"),
        (partial(build.gre, key=7), "Ether / IP / GRE"),
        (build.erspan, "Ether / IP / GRE / ERSPAN_II / Ether"),
        (build.vxlan, "Ether / IP / UDP / VXLAN / Ether"),
        (build.geneve, "Ether / IP / UDP / GENEVE / Ether"),
        (build.gtp, "Ether / IP / UDP / GTP_U_Header"),
    ],
)
def test_tunnels_hold_the_datagram(frame: Frame, how: Callable[[Packet], Packet], layers: str) -> None:
    """Scapy reads back the layers that were asked for, and the packet unchanged below them."""
    (wrapped,) = build.wrap([frame], how)

    read = Ether(wrapped.data)

    names = [layer.__name__ for layer in read.layers()]
    assert " / ".join(names).startswith(layers)
    assert names[-2:] == ["UDP", "Raw"]
    assert wrapped.data.endswith(frame.data[14:])
    assert wrapped.time == frame.time


@FRAMES
@pytest.mark.parametrize(
    ("how", "layer", "head"),
    [
        (build.packet, None, 0),
        (build.cooked, CookedLinux, 16),
        (build.cooked2, CookedLinuxV2, 20),
        (build.null, Loopback, 4),
        (build.ppp, PPP, 2),
    ],
)
def test_other_link_layers_hold_the_packet(
    frame: Frame, how: Callable[[Packet], Packet], layer: type[Packet] | None, head: int
) -> None:
    """The packet stands unchanged behind the other link layer's header."""
    (wrapped,) = build.wrap([frame], how)

    assert wrapped.data[head:] == frame.data[14:]
    if layer is not None:
        assert bytes(layer(wrapped.data).payload) == frame.data[14:]


def test_an_ipv4_datagram_splits_into_fragments() -> None:
    """Only the first fragment has the UDP header, and the offsets join."""
    parts = [Ether(part.data)[IP] for part in build.fragments(udp(*ENDS4, b"p" * 3000), 1200)]

    assert [(part.frag * 8, part.len - 20, "MF" in str(part.flags)) for part in parts] == [
        (0, 1200, True),
        (1200, 1200, True),
        (2400, 608, False),
    ]
    assert UDP in parts[0]


def test_an_ipv6_datagram_splits_into_fragments() -> None:
    """The same, by the fragment header."""
    parts = [Ether(part.data)[IPv6] for part in build.fragments(udp(*ENDS6, b"p" * 3000), 1200)]

    assert [
        (part[IPv6ExtHdrFragment].offset * 8, part.plen - 8, part[IPv6ExtHdrFragment].m, part[IPv6ExtHdrFragment].nh)
        for part in parts
    ] == [(0, 1200, 1, 17), (1200, 1200, 1, 17), (2400, 608, 0, 17)]
