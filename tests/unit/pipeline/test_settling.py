"""What stays of facts that are no longer kept."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from auditor.model.fact import Claim
from auditor.model.infohash import Infohash
from auditor.pipeline.conduct import Known, conducts_of
from auditor.pipeline.settling import MOST_OF_A_KIND, LetGo, of_earlier_run, settle, unnumbered
from tests.build.sighting import (
    FILM,
    GUEST,
    HOURS,
    NINE,
    OUTSIDER,
    STRANGER,
    announce,
    compared,
    connection,
    flow,
    held_by,
    sighting,
)

if TYPE_CHECKING:
    from auditor.model.flow import Flow
    from auditor.model.incident import Conduct
    from auditor.pipeline.part import Part

HOST = ip_address(GUEST)
KNOWN = Known(
    lambda address: address in ip_network("10.0.0.0/8"), held_by(lambda host: host.ip), lambda _: (None, None)
)
CLAIMED = announce("orig", last=Claim("completed", 900, 800, 0), completed=True, at=NINE + 60)
FIRST = connection(GUEST, OUTSIDER, down=32768)._replace(verified=(compared("resp", 16384),))
SECOND = connection(GUEST, STRANGER, up=16384, at=NINE + HOURS)
TOLD = flow(GUEST, "192.0.2.3", [CLAIMED], at=NINE + 60, ports=(51000, 6969))


def folded(flows: list[Flow], settled: list[Part] | None = None) -> tuple[Conduct, list[Part]]:
    """Fold flows of one torrent, and what stays of others."""
    found = conducts_of(HOST, sighting(flows), KNOWN, settled or [])
    assert len(found) == 1
    return found[0].conduct, list(found[0].parts)


def lean(conduct: Conduct) -> Conduct:
    """Return a conduct without the numbers of its facts."""
    return conduct._replace(flows=(), activities=())


def test_a_part_for_many_folds_on_as_they_would() -> None:
    """Amounts, times, ports, claims, trackers, clients and verified bytes are those of the whole."""
    whole, _ = folded([FIRST, TOLD, SECOND])
    conduct, parts = folded([FIRST, TOLD])

    settled = settle("i", parts, conduct, LetGo(), KNOWN.identities)

    assert settled is not None
    assert lean(folded([SECOND], [settled])[0]) == lean(whole)


def test_it_settles_again_and_again() -> None:
    """What is settled may itself be settled."""
    whole, _ = folded([FIRST, TOLD, SECOND])
    settled: list[Part] = []
    for each in (FIRST, TOLD, SECOND):
        conduct, parts = folded([each], settled)
        made = settle("i", parts, conduct, LetGo(), KNOWN.identities)
        assert made is not None
        settled = [made]

    assert lean(folded([], settled)[0]) == lean(whole)


def test_frames_and_numbers_stay() -> None:
    """Those of the weightiest first, whichever are settled: as if nothing was."""
    flows = [connection(GUEST, OUTSIDER, FILM, down=16384 * (n % 2), at=NINE + n) for n in range(60)]
    whole, _ = folded(flows)
    conduct, parts = folded(flows[:30])

    settled = settle("i", parts, conduct, LetGo(frozenset({4, 7}), frozenset({1})), KNOWN.identities)

    assert settled is not None
    assert settled.settled is not None
    assert (settled.settled.flows, settled.settled.activities) == ((4, 7), (1,))
    assert folded(flows[30:], [settled])[0].frames == whole.frames


def test_what_stands_aside_alone_leaves_nothing() -> None:
    """Nothing follows of what says nothing."""
    conduct, parts = folded([FIRST])

    assert settle("i", [part._replace(aside=True) for part in parts], conduct, LetGo(), KNOWN.identities) is None


def test_an_earlier_run_is_gone_on_with() -> None:
    """What it knew goes on, but for numbers that were its own."""
    before, _ = folded([FIRST, TOLD])
    part = of_earlier_run("i", unnumbered(before))

    now, _ = folded([SECOND], [part])

    assert part.settled is not None
    assert part.settled.incident == "i"
    assert (now.first, now.downloaded, now.uploaded) == (before.first, 32768, 16384)
    assert now.verified is not None
    assert now.verified.torrent is None
    assert now.flows == (0,)


def test_both_names_of_a_torrent_stay_known() -> None:
    """That a hybrid has another name is known after a restart too, before its metadata passes again."""
    v2 = Infohash(bytes([0xCC] * 32))
    before, _ = folded([FIRST])
    assert before.infohashes is not None
    part = of_earlier_run("i", before._replace(infohashes=before.infohashes._replace(v1=FILM, v2=v2)))

    now, _ = folded([connection(GUEST, STRANGER, v2.wire, at=NINE + HOURS)], [part])

    assert now.infohashes is not None
    assert set(now.infohashes.wire) == {FILM, v2.wire}


def test_no_more_than_so_much_stays() -> None:
    """An incident that goes on for months does not grow without end."""
    conduct, _ = folded([FIRST])

    part = of_earlier_run("i", conduct._replace(remote_ports=tuple(range(MOST_OF_A_KIND + 5))))

    assert part.settled is not None
    assert len(part.settled.remote_ports) == MOST_OF_A_KIND
