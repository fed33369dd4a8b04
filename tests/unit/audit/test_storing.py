"""Tests of an audit's result as evidence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from auditor.audit.storing import records, store_result
from auditor.evidence import reading
from auditor.evidence.reading import Filter
from auditor.evidence.record import is_id, prepare
from auditor.evidence.resume import left_open
from auditor.evidence.store import open_store
from tests.build.audits import POLICY, office_audit
from tests.build.evidence import MAKER
from tests.build.sighting import GUEST, NINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.evidence.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with an audit in it."""
    with open_store(str(tmp_path)) as opened:
        assert store_result(opened, office_audit(), POLICY) == opened.count()
        yield opened


def test_everything_is_there(store: Store) -> None:
    """Captures, the policy's text, incidents, verdicts, attributions, flows and observations; last that it is all."""
    result = office_audit()

    kinds = Counter(record.kind for record in records(result, POLICY, run=MAKER, at=NINE))
    told = reading.incidents(store, Filter())
    last = reading.of_kind(store, "sensor")[-1]

    assert kinds["capture"] == len(result.captures)
    assert kinds["incident"] == kinds["verdict"] == kinds["attribution"] == len(result.incidents) == len(told)
    assert kinds["flow"] == len(result.flows)
    assert kinds["observation"] == sum(len(f.flow.observations) for f in result.flows) + len(result.activities)
    assert (kinds["policy"], kinds["identity"], kinds["sensor"]) == (1, 0, 1)
    assert last.body is not None
    assert last.body["words"]["incidents"] == len(result.incidents)
    assert last.sequence == store.count() - 1
    [policy] = reading.of_kind(store, "policy", about=result.policy_sha256)
    assert policy.identifying == {"text": POLICY.decode()}


def test_an_incident_says_what_the_audit_said(store: Store) -> None:
    """Under an id of its own, with its flows, and over: no sensor goes on with it."""
    [expected] = [each for each in office_audit().incidents if str(each.conduct.host) == GUEST]

    [found] = reading.incidents(store, Filter(host=GUEST))
    told = reading.history(store, found.id)

    assert is_id(found.id)
    body = found.record.body
    assert body is not None
    assert (body["verdict"], body["rule"]) == (expected.judgement.verdict.label, expected.judgement.rule)
    assert (body["downloaded"], body["uploaded"]) == (expected.conduct.downloaded, expected.conduct.uploaded)
    assert body["is_over"]
    assert len(told.flows) == len(expected.conduct.flows)
    assert len(told.observations) == 4
    assert left_open(store, expected.conduct.last).resumed == ()


def test_each_audit_is_a_run_of_its_own() -> None:
    """Ids are new each time, and name nothing by which they could be guessed."""
    first = list(records(office_audit(), POLICY, run=MAKER, at=NINE))
    second = list(records(office_audit()._replace(), POLICY, run=MAKER, at=NINE))

    ids = [{record.id for record in each if record.kind != "policy"} for each in (first, second)]
    assert not ids[0] & ids[1]
    assert all(prepare(record) for record in first)
