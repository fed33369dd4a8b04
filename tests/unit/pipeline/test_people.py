"""How results show people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.model.identity import Holder, Trust
from auditor.model.scale import People
from auditor.pipeline.people import BadKey, Shown, read_key

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))
ALICE = Holder(Trust.AUTHENTICATED, (), mac="52:54:00:12:34:56", host="alice-laptop", user="alice")


def test_none_shows_nobody() -> None:
    """Under ``none`` there is no subject at all."""
    assert Shown(People.NONE, KEY).subject(ALICE) is None


@pytest.mark.parametrize(
    ("holder", "name"),
    [
        (ALICE, "alice"),
        (ALICE._replace(user=None), "alice-laptop"),
        (ALICE._replace(user=None, host=None), "52:54:00:12:34:56"),
        (Holder(Trust.LEASED, ()), None),
    ],
)
def test_named_shows_the_person_else_the_device(holder: Holder, name: str | None) -> None:
    """A user goes before a host name, that before a MAC."""
    assert Shown(People.NAMED).subject(holder) == name


def test_a_pseudonym_is_the_same_under_the_same_key() -> None:
    """So that a person is followed over months, in any case of letters, and not over keys."""
    here = Shown(People.PSEUDONYM, KEY).subject(ALICE)

    assert here == Shown(People.PSEUDONYM, KEY).subject(ALICE._replace(user="Alice", mac=None))
    assert here != Shown(People.PSEUDONYM, KEY[::-1]).subject(ALICE)
    assert here is not None
    assert "alice" not in here


def test_a_user_is_not_taken_for_a_host_of_that_name() -> None:
    """What kind of name it is goes into the pseudonym."""
    shown = Shown(People.PSEUDONYM, KEY)

    assert shown.subject(Holder(Trust.LEASED, (), user="kiosk")) != shown.subject(
        Holder(Trust.LEASED, (), host="kiosk")
    )


def test_without_a_key_each_run_has_its_own() -> None:
    """Nobody can compare two such results."""
    assert Shown(People.PSEUDONYM).subject(ALICE) != Shown(People.PSEUDONYM).subject(ALICE)


def test_a_key_is_read_whole(tmp_path: Path) -> None:
    """Every byte of the file counts."""
    path = tmp_path / "key"
    path.write_bytes(KEY + b"\n")

    assert read_key(path) == KEY + b"\n"


@pytest.mark.parametrize(("content", "word"), [(b"short", "5 bytes"), (bytes(5000), "more than 4096")])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes, word: str) -> None:
    """With what to do instead."""
    path = tmp_path / "key"
    path.write_bytes(content)

    with pytest.raises(BadKey, match=f"{word}.*openssl rand"):
        read_key(path)


def test_a_key_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With the file's name."""
    with pytest.raises(BadKey, match="nowhere cannot be read: No such file"):
        read_key(tmp_path / "nowhere")
