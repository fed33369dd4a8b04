"""How much, when and where: what each such selector matches, and that its answer alone is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from auditor.model.scale import AmountBasis

Ask = Callable[..., tuple[bool, str]]


@pytest.mark.parametrize(
    ("when", "matched", "why"),
    [
        ("{amount: {at_least: 12 MB}}", True, "12000000 bytes transferred"),
        ("{amount: {at_least: 12 MiB}}", False, "12000000 bytes transferred, fewer than 12582912"),
        ("{direction: upload, amount: {at_least: 3 MB}}", False, "2000000 bytes uploaded, fewer than 3000000"),
        ("{direction: download, amount: {below: 10 MB}}", False, "10000000 bytes downloaded, not below 10000000"),
        ("{direction: download, amount: {below: 11 MB}}", True, "10000000 bytes downloaded"),
        ("{amount: {at_least: 1, basis: verified}}", False, "the amount rests on pieces, below verified"),
        ("{direction: upload}", True, "2000000 bytes uploaded"),
    ],
)
def test_amounts_are_counted_in_their_direction(ask: Ask, when: str, matched: bool, why: str) -> None:
    """Up, down, or both together; and only if known well enough."""
    assert ask(when) == (matched, why)


def test_a_direction_alone_asks_for_content(ask: Ask) -> None:
    """A handshake has bytes too; it gives nothing away."""
    assert ask("{direction: upload}", amount_basis=AmountBasis.FLOW)[0] is False
    assert ask("{direction: upload}", uploaded=0)[0] is False
    assert ask("{direction: upload, amount: {at_least: 1}}", amount_basis=AmountBasis.FLOW)[0] is True


def test_ports_of_either_end_match(ask: Ask) -> None:
    """To be allowed, one side's ports must all be listed: a peer may not choose the rule by its port."""
    assert ask("{ports: 6881-6889}") == (True, "port 6881 is listed")
    assert ask("{ports: [51413]}", "allow") == (True, "port 51413 is listed")
    assert ask("{ports: 6881-6889}", "allow") == (False, "only port 6881 is listed")
    assert ask("{ports: [6881, 49152-65535]}", "allow", ports=(1, 51413))[0] is True
    assert ask("{ports: 80}") == (False, "no port is listed")


def _span(first: str, last: str) -> dict[str, int]:
    first_, last_ = (int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp()) for t in (first, last))
    return {"first": first_ * 10**9, "last": last_ * 10**9}


def test_an_allowance_covers_the_whole_time_others_any_part(ask: Ask) -> None:
    """Who began at noon and went on through the night was not within office hours; but also not outside them."""
    long = _span("2026-11-23T11:00:00", "2026-11-24T02:00:00")
    when = "{hours: 08:00-18:00, days: mon-fri}"
    assert ask(when, "allow", **long) == (
        False,
        "Mon 2026-11-23 12:00:00 to Tue 2026-11-24 03:00:00 (Europe/Berlin) is not all within the rule's time",
    )
    assert ask(when, "notice", **long)[0] is True
    assert ask(when, "allow", **_span("2026-11-23T07:00:00", "2026-11-23T16:59:59"))[0] is True
    assert ask(when, "notice", **_span("2026-11-22T07:00:00", "2026-11-22T16:59:59"))[0] is False


def test_validity_is_judged_at_the_conducts_own_time(ask: Ask) -> None:
    """A rule of next year says nothing about this one."""
    this_year = _span("2026-12-31T22:00:00", "2026-12-31T23:30:00")
    assert ask("{}", "notice", "{from: 2027-01-01}", **this_year)[0] is True  # half an hour of it, in Berlin
    assert ask("{}", "allow", "{from: 2027-01-01}", **this_year)[0] is False
    assert ask("{}", "allow", "{until: 2026-12-30}", **this_year)[0] is False


@pytest.mark.parametrize(
    ("when", "size", "matched", "why"),
    [
        ("{at_least: 5}", None, False, "how many take part is not known"),
        ("{at_most: 5}", None, False, "how many take part is not known"),
        ("{at_least: 5}", 5, True, "5 take part"),
        ("{at_least: 5}", 4, False, "4 take part, fewer than 5"),
        ("{at_most: 5}", 6, False, "6 take part, more than 5"),
        ("{at_least: 0, at_most: 5}", 0, True, "0 take part"),
    ],
)
def test_how_many_take_part_must_be_known(ask: Ask, when: str, size: int | None, matched: bool, why: str) -> None:
    """Where it is not, nothing follows."""
    assert ask(f"{{swarm_size: {when}}}", swarm_size=size) == (matched, why)
