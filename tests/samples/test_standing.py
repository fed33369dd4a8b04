"""What a watch hands over bit by bit comes to what an audit of the same capture says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from auditor import engine
from auditor.engine import CapturePath
from auditor.engine.watch import Watch
from auditor.pipeline.pacing import Pace
from auditor.pipeline.run import judge
from tests.build.deltas import span
from tests.build.standing import KEY, bare, newest, past_all, standing
from tests.properties.seeing import options, policy

FOLDER = Path(__file__).parents[2] / "samples"
SAMPLES = sorted(path.name for path in FOLDER.iterdir() if ".pcap" in path.name)
PLAYED = {"office-day.pcapng", "inside-to-inside.pcapng", "dht-routing-only.pcapng", "handshake-transmission.pcap"}
"""Played within a second or so, so that there are many deltas; the others as fast as it goes."""


@pytest.mark.parametrize("name", SAMPLES)
def test_a_capture_that_is_played_comes_to_what_an_audit_says(name: str) -> None:
    """Facts of the engine itself, as they become known, with hosts folded in their turns."""
    captures = [CapturePath(str(FOLDER / name), "default")]
    seen = engine.sight(captures, options())
    first, last = span(seen)
    speed = max(1.0, (last - first) / 10**9) if name in PLAYED else None
    pipeline = standing(policy(), pace=Pace(), clock=time.monotonic)

    changes, is_over = [], False
    with Watch.replay(captures, options(), speed=speed) as watch:
        while not is_over:
            delta = watch.drain(0.05)
            changes += pipeline.take(delta)
            is_over = delta.is_over
    changes += pipeline.advance(past_all(changes))

    came_to = sorted((bare(change.incident) for change in newest(changes).values()), key=repr)
    assert came_to == sorted(map(bare, judge(seen, policy(), key=KEY).incidents), key=repr)
    assert all(change.is_over for change in newest(changes).values())
