"""A defect in a file that people wrote: what, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ISSUES = 100

IssueSeverity = Literal["error", "warning"]
_EXCERPT_WIDTH = 100
_EXCERPT_LEAD = 40
"""Characters shown before the caret where a line is too long to be shown whole."""
_MATCHABLE = 64
"""Longer words are no typing errors; comparing them would only cost time."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One defect: an error makes the file unusable, a warning only asks to look again."""

    code: str
    """Names the defect, so that it reads in "allow …": ``unknown-group``."""
    message: str
    file: str
    line: int
    """1-based; 0 where the file as a whole is meant."""
    column: int
    """1-based, in characters; 0 where the file as a whole is meant."""
    hint: str | None = None
    severity: IssueSeverity = "error"
    excerpt: str | None = None
    """The line of the file that ``line`` means."""
    length: int = 1
    """How many characters of that line are meant."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        weight = " (warning)" if self.severity == "warning" else ""
        return f"{place}: {self.code}{weight}: {self.message}"

    def as_json(self) -> dict[str, str | int | None]:
        """Return the issue for programs; a place that is not known is null."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": self.file,
            "line": self.line or None,
            "column": self.column or None,
            "hint": self.hint,
        }

    def render(self) -> str:
        """Return the issue as people read it: its line, then the excerpt with a caret, then the hint."""
        if not self.line or not (self.excerpt or "").strip():
            return str(self) if self.hint is None else f"{self}\n    hint: {self.hint}"
        text, column, length = self._window()
        caret = " " * column + "^" * length
        hint = "" if self.hint is None else f"  {self.hint}"
        return f"{self}\n    {text}\n    {caret}{hint}"

    def _window(self) -> tuple[str, int, int]:
        """Cut the excerpt to what a terminal shows, free of anything that would steer it."""
        line = "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in self.excerpt or "")
        column = self.column - 1
        start = min(len(line) - len(line.lstrip()), column)
        if column - start > _EXCERPT_WIDTH - _EXCERPT_LEAD:
            start = column - _EXCERPT_LEAD
        text = line[start : start + _EXCERPT_WIDTH].rstrip()
        length = max(1, min(self.length, len(text) - (column - start)))
        return text, column - start, length


class BadFile(ValueError):  # noqa: N818 - the file is bad, the program is fine
    """A file with errors; :attr:`issues` has them all, warnings too."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__("\n".join(issue.render() for issue in issues))
        self.issues = issues


def in_order(file: str, issues: Iterable[Issue]) -> list[Issue]:
    """Sort by place, the file's own issues before those of the files it points at, and cap their number."""
    ordered = sorted(issues, key=lambda issue: (issue.file != file, issue.file, issue.line, issue.column))
    kept, hidden = ordered[:MAX_ISSUES], ordered[MAX_ISSUES:]
    if hidden:
        worst: IssueSeverity = "error" if any(issue.severity == "error" for issue in hidden) else "warning"
        message = f"{len(hidden)} more issues are not shown"
        kept.append(Issue("too-many-issues", message, file, 0, 0, severity=worst))
    return kept


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the known word nearest to ``word``, if one is near."""
    if len(word) > _MATCHABLE:
        return None
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else None


def listing(words: Iterable[str], limit: int = 12) -> str:
    """Name ``words`` in a sentence, and how many more there are past ``limit``."""
    every = list(words)
    more = f" and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + more


def quoted(value: object, limit: int = 60) -> str:
    """Quote what stands in the file, short enough for a sentence."""
    return f"'{harmless(str(value), limit)}'"
