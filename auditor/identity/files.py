"""Finds the files that sources name, and what is wrong with how they are named."""

from __future__ import annotations

import os
from glob import has_magic, iglob
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.text import harmless
from auditor.written.issue import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    from auditor.identity.schema import SourceEntry

MAX_FILES = 10_000
"""Of one pattern."""


class File(NamedTuple):
    """A file of a source."""

    path: Path
    shown: str
    """The path as it is told: relative to the identity file where it is named so."""


class Defect(NamedTuple):
    """Something wrong with how files are named."""

    code: str
    message: str
    loc: tuple[str | int, ...]
    """The path under ``sources`` to what is meant."""
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"


class Found(NamedTuple):
    """What all sources' patterns lead to."""

    files: Sequence[tuple[File, ...]]
    """For each source, in order of their paths."""
    defects: Sequence[Defect]


def find(sources: Sequence[SourceEntry], folder: Path) -> Found:
    """Look for the files of all sources from the identity file's folder."""
    owners: dict[str, str] = {}
    files: list[tuple[File, ...]] = []
    defects: list[Defect] = []
    for number, source in enumerate(sources):
        own: dict[str, File] = {}
        if not source.files:
            hint = "name them under 'files', relative to this file: files: [dhcpd.leases]"
            defects.append(Defect("missing-files", f"source {quoted(source.name)} names no files", (number,), hint))
        for place, pattern in enumerate(source.files):
            there = [_file(folder, name) for name in islice(_names(pattern, folder), MAX_FILES + 1)]
            loc = (number, "files", place)
            defects += _problems(loc, pattern, folder, there, follow=source.follow)
            for file in there[:MAX_FILES]:
                real = os.path.realpath(file.path)
                owner = owners.setdefault(real, source.name)
                if owner != source.name:
                    message = f"{quoted(file.shown)} is already a file of source {quoted(owner)}"
                    hint = "each file has one source; two lines would say what one says"
                    defects.append(Defect("file-named-twice", message, loc, hint))
                    break
                own.setdefault(real, file)
        files.append(tuple(sorted(own.values(), key=lambda file: file.shown)))
    return Found(files, defects)


def _names(pattern: str, folder: Path) -> Iterator[str]:
    """Yield the paths that a pattern means."""
    if has_magic(pattern):
        yield from (name for name in iglob(pattern, root_dir=folder) if _is_file(folder / name))  # noqa: PTH207
    elif _is_file(folder / pattern):
        yield pattern


def _is_file(path: Path) -> bool | None:
    """Whether a path leads to a file; ``None`` if to nothing, as one does that is too long for any name."""
    try:
        return S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return None


def _file(folder: Path, name: str) -> File:
    return File(folder / name, harmless(Path(name).as_posix()))


def _problems(
    loc: tuple[str | int, ...], pattern: str, folder: Path, there: Sequence[File], *, follow: bool
) -> Iterator[Defect]:
    """Say why a pattern does not lead to files that can be read."""
    if len(there) > MAX_FILES:
        yield Defect("too-large", f"{quoted(pattern)} means more than {MAX_FILES} files", loc)
    elif not there and follow:
        message = f"there is no file {quoted(pattern)} yet"
        yield Defect("missing-file", message, loc, "it is read once it is there", "warning")
    elif not there and _is_file(folder / pattern) is False:
        yield Defect("missing-file", f"{quoted(pattern)} is no file", loc, f"name the files in it: {pattern}/*")
    elif not there:
        yield Defect("missing-file", f"there is no file {quoted(pattern)}", loc, _near(pattern, folder))
    for file in there[:MAX_FILES]:
        try:
            file.path.open("rb").close()
        except OSError as problem:
            yield Defect("unreadable-file", f"{quoted(file.shown)} cannot be read: {problem.strerror}", loc)
            return


def _near(pattern: str, folder: Path) -> str | None:
    """Return a hint that names a file with nearly that name in the same folder."""
    place = folder / pattern
    try:
        names = [entry.name for entry in islice(os.scandir(place.parent), MAX_FILES)]
    except OSError:
        return f"there is no folder {quoted(Path(pattern).parent.as_posix())}"
    return did_you_mean(place.name, names)
