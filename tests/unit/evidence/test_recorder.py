"""Tests of the records of what a run sees."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from auditor.evidence.record import prepare
from auditor.evidence.recorder import Recorder
from auditor.evidence.recording import Grounds
from auditor.model.coverage import CoverageMinute
from auditor.model.moment import MINUTE
from auditor.model.watch import ActivitySeen, Delta, FlowSeen
from tests.build.evidence import MAKER, change, frame, incident
from tests.build.sighting import EMPLOYEE, NINE, OUTSIDER, SECOND, activity, flow, shake, talk, target

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from auditor.evidence.record import Record
    from auditor.model.flow import Flow, Observation


def recorder() -> Recorder:
    """A recorder of a new run."""
    return Recorder(run=MAKER, sensor="office", grounds=Grounds("aa" * 32))


def seen(*observations: Observation, number: int = 1, is_over: bool = False) -> FlowSeen:
    """A flow as it is known now."""
    told: Flow = flow(EMPLOYEE, OUTSIDER, observations)
    return FlowSeen(number, told, is_over)


def kinds(records: Sequence[Record]) -> Counter[str]:
    """Count records by kind."""
    return Counter(record.kind for record in records)


def test_a_flow_that_grows() -> None:
    """It is recorded when it is new and when it is over; each observation once, and again at the end where it grew."""
    made = recorder()
    one, other = shake("orig"), shake("resp")

    first = made.of_observations(seen(one))
    again = made.of_observations(seen(one))
    more = made.of_observations(seen(one, other))
    end = made.of_observations(seen(one._replace(count=5), other, is_over=True))

    assert kinds(first) == {"flow": 1, "observation": 1}
    assert again == []
    assert kinds(more) == {"observation": 1}
    assert kinds(end) == {"flow": 1, "observation": 1}
    assert [record.body["is_over"] for record in (first[0], end[0])] == [False, True]
    assert end[1].body["count"] == 5
    identifiers = {record.body["id" if record.kind == "flow" else "flow"] for record in (*first, *more, *end)}
    assert identifiers == {made.flow_id(1)}
    assert all(prepare(record) for record in (*first, *more, *end))


def test_slices_go_with_what_they_prove() -> None:
    """Whether they come with the flow or before it; others are forgotten in time."""
    made = recorder()

    records = made.of_delta(Delta(slices=(frame(4), frame(5))))
    records += made.of_delta(Delta(flows=(seen(shake("orig", frame=4), talk("orig")),), slices=(frame(9), frame(11))))

    proof = {record.body["detector"]: record.slices for record in records if record.kind == "observation"}
    assert proof == {"bt.handshake": (frame(4),), "bt.messages": (frame(9),)}


def test_an_activity() -> None:
    """It is an observation of the DHT, when it is new and when it is over, found by its torrents."""
    made = recorder()
    dht = activity(EMPLOYEE, announced=[target()])

    told = [
        made.of_delta(Delta(activities=(ActivitySeen(3, dht, is_over=is_over),))) for is_over in (False, False, True)
    ]

    assert [kinds(records) for records in told] == [{"observation": 1}, {}, {"observation": 1}]
    assert told[0][0].body["flow"] == made.activity_id(3)
    assert told[0][0].body["infohashes"] == ["bb" * 20]
    assert all(prepare(record) for records in told for record in records)


def test_an_incident_that_goes_on() -> None:
    """While only its amounts grow, it has a version a minute; what is new of it is told at once."""
    made = recorder()
    now = incident()

    def grown(seconds: int, **different: object) -> Record | None:
        nonlocal now
        conduct = now.conduct._replace(last=NINE + seconds * SECOND, downloaded=now.conduct.downloaded + 1)
        previous, now = now, now._replace(conduct=conduct, **different)  # type: ignore[arg-type] # fields
        records = made.of_change(change(now, previous))
        return records[0] if records else None

    first = made.of_change(change(now))
    assert kinds(first) == {"incident": 1, "verdict": 1, "attribution": 1}
    assert grown(70) is None
    assert grown(90) is None
    assert grown(125) is not None
    assert grown(130, judgement=now.judgement._replace(rule="another")) is not None
    assert grown(140) is None
    assert made.due(NINE + 150 * SECOND) == []
    [late] = made.due(NINE + 230 * SECOND)
    assert late.body["downloaded"] == 1005
    assert made.rest() == []


def test_the_end_is_recorded() -> None:
    """Of an incident, and of the source with what was held back."""
    made = recorder()
    one, other = incident(1), incident(2)
    made.of_turn(Delta(), [change(one), change(other)])
    grown = other._replace(conduct=other.conduct._replace(uploaded=7))

    over = made.of_turn(Delta(), [change(one, one, is_over=True), change(grown, other)])
    rest = made.of_turn(Delta(is_over=True), [])

    assert [(record.body["id"], record.body["is_over"]) for record in over] == [(one.id, True)]
    assert [(record.body["id"], record.body["uploaded"]) for record in rest] == [(other.id, 7)]


def test_versions_name_new_flows_alone() -> None:
    """However many an incident has: all versions together name all."""
    made = recorder()
    now = incident()
    later = now._replace(
        conduct=now.conduct._replace(flows=(2, 3), activities=(7, 8), last=NINE + 1000 * SECOND),
    )

    first = made.of_change(change(now))[0]
    second = made.of_change(change(later, now))[0]

    assert first.body["flows"] == [made.flow_id(1), made.flow_id(2)]
    assert first.body["activities"] == [made.activity_id(7)]
    assert second.body["flows"] == [made.flow_id(3)]
    assert second.body["activities"] == [made.activity_id(8)]


def test_what_goes_on_from_an_earlier_run() -> None:
    """Its verdict and attribution are recorded there already."""
    resumed = incident()
    grown = resumed._replace(conduct=resumed.conduct._replace(downloaded=5))

    records = recorder().of_change(change(grown, resumed))

    assert kinds(records) == {"incident": 1}


def test_the_sensor_itself() -> None:
    """What happened to it, and each minute."""
    made = recorder()

    [event] = made.of_event("policy", {"sha256": "aa" * 32}, NINE)
    [now] = made.of_event("stopped", {})
    [minute] = made.of_coverage(CoverageMinute("office", NINE, MINUTE, 1, 2, 3))

    assert (event.kind, event.at, event.body["event"], event.body["run"]) == ("sensor", NINE, "policy", MAKER)
    assert now.at > NINE - 10**18
    assert (minute.kind, minute.at) == ("coverage", NINE)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended is forgotten; of the rest, the oldest."""
    monkeypatch.setattr("auditor.evidence.recorder.MAX_KNOWN", 10)
    made = recorder()

    for number in range(100):
        made.of_observations(seen(shake("orig"), number=number, is_over=True))
    assert not made._flows
    for number in range(15):
        made.of_observations(seen(shake("orig"), number=number))

    assert list(made._flows) == list(range(5, 15))
