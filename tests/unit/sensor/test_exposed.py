"""The state of a sensor, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor import __version__
from auditor.model.coverage import CanaryResult
from auditor.model.moment import HOUR
from tests.build.sighting import NINE
from tests.unit.sensor.test_loop import Running

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """A sensor with all its parts."""
    return Running(tmp_path)


def test_every_part_says_how_it_goes(running: Running) -> None:
    """In one value."""
    running.watch.frames = 7
    state = running.exposed.state()

    assert (state.version, state.sensor, state.started) == (__version__, "office", NINE)
    assert state.watch is not None
    assert state.watch.interfaces[0].frames == 7
    assert state.store is not None
    assert state.store.backend == "memory"
    assert set(state.sinks) == {"eve"}
    assert state.policy_name == "test"
    assert state.policy.sha256 == running.exposed.policy.state.sha256
    assert (state.identity, state.sources) == (None, {})


def test_a_part_that_fails_leaves_the_others(running: Running) -> None:
    """And is an error that is counted."""
    running.watch.counters = lambda: 1 // 0  # type: ignore[method-assign,assignment,return-value]
    running.store.state = lambda: 1 // 0  # type: ignore[method-assign,assignment,return-value]
    state = running.exposed.state()

    assert (state.watch, state.store) == (None, None)
    assert state.errors == {"state of counters": 1, "state of store": 1}
    assert set(state.sinks) == {"eve"}


def test_a_policy_that_is_broken_shows(running: Running, tmp_path: Path) -> None:
    """While the old one is in force."""
    (tmp_path / "policy.yaml").write_text("nonsense")
    before = running.exposed.state().policy
    running.exposed.policy.reload()
    after = running.exposed.state().policy

    assert (before.is_stale, after.is_stale) == (False, True)
    assert after.sha256 == before.sha256
    assert (after.failures, after.loads) == (1, 1)
    assert after.last_failure == NINE


def test_exceptions_that_have_ended_are_counted(running: Running, tmp_path: Path) -> None:
    """By the sensor's clock."""
    path = tmp_path / "policy.yaml"
    exception = (
        "exceptions:\n  - {id: e, group: contractors, verdict: allow, reason: r, owner: o, "
        "until: 2026-11-22T12:00:00Z}\n"
    )
    path.write_text(path.read_text().replace("rules:", exception + "rules:"))
    assert running.exposed.policy.reload().accepted, running.exposed.policy.issues
    before = running.exposed.state().lapsed_exceptions
    running.clock.move(4 * HOUR // 10**9)

    assert (before, running.exposed.state().lapsed_exceptions) == (0, 1)


@pytest.mark.parametrize(
    ("saw", "error", "word"), [(True, None, "seen"), (False, None, "missed"), (False, "no namespace", "failed")]
)
def test_canaries_are_counted_by_result(running: Running, saw: bool, error: str | None, word: str) -> None:
    """Each result begins at nothing; the newest is told."""
    result = CanaryResult(NINE, "namespace", saw, saw, 5, error)
    assert running.exposed.state().canaries == {"seen": 0, "missed": 0, "failed": 0}
    running.loop.put_canary(result)
    state = running.exposed.state()

    assert state.canaries[word] == 1
    assert state.canary == result


def test_a_loop_that_is_stuck_is_not_healthy(running: Running) -> None:
    """One that has not begun yet is not stuck."""
    assert running.exposed.is_healthy
    running.loop.turn()
    running.clock.move(29)
    assert running.exposed.is_healthy
    running.clock.move(2)
    assert not running.exposed.is_healthy
    running.loop.turn()
    assert running.exposed.is_healthy
