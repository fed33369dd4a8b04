"""The JSON Schema of what is read back from a store."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from auditor.audit.storing import store_result
from auditor.cli.evidence_schema import schema
from auditor.evidence.store import open_store
from tests.build.audits import POLICY, office_audit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

DOCUMENT = Draft202012Validator(schema())


@pytest.fixture
def store(tmp_path: Path, run: Run) -> str:
    """A store with all of an audit, and a note."""
    url = str(tmp_path / "evidence")
    with open_store(url) as opened:
        store_result(opened, office_audit(), POLICY)
    first = _printed(run, "list", "--store", url)["incidents"][0]["id"]
    run("evidence", "note", first, "--store", url, "--status", "resolved", "--by", "A. Lee", "--reason", "told them")
    return url


def _printed(run: Run, *words: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(run("evidence", *words, "--format", "json").out)


def _all(run: Run, store: str, *words: str) -> list[Any]:
    """What is printed of the list, and of each incident."""
    listed = _printed(run, "list", "--store", store, *words)
    each = [_printed(run, "show", found["id"], "--store", store, *words) for found in listed["incidents"]]
    return [listed, *each]


def test_the_schema_is_a_schema() -> None:
    """It is valid under the draft that it names."""
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("words", [(), ("--show-names",)])
def test_what_is_printed_is_valid(run: Run, store: str, words: tuple[str, ...]) -> None:
    """Lists and histories, with observations, flows and notes; with names and without."""
    printed = _all(run, store, *words)

    assert len(printed) > 4
    for each in printed:
        DOCUMENT.validate(each)
    for kind in ("versions", "verdicts", "attributions", "observations", "flows", "notes"):
        assert any(each[kind] for each in printed[1:]), kind


@pytest.mark.parametrize("what", ["identifying", "all"])
def test_what_is_left_after_a_deletion_is_valid(run: Run, store: str, what: str) -> None:
    """Whether people were deleted or everything."""
    listed = _printed(run, "list", "--store", store)
    assert run("evidence", "purge", "--store", store, "--keep", "1s", "--what", what, "--by", "me").code == 0

    DOCUMENT.validate(_printed(run, "list", "--store", store))
    told = [run("evidence", "show", found["id"], "--store", store, "--format", "json") for found in listed["incidents"]]
    kept = [json.loads(each.out) for each in told if each.code == 0]
    for each in kept:
        DOCUMENT.validate(each)
    assert kept if what == "identifying" else True


def test_nothing_may_be_added_or_left_out(run: Run, store: str) -> None:
    """Whatever changes in a record must change in the schema."""
    listed = _printed(run, "list", "--store", store)
    for key in ("verdict", "host", "leaf", "frames"):
        changed = deepcopy(listed)
        del changed["incidents"][0][key]
        assert not DOCUMENT.is_valid(changed), key
    listed["incidents"][0]["unheard_of"] = 1
    assert not DOCUMENT.is_valid(listed)
