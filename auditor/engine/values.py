"""The engine's plain values (see ``auditor_native.pyi``) become the domain's types."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from auditor.engine.asking import V4_MAPPED
from auditor.model.activity import Activity, DhtTarget, ToldAddress
from auditor.model.address import Inet4, Inet6
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
    from collections.abc import Callable, Sequence

    from auditor.model.watch import Delta
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
        _PortMapping,
        _Sighting,
        _SslTorrent,
        _Stamp,
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

_CONFIDENCES = {confidence.label: confidence for confidence in Confidence}


@lru_cache(maxsize=1 << 14)
def _shared(digest: bytes) -> Infohash:
    """Return the same value for each of many flows of one torrent."""
    return Infohash(digest)


@lru_cache(maxsize=1 << 16)
def _address(packed: bytes) -> Address:
    return Inet4(packed[len(V4_MAPPED) :]) if packed.startswith(V4_MAPPED) else Inet6(packed)


def sighting(raw: _Sighting, vantages: Sequence[str]) -> Sighting:
    """Return what was seen in one run; a vantage point is named by its place among ``vantages``."""
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


def delta(raw: _News, vantages: Sequence[str]) -> Delta:
    """Return what is new in a watch."""
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
        told = str(Inet4(server)) if raw["kind"] == "dhcp" else server.hex(":")
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
