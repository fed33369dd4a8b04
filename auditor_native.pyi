from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, TypedDict

__all__ = ["CONTRACT", "detectors", "record", "sight", "sight_interface"]

CONTRACT: Final[int]

def detectors() -> list[str]: ...
def sight(
    captures: Sequence[_Source],
    setup: _Setup,
    tell: Callable[[int, int | None, int], None] | None,
) -> _Sighting: ...
def sight_interface(
    interface: str,
    seconds: float,
    setup: _Setup,
    tell: Callable[[int, int | None, int], None] | None,
) -> _Sighting: ...
def record(
    interface: str,
    setup: _RecordSetup,
    tell: Callable[[int, int | None, int], None] | None,
) -> _Recording: ...

class _Source(TypedDict):
    path: str
    fd: int | None
    vantage: int

class _Setup(TypedDict):
    ours: list[tuple[bytes, int]]
    jobs: int
    digest: bool
    dht_flows: bool
    vlan_in_key: bool

class _RecordSetup(TypedDict):
    directory: Path
    snap_length: int
    rotate_bytes: int | None
    rotate_seconds: float | None
    seconds: float | None

class _Recording(TypedDict):
    paths: list[Path]
    packets: int
    bytes: int
    dropped: int
    error: str | None

class _Capture(TypedDict):
    path: str
    vantage: int
    sha256: bytes | None
    packets: int
    bytes: int
    first: int | None
    last: int | None
    truncated: bool
    error: str | None
    anomalies: dict[str, int]

class _Endpoint(TypedDict):
    ip: bytes
    port: int
    mac: bytes | None

class _Handshake(TypedDict):
    infohash: bytes
    peer_id: bytes | None
    reserved: bytes

class _Messages(TypedDict):
    pieces: int
    piece_bytes: int
    counts: dict[str, int]
    partial: bool

class _Observation(TypedDict):
    detector: str
    confidence: str
    end: Literal["orig", "resp"]
    first: int
    last: int
    count: int
    frames: list[tuple[int, int]]
    handshake: _Handshake | None
    messages: _Messages | None
    datagrams: tuple[int, int, int] | None

class _Flow(TypedDict):
    vantage: int
    transport: Literal["tcp", "udp"]
    orig: _Endpoint
    resp: _Endpoint
    vlan: list[int]
    tunnel: tuple[str, int] | None
    first: int
    last: int
    packets: tuple[int, int]
    bytes: tuple[int, int]
    missing: tuple[int, int]
    minutes: list[tuple[int, int, int]]
    observations: list[_Observation]

class _Target(TypedDict):
    infohash: bytes
    first: int
    last: int
    queries: int
    nodes: int
    answered: int
    near_own_id: bool
    frames: list[tuple[int, int]]

class _Activity(TypedDict):
    vantage: int
    endpoint: _Endpoint
    vlan: list[int]
    tunnel: tuple[str, int] | None
    first: int
    last: int
    nodes: int
    queries_in: dict[str, int]
    queries_out: dict[str, int]
    replies_in: int
    replies_out: int
    errors_in: int
    errors_out: int
    announced: list[_Target]
    looked_up: list[_Target]
    node_ids: list[bytes]
    clients: list[bytes]
    read_only: bool
    minutes: list[tuple[int, int, int]]
    frames: list[tuple[int, int]]

class _Sighting(TypedDict):
    captures: list[_Capture]
    flows: list[_Flow]
    activities: list[_Activity]
    limits: dict[str, int]
    totals: dict[str, int]
