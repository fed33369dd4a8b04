"""``auditor sensor run``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.build.prometheus import free_port
from tests.build.sensing import logging_put_back
from tests.build.sensor import sensor_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def _this_process_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What cannot be taken back is for a process of its own: see tests/faults."""
    monkeypatch.setattr("auditor.sensor.starting.confined", lambda *_: None)
    with logging_put_back():
        yield


def test_a_bad_sensor_file_is_said_and_nothing_starts(run: Run, tmp_path: Path) -> None:
    """Every issue, with exit code 2."""
    path = tmp_path / "sensor.yaml"
    path.write_text("version: 1\npolicy: policy.yaml\ninterfaces: [lo]\nnonsense: 1\n")
    ended = run("sensor", "run", "--config", str(path))

    assert ended.code == 2
    assert "unknown-key" in ended.err


@pytest.mark.parametrize("key", ["purpose", "announced", "retention"])
def test_a_policy_without_promises_does_not_start(run: Run, tmp_path: Path, key: str) -> None:
    """People must know why they are watched, that they are, and for how long it is kept."""
    config = sensor_files(tmp_path)
    policy = tmp_path / "policy.yaml"
    lines = policy.read_text().splitlines(keepends=True)
    policy.write_text("".join(line for line in lines if not line.startswith(key)))
    ended = run("sensor", "run", "--config", str(config))

    assert ended.code == 2
    assert key in ended.err


def test_a_key_that_cannot_be_read_does_not_start(run: Run, tmp_path: Path) -> None:
    """Pseudonyms under no key would be none."""
    config = sensor_files(tmp_path)
    key = tmp_path / "pseudonyms.key"
    key.unlink()
    key.write_bytes(b"short")
    ended = run("sensor", "run", "--config", str(config))

    assert ended.code == 2
    assert "pseudonyms.key" in ended.err


def test_without_the_right_to_capture_it_does_not_start(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With exit code 3."""

    def refuse(*_words: object, **_settings: object) -> object:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("auditor.engine.watch.Watch.live", refuse)
    config = sensor_files(tmp_path, f'metrics: {{listen: "127.0.0.1:{free_port()}"}}\n')
    ended = run("sensor", "run", "--config", str(config))

    assert ended.code == 3
