"""``auditor replay``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.engine import Sent
from auditor.evidence.reading import Filter, incidents
from auditor.evidence.store import open_store
from tests.build.prometheus import free_port
from tests.build.sensing import logging_put_back
from tests.build.sensor import sensor_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.cli.conftest import Run

ROOT = Path(__file__).parent.parent.parent.parent
OFFICE = str(ROOT / "samples" / "office-day.pcapng")
POLICY = str(ROOT / "policies" / "corporate.yaml")


@pytest.fixture(autouse=True)
def _logging_is_put_back() -> Iterator[None]:
    """A command sets the logging of its process up; the process of the tests has its own."""
    with logging_put_back():
        yield


def test_incidents_are_printed_as_they_begin_and_end(run: Run) -> None:
    """One line each time, and violations give exit code 1, as in an audit."""
    ended = run("replay", "--max", "--policy", POLICY, OFFICE)
    told = {tuple(line.split()[3:6]) for line in ended.out.splitlines()}

    assert ended.code == 1
    assert sorted(verdict for verdict, *_ in told) == ["allow"] * 2 + ["notice"] * 2 + ["violation"] * 2
    assert "guest-sharing" in ended.out


def test_violations_may_be_left_out_of_the_exit_code(run: Run) -> None:
    """For who wants the lines."""
    assert run("replay", "--max", "--exit-zero", "--policy", POLICY, OFFICE).code == 0


def test_evidence_is_recorded_where_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    """All of it, before the command ends."""
    run("replay", "--max", "--policy", POLICY, "--store", str(tmp_path), OFFICE)
    store = open_store(str(tmp_path), create=False)
    found = incidents(store, Filter())
    store.close()

    assert len(found) == 6


def test_a_sensor_file_says_the_rest(run: Run, tmp_path: Path) -> None:
    """Its store is written, its interfaces are left alone."""
    config = sensor_files(tmp_path, f'metrics: {{listen: "127.0.0.1:{free_port()}"}}\n')
    ended = run("replay", "--max", "--config", str(config), OFFICE)

    assert ended.code == 0
    assert "guests" in ended.out
    assert (tmp_path / "state" / "evidence.sqlite").exists()


def test_what_is_no_capture_is_said(run: Run, tmp_path: Path) -> None:
    """With exit code 3, after the others."""
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(b"nonsense")
    ended = run("replay", "--max", "--policy", POLICY, OFFICE, str(bad))

    assert ended.code == 3
    assert "bad.pcap could not be read" in ended.err
    assert "guest-sharing" in ended.out


@pytest.mark.parametrize(
    "words",
    [
        (OFFICE,),
        ("--policy", POLICY, "--config", "sensor.yaml", OFFICE),
        ("--config", "sensor.yaml", "--store", "x", OFFICE),
    ],
)
def test_either_a_sensor_file_or_a_policy_says_how(run: Run, words: tuple[str, ...]) -> None:
    """Anything else is wrong usage."""
    ended = run("replay", *words)

    assert ended.code == 2
    assert "--config" in ended.err


def test_every_issue_of_a_bad_policy_is_said(run: Run, tmp_path: Path) -> None:
    """As by `policy check`."""
    bad = tmp_path / "policy.yaml"
    bad.write_text("version: 2\n")
    ended = run("replay", "--policy", str(bad), OFFICE)

    assert ended.code == 2
    assert "policy.yaml:1" in ended.err


def test_frames_are_sent_out_of_an_interface(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is judged then."""
    asked: list[object] = []

    def transmit(captures: object, interface: str, **pace: object) -> Sent:
        asked.extend([captures, interface, pace])
        return Sent(3995, 3_560_000, 2, 0)

    monkeypatch.setattr("auditor.engine.transmit", transmit)
    ended = run("replay", "--interface", "veth0", "--speed", "10", OFFICE)

    assert ended.code == 0
    assert asked == [(OFFICE,), "veth0", {"speed": 10.0, "loops": 1}]
    assert "3,995 frames, 3.56 MB sent" in ended.err
    assert "2 frames left out: longer than it takes" in ended.err


def test_an_interface_that_takes_nothing_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit code 3."""

    def transmit(*_words: object, **_pace: object) -> Sent:
        raise OSError(100, "Network is down")

    monkeypatch.setattr("auditor.engine.transmit", transmit)
    ended = run("replay", "--interface", "veth0", OFFICE)

    assert (ended.code, ended.err) == (3, "nothing can be sent out of veth0: Network is down\n")


def test_sending_takes_no_policy(run: Run) -> None:
    """It would be without effect."""
    assert run("replay", "--interface", "veth0", "--policy", POLICY, OFFICE).code == 2
