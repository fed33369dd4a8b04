"""From a sensor file to a daemon's settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from auditor.engine import Options
from auditor.engine.watch import Tap, Watch
from auditor.model.scale import People
from auditor.sensor import starting
from auditor.sensor.clock import SystemClock
from auditor.sensor.load import load
from auditor.written.in_force import Unusable
from tests.build.sensing import Log
from tests.build.sensor import sensor_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.sensor.confine import Allowed


def test_what_the_sensor_file_names_is_in_force(tmp_path: Path) -> None:
    """The policy, the key, and where things are."""
    config = load(sensor_files(tmp_path))
    settings = starting.settings_of(config, SystemClock())

    assert settings.name == "test"
    assert settings.held.policy.state.value.people is People.PSEUDONYM
    assert settings.held.key == bytes(range(32))
    assert settings.held.identity is None
    assert settings.store == config.store


def test_a_bad_policy_is_not_put_in_force(tmp_path: Path) -> None:
    """And nothing starts."""
    config = load(sensor_files(tmp_path, policy="version: 1\n"))

    with pytest.raises(Unusable):
        starting.settings_of(config, SystemClock())


def test_interfaces_are_watched_as_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its rings, filters and workers."""
    asked: list[object] = []

    def live(taps: Sequence[Tap], options: Options, *, workers: int) -> None:
        asked.extend([list(taps), options, workers])

    monkeypatch.setattr(Watch, "live", live)
    interfaces = "[{name: lo, ring: 8 MiB, filter: not port 443}, eth1]"
    config = load(sensor_files(tmp_path, "workers: 3\n", interfaces=interfaces))
    starting.watching(config, "native")(Options(()))
    taps, _, workers = asked

    assert [tap.interface for tap in taps] == ["lo", "eth1"]  # type: ignore[attr-defined]
    assert taps[0].ring_bytes == 8 << 20  # type: ignore[index]
    assert taps[0].filter  # type: ignore[index]
    assert workers == 3


def test_the_sensor_keeps_what_it_needs_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be given up is logged."""
    given: list[Allowed] = []

    def confine(allowed: Allowed) -> object:
        given.append(allowed)
        return type("Confined", (), {"left_out": ("this kernel has no Landlock",)})

    monkeypatch.setattr(starting, "confine", confine)
    log = Log()
    config = load(sensor_files(tmp_path))
    starting.confined(config, log.logger)

    assert config.state_dir in given[0].write
    assert config.state_dir.stat().st_mode & 0o777 == 0o700
    assert [line["reason"] for line in log.of("not confined")] == ["this kernel has no Landlock"]


def test_memory_is_kept_in_few_heaps() -> None:
    """Where the C library knows how; elsewhere nothing happens."""
    starting.few_heaps()

    assert os.getpid()
