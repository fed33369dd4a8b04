"""The benchmark of losses measures what it says."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.bench import loss
from tests.bench.loss import Cost, Outcome
from tests.build.links import needs_root

if TYPE_CHECKING:
    from pathlib import Path


def test_a_loss_that_the_listener_does_not_tell_is_told() -> None:
    """What came by the kernel's count is the measure, and starting and ending cost nothing of it."""
    outcome = Outcome(sent=2_000, seconds=1.0, came=2_000, seen=1_900, lost=60, cost=Cost(5.0, 0.19, 5.0))

    assert outcome.share_lost == pytest.approx(0.05)
    assert outcome.unsaid == 40
    assert outcome.cpu_per_million == pytest.approx(100.0)


@pytest.mark.lab
def test_a_small_run_loses_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Of a few thousand frames a second, on either side."""
    needs_root()
    if not shutil.which("tcpdump"):
        pytest.skip("tcpdump is missing: apt-get install tcpdump")
    small = ["--captures", "small", "--shrink", "200", "--rates", "2000", "--seconds", "2", "--ring", "8"]
    assert loss.main(["--dir", str(tmp_path), *small, "--check"]) == 0

    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    [offered, theirs, ours, *costs] = rows[-1]
    assert int(offered.replace(",", "")) == pytest.approx(2_000, rel=0.2)
    assert (theirs, ours) == ("0.0000%", "0.0000%")
    assert all(float(cost) > 0 for cost in costs[:2])
