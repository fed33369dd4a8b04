"""Tests of reading what is in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.evidence import reading
from auditor.evidence.reading import Filter
from auditor.evidence.recorder import Recorder
from auditor.model.infohash import Infohash
from auditor.model.watch import Delta, FlowSeen
from tests.build.evidence import MAKER, change, frame, incident
from tests.build.sighting import EMPLOYEE, FILM, HOURS, NINE, OUTSIDER, flow, shake

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.evidence.store import Store

V2 = Infohash(bytes(range(32)))
ONE, TWO, THREE = (incident(number).id for number in (1, 2, 3))


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with three incidents, the first with two versions, a flow and what proves it."""
    made = Recorder(run=MAKER, sensor="office")
    first = incident(1)
    grown = first._replace(conduct=first.conduct._replace(last=NINE + 2 * HOURS, uploaded=9))
    second = incident(2, host=EMPLOYEE, at=NINE + 4 * HOURS, group="employees")
    infohashes = second.conduct.infohashes
    assert infohashes is not None
    second = second._replace(
        conduct=second.conduct._replace(flows=(), infohashes=infohashes._replace(wire=(V2.wire,), v1=None, v2=V2))
    )
    third = incident(3, host="2001:db8::1", at=NINE + 8 * HOURS)
    seen = Delta(flows=(FlowSeen(1, flow(EMPLOYEE, OUTSIDER, [shake("orig")]), is_over=True),), slices=(frame(4),))
    store.append(made.of_turn(seen, [change(first), change(grown, first), change(second), change(third)]))
    return store


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), [THREE, TWO, ONE]),
        (Filter(limit=2), [THREE, TWO]),
        (Filter(begin=NINE + HOURS, end=NINE + 4 * HOURS), [ONE]),
        (Filter(begin=NINE + 3 * HOURS, end=NINE + 5 * HOURS), [TWO]),
        (Filter(end=NINE), []),
        (Filter(group="employees"), [TWO]),
        (Filter(verdict="violation", severity="high"), [THREE, TWO, ONE]),
        (Filter(verdict="notice"), []),
        (Filter(infohash=str(FILM)), [THREE, ONE]),
        (Filter(infohash=str(V2)), [TWO]),
        (Filter(infohash=str(V2.wire)), [TWO]),
        (Filter(host=EMPLOYEE), [TWO]),
        (Filter(host="2001:db8::1", group="guests"), [THREE]),
        (Filter(incident=TWO), [TWO]),
        (Filter(incident=TWO[:12]), [TWO]),
        (Filter(incident=TWO[-12:]), [TWO]),
        (Filter(incident="%"), []),
        (Filter(status="reviewed"), []),
    ],
)
def test_filters(filled: Store, wanted: Filter, found: list[str]) -> None:
    """The newest version of each incident that is asked for, the latest first."""
    assert [listed.id for listed in reading.incidents(filled, wanted)] == found


def test_what_became_a_part_of_another(filled: Store) -> None:
    """Two names turned out to be of the same torrent: one incident is listed, and the other is there when asked for."""
    made = Recorder(run=MAKER, sensor="office")
    filled.append(made.of_change(change(incident(1), incident(1))._replace(merged=(THREE,))))

    assert [listed.id for listed in reading.incidents(filled, Filter())] == [TWO, ONE]
    assert [listed.id for listed in reading.incidents(filled, Filter(incident=THREE))] == [THREE]
    assert reading.history(filled, ONE).versions[-1].body is not None


def test_the_newest_version_is_listed(filled: Store) -> None:
    """With all its parts."""
    [listed] = reading.incidents(filled, Filter(incident=ONE))

    assert listed.record.body is not None
    assert listed.record.identifying is not None
    assert listed.record.body["uploaded"] == 9
    assert listed.record.identifying["host"] == "10.40.0.9"
    assert listed.record.deleted == ()


def test_a_history(filled: Store, tmp_path: Path) -> None:
    """Versions, verdicts, attributions, flows, observations, and the frames that prove them."""
    told = reading.history(filled, ONE[-12:])

    assert told.id == ONE
    assert [version.body["uploaded"] for version in told.versions if version.body] == [2000, 9]
    assert len(told.verdicts) == len(told.attributions) == 1
    assert [len(each) for each in (told.flows, told.observations, told.notes)] == [1, 1, 0]
    assert told.observations[0].has_slices
    [capture] = reading.slices(filled, told)
    (tmp_path / "proof.pcapng").write_bytes(capture)
    assert frame(4).data in capture


def test_which_incident(filled: Store) -> None:
    """None, or several, are told."""
    with pytest.raises(LookupError, match="there is no incident 'ffff' in this store"):
        reading.history(filled, "ffff")
    with pytest.raises(LookupError, match="several incidents are called ''"):
        reading.history(filled, "")
