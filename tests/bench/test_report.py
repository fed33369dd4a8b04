"""The report says what was measured, and the bars are held against it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import bars, report
from tests.bench.contestants import BASELINE, HASH_ALONE, HASHED, UNHASHED, Contestant, Field
from tests.bench.generate import Capture
from tests.bench.measure import Runs, Sample
from tests.bench.race import Race, Result
from tests.bench.recipes import RECIPES

CAPTURE = Capture(Path("mixed.pcap"), "mixed", packets=1_000_000, bytes=550_000_000, flows=10_000)


def _result(name: str, *walls: float, peak: int = 100_000_000, failure: str | None = None) -> Result:
    runs = Runs([Sample(wall, wall, peak, failure) for wall in walls])
    return Result(Contestant(name, (name,), "1"), CAPTURE.packets, whole=True, runs=runs)


def test_the_heading_says_who_ran_and_how() -> None:
    """Commands, versions and what is absent, with the conditions that are alike for all."""
    field = Field([Contestant(HASHED, ("/opt/auditor", "audit"), "auditor 1")], ["tshark: install it"])

    text = "\n".join(report.heading(field, 0.5))

    assert "- versions: auditor 1\n- absent: tshark: install it\n- load average before and after: 0.50, " in text
    assert "without PYTHONDONTWRITEBYTECODE" in text
    assert "  - auditor: `auditor audit`" in text


def test_the_best_run_counts_against_ndpi_reader() -> None:
    """A ratio is that of the best runs' rates, start-up included."""
    race = Race(CAPTURE, [_result(HASHED, 0.5, 0.9), _result(BASELINE, 4.0, 2.0)])

    assert race.results[0].rate == pytest.approx(2_000_000)
    assert race.ratio(HASHED) == pytest.approx(4.0)
    assert race.ratio(UNHASHED) is None


def test_a_bar_is_met_missed_or_open() -> None:
    """What did not run or failed leaves its bars open, which is not met."""
    race = Race(CAPTURE, [_result(HASHED, 0.5), _result(UNHASHED, 0.4), _result(BASELINE, 2.0)])

    met = {bar.about: bar.met for bar in bars.hold([race], {})}

    assert met == {
        "mixed: auditor, times faster than ndpiReader": True,
        "mixed: auditor --no-hash, times faster than ndpiReader": False,
        "mixed: peak memory": True,
        "auditor --help": None,
    }


@pytest.mark.parametrize(
    ("alone", "measured"),
    [(1.0, "1.3 (out of reach: SHA-256 alone 2.0)"), (0.4, "1.3")],
)
def test_a_bar_beyond_what_hashing_allows_says_so(alone: float, measured: str) -> None:
    """It stays missed; the reader sees how fast the hash alone is, where that is below the bar."""
    race = Race(
        CAPTURE, [_result(HASHED, 1.5), _result(UNHASHED, 0.2), _result(BASELINE, 2.0), _result(HASH_ALONE, alone)]
    )

    hashed, unhashed, *_ = bars.hold([race], {})

    assert (hashed.measured, hashed.met) == (measured, False)
    assert (unhashed.measured, unhashed.met) == ("10.0", True)


def test_memory_and_help_have_bars_of_their_own() -> None:
    """The larger of both runs of the auditor counts; help must stay under its limit."""
    race = Race(CAPTURE, [_result(HASHED, 1.0), _result(UNHASHED, 1.0, peak=150_000_001)])

    held = bars.hold([race], {bars.HELP: Runs([Sample(0.5, 0.5, 1), Sample(0.39, 0.3, 1)])})

    assert [bar.met for bar in held] == [None, None, False, True]


def test_every_capture_has_its_bars() -> None:
    """Times with and without SHA-256, and memory."""
    for promised in (*bars.TIMES_FASTER.values(), bars.PEAK_MEGABYTES):
        assert set(promised) == set(RECIPES)


def test_a_failure_is_told_and_has_no_rate() -> None:
    """One failed run of several spoils the contestant."""
    text = "\n".join(report.of_race(Race(CAPTURE, [_result(HASHED, 1.0, failure="exit code 3: no")])))

    assert "| auditor |    failed |" in text
    assert "auditor failed with exit code 3: no" in text


def test_each_capture_shows_how_it_grows_with_its_length() -> None:
    """Four times the packets take four times as long in the same memory: the last row holds them against each other."""
    lengths = []
    for times in (0.5, 1.0, 2.0):
        capture = replace(CAPTURE, packets=int(CAPTURE.packets * times))
        measured = replace(_result(UNHASHED, 0.4 * times, peak=1_000_000_000), packets=capture.packets)
        lengths.append((times, Race(capture, [measured])))

    lines = list(report.of_lengths(lengths))

    assert lines[lines.index("### mixed") + 2 :] == [
        "| length        |    packets |     best s | s per million packets |    peak MB |",
        "|---------------|-----------:|-----------:|----------------------:|-----------:|",
        "| x 0.5         |    500,000 |       0.20 |                 0.400 |       1000 |",
        "| x 1           |  1,000,000 |       0.40 |                 0.400 |       1000 |",
        "| x 2           |  2,000,000 |       0.80 |                 0.400 |       1000 |",
        "| last to first | 4.00 times | 4.00 times |            1.00 times | 1.00 times |",
    ]


def test_a_length_that_failed_is_held_against_nothing() -> None:
    """The row says that it failed, and no last row claims growth."""
    lengths = [
        (0.5, Race(CAPTURE, [_result(UNHASHED, 1.0, failure="no")])),
        (2.0, Race(CAPTURE, [_result(UNHASHED, 1.0)])),
    ]

    text = "\n".join(report.of_lengths(lengths))

    assert "failed" in text
    assert "last to first" not in text


def test_tables_line_up() -> None:
    """Every line of a table is as long as the others, so it reads as text too."""
    lines = list(report.table(("", "n"), [("a", "1"), ("longer", "1,000")]))

    assert lines == [
        "|        |     n |",
        "|--------|------:|",
        "| a      |     1 |",
        "| longer | 1,000 |",
    ]
