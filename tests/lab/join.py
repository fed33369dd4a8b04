"""Flows, their truth, and what an audit says of them, joined by ends and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.lab.labels import End
from tests.lab.split import is_set_aside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.lab.conversations import Conversation
    from tests.lab.labels import Label, Labels

LEVELS = ("confirmed", "likely", "suspected")
HANDSHAKE = 68
"""Bytes of a peer-wire handshake (BEP 3)."""
UTP_HEADER = 20
PEERS, TRACKERS = ("peer", "utp"), ("tracker-http", "tracker-udp")
CONTEXT = ("dns", "portmap")
"""What clients say that is no BitTorrent by itself: shown, but neither a hit nor an error."""
CARRIERS = {"peer": "peer over TCP", "utp": "peer over uTP"}
SPOKEN = {"none": "plaintext", "plaintext": "obfuscated handshake", "rc4": "obfuscated", "unknown": "given up"}
PLAIN_BAR, OBFUSCATED_BAR = 0.99, 0.95
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of the table: flows that are asked the same of."""

    name: str
    bar: float | None
    """The recall that is demanded, if any."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One flow with payload: what it is, and what the audit made of it."""

    capture: str
    flow: Conversation
    label: Label
    confidence: str | None
    detectors: tuple[str, ...]
    read: frozenset[str]
    inferred: frozenset[str]
    client: str
    aside: bool
    changes: tuple[str, ...]

    @property
    def outbound(self) -> bool:
        """Whether the labelled host began it."""
        return self.label.host.ip == self.flow.orig.ip

    @property
    def complete(self) -> bool:
        """Whether one handshake, request or datagram is there from its first byte."""
        if self.label.kind == "peer":
            return self.flow.begun and max(self.flow.payload.values()) >= HANDSHAKE
        if self.label.kind == "utp":
            return self.flow.both and max(self.flow.payload.values()) >= 2 * UTP_HEADER + HANDSHAKE
        return self.flow.begun

    @property
    def shows_infohash(self) -> bool:
        """Whether the wire shows an infohash in clear: all peer connections but the obfuscated, and announces."""
        label = self.label
        clear = label.kind in TRACKERS or (label.kind in PEERS and label.encryption in {"none", "plaintext"})
        return clear and self.complete

    @property
    def cell(self) -> Cell:
        """Where it is counted."""
        if self.label.kind in CONTEXT:
            return Cell(f"{self.label.kind}, of a client", None)
        if self.label.kind not in PEERS:
            return Cell(self.label.kind, PLAIN_BAR) if self.complete else Cell(f"{self.label.kind}, cut", None)
        name = f"{CARRIERS[self.label.kind]}, {SPOKEN[self.label.encryption or 'unknown']}"
        if not self.complete:
            return Cell(f"{name}, without its beginning", None)
        if self.label.encryption in {"none", "unknown"}:
            return Cell(name, PLAIN_BAR if self.label.encryption == "none" else None)
        if not (self.outbound and self.flow.both):
            return Cell(f"{name}, inbound or one-sided", None)
        return Cell(f"{name}, outbound, named", OBFUSCATED_BAR) if self.label.named else Cell(f"{name}, outbound", None)


def nanoseconds(stamp: str) -> int:
    """Return an RFC 3339 time in UTC with nine decimals as nanoseconds since the epoch."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    seconds = datetime.fromisoformat(f"{whole}+00:00") - EPOCH
    return (seconds.days * 86_400 + seconds.seconds) * 1_000_000_000 + int(fraction)


def join(labels: Labels, flows: Iterable[Conversation], document: Json) -> tuple[list[Verdict], list[Conversation]]:
    """Return a verdict for every flow with payload that has a label, and the flows that have none."""
    reported: dict[tuple[str, frozenset[End]], list[Json]] = {}
    for found in document["flows"]:
        ends = frozenset(End(found[end]["ip"], found[end]["port"]) for end in ("orig", "resp"))
        reported.setdefault((found["transport"], ends), []).append(found)
    verdicts, unexplained = [], []
    for flow in flows:
        if not flow.total:
            continue
        label = labels.of(flow.transport, flow.orig, flow.resp)
        if label is None:
            unexplained.append(flow)
            continue
        same_ends = reported.get((flow.transport, frozenset((flow.orig, flow.resp))), [])
        verdicts.append(_verdict(labels, flow, label, [found for found in same_ends if _overlaps(flow, found)]))
    return verdicts, unexplained


def _overlaps(flow: Conversation, found: Json) -> bool:
    return nanoseconds(found["first"]) <= flow.last and flow.first <= nanoseconds(found["last"])


def _verdict(labels: Labels, flow: Conversation, label: Label, found: Sequence[Json]) -> Verdict:
    levels = {each["confidence"] for each in found}
    hashes = [(each["basis"], each["wire"][:40]) for one in found for each in one["infohashes"]]
    client = labels.setup.get("client", label.program)
    return Verdict(
        labels.capture,
        flow,
        label,
        next((level for level in LEVELS if level in levels), None),
        tuple(sorted({name for each in found for name in each["detectors"]})),
        frozenset(wire for basis, wire in hashes if basis == "read"),
        frozenset(wire for basis, wire in hashes if basis == "inferred"),
        client,
        is_set_aside(client, labels.seed),
        tuple(labels.changes),
    )
