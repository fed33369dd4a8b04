"""What JSON Schemas are put together from."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from auditor.audit.words import COUNT, MOMENT, TEXT, Json, closed, or_null, scale
from auditor.model.scale import Verdict


@pytest.mark.parametrize(
    ("shape", "right", "wrong"),
    [
        (closed({"a": TEXT}), {"a": "x"}, {}),
        (closed({"a": TEXT}), {"a": "x"}, {"a": "x", "b": "x"}),
        (or_null(COUNT), None, -1),
        (or_null(COUNT), 7, "7"),
        (scale(Verdict), "violation", "deny"),
        (MOMENT, "2026-11-22T09:00:00.000000000Z", "2026-11-22T09:00:00Z"),
    ],
)
def test_each_form_takes_what_it_says(shape: Json, right: object, wrong: object) -> None:
    """And nothing else."""
    form = Draft202012Validator(shape)

    assert form.is_valid(right)
    assert not form.is_valid(wrong)
