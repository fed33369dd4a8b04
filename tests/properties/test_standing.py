"""Facts that become known bit by bit come to the incidents that an audit of all of them finds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import engine
from auditor.engine import CapturePath
from auditor.pipeline.run import judge
from tests.build.deltas import cut
from tests.properties.seeing import examples, options, policy
from tests.properties.standing import KEY, assert_same, run, standing

if TYPE_CHECKING:
    from auditor.model.capture import Sighting

SAMPLES = sorted(
    path.name
    for path in (Path(__file__).parents[2] / "samples").iterdir()
    if ".pcap" in path.name and path.name.split(".", 1)[1].startswith("pcap")
)


@cache
def sample(name: str) -> Sighting:
    """Return what is seen in a committed capture."""
    return engine.sight([CapturePath(str(Path(__file__).parents[2] / "samples" / name), "default")], options())


def moments(sighting: Sighting, shares: list[float]) -> list[int]:
    """Return moments of the time in which anything was seen."""
    facts = (*sighting.flows, *sighting.activities)
    first, last = min((f.first for f in facts), default=0), max((f.last for f in facts), default=0)
    return [first + int(share * (last - first)) for share in shares]


SHARES = st.lists(st.floats(0, 1), max_size=6)


@pytest.mark.parametrize("name", SAMPLES)
@examples(10)
@given(shares=SHARES, seed=st.integers(0, 2**32))
def test_a_sample_cut_anywhere_comes_to_what_an_audit_says(name: str, shares: list[float], seed: int) -> None:
    """Whatever is known when, in the end all of it is said as of the whole."""
    seen = sample(name)
    deltas = cut(seen, moments(seen, shares), Random(seed))  # noqa: S311 - drawn by the test

    changes = run(standing(policy()), deltas)

    assert_same(changes, seen, judge(seen, policy(), key=KEY))
