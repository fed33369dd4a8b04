"""Who may see the metrics."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import bcrypt
import pytest

from auditor.metrics.passwords import MAX_REMEMBERED, Passwords

if TYPE_CHECKING:
    from collections.abc import Callable

HASH = "$2b$04$s2GjD4wQd335XYjUN2gcHupqqQx9pe0Zcb597uJXBq/k6CgHSok4e"
"""Of ``correct horse``; the same in every process, since tests are named after it."""


def basic(user: str, password: str) -> str:
    """The header of a browser."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What bcrypt was asked, in order."""
    asked: list[bytes] = []
    check: Callable[[bytes, bytes], bool] = bcrypt.checkpw

    def count(password: bytes, expected: bytes) -> bool:
        asked.append(password)
        return check(password, expected)

    monkeypatch.setattr(bcrypt, "checkpw", count)
    return asked


def test_without_users_everybody_may() -> None:
    """There is nothing to be checked."""
    assert Passwords({}).allow(None)


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_the_right_password_lets_in(prefix: str) -> None:
    """Htpasswd writes 2y, others 2a or 2b; they are the same."""
    assert Passwords({"prometheus": prefix + HASH[4:]}).allow(basic("prometheus", "correct horse"))
    assert Passwords({"prometheus": prefix + HASH[4:]}).allow(basic("prometheus", "correct horse").replace("B", "b", 1))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"prometheus").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Bearer " + base64.b64encode(b"prometheus:correct horse").decode(),
        basic("prometheus", "wrong"),
        basic("prometheus", ""),
        basic("prometheus", "correct horse\0"),
        basic("prometheus", "x" * 5000),
        basic("nobody", "correct horse"),
        basic("", "correct horse"),
    ],
)
def test_everything_else_does_not(header: str | None) -> None:
    """Nothing that is sent raises an error."""
    assert not Passwords({"prometheus": HASH}).allow(header)


def test_a_right_password_is_hashed_once(checked: list[bytes]) -> None:
    """Prometheus asks every few seconds, and bcrypt is slow on purpose."""
    door = Passwords({"prometheus": HASH})

    assert all(door.allow(basic("prometheus", "correct horse")) for _ in range(5))

    assert checked == [b"correct horse"]


def test_a_wrong_password_is_never_remembered(checked: list[bytes]) -> None:
    """Guesses push no right one out."""
    door = Passwords({"prometheus": HASH})
    door.allow(basic("prometheus", "correct horse"))

    for number in range(MAX_REMEMBERED + 1):
        assert not door.allow(basic("prometheus", str(number)))

    asked = len(checked)
    assert door.allow(basic("prometheus", "correct horse"))
    assert len(checked) == asked == MAX_REMEMBERED + 2


def test_a_user_who_does_not_exist_costs_as_much(checked: list[bytes]) -> None:
    """How long an answer takes does not tell who has a password."""
    Passwords({"prometheus": HASH}).allow(basic("nobody", "guess"))

    assert checked == [b"guess"]


def test_many_at_once_get_the_right_answers() -> None:
    """Threads share what is remembered."""
    door = Passwords({"prometheus": HASH})
    headers = [basic("prometheus", "correct horse"), basic("prometheus", "wrong")] * 20

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(door.allow, headers)) == [True, False] * 20
