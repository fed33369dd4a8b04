"""Files of tests as people write them and break them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model.identity import SourceLine, Trust
from auditor.policy import testing
from auditor.written import source

CASES = Path(__file__).parents[2] / "cases" / "policy-tests"
SHIPPED = sorted((Path(__file__).parents[3] / "policies").glob("*.test.yaml"))
SEEN_BY_SCHEMA = {"bad-status", "bad-trust", "missing-key", "unknown-key"}


def _json(data: object) -> object:
    """Make of a file's data what JSON has: lists for tuples."""
    if isinstance(data, dict):
        return {key: _json(value) for key, value in data.items()}
    return [_json(value) for value in data] if isinstance(data, tuple) else data


@pytest.mark.parametrize("case", sorted(CASES.glob("*.test.yaml")), ids=lambda case: case.name)
def test_a_broken_file_is_told_in_these_words(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has the defect that its name says, and its reader is told what the text beside it says."""
    monkeypatch.chdir(CASES)
    loaded = testing.read(Path(case.name))
    told = case.name.removesuffix(".test.yaml")
    assert "".join(issue.render() + "\n" for issue in loaded.issues) == (CASES / f"{told}.txt").read_text("utf-8")
    assert told in {issue.code for issue in loaded.issues}
    assert loaded.suite is None


def test_a_file_that_is_not_there_is_an_issue(tmp_path: Path) -> None:
    """As any other defect."""
    loaded = testing.read(tmp_path / "none.test.yaml")
    assert [issue.code for issue in loaded.issues] == ["test-unreadable"]


def test_every_policy_that_ships_has_tests() -> None:
    """Each file beside it names it, and is right."""
    policies = {p.name for p in (Path(__file__).parents[3] / "policies").glob("*.yaml")} - {p.name for p in SHIPPED}
    loaded = [testing.read(path) for path in SHIPPED]
    assert [each.issues for each in loaded] == [[] for _ in loaded]
    assert {path.name.replace(".test.yaml", ".yaml") for path in SHIPPED} == policies


def test_cases_know_their_lines(tmp_path: Path) -> None:
    """Of the test, of what is expected, and of whose an address was; the file's word counts for each test."""
    path = tmp_path / "x.test.yaml"
    path.write_text(
        f"policy: {CASES / 'good.yaml'}\n"
        "identities: {ip: 10.20.0.5, user: alice, to: 2026-11-22T12:00:00Z}\n"
        "tests:\n"
        "  - name: one\n"
        "    identities:\n"
        "      - mac: 52:54:00:12:34:56\n        host: laptop\n        groups: [a, b]\n"
        "        attributes: {NAS-Identifier: vpn1}\n        trust: seen\n"
        "    observation: {host: 10.20.0.5, at: 2026-11-22T10:00:00Z}\n"
        "    expect: {verdict: violation}\n"
    )
    loaded = testing.read(path)
    assert loaded.suite is not None
    (case,) = loaded.suite.cases
    assert (case.name, case.line) == ("one", 4)
    assert [expectation.line for expectation in case.expectations] == [12]
    common, own = case.statements
    assert (common.start, common.end, common.user) == (0, 1_795_348_800 * 10**9, "alice")
    assert common.line == SourceLine("identities", str(path), 2)
    assert (own.line.line, own.mac, own.trust) == (6, "52:54:00:12:34:56", Trust.SEEN)
    assert (own.groups, own.attributes) == (("a", "b"), (("NAS-Identifier", "vpn1"),))


def test_the_schema_says_what_the_reader_says() -> None:
    """All that ships is right by it, and what it can see of broken files it refuses."""
    validator = jsonschema.Draft202012Validator(testing.json_schema())
    jsonschema.Draft202012Validator.check_schema(testing.json_schema())
    assert json.loads(json.dumps(testing.json_schema()))["title"] == "auditor policy tests"
    for path in [*SHIPPED, *CASES.glob("*.test.yaml")]:
        parsed, _ = source.parse(testing.KIND, path.name, path.read_bytes())
        assert parsed is not None
        broken = path.parent == CASES and path.name.removesuffix(".test.yaml") in SEEN_BY_SCHEMA
        assert validator.is_valid(_json(parsed.data)) is not broken, path


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_file_is_survived(data: st.DataObject) -> None:
    """Bytes that are nothing, and files of tests with some of them cut, doubled or replaced: issues, never an error."""
    whole = data.draw(st.sampled_from([path.read_bytes() for path in SHIPPED] + [b""]))
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, min(len(whole), begin + 40)))
    content = whole[:begin] + data.draw(st.binary(max_size=8) | st.just(whole[begin:end] * 2)) + whole[end:]
    loaded = testing.parse(content, SHIPPED[0])
    assert (loaded.suite is None) is any(issue.severity == "error" for issue in loaded.issues)
