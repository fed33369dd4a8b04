"""What is counted of incidents and observations."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from auditor.model.infohash import Infohash
from auditor.model.moment import NANOSECONDS
from auditor.model.scale import Confidence, Severity, Verdict
from auditor.model.watch import ActivitySeen, Delta, FlowSeen
from auditor.policy.load import load
from auditor.sensor.figures import NEWEST, Figures
from tests.build.sensing import POLICY, change, seen
from tests.build.sighting import FILM, NINE, activity, connection, shake

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.standing import IncidentChange
    from auditor.policy.evaluate import Policy

LISTS = f"lists:\n  films:\n    infohashes: [{FILM.digest.hex()}]\n"


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    """One with a list."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.format(name="x").replace("rules:", LISTS + "rules:"))
    return load(path)


@pytest.fixture
def figures(policy: Policy) -> Figures:
    """Nothing seen yet."""
    figures = Figures()
    figures.expect(policy)
    return figures


def test_what_a_policy_can_lead_to_begins_at_nothing(figures: Figures) -> None:
    """So that the first one is seen as an increase."""
    assert figures.incidents["contractors", "violation", "high", "dht"] == 0
    assert ("contractors", "violation", "high", "dht") in figures.incidents
    assert ("unknown", "violation", "high") in figures.open
    assert "films" in figures.watched_seen
    assert "contractors" in figures.unapproved_uploads


def test_an_observation_counts_once(figures: Figures) -> None:
    """Though its flow is handed over whole each time."""
    figures.see(seen(1))
    figures.see(seen(1))
    assert figures.observations["bt.handshake", "confirmed"] == 2

    flow = connection("10.30.0.7", "198.51.100.7")
    more = flow._replace(observations=(*flow.observations, shake("orig")._replace(confidence=Confidence.LIKELY)))
    figures.see(Delta(flows=(FlowSeen(1, more, is_over=True),)))

    assert figures.observations["bt.handshake", "confirmed"] == 2
    assert figures.observations["bt.handshake", "likely"] == 1
    assert figures.sizes["counted_flows"] == 0


def test_what_is_remembered_of_flows_has_a_cap(figures: Figures, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were not heard of for longest are forgotten."""
    monkeypatch.setattr("auditor.sensor.figures.MAX_KNOWN", 10)
    for number in range(25):
        figures.see(seen(number))
        figures.see(Delta(activities=(ActivitySeen(number, activity("10.30.0.7"), is_over=False),)))

    assert figures.sizes["counted_flows"] == 10
    assert figures.observations["bt.dht", "confirmed"] == 25


def test_what_is_withdrawn_is_forgotten(figures: Figures) -> None:
    """It counted when it was seen, and goes on no more."""
    figures.see(seen(1))
    figures.see(Delta(withdrawn_flows=(1, 2), withdrawn_activities=(3,)))

    assert figures.sizes["counted_flows"] == 0
    assert figures.observations["bt.handshake", "confirmed"] == 2


def test_an_activity_is_one_observation(figures: Figures) -> None:
    """However often it goes on."""
    for is_over in (False, False, True):
        figures.see(Delta(activities=(ActivitySeen(7, activity("10.30.0.7"), is_over),)))

    assert figures.observations["bt.dht", "confirmed"] == 1


def test_totals_and_limits_add_up(figures: Figures) -> None:
    """Deltas have what is new."""
    for _ in range(2):
        figures.see(Delta(totals={"tcp_flows": 3}, limits_hit={"flows": 1}, anomalies={"bad-checksum": 2}))

    assert (figures.totals["tcp_flows"], figures.limits_hit["flows"], figures.anomalies["bad-checksum"]) == (6, 2, 4)


def test_an_incident_counts_when_it_begins_and_when_it_grows_graver(figures: Figures, policy: Policy) -> None:
    """Under both verdicts; it is open under the graver."""
    notice = change(verdict=Verdict.NOTICE, severity=Severity.LOW)
    figures.judge([notice], policy)
    figures.judge([change(previous=notice)], policy)
    figures.judge([change(previous=change(), up=32768)], policy)

    assert figures.incidents["contractors", "notice", "low", "swarm"] == 1
    assert figures.incidents["contractors", "violation", "high", "swarm"] == 1
    assert figures.open["contractors", "notice", "low"] == 0
    assert figures.open["contractors", "violation", "high"] == 1


def test_a_later_policy_takes_nothing_back(figures: Figures, policy: Policy) -> None:
    """The gravest sticks."""
    violation = change()
    figures.judge([violation], policy)
    figures.judge([change(verdict=Verdict.ALLOW, severity=Severity.INFO, previous=violation)], policy)

    assert figures.open["contractors", "violation", "high"] == 1
    assert figures.incidents["contractors", "allow", "info", "swarm"] == 0


def test_bytes_are_counted_as_they_come(figures: Figures, policy: Policy) -> None:
    """Each once, and never back."""
    for up in (100, 250, 200, 260):
        figures.judge([change(up=up)], policy)

    assert figures.incident_bytes["contractors", "violation", "up"] == 260


def test_what_ends_is_no_longer_open(figures: Figures, policy: Policy) -> None:
    """Nor what became a part of another."""
    figures.judge([change("i-1"), change("i-2"), change("i-3")], policy)
    figures.judge([change("i-1", merged=("i-2",), previous=change("i-1"))], policy)
    figures.judge([change("i-3", is_over=True, previous=change("i-3"))], policy)

    assert figures.open["contractors", "violation", "high"] == 1
    assert [each.id for each in figures.newest] == ["i-1"]
    assert figures.sizes["counted_incidents"] == 1


def test_what_an_earlier_run_left_open_is_open_and_counts_no_more(figures: Figures, policy: Policy) -> None:
    """It was counted when it began."""
    earlier = change(up=1000)
    figures.resume(earlier.incident, earlier.gravest)
    figures.judge([change(up=1500, previous=earlier)], policy)

    assert figures.open["contractors", "violation", "high"] == 1
    assert figures.incidents["contractors", "violation", "high", "swarm"] == 0
    assert figures.incident_bytes["contractors", "violation", "up"] == 500


def test_the_newest_open_violations_are_told(figures: Figures, policy: Policy) -> None:
    """A hundred of them, the others are counted."""
    changes = [change(f"i-{number:03}", first=NINE + number) for number in range(NEWEST + 20)]
    figures.judge(changes, policy)
    figures.judge([change("i-119", verdict=Verdict.VIOLATION, first=NINE + 119, is_over=True)], policy)

    assert figures.newest[0].id == "i-118"
    assert len(figures.newest) == NEWEST
    assert figures.left_out == 19


def test_a_torrent_of_a_list_counts_once_an_incident(figures: Figures, policy: Policy) -> None:
    """By list."""
    from auditor.model.incident import Infohashes  # noqa: PLC0415
    from auditor.model.scale import Basis  # noqa: PLC0415

    def about(infohash: Infohash) -> IncidentChange:
        made = change()
        names = Infohashes((infohash,), None, None, Basis.READ)
        conduct = made.incident.conduct._replace(infohashes=names)
        return made._replace(incident=made.incident._replace(conduct=conduct))

    figures.judge([about(FILM)], policy)
    figures.judge([about(FILM)], policy)
    figures.judge([about(Infohash(bytes(20)))], policy)

    assert figures.watched_seen == {"films": 1}


def test_an_upload_that_is_a_violation_counts_once(figures: Figures, policy: Policy) -> None:
    """One that is allowed does not."""
    figures.judge([change("i-1", up=0)], policy)
    figures.judge([change("i-1", up=16384)], policy)
    figures.judge([change("i-1", up=32768)], policy)
    figures.judge([change("i-2", verdict=Verdict.ALLOW)], policy)

    assert figures.unapproved_uploads["contractors"] == 1


def test_delays_are_those_of_new_verdicts(figures: Figures) -> None:
    """In seconds, cumulative; an incident that merely goes on has none."""
    figures.delayed(change("i-1"), NINE + NANOSECONDS // 5)
    figures.delayed(change("i-2"), NINE + 20 * NANOSECONDS)
    figures.delayed(change("i-2", previous=change("i-2")), NINE + 900 * NANOSECONDS)
    delays = dict(figures.delays)

    assert (delays[0.1], delays[0.25], delays[10.0], delays[30.0], delays[inf]) == (0, 1, 1, 2, 2)
    assert figures.delay_sum == pytest.approx(20.2)
    assert figures.delay_exemplar == "i-2"
