"""A host's talk with the mainline DHT, folded over all the nodes it spoke with (BEP 5)."""

from collections.abc import Mapping
from typing import NamedTuple

from auditor.model.flow import Address, Endpoint, FrameRef, Minute, Tunnel
from auditor.model.infohash import Infohash


class DhtTarget(NamedTuple):
    """What a host did about one infohash in the DHT."""

    infohash: Infohash
    first: int
    last: int
    queries: int
    nodes: int
    """Distinct nodes asked or told."""
    answered: int
    """Queries that a node answered."""
    near_own_id: bool
    """The infohash shares a long prefix with the host's node id, as a routing-table refresh does."""
    frames: tuple[FrameRef, ...]


class ToldAddress(NamedTuple):
    """An address that nodes told a host to have, as seen from where they are (BEP 42): their word."""

    ip: Address
    port: int | None
    tellers: int
    """Distinct nodes that said so, counted up to a bound."""
    first: int
    last: int
    frames: tuple[FrameRef, ...]


class Activity(NamedTuple):
    """One host and port in the DHT from first to last sight."""

    vantage: str
    endpoint: Endpoint
    vlan: tuple[int, ...]
    tunnel: Tunnel | None
    first: int
    last: int
    nodes: int
    """Distinct remote addresses and ports."""
    queries_in: Mapping[str, int]
    queries_out: Mapping[str, int]
    replies_in: int
    replies_out: int
    errors_in: int
    errors_out: int
    announced: tuple[DhtTarget, ...]
    """By ``announce_peer`` queries that the host sent."""
    looked_up: tuple[DhtTarget, ...]
    """By ``get_peers`` queries that the host sent."""
    node_ids: tuple[bytes, ...]
    clients: tuple[bytes, ...]
    """The ``v`` values that the host sent."""
    read_only: bool
    """The host marked its queries ``ro`` (BEP 43)."""
    told: tuple[ToldAddress, ...]
    """The public addresses that nodes told the host to have."""
    minutes: tuple[Minute, ...]
    """Payload bytes a minute: ``orig`` is the host, ``resp`` all the nodes."""
    frames: tuple[FrameRef, ...]
