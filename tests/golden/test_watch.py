"""What a watch tells step by step comes to what an audit says of the same frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.engine import CapturePath, Options
from auditor.engine.watch import Watch
from tests.lab.watching import INSIDE, of_capture, of_deltas

ROOT = Path(__file__).parent.parent.parent
CAPTURES = sorted(
    path for folder in ("samples", "tests/cases") for path in (ROOT / folder).rglob("*") if ".pcap" in path.name
)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
@pytest.mark.parametrize(("jobs", "wait"), [(1, 0.0), (2, 0.01), (3, 0.1)])
def test_a_watch_comes_to_what_an_audit_says(capture: Path, jobs: int, wait: float) -> None:
    """For any number of workers, whenever it is asked."""
    with Watch.replay([CapturePath(str(capture), "wire")], Options(INSIDE, jobs=jobs), speed=None) as watch:
        deltas = [watch.drain(wait)]
        while not deltas[-1].is_over:
            deltas.append(watch.drain(wait))

    assert of_deltas(deltas) == of_capture(str(capture))
