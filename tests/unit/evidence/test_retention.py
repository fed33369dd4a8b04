"""Tests of deleting what is too old."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from auditor.evidence import reading, retention, schema
from auditor.evidence.note import note
from auditor.evidence.reading import Filter
from auditor.evidence.record import leaf
from auditor.evidence.recorder import Recorder
from auditor.evidence.recording import of_capture, of_policy
from auditor.evidence.retention import purge
from auditor.evidence.store import StoreError, open_store
from auditor.model.watch import Delta, FlowSeen
from tests.build.evidence import MAKER, change, frame, incident
from tests.build.sighting import EMPLOYEE, HOURS, NINE, OUTSIDER, capture, flow, shake

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.evidence.store import Store

DAY = 24 * HOURS


@dataclass(frozen=True)
class Kept:
    """For how long records are kept."""

    default: int = 100 * DAY
    groups: Mapping[str, int] = field(default_factory=lambda: {"guests": 10 * DAY, "staff": 50 * DAY})

    def of(self, group: str) -> int:
        """Return how long a group's are."""
        return self.groups.get(group, self.default)


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with something in it."""
    return fill(store)


def fill(store: Store) -> Store:
    """A guest's incident and an employee's, both with flow 2; flow 1 is the guest's, flow 3 nobody's."""
    made = Recorder(run=MAKER, sensor="office")
    guest, staff = incident(1), incident(2, host=EMPLOYEE, group="staff")
    staff = staff._replace(conduct=staff.conduct._replace(flows=(2,), activities=()))
    flows = tuple(FlowSeen(number, flow(EMPLOYEE, OUTSIDER, [shake("orig")]), is_over=True) for number in (1, 2, 3))
    store.append(made.of_turn(Delta(flows=flows, slices=(frame(4),)), [change(guest), change(staff)]))
    store.append([of_capture(capture(), run=MAKER, at=NINE), of_policy(b"text", name=None, at=NINE)])
    note(store, guest.id, status="reviewed", by="me", reason="because", at=NINE + DAY)
    return store


def left(store: Store) -> dict[str, int]:
    """Count what is left of each table."""
    tables = ("records", "bodies", "identifying", "slices", "hosts", "infohashes", "members")
    with store.reading() as connection:
        return {
            table: connection.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one()
            for table in tables
        }


def test_nothing_is_too_old(filled: Store) -> None:
    """Then nothing is touched or recorded."""
    before = left(filled)

    assert purge(filled, Kept(), now=NINE + 5 * DAY).records == 0
    assert left(filled) == before


def test_by_group(filled: Store) -> None:
    """Who it was goes when the group's time is over, with its own flows and notes; what others need stays."""
    before = left(filled)

    would = purge(filled, Kept(), now=NINE + 20 * DAY, dry_run=True)
    assert left(filled) == before
    done = purge(filled, Kept(), now=NINE + 20 * DAY, by="test")
    again = purge(filled, Kept(), now=NINE + 20 * DAY)

    assert done == would
    assert done.kinds == {"attribution": 1, "flow": 1, "incident": 1, "note": 1, "observation": 1}
    assert done.parts == {"identifying": 5, "slices": 1}
    assert again.records == 0
    assert left(filled)["records"] == before["records"] + 1
    assert left(filled)["bodies"] == before["bodies"] + 1
    told = reading.history(filled, incident(1).id)
    assert told.versions[0].identifying is None
    assert told.versions[0].deleted == ("identifying",)
    assert told.versions[0].body is not None
    assert {each.deleted for each in told.observations} == {("identifying", "slices"), ()}
    assert reading.incidents(filled, Filter(host="10.40.0.9")) == []
    assert [each.id for each in reading.incidents(filled, Filter(host=EMPLOYEE))] == [incident(2).id]


def test_it_is_recorded(filled: Store) -> None:
    """Who deleted what and why; the leaves of what is gone can be checked still."""
    purge(filled, Kept(), now=NINE + 20 * DAY, by="test")

    [record] = reading.of_kind(filled, "purge")
    with filled.reading() as connection:
        gone = select(schema.deletions.c.sequence).where(schema.deletions.c.purge == record.id)
        query = select(schema.records).where(schema.records.c.sequence.in_(gone)).order_by(schema.records.c.sequence)
        rows = connection.execute(query).all()
    assert record.body is not None
    assert record.identifying == {"by": "test"}
    assert record.body["records"] == len(rows) == 5
    assert record.body["retention_seconds"]["groups"]["guests"] == 10 * 86_400
    assert record.body["leaves_sha256"] == sha256(b"".join(row.leaf for row in rows)).hexdigest()
    for row in rows:
        hashes = row.body_hash, row.identifying_hash, row.slices_hash
        assert leaf(row.kind, row.id, row.at, *hashes) == row.leaf


def test_what_belongs_to_nobody(filled: Store) -> None:
    """A flow of no incident is kept for the default, and paths for the longest time; the policy's text stays."""
    purge(filled, Kept(), now=NINE + 99 * DAY)
    assert {each.kind for each in kept(filled)} == {"flow", "observation", "capture", "policy", "purge"}

    purge(filled, Kept(), now=NINE + 101 * DAY)
    assert {each.kind for each in kept(filled)} == {"policy", "purge"}


def kept(store: Store) -> list[reading.Stored]:
    """Return the records that identify somebody still."""
    kinds = ("incident", "attribution", "note", "flow", "observation", "capture", "policy", "purge")
    return [each for kind in kinds for each in reading.of_kind(store, kind) if each.identifying is not None]


def test_all_of_it(filled: Store) -> None:
    """Then only hashes are left, and the records of deleting."""
    before = left(filled)

    purge(filled, Kept(), now=NINE + 200 * DAY, what="all")

    after = left(filled)
    purges = after["records"] - before["records"]
    assert after["bodies"] == after["identifying"] == purges
    assert (after["slices"], after["hosts"], after["infohashes"], after["members"]) == (0, 0, 0, 0)
    assert purge(filled, Kept(), now=NINE + 200 * DAY, what="all").records == 0


def test_it_is_gone_from_the_disk(tmp_path: Path) -> None:
    """Not only from what queries show: neither the file has it nor its journal."""

    def content() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    with open_store(str(tmp_path)) as store:
        fill(store)
        assert b"The Secret Film" in content()
        purge(store, Kept(), now=NINE + 200 * DAY)

        assert b"The Secret Film" not in content()
        assert frame(4).data not in content()


def test_one_that_is_interrupted(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on where it was: what is deleted is recorded, and the rest is found again."""
    write = filled.write
    calls = 0

    def fail(*args: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreError("the disk is full")
        write(*args)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(filled, "write", fail)
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    with pytest.raises(StoreError):
        purge(filled, Kept(), now=NINE + 20 * DAY)
    rest = purge(filled, Kept(), now=NINE + 20 * DAY)

    assert rest.records
    assert reading.history(filled, incident(1).id).versions[0].identifying is None
    assert sum(each.body["records"] for each in reading.of_kind(filled, "purge") if each.body) == 5
