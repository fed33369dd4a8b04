"""The bench of memory over a long run."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from tests.bench.endurance import Sample, judged, run, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("late", "growth"), [(200, 0.0), (208, 0.04), (250, 0.25)])
def test_memory_is_compared_with_what_it_was_after_a_quarter(late: int, growth: float) -> None:
    """What it was before, while tables fill, does not count."""
    rss = [50, 120, 200, *[200] * 4, late, 200]
    samples = [Sample(number, number * 100, size, {}) for number, size in enumerate(rss)]

    assert judged(samples).growth == pytest.approx(growth)


def test_a_small_run_goes_through_the_whole_pipeline(tmp_path: Path) -> None:
    """With a store, as the long one; the curve is written for whoever draws it."""
    samples, told = run(120_000, 1800, tmp_path, 20_000, store=True)
    write(tmp_path / "curve.csv", samples)
    rows = list(csv.DictReader((tmp_path / "curve.csv").read_text().splitlines()))

    assert told > 0
    assert int(rows[-1]["frames"]) == samples[-1].frames <= 120_000
    assert "standing_facts" in rows[-1]
