"""A kind of file that people write: how sentences call it, and what in it has words of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.written.source import Data


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """What reading such a file needs to know besides its schema."""

    article: str
    noun: str
    """``policy``; with the article ``a policy``."""
    begin: str
    """What to do about a file that is empty or no mapping."""
    shrink: str
    """What to do about a file that is too large."""
    mandatory: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Keys whose lack has an issue code of its own, with that code and the hint."""
    naming: tuple[tuple[str, str], ...] = ()
    """How entries are told apart: what one is called, and the key that names it: ``("rule", "id")``."""
    sections: Mapping[str, str] = field(default_factory=dict)
    """What an entry of a section is called where its key alone does not tell: ``exceptions``, ``exception``."""
    stand_ins: Mapping[str, Data] = field(default_factory=dict)
    """Values that keep the rest of a broken file checkable, by key. What has none is left out."""

    def __str__(self) -> str:
        return f"{self.article} {self.noun}"
