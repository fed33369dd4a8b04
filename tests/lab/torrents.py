"""Torrents of random bytes: nobody's work, and the same at every run.

The content is SHAKE-256 of the torrent's name, so a torrent's infohash never changes between runs and can be quoted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import libtorrent as lt

Version = Literal["v1", "v2", "hybrid"]
PIECE = 32 * 1024
CREATED = 1_700_000_000
"""Creation date of every torrent, so that the files do not change between runs either."""


@dataclass(frozen=True, slots=True)
class Torrent:
    """A torrent and where its two files lie."""

    name: str
    size: int
    file: Path
    """The .torrent."""
    content: Path
    """The folder that holds the content."""
    v1: str | None
    v2: str | None
    tracker: str | None

    @property
    def wire(self) -> tuple[str, ...]:
        """The 40-digit names it may bear on the wire (BEP 52: v2 is cut to 20 bytes)."""
        return tuple(name[:40] for name in (self.v1, self.v2) if name)

    @property
    def infohash(self) -> str:
        """The name that clients use first."""
        return self.wire[0]


def make(folder: Path, name: str, size: int, *, version: Version = "v1", tracker: str | None = None) -> Torrent:
    """Write content of ``size`` bytes and its .torrent into ``folder``."""
    content = folder / "content"
    content.mkdir(parents=True, exist_ok=True)
    (content / name).write_bytes(hashlib.shake_256(name.encode()).digest(size))
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[version]
    creation = lt.create_torrent(lt.list_files(str(content / name)), PIECE, flags)
    creation.set_creation_date(CREATED)
    if tracker:
        creation.add_tracker(tracker)
    lt.set_piece_hashes(creation, str(content))
    file = folder / f"{Path(name).stem}.torrent"
    file.write_bytes(lt.bencode(creation.generate()))
    hashes = lt.torrent_info(str(file)).info_hashes()
    return Torrent(
        name, size, file, content,
        str(hashes.v1) if hashes.has_v1() else None,
        str(hashes.v2) if hashes.has_v2() else None,
        tracker,
    )  # fmt: skip
