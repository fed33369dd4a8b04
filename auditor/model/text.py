"""Strings that came from a stranger, made fit to be shown to people.

File names, torrent names and the like may hold terminal escapes, line breaks, or characters that turn the reading
direction around and so make one name look like another (Unicode TR 36, "Trojan Source").
"""

from __future__ import annotations

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control, format (with the bidirectional ones), unassigned, private, surrogate, line and paragraph separators."""


def harmless(text: str, limit: int = 512) -> str:
    """Return ``text`` on one line with every unsafe character written as its escape, and cut after ``limit``."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    shown = "".join(_escape(c) if unicodedata.category(c) in _UNSAFE else c for c in text[:limit])
    return shown if len(text) <= limit else shown + "…"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
