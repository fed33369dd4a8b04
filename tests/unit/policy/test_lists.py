"""Torrents on lists: from the policy, from list files, from .torrent files and magnets."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from auditor.model.attribution import Attribution
from auditor.model.incident import Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import Basis
from auditor.policy import lists, load
from auditor.policy.catalogue import Listed
from auditor.policy.schema import TorrentList
from auditor.torrents import catalogue as torrents
from tests.unit.policy.conftest import HEAD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.model.incident import Conduct

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


def _hybrid() -> tuple[bytes, Infohash, Infohash]:
    """Return a hybrid torrent's file and both its infohashes (BEP 52)."""
    piece = b"x" * 16384
    leaf = b"d6:lengthi16384e11:pieces root32:" + hashlib.sha256(piece).digest() + b"e"
    info = (
        b"d9:file treed4:discd0:" + leaf + b"ee6:lengthi16384e12:meta versioni2e4:name4:disc12:piece lengthi16384e"
        b"6:pieces20:" + hashlib.sha1(piece, usedforsecurity=False).digest() + b"e"
    )
    v1 = Infohash(hashlib.sha1(info, usedforsecurity=False).digest())
    return b"d4:info" + info + b"12:piece layersdee", v1, Infohash(hashlib.sha256(info).digest())


@pytest.mark.parametrize(
    "listed",
    [
        "infohashes: {v1}",
        "infohashes: {v2}",
        "infohashes: {{v1: {v1}, v2: {v2}}}",
        "magnets: 'magnet:?xt=urn:btih:{v1}&dn=disc'",
        "magnets: 'magnet:?xt=urn:btmh:1220{v2}'",
        "magnets: 'magnet:?xt=urn:btih:{v1}&xt=urn:btmh:1220{v2}'",
        "torrents: watched",
        "torrents: watched/disc.torrent",
        "files: list.txt",
    ],
)
@pytest.mark.parametrize("verdict", ["allow", "violation"])
def test_approved_and_watched_torrents_match_however_they_are_listed(
    tmp_path: Path, conduct: Callable[..., Conduct], listed: str, verdict: str
) -> None:
    """By v1, by v2 as the wire cuts it, and by either name of a hybrid whose other name was read."""
    pytest.importorskip("libtorrent", reason="needs libtorrent, which has no wheel for this Python")
    torrent, v1, v2 = _hybrid()
    (tmp_path / "watched").mkdir()
    (tmp_path / "watched" / "disc.torrent").write_bytes(torrent)
    (tmp_path / "list.txt").write_text(f"{v1} disc\n{v2}\n")
    when = "{lists: some, participation: attempted, confidence: likely}"
    policy = load.parse(
        f"{HEAD}lists: {{some: {{{listed.format(v1=v1, v2=v2)}}}}}\n"
        f"rules:\n  - {{id: listed, when: {when}, verdict: {verdict}, reason: because}}\n".encode(),
        tmp_path / "p.yaml",
    ).policy
    assert policy is not None

    def rule(*wire: Infohash, known: tuple[Infohash | None, Infohash | None] = (None, None)) -> str | None:
        infohashes = Infohashes(wire, *known, Basis.READ)
        return policy.judge(conduct(infohashes=infohashes), Attribution("guests", "attributed")).rule

    assert {rule(v1, known=(v1, v2)), rule(v2.wire, known=(v1, v2)), rule(v1, v2.wire)} == {"listed"}
    assert rule(v1) == ("listed" if "{v1}" in listed or "{v2}" not in listed else None)
    assert rule(v2.wire) == ("listed" if "{v2}" in listed or "{v1}" not in listed else None)
    assert rule(Infohash(b"\x0f" * 20)) is None
