"""Listed torrents, found by what names them on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.incident import Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import Basis
from auditor.policy.catalogue import Catalogue, Listed
from auditor.policy.patterns import Pattern
from tests.unit.policy.conftest import NOON

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.model.incident import Conduct

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


def test_a_conduct_stands_in_lists_by_any_name_of_its_torrent(conduct: Callable[..., Conduct]) -> None:
    """Its infohashes, its own name, and the name that a list has for it."""
    known = Catalogue(
        [Listed("a", "Debian 13", V1, None), Listed("b", None, None, V2)],
        [(Pattern.of("debian*"), "c"), (Pattern.of("other"), "d")],
    )
    hybrid = Infohashes((V1,), V1, V2, Basis.READ)
    assert known.has_names
    assert known.lists_of(conduct(infohashes=hybrid)) == (frozenset({"a", "b", "c"}),)
    assert known.lists_of(conduct(infohashes=_infohashes(V2), torrent_name="OTHER")) == (frozenset({"b", "d"}),)
    assert known.lists_of(conduct(infohashes=None, torrent_name="other")) == ()
    assert known.lists_of(conduct(infohashes=_infohashes(V1, V2), kind="encrypted")) == (
        frozenset({"a", "c"}),
        frozenset({"b"}),
    )


def test_a_list_ends(conduct: Callable[..., Conduct]) -> None:
    """What goes on past its end does not stand in it."""
    known = Catalogue([Listed("a", None, V1, None), Listed("b", None, V1, None)], ends={"a": NOON})
    before, past = (conduct(infohashes=_infohashes(V1), first=NOON - 9, last=last) for last in (NOON - 1, NOON))
    assert known.live_lists_of(before) == (frozenset({"a", "b"}),)
    assert known.live_lists_of(past) == (frozenset({"b"}),)
