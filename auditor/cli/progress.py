"""A progress bar on stderr for whatever takes more than a second."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar

    from auditor.engine import Progress

PATIENCE = 1.0
"""Seconds before a bar appears: what is done sooner needs none."""


class ProgressBar:
    """Shows how far a run is, its rate and the time left; does nothing where stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._started = time.monotonic()
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        """Begin to wait."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Show the latest figures."""
        if not self._shown or time.monotonic() - self._started < PATIENCE:
            return
        if self._bar is None:
            self._bar = _bar()
            self._bar.add_task("auditing", total=progress.bytes_total, packets="")
            self._bar.start()
        packets = f"{progress.packets:,} packets"
        task = self._bar.task_ids[0]
        self._bar.update(task, completed=progress.bytes_read, total=progress.bytes_total, packets=packets)


def _bar() -> Bar:
    from rich.console import Console  # noqa: PLC0415 - start-up
    from rich.progress import (  # noqa: PLC0415 - start-up
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[packets]}"),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
