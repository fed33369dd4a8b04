"""Moments: nanoseconds since the Unix epoch, UTC, written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NANOSECONDS = 1_000_000_000
"""In one second."""
HOUR = 3600 * NANOSECONDS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def rfc3339(moment: int) -> str:
    """Write a moment as RFC 3339 UTC with nine decimals: ``2026-11-22T09:00:00.000000000Z``."""
    seconds, rest = divmod(moment, NANOSECONDS)
    return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()}.{rest:09d}Z"


def to_second(moment: int) -> str:
    """Write a moment for people, to the second: ``2026-11-22 09:00:00``."""
    return (_EPOCH + timedelta(seconds=moment // NANOSECONDS)).isoformat(sep=" ")
