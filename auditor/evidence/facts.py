"""Facts and activities as parts of records: what may stay, and what identifies somebody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from auditor.model import fact as facts
from auditor.model.infohash import Infohash
from auditor.model.moment import rfc3339
from auditor.model.text import harmless

if TYPE_CHECKING:
    from auditor.evidence.canonical import Json
    from auditor.model.activity import Activity, DhtTarget
    from auditor.model.fact import Fact

_NOBODY: frozenset[str] = frozenset()
IDENTIFYING: dict[type[Any], frozenset[str]] = {
    facts.Handshake: frozenset({"peer_id"}),
    facts.Messages: _NOBODY,
    facts.Extended: frozenset({"client", "port", "ipv4", "ipv6"}),
    facts.Pex: _NOBODY,
    facts.Metadata: _NOBODY,
    facts.Datagrams: _NOBODY,
    facts.Utp: _NOBODY,
    facts.Encrypted: _NOBODY,
    facts.TrackerAnnounce: frozenset({"peer_id", "port", "host"}),
    facts.TrackerScrape: frozenset({"host"}),
    facts.TorrentFile: frozenset({"name"}),
    facts.Magnet: _NOBODY,
    facts.WebSeed: _NOBODY,
    facts.ExternalAddress: frozenset({"ip", "port"}),
    # The pieces are drawn from an address, which can be found again by trying all.
    facts.AllowedFast: frozenset({"indexes"}),
    facts.LocalAnnounce: frozenset({"port"}),
    facts.PortMapping: frozenset({"internal", "external_port", "client"}),
    facts.GatewaySearch: frozenset({"client"}),
    facts.Name: _NOBODY,
    facts.SslTorrent: _NOBODY,
}
"""What of each kind of fact identifies somebody, or names a torrent. A new kind must say so before it can be kept."""
_KINDS = {kind: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower() for kind in IDENTIFYING}
"""``tracker_announce`` …"""
MAX_TARGETS = 500
"""Torrents that the record of a DHT activity lists, of each sort."""
_MAX_LIST = 1000


def parts(fact: Fact) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return a fact as what may stay and what identifies somebody."""
    hidden = IDENTIFYING[type(fact)]
    body: dict[str, Json] = {"kind": _KINDS[type(fact)]}
    identifying: dict[str, Json] = {}
    for name, value in fact._asdict().items():
        (identifying if name in hidden else body)[name] = _json(value, is_text=name in {"client", "name"})
    return body, identifying


def activity_parts(activity: Activity) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return a host's talk with the DHT as what may stay and what identifies the host."""
    body: dict[str, Json] = {
        "kind": "dht",
        "nodes": activity.nodes,
        "queries": {"in": _json(activity.queries_in), "out": _json(activity.queries_out)},
        "replies": {"in": activity.replies_in, "out": activity.replies_out},
        "errors": {"in": activity.errors_in, "out": activity.errors_out},
        "announced": [_target(target) for target in activity.announced[:MAX_TARGETS]],
        "looked_up": [_target(target) for target in activity.looked_up[:MAX_TARGETS]],
        "left_out": max(0, len(activity.announced) - MAX_TARGETS) + max(0, len(activity.looked_up) - MAX_TARGETS),
        "read_only": activity.read_only,
    }
    identifying: dict[str, Json] = {
        "host": str(activity.endpoint.ip),
        "port": activity.endpoint.port,
        "mac": activity.endpoint.mac,
        "node_ids": [node.hex() for node in activity.node_ids[:_MAX_LIST]],
        "clients": [client.hex() for client in activity.clients[:_MAX_LIST]],
        "told": [
            {
                "ip": str(told.ip),
                "port": told.port,
                "tellers": told.tellers,
                "first": rfc3339(told.first),
                "last": rfc3339(told.last),
            }
            for told in activity.told[:_MAX_LIST]
        ],
    }
    return body, identifying


def _target(target: DhtTarget) -> dict[str, Json]:
    return {
        "infohash": str(target.infohash),
        "first": rfc3339(target.first),
        "last": rfc3339(target.last),
        "queries": target.queries,
        "nodes": target.nodes,
        "answered": target.answered,
        "near_own_id": target.near_own_id,
        "frames": [list(frame) for frame in target.frames],
    }


def _json(value: object, *, is_text: bool = False) -> Json:
    match value:
        case None | bool() | int() | str():
            return value
        case bytes():
            return harmless(value.decode("utf-8", "backslashreplace")) if is_text else value.hex()
        case Infohash() | IPv4Address() | IPv6Address():
            return str(value)
        case Mapping():
            return {str(key): _json(each) for key, each in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return {name: _json(each) for name, each in value._asdict().items()}
        case tuple():
            return [_json(each) for each in value[:_MAX_LIST]]
        case _:
            raise TypeError(f"a fact holds a {type(value).__name__}, which has no form in evidence")
