"""A measured command is run to its end; time, memory and failure come from the system."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.contestants import CAPTURE, Contestant, hash_alone
from tests.bench.measure import DROPPED, Runs, Sample, floor, have_memory_at_hand, run


def test_processor_time_and_memory_are_the_childs() -> None:
    """Memory beyond this process's own shows; output goes nowhere."""
    sample = run([sys.executable, "-c", f"print(len(bytearray({floor()} + 50_000_000)))"])

    assert sample.failure is None
    assert sample.peak > floor()
    assert sample.cpu > 0


def test_memory_at_hand_is_not_this_process_s() -> None:
    """Else no peak below it could be told."""
    before = floor()

    have_memory_at_hand(before + (64 << 20))

    assert floor() < before + (32 << 20)


def test_python_may_keep_its_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would forbid it is left out of the environment, and nothing else."""
    monkeypatch.setenv(DROPPED, "1")
    monkeypatch.setenv("KEPT", "1")

    script = "import os, sys; sys.exit(sys.dont_write_bytecode or 'KEPT' not in os.environ)"

    assert run([sys.executable, "-c", script]).failure is None


def test_a_failure_carries_the_last_words() -> None:
    """The exit code and the last line on stderr tell what went wrong."""
    assert run([sys.executable, "-c", "import sys; sys.exit('first\\nlast')"]).failure == "exit code 1: last"


def test_a_missing_program_is_a_failure() -> None:
    """What cannot start is reported, not raised."""
    failure = run(["/nonexistent/program"]).failure

    assert failure is not None
    assert "No such file" in failure


def test_runs_give_best_and_median() -> None:
    """Best by the clock; the largest peak of all."""
    runs = Runs([Sample(3.0, 1.0, 7), Sample(1.0, 2.0, 9), Sample(2.0, 3.0, 8)])

    assert (runs.best.wall, runs.median, runs.peak) == (1.0, 2.0, 9)


@pytest.mark.parametrize("openssl", [shutil.which("openssl"), None], ids=["openssl", "hashlib"])
def test_the_hash_alone_is_computed_with_and_without_openssl(tmp_path: Path, openssl: str | None) -> None:
    """Either way the command prints the SHA-256 of the file it is given."""
    path = tmp_path / "a.pcap"
    path.write_bytes(b"frames")

    limit = hash_alone(openssl)

    printed = subprocess.run(limit.on(path), capture_output=True, text=True, check=True).stdout
    assert hashlib.sha256(b"frames").hexdigest() in printed
    assert "no version" not in limit.version


def test_a_command_takes_the_capture_and_is_shown_without_this_machines_paths() -> None:
    """The path stands where the command wants it."""
    contestant = Contestant("walk", ("/opt/build/walk", "flows", CAPTURE), "1")

    assert contestant.on(Path("/data/a.pcap")) == ["/opt/build/walk", "flows", "/data/a.pcap"]
    assert contestant.shown == "walk flows CAPTURE"
