"""The families of facts there are. A new one is its own module, its tests, and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from auditor.model.fact import (
    Datagrams,
    Encrypted,
    Fact,
    Handshake,
    LocalAnnounce,
    Magnet,
    TorrentFile,
    TrackerAnnounce,
    TrackerScrape,
    WebSeed,
)
from auditor.model.flow import End, Flow
from auditor.pipeline.part import Part
from auditor.pipeline.parts import dht, encrypted, fetch, local, swarm, tracker

if TYPE_CHECKING:
    from auditor.model.activity import Activity

Family = Callable[[int, Flow, End], Iterator[Part]]
"""Yields what a flow of that index shows of an end."""

FAMILIES: tuple[tuple[frozenset[type[Fact]], Family], ...] = (
    (frozenset({Handshake}), swarm.of_flow),
    (frozenset({Datagrams}), dht.of_flow),
    (frozenset({Encrypted}), encrypted.of_flow),
    (frozenset({TrackerAnnounce, TrackerScrape}), tracker.of_flow),
    (frozenset({LocalAnnounce}), local.of_flow),
    (frozenset({TorrentFile, Magnet, WebSeed}), fetch.of_flow),
)
"""Each family with the facts of which it asks for one at least."""


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield what a flow shows of its ``end``: parts of swarms, of the DHT, of encrypted talk, or none."""
    for family in _asked(frozenset([type(o.fact) for o in flow.observations])):
        yield from family(index, flow, end)


@cache
def _asked(kinds: frozenset[type[Fact]]) -> tuple[Family, ...]:
    """Return the families that have something to say of such facts: of all flows there are few different sets."""
    return tuple(family for needed, family in FAMILIES if not kinds.isdisjoint(needed))


def of_activity(index: int, activity: Activity) -> Iterator[Part]:
    """Yield what an activity shows of its host."""
    return dht.of_activity(index, activity)
