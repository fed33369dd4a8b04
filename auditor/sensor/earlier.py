"""What earlier runs of a sensor left in its store: incidents that go on, and until when it watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from auditor.evidence import reading, schema
from auditor.evidence.resume import Left, left_open
from auditor.model.moment import MINUTE

if TYPE_CHECKING:
    from auditor.evidence.store import Store
    from auditor.model.standing import Past, Resumed
    from auditor.policy.evaluate import Policy

RUNS = 1000
"""Events of sensors that are looked through for earlier starts."""


class Earlier(NamedTuple):
    """What is known of earlier runs."""

    incidents: tuple[Resumed, ...] = ()
    """They are open still."""
    past: tuple[Past, ...] = ()
    """They are over, and rules may ask how often there were such."""
    watched_until: int | None = None
    """The end of what coverage tells of."""
    runs: int = 0
    """Of which the latest events tell."""
    was_stopped: bool = True
    """The last run said that it ended."""


def earlier_runs(store: Store, sensor: str, policy: Policy, now: int | None) -> Earlier:
    """Ask the store what is open at a moment; ``None``: at the time of the last frame that it knows of.

    Raises:
        StoreError: if it cannot be read.
    """
    moment = now if now is not None else _newest(store, "incident")
    left = Left((), ())
    if moment is not None:
        asked = asked_back(policy)
        left = left_open(store, moment, since=None if asked is None else moment - asked)
    events = [each for each in reading.of_kind(store, "sensor", limit=RUNS) if each.body is not None]
    own = [(each.at, each.body["event"]) for each in events if each.body and each.body["sensor"] == sensor]
    was_stopped = not own or own[-1][1] == "stopped"
    return Earlier(
        left.resumed,
        left.past,
        watched_until=own[-1][0] if own and was_stopped else _watched_until(store, sensor),
        runs=sum(event == "started" for _, event in own),
        was_stopped=was_stopped,
    )


def asked_back(policy: Policy) -> int | None:
    """Return how far back, in nanoseconds, rules ask how often something happened; ``None``: none asks."""
    rules = (*policy.exceptions, *policy.rules)
    asked = [often.within for rule in rules for often in (rule.often, rule.first) if often is not None]
    return max(asked, default=None)


def _newest(store: Store, kind: str) -> int | None:
    with store.reading() as connection:
        newest = connection.scalar(select(func.max(schema.records.c.at)).where(schema.records.c.kind == kind))
    return None if newest is None else int(newest)


def _watched_until(store: Store, sensor: str) -> int | None:
    """Return the end of the last minute that was recorded: one that was killed records whole minutes alone."""
    begin = _newest(store, "coverage")
    if begin is None:
        return None
    minutes = reading.coverage(store, begin, begin + 1, sensor)
    return max((minute.begin + MINUTE for minute in minutes), default=None)
