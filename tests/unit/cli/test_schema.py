"""``auditor schema``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Run


@pytest.mark.parametrize("what", ["audit", "coverage", "evidence", "policy", "policy-test", "identity", "sensor"])
def test_each_schema_is_printed(run: Run, what: str) -> None:
    """As JSON, under the draft that it names."""
    ended = run("schema", what)

    assert ended.code == 0
    assert json.loads(ended.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_another_schema_is_a_wrong_command_line(run: Run) -> None:
    """And stderr says which there are."""
    ended = run("schema", "claims")

    assert ended.code == 2
    assert "audit" in ended.err
