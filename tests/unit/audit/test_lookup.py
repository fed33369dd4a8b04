"""What identity sources hold, and whose an address was by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.audit import lookup
from auditor.identity import load
from auditor.identity.columns import TooManyStatements
from auditor.model.scale import People
from auditor.pipeline.people import Shown
from auditor.policy import load as policies
from auditor.policy.observation import Observation

if TYPE_CHECKING:
    import pytest

    from auditor.identity.load import Built

GOOD = Path(__file__).parents[2] / "cases" / "policy-tests" / "good.yaml"
ROWS = (
    "valid_from,valid_to,ip,user\n2026-11-22T09:00:00Z,2026-11-22T10:00:00Z,10.20.0.31,alice\n"
    "2026-11-22T10:00:00Z,,203.0.113.9,bob\nnonsense\n"
)


def _identity(folder: Path) -> Path:
    (folder / "list.csv").write_text(ROWS)
    path = folder / "identity.yaml"
    path.write_text("version: 1\nsources:\n  - {name: list, kind: intervals, files: list.csv, clock: {offset: 0s}}\n")
    return path


def _asked(host: str, at: str = "2026-11-22T09:30:00Z") -> Observation:
    return Observation.model_validate({"host": host, "at": at})


def test_an_address_is_looked_up_with_and_without_a_policy(tmp_path: Path) -> None:
    """Without one any address is asked for, and its group is null."""
    built = load.load(_identity(tmp_path)).build()
    found = lookup.look_up(_asked("203.0.113.9", "2026-11-22T11:00:00Z"), None, built, Shown(People.NAMED))
    document = json.loads(json.dumps(lookup.document(found, People.NAMED)))
    assert (document["attribution"]["subject"], document["attribution"]["group"]) == ("bob", None)
    assert document["record"]["interval"] == {"from": "2026-11-22T10:00:01.000000000Z", "to": None}
    found = lookup.look_up(_asked("10.20.0.31"), policies.load(GOOD), built, Shown(People.PSEUDONYM))
    document = lookup.document(found, People.PSEUDONYM)
    assert document["attribution"]["group"] == "staff"
    assert "alice" not in json.dumps(document)


def test_a_check_says_what_each_source_holds(tmp_path: Path) -> None:
    """Lines, the first that were refused, and the time that it speaks of."""
    path = _identity(tmp_path)
    checked = lookup.check(path, load.read_file(path))
    (held,) = checked.sources
    assert (held.statements, [str(refusal)[:11] for refusal in held.refusals]) == (2, ["list.csv:4:"])
    (source,) = json.loads(json.dumps(lookup.check_document([checked])))["files"][0]["sources"]
    assert (source["first"], source["last"]) == ("2026-11-22T09:00:00.000000000Z", "2026-11-22T10:00:00.000000000Z")
    assert source["files"][0]["refused"] == 1
    assert source["refused"][0]["line"] == 4


def test_a_bad_file_has_issues_and_no_sources(tmp_path: Path) -> None:
    """Nothing is read then."""
    path = tmp_path / "identity.yaml"
    path.write_text("version: 2\n")
    checked = lookup.check(path, load.read_file(path))
    assert [issue.code for issue in checked.issues] == ["bad-version"]
    assert lookup.check_document([checked])["files"][0]["sources"] == []


def test_more_than_can_be_kept_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, where sources would stand."""

    def too_many(_self: load.Identity, **_: object) -> Built:
        raise TooManyStatements

    monkeypatch.setattr(load.Identity, "build", too_many)
    path = _identity(tmp_path)
    assert lookup.check(path, load.read_file(path)).problem is not None
