from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypedDict, final

__all__ = ["CONTRACT", "Watch", "detectors", "record", "sight", "sight_interface", "transmit"]

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

@final
class Watch:
    @staticmethod
    def live(taps: Sequence[_Tap], setup: _Setup) -> Watch: ...
    @staticmethod
    def replay(captures: Sequence[_Source], setup: _Setup, pace: _Pace) -> Watch: ...
    def drain(self, wait: float) -> _News: ...
    def counters(self) -> _Counters: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...

def transmit(
    paths: Sequence[str],
    interface: str,
    tempo: _Tempo,
    tell: Callable[[int, int], None] | None,
) -> _Sent: ...

class _Tempo(TypedDict):
    speed: float | None
    rate: float | None
    loops: int

class _Sent(TypedDict):
    frames: int
    bytes: int
    too_long: int
    not_whole: int

class _Tap(TypedDict):
    interface: str
    vantage: int
    snap_length: int
    promiscuous: bool
    ring_bytes: int
    block_bytes: int
    filter: Sequence[tuple[int, int, int, int]]
    hardware_stamps: bool

class _Pace(TypedDict):
    speed: float | None
    loops: int
    gap: float

class _News(TypedDict):
    flows: list[tuple[int, _Flow, bool]]
    activities: list[tuple[int, _Activity, bool]]
    withdrawn_flows: list[int]
    withdrawn_activities: list[int]
    torrents: list[_Torrent]
    bindings: list[_Binding]
    leases: list[_Lease]
    slices: list[_Slice]
    limits: dict[str, int]
    totals: dict[str, int]
    anomalies: dict[str, int]
    seen_until: int | None
    is_over: bool

class _Slice(TypedDict):
    frame: tuple[int, int]
    time: int
    link: int
    wire_len: int
    data: bytes

class _Interface(TypedDict):
    name: str
    is_open: bool
    frames: int
    bytes: int
    lost: int
    discarded: dict[str, int]
    openings: int
    last_frame: int | None
    error: str | None

class _Counters(TypedDict):
    interfaces: list[_Interface]
    tables: dict[str, tuple[int, int]]
    handed_on: int
    workers: int

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
    known: Sequence[bytes]

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

# What there may be many of comes as rows: tuples, their values in the order of the fields of the type in auditor.model.

_Counts: TypeAlias = tuple[int, int]  # of orig and of resp
_Frames: TypeAlias = tuple[tuple[int, int], ...]
_Minutes: TypeAlias = tuple[tuple[int, int, int], ...]
_Tunnel: TypeAlias = tuple[str, int]
_End: TypeAlias = Literal["orig", "resp"]

_Endpoint: TypeAlias = tuple[bytes, int, bytes | None]
_Handshake: TypeAlias = tuple[bytes, bytes | None, bytes]
_Extended: TypeAlias = tuple[
    bytes | None,  # client
    int | None,  # port
    bytes | None,  # ipv4
    bytes | None,  # ipv6
    int | None,  # metadata_size
    bool | None,  # upload_only
    bool | None,  # prefers_encryption
    dict[str, int],
]
_Claim: TypeAlias = tuple[str, int | None, int | None, int | None]
_Answer: TypeAlias = tuple[int | None, int | None, int | None, int, bool]
_TrackerAnnounce: TypeAlias = tuple[bytes, bytes, int | None, _Claim, _Claim, bool, bool, _Answer | None, str | None]
_TrackerScrape: TypeAlias = tuple[tuple[bytes, ...], bool, str | None]
_TorrentFile: TypeAlias = tuple[bytes | None, bytes | None, bytes, bool]
_Magnet: TypeAlias = tuple[bytes | None, bytes | None, str]
_WebSeed: TypeAlias = tuple[bytes, int]
_ExternalAddress: TypeAlias = tuple[bytes, int | None, str]
_AllowedFast: TypeAlias = tuple[bytes, tuple[int, ...]]
_LocalAnnounce: TypeAlias = tuple[bytes, int]
_PortMapping: TypeAlias = tuple[str, tuple[bytes, int] | None, int, int, str | None, bool]
_SslTorrent: TypeAlias = tuple[bytes, bool]
_Fact: TypeAlias = (
    tuple[Literal["handshake"], _Handshake]
    | tuple[Literal["messages"], tuple[int, int, dict[str, int], bool]]
    | tuple[Literal["extended"], _Extended]
    | tuple[Literal["pex"], tuple[int, int]]
    | tuple[Literal["metadata", "datagrams"], tuple[int, int, int]]
    | tuple[Literal["utp"], tuple[bool, int, int]]
    | tuple[Literal["encrypted"], tuple[tuple[int, ...], str | None]]
    | tuple[Literal["tracker_announce"], _TrackerAnnounce]
    | tuple[Literal["tracker_scrape"], _TrackerScrape]
    | tuple[Literal["torrent_file"], _TorrentFile]
    | tuple[Literal["magnet"], _Magnet]
    | tuple[Literal["web_seed"], _WebSeed]
    | tuple[Literal["external_address"], _ExternalAddress]
    | tuple[Literal["allowed_fast"], _AllowedFast]
    | tuple[Literal["local_announce"], _LocalAnnounce]
    | tuple[Literal["port_mapping"], _PortMapping]
    | tuple[Literal["gateway_search"], tuple[str]]
    | tuple[Literal["name"], tuple[str, str, str, bool]]
    | tuple[Literal["ssl_torrent"], _SslTorrent]
)
_Observation: TypeAlias = tuple[str, str, _End, int, int, int, _Frames, _Fact, int]
_Tally: TypeAlias = tuple[int, int]
_Verified: TypeAlias = tuple[int, _End, int, _Tally, _Tally, _Tally, _Tally, tuple[tuple[int, int], ...]]
_Inferred: TypeAlias = tuple[bytes, tuple[str, ...], int, int]
_Grade: TypeAlias = Literal["attributed", "single-source", "host-level"]
_Tie: TypeAlias = tuple[_End, bool, _Grade, str, bool, int, tuple[_Inferred, ...]]
_Flow: TypeAlias = tuple[
    int,  # the vantage point's number
    Literal["tcp", "udp"],
    _Endpoint,
    _Endpoint,
    tuple[int, ...],  # VLAN tags
    _Tunnel | None,
    int,  # first
    int,  # last
    _Counts,  # packets
    _Counts,  # bytes
    _Counts,  # missing
    _Minutes,
    tuple[_Observation, ...],
    tuple[_Verified, ...],
    tuple[_Tie, ...],
]

_Target: TypeAlias = tuple[bytes, int, int, int, int, int, bool, _Frames]
_Told: TypeAlias = tuple[bytes, int | None, int, int, int, _Frames]
_Activity: TypeAlias = tuple[
    int,  # the vantage point's number
    _Endpoint,
    tuple[int, ...],  # VLAN tags
    _Tunnel | None,
    int,  # first
    int,  # last
    int,  # nodes
    dict[str, int],  # queries received
    dict[str, int],  # queries sent
    int,  # replies received
    int,  # replies sent
    int,  # errors received
    int,  # errors sent
    tuple[_Target, ...],  # announced
    tuple[_Target, ...],  # looked up
    tuple[bytes, ...],  # node ids
    tuple[bytes, ...],  # clients
    bool,  # read-only
    tuple[_Told, ...],
    _Minutes,
    _Frames,
]

class _Torrent(TypedDict):
    v1: bytes | None
    v2: bytes | None
    info: bytes

class _Site(TypedDict):
    vantage: int
    vlan: list[int]
    tunnel: tuple[str, int] | None

_Stamp: TypeAlias = tuple[int, tuple[int, int]]

class _Binding(TypedDict):
    site: _Site
    ip: bytes
    mac: bytes
    kind: Literal["dhcp", "dhcp6", "arp", "ndp"]
    first: _Stamp
    last: _Stamp
    count: int
    announced: list[_Stamp]
    shared: bool

class _Lease(TypedDict):
    site: _Site
    at: _Stamp
    event: Literal["named", "granted", "released", "declined"]
    kind: Literal["dhcp", "dhcp6"]
    ip: bytes | None
    mac: bytes | None
    duid: bytes
    host: bytes
    seconds: int | None
    server: bytes
    renewed: bool
    relayed: bool

class _Sighting(TypedDict):
    captures: list[_Capture]
    flows: Iterator[_Flow]
    activities: Iterator[_Activity]
    torrents: list[_Torrent]
    bindings: list[_Binding]
    leases: list[_Lease]
    limits: dict[str, int]
    totals: dict[str, int]
