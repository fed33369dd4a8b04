"""Tests of the records of what is judged and watched."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from auditor.evidence import reading
from auditor.evidence.canonical import canonical
from auditor.evidence.record import prepare
from auditor.evidence.recording import (
    MAX_POLICY,
    Grounds,
    attribution_record,
    incident_record,
    of_capture,
    of_coverage,
    of_identity,
    of_policy,
    of_sensor_event,
    verdict_record,
)
from auditor.model.coverage import CanaryResult, CoverageMinute
from auditor.model.identity import FileRead, IdentityRead, Offset, SourceRead
from auditor.model.moment import MINUTE
from tests.build.evidence import MAKER, change, incident
from tests.build.sighting import NINE, capture

if TYPE_CHECKING:
    from auditor.evidence.record import Record
    from auditor.evidence.store import Store

GROUNDS = Grounds("aa" * 32, "bb" * 32)
READ = IdentityRead(
    "cc" * 32,
    (
        SourceRead(
            "office", "dhcpd", (FileRead("/secret/leases", "dd" * 32, 10, 1),), Offset("measured", 1_500_000_000)
        ),
    ),
)
MINUTES = [
    CoverageMinute("office", NINE, MINUTE, 10, 1000, 0),
    CoverageMinute(
        "office", NINE + MINUTE, MINUTE // 2, 10, 1000, 3, {"short": 1}, 99, {"eth0": MINUTE // 2}, -(2**60), 1 << 55,
        1,
        (CanaryResult(NINE, "namespace", True, True, 5, None), CanaryResult(NINE, "eth9", False, False, None, "down")),
    ),
]  # fmt: skip


def all_kinds() -> list[Record]:
    """One record of each kind that is made here."""
    return [
        incident_record(change(incident()), {"flows": [], "activities": []}, GROUNDS),
        verdict_record(incident(), NINE, GROUNDS),
        attribution_record(incident(), NINE, GROUNDS),
        of_coverage(MINUTES[1]),
        of_policy(b"groups: [{name: staff, members: [{user: secret}]}]", name="Example", at=NINE),
        of_identity(READ, at=NINE),
        of_capture(capture("/home/secret/day.pcapng"), run=MAKER, at=NINE),
        of_sensor_event("started", {"interfaces": ["eth0"]}, at=NINE, run=MAKER, sensor="office"),
    ]


def test_bodies_name_nobody() -> None:
    """In no kind of record; and each can be kept."""
    secrets = ("10.40.0.9", "52:54:00", "p-0123", "ecret", "198.51.100.1", "dhcpd.leases")

    for record in all_kinds():
        assert not any(secret in canonical(record.body).decode() for secret in secrets), record.kind
        assert prepare(record)


def test_the_gravest_stands_at_the_head() -> None:
    """What is said now stands beside it."""
    now = incident()
    milder = now._replace(judgement=now.judgement._replace(rule="later", reason="milder"))
    told = change(milder)._replace(gravest=change(now).gravest)

    body = incident_record(told, {}, GROUNDS).body

    assert (body["rule"], body["gravest_policy_sha256"]) == ("no-sharing", "ab" * 32)
    assert isinstance(body["now"], dict)
    assert body["now"]["rule"] == "later"
    assert body["policy_sha256"] == "aa" * 32


def test_a_policy_is_kept_once(store: Store) -> None:
    """By its hash, with its text apart; one that is too long is kept as far as there is room, and says so."""
    text = b"version: 1\n"
    store.append([of_policy(text, name="Example", at=NINE)])
    store.append([of_policy(text, name="Example", at=NINE + 5), of_policy(b"x" * (MAX_POLICY + 1), name=None, at=NINE)])

    [first] = reading.of_kind(store, "policy", about=sha256(text).hexdigest())

    assert store.count() == 2
    assert (first.at, first.identifying) == (NINE, {"text": "version: 1\n"})
    assert first.body is not None
    assert first.body["is_whole"]
    long = reading.of_kind(store, "policy")[-1]
    [listed] = [of_policy(text, name=None, at=NINE, sha256="ee" * 32)]
    assert (listed.body["sha256"], listed.body["file_sha256"]) == ("ee" * 32, first.body["sha256"])
    assert long.body is not None
    assert not long.body["is_whole"]


def test_identity_sources_are_kept_once(store: Store) -> None:
    """For each state of them; without fractions of seconds, which have no canonical form."""
    store.append([of_identity(READ, at=NINE)])
    store.append([of_identity(READ, at=NINE + 1)])

    [kept] = reading.of_kind(store, "identity")

    assert kept.body is not None
    clock = kept.body["sources"][0]["clock"]
    assert clock == {"basis": "measured", "offset_ms": 1500, "margin_ms": 0, "matches": 0}
    assert kept.identifying == {"paths": [["/secret/leases"]]}


def test_a_clock_that_frames_measured_anew_is_another_record() -> None:
    """Though the files are the same."""
    source = READ.sources[0]
    later = READ._replace(sources=(source._replace(clock=Offset("measured", 9_000_000_000)),))
    unknown = READ._replace(sources=(source._replace(clock=Offset("unknown")),))

    assert len({of_identity(each, at=NINE).id for each in (READ, later, unknown, READ)}) == 3


@pytest.mark.parametrize("minute", MINUTES)
def test_coverage_is_read_as_it_was(store: Store, minute: CoverageMinute) -> None:
    """Every field, however large or small."""
    store.append([of_coverage(minute)])

    assert reading.coverage(store, NINE, NINE + 5 * MINUTE) == [minute]
    assert reading.coverage(store, NINE, NINE + 5 * MINUTE, sensor="other") == []
    assert reading.coverage(store, NINE + 5 * MINUTE, NINE + 9 * MINUTE) == []
