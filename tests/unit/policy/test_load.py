"""Policy files as people write them, break them and read about it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy import load
from auditor.written import source
from auditor.written.issue import BadFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.policy.evaluate import Policy

FOLDERS = (Path(load.__file__).parent, Path(source.__file__).parent)
"""Where codes are made."""
CASES = Path(__file__).parents[2] / "cases" / "policies"
TESTS = CASES.with_name("policy-tests")
CORPORATE = (Path(__file__).parents[3] / "policies" / "corporate.yaml").read_bytes()
NOW = 1_795_345_200 * 10**9
"""2026-11-22 11:00 UTC, as ``make.py`` in that folder has it."""
UNMADE = {
    "too-large",
    "policy-unreadable",
    "policy-unsettled",
    "test-unreadable",
    "torrents-unavailable",
    "too-many-issues",
}
"""Codes that need a large file, a missing one, or a missing library."""


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda case: case.stem)
def test_a_broken_policy_is_told_in_these_words(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file has the defect that its name says, and its reader is told what the text beside it says."""
    if case.stem == "bad-magnet":
        pytest.importorskip("libtorrent", reason="needs libtorrent, which has no wheel for this Python")
    monkeypatch.chdir(CASES)
    issues = load.check(Path(case.name), NOW)
    assert "".join(issue.render() + "\n" for issue in issues) == case.with_suffix(".txt").read_text("utf-8")
    assert case.stem in {issue.code for issue in issues}


def test_every_code_has_its_broken_policy() -> None:
    """A new defect comes with the file that shows it."""
    sources = "".join(path.read_text("utf-8") for folder in FOLDERS for path in folder.glob("*.py"))
    named = set(
        re.findall(r'(?:defect|Finding|Problem|Issue|_Excess|_note|issue)\(\s*(?:\w+, )?"([a-z0-9-]+)"', sources)
    )
    fields = {f"bad-{field}" for field in re.findall(r'(?:member\(scale\.\w+, |parse_word, )"(\w+)"', sources)}
    made = {case.stem for case in CASES.glob("*.yaml")} | {case.stem for case in TESTS.glob("*.txt")}
    assert (named | fields) - made == UNMADE


def test_all_issues_come_at_once() -> None:
    """A wrong value does not hide an unknown group; places are those of the file, not of what could be read of it."""
    content = (
        b"version: 1\npurpose: test\npeople: none\ngroups:\n"
        b"  - {name: a, networks: [10.0.0.1/8, 10.0.0.0/8], default: {verdict: notice, reason: a}}\n"
        b"  - {name: b, networks: [bad, worse, 10.0.0.0/8], default: {verdict: notice, reason: b}}\n"
        b"  - 5\n"
        b"  - {name: unattributed, default: {verdict: notice, reason: u}}\n"
        b"rules:\n"
        b"  - 7\n"
        b"  - {id: x, group: c, verdict: notcie, reason: x}\n"
    )
    found = [(issue.line, issue.column, issue.code) for issue in load.parse(content, Path("p.yaml")).issues]
    assert found == [
        (5, 3, "missing-default"),
        (5, 26, "network-host-bits"),
        (6, 26, "bad-network"),
        (6, 31, "bad-network"),
        (6, 38, "overlapping-groups"),
        (7, 5, "bad-type"),
        (10, 5, "bad-type"),
        (11, 20, "unknown-group"),
        (11, 32, "bad-verdict"),
    ]


def test_a_warning_does_not_stop_a_policy(policy: Callable[[str], Policy]) -> None:
    """An organisation may be stricter than we would be."""
    assert policy("rules:\n  - {id: a, verdict: violation, reason: because}\n").rules[0].id == "a"


def test_a_policy_with_an_error_is_not_loaded(tmp_path: Path) -> None:
    """The exception carries every issue and reads like ``policy check``."""
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\n")
    with pytest.raises(BadFile, match=r"missing-purpose.*") as refusal:
        load.load(path)
    assert [issue.code for issue in refusal.value.issues] == ["missing-purpose", "missing-people", "missing-key"]


def test_a_missing_file_is_an_issue(tmp_path: Path) -> None:
    """So that the other files of the same command are still checked."""
    (issue,) = load.check(tmp_path / "none.yaml")
    assert (issue.code, issue.line) == ("policy-unreadable", 0)


def test_a_large_file_is_not_read_whole() -> None:
    """Nor is a device."""
    assert [issue.code for issue in load.check(Path("/dev/zero"))] == ["too-large"]


def test_a_list_whose_items_are_all_wrong_is_not_called_empty() -> None:
    """Pydantic counts what is left; people count what they wrote."""
    content = b"version: 1\npurpose: a\npeople: none\ngroups: [{name: A, default: {verdict: notice, reason: a}}]\n"
    codes = {issue.code for issue in load.parse(content, Path("p.yaml")).issues}
    assert codes == {"missing-default", "bad-id"}


def test_a_file_with_too_many_issues_says_how_many_more() -> None:
    """Nobody reads a thousand."""
    content = b"version: 1\ninside: [" + b"bad, " * 150 + b"]\n"
    issues = load.parse(content, Path("p.yaml")).issues
    assert len(issues) == 101
    assert issues[-1].code == "too-many-issues"


def test_the_identity_is_the_hash_of_the_file(tmp_path: Path) -> None:
    """As sha256sum gives it; with list files, of a list of such hashes."""
    path = tmp_path / "p.yaml"
    content = re.sub(rb"lists:.*?rules:.*", b"", CORPORATE, flags=re.DOTALL)
    path.write_bytes(content)
    own = hashlib.sha256(content).hexdigest()
    assert load.load(path).sha256 == own

    content += b"lists:\n  a: {files: [list.txt]}\n"
    path.write_bytes(content)
    identities = []
    for names in (b"", b"aa" * 20):
        (tmp_path / "list.txt").write_bytes(names)
        manifest = f"{hashlib.sha256(content).hexdigest()}  -\n{hashlib.sha256(names).hexdigest()}  list.txt\n"
        assert load.load(path).sha256 == hashlib.sha256(manifest.encode()).hexdigest()
        identities.append(load.load(path).sha256)
    assert identities[0] != identities[1]


def test_the_name_is_the_files_where_it_has_none(tmp_path: Path) -> None:
    """``name`` may be left out."""
    path = tmp_path / "campus.yaml"
    path.write_bytes(re.sub(rb"(?m)^name:.*\n", b"", CORPORATE))
    (tmp_path / "approved.txt").touch()
    assert load.load(path).name == "campus"


MUTATIONS = st.lists(
    st.tuples(
        st.integers(0, len(CORPORATE)),
        st.integers(0, 12),
        st.binary(max_size=6)
        | st.sampled_from(
            [b"*a", b"&a ", b"!!int ", b"[", b"{", b"}", b": ", b"\n", b"'", b'"', b"~", b"- ", b"\t", b"|\n", b"<<: "]
        ),
    ),
    min_size=1,
    max_size=6,
)


@given(MUTATIONS)
def test_a_mutated_policy_is_survived(mutations: list[tuple[int, int, bytes]]) -> None:
    """Whatever happens to a good file, there is a policy or an error, and every issue can be shown."""
    content = CORPORATE
    for place, length, insert in mutations:
        content = content[:place] + insert + content[place + length :]
    loaded = load.parse(content, Path("/nowhere/p.yaml"))
    assert (loaded.policy is None) == any(issue.severity == "error" for issue in loaded.issues)
    assert all(issue.render() for issue in loaded.issues)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["a", "x", "10.0.0.0/8", "notice", "unattributed", "", "likely", "2026-01-01", "aa" * 20])
)
WORDS = (
    "version name purpose people timezone inside egress groups lists rules networks vlans default verdict reason id "
    "group when valid from until lists infohashes files at_least at_most confidence participation amount x"
)
KEYS = st.sampled_from(WORDS.split())
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)


@given(st.dictionaries(KEYS, TREES, max_size=8))
def test_any_tree_of_known_words_is_survived(tree: dict[str, object]) -> None:
    """Right words in wrong places are issues, too."""
    content = json.dumps(tree).encode()  # JSON is YAML
    loaded = load.parse(content, Path("/nowhere/p.yaml"))
    assert loaded.policy is not None or loaded.issues
    assert all(issue.render() for issue in loaded.issues)
