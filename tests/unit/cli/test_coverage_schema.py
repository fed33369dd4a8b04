"""The JSON Schema of what was watched."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator

from auditor.cli.coverage_schema import schema
from auditor.evidence.recording import of_coverage
from auditor.evidence.store import open_store
from auditor.model.coverage import CanaryResult, CoverageMinute
from auditor.model.moment import MINUTE
from tests.build.sighting import NINE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

DOCUMENT = Draft202012Validator(schema())
ASKED = ("sensor", "coverage", "--from", "2026-11-22T09:00:00Z", "--to", "2026-11-22T09:05:00Z", "--format", "json")


def test_the_schema_is_a_schema() -> None:
    """It is valid under the draft that it names."""
    Draft202012Validator.check_schema(schema())


def test_what_is_printed_is_valid(run: Run, tmp_path: Path) -> None:
    """Of a store with something of everything, and of one in which there is nothing; and nothing more is."""
    canary = CanaryResult(NINE, "namespace", True, True, 5, None)
    full = CoverageMinute(
        "office",
        NINE,
        MINUTE - 1,
        1000,
        64_000,
        2,
        {"store-flow": 3},
        unseen_bytes=9,
        down={"eth0": MINUTE // 2},
        clock_step=-5,
        restarts=1,
        canaries=(canary,),
    )
    with closing(open_store(str(tmp_path / "full"))) as opened:
        opened.append([of_coverage(full)])
    open_store(str(tmp_path / "empty")).close()

    for name in ("full", "empty"):
        printed = json.loads(run(*ASKED, "--store", str(tmp_path / name)).out)
        DOCUMENT.validate(printed)
        assert not DOCUMENT.is_valid(printed | {"unheard_of": 1})
        assert not DOCUMENT.is_valid({key: value for key, value in printed.items() if key != "spans"})
