"""Info dicts off the wire are read as what they are: a stranger's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.torrents import catalogue
from auditor.torrents.metadata import MAX_FILES, read_metadata
from tests.build import bencode
from tests.build.torrent import Torrent

if TYPE_CHECKING:
    from auditor.model.torrent import TorrentContent

PLAIN = Torrent({"one": b"1" * 20_000, "two": b"22"}, extra={b"private": 1})


def test_names_sizes_and_the_private_flag_are_read() -> None:
    """Each file is told by its path within the torrent, and by where it begins."""
    content = read_metadata(PLAIN.info)

    assert (content.name, content.private, content.piece_length, content.size) == ("folder", True, 16384, 20_002)
    assert [tuple(file) for file in content.files] == [("folder/one", 20_000, 0), ("folder/two", 2, 20_000)]


def test_files_that_only_fill_up_are_left_out() -> None:
    """A pad file is nothing that anybody has (BEP 47)."""
    files = [
        {b"length": 10, b"path": [b"a"]},
        {b"attr": b"p", b"length": 16374, b"path": [b".pad", b"16374"]},
        {b"length": 5, b"path": [b"b"]},
    ]
    info = bencode({b"files": files, b"name": b"x", b"piece length": 16384, b"pieces": bytes(40)})  # type: ignore[dict-item]

    content = read_metadata(info)

    assert (content.size, [(file.path, file.offset) for file in content.files]) == (15, [("x/a", 0), ("x/b", 16384)])


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\u202egnp.exe", "line\nbreak"])
def test_names_are_harmless(name: str) -> None:
    """Nothing in a name steers a terminal or turns the reading direction."""
    content = read_metadata(Torrent({name: b"x", "b": b"y"}, name=name).info)

    shown = [content.name or "", *(file.path for file in content.files)]
    assert all(text.isprintable() and "\u202e" not in text for text in shown)


def test_a_path_does_not_leave_its_torrent() -> None:
    """A path with dots stays within the torrent's folder."""
    content = read_metadata(Torrent({"../../etc/passwd": b"x", "b": b"y"}).info)

    assert all(".." not in file.path.split("/") for file in content.files)


def test_there_are_no_more_files_than_people_read() -> None:
    """Of a hundred thousand files the first are listed; the size is that of all."""
    content = read_metadata(Torrent({f"{n}": b"x" for n in range(MAX_FILES + 5)}).info)

    assert (len(content.files), content.size) == (MAX_FILES, MAX_FILES + 5)


@pytest.mark.parametrize("info", [b"", b"de", b"nonsense", b"d6:pieces0:e", b"i1e", PLAIN.info[:-1], PLAIN.info + b"x"])
def test_what_is_no_info_dict_is_refused(info: bytes) -> None:
    """It is said in one sentence, which holds nothing of the dict."""
    with pytest.raises(ValueError, match="takes the info dict for none"):
        read_metadata(info)


def test_one_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dict beyond the bound of torrent files does not reach libtorrent."""
    monkeypatch.setattr("auditor.torrents.metadata.MAX_TORRENT_BYTES", 10)

    with pytest.raises(ValueError, match="too large"):
        read_metadata(PLAIN.info)


@given(at=st.integers(0, len(PLAIN.info) - 1), byte=st.integers(0, 255))
def test_any_damage_is_read_or_refused(at: int, byte: int) -> None:
    """No byte of a dict makes more of it than a content or a sentence."""
    damaged = bytearray(PLAIN.info)
    damaged[at] = byte

    content: TorrentContent | None
    try:
        content = read_metadata(bytes(damaged))
    except ValueError:
        content = None

    assert content is None or content.size >= 0


def test_without_libtorrent_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one who asks decides what to do without names."""
    monkeypatch.setattr("importlib.import_module", _missing)

    with pytest.raises(catalogue.TorrentsUnavailable):
        read_metadata(PLAIN.info)


def _missing(name: str) -> None:
    raise ImportError(name)
