"""Truth by flow: which program's flow it was, what it spoke, and what of that the capture can show.

Written from what the laboratory started and what the programs report, without a look at the capture, so an end of a
flow may be known less exactly than to the port: ``None`` stands for any. Of the labels that fit a flow the one that
says most about its ends counts; a flow that none fits is *unexplained*, and a mistake of the laboratory.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SCHEMA = "auditor.labels/1"
Transport = Literal["tcp", "udp"]
Encryption = Literal["none", "plaintext", "rc4", "unknown"]
"""Of a peer connection: plain from the first byte; obfuscated handshake, then plain; obfuscated; not known, because no
client reports what it gave up."""


class End(NamedTuple):
    """One end of a flow; ``None`` is any."""

    ip: str | None
    port: int | None


@dataclass(frozen=True, slots=True)
class Label:
    """What flows between two ends are."""

    kind: str
    """``peer``, ``utp``, ``dht``, ``tracker-http``, ``tracker-udp``, ``lsd``; or what else it is: ``web``, ``ssh`` …"""
    bittorrent: bool
    program: str
    """What ran at the end ``host``."""
    transport: Transport
    host: End
    remote: End
    infohashes: tuple[str, ...] = ()
    """What it may be about, by every name on the wire."""
    encryption: Encryption | None = None
    named: bool = False
    """Whether the remote end was named to the host in the clear before."""
    synthetic: bool = False
    """Whether the bytes are of our own making, after a description, rather than of a real program."""

    @property
    def exactness(self) -> int:
        """How many of the four parts of its ends it names."""
        return sum(part is not None for part in (*self.host, *self.remote))

    def fits(self, transport: str, one: End, another: End) -> bool:
        """Whether a flow between two full ends is meant, whichever of them began."""
        return transport == self.transport and any(
            all(mine in (None, theirs) for mine, theirs in zip((*self.host, *self.remote), ends, strict=True))
            for ends in ((*one, *another), (*another, *one))
        )


@dataclass(slots=True)
class Labels:
    """All labels of one capture, and how it came about."""

    capture: str
    made: str
    seed: int
    setup: dict[str, str] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)
    """Name and version of what ran."""
    torrents: list[dict[str, Any]] = field(default_factory=list)
    sharing: list[str] = field(default_factory=list)
    """Inside addresses that took part in a swarm."""
    finished: bool | None = None
    """Whether the client reported the content as complete."""
    owners: list[str] = field(default_factory=list)
    """Sockets and their programs, as the kernel listed them."""
    changes: list[str] = field(default_factory=list)
    """Transformations that the capture went through."""
    labels: list[Label] = field(default_factory=list)

    def of(self, transport: str, one: End, another: End) -> Label | None:
        """Return the label of a flow; the later of two that are equally exact."""
        fitting = (label for label in reversed(self.labels) if label.fits(transport, one, another))
        return max(fitting, key=lambda label: label.exactness, default=None)

    def write(self, path: Path) -> None:
        """Write them as JSON."""
        path.write_text(json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> Labels:
    """Read what :meth:`Labels.write` wrote.

    Raises:
        ValueError: if it is something else.
    """
    content: dict[str, Any] = json.loads(path.read_text())
    if content.pop("schema", None) != SCHEMA:
        raise ValueError(f"{path} holds no labels of {SCHEMA}")
    labels = [
        Label(
            **{
                **each,
                "host": End(*each["host"]),
                "remote": End(*each["remote"]),
                "infohashes": tuple(each["infohashes"]),
            }
        )
        for each in content.pop("labels")
    ]
    known = {each.name for each in fields(Labels)}
    return Labels(**{key: value for key, value in content.items() if key in known}, labels=labels)


def distinct(labels: Iterable[Label]) -> list[Label]:
    """Return labels once each, in order."""
    return list(dict.fromkeys(labels))
