"""The published JSON Schema."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from auditor.audit import document
from auditor.audit.schema import schema
from auditor.pipeline.run import judge
from auditor.policy.evaluate import Policy
from tests.build.audits import office_audit, policy
from tests.build.sighting import sighting

DOCUMENT = Draft202012Validator(schema())
RECORD = Draft202012Validator({"$ref": "#/$defs/record", "$defs": schema()["$defs"]})


def test_the_schema_is_a_schema() -> None:
    """It is valid under the draft that it names."""
    Draft202012Validator.check_schema(schema())


def test_audits_are_valid() -> None:
    """One with everything, one with nothing, one without a policy."""
    for result in (office_audit(), judge(sighting(), policy()), judge(sighting(), Policy.none())):
        DOCUMENT.validate(document.document(result))


def test_json_lines_are_valid() -> None:
    """Each line is exactly one of the kinds of record."""
    for line in document.lines(office_audit()):
        RECORD.validate(json.loads(line))


def objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Return every object with fixed keys within a document."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    within = [found for member in members for found in objects(member)]
    return [value, *within] if isinstance(value, dict) else within


def test_nothing_may_be_added_or_left_out() -> None:
    """Whatever changes in the document must change in the schema."""
    whole = document.document(office_audit())
    counts = ({}, whole["limits_hit"], *(c["anomalies"] for c in whole["captures"]))
    checked = 0
    for index, each in enumerate(objects(whole)):
        if any(each is c for c in counts[1:]) or set(each) <= {"ping", "find_node"} or not each:
            continue
        for change in ("add", "drop"):
            changed = deepcopy(whole)
            place = objects(changed)[index]
            if change == "add":
                place["unheard_of"] = 1
            else:
                del place[next(iter(place))]
            assert not DOCUMENT.is_valid(changed), (change, each)
        checked += 1
    assert checked > 20


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first", "2026-11-22T09:00:00Z"),
        ("participation", "shared"),
        ("verdict", "deny"),
        ("id", "i-1"),
        ("downloaded", -1),
        ("detectors", None),
    ],
)
def test_values_outside_the_vocabulary_are_refused(field: str, value: object) -> None:
    """One word per thing, times with nine decimals, amounts that are amounts."""
    whole = document.document(office_audit())
    whole["incidents"][0][field] = value

    assert not DOCUMENT.is_valid(whole)
