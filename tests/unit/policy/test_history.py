"""What is remembered of whom: as much as is asked for, in a bounded space."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.model.attribution import Attribution
from auditor.model.moment import HOUR
from auditor.policy.history import History
from tests.unit.policy.conftest import NOON

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.model.incident import Conduct

NOBODY = Attribution("guests", "attributed")


def test_what_lies_further_back_does_not_count(conduct: Callable[..., Conduct]) -> None:
    """Nor what another rule noted, or the same rule for another purpose."""
    history = History()
    for hours in (0, 1, 2):
        history.note("r", "often", conduct(first=NOON + hours * HOUR), NOBODY, 5)
    later = conduct(first=NOON + 3 * HOUR)

    assert history.earlier("r", "often", later, NOBODY, 4 * HOUR) == 3
    assert history.earlier("r", "often", later, NOBODY, 3 * HOUR) == 2
    assert history.earlier("r", "first", later, NOBODY, 4 * HOUR) == 0
    assert history.earlier("s", "often", later, NOBODY, 4 * HOUR) == 0


def test_a_person_is_the_same_at_another_address_a_host_is_not(conduct: Callable[..., Conduct]) -> None:
    """Where nobody is known, the address in its network counts: the same one elsewhere is another host."""
    history = History()
    ada = Attribution("guests", "attributed", subject="p-ada")
    other = ip_address("10.20.0.6")
    history.note("r", "often", conduct(), ada, 5)
    history.note("r", "often", conduct(), NOBODY, 5)

    assert history.earlier("r", "often", conduct(host=other), ada, HOUR) == 1
    assert history.earlier("r", "often", conduct(host=other), NOBODY, HOUR) == 0
    assert history.earlier("r", "often", conduct(vlan=(7,)), NOBODY, HOUR) == 0
    assert history.earlier("r", "often", conduct(vantage="elsewhere"), NOBODY, HOUR) == 0
    assert history.earlier("r", "often", conduct(), NOBODY, HOUR) == 1


def test_who_was_not_seen_for_the_longest_is_forgotten_and_counted(conduct: Callable[..., Conduct]) -> None:
    """A count may then be too low, never too high."""
    history = History(most=2)
    hosts = [conduct(host=ip_address(f"10.20.0.{n}")) for n in range(3)]
    for each in (hosts[0], hosts[1], hosts[0], hosts[2]):
        history.note("r", "often", each, NOBODY, 5)

    assert [history.earlier("r", "often", each, NOBODY, HOUR) for each in hosts] == [2, 0, 1]
    assert history.forgotten == 1


def test_no_more_is_kept_than_a_rule_asks_for(conduct: Callable[..., Conduct]) -> None:
    """A scanner's thousandth conduct costs what its third did."""
    history = History()
    for _ in range(100):
        history.note("r", "often", conduct(), NOBODY, 3)
    assert history.earlier("r", "often", conduct(), NOBODY, HOUR) == 3
