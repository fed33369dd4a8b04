"""Days of facts, drawn: few hosts in few swarms, so that they meet in every way that a fold knows."""

from __future__ import annotations

import re
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from auditor.identity.directory import Directory
from auditor.model.capture import Sighting
from auditor.model.fact import ExternalAddress, Magnet, Name, SslTorrent, Utp
from auditor.model.identity import SourceLine, Tenancy, Translation, Trust
from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR, MINUTE
from auditor.model.torrent import SeenTorrent
from auditor.pipeline.part import ENDS
from auditor.policy.load import parse
from tests.build.sighting import (
    DEBIAN,
    EMPLOYEE,
    FILM,
    GUEST,
    NINE,
    OUTSIDER,
    SECOND,
    STRANGER,
    activity,
    announce,
    compared,
    datagrams,
    encrypted,
    flow,
    observation,
    shake,
    sighting,
    talk,
    target,
    tie,
)
from tests.build.torrent import Torrent

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from auditor.model.activity import Activity
    from auditor.model.flow import End, Flow, Observation
    from auditor.model.identity import Statement
    from auditor.policy.evaluate import Policy

PUBLIC = "192.0.2.1"
INSIDE = (EMPLOYEE, GUEST, "10.40.0.10", PUBLIC)
OUTSIDE = (OUTSIDER, STRANGER, "198.51.100.8")
METADATA = Torrent({"a": bytes(100)}, name="late-show", extra={b"private": 1})
KNOWN = SeenTorrent(FILM, Infohash(bytes([0xCC] * 32)), METADATA.info)
"""The film is a hybrid: its other name ties what would be two torrents."""
SHOW = Infohash(bytes([0xCC] * 20))
TORRENTS = (DEBIAN, FILM, SHOW, Infohash(bytes([0xDD] * 20)))
POLICY = b"""\
version: 1
purpose: tests
people: pseudonym
inside: [10.0.0.0/8]
egress: [192.0.2.0/24]
groups:
  - {name: employees, networks: 10.20.0.0/16, default: {verdict: notice, reason: an employee}}
  - {name: guests, networks: 10.40.0.0/16, default: {verdict: notice, reason: a guest}}
  - {name: visitors, hosts: visitor-*, default: {verdict: notice, reason: a visitor}}
  - {name: unattributed, default: {verdict: notice, reason: nobody}}
  - {name: unknown, default: {verdict: notice, reason: outside}}
lists:
  images: {infohashes: [{v1: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, name: debian.iso}]}
rules:
  - {id: images, when: {lists: images}, verdict: allow, reason: a Linux image}
  - id: private
    when: {private: true, participation: attempted, confidence: likely}
    verdict: violation
    reason: private torrents
    first: {count: 1, within: 1d}
  - id: often
    group: [guests, visitors, unattributed]
    when: {participation: looked_up, confidence: likely, often: {count: 2, within: 12h}}
    verdict: violation
    reason: again and again
  - id: uploads
    when: {direction: upload, amount: {at_least: 20000}, confidence: likely, participation: attempted}
    verdict: violation
    reason: it gives others
    first: {count: 2, within: 7d}
"""


@cache
def policy(*, has_rules: bool = True, counts: bool = True) -> Policy:
    """Return a policy that asks for everything that depends on more than one incident.

    Or one by which each stands for itself, or that has no rules at all.
    """
    text = POLICY if has_rules else POLICY.partition(b"lists:")[0]
    if not counts:
        text = re.sub(rb"\n    first: .*|, often: {.*?}", b"", text)
    loaded = parse(text, Path("days.yaml"))
    assert loaded.policy is not None, loaded.issues
    return loaded.policy


def day(draw: Random, hours: int = 30, most: int = 14) -> Sighting:
    """Draw what is seen in so many hours."""
    flows = [drawn_flow(draw, hours, port=40_000 + number) for number in range(draw.randrange(1, most))]
    activities = [drawn_activity(draw, hours, 6881 + number) for number in range(draw.randrange(3))]
    seen = sighting(flows, activities)
    return Sighting(
        seen.captures, seen.flows, seen.activities, {}, {}, torrents=(KNOWN,) if draw.random() < 0.5 else ()
    )


def drawn_flow(draw: Random, hours: int, port: int) -> Flow:
    """Draw a flow of some inside host, of any kind."""
    at = NINE + draw.randrange(hours * HOUR)
    lasting = draw.choice((SECOND, MINUTE, HOUR, 3 * HOUR, 8 * HOUR))
    torrent, host, remote = draw.choice(TORRENTS), draw.choice(INSIDE), draw.choice((*OUTSIDE, *INSIDE[:2]))
    kind = draw.choice(KINDS)
    ends = (host, remote) if draw.random() < 0.7 else (remote, host)
    # Few ports of few hosts, so that one talk is seen on both sides of a translation.
    ports = (draw.choice((port, 51_000, 51_000)), 6881)
    vlan = () if ports[0] == 51_000 else draw.choice(((), (30,)))
    transport: Literal["tcp", "udp"] = "udp" if kind in {_streams, _datagrams} else "tcp"
    payload = (draw.randrange(40_000), draw.randrange(40_000))
    made = flow(*ends, kind(draw, torrent, at, lasting), at=at, lasting=lasting, payload=payload, ports=ports)
    seen = tuple(o._replace(last=min(o.last, made.last)) for o in made.observations)
    made = made._replace(observations=seen, transport=transport, minutes=_minutes(made), vlan=vlan)
    if kind is _encrypted:
        candidates = draw.sample(TORRENTS, draw.choice((0, 1, 1, 2)))
        made = made._replace(ties=(tie(*sorted(candidates), end="orig" if ends[0] == host else "resp"),))
    if kind is _peers and torrent == FILM and draw.random() < 0.5:
        made = made._replace(verified=(compared("resp", 16384), compared("orig", 100, wrong=7)))
    return made


def drawn_activity(draw: Random, hours: int, port: int) -> Activity:
    """Draw a host's talk with the DHT."""
    at = NINE + draw.randrange(hours * HOUR)
    lasting = draw.choice((MINUTE, HOUR, 9 * HOUR))
    targets = [
        target(torrent, nodes=draw.randrange(1, 6), at=at + draw.randrange(lasting))
        for torrent in draw.sample(TORRENTS, draw.randrange(3))
    ]
    targets = [each._replace(last=min(each.last, at + lasting)) for each in targets]
    cut = draw.randrange(len(targets) + 1)
    return activity(
        draw.choice(INSIDE), at=at, lasting=lasting, port=port, announced=targets[:cut], looked_up=targets[cut:]
    )


def directory(draw: Random, hours: int = 30) -> Directory:
    """Draw who held which address when: leases, with changes of hands, and translations of the public address."""
    statements: list[Statement] = []
    for host in INSIDE[:3]:
        start, line = NINE - HOUR, 1
        while start < NINE + hours * HOUR and draw.random() < 0.7:
            end = start + draw.choice((HOUR, 5 * HOUR, 12 * HOUR))
            device = draw.randrange(3)
            statements.append(
                Tenancy(
                    start,
                    end,
                    Trust.LEASED,
                    SourceLine("office", "leases", line),
                    ip=ip_address(host),
                    mac=f"02:00:00:00:00:{device:02x}",
                    host=f"visitor-{device}" if device else "desk",
                )
            )
            start, line = end + draw.choice((0, 0, 2 * HOUR)), line + 1
    # No translation begins within a flow: whose that was would be known later than an audit knows it.
    statements += [
        Translation(
            NINE - HOUR,
            draw.choice((None, NINE + draw.randrange(hours) * HOUR)),
            SourceLine("gateway", "conntrack.log", number),
            "tcp",
            (ip_address(draw.choice(INSIDE[:3])), 51_000),
            (ip_address(PUBLIC), 51_000),
            draw.choice((None, (ip_address(OUTSIDER), 6881))),
        )
        for number in range(1, draw.randrange(1, 4))
    ]
    return Directory(statements)


def _peers(draw: Random, torrent: Infohash, at: int, lasting: int) -> list[Observation]:
    found = [shake("orig", torrent, at=at, upgrade=draw.random() < 0.3)]
    if draw.random() < 0.8:
        other = draw.choice((torrent, torrent, draw.choice(TORRENTS)))
        found.append(shake("resp", other, at=at + lasting // 9, peer_id=b"-TR4060-abcdefghijkl"))
    talking: list[End] = draw.sample(ENDS, draw.randrange(3))
    for end in talking:
        pieces = draw.randrange(4)
        seen = talk(end, pieces, pieces * 16384, partial=draw.random() < 0.2, at=at + lasting // 8)
        found.append(seen._replace(last=at + lasting))
    return found


def _one_sided(draw: Random, torrent: Infohash, at: int, lasting: int) -> list[Observation]:
    return [shake(draw.choice(ENDS), torrent, at=at + min(lasting // 2, MINUTE))]


def _streams(draw: Random, torrent: Infohash, at: int, lasting: int) -> list[Observation]:
    found = []
    for stream in (1, 2):
        own = torrent if stream == 1 else draw.choice(TORRENTS)
        begun = at + lasting * draw.randrange(9) // 9
        found += [
            shake("orig", own, at=begun)._replace(stream=stream),
            shake("resp", own, at=begun, peer_id=b"-TR4060-abcdefghijkl")._replace(stream=stream),
            observation("bt.utp", "orig", Utp(began=True, bytes=5000, lost=0), at=begun, stream=stream),
            talk("resp", 2, 2 * 16384, at=begun)._replace(stream=stream, last=at + lasting),
        ]
    return found


def _datagrams(draw: Random, torrent: Infohash, at: int, lasting: int) -> list[Observation]:
    del torrent, lasting
    return [datagrams(draw.choice(ENDS), at=at)]


def _announced(draw: Random, torrent: Infohash, at: int, lasting: int) -> list[Observation]:
    return [announce("orig", torrent, at=at, completed=draw.random() < 0.3)._replace(last=at + lasting)]


def _encrypted(draw: Random, torrent: Infohash, at: int, lasting: int) -> list[Observation]:
    del draw, torrent, lasting
    return [encrypted("orig", at=at), encrypted("resp", at=at)]


def _magnet(draw: Random, torrent: Infohash, at: int, lasting: int) -> list[Observation]:
    del lasting
    return [observation("bt.torrent_file", "orig", Magnet(torrent, None, draw.choice(("referer", "body"))), at=at)]


def _beside(draw: Random, torrent: Infohash, at: int, lasting: int) -> list[Observation]:
    del lasting
    told = ExternalAddress(ip_address(PUBLIC), None, "gateway")
    name = Name("router.bittorrent.com", "bootstrap", "dns", answered=True)
    fact = draw.choice((told, name, SslTorrent(torrent, answered=True)))
    return [observation("bt.dns", draw.choice(ENDS), fact, at=at)]


def _minutes(made: Flow) -> tuple[tuple[int, int, int], ...]:
    first, last = made.first // MINUTE, made.last // MINUTE
    step = max(1, (last - first) // 5)
    minutes = list(range(first, last + 1, step))
    return tuple((minute, made.bytes[0] // len(minutes), made.bytes[1] // len(minutes)) for minute in minutes)


KINDS: tuple[Callable[[Random, Infohash, int, int], list[Observation]], ...] = (
    _peers,
    _peers,
    _peers,
    _one_sided,
    _streams,
    _datagrams,
    _announced,
    _encrypted,
    _magnet,
    _beside,
)
