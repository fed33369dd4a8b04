"""Flows and the observations made in them, as the engine hands them over.

What is made by the thousand is a named tuple: as frozen as a frozen dataclass, and made, compared and hashed in C.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.infohash import Infohash
    from auditor.model.scale import Confidence

Address = IPv4Address | IPv6Address
End = Literal["orig", "resp"]
Minute = tuple[int, int, int]
"""``(minute, orig, resp)``: minutes since the epoch, payload bytes that each end sent in that minute of frame time."""


class FrameRef(NamedTuple):
    """A frame's place: which capture of the run, and its 1-based number there, as Wireshark counts."""

    capture: int
    number: int


class Endpoint(NamedTuple):
    """One end of a flow."""

    ip: Address
    port: int
    mac: str | None = None
    """``aa:bb:cc:dd:ee:ff`` of the frames this end sent; behind a router, the router's."""


class Tunnel(NamedTuple):
    """The innermost tunnel that wrapped a flow."""

    kind: str
    id: int


class Handshake(NamedTuple):
    """Fact of ``bt.handshake``: what one end's handshake said (BEP 3)."""

    infohash: Infohash
    peer_id: bytes
    reserved: bytes

    @property
    def offers_upgrade(self) -> bool:
        """Whether the sender has the v2 side of a hybrid torrent too (BEP 52: reserved byte 7, 0x10)."""
        return bool(self.reserved[7] & 0x10)


class Messages(NamedTuple):
    """Fact of ``bt.messages``: what one end said after its handshake, counted (BEP 3, 6, 10)."""

    pieces: int
    piece_bytes: int
    counts: Mapping[str, int]
    """Messages by name (``request``, ``have``, ``bitfield``, ``choke`` …)."""
    partial: bool
    """Bytes were missing where they could not be skipped: counting stopped there, so the counts are lower bounds."""


class Datagrams(NamedTuple):
    """Fact of ``bt.dht`` within one flow: KRPC datagrams by kind (BEP 5)."""

    queries: int
    replies: int
    errors: int


Fact = Handshake | Messages | Datagrams


@dataclass(frozen=True, slots=True)
class Observation:
    """One fact from one detector about what one end of a flow sent, with its proof."""

    detector: str
    confidence: Confidence
    end: End
    first: int
    last: int
    count: int
    frames: tuple[FrameRef, ...]
    fact: Fact


@dataclass(frozen=True, slots=True)
class Flow:
    """Both directions of a 5-tuple between first packet and expiry, with what was observed in it."""

    vantage: str
    transport: Literal["tcp", "udp"]
    orig: Endpoint
    resp: Endpoint
    vlan: tuple[int, ...]
    tunnel: Tunnel | None
    community_id: str
    first: int
    last: int
    packets: tuple[int, int]
    """Packets sent by orig and by resp."""
    bytes: tuple[int, int]
    """Transport payload sent by orig and by resp, retransmissions once."""
    missing: tuple[int, int]
    """Payload bytes known to have been sent but not captured, by orig and by resp."""
    minutes: tuple[Minute, ...]
    observations: tuple[Observation, ...] = field(default=())

    def endpoint(self, end: End) -> Endpoint:
        """Return the end of that name."""
        return self.orig if end == "orig" else self.resp
