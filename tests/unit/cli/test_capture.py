"""``auditor capture``."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import pytest

from auditor.engine import Recording

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the engine was asked to record."""
    calls: list[dict[str, Any]] = []

    def record(interface: str, directory: Path, **how: object) -> Recording:
        calls.append({"interface": interface, "directory": directory} | how)
        return Recording((directory / "1.pcapng",), packets=7, bytes=700, dropped=0, error=None)

    monkeypatch.setattr("auditor.engine.record", record)
    return calls


def test_files_are_recorded_as_asked_and_named(run: Run, asked: list[dict[str, Any]], tmp_path: Path) -> None:
    """Snap length, rotation by size and time, and the end; stdout names the files."""
    ended = run(
        *("capture", "eth0", "--write", str(tmp_path), "--snap-length", "256"),
        *("--rotate-size", "100M", "--rotate-time", "5m", "--duration", "1h30m"),
    )

    [call] = asked
    assert (ended.code, ended.out) == (0, f"{tmp_path}/1.pcapng\n")
    assert (call["snap_length"], call["rotate_bytes"]) == (256, 100_000_000)
    assert (call["rotate_seconds"], call["seconds"]) == (300.0, 5400.0)


@pytest.mark.usefixtures("asked")
def test_a_new_folder_is_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    """It will hold other people's traffic."""
    run("capture", "eth0", "--write", str(tmp_path / "new"))

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_an_interface_that_cannot_be_recorded_ends_with_three(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One sentence says why."""

    def record(*_: object, **__: object) -> Recording:
        raise OSError(19, "No such device")

    monkeypatch.setattr("auditor.engine.record", record)

    ended = run("capture", "eth9", "--write", str(tmp_path))

    assert (ended.code, ended.err) == (3, "eth9 cannot be recorded: No such device\n")


def test_an_idle_interface_leaves_no_file_and_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Stdout stays empty, not a blank line that a script takes for a name."""
    nothing = Recording(paths=(), packets=0, bytes=0, dropped=0, error=None)
    monkeypatch.setattr("auditor.engine.record", lambda *_, **__: nothing)

    ended = run("capture", "eth0", "--write", str(tmp_path), "--duration", "1s")

    assert (ended.code, ended.out, ended.err) == (0, "", "No frame came, so no file was written.\n")
