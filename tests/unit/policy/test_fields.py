"""Fields that may be written short."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from auditor.policy import fields
from auditor.policy.fields import OneOrMore, Short
from auditor.policy.schema import ConfidenceSpan


def test_one_item_stands_for_a_list_of_one() -> None:
    """And nothing stands for nothing: an empty value is refused."""
    adapter = TypeAdapter(Annotated[tuple[fields.Id, ...], OneOrMore()])
    assert adapter.validate_python("a") == ("a",)
    assert adapter.validate_python(("a", "b")) == ("a", "b")
    with pytest.raises(ValidationError):
        adapter.validate_python(None)
    assert [kind["type"] for kind in adapter.json_schema()["anyOf"]] == ["string", "array"]


def test_a_word_stands_for_a_mapping() -> None:
    """``confidence: likely`` is ``confidence: {at_least: likely}``."""
    adapter = TypeAdapter(Annotated[ConfidenceSpan, Short("at_least", fields.CONFIDENCE_WORDS)])
    assert adapter.validate_python("likely") == adapter.validate_python({"at_least": "likely"})
    with pytest.raises(ValidationError):
        adapter.validate_python(("likely",))


def test_every_detector_of_the_design_may_be_named() -> None:
    """Also those that a later release brings, so that a policy need not change with it."""
    adapter = TypeAdapter(fields.Detector)
    assert [adapter.validate_python(name) for name in fields.DETECTORS] == list(fields.DETECTORS)
    assert len(set(fields.DETECTORS)) == 18
