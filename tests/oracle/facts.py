"""What a capture shows: handshakes and pieces in TCP (BEP 3), and who asked what in the DHT (BEP 5)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.oracle import krpc, peer_wire
from tests.oracle.packets import Way, packets
from tests.oracle.streams import Streams

if TYPE_CHECKING:
    from pathlib import Path


End = tuple[str, int]
"""An address and port."""


class Handshake(NamedTuple):
    """One direction of a TCP connection that begins with a whole peer-wire handshake."""

    src: str
    sport: int
    dst: str
    dport: int
    infohash: str
    """40 hexadecimal digits."""
    peer_id: str
    """The same."""


@dataclass(frozen=True)
class Pieces:
    """What one direction gave after its handshake."""

    count: int
    """Whole ``piece`` messages."""
    size: int
    """Bytes of data in them."""
    begun: int
    """Bytes of data in a last message that was not seen whole."""
    partial: bool
    """Bytes are missing behind what was read, or a length made no sense: the amounts are lower bounds."""


@dataclass
class Node:
    """What one address and port did in the DHT."""

    queries_out: Counter[str] = field(default_factory=Counter)
    """By method, as are those that others sent to it."""
    queries_in: Counter[str] = field(default_factory=Counter)
    replies_out: int = 0
    replies_in: int = 0
    errors_out: int = 0
    errors_in: int = 0
    announced: set[str] = field(default_factory=set)
    """Infohashes that it named in ``announce_peer`` queries of its own."""
    looked_up: set[str] = field(default_factory=set)
    """Infohashes that it named in ``get_peers`` queries of its own."""
    partners: set[tuple[str, int]] = field(default_factory=set)


@dataclass(frozen=True)
class Facts:
    """Everything that the oracle knows of a capture."""

    handshakes: frozenset[Handshake]
    pieces: dict[Way, Pieces]
    """By sender and receiver, of every direction with a handshake; several connections of one 5-tuple are summed."""
    dht: dict[End, Node]


def observe(path: Path) -> Facts:
    """Read a pcap or pcapng file, plain or gzip, and find its facts."""
    streams, nodes = Streams(), defaultdict[End, Node](Node)
    whose: dict[tuple[frozenset[End], bytes], End] = {}
    for packet in packets(path):
        if packet.tcp is None:
            _datagram(packet.way, packet.payload, nodes, whose)
        else:
            streams.add(packet.way, packet.tcp, packet.payload)
    handshakes, pieces = set(), dict[Way, Pieces]()
    for way, data, whole, unsure in streams.assembled():
        if (found := peer_wire.read(data)) is None or (unsure is not None and _is_quoted(found, unsure)):
            continue
        handshakes.add(Handshake(*way, found.infohash.hex(), found.peer_id.hex()))
        before = pieces.get(way, Pieces(0, 0, 0, partial=False))
        pieces[way] = Pieces(
            before.count + found.pieces,
            before.size + found.piece_bytes,
            before.begun + found.begun,
            before.partial or not (whole and found.sound),
        )
    return Facts(frozenset(handshakes), pieces, dict(nodes))


def _is_quoted(found: peer_wire.Spoken, other: bytes) -> bool:
    """Say whether a handshake stands in something else, where the beginning of its direction was not captured.

    Not if it is answered, for the same torrent or a hybrid's other half; but if what follows it, or what the other end
    says, is not the protocol's.
    """
    answer = peer_wire.read(other)
    if answer is not None and (found.infohash == answer.infohash or found.is_hybrid or answer.is_hybrid):
        return False
    is_refuted = not answer.sound if answer is not None else not peer_wire.may_speak(other)
    return is_refuted or not found.sound


def _datagram(way: Way, payload: bytes, nodes: dict[End, Node], whose: dict[tuple[frozenset[End], bytes], End]) -> None:
    """Take a datagram. What comes under an id that the other end used before is an echo, and nobody's word."""
    message = krpc.read(payload)
    if message is None:
        return
    sender, receiver = (way.src, way.sport), (way.dst, way.dport)
    source, target = nodes[sender], nodes[receiver]
    source.partners.add(receiver)
    target.partners.add(sender)
    if message.node is not None and whose.setdefault((frozenset({sender, receiver}), message.node), sender) != sender:
        return
    if message.kind == "q":
        source.queries_out[message.method] += 1
        target.queries_in[message.method] += 1
        if message.infohash is not None:
            named = {"announce_peer": source.announced, "get_peers": source.looked_up}.get(message.method, set())
            named.add(message.infohash.hex())
    elif message.kind == "r":
        source.replies_out += 1
        target.replies_in += 1
    else:
        source.errors_out += 1
        target.errors_in += 1
