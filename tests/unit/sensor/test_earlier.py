"""What earlier runs left in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.evidence.record import new_id
from auditor.evidence.recorder import Recorder
from auditor.evidence.store import open_store
from auditor.model.coverage import CoverageMinute
from auditor.model.moment import HOUR, MINUTE, NANOSECONDS
from auditor.model.watch import Delta
from auditor.policy.load import load
from auditor.sensor.earlier import Earlier, asked_back, earlier_runs
from tests.build.sensing import POLICY, change
from tests.build.sighting import NINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.evidence.store import Store
    from auditor.policy.evaluate import Policy


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    """One that asks nothing of the past."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.format(name="x"))
    return load(path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty one."""
    store = open_store(str(tmp_path / "kept"))
    yield store
    store.close()


def recorder(sensor: str = "office") -> Recorder:
    """One of a run."""
    return Recorder(run=new_id(NINE), sensor=sensor)


def test_a_new_store_knows_of_nothing(store: Store, policy: Policy) -> None:
    """And that is no gap."""
    assert earlier_runs(store, "office", policy, NINE) == Earlier()


def test_open_incidents_go_on(store: Store, policy: Policy) -> None:
    """Within six hours of their last activity; those that ended do not."""
    run = recorder()
    store.append(run.of_turn(Delta(), [change(new_id(NINE)), change(new_id(NINE), is_over=True)]))

    assert len(earlier_runs(store, "office", policy, NINE + HOUR).incidents) == 1
    assert len(earlier_runs(store, "office", policy, NINE + 7 * HOUR).incidents) == 0
    assert len(earlier_runs(store, "office", policy, None).incidents) == 1


def test_a_run_that_stopped_says_when(store: Store, policy: Policy) -> None:
    """To the moment."""
    run = recorder()
    store.append(run.of_event("started", {}, NINE))
    store.append(run.of_coverage(CoverageMinute("office", NINE, MINUTE, 0, 0, 0)))
    store.append(run.of_event("stopped", {}, NINE + 90 * NANOSECONDS))
    earlier = earlier_runs(store, "office", policy, NINE + HOUR)

    assert (earlier.watched_until, earlier.runs, earlier.was_stopped) == (NINE + 90 * NANOSECONDS, 1, True)


def test_of_a_run_that_was_killed_the_minutes_tell(store: Store, policy: Policy) -> None:
    """The last one that it could record."""
    run = recorder()
    store.append(run.of_event("started", {}, NINE))
    for minute in range(3):
        store.append(run.of_coverage(CoverageMinute("office", NINE + minute * MINUTE, MINUTE, 0, 0, 0)))
    earlier = earlier_runs(store, "office", policy, NINE + HOUR)

    assert (earlier.watched_until, earlier.runs, earlier.was_stopped) == (NINE + 3 * MINUTE, 1, False)


def test_other_sensors_of_the_store_do_not_count(store: Store, policy: Policy) -> None:
    """Each has its own runs."""
    store.append(recorder("lab").of_event("started", {}, NINE))

    assert earlier_runs(store, "office", policy, NINE).runs == 0


def test_rules_that_ask_how_often_look_back(tmp_path: Path, policy: Policy) -> None:
    """As far as the longest of them asks."""
    path = tmp_path / "often.yaml"
    path.write_text(POLICY.format(name="x").replace("reason: not here", "reason: r, first: {count: 2, within: 90d}"))

    assert asked_back(policy) is None
    assert asked_back(load(path)) == 90 * 24 * HOUR
