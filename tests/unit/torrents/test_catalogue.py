"""Torrents and magnets give their infohashes; whatever is none gives one sentence."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

import pytest

from auditor.torrents import catalogue

if TYPE_CHECKING:
    from pathlib import Path

V1 = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a"
V2 = "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e"


def bencode(value: object) -> bytes:
    """Encode as BEP 3 says, keys sorted."""
    match value:
        case bytes():
            return b"%d:%b" % (len(value), value)
        case int():
            return b"i%de" % value
        case dict():
            return b"d%be" % b"".join(bencode(key) + bencode(value[key]) for key in sorted(value))
        case _:
            raise TypeError(type(value))


def info_dict(*, v1: bool, v2: bool, private: bool = False, name: bytes = b"disc.iso") -> dict[bytes, object]:
    """Describe a file of one piece, 16384 bytes, as a v1, v2 or hybrid torrent does."""
    piece = b"x" * 16384
    info: dict[bytes, object] = {b"name": name, b"piece length": 16384}
    if v1:
        info |= {b"length": len(piece), b"pieces": hashlib.sha1(piece).digest()}  # noqa: S324 - BEP 3
    if v2:
        leaf = {b"length": len(piece), b"pieces root": hashlib.sha256(piece).digest()}
        info |= {b"meta version": 2, b"file tree": {name: {b"": leaf}}}
    if private:
        info[b"private"] = 1
    return info


def torrent(info: dict[bytes, object]) -> bytes:
    """Wrap an info dict into a .torrent file."""
    layers: dict[bytes, object] = {b"piece layers": {}} if b"meta version" in info else {}
    return bencode({b"announce": b"http://tracker.example/announce", b"info": info} | layers)


@pytest.mark.parametrize(("v1", "v2"), [(True, False), (False, True), (True, True)])
def test_a_torrent_is_named_by_the_hashes_of_its_info_dict(tmp_path: Path, v1: bool, v2: bool) -> None:
    """The v1 infohash is SHA-1 and the v2 infohash SHA-256 of the info dict's bytes; a hybrid has both."""
    info = info_dict(v1=v1, v2=v2)
    path = tmp_path / "disc.torrent"
    path.write_bytes(torrent(info))

    entry = catalogue.read_torrent(path)

    assert entry.name == "disc.iso"
    assert not entry.private
    sha1 = hashlib.sha1(bencode(info)).hexdigest()  # noqa: S324 - BEP 3
    assert str(entry.v1) == (sha1 if v1 else "None")
    assert str(entry.v2) == (hashlib.sha256(bencode(info)).hexdigest() if v2 else "None")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # libtorrent 2.0 has no other way to make one
def test_a_torrent_made_by_libtorrent_reads_back(tmp_path: Path) -> None:
    """The infohashes are those that libtorrent itself will speak."""
    libtorrent = pytest.importorskip("libtorrent")
    (tmp_path / "disc.iso").write_bytes(b"x" * 70_000)
    storage = libtorrent.file_storage()
    libtorrent.add_files(storage, str(tmp_path / "disc.iso"))
    maker = libtorrent.create_torrent(storage, 16384)
    libtorrent.set_piece_hashes(maker, str(tmp_path))
    content = libtorrent.bencode(maker.generate())
    (tmp_path / "disc.torrent").write_bytes(content)

    entry = catalogue.read_torrent(tmp_path / "disc.torrent")

    hashes = libtorrent.load_torrent_buffer(content).info_hashes
    assert entry.v1 is not None
    assert entry.v2 is not None
    assert (entry.v1.digest, entry.v2.digest) == (hashes.v1.to_bytes(), hashes.v2.to_bytes())
    assert entry.wire == (entry.v1, entry.v2.wire)


def test_a_private_torrent_says_so(tmp_path: Path) -> None:
    """The flag of BEP 27 is read."""
    path = tmp_path / "disc.torrent"
    path.write_bytes(torrent(info_dict(v1=True, v2=False, private=True)))

    assert catalogue.read_torrent(path).private


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no torrent: unexpected end of file"),
        (b"<html>", "is no torrent: expected value"),
        (b"d4:info" * 1000, "is no torrent: bencoded nesting depth exceeded"),
        (b"d4:infode", "is no torrent: "),
        (torrent(info_dict(v1=True, v2=False))[:-40], "is no torrent: unexpected end of file"),
        (torrent(info_dict(v1=True, v2=False) | {b"pieces": bytes(19)}), "is no torrent: "),
        (b"9" * (catalogue.MAX_TORRENT_BYTES + 1), "is larger than 32 MiB"),
    ],
    ids=["empty", "html", "deep", "no-info", "cut", "odd-pieces", "huge"],
)
def test_a_file_that_is_no_torrent_gives_one_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    """The sentence names the file and the reason, without libtorrent's error code."""
    path = tmp_path / "bad.torrent"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"bad\.torrent") as caught:
        catalogue.read_torrent(path)

    assert reason in str(caught.value)
    assert "[" not in str(caught.value)


def test_a_missing_file_gives_one_sentence(tmp_path: Path) -> None:
    """A path in a policy that leads nowhere is told as such."""
    with pytest.raises(ValueError, match=r"none\.torrent cannot be read: No such file or directory"):
        catalogue.read_torrent(tmp_path / "none.torrent")


@pytest.mark.parametrize(
    ("uri", "v1", "v2"),
    [
        (f"magnet:?xt=urn:btih:{V1}&dn=disc.iso", V1, None),
        (f"magnet:?xt=urn:btih:{V1.upper()}&dn=disc.iso", V1, None),
        ("magnet:?xt=urn:btih:YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK&dn=disc.iso", V1, None),
        (f"magnet:?xt=urn:btmh:1220{V2}&dn=disc.iso", None, V2),
        (f"magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}&dn=disc.iso", V1, V2),
    ],
    ids=["hex", "upper-case", "base32", "v2", "hybrid"],
)
def test_a_magnet_names_its_infohashes(uri: str, v1: str | None, v2: str | None) -> None:
    """Every spelling of BEP 9 and BEP 53 gives the same bytes."""
    entry = catalogue.read_magnet(uri)

    assert (str(entry.v1), str(entry.v2)) == (str(v1), str(v2))
    assert (entry.name, entry.private) == ("disc.iso", False)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("https://example.org/", "unsupported URL protocol"),
        ("magnet:?dn=disc.iso", "missing info-hash"),
        ("magnet:?xt=urn:btih:zz", "invalid info-hash"),
        ("magnet:?xt=urn:btih:" + "0" * 40, "names no infohash"),
        ("magnet:?" + "x" * catalogue.MAX_MAGNET_CHARACTERS, "longer than 64 KiB"),
        ("magnet:?dn=\x1b[2J\u202e", "missing info-hash"),
    ],
)
def test_a_link_that_is_no_magnet_gives_one_sentence(uri: str, reason: str) -> None:
    """The sentence gives the reason, and is harmless to print whatever the link holds."""
    with pytest.raises(ValueError, match=reason) as caught:
        catalogue.read_magnet(uri)

    assert str(caught.value).isprintable()


def test_a_name_cannot_steer_the_terminal() -> None:
    """Escape sequences and direction overrides in a name are replaced; letters of any script stay."""
    entry = catalogue.read_magnet(f"magnet:?xt=urn:btih:{V1}&dn=caf%C3%A9%1b%5b2J%E2%80%AEtxt")

    assert entry.name == "café\ufffd[2J\ufffdtxt"


def test_a_folder_gives_its_torrents_and_says_which_it_refused(tmp_path: Path) -> None:
    """One bad file hides no good one, and other files are left alone."""
    (tmp_path / "b.TORRENT").write_bytes(torrent(info_dict(v1=True, v2=False, name=b"b")))
    (tmp_path / "a.torrent").write_bytes(torrent(info_dict(v1=True, v2=False, name=b"a")))
    (tmp_path / "c.torrent").write_bytes(b"?")
    (tmp_path / "notes.txt").write_bytes(b"?")

    folder = catalogue.read_folder(tmp_path)

    assert [(path.name, entry.name) for path, entry in folder.entries] == [("a.torrent", "a"), ("b.TORRENT", "b")]
    assert [path.name for path, _ in folder.refused] == ["c.torrent"]
    assert "c.torrent is no torrent" in folder.refused[0][1]


def test_a_missing_folder_gives_one_sentence(tmp_path: Path) -> None:
    """A folder that leads nowhere is told as such, not taken for an empty list."""
    with pytest.raises(ValueError, match="gone cannot be listed: No such file or directory"):
        catalogue.read_folder(tmp_path / "gone")


def test_without_libtorrent_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Python without a wheel the auditor runs, and only torrents are refused, with the way out."""
    monkeypatch.setitem(sys.modules, "libtorrent", None)

    with pytest.raises(catalogue.TorrentsUnavailable, match=r"no wheel for 3\.14") as caught:
        catalogue.read_magnet(f"magnet:?xt=urn:btih:{V1}")

    assert "list the infohashes themselves" in str(caught.value)
