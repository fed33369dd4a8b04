"""Listed torrents, found by what names them on the wire."""

from __future__ import annotations

from auditor.model.incident import Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import Basis
from auditor.policy.catalogue import Catalogue, Listed

V1, V2 = Infohash(b"\xaa" * 20), Infohash(b"\xbb" * 32)


def _infohashes(*wire: Infohash) -> Infohashes:
    return Infohashes(wire, None, None, Basis.READ)


def test_a_torrent_is_known_by_both_its_names() -> None:
    """A hybrid is found by v1 and by the first 20 bytes of v2."""
    known = Catalogue([Listed("approved", "linux", V1, V2)])
    for wire in (V1, V2.wire, V2):
        assert known.resolve(wire) == (V1, V2)
        assert known.name_of(_infohashes(wire)) == "linux"
        assert known.members[wire.wire.digest] == {"approved"}


def test_what_is_not_listed_has_no_name() -> None:
    """Nor do entries that were listed without one."""
    known = Catalogue([Listed("approved", None, V1, None)])
    assert known.name_of(_infohashes(V1)) is None
    assert known.name_of(_infohashes(V2)) is None
    assert known.resolve(V2) == (None, None)


def test_entries_of_one_torrent_add_up() -> None:
    """One list names it, another has its v2 infohash."""
    known = Catalogue([Listed("a", None, V1, None), Listed("b", "linux", V1, V2)])
    assert known.members[V1.digest] == {"a", "b"}
    assert known.name_of(_infohashes(V1)) == "linux"
    assert known.resolve(V1) == (V1, V2)


def test_info_dicts_of_listed_torrents_are_there_once() -> None:
    """Pieces are verified by them; a list of infohashes has none."""
    one, again = Listed("a", None, V1, None, b"d1e"), Listed("b", None, V1, None, b"d1e")

    assert Catalogue([one, Listed("a", None, None, V2), again]).infos == (b"d1e",)
