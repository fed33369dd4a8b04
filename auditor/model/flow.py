"""Flows and the observations made in them, as the engine hands them over.

What is made by the thousand is a named tuple: as frozen as a frozen dataclass, and made, compared and hashed in C.
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Literal, NamedTuple

from auditor.model.fact import Fact
from auditor.model.infohash import Infohash
from auditor.model.scale import Confidence

Address = IPv4Address | IPv6Address
End = Literal["orig", "resp"]
Grade = Literal["attributed", "single-source", "host-level"]
Minute = tuple[int, int, int]
"""``(minute, orig, resp)``: minutes since the epoch, payload bytes that each end sent in that minute of frame time."""
FrameRef = tuple[int, int]
"""``(capture, number)``: which capture of the run, and the frame's 1-based number there, as Wireshark counts."""
_PROTOCOL_NUMBERS = {"tcp": 6, "udp": 17}


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


class Observation(NamedTuple):
    """One fact from one detector about what one end of a flow sent, with its proof."""

    detector: str
    confidence: Confidence
    end: End
    first: int
    last: int
    count: int  # type: ignore[assignment] # a tuple has a method of that name, which nobody needs here
    frames: tuple[FrameRef, ...]
    fact: Fact
    stream: int = 0
    """In which of the flow's streams: its uTP connections count from 1; its TCP stream, or all datagrams, are 0."""


class Tally(NamedTuple):
    """Pieces, and the bytes of them."""

    pieces: int
    bytes: int


class Verified(NamedTuple):
    """The pieces that one end of a stream sent, compared with the torrent's metadata."""

    stream: int
    end: End
    torrent: int
    """Index into the sighting's torrents."""
    verified: Tally
    """They hash to what the metadata says."""
    wrong: Tally
    """They are whole, and hash to something else."""
    incomplete: Tally
    """They did not pass whole, or not in an order that could be hashed."""
    unknown: Tally
    """They are whole, and what they should hash to is not known (v2)."""
    files: tuple[tuple[int, int], ...]
    """Verified bytes of each file, which is named by its offset in the torrent."""


class Inferred(NamedTuple):
    """A torrent that an encrypted flow may be about: a candidate, of which the flow itself shows nothing."""

    infohash: Infohash
    sources: tuple[str, ...]
    """Where the remote end was named for it: ``tracker``, ``dht``, ``pex``, …; ``handshake`` is the host's own."""
    senders: int
    """By how many independent senders."""
    learnt: int
    """When last before the flow."""


class Tie(NamedTuple):
    """What ties an encrypted flow to BitTorrent for one end of it, from what was seen elsewhere."""

    end: End
    is_outgoing: bool
    """That end began it. Of a UDP flow, either end may have begun the uTP connection that is meant."""
    grade: Grade
    """``attributed`` by several senders or the host's own plain attempt, ``single-source`` by one sender's word,
    ``host-level`` by what the host does with many others."""
    confidence: Confidence
    is_retry: bool
    """The host had tried the same endpoint in clear just before, and was refused."""
    rules: int
    """The version of the rules."""
    infohashes: tuple[Inferred, ...]
    """All candidates; none where the tie is at host level."""


class Flow(NamedTuple):
    """Both directions of a 5-tuple between first packet and expiry, with what was observed in it."""

    vantage: str
    transport: Literal["tcp", "udp"]
    orig: Endpoint
    resp: Endpoint
    vlan: tuple[int, ...]
    tunnel: Tunnel | None
    first: int
    last: int
    packets: tuple[int, int]
    """Packets sent by orig and by resp."""
    bytes: tuple[int, int]
    """Transport payload sent by orig and by resp, retransmissions once."""
    missing: tuple[int, int]
    """Payload bytes known to have been sent but not captured, by orig and by resp."""
    minutes: tuple[Minute, ...]
    observations: tuple[Observation, ...] = ()
    verified: tuple[Verified, ...] = ()
    ties: tuple[Tie, ...] = ()
    """What ties it to BitTorrent where it shows nothing of that itself."""

    def endpoint(self, end: End) -> Endpoint:
        """Return the end of that name."""
        return self.orig if end == "orig" else self.resp

    @property
    def community_id(self) -> str:
        """The flow hash that other tools write too (Community ID 1, seed 0)."""
        import base64  # noqa: PLC0415 - start-up: it takes 3 ms, and what people read does without
        import hashlib  # noqa: PLC0415 - start-up

        ends = sorted((end.ip.packed, end.port.to_bytes(2, "big")) for end in (self.orig, self.resp))
        (low, low_port), (high, high_port) = ends
        data = b"\0\0" + low + high + bytes([_PROTOCOL_NUMBERS[self.transport], 0]) + low_port + high_port
        digest = hashlib.sha1(data, usedforsecurity=False).digest()
        return "1:" + base64.b64encode(digest).decode("ascii")
