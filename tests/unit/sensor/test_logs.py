"""Lines of the log: harmless, and about nobody."""

from __future__ import annotations

import io
import json
import logging
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Literal

import pytest

from auditor.sensor import logs
from tests.build.sensing import change, logging_put_back

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE = [
    "10.30.0.7",
    "2001:db8::31",
    "fe80::1",
    "52:54:00:12:34:56",
    "52-54-00-12-34-56",
    "5254.0012.3456",
    "::ffff:10.0.0.7",
]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where lines go; the logging of the tests themselves is put back."""
    with logging_put_back():
        yield io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Read what was written."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("who", PEOPLE)
def test_addresses_are_struck_out_above_debug(stream: io.StringIO, who: str) -> None:
    """Of fields, of events, and of what the standard library's loggers say."""
    logs.set_up("json", "info", stream)
    logs.logger().info(f"spoke with {who}", reason=f"{who}: no", interfaces=[who])
    logging.getLogger("auditor.identity").warning("lease of %s", who)

    assert who not in stream.getvalue()
    assert len(lines(stream)) == 2
    assert lines(stream)[1]["event"].startswith("lease of [")


@pytest.mark.parametrize("level", ["info", "warning", "error", "critical"])
def test_fields_that_are_not_known_to_name_nobody_are_withheld(stream: io.StringIO, level: str) -> None:
    """A host name looks like any word, so that the field tells."""
    logs.set_up("json", "debug", stream)
    getattr(logs.logger(), level)("incident", incident="0193", host="alice-laptop", subject="alice", mac="aa")

    [line] = lines(stream)
    assert "alice" not in stream.getvalue()
    assert (line["incident"], line["host"], line["subject"]) == ("0193", "withheld", "withheld")


def test_values_that_are_more_than_words_are_withheld(stream: io.StringIO) -> None:
    """An incident has everything in it."""
    logs.set_up("json", "info", stream)
    made = change()
    logs.logger().info(
        "began", incident=made.incident, reason=ip_address("10.30.0.7"), issues=[made.incident.conduct.host]
    )

    assert "10.30.0.7" not in stream.getvalue()
    assert lines(stream)[0]["issues"] == ["withheld"]


def test_debug_may_name_them(stream: io.StringIO) -> None:
    """Who turns it on looks for a defect."""
    logs.set_up("json", "debug", stream)
    logs.logger().debug("leased", host="alice-laptop", reason="10.30.0.7")

    assert "alice-laptop" in stream.getvalue()
    assert "10.30.0.7" in stream.getvalue()


def test_debug_is_off_above_it(stream: io.StringIO) -> None:
    """Nothing of it is written."""
    logs.set_up("json", "info", stream)
    logs.logger().debug("leased", host="alice-laptop")

    assert stream.getvalue() == ""


def test_what_is_no_address_stays(stream: io.StringIO) -> None:
    """Hashes, times, versions, UUIDs, places in files, and where the sensor listens."""
    logs.set_up("json", "info", stream)
    kept = [
        "ab" * 32,
        "09:41:00",
        "2026-11-22T09:41:00Z",
        "0.1.0",
        "0193cafe-0000-7000-8000-0123456789ab",
        "policy.yaml:6:15: bad-port",
        "127.0.0.1:9465",
    ]
    logs.logger().info("kept", issues=kept)

    assert lines(stream)[0]["issues"] == kept


def test_an_exception_says_what_and_where(stream: io.StringIO) -> None:
    """Not its words; at DEBUG, all of it."""
    logs.set_up("json", "debug", stream)
    try:
        int("alice-laptop")
    except ValueError as problem:
        logs.logger().error("failed", exc_info=problem)
        logging.getLogger("auditor.sinks").exception("failed too")
        assert "alice" not in stream.getvalue()
        logs.logger().debug("failed", exc_info=problem)

    first, second, third = lines(stream)
    assert first["exception"].startswith("ValueError at test_logs.py:")
    assert second["exception"].startswith("ValueError at test_logs.py:")
    assert "alice-laptop" in third["exception"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_string_breaks_a_line_or_moves_a_cursor(stream: io.StringIO, form: Literal["json", "console"]) -> None:
    """Whoever wrote it."""
    logs.set_up(form, "info", stream)
    logs.logger().info("policy", policy="a\nb\x1b[2J\u202ec", issues=["\r\n"])

    [line] = stream.getvalue().splitlines()
    assert "\x1b[2J" not in line
    assert "\u202e" not in line


def test_long_values_are_cut(stream: io.StringIO) -> None:
    """A line is a line."""
    logs.set_up("json", "info", stream)
    logs.logger().info("long", reason="x" * 100_000, issues=["y"] * 100_000)

    assert len(stream.getvalue()) < 3000
