"""Swarms whose members hide what they say to each other, and those in clear who name them: trackers and DHT nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench import bittorrent, krpc
from tests.bench.flows import evenly, in_trains, placed, tcp, udp
from tests.bench.frames import End
from tests.bench.pcapfile import Script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from tests.bench.applications import Noise

IN_CLEAR = {"flows": 5, "packets": 12}  # of one join: 4 packets with a tracker, 2 with each of the nodes
LEAST_OBFUSCATED = 16  # packets of a flow: set-up, six flights with their acknowledgements, close

_ASKED_NODES = 4
_ASKING = 3_000_000  # microseconds
_SWARMS = 100
_PEERS = 80  # in one swarm
# By a tracker, and by each node. So three endpoints in eight are met without having been named: learnt from peers.
_NAMED_BY_TRACKER, _NAMED_BY_NODE = 30, 10
_INBOUND = 0.15  # of the flows: the outsider connects
_TRACKER_PORT, _NODE_PORT, _LEAST_PEER_PORT = 6969, 6881, 10_000


class _Swarm(NamedTuple):
    infohash: bytes
    peers: list[End]


class Outside:
    """Outside hosts in their roles: one in a hundred is a tracker, one in four a DHT node, the rest are peers."""

    def __init__(self, rng: Random, noise: Noise, addresses: Sequence[int]) -> None:
        self._rng, self._noise = rng, noise
        trackers, nodes = max(1, len(addresses) // 100), len(addresses) // 4
        self._trackers = [End(ip, _TRACKER_PORT) for ip in addresses[:trackers]]
        self._nodes = [krpc.Node.at(End(ip, _NODE_PORT), rng) for ip in addresses[trackers : trackers + nodes]]
        peers = [End(ip, _LEAST_PEER_PORT + rng.randrange(50_000)) for ip in addresses[trackers + nodes :]]
        self._swarms = [_Swarm(rng.randbytes(20), rng.sample(peers, _PEERS)) for _ in range(_SWARMS)]

    def join(self, listening: End, lengths: Sequence[int], began: int, whole: int) -> Iterator[Script]:
        """Yield the flows of an inside host that joins one of the swarms at ``began``.

        It asks a tracker and DHT nodes in clear, then has obfuscated flows of ``lengths`` packets with peers.
        """
        rng = self._rng
        infohash, peers = rng.choice(self._swarms)
        talk = bittorrent.tracker(rng, infohash, listening.port, rng.sample(peers, _NAMED_BY_TRACKER))
        yield Script(began, evenly(rng, udp(rng, listening, rng.choice(self._trackers), talk, 4), 40_000))
        ours = krpc.Node.at(listening, rng)
        for node in rng.sample(self._nodes, _ASKED_NODES):
            talk = krpc.look_up(rng, ours, node, infohash, rng.sample(peers, _NAMED_BY_NODE))
            asked = began + rng.randrange(_ASKING - 1_000_000)
            yield Script(asked, evenly(rng, udp(rng, listening, node.end, talk, 2), 40_000))
        ports = rng.sample(range(32_768, 61_000), len(lengths))
        for port, packets in zip(ports, lengths, strict=True):
            peer = rng.choice(peers)
            ends = (End(listening.ip, port), peer) if rng.random() >= _INBOUND else (End(peer.ip, port), listening)
            talk = bittorrent.obfuscated(rng, self._noise, seeding=rng.random() < 0.2)
            start, gap = placed(rng, packets, whole, after=began + _ASKING)
            yield Script(start, in_trains(rng, tcp(rng, *ends, talk, packets), gap))
