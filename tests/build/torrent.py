"""A small torrent (BEP 3), and the talk of a peer that has it with one that knows no more than its magnet link."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.build.bittorrent import (
    BLOCK,
    bencode,
    handshake,
    introduction,
    message,
    metadata_block,
    metadata_request,
    piece,
    request,
)
from tests.build.frames import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

Turn = tuple[Side, bytes]
WANTED, GIVEN = {b"ut_metadata": 3, b"ut_pex": 1}, {b"ut_metadata": 2, b"ut_pex": 4}
"""The ids that the one who asks, and the one who has it, want extensions to have."""


@dataclass(frozen=True)
class Torrent:
    """Some files in one folder."""

    files: Mapping[str, bytes]
    piece_length: int = BLOCK
    name: str = "folder"
    extra: Mapping[bytes, int] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """All files behind each other."""
        return b"".join(self.files.values())

    @property
    def pieces(self) -> list[bytes]:
        """The pieces, the last of which may be short."""
        content = self.content
        return [content[at : at + self.piece_length] for at in range(0, len(content), self.piece_length)]

    @property
    def info(self) -> bytes:
        """The info dict."""
        files = [{b"length": len(data), b"path": [path.encode()]} for path, data in self.files.items()]
        hashes = b"".join(hashlib.sha1(data, usedforsecurity=False).digest() for data in self.pieces)
        told = {b"files": files, b"name": self.name.encode(), b"piece length": self.piece_length, b"pieces": hashes}
        return bencode({**told, **self.extra})  # type: ignore[dict-item]

    @property
    def infohash(self) -> bytes:
        """Its v1 infohash."""
        return hashlib.sha1(self.info, usedforsecurity=False).digest()

    def blocks(self, index: int, data: bytes | None = None) -> bytes:
        """Give a piece block by block, of these bytes or its own."""
        data = self.pieces[index] if data is None else data
        return b"".join(piece(index, at, data[at : at + BLOCK]) for at in range(0, len(data), BLOCK))


def magnet_talk(torrent: Torrent, told: bytes | None = None, given: Mapping[int, bytes] | None = None) -> list[Turn]:
    """Let the originator ask for the info dict and then for all pieces, and the responder give both.

    ``told`` is what it gives for the info dict, ``given`` what it gives for pieces, where that is not what they are.
    """
    info = torrent.info if told is None else told
    turns: list[Turn] = [
        (
            "orig",
            handshake(torrent.infohash, b"-qB4520-aaaaaaaaaaaa") + introduction(WANTED, {b"v": b"qBittorrent/4.5.2"}),
        ),
        (
            "resp",
            handshake(torrent.infohash, b"-TR4060-bbbbbbbbbbbb")
            + introduction(GIVEN, {b"metadata_size": len(info), b"p": 6881, b"yourip": bytes([203, 0, 113, 7])}),
        ),
    ]
    for block in range(-(-len(info) // BLOCK)):
        turns += [
            ("orig", metadata_request(GIVEN[b"ut_metadata"], block)),
            ("resp", metadata_block(WANTED[b"ut_metadata"], block, info)),
        ]
    turns.append(("resp", message(1)))
    for index, data in enumerate(torrent.pieces):
        turns += [
            ("orig", request(index, 0, min(BLOCK, len(data)))),
            ("resp", torrent.blocks(index, (given or {}).get(index))),
        ]
    return turns
