"""Policy and identity sources, read again in a thread of their own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sensor.clock import SystemClock
from auditor.sensor.errors import Errors
from auditor.sensor.reloads import Handlers, Reloads, in_force
from auditor.written.in_force import Unusable
from tests.build.sensing import POLICY, Log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDENTITY = "version: 1\nsources:\n  - {name: list, kind: intervals, files: [list.csv]}\n"
LIST = "valid_from,valid_to,ip,mac,host,user,group\n2026-01-01T00:00:00Z,,10.30.0.7,,{host},,\n"


class Files:
    """A policy and an identity source that are in force."""

    def __init__(self, folder: Path) -> None:
        self.policy = folder / "policy.yaml"
        self.identity = folder / "identity.yaml"
        self.list = folder / "list.csv"
        self.policy.write_text(POLICY.format(name="old"))
        self.identity.write_text(IDENTITY)
        self.list.write_text(LIST.format(host="a"))
        clock = SystemClock()
        self.log = Log()
        self.errors = Errors(self.log.logger, clock)
        held, built = in_force(self.policy, self.identity, clock)
        self.built = built
        self.put: list[Any] = []
        self.outcomes: list[tuple[str, bool]] = []
        self.changed = threading.Event()
        self.reloads = Reloads(
            held,
            built,
            self.identity,
            Handlers(self._put, self._put, lambda name, outcome: self.outcomes.append((name, outcome.accepted))),
            clock=clock,
            errors=self.errors,
            log=self.log.logger,
            poll=0.02,
        )

    def _put(self, state: object) -> None:
        self.put.append(state)
        self.changed.set()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """They are read by a thread."""
    files = Files(tmp_path)
    files.reloads.start()
    yield files
    files.reloads.stop()


def test_what_is_asked_for_is_read(files: Files) -> None:
    """And handed over where it says something new."""
    files.policy.write_text(POLICY.format(name="new"))
    files.reloads.ask()

    assert files.changed.wait(10)
    assert files.put[0].value.name == "new"


def test_reading_now_says_whether_it_was_accepted(files: Files) -> None:
    """Nothing is handed over that was refused."""
    files.policy.write_text("version: 2\n")
    assert not files.reloads.now()
    assert ("policy", False) in files.outcomes
    files.policy.write_text(POLICY.format(name="old"))
    assert files.reloads.now()
    assert files.put == []


@pytest.mark.parametrize("key", ["announced", "retention"])
def test_a_policy_that_loses_what_a_sensor_needs_is_refused(files: Files, key: str) -> None:
    """The old one stays in force."""
    lines = POLICY.format(name="new").splitlines(keepends=True)
    files.policy.write_text("".join(line for line in lines if not line.startswith(key)))

    assert not files.reloads.now()
    assert files.put == []


def test_identity_sources_are_read_when_a_file_changes(files: Files) -> None:
    """Nobody has to ask; the policy is not read."""
    files.list.write_text(LIST.format(host="another"))

    assert files.changed.wait(10)
    assert ("policy", True) not in files.outcomes
    assert files.put[0].sha256 != files.outcomes


def test_a_lease_file_that_goes_away_ends_nothing(files: Files) -> None:
    """What is in force stays, until there is a file again."""
    files.list.unlink()
    files.list.with_suffix(".other").write_text("")
    deadline = threading.Event()
    for _ in range(200):
        if ("identity", False) in files.outcomes:
            break
        deadline.wait(0.05)

    assert ("identity", False) in files.outcomes
    assert files.put == []


def test_what_frames_show_is_put_in_force_though_no_file_changed(tmp_path: Path) -> None:
    """The policy is not read; sources that were refused wait until they change."""
    files = Files(tmp_path)
    files.reloads.renew()
    assert files.put == []
    assert files.built is not None
    files.built.build = lambda identity: identity.build()
    files.reloads.renew()
    assert [state.sha256 for state in files.put] == [files.built.state.sha256]
    assert {name for name, _ in files.outcomes} == {"identity"}

    files.identity.write_text("sources: none\n")
    assert not files.reloads.now()
    asked = len(files.outcomes)
    files.reloads.renew()
    assert len(files.outcomes) == asked


def test_a_sensor_does_not_start_without_promises(tmp_path: Path) -> None:
    """And says which are missing."""
    path = tmp_path / "policy.yaml"
    lines = POLICY.format(name="x").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(("announced", "retention"))))

    with pytest.raises(Unusable, match="announced") as raised:
        in_force(path, None, SystemClock())
    assert {issue.code for issue in raised.value.issues} >= {"missing-announced", "missing-retention"}
