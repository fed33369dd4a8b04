"""Coverage read back: which time was watched, which was not, and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.moment import MINUTE
from auditor.sensor.coverage import FULL, SHORT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.model.coverage import CoverageMinute


class Span(NamedTuple):
    """A part of the time that was asked for, in which the same holds."""

    begin: int
    end: int
    is_watched: bool
    reasons: tuple[str, ...]
    """What is missing in it; none where all was watched."""
    frames: int
    lost: int
    unseen_bytes: int


class Covered(NamedTuple):
    """What is known of how a span of time was watched."""

    begin: int
    end: int
    watched: int
    """Nanoseconds."""
    frames: int
    bytes: int
    lost: int
    discarded: Mapping[str, int]
    unseen_bytes: int
    restarts: int
    clock_steps: int
    canaries_seen: int
    canaries: int
    spans: tuple[Span, ...]

    @property
    def share_watched(self) -> float:
        """Of the time."""
        return self.watched / (self.end - self.begin) if self.end > self.begin else 0.0

    @property
    def share_lost(self) -> float:
        """Of the frames."""
        all_frames = self.frames + self.lost
        return self.lost / all_frames if all_frames else 0.0


NOT_RUNNING = "no sensor ran"
LOST = "frames lost in the kernel"
DISCARDED = "frames or records thrown away"
UNSEEN = "acknowledged bytes never captured"
STEPPED = "the clock was set"
PARTLY = "not watched all of the time"


def covered(minutes: Sequence[CoverageMinute], begin: int, end: int) -> Covered:
    """Put the recorded minutes of one sensor together, over whole minutes from ``begin`` to ``end``.

    A minute without a record is one in which no sensor ran, or one that was killed before it could record it.
    """
    begin -= begin % MINUTE
    end += -end % MINUTE
    of: dict[int, list[CoverageMinute]] = {}
    for minute in minutes:
        if begin <= minute.begin < end:
            of.setdefault(minute.begin, []).append(minute)
    spans: list[Span] = []
    at = begin
    for start in sorted(of):
        if start > at:
            _append(spans, Span(at, start, is_watched=False, reasons=(NOT_RUNNING,), frames=0, lost=0, unseen_bytes=0))
        _append(spans, _span(start, of[start]))
        at = start + MINUTE
    if at < end:
        _append(spans, Span(at, end, is_watched=False, reasons=(NOT_RUNNING,), frames=0, lost=0, unseen_bytes=0))
    known = [minute for each in of.values() for minute in each]
    discarded: Counter[str] = Counter()
    for minute in known:
        discarded.update(minute.discarded)
    return Covered(
        begin,
        end,
        watched=sum(min(sum(minute.watched for minute in each), MINUTE) for each in of.values()),
        frames=sum(minute.frames for minute in known),
        bytes=sum(minute.bytes for minute in known),
        lost=sum(minute.lost for minute in known),
        discarded=dict(sorted(discarded.items())),
        unseen_bytes=sum(minute.unseen_bytes for minute in known),
        restarts=sum(minute.restarts for minute in known),
        clock_steps=sum(minute.clock_step != 0 for minute in known),
        canaries_seen=sum(canary.is_seen for minute in known for canary in minute.canaries),
        canaries=sum(len(minute.canaries) for minute in known),
        spans=tuple(spans),
    )


def _span(start: int, records: Sequence[CoverageMinute]) -> Span:
    watched = sum(each.watched for each in records)
    lost = sum(each.lost for each in records)
    unseen = sum(each.unseen_bytes for each in records)
    down = sorted({name for each in records for name, time in each.down.items() if time > SHORT})
    reasons = [f"{name} was down" for name in down]
    if watched < FULL and not down:
        reasons.append(PARTLY)
    if any(each.restarts for each in records):
        reasons.append("the sensor was started")
    for is_so, reason in (
        (lost, LOST),
        (any(any(each.discarded.values()) for each in records), DISCARDED),
        (unseen, UNSEEN),
        (any(each.clock_step for each in records), STEPPED),
    ):
        if is_so:
            reasons.append(reason)
    frames = sum(each.frames for each in records)
    return Span(start, start + MINUTE, watched > 0, tuple(reasons), frames, lost, unseen)


def _append(spans: list[Span], span: Span) -> None:
    """Add a span, as a part of the last one where the same holds there."""
    last = spans[-1] if spans else None
    if last is None or (last.end, last.is_watched, last.reasons) != (span.begin, span.is_watched, span.reasons):
        spans.append(span)
        return
    spans[-1] = last._replace(
        end=span.end,
        frames=last.frames + span.frames,
        lost=last.lost + span.lost,
        unseen_bytes=last.unseen_bytes + span.unseen_bytes,
    )
