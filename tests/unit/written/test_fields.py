"""Fields that may be written short."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from auditor.policy.fields import CONFIDENCE_WORDS
from auditor.policy.schema import ConfidenceSpan
from auditor.written import fields
from auditor.written.fields import OneOrMore, Short


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
    adapter = TypeAdapter(Annotated[ConfidenceSpan, Short("at_least", CONFIDENCE_WORDS)])
    assert adapter.validate_python("likely") == adapter.validate_python({"at_least": "likely"})
    with pytest.raises(ValidationError):
        adapter.validate_python(("likely",))
