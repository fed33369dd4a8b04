"""Statements for tests, in a few words; times are seconds."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from auditor.identity.directory import Directory
from auditor.model.identity import Asked, Offset, SourceLine, Tenancy, Trust
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.identity import Statement, Tenure

ALICE, BOB = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
HOST = "10.20.0.31"
EXACT = Offset("measured")


def seconds(number: float) -> int:
    """Return nanoseconds."""
    return round(number * NANOSECONDS)


def line(source: str, number: int = 1) -> SourceLine:
    """Name a line of a source's only file."""
    return SourceLine(source, f"{source}.log", number)


def held(start: float, end: float | None, number: int = 1, source: str = "dhcp", **told: Any) -> Tenancy:  # noqa: ANN401
    """State what a source tells, of :data:`HOST` where it says nothing else."""
    trust = told.pop("trust", Trust.LEASED)
    ip: IPv4Address | IPv6Address | None = ip_address(told.pop("ip")) if told.get("ip") else None
    if "ip" not in told and ip is None and not told.get("network"):
        ip = ip_address(HOST)
    told.pop("ip", None)
    until = None if end is None else seconds(end)
    return Tenancy(seconds(start), until, trust, line(source, number), ip=ip, **told)


def ask(
    statements: Iterable[Statement],
    first: float,
    last: float,
    *,
    clocks: dict[str, Offset] | None = None,
    tolerances: dict[str, int] | None = None,
    trusts: dict[str, Trust] | None = None,
    **asked: Any,  # noqa: ANN401
) -> tuple[Tenure, ...]:
    """Ask for the holder of :data:`HOST`, by clocks that are right where nothing else is said."""
    statements = list(statements)
    sources = {statement.line.source for statement in statements}
    known = dict.fromkeys(sources, EXACT) if clocks is None else clocks
    question = Asked(
        asked.pop("vantage", "here"),
        ip_address(asked.pop("ip", HOST)),
        asked.pop("vlan", ()),
        asked.pop("mac", None),
        seconds(first),
        seconds(last),
    )
    return Directory(statements, known, tolerances, trusts).ask(question)


def summary(tenures: Iterable[Tenure]) -> list[tuple[float, str, list[str | None]]]:
    """Return from when on there is which answer, and its holders: the user, else the host name, else the MAC."""
    return [
        (part.first / NANOSECONDS, part.status, [each.user or each.host or each.mac for each in part.holders])
        for part in tenures
    ]
