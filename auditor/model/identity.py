"""Who held an address, as identity sources tell it: statements with an interval, and what they come to.

A source states facts about keys of the network (addresses, MACs, users); nothing here says what follows for a policy.
Times are nanoseconds since the epoch; intervals are half open, ``None`` as an end is "still so when last read".
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from auditor.model.attribution import Status
    from auditor.model.flow import Address


class Trust(IntEnum):
    """How far a statement is believed where others contradict it, least first.

    What was written when it happened goes before what somebody wrote down once; who proved who they are goes before
    what a device says of itself.
    """

    LISTED = 1
    """A list that somebody keeps: true until it is changed, whatever the network does."""
    NEIGHBOUR = 2
    """A neighbour table or an ARP or NDP frame: anyone on the link can claim an address."""
    LEASED = 3
    """A DHCP server's own record."""
    SEEN = 4
    """The DHCP server's answer in the capture: the record itself, with the capture's clock."""
    AUTHENTICATED = 5
    """Accounting of a log-in: 802.1X or VPN."""


class SourceLine(NamedTuple):
    """Where a statement stands. The text of the line stays in the source."""

    source: str
    """The source's name in ``identity.yaml``, or ``capture``."""
    file: str
    """The file's path, as configured or found; of a capture, its path."""
    line: int
    """Counts from 1; of a capture, the frame's number."""

    def __str__(self) -> str:
        return f"{self.source} {self.file}:{self.line}"


class Tenancy(NamedTuple):
    """A statement: whose an address or a MAC was, from when to when.

    An empty interval is a release: from there on its device, or if it names none whoever had it, has it no longer.

    At least one of ``ip``, ``network`` and ``mac`` is there: with an address and a MAC it ties the one to the other,
    with one alone it ties that to a host name, a user, groups or attributes.
    """

    start: int
    end: int | None
    trust: Trust
    line: SourceLine
    ip: Address | None = None
    mac: str | None = None
    """``aa:bb:cc:dd:ee:ff``"""
    duid: str | None = None
    """DHCPv6's name of a device, hexadecimal with colons."""
    vlan: int | None = None
    """Where the source tells it: equal private addresses may be held at once in several VLANs."""
    vantage: str | None = None
    """The vantage point whose network the source speaks of; ``None``: any."""
    host: str | None = None
    """A host name, as the device or the server gave it."""
    user: str | None = None
    groups: tuple[str, ...] = ()
    """Groups that the source itself names."""
    attributes: tuple[tuple[str, str], ...] = ()
    """Accounting attributes that a policy may ask for, by name: ``("NAS-Identifier", "vpn1")``."""
    network: IPv4Network | IPv6Network | None = None
    """Instead of ``ip``: it is said of every address inside. Of several, the longest prefix is meant."""
    supposed: bool = False
    """The source suggests it and does not say it: a session whose end is missing, an address before it was first told.
    It makes a candidate; alone it makes nobody sure."""


class Enrolment(NamedTuple):
    """A statement: a user (or, by a computer account, a host) belongs to a directory group."""

    member: str
    """A user's or host's name, in lower case."""
    group: str
    line: SourceLine
    nested: bool = False
    """``member`` is a group itself, as ``group`` writes it: who belongs to it belongs to ``group`` as well."""


class Translation(NamedTuple):
    """A statement: an inside endpoint stood behind a public one, from when to when."""

    start: int
    end: int | None
    line: SourceLine
    transport: Literal["tcp", "udp"]
    inside: tuple[Address, int]
    public: tuple[Address, int]
    remote: tuple[Address, int] | None = None
    """The other end, where the source tells it; a public endpoint may serve several at once."""
    vantage: str | None = None
    supposed: bool = False
    """As in :class:`Tenancy`: beyond the last line that tells of it."""


Statement = Tenancy | Enrolment | Translation


class Offset(NamedTuple):
    """By how much a source's clock is off: what is added to its times to get the capture's."""

    basis: Literal["measured", "declared", "unknown"]
    nanoseconds: int = 0
    margin: int = 0
    """How far the true offset may be from it."""
    matches: int = 0
    """How many events of the source were found as frames of the capture."""


class Asked(NamedTuple):
    """A host for whose holder a directory is asked, over a span of time."""

    vantage: str
    ip: Address
    vlan: tuple[int, ...]
    mac: str | None
    first: int
    last: int
    """The last moment, included."""


class Holder(NamedTuple):
    """One answer to whose an address was: a device, and the person at it, as far as sources tell."""

    trust: Trust
    lines: tuple[SourceLine, ...]
    """Every statement that it rests on: the lease, the log-in, the enrolments."""
    mac: str | None = None
    duid: str | None = None
    host: str | None = None
    user: str | None = None
    groups: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    standing: str = ""
    """Why it won, tied or lost, in words that name nobody: ``most trusted: dhcp lease``."""


class Tenure(NamedTuple):
    """Who held an address in one part of the span that was asked for; parts adjoin and cover all of it."""

    first: int
    last: int
    status: Status
    """``attributed``: one holder won. ``ambiguous``: several tie, or a clock is too uncertain to tell them apart.
    ``unattributed``: no source knows."""
    holders: tuple[Holder, ...] = ()
    """All candidates, the winner first; where they tie, in a fixed order that means nothing."""
    clock: Offset | None = None
    """Of the source that the answer rests on."""


class FileRead(NamedTuple):
    """One file of an identity source, as far as it was read."""

    path: str
    sha256: str
    """Of its bytes on disk."""
    lines: int
    refused: int
    """Lines that could not be read."""


class SourceRead(NamedTuple):
    """What an identity source came to."""

    name: str
    kind: str
    files: tuple[FileRead, ...]
    clock: Offset
    newest: int | None = None
    """When its newest file was written last; ``None`` where there is none."""


class IdentityRead(NamedTuple):
    """What was read of all identity sources: what a result says of its grounds."""

    sha256: str
    """Of ``identity.yaml`` and of every file that it names."""
    sources: tuple[SourceRead, ...]
