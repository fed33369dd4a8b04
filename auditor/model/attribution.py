"""Whose address it was."""

from typing import Literal, NamedTuple

Status = Literal["attributed", "ambiguous", "unattributed"]
Clock = Literal["measured", "declared", "unknown"]
UNATTRIBUTED = "unattributed"
"""The group of an inside host that no group or record claims."""
UNKNOWN = "unknown"
"""The group of traffic that has no inside end at all."""


class Candidate(NamedTuple):
    """One group or subject that an attribution weighed, and why."""

    group: str
    subject: str | None
    source: str
    reason: str


class Attribution(NamedTuple):
    """Which group and subject an inside address belonged to, as the policy's ``people`` lets them be shown."""

    group: str
    status: Status
    subject: str | None = None
    source: str | None = None
    """What says so: ``network 10.20.0.0/16``, ``vlan 30``, ``mac of group lab`` or an identity source's line.

    It names no person and no device: it stands in outputs that may not.
    """
    candidates: tuple[Candidate, ...] = ()
    lines: tuple[str, ...] = ()
    """The lines of identity sources on which it rests, ``office dhcpd.leases:17``; their text stays there."""
    clock: Clock | None = None
    """How well the source's clock is known against the capture's; ``None`` where no source was asked."""
