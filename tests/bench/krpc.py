"""What DHT nodes say to each other: KRPC queries, replies and errors (BEP 5; ``ip`` in replies: BEP 42)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.bench.applications import Talk
    from tests.bench.frames import End

_COMPACT_NODE = 26
_COMPACT_VALUE = 8  # bencoded: "6:" and address with port
_NODES = 8  # in one reply
_MOST_VALUES = 30  # in one reply
_VERSIONS = (b"1:v4:LT\x01\x02", b"1:v4:LT\x02\x0b", b"1:v4:UT\xb4\x9c", b"")

_ASKED_BY_US = 0.65  # of all queries
_ANSWERED = 0.75
_ERRORS = 0.01  # of answers
_ANNOUNCES = 0.3  # of the queries to a node that gave a token
_GET_PEERS, _FIND_NODE = 0.5, 0.3  # of the other queries; the rest are pings
_HAS_VALUES = 0.3  # of the replies to get_peers


@dataclass(frozen=True, slots=True)
class Node:
    """One member of the DHT: where it is, its id, and how it signs its messages (bencoded, may be empty)."""

    end: End
    node_id: bytes
    version: bytes

    @classmethod
    def at(cls, end: End, rng: Random) -> Node:
        """Return a node at ``end`` with a random id and one of the common clients."""
        return cls(end, rng.randbytes(20), rng.choice(_VERSIONS))

    @property
    def compact(self) -> bytes:
        """Address and port: 6 bytes, as in ``values``."""
        return struct.pack("!IH", *self.end)


class Population:
    """The nodes and torrents that replies name."""

    def __init__(self, rng: Random, outside: Sequence[Node], torrents: int) -> None:
        self.infohashes = [rng.randbytes(20) for _ in range(torrents)]
        self._nodes = b"".join(node.node_id + node.compact for node in outside)
        self._values = b"".join(b"6:" + node.compact for node in outside)
        self._most = len(outside) - _MOST_VALUES
        if self._most < 1:
            raise ValueError(f"replies name up to {_MOST_VALUES} nodes; {len(outside)} are too few")

    def nodes(self, rng: Random) -> bytes:
        """Return the ``nodes`` entry of a reply."""
        at = rng.randrange(self._most) * _COMPACT_NODE
        return b"5:nodes208:" + self._nodes[at : at + _COMPACT_NODE * _NODES]

    def values(self, rng: Random) -> bytes:
        """Return the ``values`` entry of a reply."""
        at = rng.randrange(self._most) * _COMPACT_VALUE
        return b"6:valuesl" + self._values[at : at + _COMPACT_VALUE * rng.randrange(1, _MOST_VALUES + 1)] + b"e"


def conversation(rng: Random, population: Population, inside: Node, outside: Node, wanted: Sequence[bytes]) -> Talk:
    """Queries and replies between two nodes, without end; ``inside`` is the talk's client.

    The inside node looks up and announces the torrents of ``wanted``, the outside node any.
    """
    granted: tuple[bytes, bytes] | None = None  # the torrent and the token with which it may be announced
    while True:
        ours = rng.random() < _ASKED_BY_US
        asker, teller = (inside, outside) if ours else (outside, inside)
        tid = b"1:t2:" + rng.randbytes(2)
        draw = rng.random()
        answer, offer = b"", None
        if ours and granted and rng.random() < _ANNOUNCES:
            infohash, token = granted
            granted = None
            arguments = b"12:implied_porti1e9:info_hash20:%b4:porti%de5:token8:%b" % (infohash, asker.end.port, token)
            method = b"13:announce_peer"
        elif draw < _GET_PEERS:
            offer = rng.choice(wanted if ours else population.infohashes), rng.randbytes(8)
            method, arguments = b"9:get_peers", b"9:info_hash20:" + offer[0]
            answer = population.nodes(rng) + b"5:token8:" + offer[1]
            answer += population.values(rng) if rng.random() < _HAS_VALUES else b""
        elif draw < _GET_PEERS + _FIND_NODE:
            method, arguments = b"9:find_node", b"6:target20:" + rng.randbytes(20)
            answer = population.nodes(rng)
        else:
            method, arguments = b"4:ping", b""
        yield ours, _query(asker, method, arguments, tid)
        draw = rng.random()
        if draw < _ERRORS:
            yield not ours, b"d1:eli203e14:Protocol Errore" + tid + teller.version + b"1:y1:ee"
        elif draw < _ANSWERED:
            yield not ours, _reply(teller, asker, answer, tid)
            granted = offer if ours and offer else granted


def look_up(rng: Random, asker: Node, teller: Node, infohash: bytes, peers: Sequence[End]) -> Talk:
    """Ask one node for the peers of one torrent, and be told these, again and again."""
    values = b"5:token8:" + rng.randbytes(8) + b"6:valuesl"
    values += b"".join(b"6:" + struct.pack("!IH", *peer) for peer in peers) + b"e"
    while True:
        tid = b"1:t2:" + rng.randbytes(2)
        yield True, _query(asker, b"9:get_peers", b"9:info_hash20:" + infohash, tid)
        yield False, _reply(teller, asker, values, tid)


def _query(asker: Node, method: bytes, arguments: bytes, tid: bytes) -> bytes:
    return b"d1:ad2:id20:" + asker.node_id + arguments + b"e1:q" + method + tid + asker.version + b"1:y1:qe"


def _reply(teller: Node, asker: Node, answer: bytes, tid: bytes) -> bytes:
    seen = b"2:ip6:" + asker.compact if teller.version.startswith(b"1:v4:LT") else b""
    return b"d" + seen + b"1:rd2:id20:" + teller.node_id + answer + b"e" + tid + teller.version + b"1:y1:re"
