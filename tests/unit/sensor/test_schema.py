"""The sensor file's schema, as editors see it."""

from __future__ import annotations

from jsonschema import Draft202012Validator

from auditor.sensor.schema import json_schema


def test_editors_get_a_valid_schema() -> None:
    """With a description of each key."""
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    entries = [schema, *schema["$defs"].values()]
    assert [key for entry in entries for key, value in entry["properties"].items() if "description" not in value] == []


def test_the_schema_takes_what_people_write() -> None:
    """Short forms, and long ones."""
    validator = Draft202012Validator(json_schema())
    short = {"version": 1, "policy": "p.yaml", "interfaces": "eth1", "identity": "i.yaml", "store": "records"}
    long = {
        **short,
        "interfaces": ["eth1", {"name": "eth2", "ring": "64 MiB"}],
        "identity": {"file": "i.yaml", "reload": "5m"},
        "store": {"url": "records", "queue": 500},
        "canary": {"every": "1h"},
        "sinks": [{"kind": "eve", "to": "file:/var/log/auditor/eve.json"}],
    }
    assert [list(validator.iter_errors(each)) for each in (short, long)] == [[], []]
    assert list(validator.iter_errors({**short, "interfaces": []}))
    assert list(validator.iter_errors({**short, "sinks": [{"kind": "eve", "too": "file:/var/log/auditor/eve.json"}]}))
    assert list(validator.iter_errors({**short, "log": {"format": "text"}}))
