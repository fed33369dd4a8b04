"""Kinds of values that options take."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from auditor.audit.captures import VantageRule
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


class Duration(click.ParamType[float]):
    """A span of time: ``30s``, ``5m``, ``1h30m``; a bare number is seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        text = str(value)
        if re.fullmatch(r"\d+(\.\d+)?", text):
            seconds = float(text)
        elif re.fullmatch(r"(\d+[smhd])+", text):
            seconds = float(sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+)([smhd])", text)))
        else:
            self.fail(f"'{text}' is no span of time such as 30s, 5m or 1h30m", param, ctx)
        if seconds <= 0:
            self.fail("a span of time is more than zero", param, ctx)
        return seconds


class Size(click.ParamType[int]):
    """A number of bytes: ``100M``, ``64Ki``, ``65535``."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        found = re.fullmatch(r"(\d+)(|k|M|G|Ki|Mi|Gi)B?", str(value))
        if found is None or int(found[1]) == 0:
            self.fail(f"'{value}' is no number of bytes such as 100M, 64Ki or 65535", param, ctx)
        return int(found[1]) * _BYTES[found[2]]


class When(click.ParamType[int]):
    """A moment: RFC 3339, a day (its beginning, UTC), or how long ago: ``24h``, ``7d``."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return nanoseconds since the epoch."""
        text = str(value)
        if re.fullmatch(r"(\d+[smhd])+", text):
            return time.time_ns() - round(Duration().convert(text, param, ctx)) * NANOSECONDS
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"'{text}' is no time such as 2026-11-22T09:00:00Z, 2026-11-22 or 24h (ago)", param, ctx)
        if moment.tzinfo is None:
            if len(text) > len("2026-11-22"):
                self.fail(f"'{text}' has no offset from UTC: write 2026-11-22T09:00:00Z", param, ctx)
            moment = moment.replace(tzinfo=UTC)
        return int((moment - _EPOCH) / timedelta(microseconds=1)) * 1000


class FilePath(click.ParamType["Path"]):
    """What click's own is with ``path_type=Path``, but pathlib, a millisecond of start-up, waits until one is given."""

    def __init__(self, *, dir_okay: bool = True) -> None:
        self._checked: click.Path[str] = click.Path(dir_okay=dir_okay)
        self.name = self._checked.name

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        from pathlib import Path  # noqa: PLC0415 - start-up

        return Path(self._checked.convert(value, param, ctx))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete it."""
        return self._checked.shell_complete(ctx, param, incomplete)


class Vantage(click.ParamType[VantageRule]):
    """``NAME=GLOB``."""

    name = "name=glob"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> VantageRule:
        """Return the rule."""
        try:
            return VantageRule.parse(str(value))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
