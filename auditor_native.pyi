from collections.abc import Callable, Sequence
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

class _Endpoint(TypedDict):
    ip: bytes
    port: int
    mac: bytes | None

class _Handshake(TypedDict):
    kind: Literal["handshake"]
    infohash: bytes
    peer_id: bytes | None
    reserved: bytes

class _Messages(TypedDict):
    kind: Literal["messages"]
    pieces: int
    piece_bytes: int
    counts: dict[str, int]
    partial: bool

class _Datagrams(TypedDict):
    kind: Literal["datagrams"]
    queries: int
    replies: int
    errors: int

class _Extended(TypedDict):
    kind: Literal["extended"]
    client: bytes | None
    port: int | None
    ipv4: bytes | None
    ipv6: bytes | None
    metadata_size: int | None
    upload_only: bool | None
    prefers_encryption: bool | None
    messages: dict[str, int]

class _Pex(TypedDict):
    kind: Literal["pex"]
    added: int
    dropped: int

class _Metadata(TypedDict):
    kind: Literal["metadata"]
    requests: int
    blocks: int
    rejects: int

class _Utp(TypedDict):
    kind: Literal["utp"]
    began: bool
    bytes: int
    lost: int

class _Encrypted(TypedDict):
    kind: Literal["encrypted"]
    flights: list[int]
    signature: str | None

_Claim: TypeAlias = tuple[str, int | None, int | None, int | None]
_Answer: TypeAlias = tuple[int | None, int | None, int | None, int, bool]

class _TrackerAnnounce(TypedDict):
    kind: Literal["tracker_announce"]
    infohash: bytes
    peer_id: bytes
    port: int | None
    first: _Claim
    last: _Claim
    completed: bool
    credentials: bool
    answer: _Answer | None
    host: str | None

class _TrackerScrape(TypedDict):
    kind: Literal["tracker_scrape"]
    infohashes: list[bytes]
    answered: bool
    host: str | None

class _TorrentFile(TypedDict):
    kind: Literal["torrent_file"]
    v1: bytes | None
    v2: bytes | None
    name: bytes
    private: bool

class _Magnet(TypedDict):
    kind: Literal["magnet"]
    v1: bytes | None
    v2: bytes | None
    place: str

class _WebSeed(TypedDict):
    kind: Literal["web_seed"]
    infohash: bytes
    bytes: int

class _ExternalAddress(TypedDict):
    kind: Literal["external_address"]
    ip: bytes
    port: int | None
    told_by: str

class _AllowedFast(TypedDict):
    kind: Literal["allowed_fast"]
    infohash: bytes
    indexes: list[int]

class _LocalAnnounce(TypedDict):
    kind: Literal["local_announce"]
    infohash: bytes
    port: int

class _PortMapping(TypedDict):
    kind: Literal["port_mapping"]
    protocol: str
    internal: tuple[bytes, int] | None
    external_port: int
    lifetime: int
    client: str | None
    granted: bool

class _GatewaySearch(TypedDict):
    kind: Literal["gateway_search"]
    client: str

class _Name(TypedDict):
    kind: Literal["name"]
    name: str
    what: str
    over: str
    answered: bool

class _SslTorrent(TypedDict):
    kind: Literal["ssl_torrent"]
    infohash: bytes
    answered: bool

_Fact: TypeAlias = (
    _Handshake
    | _Messages
    | _Datagrams
    | _Extended
    | _Pex
    | _Metadata
    | _Utp
    | _Encrypted
    | _TrackerAnnounce
    | _TrackerScrape
    | _TorrentFile
    | _Magnet
    | _WebSeed
    | _ExternalAddress
    | _AllowedFast
    | _LocalAnnounce
    | _PortMapping
    | _GatewaySearch
    | _Name
    | _SslTorrent
)

class _Observation(TypedDict):
    detector: str
    confidence: str
    end: Literal["orig", "resp"]
    stream: int
    first: int
    last: int
    count: int
    frames: list[tuple[int, int]]
    fact: _Fact

_Tally: TypeAlias = tuple[int, int]

class _Verified(TypedDict):
    stream: int
    end: Literal["orig", "resp"]
    torrent: int
    verified: _Tally
    wrong: _Tally
    incomplete: _Tally
    unknown: _Tally
    files: list[tuple[int, int]]

class _Torrent(TypedDict):
    v1: bytes | None
    v2: bytes | None
    info: bytes

class _Tie(TypedDict):
    end: Literal["orig", "resp"]
    is_outgoing: bool
    grade: Literal["attributed", "single-source", "host-level"]
    confidence: str
    is_retry: bool
    rules: int
    infohashes: list[tuple[bytes, list[str], int, int]]

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
    verified: list[_Verified]
    ties: list[_Tie]

class _Target(TypedDict):
    infohash: bytes
    first: int
    last: int
    queries: int
    nodes: int
    answered: int
    near_own_id: bool
    frames: list[tuple[int, int]]

class _Told(TypedDict):
    ip: bytes
    port: int | None
    tellers: int
    first: int
    last: int
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
    told: list[_Told]
    minutes: list[tuple[int, int, int]]
    frames: list[tuple[int, int]]

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
    flows: list[_Flow]
    activities: list[_Activity]
    torrents: list[_Torrent]
    bindings: list[_Binding]
    leases: list[_Lease]
    limits: dict[str, int]
    totals: dict[str, int]
