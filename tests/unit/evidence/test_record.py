"""Tests of records and their hashes."""

from __future__ import annotations

import hashlib
import json
import uuid

import pytest

from auditor.evidence.record import MAX_PART, Record, is_id, named_id, new_id, prepare, prepare_all
from tests.build.evidence import frame, record


def test_the_leaf_can_be_made_by_anybody() -> None:
    """From the parts with their salts, by SHA-256 and JSON alone."""
    kept = record(7)._replace(slices=(frame(1),))

    prepared = prepare(kept)

    assert prepared.identifying is not None
    assert prepared.slices is not None
    parts = {"body": prepared.body, "identifying": prepared.identifying, "slices": prepared.slices}
    hashes = {name: hashlib.sha256(part.salt + part.content).hexdigest() for name, part in parts.items()}
    head = {"version": 1, "kind": "observation", "id": kept.id, "at": str(kept.at), **hashes}
    written = json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
    assert prepared.leaf == hashlib.sha256(b"\0" + written).digest()


def test_a_part_that_is_not_there_is_null() -> None:
    """So that whoever deletes one cannot say that there was none."""
    kept = record(7)._replace(identifying=None)

    prepared = prepare(kept)

    body = hashlib.sha256(prepared.body.salt + prepared.body.content).hexdigest()
    head = {"version": 1, "kind": "observation", "id": kept.id, "at": str(kept.at), "body": body}
    written = json.dumps(head | {"identifying": None, "slices": None}, sort_keys=True, separators=(",", ":")).encode()
    assert prepared.leaf == hashlib.sha256(b"\0" + written).digest()


def test_salts_hide_what_is_the_same() -> None:
    """No two parts share one: who knows an address cannot look for its hash."""
    prepared = prepare_all([record(number, same=True) for number in range(50)])

    salts = [part.salt for each in prepared for part in (each.body, each.identifying) if part]
    assert len(set(salts)) == 100
    assert len({each.body_hash for each in prepared} | {each.identifying_hash for each in prepared}) == 100


def test_the_first_of_the_same_id_counts() -> None:
    """And the order stays."""
    prepared = prepare_all([record(1, a=1), record(2), record(1, a=2)])

    assert [each.body.content for each in prepared] == [b'{"a":1}', b'{"number":2}']


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (record()._replace(kind="thing"), "no kind of record 'thing'"),
        (record()._replace(id="i-0001"), "UUID"),
        (record()._replace(id=record().id.upper()), "UUID"),
        (record()._replace(at=2**63), "time"),
        (record(0, text="x" * MAX_PART), "too long"),
        (record()._replace(identifying={"text": "x" * MAX_PART}), "too long"),
    ],
)
def test_what_cannot_be_kept(bad: Record, why: str) -> None:
    """Is refused before anything is written."""
    with pytest.raises(ValueError, match=why):
        prepare(bad)


def test_ids_are_uuids() -> None:
    """New ones sort by their time; those of a place in something are the same each time."""
    first, second = new_id(1_795_338_000_000_000_000), new_id(1_795_338_000_001_000_000)

    assert uuid.UUID(first).version == 7
    assert uuid.UUID(first).variant == uuid.RFC_4122
    assert first < second
    assert uuid.UUID(named_id(first, "flow", 3)).version == 8
    assert named_id(first, "flow", 3) == named_id(first, "flow", 3) != named_id(first, "flow", 4)
    assert named_id(first, "flow", 3) != named_id(second, "flow", 3)
    assert is_id(first)
    assert all(is_id(new_id()) for _ in range(100))
    assert not any(map(is_id, ["", "x" * 36, first[:-1], first.replace("-", "0"), first + " "]))
