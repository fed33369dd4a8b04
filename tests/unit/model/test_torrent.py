"""Torrents whose metadata passed."""

from __future__ import annotations

from auditor.model.infohash import Infohash
from auditor.model.torrent import SeenTorrent


def test_a_hybrid_goes_by_two_names() -> None:
    """Handshakes name it by its v1 infohash, or by the first 20 bytes of its v2 infohash (BEP 52)."""
    torrent = SeenTorrent(Infohash(b"\x01" * 20), Infohash(b"\x02" * 32), b"de")

    assert torrent.wire == (Infohash(b"\x01" * 20), Infohash(b"\x02" * 20))
    assert SeenTorrent(None, torrent.v2, b"de").wire == torrent.wire[1:]
