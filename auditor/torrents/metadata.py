"""What an info dict says of its torrent (BEP 3, 27, 47, 52): names and files for people.

libtorrent reads it. That the dict hashes to an infohash makes it no safer: whoever makes a torrent writes what is in
it. So its size is bounded, what libtorrent refuses is unreadable, and names are made harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.model.text import harmless
from auditor.model.torrent import TorrentContent, TorrentFile
from auditor.torrents.catalogue import LIMITS, MAX_TORRENT_BYTES, libtorrent

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES = 10_000
"""Files that are listed, the first ones: more than people read."""
MAX_NAME, MAX_PATH = 255, 1024


def read_metadata(info: bytes) -> TorrentContent:
    """Read an info dict.

    Raises:
        ValueError: if libtorrent takes it for none.
        TorrentsUnavailable: if libtorrent is not installed.
    """
    reader = libtorrent()
    torrent = b"d4:info" + info + b"e"
    if len(torrent) > MAX_TORRENT_BYTES:
        raise ValueError("the info dict is too large")
    try:
        read = reader.load_torrent_buffer(torrent, LIMITS).ti
        files = list(_files(reader, read))
        return TorrentContent(
            name=harmless(read.name(), MAX_NAME) or None,
            private=read.priv(),
            piece_length=read.piece_length(),
            size=sum(file.size for file in files),
            files=tuple(files[:MAX_FILES]),
        )
    except (RuntimeError, UnicodeError) as problem:
        raise ValueError("libtorrent takes the info dict for none") from problem


def _files(reader: Any, read: Any) -> Iterator[TorrentFile]:  # noqa: ANN401 - libtorrent comes without types
    # libtorrent 2.1 warns of the older name.
    storage = read.layout() if hasattr(read, "layout") else read.files()
    padding = int(reader.file_flags_t.flag_pad_file)
    for index in range(storage.num_files()):
        if not int(storage.file_flags(index)) & padding:
            path = harmless(storage.file_path(index), MAX_PATH)
            yield TorrentFile(path, storage.file_size(index), storage.file_offset(index))
