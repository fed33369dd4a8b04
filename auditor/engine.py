"""The one door to the compiled engine: captures in, a :class:`~auditor.model.capture.Sighting` out.

The engine hands over plain values (see ``auditor_native.pyi``); here they become the domain's types. Nothing else
imports ``auditor_native``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

try:
    import auditor_native
except ImportError as missing:
    raise ImportError("the compiled engine is missing; build it: pip install -e .") from missing

from auditor.model.activity import Activity, DhtTarget, ToldAddress
from auditor.model.binding import Binding, Lease, Seen
from auditor.model.capture import CaptureInfo, Sighting
from auditor.model.fact import (
    AllowedFast,
    Claim,
    Datagrams,
    Encrypted,
    Extended,
    ExternalAddress,
    Fact,
    GatewaySearch,
    Handshake,
    LocalAnnounce,
    Magnet,
    Messages,
    Metadata,
    Name,
    Pex,
    PortMapping,
    SslTorrent,
    TorrentFile,
    TrackerAnnounce,
    TrackerAnswer,
    TrackerScrape,
    Utp,
    WebSeed,
)
from auditor.model.flow import (
    Address,
    Endpoint,
    Flow,
    Inferred,
    Observation,
    Tally,
    Tie,
    Tunnel,
    Verified,
)
from auditor.model.infohash import Infohash
from auditor.model.scale import Confidence
from auditor.model.text import harmless
from auditor.model.torrent import SeenTorrent

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from auditor.model.watch import Delta, WatchCounters
    from auditor_native import (
        _Activity,
        _AllowedFast,
        _Binding,
        _Capture,
        _Endpoint,
        _Extended,
        _ExternalAddress,
        _Flow,
        _Handshake,
        _Lease,
        _LocalAnnounce,
        _Magnet,
        _News,
        _Observation,
        _Pace,
        _PortMapping,
        _RecordSetup,
        _Setup,
        _Sighting,
        _Source,
        _SslTorrent,
        _Stamp,
        _Tap,
        _Target,
        _Tie,
        _Told,
        _Torrent,
        _TorrentFile,
        _TrackerAnnounce,
        _TrackerScrape,
        _Tunnel,
        _Verified,
        _WebSeed,
    )

CONTRACT = 15
"""The form of the engine's values that this module reads."""

if auditor_native.CONTRACT != CONTRACT:
    raise ImportError(
        f"the compiled engine speaks contract {auditor_native.CONTRACT}, this auditor {CONTRACT}; "
        "rebuild it: pip install -e ."
    )

Network = IPv4Network | IPv6Network
Tell = Callable[["Progress"], None]

V4_MAPPED = bytes(10) + b"\xff\xff"
V4_MAPPED_BITS = 8 * len(V4_MAPPED)
_CONFIDENCES = {confidence.label: confidence for confidence in Confidence}


class CapturePath(NamedTuple):
    """A capture to read: a path, or ``-`` for standard input; or a descriptor that stands for that path."""

    path: str
    vantage: str
    fd: int | None = None


class Progress(NamedTuple):
    """How far a run has come."""

    bytes_read: int
    bytes_total: int | None
    packets: int


class Options(NamedTuple):
    """How to look."""

    inside: tuple[Network, ...]
    """Our own networks, inside and egress: whose DHT activities are folded, and whose encrypted flows are tied."""
    jobs: int = 0
    """Cores to use; 0 for all."""
    digest: bool = True
    """Compute each capture's SHA-256."""
    dht_flows: bool = False
    """Return flows that carry nothing but DHT too."""
    vlan_in_key: bool = True
    """Whether VLAN tags part flows of the same ends."""
    known: tuple[bytes, ...] = ()
    """Info dicts of torrents that are known beforehand, to verify pieces by."""


class Recording(NamedTuple):
    """What was recorded."""

    paths: tuple[Path, ...]
    """The files, oldest first."""
    packets: int
    bytes: int
    dropped: int
    """Frames that the kernel had no room for."""
    error: str | None
    """Why it ended before its time."""


class Tap(NamedTuple):
    """One interface to capture."""

    interface: str
    snap_length: int = 262_144
    ring_bytes: int = 64 << 20
    """Of each worker's ring: what may wait while a worker is busy."""
    block_bytes: int = 1 << 18
    """Of a block of it; no longer frame is captured whole."""
    promiscuous: bool = True
    filter: tuple[tuple[int, int, int, int], ...] = ()
    """A program for the kernel's packet machine: code, two skips, number of each instruction. Empty: everything."""
    timestamps: Literal["software", "hardware"] = "software"
    """Who stamps the frames: the kernel, or the card."""
    vantage: str | None = None
    """Interfaces of one vantage point are read as one: a tap that gives each direction on one of its own. All those
    without a name are of one."""


class Watch:
    """Frames through the engine until the source ends or somebody stops it. Close it, or use it in a ``with``.

    ``stop`` and ``counters`` may be called from any thread.
    """

    def __init__(self, native: auditor_native.Watch, vantages: tuple[str, ...]) -> None:
        self._native = native
        self.vantages = vantages
        """Names of the vantage points."""

    @classmethod
    def live(cls, taps: Sequence[Tap], options: Options, *, workers: int = 0) -> Self:
        """Watch interfaces. One that is missing or down is tried again every second, and told of in the counters.

        ``workers`` is how many cores to use; 0 for all. It changes nothing in what is seen.

        Raises:
            OSError: without the right to capture.
            ValueError: for a filter that the kernel would refuse.
        """
        unnamed = "+".join(tap.interface for tap in taps if tap.vantage is None)
        names = [unnamed if tap.vantage is None else tap.vantage for tap in taps]
        vantages = tuple(sorted(set(names)))
        raw: list[_Tap] = [
            {
                "interface": tap.interface,
                "vantage": vantages.index(name),
                "snap_length": tap.snap_length,
                "promiscuous": tap.promiscuous,
                "ring_bytes": tap.ring_bytes,
                "block_bytes": tap.block_bytes,
                "filter": tap.filter,
                "hardware_stamps": tap.timestamps == "hardware",
            }
            for tap, name in zip(taps, names, strict=True)
        ]
        return cls(auditor_native.Watch.live(raw, _setup(options) | {"jobs": workers}), vantages)

    @classmethod
    def replay(
        cls,
        captures: Sequence[CapturePath],
        options: Options,
        *,
        speed: float | None = 1.0,
        loops: int = 1,
        gap: float = 1.0,
    ) -> Self:
        """Play captures, so many times as fast as they were taken; with ``None`` as fast as they can be read.

        Frames keep their times. With several loops, each comes ``gap`` seconds of its frames' time after the last.
        """
        vantages = tuple(sorted({capture.vantage for capture in captures}))
        pace: _Pace = {"speed": speed, "loops": loops, "gap": gap}
        return cls(auditor_native.Watch.replay(_sources(captures, vantages), _setup(options), pace), vantages)

    def drain(self, wait: float) -> Delta:
        """Take what is new: as soon as there is something, but after ``wait`` seconds at the latest."""
        return _delta(self._native.drain(wait), self.vantages)

    def counters(self) -> WatchCounters:
        """Look at what came by so far."""
        from auditor.model.watch import InterfaceCounters, Table, WatchCounters  # noqa: PLC0415 - start-up of an audit

        raw = self._native.counters()
        return WatchCounters(
            interfaces=tuple(InterfaceCounters(**interface) for interface in raw["interfaces"]),
            tables={name: Table(*table) for name, table in raw["tables"].items()},
            handed_on=raw["handed_on"],
            workers=raw["workers"],
        )

    def stop(self) -> None:
        """End watching: the next drains hand over the rest, the last of them with ``is_over``."""
        self._native.stop()

    def close(self) -> None:
        """End watching at once; what was not drained is gone."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sight(captures: Sequence[CapturePath], options: Options, tell: Tell | None = None) -> Sighting:
    """Read captures and return what was seen in them.

    ``tell`` is called about ten times a second. A capture that cannot be read is in the result, with its error.

    Raises:
        KeyboardInterrupt: when the user interrupts.
    """
    vantages = sorted({capture.vantage for capture in captures})
    return _sighting(auditor_native.sight(_sources(captures, vantages), _setup(options), _teller(tell)), vantages)


def sight_interface(interface: str, seconds: float, options: Options, tell: Tell | None = None) -> Sighting:
    """Listen on an interface for so many seconds and return what was seen.

    Raises:
        OSError: if there is no such interface, it is down, or may not be listened on.
        KeyboardInterrupt: when the user interrupts.
    """
    return _sighting(auditor_native.sight_interface(interface, seconds, _setup(options), _teller(tell)), (interface,))


def record(
    interface: str,
    directory: Path,
    *,
    snap_length: int,
    rotate_bytes: int | None = None,
    rotate_seconds: float | None = None,
    seconds: float | None = None,
    tell: Tell | None = None,
) -> Recording:
    """Record an interface into pcapng files for so many seconds, or until the user interrupts.

    Raises:
        OSError: if the interface cannot be listened on or goes away, or the disk is full.
    """
    setup: _RecordSetup = {
        "directory": directory,
        "snap_length": snap_length,
        "rotate_bytes": rotate_bytes,
        "rotate_seconds": rotate_seconds,
        "seconds": seconds,
    }
    raw = auditor_native.record(interface, setup, _teller(tell))
    return Recording(tuple(raw["paths"]), raw["packets"], raw["bytes"], raw["dropped"], raw["error"])


class Sent(NamedTuple):
    """What was played onto an interface."""

    frames: int
    bytes: int
    too_long: int
    """Frames that were left out: the interface takes none so long."""
    not_whole: int
    """Frames that were left out: not Ethernet's, or captured in part."""


def transmit(
    captures: Sequence[str],
    interface: str,
    *,
    speed: float | None = 1.0,
    rate: float | None = None,
    loops: int = 1,
    tell: Callable[[int, int], None] | None = None,
) -> Sent:
    """Play captures onto an interface, so many times as fast as they were taken; with ``None`` as fast as it goes.

    ``rate`` sends so many frames a second instead. ``tell`` is called about ten times a second with the frames and
    bytes sent so far.

    Raises:
        OSError: if there is no such interface, it is down or goes away, or nothing may be sent there.
        KeyboardInterrupt: when the user interrupts.
    """
    return Sent(**auditor_native.transmit(captures, interface, {"speed": speed, "rate": rate, "loops": loops}, tell))


def _sources(captures: Sequence[CapturePath], vantages: Sequence[str]) -> list[_Source]:
    return [
        {"path": capture.path, "fd": capture.fd, "vantage": vantages.index(capture.vantage)} for capture in captures
    ]


def _setup(options: Options) -> _Setup:
    return {
        "ours": [_prefix(network) for network in options.inside],
        "jobs": options.jobs,
        "digest": options.digest,
        "dht_flows": options.dht_flows,
        "vlan_in_key": options.vlan_in_key,
        "known": options.known,
    }


def _teller(tell: Tell | None) -> Callable[[int, int | None, int], None] | None:
    if tell is None:
        return None
    return lambda read, total, packets: tell(Progress(read, total, packets))


def _prefix(network: Network) -> tuple[bytes, int]:
    if isinstance(network, IPv4Network):
        return V4_MAPPED + network.network_address.packed, V4_MAPPED_BITS + network.prefixlen
    return network.network_address.packed, network.prefixlen


@lru_cache(maxsize=1 << 14)
def _shared(digest: bytes) -> Infohash:
    """Return the same value for each of many flows of one torrent."""
    return Infohash(digest)


@lru_cache(maxsize=1 << 16)
def _address(packed: bytes) -> Address:
    return IPv4Address(packed[len(V4_MAPPED) :]) if packed.startswith(V4_MAPPED) else IPv6Address(packed)


def _sighting(raw: _Sighting, vantages: Sequence[str]) -> Sighting:
    return Sighting(
        captures=tuple(_capture(capture, vantages) for capture in raw["captures"]),
        flows=tuple(_flow(flow, vantages) for flow in raw["flows"]),
        activities=tuple(_activity(activity, vantages) for activity in raw["activities"]),
        limits_hit=raw["limits"],
        totals=raw["totals"],
        torrents=tuple(map(_torrent, raw["torrents"])),
        bindings=tuple(_binding(binding, vantages) for binding in raw["bindings"]),
        leases=tuple(_lease(lease, vantages) for lease in raw["leases"]),
    )


def _delta(raw: _News, vantages: Sequence[str]) -> Delta:
    from auditor.model.watch import ActivitySeen, Delta, FlowSeen, Slice  # noqa: PLC0415 - start-up of an audit

    return Delta(
        flows=tuple(FlowSeen(number, _flow(flow, vantages), is_over) for number, flow, is_over in raw["flows"]),
        activities=tuple(
            ActivitySeen(number, _activity(activity, vantages), is_over)
            for number, activity, is_over in raw["activities"]
        ),
        withdrawn_flows=tuple(raw["withdrawn_flows"]),
        withdrawn_activities=tuple(raw["withdrawn_activities"]),
        torrents=tuple(map(_torrent, raw["torrents"])),
        bindings=tuple(_binding(binding, vantages) for binding in raw["bindings"]),
        leases=tuple(_lease(lease, vantages) for lease in raw["leases"]),
        slices=tuple(Slice(**kept) for kept in raw["slices"]),
        limits_hit=raw["limits"],
        totals=raw["totals"],
        anomalies=raw["anomalies"],
        seen_until=raw["seen_until"],
        is_over=raw["is_over"],
    )


def _torrent(raw: _Torrent) -> SeenTorrent:
    return SeenTorrent(_infohash(raw["v1"]), _infohash(raw["v2"]), raw["info"])


def _capture(raw: _Capture, vantages: Sequence[str]) -> CaptureInfo:
    return CaptureInfo(
        path=raw["path"],
        sha256=raw["sha256"].hex() if raw["sha256"] is not None else None,
        vantage=vantages[raw["vantage"]],
        packets=raw["packets"],
        bytes=raw["bytes"],
        first=raw["first"],
        last=raw["last"],
        truncated=raw["truncated"],
        error=raw["error"],
        anomalies=raw["anomalies"],
    )


def _endpoint(raw: _Endpoint) -> Endpoint:
    ip, port, mac = raw
    return Endpoint(_address(ip), port, None if mac is None else _mac(mac))


@lru_cache(maxsize=1 << 14)
def _mac(raw: bytes) -> str:
    return raw.hex(":")


def _tunnel(raw: _Tunnel | None) -> Tunnel | None:
    return None if raw is None else Tunnel(*raw)


def _flow(raw: _Flow, vantages: Sequence[str]) -> Flow:
    vantage, transport, orig, resp, vlan, tunnel = raw[:6]
    observations, verified, ties = raw[12:]
    return Flow(
        vantages[vantage],
        transport,
        _endpoint(orig),
        _endpoint(resp),
        vlan,
        _tunnel(tunnel),
        *raw[6:12],  # From the first packet's time to the bytes a minute.
        tuple(map(_observation, observations)),
        tuple(map(_verified, verified)),
        tuple(map(_tie, ties)),
    )


def _observation(raw: _Observation) -> Observation:
    detector, confidence = raw[:2]
    fact, stream = raw[7:]
    return Observation(detector, _CONFIDENCES[confidence], *raw[2:7], _FACTS[fact[0]](fact[1]), stream)


def _verified(raw: _Verified) -> Verified:
    verified, wrong, incomplete, unknown, files = raw[3:]
    return Verified(*raw[:3], Tally(*verified), Tally(*wrong), Tally(*incomplete), Tally(*unknown), files)


def _tie(raw: _Tie) -> Tie:
    confidence, is_retry, rules, infohashes = raw[3:]
    inferred = tuple([Inferred(_shared(each[0]), *each[1:]) for each in infohashes])
    return Tie(*raw[:3], _CONFIDENCES[confidence], is_retry, rules, inferred)


def _handshake(raw: _Handshake) -> Handshake:
    infohash, peer_id, reserved = raw
    return Handshake(_shared(infohash), peer_id or b"", reserved)


def _extended(raw: _Extended) -> Extended:
    client, port, ipv4, ipv6 = raw[:4]
    own = None if ipv4 is None else _address(ipv4)
    return Extended(client, port, own, None if ipv6 is None else _address(ipv6), *raw[4:])


def _announce(raw: _TrackerAnnounce) -> TrackerAnnounce:
    first, last, completed, credentials, answer, host = raw[3:]
    answered = None if answer is None else TrackerAnswer(*answer)
    return TrackerAnnounce(
        _shared(raw[0]), *raw[1:3], Claim(*first), Claim(*last), completed, credentials, answered, host
    )


def _scrape(raw: _TrackerScrape) -> TrackerScrape:
    return TrackerScrape(tuple(map(_shared, raw[0])), *raw[1:])


def _torrent_file(raw: _TorrentFile) -> TorrentFile:
    return TorrentFile(_infohash(raw[0]), _infohash(raw[1]), *raw[2:])


def _magnet(raw: _Magnet) -> Magnet:
    return Magnet(_infohash(raw[0]), _infohash(raw[1]), raw[2])


def _web_seed(raw: _WebSeed) -> WebSeed:
    return WebSeed(_shared(raw[0]), raw[1])


def _external(raw: _ExternalAddress) -> ExternalAddress:
    return ExternalAddress(_address(raw[0]), *raw[1:])


def _allowed_fast(raw: _AllowedFast) -> AllowedFast:
    return AllowedFast(_shared(raw[0]), raw[1])


def _local_announce(raw: _LocalAnnounce) -> LocalAnnounce:
    return LocalAnnounce(_shared(raw[0]), raw[1])


def _mapping(raw: _PortMapping) -> PortMapping:
    internal = raw[1]
    return PortMapping(raw[0], None if internal is None else (_address(internal[0]), internal[1]), *raw[2:])


def _ssl_torrent(raw: _SslTorrent) -> SslTorrent:
    return SslTorrent(_shared(raw[0]), raw[1])


def _infohash(digest: bytes | None) -> Infohash | None:
    return None if digest is None else Infohash(digest)


_FACTS: dict[str, Callable[[Any], Fact]] = {
    "handshake": _handshake,
    "messages": Messages._make,
    "extended": _extended,
    "pex": Pex._make,
    "metadata": Metadata._make,
    "datagrams": Datagrams._make,
    "utp": Utp._make,
    "encrypted": Encrypted._make,
    "tracker_announce": _announce,
    "tracker_scrape": _scrape,
    "torrent_file": _torrent_file,
    "magnet": _magnet,
    "web_seed": _web_seed,
    "external_address": _external,
    "allowed_fast": _allowed_fast,
    "local_announce": _local_announce,
    "port_mapping": _mapping,
    "gateway_search": GatewaySearch._make,
    "name": Name._make,
    "ssl_torrent": _ssl_torrent,
}
"""How each kind of fact is made of the engine's values."""


def _activity(raw: _Activity, vantages: Sequence[str]) -> Activity:
    vantage, endpoint, vlan, tunnel = raw[:4]
    announced, looked_up = raw[13:15]
    told, minutes, frames = raw[18:]
    return Activity(
        vantages[vantage],
        _endpoint(endpoint),
        vlan,
        _tunnel(tunnel),
        *raw[4:13],  # From the first frame's time to the errors sent.
        tuple(map(_target, announced)),
        tuple(map(_target, looked_up)),
        *raw[15:18],  # Node ids, clients, and whether it is read-only.
        tuple(map(_told, told)),
        minutes,
        frames,
    )


def _told(raw: _Told) -> ToldAddress:
    return ToldAddress(_address(raw[0]), *raw[1:])


def _target(raw: _Target) -> DhtTarget:
    return DhtTarget(_shared(raw[0]), *raw[1:])


def _binding(raw: _Binding, vantages: Sequence[str]) -> Binding:
    site = raw["site"]
    return Binding(
        vantage=vantages[site["vantage"]],
        vlan=tuple(site["vlan"]),
        tunnel=Tunnel(*site["tunnel"]) if site["tunnel"] is not None else None,
        ip=_address(raw["ip"]),
        mac=raw["mac"].hex(":"),
        kind=raw["kind"],
        first=_seen(raw["first"]),
        last=_seen(raw["last"]),
        times=raw["count"],
        announced=tuple(map(_seen, raw["announced"])),
        shared=raw["shared"],
    )


def _lease(raw: _Lease, vantages: Sequence[str]) -> Lease:
    site, server = raw["site"], raw["server"]
    if server:
        told = str(IPv4Address(server)) if raw["kind"] == "dhcp" else server.hex(":")
    return Lease(
        vantage=vantages[site["vantage"]],
        vlan=tuple(site["vlan"]),
        tunnel=Tunnel(*site["tunnel"]) if site["tunnel"] is not None else None,
        at=_seen(raw["at"]),
        event=raw["event"],
        kind=raw["kind"],
        ip=_address(raw["ip"]) if raw["ip"] is not None else None,
        mac=raw["mac"].hex(":") if raw["mac"] is not None else None,
        duid=raw["duid"].hex(":") or None,
        host=harmless(raw["host"].decode("utf-8", "replace")) or None,
        seconds=raw["seconds"],
        server=told if server else None,
        renewed=raw["renewed"],
        relayed=raw["relayed"],
    )


def _seen(raw: _Stamp) -> Seen:
    return Seen(*raw)
