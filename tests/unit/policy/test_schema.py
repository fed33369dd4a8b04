"""The JSON Schema that editors use says the same as the loader."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from auditor.policy import load
from auditor.policy.schema import json_schema
from auditor.written import source
from auditor.written.schema import Entry

CASES = Path(__file__).parents[2] / "cases" / "policies"
SHIPPED = [
    *sorted(p for p in (Path(__file__).parents[3] / "policies").glob("*.yaml") if not p.match("*.test.yaml")),
    Path(load.__file__).with_name("first.yaml"),
]
SEEN_BY_SCHEMA = (
    "bad-verdict bad-severity bad-people bad-confidence bad-participation bad-detector bad-direction bad-basis "
    "bad-version bad-vlan bad-id unknown-key missing-purpose missing-people missing-default missing-key empty-list "
    "bad-kind bad-count bad-duration missing-owner missing-until missing-announced"
)


def _json(data: object) -> object:
    """Make of a policy's data what JSON has: lists for tuples."""
    if isinstance(data, dict):
        return {key: _json(value) for key, value in data.items()}
    return [_json(value) for value in data] if isinstance(data, tuple) else data


def _accepts(path: Path) -> bool:
    parsed, _ = source.parse(load.POLICY, path.name, path.read_bytes())
    assert parsed is not None
    return jsonschema.Draft202012Validator(json_schema()).is_valid(_json(parsed.data))


def test_the_schema_is_one() -> None:
    """It validates against its own meta-schema."""
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_schema_accepts_what_ships(path: Path) -> None:
    """Short forms included."""
    assert _accepts(path)


@pytest.mark.parametrize("code", SEEN_BY_SCHEMA.split())
def test_the_schema_refuses_what_it_can_see(code: str) -> None:
    """An editor underlines misspelt words and keys before the loader is asked."""
    assert not _accepts(CASES / f"{code}.yaml")


def test_every_key_is_explained() -> None:
    """People write policies from these descriptions."""
    mute = [
        f"{model.__name__}.{name}"
        for model in Entry.__subclasses__()
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert mute == []


def test_defaults_are_words() -> None:
    """The schema shows what a policy would say, not what the program counts with."""
    properties = json_schema()["$defs"]["ConfidenceSpan"]["properties"]
    assert properties["at_least"]["default"] == "suspected"
    assert "null" not in str(json_schema())
