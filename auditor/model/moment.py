"""Moments: nanoseconds since the Unix epoch, UTC, written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

NANOSECONDS = 1_000_000_000
"""In one second."""
MINUTE = 60 * NANOSECONDS
HOUR = 60 * MINUTE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def rfc3339(moment: int) -> str:
    """Write a moment as RFC 3339 UTC with nine decimals: ``2026-11-22T09:00:00.000000000Z``."""
    minute, rest = divmod(moment, MINUTE)
    second, rest = divmod(rest, NANOSECONDS)
    return f"{_to_minute(minute, 'T')}:{second:02d}.{rest:09d}Z"


def since_epoch(text: str) -> int:
    """Return the moment that :func:`rfc3339` wrote so.

    Raises:
        ValueError: if it wrote no such text.
    """
    seconds, _, rest = text.partition(".")
    nanoseconds = rest.removesuffix("Z")
    if len(nanoseconds) != 9 or not nanoseconds.isdigit() or not text.endswith("Z"):  # noqa: PLR2004 - nine decimals
        raise ValueError(f"'{text}' is no moment as it is written here")
    passed = datetime.fromisoformat(seconds) - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * NANOSECONDS + int(nanoseconds)


def to_second(moment: int) -> str:
    """Write a moment for people, to the second: ``2026-11-22 09:00:00``."""
    minute, rest = divmod(moment, MINUTE)
    return f"{_to_minute(minute, ' ')}:{rest // NANOSECONDS:02d}"


@lru_cache(maxsize=1 << 12)
def _to_minute(minute: int, between: str) -> str:
    """Write a minute since the epoch: what is reported together mostly lies within a few of them."""
    return (_EPOCH + timedelta(minutes=minute)).isoformat(between, "minutes")
