"""Captures read through Scapy instead of the native reader: slow, on any platform, and with the same result.

Scapy's process hands each capture over as a pcapng stream, which the same engine reads from a pipe.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.audit.captures import STDIN, refuse
from auditor.engine import CapturePath, Options, Progress, sight
from auditor.frames.client import Conversion, convert, sniff
from auditor.model.capture import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.model.capture import CaptureInfo

MOST_CAPTURES = 64
"""Each has a process of its own while it is read."""


class TooManyCaptures(ValueError):  # noqa: N818 - the request is too large, nothing is broken
    """More captures than can be read at once; the text says how many may be."""


def sight_captures(
    captures: Sequence[CapturePath], options: Options, progress: Callable[[Progress], None] | None = None
) -> Sighting:
    """Read captures through Scapy; those that cannot be read come last.

    Raises:
        TooManyCaptures: if there are more than :data:`MOST_CAPTURES`.
    """
    if len(captures) > MOST_CAPTURES:
        raise TooManyCaptures(f"--source scapy reads at most {MOST_CAPTURES} captures at once, not {len(captures)}")
    refused: list[CaptureInfo] = []
    opened: list[tuple[CapturePath, Conversion]] = []
    with ExitStack() as stack:
        for capture in captures:
            source = sys.stdin.buffer if capture.path == STDIN else Path(capture.path)
            try:
                opened.append((capture, _enter(stack, convert(source, digest=options.digest))))
            except (OSError, ValueError) as problem:
                refused.append(_refuse(capture, problem))
        sighting = _sight(opened, options, progress)
        read = [_finished(info, *each) for info, each in zip(sighting.captures, opened, strict=True)]
        return sighting._replace(captures=(*read, *refused))


def sight_interface(
    interface: str, seconds: float, options: Options, progress: Callable[[Progress], None] | None = None
) -> Sighting:
    """Listen on an interface through Scapy.

    Raises:
        OSError: if the interface does not exist or may not be listened on.
    """
    with sniff(interface, seconds) as conversion:
        capture = CapturePath(interface, vantage=interface)
        sighting = _sight([(capture, conversion)], options._replace(digest=False), progress)
        return sighting._replace(captures=(_finished(sighting.captures[0], capture, conversion),))


def _enter(stack: ExitStack, conversion: AbstractContextManager[Conversion]) -> Conversion:
    """Open a conversion; how it failed, if it did, is its capture's error by the time it is left."""
    entered = conversion.__enter__()

    def leave(*raised: Any) -> None:  # noqa: ANN401 - what is left or returned has any type
        with suppress(OSError, ValueError):
            conversion.__exit__(*raised)

    stack.push(leave)
    return entered


def _sight(
    opened: Sequence[tuple[CapturePath, Conversion]], options: Options, progress: Callable[[Progress], None] | None
) -> Sighting:
    if not opened:
        return Sighting(captures=(), flows=(), activities=(), limits_hit={}, totals={})
    pipes = [capture._replace(fd=each.stream.fileno()) for capture, each in opened]
    return sight(pipes, options._replace(digest=False), progress)


def _finished(info: CaptureInfo, capture: CapturePath, conversion: Conversion) -> CaptureInfo:
    """Give a capture its hash, and say how its conversion ended."""
    try:
        outcome = conversion.finish()
    except (OSError, ValueError) as problem:
        return info._replace(truncated=info.error is None, error=_reason(capture, problem))
    truncated = info.truncated or outcome.truncated
    return info._replace(sha256=outcome.sha256, truncated=truncated, error=info.error or outcome.error)


def _refuse(capture: CapturePath, problem: OSError | ValueError) -> CaptureInfo:
    return refuse(capture.path, _reason(capture, problem))._replace(vantage=capture.vantage)


def _reason(capture: CapturePath, problem: OSError | ValueError) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return str(problem).removeprefix("standard input: ").removeprefix(f"{capture.path}: ")
