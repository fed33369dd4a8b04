"""YAML that says what it says: core schema, positions, and bounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.load import POLICY
from auditor.written import source


def _data(text: str) -> dict[str, Any]:
    parsed, issues = source.parse(POLICY, "p.yaml", text.encode())
    assert parsed is not None, issues
    assert issues == []
    return parsed.data


def _codes(content: bytes) -> list[str]:
    return [issue.code for issue in source.parse(POLICY, "p.yaml", content)[1]]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("52:54:00:12:34:56", "52:54:00:12:34:56"),
        ("08:00", "08:00"),
        ("no", "no"),
        ("on", "on"),
        ("0123", "0123"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1e5", "1e5"),
        ("2026-01-31", "2026-01-31"),
        ("1" * 40, "1" * 40),
        ("12", 12),
        ("-1", -1),
        ("0", 0),
        ("true", True),
        ("False", False),
        ("'12'", "12"),
        ("!!str 12", "12"),
    ],
)
def test_plain_values_are_what_they_look_like(written: str, read: object) -> None:
    """Nothing is a number, a truth or a date that its writer did not mean so; infohashes made of digits survive."""
    value = _data(f"key: {written}")["key"]
    assert value == read
    assert type(value) is type(read)


def test_lists_become_tuples() -> None:
    """What was read cannot be changed."""
    assert _data("a: [1, [x]]") == {"a": (1, ("x",))}


def test_an_alias_is_its_anchor() -> None:
    """A few aliases are a comfort, not an attack."""
    assert _data("a: &x {b: 1}\nc: *x") == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_byte_order_mark_is_no_character() -> None:
    """Editors on Windows write one."""
    assert _data("\ufeffa: 1") == {"a": 1}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a: \xff", "not-utf8"),
        (b"\xff\xfea\x00", "not-utf8"),
        (b"", "not-a-mapping"),
        (b"# only a comment", "not-a-mapping"),
        (b"- a", "not-a-mapping"),
        (b"words", "not-a-mapping"),
        (b"a: 1\na: 2", "duplicate-key"),
        (b"a:", "empty-value"),
        (b"a: [~]", "empty-value"),
        (b"? [a]\n: 1", "bad-key"),
        (b"a: !!python/object/apply:os.system [ls]", "yaml-tag"),
        (b"a: !!int soon", "yaml-tag"),
        (b"a: !!set {b}", "yaml-tag"),
        (b"a: b: c", "yaml-syntax"),
        (b"a: 1\n---\nb: 2", "yaml-syntax"),
        (b"a: \x00", "yaml-syntax"),
        (b'a: "\\UFFFFFFFF"', "yaml-syntax"),
        (b"%YAML " + b"9" * 5000 + b".1\n---\na: 1", "yaml-syntax"),
        (b"a: *nobody", "yaml-syntax"),
        (b"a: " + b"[" * 1000, "too-deep"),
        (b"a: &x [*x]", "alias-bomb"),
        (b"a: &x b\nc: [" + b"*x, " * 101 + b"]", "alias-bomb"),
        (b"x" * (source.MAX_BYTES + 1), "too-large"),
        (b"a: [" + b"b," * source.MAX_VALUES + b"]", "too-large"),
    ],
)
def test_what_is_refused_has_a_name(content: bytes, code: str) -> None:
    """Every way in which YAML can go wrong gives an issue, never an exception."""
    assert code in _codes(content)


def test_every_duplicate_is_reported() -> None:
    """One run shows them all, each with the line of the first."""
    _, issues = source.parse(POLICY, "p.yaml", b"a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [(issue.line, issue.column) for issue in issues] == [(2, 1), (3, 11)]
    assert "line 1" in issues[0].message


def test_a_path_leads_to_its_place() -> None:
    """Paths of keys and indexes end at the value, or at its key; a path that leads nowhere ends where it breaks off."""
    parsed, _ = source.parse(POLICY, "p.yaml", b"rules:\n  - id: x\n    when: {a: 1}\n")
    assert parsed is not None

    def place(*loc: str | int, at_key: bool = False) -> tuple[int, int]:
        issue = parsed.issue("c", "m", loc, at_key=at_key)
        return issue.line, issue.column

    assert place("rules", 0, "when", "a") == (3, 15)
    assert place("rules", 0, "when", "a", at_key=True) == (3, 12)
    assert place("rules", 0, "id", "virtual", "part") == (2, 9)
    assert place("rules", 7) == (2, 3)
    assert place() == (1, 1)
    assert parsed.line(("rules", 0, "when")) == 3


def test_the_only_item_of_a_list_may_stand_for_it() -> None:
    """A path with an index leads into the mapping that was written instead of a list."""
    parsed, _ = source.parse(POLICY, "p.yaml", b"version: 1\nmany:\n  one: a\n  two: b\n")
    assert parsed is not None
    assert parsed.line(("many", 0, "two")) == 4
    assert parsed.line(("many", 0)) == 3


def test_line_ends_of_every_kind_count_once() -> None:
    """Carriage returns do not shift the lines of issues."""
    _, issues = source.parse(POLICY, "p.yaml", b"a: 1\r\nb: 2\r\nb: 3\r\n")
    assert [(issue.line, issue.column, issue.excerpt) for issue in issues] == [(3, 1, "b: 3")]


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_survived(content: bytes) -> None:
    """Garbage gives issues or a tree, never an exception."""
    parsed, issues = source.parse(POLICY, "p.yaml", content)
    assert parsed is not None or issues


@given(st.text(st.sampled_from("ab01:-?[]{},&*!|>'\"%@`#~ \n\t\\x"), max_size=200))
def test_text_made_of_yaml_is_survived(text: str) -> None:
    """So does what is nearly YAML; rendering its issues works too."""
    for issue in source.parse(POLICY, "p.yaml", text.encode())[1]:
        assert issue.render()
