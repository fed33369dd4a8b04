"""auditor.identity.readers.sessions."""

from __future__ import annotations

from datetime import UTC
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from auditor.identity.readers import sessions
from auditor.identity.readers.reader import Reading
from auditor.identity.readers.sessions import Event, Sessions
from auditor.model.identity import Tenancy, Trust
from auditor.model.moment import NANOSECONDS

READING = Reading("radius", "detail", UTC, idle=100 * NANOSECONDS)
MAC = "52:54:00:12:34:56"
A, B = ip_address("10.20.0.31"), ip_address("10.20.0.32")
V6 = ip_address("2001:db8::31")


def event(status: Any, second: int, *held: Any, line: int = 1, keys: tuple[str, ...] = ("k",), **rest: Any) -> Event:  # noqa: ANN401
    """Make a record at a second."""
    rest = {"user": "alice", "mac": MAC, **rest}
    if "lasted" in rest:
        rest["lasted"] *= NANOSECONDS
    return Event(line, status, (second * NANOSECONDS,) * 2, "nas", keys, held=held, **rest)


def told(*events: Event) -> list[tuple[str, int, int | None, str]]:
    """Say whose what was, from and to which second, and how surely."""
    taken = Sessions(READING)
    tenancies = [tenancy for one in events for tenancy in taken.take(one)]
    return shown([*tenancies, *taken.rest()])


def shown(tenancies: list[Tenancy]) -> list[tuple[str, int, int | None, str]]:
    """Write tenancies short."""
    words = {
        (Trust.AUTHENTICATED, True): "supposed",
        (Trust.NEIGHBOUR, False): "weak",
        (Trust.AUTHENTICATED, False): "sure",
    }
    return [
        (
            f"{tenancy.ip or tenancy.network or 'mac'} {tenancy.user}",
            tenancy.start // NANOSECONDS,
            None if tenancy.end is None else tenancy.end // NANOSECONDS,
            words[tenancy.trust, tenancy.supposed],
        )
        for tenancy in tenancies
    ]


def test_a_session_with_its_address_from_the_start() -> None:
    """One statement, with the device."""
    assert told(event("start", 10, A), event("stop", 50, A)) == [("10.20.0.31 alice", 10, 50, "sure")]


def test_an_address_that_comes_later_was_held_before_if_nobody_says_otherwise() -> None:
    """That the device was the user's is sure from the start."""
    assert told(event("start", 10), event("update", 20, A), event("stop", 50)) == [
        ("mac alice", 10, 50, "sure"),
        ("10.20.0.31 alice", 10, 20, "weak"),
        ("10.20.0.31 alice", 20, 50, "sure"),
    ]


def test_a_session_without_its_end_is_sure_to_its_last_record() -> None:
    """And supposed for as long as the source declares."""
    assert told(event("start", 10, A), event("update", 20, A)) == [
        ("10.20.0.31 alice", 10, 21, "sure"),
        ("10.20.0.31 alice", 21, 120, "supposed"),
    ]


def test_an_address_that_changes_was_either_in_between() -> None:
    """The other family's stays."""
    assert told(event("start", 10, A, V6), event("update", 20, A), event("update", 30, B), event("stop", 50)) == [
        ("10.20.0.31 alice", 10, 21, "sure"),
        ("10.20.0.31 alice", 21, 30, "supposed"),
        ("2001:db8::31 alice", 10, 50, "sure"),
        ("10.20.0.32 alice", 20, 30, "supposed"),
        ("10.20.0.32 alice", 30, 50, "sure"),
    ]


def test_several_addresses_of_a_family_are_held_at_once() -> None:
    """Privacy addresses; and a prefix is a network."""
    other, prefix = ip_address("2001:db8::77"), ip_network("2001:db8:1::/64")

    assert told(event("start", 10, V6, other, prefix), event("stop", 50)) == [
        ("2001:db8::31 alice", 10, 50, "sure"),
        ("2001:db8::77 alice", 10, 50, "sure"),
        ("2001:db8:1::/64 alice", 10, 50, "sure"),
    ]


def test_a_stop_alone_tells_when_its_session_began() -> None:
    """The start was in yesterday's file."""
    assert told(event("stop", 50, A, lasted=40)) == [
        ("mac alice", 10, 50, "sure"),
        ("10.20.0.31 alice", 10, 49, "weak"),
        ("10.20.0.31 alice", 49, 50, "sure"),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0), (0, 2, 1), (2, 0, 1), (2, 1, 0)])
def test_records_out_of_order_come_to_the_same(order: tuple[int, ...]) -> None:
    """Where a record was late, some is said twice, and nothing else."""
    records = (event("start", 10, A), event("update", 30, A, lasted=20), event("stop", 50, A, lasted=40))

    found = told(*(records[place] for place in order))

    assert ("10.20.0.31 alice", 10, 50, "sure") in found
    assert {(what, how) for what, _, _, how in found} <= {
        ("10.20.0.31 alice", "sure"),
        ("10.20.0.31 alice", "weak"),
        ("mac alice", "sure"),
    }
    assert all(10 <= start < (end or 99) <= 50 for _, start, end, _ in found)


def test_a_server_that_goes_down_ends_its_sessions() -> None:
    """One that comes up had lost them some time before."""
    assert told(event("start", 10, A), event("off", 50)) == [("10.20.0.31 alice", 10, 50, "sure")]
    assert told(event("start", 10, A), event("on", 50)) == [
        ("10.20.0.31 alice", 10, 11, "sure"),
        ("10.20.0.31 alice", 11, 50, "supposed"),
    ]


def test_another_servers_sessions_go_on() -> None:
    """A number is a session's of one server only."""
    other = event("off", 50)._replace(nas="other")

    assert told(event("start", 10, A), other)[-1] == ("10.20.0.31 alice", 11, 110, "supposed")


def test_a_start_that_comes_again_is_one() -> None:
    """It was sent twice."""
    assert told(event("start", 10, A), event("start", 10, A), event("stop", 50)) == [
        ("10.20.0.31 alice", 10, 50, "sure")
    ]


def test_a_number_that_is_used_again_is_another_session() -> None:
    """The server began to count anew, and the first one's end was lost."""
    assert told(event("start", 10, A), event("start", 40, B, user="bob"), event("stop", 50, B, user="bob")) == [
        ("10.20.0.31 alice", 10, 11, "sure"),
        ("10.20.0.31 alice", 11, 40, "supposed"),
        ("10.20.0.32 bob", 40, 50, "sure"),
    ]


@pytest.mark.parametrize("change", [{"user": "bob"}, {"vlan": 30}])
def test_a_session_that_becomes_another_ones_is_parted(change: dict[str, Any]) -> None:
    """What is told later is not said of the time before, however long the session lasted."""
    first, gap, second, _ = told(event("start", 10, A, vlan=20), event("update", 40, A, lasted=30, **change))

    assert first == ("10.20.0.31 alice", 10, 11, "sure")
    assert gap == ("10.20.0.31 alice", 11, 40, "supposed")
    assert second[1:] == (40, 41, "sure")


def test_any_key_finds_the_session() -> None:
    """The one that hashes the user's name changes where that is written otherwise."""
    start, stop = event("start", 10, A, keys=("=1", "s mac")), event("stop", 50, user="ALICE", keys=("=2", "s mac"))

    assert told(start, stop) == [("10.20.0.31 alice", 10, 50, "sure")]


def test_without_a_device_and_an_address_nothing_is_tied() -> None:
    """The user was somewhere."""
    assert not told(event("start", 10, mac=None), event("stop", 50, mac=None))


def test_a_copy_goes_on_by_itself() -> None:
    """What is asked in between changes nothing."""
    taken = Sessions(READING)
    assert not list(taken.take(event("start", 10, A)))

    copied = taken.copy()
    assert shown(list(copied.take(event("stop", 50, B)))) != []

    assert shown(list(taken.take(event("stop", 40)))) == [("10.20.0.31 alice", 10, 40, "sure")]


def test_open_and_ended_sessions_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was opened first is told as far as it is known."""
    monkeypatch.setattr(sessions, "MAX_OPEN", 1)
    monkeypatch.setattr(sessions, "MAX_ENDED", 1)
    taken = Sessions(READING)
    assert not list(taken.take(event("start", 10, A)))

    assert shown(list(taken.take(event("start", 20, B, keys=("other",))))) == [
        ("10.20.0.31 alice", 10, 11, "sure"),
        ("10.20.0.31 alice", 11, 110, "supposed"),
    ]
    assert taken.let_go == 1
