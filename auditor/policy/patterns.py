"""Names compared with what a policy writes of them: whole, without regard to case, ``*`` for anything.

What is compared may be a stranger's choice (a torrent's name, a DHCP client's), so comparing takes time in proportion
to its length whatever it is: no regular expression, nothing is tried twice.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

MAX_NAME = 1024
"""Characters of a name that are compared; what is longer is nobody's name, and equals no pattern."""
EXACT = 1 << 16
"""The weight of a pattern without ``*``: more than any with one."""
_REMEMBERED = 1 << 16


def fold(name: str) -> str:
    """Return what is compared of a name: full-width letters are letters, and capitals small ones."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).casefold()


class Pattern(NamedTuple):
    """What a policy writes of a name."""

    text: str
    """As it is compared."""
    parts: tuple[str, ...]
    """What stands before, between and after each ``*``."""

    @classmethod
    def of(cls, written: str) -> Pattern:
        """Read a pattern."""
        text = fold(written)
        return cls(text, tuple(text.split("*")))

    @property
    def weight(self) -> int:
        """How specific it is: the characters that it names, and more than any number of them without a ``*``."""
        return EXACT if len(self.parts) == 1 else sum(map(len, self.parts))

    def matches(self, folded: str) -> bool:
        """Whether a name, as :func:`fold` returns it, is what is written."""
        first, *middle = self.parts
        if not middle:
            return folded == first
        last = middle.pop()
        at, end = len(first), len(folded) - len(last)
        if at > end or end + len(last) > MAX_NAME or not (folded.startswith(first) and folded.endswith(last)):
            return False
        for part in middle:
            found = folded.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def meets(self, other: Pattern) -> bool:
        """Whether there is a name that both match."""
        if len(self.parts) == 1:
            return other.matches(self.text)
        if len(other.parts) == 1:
            return self.matches(other.text)
        # One that begins and ends as both ask has room for everything between, one pattern's after the other's.
        heads = sorted((self.parts[0], other.parts[0]), key=len)
        tails = sorted((self.parts[-1], other.parts[-1]), key=len)
        return heads[1].startswith(heads[0]) and tails[1].endswith(tails[0])

    def includes(self, other: Pattern) -> bool:
        """Whether it matches wherever ``other`` does; that it does may go unseen between two patterns with ``*``."""
        return self == other or self.parts == ("", "") or (len(other.parts) == 1 and self.matches(other.text))


class PatternMap(Generic[T]):
    """Values by pattern. Patterns are found by what they begin with, or else end with, so that few are compared."""

    def __init__(self, items: Iterable[tuple[Pattern, T]] = ()) -> None:
        self._exact: dict[str, tuple[T, ...]] = {}
        self._heads: dict[int, dict[str, list[tuple[Pattern, T]]]] = {}
        self._tails: dict[int, dict[str, list[tuple[Pattern, T]]]] = {}
        self._known: dict[str, tuple[T, ...]] = {}
        for pattern, value in items:
            if len(pattern.parts) == 1:
                self._exact[pattern.text] = (*self._exact.get(pattern.text, ()), value)
                continue
            head, tail = pattern.parts[0], pattern.parts[-1]
            tables, end = (self._heads, head) if len(head) >= len(tail) else (self._tails, tail)
            tables.setdefault(len(end), {}).setdefault(end, []).append((pattern, value))

    def __bool__(self) -> bool:
        return bool(self._exact or self._heads or self._tails)

    def matching(self, name: str) -> tuple[T, ...]:
        """Return the values of every pattern that ``name`` matches."""
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[name] = tuple(self._find(fold(name[: MAX_NAME + 1])))
        return known

    def _find(self, folded: str) -> Iterator[T]:
        yield from self._exact.get(folded, ())
        for length, table in self._heads.items():
            for pattern, value in table.get(folded[:length], ()):
                if pattern.matches(folded):
                    yield value
        for length, table in self._tails.items():
            for pattern, value in table.get(folded[-length:], ()):
                if pattern.matches(folded):
                    yield value
