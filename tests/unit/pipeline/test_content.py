"""What metadata says is shown as far as was asked for, and no further."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from auditor.model.incident import Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import Basis
from auditor.model.torrent import SeenTorrent
from auditor.pipeline.content import ShownFile, Torrents
from auditor.torrents.catalogue import TorrentsUnavailable
from tests.build.torrent import Torrent
from tests.unit.policy.conftest import CONDUCT

if TYPE_CHECKING:
    import pytest

TORRENT = Torrent({"film": b"1" * 20_000, "empty": b"", "notes": b"22"}, name="secret")
V1, V2 = Infohash(TORRENT.infohash), Infohash(hashlib.sha256(TORRENT.info).digest())
UNKNOWN = Infohash(b"\x0f" * 20)


def nothing(wire: Infohash) -> tuple[None, None]:
    """Know no torrent."""
    del wire
    return None, None


def test_names_are_shown_only_where_they_were_asked_for() -> None:
    """Sizes tell how much was taken; names tell what somebody watches."""
    torrents = Torrents([SeenTorrent(V1, None, TORRENT.info)])

    hidden = torrents.shown(0, "t-0001", None, show_names=False)
    shown = torrents.shown(0, "t-0001", None, show_names=True)

    assert (hidden.name, hidden.size) == (None, 20_002)
    assert hidden.files == (ShownFile(None, 20_000, 0), ShownFile(None, 0, 20_000), ShownFile(None, 2, 20_000))
    assert shown.name == "secret"
    assert shown.files is not None
    assert [file.path for file in shown.files] == ["secret/film", "secret/empty", "secret/notes"]
    assert hidden.places() == {0: 0, 20_000: 2}


def test_a_list_names_it_whatever_the_metadata_says() -> None:
    """The organisation's own word comes before a stranger's."""
    shown = Torrents([SeenTorrent(V1, None, TORRENT.info)]).shown(0, "t-0001", "Debian", show_names=True)

    assert shown.name == "Debian"


def test_what_cannot_be_read_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dict that libtorrent refuses, or no libtorrent at all, leaves the infohashes."""
    broken = Torrents([SeenTorrent(V1, V2, b"nonsense")]).shown(0, "t-0001", None, show_names=True)

    def unavailable(info: bytes) -> None:
        raise TorrentsUnavailable(len(info))

    monkeypatch.setattr("auditor.torrents.metadata.read_metadata", unavailable)
    unread = Torrents([SeenTorrent(V1, V2, TORRENT.info)]).shown(0, "t-0001", None, show_names=True)

    assert broken == unread
    assert (broken.v1, broken.v2, broken.size, broken.files, broken.places()) == (V1, V2, None, None, {})


def test_metadata_ties_the_two_names_of_a_hybrid() -> None:
    """One info dict hashes to both infohashes; what lists know comes first."""
    torrents = Torrents([SeenTorrent(V1, V2, TORRENT.info)])
    identities = torrents.identities(nothing)

    assert identities(V1) == identities(V2.wire) == (V1, V2)
    assert identities(UNKNOWN) == (None, None)
    assert torrents.identities(lambda _: (UNKNOWN, None))(V1) == (UNKNOWN, V2)
    assert torrents.place([UNKNOWN, V2.wire]) == 0
    assert torrents.place([UNKNOWN]) is None
    assert Torrents([]).identities(nothing) is nothing


def test_a_conduct_is_described_by_the_metadata_of_its_torrent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read once for all; of several torrents that may be meant, none describes it."""
    torrents = Torrents([SeenTorrent(V1, None, TORRENT.info)])
    swarm = CONDUCT._replace(infohashes=Infohashes((V1,), None, None, Basis.READ))

    found = torrents.described(swarm)
    assert (found.private, found.torrent_name) == (False, "secret")
    monkeypatch.setattr("auditor.torrents.metadata.read_metadata", None)
    assert torrents.described(swarm) == found

    for other in (
        swarm._replace(kind="encrypted"),
        swarm._replace(infohashes=None),
        swarm._replace(infohashes=Infohashes((UNKNOWN,), None, None, Basis.READ)),
    ):
        assert torrents.described(other) is other


def test_no_more_is_kept_than_there_is_room_for() -> None:
    """Of the older ones the files are let go first, and then their names."""
    torrents = Torrents(most=2, most_bytes=len(TORRENT.info))
    others = [Infohash(bytes([n] * 20)) for n in range(3)]
    torrents.extend(SeenTorrent(name, None, TORRENT.info) for name in others)

    assert [torrents.place([name]) for name in others] == [None, 1, 2]
    assert torrents.forgotten == 1
    told = [torrents.shown(place, "t", None, show_names=True) for place in (1, 2)]
    assert [each.name for each in told] == [TORRENT.name, TORRENT.name]
    assert [bool(each.files) for each in told] == [False, True]
