"""What is wrong in a file of any kind, in its own words."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from auditor.written import fields, source
from auditor.written.fields import OneOrMore
from auditor.written.kind import FileKind
from auditor.written.schema import Entry
from auditor.written.validate import Validated, validate

REGISTER = FileKind(
    article="an",
    noun="address register",
    begin="begin with 'version: 1'",
    shrink="make two of it",
    mandatory={"owner": ("missing-owner", "say whose it is")},
    naming=(("host", "name"),),
    stand_ins={"version": 1, "owner": "-"},
)


class Host(Entry):
    """A host of the register."""

    name: fields.Id = Field(description="What it is called.")
    mac: fields.Mac = Field(description="Its MAC.")
    since: fields.Instant | None = Field(default=None, alias="from", description="Since when it has it.")


class Register(Entry):
    """A small file."""

    version: Annotated[int, fields.version("address register")] = Field(description="Of the format.")
    owner: fields.Line = Field(description="Whose it is.")
    strict: bool = Field(default=False, description="Whether others are refused.")
    networks: Annotated[tuple[fields.NetworkField, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="Where the hosts are."
    )
    hosts: tuple[Host, ...] = Field(default=(), max_length=3, description="The hosts.")
    rooms: dict[fields.Id, Host] = Field(default_factory=dict, description="The host of each room.")


HEAD = "version: 1\nowner: us\n"


def _validated(text: str) -> Validated[Register]:
    parsed, issues = source.parse(REGISTER, "r.yaml", text.encode())
    assert parsed is not None, issues
    return validate(parsed, Register)


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("host: 1\n", "3:1: unknown-key: 'host' is no key of an address register here"),
        (
            "rooms: {r1: {nme: a, mac: 52:54:00:12:34:56}}\n",
            "3:14: unknown-key: 'nme' is no key of an address register",
        ),
        ("hosts: [{name: a}]\n", "3:9: missing-key: host 'a' lacks 'mac'"),
        ("hosts: [{mac: 52:54:00:12:34:56}]\n", "3:9: missing-key: this entry lacks 'name'"),
        ("hosts: 7\n", "3:8: bad-type: 'hosts' is not a list"),
        ("hosts: [7]\n", "3:9: bad-type: 'hosts[0]' is not a mapping of keys to values"),
        ("rooms: []\n", "3:8: bad-type: 'rooms' is not a mapping of names to entries"),
        ("strict: 'no'\n", "3:9: bad-type: 'strict' is not true or false"),
        ("networks: []\n", "3:11: empty-list: 'networks' is an empty list"),
        (
            "hosts: [&h {name: a, mac: 52:54:00:12:34:56}, *h, *h, *h]\n",
            "3:8: too-large: 'hosts' has 4 entries; it may have 3",
        ),
        ("networks: [10.0.0.1/8]\n", "3:12: network-host-bits: 10.0.0.1/8 has bits set"),
        ("hosts: [{name: a, mac: 52:54:00:12:34:56, from: x}]\n", "3:49: bad-instant: 'x' is no date"),
    ],
)
def test_what_is_wrong_is_told_in_the_words_of_the_file(rest: str, told: str) -> None:
    """With its place; nothing of pydantic's own comes through."""
    lines = [str(issue) for issue in _validated(HEAD + rest).issues]
    assert any(line.startswith(f"r.yaml:{told}") for line in lines), lines


def test_a_missing_key_of_the_file_may_have_a_code_of_its_own() -> None:
    """With the hint of its kind; other keys are simply missing."""
    lines = [(str(issue), issue.hint) for issue in _validated("strict: true\n").issues]
    assert lines == [
        ("r.yaml:1:1: missing-key: the address register lacks 'version'", None),
        ("r.yaml:1:1: missing-owner: the address register lacks 'owner'", "say whose it is"),
    ]


def test_another_version_is_refused_by_the_name_of_the_format() -> None:
    """A reader of several files knows which is meant."""
    (issue,) = _validated("version: 2\nowner: us\n").issues
    assert issue.message == "'2' is no version of the address register format"


def test_unknown_keys_are_told_the_known_ones() -> None:
    """The nearest, or all of the place where they stand, by the names that people write."""
    (near,) = _validated(HEAD + "hots: []\n").issues
    assert near.hint == "did you mean 'hosts'?"
    host = "rooms: {r1: {name: a, mac: 52:54:00:12:34:56, zzzz: 1}}\n"
    (far,) = _validated(HEAD + host).issues
    assert far.hint == "the keys here are name, mac, from"


def test_a_right_file_is_its_model_as_it_stands() -> None:
    """Nothing is mended, and paths are those of the file."""
    validated = _validated(HEAD + "networks: 10.0.0.0/8\n")
    assert validated.model is not None
    assert (validated.issues, validated.mended) == ([], False)
    assert validated.restore(("networks", 0)) == ("networks", 0)


def test_a_wrong_file_is_mended_as_far_as_it_can_be() -> None:
    """Paths into what is left lead to the places of the file."""
    validated = _validated(HEAD + "networks: [bad, 10.0.0.0/8]\n")
    assert validated.model is not None
    assert validated.mended
    assert [str(network) for network in validated.model.networks or ()] == ["10.0.0.0/8"]
    assert validated.restore(("networks", 0)) == ("networks", 1)


def test_an_empty_value_is_refused_once() -> None:
    """By the parser, which knows that it was written; the model is mended all the same."""
    parsed, issues = source.parse(REGISTER, "r.yaml", b"version: 1\nowner:\n")
    assert parsed is not None
    assert [issue.code for issue in issues] == ["empty-value"]
    validated = validate(parsed, Register)
    assert (validated.issues, validated.mended) == ([], True)
