"""Rows of comma-separated values with a header, one row a line."""

from __future__ import annotations

import csv


def cells(line: bytes, delimiter: str = ",") -> list[str]:
    """Take a line apart; raise ``ValueError`` where its quotes do not close."""
    text = line.decode("utf-8", "replace")
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise ValueError("the quotes of the line do not close, or stand in the middle of a field") from None


def columns(header: list[str]) -> dict[str, int]:
    """Return where each column stands, by its name in lower case; raise ``ValueError`` if a name comes twice."""
    names = [title.strip().lower() for title in header]
    if len(set(names)) < len(names):
        raise ValueError("the header names a column twice")
    return {title: place for place, title in enumerate(names)}
