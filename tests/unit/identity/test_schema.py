"""The identity file's schema, as editors see it."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from auditor.identity.readers.registry import READERS
from auditor.identity.schema import json_schema


def test_editors_get_a_valid_schema_with_every_kind() -> None:
    """With a description of each key."""
    schema = json_schema()
    Draft202012Validator.check_schema(schema)

    source = schema["$defs"]["SourceEntry"]
    assert source["properties"]["kind"]["enum"] == sorted(READERS)
    assert source["required"] == ["name", "kind"]
    assert all("description" in key for entry in schema["$defs"].values() for key in entry["properties"].values())
    json.dumps(schema)


def test_the_schema_takes_what_people_write() -> None:
    """One file without brackets, an offset with a sign."""
    written = {
        "version": 1,
        "access_log": "views.jsonl",
        "sources": [
            {
                "name": "dhcp",
                "kind": "kea",
                "files": "leases.csv*",
                "zone": "Europe/Berlin",
                "clock": {"offset": "-1h", "tolerance": "5m"},
                "vlan": "any",
                "trust": "leased",
            }
        ],
    }
    validator = Draft202012Validator(json_schema())

    assert list(validator.iter_errors(written)) == []
    assert list(validator.iter_errors({"version": 1, "sources": [{"name": "dhcp", "kind": "Kea"}]}))
