"""Facts that become known bit by bit come to the incidents that an audit of all of them finds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import engine
from auditor.engine import CapturePath
from auditor.model.moment import HOUR
from auditor.pipeline.run import judge
from auditor.pipeline.standing import Limits
from auditor.written.in_force import State
from tests.build import days
from tests.build.deltas import cut, span
from tests.build.sighting import NINE
from tests.build.standing import (
    KEY,
    assert_same,
    assert_same_amounts,
    bare,
    newest,
    past,
    past_all,
    resumed,
    run,
    standing,
)
from tests.properties.seeing import examples, options, policy

if TYPE_CHECKING:
    from auditor.model.capture import Sighting
    from auditor.model.scale import Severity, Verdict
    from auditor.model.standing import Gravest, IncidentChange
    from auditor.model.watch import Delta

FOLDER = Path(__file__).parents[2] / "samples"
SAMPLES = sorted(path.name for path in FOLDER.iterdir() if ".pcap" in path.name)
SEEDS = st.integers(0, 2**32)
EACH = days.policy(counts=False)
"""A policy by which each incident stands for itself."""


@cache
def sample(name: str) -> Sighting:
    """Return what is seen in a committed capture."""
    return engine.sight([CapturePath(str(FOLDER / name), "default")], options())


def pieces(sighting: Sighting, draw: Random) -> list[Delta]:
    """Cut a sighting into up to eight deltas."""
    first, last = span(sighting)
    return cut(sighting, [draw.randint(first, last) for _ in range(draw.randrange(8))], draw)


@pytest.mark.parametrize("name", SAMPLES)
@examples(10)
@given(seed=SEEDS)
def test_a_sample_cut_anywhere_comes_to_what_an_audit_says(name: str, seed: int) -> None:
    """Whatever is known when, in the end all of it is said as of the whole."""
    seen = sample(name)

    changes = run(standing(policy()), pieces(seen, Random(seed)))  # noqa: S311 - drawn by the test

    assert_same(changes, seen, judge(seen, policy(), key=KEY))


@examples(150)
@given(seed=SEEDS, is_known=st.booleans())
def test_days_cut_anywhere_come_to_what_an_audit_says(seed: int, is_known: bool) -> None:
    """So do days in which hosts meet in every way, with and without identity sources; and nothing is kept of them."""
    draw = Random(seed)  # noqa: S311 - drawn by the test
    seen = days.day(draw)
    known = days.directory(draw) if is_known else None
    pipeline = standing(EACH, directory=known)

    changes = run(pipeline, pieces(seen, draw))

    assert_same(changes, seen, judge(seen, EACH, directory=known, key=KEY))
    assert not any(size for name, size in pipeline.sizes.items() if name != "history")


@examples(100)
@given(seed=SEEDS, is_known=st.booleans())
def test_rules_count_in_order_of_time_whatever_is_known_first(seed: int, is_known: bool) -> None:
    """How often something happened is counted as if all of it had been known at once, while it goes on."""
    draw = Random(seed)  # noqa: S311 - drawn by the test
    seen = days.day(draw)
    known = days.directory(draw) if is_known else None
    # What is over is not judged again because something earlier comes to count: so nothing is, before the end.
    deltas = [replace(delta, seen_until=None) for delta in pieces(seen, draw)]
    pipeline = standing(days.policy(), directory=known)

    changes = [change for delta in deltas for change in pipeline.take(delta)]
    changes += pipeline.advance(past_all(changes))

    assert_same(changes, seen, judge(seen, days.policy(), directory=known, key=KEY))


@examples(100)
@given(seed=SEEDS)
def test_what_was_said_stays_said(seed: int) -> None:
    """Each change goes on where the last one ended, says something new, and is of no lesser gravity."""
    draw = Random(seed)  # noqa: S311 - drawn by the test
    seen = days.day(draw)

    changes = run(standing(days.policy()), pieces(seen, draw))

    by_id: dict[str, list[IncidentChange]] = {}
    for change in changes:
        by_id.setdefault(change.incident.id, []).append(change)
    for told in by_id.values():
        assert told[0].previous is None
        assert told[-1].is_over
        for before, after in pairwise(told):
            assert after.previous == before.incident
            assert (after.incident, after.is_over, after.merged) != (before.incident, before.is_over, ())
            assert gravity(after.gravest) >= gravity(before.gravest)
        for change in told:
            assert change.gravest.judgement.verdict >= change.incident.judgement.verdict


def gravity(said: Gravest) -> tuple[Verdict, Severity]:
    """Return what makes one verdict graver than another."""
    return said.judgement.verdict, said.judgement.severity


@examples(100)
@given(seed=SEEDS)
def test_amounts_are_right_however_little_is_kept(seed: int) -> None:
    """Of facts that are let go for want of room, everything stays but their numbers, frames and what stood beside."""
    draw = Random(seed)  # noqa: S311 - drawn by the test
    seen = days.day(draw, most=40)

    changes = run(standing(EACH, limits=Limits(3, 10)), pieces(seen, draw), is_kept=False)

    assert_same_amounts(changes, judge(seen, EACH, key=KEY))


@examples(100)
@given(seed=SEEDS)
def test_incidents_go_on_after_a_restart(seed: int) -> None:
    """A new run goes on under the same ids, and in the end says what one run would have said.

    A flow that goes on over the restart would be seen from there on alone; here there are none.
    """
    draw = Random(seed)  # noqa: S311 - drawn by the test
    whole = days.day(draw)
    moment = NINE + draw.randrange(30 * HOUR)
    flows = [flow for flow in whole.flows if not flow.first <= moment <= flow.last]
    activities = [each for each in whole.activities if not each.first <= moment <= each.last]
    seen = whole._replace(flows=tuple(flows), activities=tuple(activities))
    early, late = pieces_around(seen, moment, draw)
    one = standing(EACH)
    changes = [change for delta in early for change in one.take(delta)] + one.advance(moment)

    ids = (f"later-{number}" for number in count())
    other = standing(EACH, resumed=resumed(changes), past=past(changes), ids=lambda: next(ids))
    later = run(other, late)

    opened = {owner for owner, change in newest(changes).items() if not change.is_over}
    gone_on = {change.incident.id for change in later} | {owner for change in later for owner in change.merged}
    assert opened <= gone_on
    assert_same_amounts([*changes, *later], judge(seen, EACH, key=KEY), is_resumed=True)


def pieces_around(seen: Sighting, moment: int, draw: Random) -> tuple[list[Delta], list[Delta]]:
    """Cut what was seen before a moment, and what was seen after it, each by itself."""
    before = seen._replace(
        flows=tuple(flow for flow in seen.flows if flow.last < moment),
        activities=tuple(each for each in seen.activities if each.last < moment),
    )
    after = seen._replace(
        flows=tuple(flow for flow in seen.flows if flow.first > moment),
        activities=tuple(each for each in seen.activities if each.first > moment),
    )
    late = pieces(after, draw)
    return pieces(before, draw), [replace(late[0], seen_until=moment), *late]


@examples(100)
@given(seed=SEEDS)
def test_what_is_replaced_holds_for_all_that_goes_on(seed: int) -> None:
    """Whenever a policy and a directory come, in the end it is as if they had been there from the beginning."""
    draw = Random(seed)  # noqa: S311 - drawn by the test
    seen = days.day(draw, hours=4)
    known = days.directory(draw, hours=4)
    pipeline = standing(days.policy(has_rules=False))
    deltas = pieces(seen, draw)
    place, other = draw.randrange(len(deltas) + 1), draw.randrange(len(deltas) + 1)
    changes: list[IncidentChange] = []
    for number in range(len(deltas) + 1):
        if number == place:
            changes += pipeline.replace_policy(State(days.policy(), days.policy().sha256, 0))
        if number == other:
            changes += pipeline.replace_directory(known)
        if number < len(deltas):
            # Nothing is over before both are known: what is over is not judged again.
            changes += pipeline.take(replace(deltas[number], seen_until=None))
    changes += pipeline.advance(past_all(changes))

    audited = [bare(incident) for incident in judge(seen, days.policy(), directory=known, key=KEY).incidents]
    came_to = [bare(change.incident) for change in newest(changes).values()]
    # What was seen of a public address may turn out to be another view of what an inside host did, and is over then.
    came_to = [each for each in came_to if str(each.conduct.host) != days.PUBLIC or each in audited]
    assert sorted(came_to, key=repr) == sorted(audited, key=repr)
