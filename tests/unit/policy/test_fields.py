"""The types of a policy's own fields."""

from __future__ import annotations

from pydantic import TypeAdapter

from auditor.policy import fields


def test_every_detector_of_the_design_may_be_named() -> None:
    """Also those that a later release brings, so that a policy need not change with it."""
    adapter = TypeAdapter(fields.Detector)
    assert [adapter.validate_python(name) for name in fields.DETECTORS] == list(fields.DETECTORS)
    assert len(set(fields.DETECTORS)) == 18
