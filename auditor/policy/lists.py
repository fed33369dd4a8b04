"""The torrents that a policy's lists name, gathered from the policy and from the files it points at."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from auditor.model.infohash import V1_BYTES
from auditor.policy.catalogue import Listed
from auditor.policy.scalars import parse_infohash
from auditor.torrents import catalogue as torrents
from auditor.written.issue import MAX_ISSUES, did_you_mean
from auditor.written.scalars import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from auditor.policy.schema import TorrentList

MAX_FILE_BYTES = 16 << 20
"""A list of 100,000 named infohashes takes 10 MB."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A list entry that could not be read: a place in the policy, or a line of the file it points at."""

    code: str
    message: str
    loc: tuple[str | int, ...]
    hint: str | None = None
    file: str | None = None
    line: int = 0
    excerpt: str | None = None


@dataclass(slots=True)
class Gathering:
    """What reading the lists gave."""

    entries: list[Listed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file that was read, by the path that the policy gives."""


def gather(lists: Mapping[str, TorrentList], folder: Path) -> Gathering:
    """Read every list; paths are relative to ``folder``."""
    gathering = Gathering()
    for name, each in lists.items():
        for torrent in each.infohashes:
            gathering.entries.append(Listed(name, torrent.name, torrent.v1, torrent.v2))
        for index, uri in enumerate(each.magnets):
            _read_magnet(gathering, name, uri, ("lists", name, "magnets", index))
        for index, path in enumerate(each.torrents):
            _read_torrents(gathering, name, folder, path, ("lists", name, "torrents", index))
        for index, path in enumerate(each.files):
            _read_file(gathering, name, folder, path, ("lists", name, "files", index))
    return gathering


def _read_magnet(gathering: Gathering, name: str, uri: str, loc: tuple[str | int, ...]) -> None:
    try:
        entry = torrents.read_magnet(uri)
    except torrents.TorrentsUnavailable as problem:
        gathering.problems.append(Problem("torrents-unavailable", str(problem), loc))
    except ValueError as problem:
        gathering.problems.append(Problem("bad-magnet", str(problem), loc))
    else:
        gathering.entries.append(Listed(name, entry.name, entry.v1, entry.v2))


def _read_torrents(gathering: Gathering, name: str, folder: Path, path: str, loc: tuple[str | int, ...]) -> None:
    """Read one .torrent file, or those of a folder."""
    for reference, file in _torrent_files(folder, path):
        try:
            content = _read(file, torrents.MAX_TORRENT_BYTES)
            entry = torrents.read_torrent(file)
        except torrents.TorrentsUnavailable as problem:
            gathering.problems.append(Problem("torrents-unavailable", str(problem), loc))
            return
        except ValueError as problem:
            gathering.problems.append(Problem("torrent-unreadable", str(problem), loc, _sibling(file)))
        else:
            gathering.digests[reference] = sha256(content).hexdigest()
            gathering.entries.append(Listed(name, entry.name, entry.v1, entry.v2, entry.info))


def _torrent_files(folder: Path, path: str) -> Iterator[tuple[str, Path]]:
    place = folder / path
    if not place.is_dir():
        yield path, place
        return
    for file in sorted(place.glob("*.torrent")):
        yield f"{path.rstrip('/')}/{file.name}", file


def _read_file(gathering: Gathering, name: str, folder: Path, path: str, loc: tuple[str | int, ...]) -> None:
    """Read a text file of infohashes: ``infohash [name]`` on each line, ``#`` begins a comment."""
    file = folder / path
    try:
        content = _read(file, MAX_FILE_BYTES)
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        message = f"{file} is no text: byte 0x{content[problem.start]:02x} at offset {problem.start} is not UTF-8"
        gathering.problems.append(Problem("list-unreadable", message, loc))
        return
    except ValueError as problem:
        gathering.problems.append(Problem("list-unreadable", str(problem), loc, _sibling(file)))
        return
    gathering.digests[path] = sha256(content).hexdigest()
    tolerated = len(gathering.problems) + MAX_ISSUES
    for number, line in enumerate(lines, 1):
        if len(gathering.problems) > tolerated:
            return
        text = line.partition("#")[0].strip()
        if not text:
            continue
        word, _, title = text.partition(" ")
        try:
            infohash = parse_infohash(word)
            named = parse_line(title) if title.strip() else None
        except PydanticCustomError as problem:
            context = problem.context or {}
            gathering.problems.append(
                Problem(problem.type, context["message"], loc, context["hint"], str(file), number, line)
            )
            continue
        v1 = len(infohash.digest) == V1_BYTES
        gathering.entries.append(Listed(name, named, infohash if v1 else None, None if v1 else infohash))


def _read(file: Path, limit: int) -> bytes:
    if file.exists() and not file.is_file():  # a pipe would keep us waiting
        raise ValueError(f"{file} is no regular file")
    try:
        with file.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as problem:
        raise ValueError(f"{file} cannot be read: {problem.strerror}") from None
    if len(content) > limit:
        raise ValueError(f"{file} is larger than {limit >> 20} MiB")
    return content


def _sibling(file: Path) -> str | None:
    """Suggest a file of nearly the same name."""
    try:
        return None if file.exists() else did_you_mean(file.name, [each.name for each in file.parent.iterdir()])
    except OSError:
        return None
