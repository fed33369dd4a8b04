"""The identity of a torrent, read from a .torrent file (BEP 3, BEP 52) or a magnet (BEP 9, BEP 53).

The only importer of libtorrent, which does the parsing; it is loaded when the first torrent is read.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from auditor.model.infohash import Infohash

if TYPE_CHECKING:
    from pathlib import Path

MAX_TORRENT_BYTES = 32 << 20
"""Larger .torrent files are refused unread: the info dict of a terabyte at 4 MiB a piece takes 5 MB."""
MAX_MAGNET_CHARACTERS = 64 << 10

LIMITS = {"max_buffer_size": MAX_TORRENT_BYTES, "max_decode_depth": 100, "max_decode_tokens": 3_000_000}


class TorrentsUnavailable(RuntimeError):  # noqa: N818 - it is a state of the installation, not an error of the input
    """Torrents cannot be read here, because libtorrent is not installed; the text says what to do."""


@dataclass(frozen=True, slots=True)
class TorrentEntry:
    """What a policy needs to know of one torrent: a hybrid has both infohashes, any other has one."""

    name: str | None
    """Harmless to print: characters that steer a terminal or the reading direction are replaced."""
    v1: Infohash | None
    v2: Infohash | None
    private: bool
    """The torrent keeps to its trackers (BEP 27). A magnet cannot say so: ``False``."""
    info: bytes | None = None
    """The info dict; a magnet has none."""

    @property
    def wire(self) -> tuple[Infohash, ...]:
        """The 20-byte names that this torrent goes by in handshakes and in the DHT, v1 first."""
        return tuple(infohash.wire for infohash in (self.v1, self.v2) if infohash is not None)


@dataclass(frozen=True, slots=True)
class TorrentFolder:
    """The .torrent files of one folder, in the order of their names."""

    entries: tuple[tuple[Path, TorrentEntry], ...]
    refused: tuple[tuple[Path, str], ...]
    """Files that could not be read, each with the sentence that says why."""


def read_torrent(path: Path) -> TorrentEntry:
    """Read one .torrent file.

    Raises:
        ValueError: if it cannot be opened, is too large or is no torrent, in one sentence that names the file.
        TorrentsUnavailable: if libtorrent is not installed.
    """
    reader = libtorrent()
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TORRENT_BYTES + 1)
    except OSError as problem:
        raise ValueError(f"{path} cannot be read: {problem.strerror}") from problem
    if len(content) > MAX_TORRENT_BYTES:
        raise ValueError(f"{path} is larger than {MAX_TORRENT_BYTES >> 20} MiB, too large for a .torrent file")
    try:
        info = reader.load_torrent_buffer(content, LIMITS).ti
        entry = _entry(info.name(), info.info_hashes(), private=info.priv())
        return replace(entry, info=info.info_section())
    except (RuntimeError, UnicodeError) as problem:
        raise ValueError(f"{path} is no torrent: {_reason(problem)}") from problem


def read_magnet(uri: str) -> TorrentEntry:
    """Read a ``magnet:`` link: ``btih`` in hexadecimal or base32, ``btmh``, or both.

    Raises:
        ValueError: if it is no magnet or names no torrent, in one sentence.
        TorrentsUnavailable: if libtorrent is not installed.
    """
    reader = libtorrent()
    if len(uri) > MAX_MAGNET_CHARACTERS:
        raise ValueError(f"the magnet is longer than {MAX_MAGNET_CHARACTERS >> 10} KiB")
    try:
        magnet = reader.parse_magnet_uri(uri)
        return _entry(magnet.name, magnet.info_hashes, private=False)
    except (RuntimeError, UnicodeError) as problem:
        raise ValueError(f"'{_harmless(uri[:100])}' is no usable magnet: {_reason(problem)}") from problem


def read_folder(folder: Path) -> TorrentFolder:
    """Read every ``*.torrent`` file that stands directly in ``folder``.

    Raises:
        ValueError: if the folder itself cannot be listed.
        TorrentsUnavailable: if libtorrent is not installed.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".torrent")
    except OSError as problem:
        raise ValueError(f"{folder} cannot be listed: {problem.strerror}") from problem
    entries, refused = [], []
    for path in paths:
        try:
            entries.append((path, read_torrent(path)))
        except ValueError as problem:
            refused.append((path, str(problem)))
    return TorrentFolder(tuple(entries), tuple(refused))


def libtorrent() -> Any:  # noqa: ANN401 - libtorrent comes without types
    """Return libtorrent.

    Raises:
        TorrentsUnavailable: if it is not installed.
    """
    try:
        return importlib.import_module("libtorrent")
    except ImportError as problem:
        raise TorrentsUnavailable(
            f"reading torrents and magnets needs libtorrent, which cannot be loaded here ({problem}): run "
            "`pip install 'libtorrent>=2.0.11,<3'` on Python 3.11 to 3.13 (there is no wheel for 3.14 yet), "
            "or list the infohashes themselves"
        ) from problem


def _entry(name: str, hashes: Any, *, private: bool) -> TorrentEntry:  # noqa: ANN401 - libtorrent comes without types
    v1 = Infohash(hashes.v1.to_bytes()) if hashes.has_v1() else None
    v2 = Infohash(hashes.v2.to_bytes()) if hashes.has_v2() else None
    if v1 is None and v2 is None:  # libtorrent takes an infohash of zeros for none at all
        raise RuntimeError("it names no infohash")
    return TorrentEntry(_harmless(name) or None, v1, v2, private)


def _reason(problem: Exception) -> str:
    """Take libtorrent's error code off the end of its words."""
    if isinstance(problem, UnicodeError):
        return "its name is not UTF-8"
    return re.sub(r" \[\w+:\d+\]$", "", str(problem))


def _harmless(text: str) -> str:
    """Replace what could steer a terminal or turn the reading direction: names in torrents are hostile text."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)
