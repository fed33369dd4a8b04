"""The log: one line an event on stderr, JSON or for a console, which names nobody above DEBUG.

What may stand in a line is listed, and everything else is withheld: a new field that names a person must be let in
before it can be seen. Addresses are struck out of what is free text. The standard library's loggers come this way too.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import TYPE_CHECKING

import structlog

from auditor.model.text import harmless
from auditor.sensor.errors import line_of

if TYPE_CHECKING:
    from typing import Literal, TextIO

    from structlog.typing import EventDict, FilteringBoundLogger, Processor

MAX_TEXT = 1000
"""Characters of one value."""
MAX_ITEMS = 50

FIELDS = frozenset({
    # the line itself
    "event", "level", "timestamp", "logger",
    # what it is about
    "incident", "incidents", "group", "rule", "verdict", "severity", "kind", "interface", "interfaces", "sink", "store",
    "part", "place", "source", "list", "limit", "reason", "status", "signal", "captures",
    # figures and moments
    "count", "times", "seconds", "bytes", "frames", "lost", "records", "dropped", "queued", "spooled", "open", "begun",
    "ended", "minutes", "since", "until", "workers", "pid",
    # of files in force, and of ourselves
    "sha256", "old", "new", "old_sha256", "new_sha256", "issue", "issues", "hint", "file", "policy", "error", "version",
    "sensor", "config", "listen", "exception",
})  # fmt: skip
"""The fields that a line may have above DEBUG. None of them is ever an address, a device or a person."""

WITHHELD = "withheld"
_V4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\.\d)(?!\w)")
_V6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:)(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{0,4}|(?:\d{1,3}\.){3}\d{1,3})(?![\w:])"
)
_MAC = re.compile(r"(?<!\w)(?:(?:[0-9A-Fa-f]{2}[:-]){5,}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})(?!\w)")
"""DUIDs too."""
_OWN = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::"})  # noqa: S104 - written, not bound
"""Where the sensor itself listens."""
_CLOCK_TIME = re.compile(r"\d{1,2}:\d{2}:\d{2}")


def set_up(form: Literal["json", "console"], level: str, stream: TextIO | None = None) -> None:
    """Send all log lines of this process to ``stream`` (stderr), in that form, from that level on."""
    number = logging.getLevelNamesMapping()[level.upper()]
    rendering: list[Processor] = (
        [structlog.processors.JSONRenderer(sort_keys=False, default=str)]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=(stream or sys.stderr).isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_exceptions,
        name_nobody,
        make_harmless,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(number)
    for noisy in ("alembic", "sqlalchemy", "scapy"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def logger() -> FilteringBoundLogger:
    """Return what the sensor logs with."""
    log: FilteringBoundLogger = structlog.get_logger("auditor.sensor")
    return log


def tell_exceptions(_logger: object, method: str, event: EventDict) -> EventDict:
    """Say of an exception what it is and where it was raised; its words, which may quote anything, at DEBUG alone."""
    problem = event.pop("exc_info", None)
    if problem is True:
        problem = sys.exc_info()[1]
    if isinstance(problem, tuple):
        problem = problem[1]
    if not isinstance(problem, BaseException):
        return event
    if method == "debug":
        event["exception"] = "".join(traceback.format_exception(problem))
    else:
        event["exception"] = f"{type(problem).__name__} at {line_of(problem)}"
    return event


def name_nobody(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Above DEBUG, withhold fields that are not known to name nobody, and strike out addresses in the others."""
    if event.get("level") == "debug":
        return event
    for field, value in event.items():
        if field.startswith("_"):
            continue  # structlog's own, which never reach a line
        if field not in FIELDS:
            event[field] = WITHHELD
        elif field != "timestamp":
            event[field] = _nameless(value)
    return event


def _nameless(value: object) -> object:
    match value:
        case bool() | int() | float() | None:
            return value
        case str():
            return struck(value)
        case dict():
            return {struck(str(key)): _nameless(each) for key, each in list(value.items())[:MAX_ITEMS]}
        case list() | tuple() | set() | frozenset():
            return [_nameless(each) for each in list(value)[:MAX_ITEMS]]
        case _:
            return WITHHELD  # an address, a flow, an incident: whatever it is, it is more than a word


def struck(text: str) -> str:
    """Return ``text`` without the addresses of networks and devices in it."""
    for pattern, word in ((_MAC, "[mac]"), (_V6, "[address]"), (_V4, "[address]")):
        text = pattern.sub(lambda found, word=word: _kept(found[0]) or word, text)  # type: ignore[misc]
    return text


def _kept(found: str) -> str | None:
    return found if found in _OWN or _CLOCK_TIME.fullmatch(found) else None


def make_harmless(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Let no string break a line, move a cursor, or turn the reading direction around."""
    for field, value in event.items():
        if not field.startswith("_"):
            event[field] = _harmless(value)
    return event


def _harmless(value: object) -> object:
    match value:
        case bool() | int() | float() | None:
            return value
        case str():
            return harmless(value, MAX_TEXT)
        case dict():
            return {harmless(str(key), MAX_TEXT): _harmless(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_harmless(each) for each in value]
        case _:
            return harmless(str(value), MAX_TEXT)
