"""Incidents that go on, told as they change."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.identity.directory import Directory
from auditor.model.identity import Offset, SourceLine, Tenancy, Translation, Trust
from auditor.model.scale import Participation, Verdict
from auditor.model.watch import ActivitySeen, Delta, FlowSeen
from auditor.pipeline.conduct import IDLE
from auditor.pipeline.pacing import Pace
from auditor.pipeline.run import judge
from auditor.pipeline.standing import Limits
from auditor.pipeline.sweeping import GRACE
from auditor.pipeline.telling import EVERY, MUCH
from auditor.policy.load import parse
from auditor.written.in_force import State
from tests.build import days
from tests.build.sighting import (
    DEBIAN,
    EMPLOYEE,
    FILM,
    GUEST,
    HOURS,
    NINE,
    OUTSIDER,
    SECOND,
    STRANGER,
    activity,
    connection,
    sighting,
    target,
    tie,
    tied,
)
from tests.build.standing import past, resumed, standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.flow import Flow
    from auditor.model.standing import IncidentChange
    from auditor.model.torrent import SeenTorrent
    from auditor.policy.evaluate import Policy

POLICY = days.policy()
STRICT = b"""\
version: 1
purpose: tests
people: none
timezone: UTC
groups:
  - {name: guests, networks: 10.0.0.0/8, default: {verdict: violation, reason: nobody may}}
  - {name: unattributed, default: {verdict: notice, reason: nobody}}
  - {name: unknown, default: {verdict: notice, reason: outside}}
rules: []
"""
SHARED = connection(GUEST, OUTSIDER, FILM, down=16384)


def strict() -> Policy:
    """Return a policy by which everything is a violation."""
    loaded = parse(STRICT, Path("strict.yaml"))
    assert loaded.policy is not None, loaded.issues
    return loaded.policy


def seen(*flows: Flow, over: bool = False, until: int | None = None, torrents: Sequence[SeenTorrent] = ()) -> Delta:
    """Return flows, numbered from 0, as one delta."""
    told = tuple(FlowSeen(number, flow, over) for number, flow in enumerate(flows))
    newest = max((flow.last for flow in flows), default=0)
    return Delta(told, torrents=tuple(torrents), seen_until=until or newest)


def grown(flow: Flow, down: int, *, lasting: int) -> Flow:
    """Return a flow later, with more downloaded."""
    more = connection(GUEST, OUTSIDER, FILM, down=down)
    return more._replace(last=flow.first + lasting)


def ids(changes: Sequence[IncidentChange]) -> list[str]:
    """Return the ids of incidents, in the order in which they are told."""
    return [change.incident.id for change in changes]


def test_a_new_incident_is_told_at_once() -> None:
    """With its flows, and as an audit says it."""
    (change,) = standing(POLICY).take(seen(SHARED))

    (audited,) = judge(sighting([SHARED]), POLICY, key=bytes(32)).incidents
    assert change.incident == audited._replace(id="id-0001")
    assert (change.previous, change.merged, change.is_over) == (None, (), False)
    assert (change.flows, change.caused, change.sensor) == ((SHARED,), SHARED.last, "office")
    assert change.gravest.judgement == change.incident.judgement
    assert change.gravest.policy_sha256 == POLICY.sha256


def test_one_that_grows_is_told_now_and_then() -> None:
    """And much of it at once; the same again is not told."""
    pipeline = standing(POLICY)
    pipeline.take(seen(SHARED))
    soon = pipeline.take(seen(grown(SHARED, 32768, lasting=61 * SECOND)))
    again = pipeline.take(seen(grown(SHARED, 32768, lasting=61 * SECOND)))
    later = pipeline.advance(SHARED.last + EVERY)
    at_once = pipeline.take(seen(grown(SHARED, MUCH + 32768, lasting=71 * SECOND)))

    assert (soon, again) == ([], [])
    assert [change.incident.conduct.downloaded for change in (*later, *at_once)] == [32768, MUCH + 32768]


def test_what_it_does_is_told_at_once() -> None:
    """A transfer is more than a connection."""
    pipeline = standing(POLICY)
    pipeline.take(seen(connection(GUEST, OUTSIDER, FILM)))

    (change,) = pipeline.take(seen(SHARED))

    assert change.previous is not None
    assert change.previous.conduct.participation is Participation.CONNECTED
    assert change.incident.conduct.participation is Participation.TRANSFERRED


def test_it_is_over_after_six_hours_and_then_forgotten() -> None:
    """What comes later is another incident."""
    pipeline = standing(POLICY)
    pipeline.take(seen(SHARED, over=True))

    assert pipeline.advance(SHARED.last + IDLE) == []
    assert {str(host) for host in pipeline.hosts} == {GUEST}
    (change,) = pipeline.advance(SHARED.last + IDLE + 1)
    assert change.is_over
    assert pipeline.advance(SHARED.last + IDLE + GRACE + 1) == []
    assert not pipeline.hosts
    assert not any(size for name, size in pipeline.sizes.items() if name != "history")
    assert ids(pipeline.take(seen(connection(GUEST, OUTSIDER, FILM, at=NINE + 20 * HOURS)))) == ["id-0002"]


def test_a_clock_that_was_ahead_ends_nothing_once_it_is_right() -> None:
    """What began while it was a day ahead is over; what comes then is not."""
    pipeline = standing(POLICY)
    pipeline.take(seen(connection(GUEST, OUTSIDER, DEBIAN, at=NINE + 24 * HOURS)))

    back = pipeline.take(Delta((FlowSeen(5, SHARED, is_over=False),), seen_until=SHARED.last))

    assert [change.is_over for change in back] == [False]


def test_one_that_comes_back_goes_on() -> None:
    """A flow that was silent for long is the same flow."""
    pipeline = standing(POLICY)
    pipeline.take(seen(SHARED))
    pipeline.advance(SHARED.last + IDLE + GRACE + 1)

    (change,) = pipeline.take(seen(grown(SHARED, 32768, lasting=8 * HOURS)))

    assert (change.incident.id, change.is_over, change.incident.conduct.downloaded) == ("id-0001", False, 32768)


def test_two_torrents_that_turn_out_to_be_one_become_one_incident() -> None:
    """Metadata tells that both names are of one hybrid; the older incident goes on."""
    pipeline = standing(POLICY)
    pipeline.take(seen(SHARED, connection(GUEST, STRANGER, days.SHOW, up=16384, at=NINE + SECOND)))

    gone, whole = pipeline.take(Delta(torrents=(days.KNOWN,)))

    assert (gone.incident.id, gone.is_over) == ("id-0002", True)
    assert (whole.incident.id, whole.merged) == ("id-0001", ("id-0002",))
    assert (whole.incident.conduct.downloaded, whole.incident.conduct.uploaded) == (16384, 16384)
    assert whole.incident.conduct.private


def test_an_activity_grows_into_torrents() -> None:
    """Talk with the DHT is one incident, and each torrent of which it tells another."""
    pipeline = standing(POLICY)
    first = pipeline.take(Delta(activities=(ActivitySeen(0, activity(GUEST), is_over=False),)))
    more = activity(GUEST, lasting=90 * SECOND, announced=[target(DEBIAN)])
    then = pipeline.take(Delta(activities=(ActivitySeen(0, more, is_over=False),)))

    assert [change.incident.conduct.kind for change in first] == ["dht"]
    assert [(c.incident.id, c.incident.conduct.kind) for c in then] == [("id-0002", "swarm")]


def test_an_encrypted_flow_goes_on_as_the_torrent_that_it_is_found_to_be() -> None:
    """Under its id."""
    pipeline = standing(POLICY)
    pipeline.take(seen(tied(GUEST, OUTSIDER, tie())))

    (change,) = pipeline.take(seen(tied(GUEST, OUTSIDER, tie(FILM))))

    assert (change.incident.id, change.incident.conduct.kind) == ("id-0001", "swarm")


def test_a_flow_that_is_withdrawn_takes_its_incident_along() -> None:
    """What was read in it was something else; what others show stays."""
    pipeline = standing(POLICY)
    pipeline.take(seen(SHARED, connection(GUEST, STRANGER, FILM, down=5), connection(GUEST, STRANGER, DEBIAN)))

    changes = pipeline.take(Delta(withdrawn_flows=(0, 2), seen_until=SHARED.last + EVERY))

    assert {change.incident.id: change.is_over for change in changes} == {"id-0001": True, "id-0002": False}
    assert [change.incident.conduct.downloaded for change in changes if not change.is_over] == [5]


def test_the_gravest_sticks() -> None:
    """A policy that allows what was a violation does not undo that it was one."""
    pipeline = standing(strict())
    pipeline.take(seen(SHARED))

    (change,) = pipeline.replace_policy(State(POLICY, "other", 0))

    assert change.incident.judgement.verdict is Verdict.NOTICE
    assert change.gravest.judgement.verdict is Verdict.VIOLATION
    assert change.gravest.policy_sha256 == strict().sha256


def test_a_graver_policy_is_told_with_its_hash() -> None:
    """From when on, by which file."""
    pipeline = standing(POLICY)
    pipeline.take(seen(SHARED, until=SHARED.last + SECOND))

    (change,) = pipeline.replace_policy(State(strict(), "new", 0))

    assert change.gravest == (change.incident.judgement, SHARED.last + SECOND, "new")


def test_a_new_directory_parts_what_two_devices_did() -> None:
    """The first goes on, the other is new; whoever holds the address no longer is over."""
    handover = NINE + HOURS // 2
    flows = (SHARED, connection(GUEST, STRANGER, FILM, up=16384, at=NINE + HOURS))
    pipeline = standing(POLICY)
    pipeline.take(seen(*flows))
    leases = [
        Tenancy(start, end, Trust.LEASED, SourceLine("office", "leases", n), ip=ip_address(GUEST), mac=mac, host=name)
        for n, (start, end, mac, name) in enumerate(
            [(NINE - HOURS, handover, "02:00:00:00:00:01", "desk"), (handover, None, "02:00:00:00:00:02", "visitor-2")]
        )
    ]

    changes = pipeline.replace_directory(Directory(leases, {"office": Offset("declared")}))

    newest = {change.incident.id: change for change in changes}
    assert sorted(newest) == ["id-0001", "id-0002"]
    assert newest["id-0001"].is_over
    assert not newest["id-0002"].is_over
    assert newest["id-0001"].incident.conduct.downloaded == newest["id-0002"].incident.conduct.uploaded == 16384
    assert newest["id-0002"].incident.attribution.group == "visitors"


def test_who_stood_behind_a_public_address_goes_on_with_its_incident() -> None:
    """It was told of the public address, before the gateway's log was read."""
    pipeline = standing(POLICY)
    pipeline.take(seen(connection(days.PUBLIC, OUTSIDER, FILM, down=16384)))
    behind = (ip_address(GUEST), 51000), (ip_address(days.PUBLIC), 51000)
    log = [Translation(NINE - HOURS, None, SourceLine("gateway", "log", 1), "tcp", *behind)]

    changes = pipeline.replace_directory(Directory(log))

    assert {change.incident.id for change in changes} == {"id-0001"}
    assert str(changes[-1].incident.conduct.host) == GUEST
    assert not changes[-1].is_over


def test_a_restart_goes_on() -> None:
    """With the same id and the amounts so far; what is only resumed is not told."""
    before = standing(POLICY).take(seen(SHARED))
    pipeline = standing(POLICY, resumed=resumed(before), ids=lambda: "new")
    quiet = pipeline.advance(SHARED.last + SECOND)

    (change,) = pipeline.take(seen(connection(GUEST, STRANGER, FILM, down=5, at=NINE + 2 * HOURS)))

    assert quiet == []
    assert (change.incident.id, change.incident.conduct.downloaded) == ("id-0001", 16389)
    assert change.previous is not None
    assert change.previous.conduct.downloaded == 16384


def test_a_restart_judges_by_the_policy_that_is_now_in_force() -> None:
    """What was a notice may be a violation."""
    before = standing(POLICY).take(seen(SHARED))

    (change,) = standing(strict(), resumed=resumed(before)).advance(SHARED.last)

    assert (change.incident.id, change.incident.judgement.verdict) == ("id-0001", Verdict.VIOLATION)


def test_what_is_over_counts_for_rules_after_a_restart() -> None:
    """The second private torrent within a day is a violation, the first a notice."""
    first = standing(POLICY)
    changes = first.take(seen(SHARED, torrents=[days.KNOWN])) + first.advance(SHARED.last + IDLE + 1)
    again = seen(connection(GUEST, OUTSIDER, FILM, at=NINE + 8 * HOURS), torrents=[days.KNOWN])

    (anew,) = standing(POLICY).take(again)
    (known,) = standing(POLICY, past=past(changes), ids=lambda: "new").take(again)

    assert anew.incident.judgement.verdict is Verdict.NOTICE
    assert known.incident.judgement.verdict is Verdict.VIOLATION


def test_an_earlier_incident_that_comes_to_count_makes_later_ones_graver() -> None:
    """As an audit of both would have it."""
    pipeline = standing(POLICY)
    early, more = (connection(EMPLOYEE, OUTSIDER, days.TORRENTS[3], up=up) for up in (0, 20_000))
    late = connection(EMPLOYEE, STRANGER, days.SHOW, up=20_000, at=NINE + 1)
    later = connection(EMPLOYEE, STRANGER, FILM, up=20_000, at=NINE + 2)
    pipeline.take(seen(early, late, later))

    changes = pipeline.take(seen(more, late, later))

    assert {change.incident.judgement.reason for change in changes} == {
        "it gives others (notice 1 of 2 within 7 days before a violation)",
        "it gives others (notice 2 of 2 within 7 days before a violation)",
        "it gives others",
    }


def test_a_tick_ends_when_its_time_is_over() -> None:
    """The other hosts follow with the next ones; the last delta leaves none."""
    times = count()
    pipeline = standing(POLICY, pace=Pace(), clock=lambda: float(next(times)))
    hosts = [connection(f"10.40.0.{n}", OUTSIDER, FILM) for n in range(1, 9)]

    first = pipeline.take(seen(*hosts))
    rest = pipeline.take(Delta(is_over=True))

    assert 0 < len(first) < len(hosts)
    assert len(first) + len(rest) == len(hosts)


def test_no_more_is_kept_than_there_is_room_for() -> None:
    """Of one host, and of all; amounts stay, and it is counted."""
    pipeline = standing(POLICY, limits=Limits(of_a_host=4, of_all=8))
    flows = [
        replace_port(connection(f"10.40.0.{n % 5}", OUTSIDER, FILM, down=16384, at=NINE + n * SECOND), n)
        for n in range(40)
    ]

    changes = [change for n in range(0, 40, 10) for change in pipeline.take(numbered(flows[n : n + 10], n))]
    changes += pipeline.advance(flows[-1].last + IDLE + 1)

    assert pipeline.sizes["standing_facts"] <= 8
    assert pipeline.limits_hit["settled_facts"] >= 30
    downloaded = {change.incident.id: change.incident.conduct.downloaded for change in changes}
    assert list(downloaded.values()) == [8 * 16384] * 5


def replace_port(flow: Flow, number: int) -> Flow:
    """Return a flow with a port of its own."""
    return flow._replace(orig=flow.orig._replace(port=50_000 + number))


def numbered(flows: Sequence[Flow], begin: int) -> Delta:
    """Return flows that are over, with numbers from ``begin`` on."""
    return Delta(tuple(FlowSeen(begin + n, flow, is_over=True) for n, flow in enumerate(flows)))


def test_people_are_shown_as_the_policy_in_force_says() -> None:
    """A change says how it may be shown."""
    pipeline = standing(POLICY)
    (change,) = pipeline.take(seen(SHARED))
    (other,) = pipeline.replace_policy(State(strict(), None, 0))

    assert (change.people, other.people) == (POLICY.people, strict().people)
