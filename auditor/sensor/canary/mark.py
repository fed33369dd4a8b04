"""What makes a canary known: its infohash and node ids, which nobody without the sensor's key can make.

::

    seconds since the epoch[5] role[1] nonce[4] HMAC-SHA256(key, the ten before)[:10]

They are twenty bytes as any infohash and no two runs have the same ones. A canary is left out of incidents, so nobody
may be able to pass for one: besides the mark, both ends must be the canary's documentation addresses (RFC 5737), and
the time be about the mark's own.
"""

from __future__ import annotations

import hmac
import secrets
from enum import IntEnum
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.fact import Handshake, names
from auditor.model.moment import HOUR, NANOSECONDS

if TYPE_CHECKING:
    from auditor.model.activity import Activity
    from auditor.model.flow import Flow

ASKING, ANSWERING = IPv4Address("192.0.2.250"), IPv4Address("192.0.2.251")
"""The two ends, of TEST-NET-1."""
ENDS = frozenset({ASKING, ANSWERING})
PEER_PORT, DHT_PORT = 6881, 6882
"""Where the answering end listens."""
FRESH = HOUR
"""How far a mark's time may be from the frames': clocks are set meanwhile, and captures played."""
KEY_BYTES = 32
_TIME_BYTES, _NONCE_BYTES, _MAC_BYTES = 5, 4, 10


class Role(IntEnum):
    """What a mark stands for."""

    INFOHASH = 1
    ASKING_NODE = 2
    ANSWERING_NODE = 3


class Canary(NamedTuple):
    """What one canary says on the wire."""

    infohash: bytes
    asking_node: bytes
    answering_node: bytes


class Marks:
    """Makes marks, and knows those that were made with the same key."""

    def __init__(self, key: bytes | None = None) -> None:
        """Other processes with the key of the sensor know them too; without one, this object alone does."""
        self._key = secrets.token_bytes(KEY_BYTES) if key is None else hmac.digest(key, b"auditor canary", "sha256")

    def make(self, now: int) -> Canary:
        """Make the marks of a canary that is sent at ``now``, in nanoseconds since the epoch."""
        return Canary(*(self._mark(role, now // NANOSECONDS) for role in Role))

    def _mark(self, role: Role, second: int) -> bytes:
        head = second.to_bytes(_TIME_BYTES, "big") + bytes([role]) + secrets.token_bytes(_NONCE_BYTES)
        return head + self._mac(head)

    def _mac(self, head: bytes) -> bytes:
        return hmac.digest(self._key, head, "sha256")[:_MAC_BYTES]

    def knows(self, mark: bytes, role: Role, at: int) -> bool:
        """Whether it is a mark of that role, made about then."""
        head, mac = mark[:-_MAC_BYTES], mark[-_MAC_BYTES:]
        if len(mark) != _TIME_BYTES + 1 + _NONCE_BYTES + _MAC_BYTES or head[_TIME_BYTES] != role:
            return False
        made = int.from_bytes(head[:_TIME_BYTES], "big") * NANOSECONDS
        return abs(made - at) <= FRESH and hmac.compare_digest(mac, self._mac(head))

    def is_flow(self, flow: Flow) -> bool:
        """Whether a flow is a canary's, and names nothing else."""
        if {flow.orig.ip, flow.resp.ip} != ENDS or flow.ties:
            return False
        named = [infohash for seen in flow.observations for infohash in names(seen.fact)]
        shook = any(isinstance(seen.fact, Handshake) for seen in flow.observations)
        return shook and all(self.knows(infohash.digest, Role.INFOHASH, flow.first) for infohash in named)

    def is_activity(self, activity: Activity) -> bool:
        """Whether a host's talk with the DHT is a canary's, and names nothing else."""
        if activity.endpoint.ip not in ENDS or not activity.node_ids:
            return False
        roles = (Role.ASKING_NODE, Role.ANSWERING_NODE)
        targets = (*activity.announced, *activity.looked_up)
        return all(any(self.knows(node, role, activity.last) for role in roles) for node in activity.node_ids) and all(
            self.knows(target.infohash.digest, Role.INFOHASH, activity.last) for target in targets
        )


def handshake(canary: Canary, sender: bytes) -> bytes:
    """Return a peer-wire handshake (BEP 3) with the DHT bit; ``sender`` are the last bytes of the peer id."""
    peer_id = b"-AU0000-" + sender.rjust(12, b"0")[:12]
    return b"\x13BitTorrent protocol" + bytes(7) + b"\x01" + canary.infohash + peer_id


def query(canary: Canary) -> bytes:
    """Return a ``get_peers`` query (BEP 5)."""
    head = b"d1:ad2:id20:" + canary.asking_node + b"9:info_hash20:" + canary.infohash
    return head + b"e1:q9:get_peers1:t2:au1:y1:qe"


def reply(canary: Canary) -> bytes:
    """Return the reply, which names nobody."""
    return b"d1:rd2:id20:" + canary.answering_node + b"5:nodes0:5:token4:aauue1:t2:au1:y1:re"
