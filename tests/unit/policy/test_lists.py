"""Torrents on lists: from the policy, from list files, from .torrent files and magnets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from auditor.model.infohash import Infohash
from auditor.policy import lists
from auditor.policy.catalogue import Listed
from auditor.policy.schema import TorrentList
from auditor.torrents import catalogue as torrents

if TYPE_CHECKING:
    from pathlib import Path

V1, V2 = Infohash(b"\xaa" * 20), Infohash(b"\xbb" * 32)


def test_a_list_file_has_an_infohash_and_a_name_a_line(tmp_path: Path) -> None:
    """Comments and empty lines are skipped, and the file's digest is kept."""
    content = f"# approved\n\n{V1} Linux image  # of today\n  {V2}\n"
    (tmp_path / "list.txt").write_text(content)
    found = lists.gather({"approved": TorrentList(files=("list.txt",))}, tmp_path)
    assert found.problems == []
    assert found.entries == [Listed("approved", "Linux image", V1, None), Listed("approved", None, None, V2)]
    assert list(found.digests) == ["list.txt"]


def test_a_list_file_of_rubbish_gives_so_many_problems_and_no_more(tmp_path: Path) -> None:
    """A wrong path may lead to a log of a million lines."""
    (tmp_path / "list.txt").write_text("rubbish\n" * 1000)
    found = lists.gather({"approved": TorrentList(files=("list.txt",))}, tmp_path)
    assert {problem.code for problem in found.problems} == {"bad-infohash"}
    assert len(found.problems) == 101


def test_a_list_file_that_is_no_text_is_one_problem(tmp_path: Path) -> None:
    """With the byte that says so."""
    (tmp_path / "list.txt").write_bytes(b"\x89PNG")
    found = lists.gather({"approved": TorrentList(files=("list.txt",))}, tmp_path)
    assert [problem.code for problem in found.problems] == ["list-unreadable"]
    assert "0x89" in found.problems[0].message


def test_a_device_or_a_pipe_is_no_list(tmp_path: Path) -> None:
    """Nothing is waited for, and nothing is read without end."""
    os.mkfifo(tmp_path / "pipe")
    found = lists.gather({"approved": TorrentList(files=("/dev/zero", "pipe"), torrents=("pipe",))}, tmp_path)
    assert [problem.code for problem in found.problems] == ["torrent-unreadable", "list-unreadable", "list-unreadable"]


def test_a_list_has_an_end(tmp_path: Path) -> None:
    """What is too large is refused, not cut."""
    with (tmp_path / "list.txt").open("wb") as file:
        file.truncate(lists.MAX_FILE_BYTES + 1)
    found = lists.gather({"approved": TorrentList(files=("list.txt",))}, tmp_path)
    assert [problem.message for problem in found.problems] == [f"{tmp_path}/list.txt is larger than 16 MiB"]


def test_without_libtorrent_torrents_are_said_to_be_unavailable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The policy is refused with what to do, not with a traceback."""

    def missing(_what: object) -> torrents.TorrentEntry:
        raise torrents.TorrentsUnavailable("libtorrent is not installed")

    monkeypatch.setattr(torrents, "read_magnet", missing)
    monkeypatch.setattr(torrents, "read_torrent", missing)
    (tmp_path / "a.torrent").write_bytes(b"de")
    some = TorrentList(magnets=("magnet:?xt=urn:btih:" + "a" * 40,), torrents=("a.torrent",))
    found = lists.gather({"approved": some}, tmp_path)
    assert [problem.code for problem in found.problems] == ["torrents-unavailable"] * 2


def test_torrents_come_from_files_folders_and_magnets(tmp_path: Path) -> None:
    """Names and infohashes are read by libtorrent; a folder gives every .torrent file in it."""
    pytest.importorskip("libtorrent", reason="needs libtorrent, which has no wheel for this Python")
    info = b"d6:lengthi1e4:name5:linux12:piece lengthi16384e6:pieces20:" + b"x" * 20 + b"e"
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "linux.torrent").write_bytes(b"d4:info" + info + b"e")
    (tmp_path / "some" / "broken.torrent").write_bytes(b"d4:infoe")
    magnet = f"magnet:?xt=urn:btih:{V1}&dn=image"
    found = lists.gather({"approved": TorrentList(torrents=("some/",), magnets=(magnet,))}, tmp_path)
    assert {(entry.name, entry.v1 == V1) for entry in found.entries} == {("image", True), ("linux", False)}
    assert [problem.code for problem in found.problems] == ["torrent-unreadable"]
    assert list(found.digests) == ["some/linux.torrent"]
