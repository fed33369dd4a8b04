"""``auditor sensor coverage``."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from auditor.evidence.recording import of_coverage
from auditor.evidence.store import open_store
from auditor.model.coverage import CoverageMinute
from auditor.model.moment import MINUTE
from tests.build.sighting import NINE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

ASKED = ("sensor", "coverage", "--from", "2026-11-22T09:00:00Z", "--to", "2026-11-22T09:05:00Z")


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Coverage of three of five minutes; in the last of them frames were lost."""
    minutes = [
        CoverageMinute("office", NINE, MINUTE, 1000, 64_000, 0),
        CoverageMinute("office", NINE + MINUTE, MINUTE, 1000, 64_000, 0),
        CoverageMinute("office", NINE + 4 * MINUTE, MINUTE, 1000, 64_000, 2, {"store-flow": 3}),
    ]
    with closing(open_store(str(tmp_path))) as opened:
        opened.append([of_coverage(minute) for minute in minutes])
    return str(tmp_path)


def test_people_read_what_was_watched_and_what_was_not(run: Run, store: str) -> None:
    """With the reasons."""
    told = run(*ASKED, "--store", store).out

    assert "watched   3 min 0 s of 5 min 0 s, 60.0%" in told
    assert "lost      2 in the kernel, 0.1% of the frames" in told
    assert "watched   2026-11-22 09:00:00 to 2026-11-22 09:02:00\n" in told
    assert "gap       2026-11-22 09:02:00 to 2026-11-22 09:04:00  no sensor ran\n" in told
    assert "partly    2026-11-22 09:04:00 to 2026-11-22 09:05:00  frames lost in the kernel" in told


def test_programs_read_the_same(run: Run, store: str) -> None:
    """As JSON."""
    told = json.loads(run(*ASKED, "--store", store, "--format", "json").out)

    assert (told["schema"], told["sensor"]) == ("auditor.coverage/1", "office")
    assert (told["share_watched"], told["lost_frames"], told["discarded"]) == (0.6, 2, {"store-flow": 3})
    assert [span["state"] for span in told["spans"]] == ["watched", "gap", "partly"]


def test_a_store_of_several_sensors_asks_which(run: Run, store: str) -> None:
    """Minutes of two are not added up."""
    with closing(open_store(store)) as opened:
        opened.append([of_coverage(CoverageMinute("lab", NINE, MINUTE, 1, 1, 0))])

    assert "several sensors" in run(*ASKED, "--store", store).err
    assert "60.0%" in run(*ASKED, "--store", store, "--sensor", "office").out


def test_where_nothing_is_recorded_nothing_was_watched(run: Run, store: str) -> None:
    """And the answer says so."""
    told = run("sensor", "coverage", "--from", "2020-01-01", "--to", "2020-01-02", "--store", store).out

    assert "0.0%" in told
    assert "gap       2020-01-01 00:00:00 to 2020-01-02 00:00:00  no sensor ran" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-11-22", "--to", "2026-11-21"), "--to is not after --from"),
        (("--from", "1h", "--store", "nowhere"), "no store"),
    ],
)
def test_what_cannot_be_asked_is_said(run: Run, words: tuple[str, ...], told: str) -> None:
    """As wrong usage."""
    ended = run("sensor", "coverage", *words)

    assert ended.code == 2
    assert told in ended.err
