"""What makes a canary known, and that nothing else passes for one."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.model.fact import TrackerAnnounce
from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR
from auditor.sensor.canary.mark import ANSWERING, ASKING, Marks, Role, handshake, query, reply
from tests.build.sighting import FILM, NINE, activity, announce, flow, shake, target, tie

if TYPE_CHECKING:
    from auditor.model.flow import Flow

KEY = bytes(range(32))
MARKS = Marks(KEY)


def shaken(infohash: bytes, orig: object = ASKING, resp: object = ANSWERING) -> Flow:
    """A flow with handshakes about a torrent."""
    return flow(str(orig), str(resp), [shake("orig", Infohash(infohash)), shake("resp", Infohash(infohash))])


def test_marks_are_known_under_the_same_key_alone() -> None:
    """Another process of this sensor knows them; nobody can make them without the key."""
    canary = MARKS.make(NINE)

    assert Marks(KEY).knows(canary.infohash, Role.INFOHASH, NINE)
    assert not Marks(bytes(32)).knows(canary.infohash, Role.INFOHASH, NINE)
    assert not Marks().knows(canary.infohash, Role.INFOHASH, NINE)
    assert not MARKS.knows(canary.infohash, Role.ASKING_NODE, NINE)
    assert not MARKS.knows(canary.infohash[:-1], Role.INFOHASH, NINE)
    assert len({*canary, *MARKS.make(NINE)}) == 6


def test_marks_grow_old() -> None:
    """One that was overheard is of no use later."""
    canary = MARKS.make(NINE)

    assert MARKS.knows(canary.infohash, Role.INFOHASH, NINE + HOUR)
    assert not MARKS.knows(canary.infohash, Role.INFOHASH, NINE + 2 * HOUR)


def test_a_flow_is_a_canarys_only_with_its_mark_between_its_ends() -> None:
    """Neither alone hides anything, and nothing else may be in it."""
    infohash = MARKS.make(NINE).infohash
    ours = shaken(infohash)

    assert MARKS.is_flow(ours)
    assert not MARKS.is_flow(shaken(FILM.digest))
    assert not MARKS.is_flow(shaken(infohash, orig="10.20.0.5"))
    assert not MARKS.is_flow(ours._replace(observations=(*ours.observations, announce("orig"))))
    assert not MARKS.is_flow(ours._replace(observations=()))
    assert not MARKS.is_flow(ours._replace(ties=(tie(FILM),)))
    told = announce("orig", Infohash(infohash))
    assert isinstance(told.fact, TrackerAnnounce)
    assert not MARKS.is_flow(ours._replace(observations=(told,)))


def test_an_activity_is_a_canarys_only_with_its_nodes() -> None:
    """And with no torrent in it but the canary's."""
    canary = MARKS.make(NINE)
    plain = activity(str(ASKING))
    ours = plain._replace(node_ids=(canary.asking_node,), looked_up=(target(Infohash(canary.infohash)),))

    assert MARKS.is_activity(ours)
    assert not MARKS.is_activity(plain)
    assert not MARKS.is_activity(ours._replace(node_ids=(canary.asking_node, bytes(20))))
    assert not MARKS.is_activity(ours._replace(looked_up=(target(FILM),)))
    elsewhere = ours.endpoint._replace(ip=ip_address("10.20.0.5"))
    assert not MARKS.is_activity(ours._replace(endpoint=elsewhere))


def test_what_is_said_is_bittorrent() -> None:
    """BEP 3 and BEP 5, to the byte."""
    canary = MARKS.make(NINE)

    assert len(handshake(canary, b"asking")) == 68
    assert handshake(canary, b"asking")[28:48] == canary.infohash
    assert query(canary) == (
        b"d1:ad2:id20:" + canary.asking_node + b"9:info_hash20:" + canary.infohash + b"e1:q9:get_peers1:t2:au1:y1:qe"
    )
    assert reply(canary).startswith(b"d1:rd2:id20:" + canary.answering_node)
