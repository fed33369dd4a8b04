"""Which incident a conduct continues."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.pipeline.continuing import Ongoing, Seen, continue_
from auditor.pipeline.run import judge
from auditor.pipeline.settling import of_earlier_run
from auditor.policy.evaluate import Policy
from tests.build.sighting import DEBIAN, FILM, GUEST, HOURS, NINE, OUTSIDER, activity, connection, sighting

if TYPE_CHECKING:
    from auditor.model.flow import Address
    from auditor.model.incident import Conduct

ONE = judge(sighting([connection(GUEST, OUTSIDER, FILM)]), Policy.none()).incidents[0]
DHT = judge(sighting((), [activity(GUEST)]), Policy.none()).incidents[0].conduct
PUBLIC = ip_address("192.0.2.1")


def conduct(*flows: int, wire: bytes = FILM.digest, first: int = NINE, host: Address = ONE.conduct.host) -> Conduct:
    """Return what was done in a torrent, as some flows show."""
    names = ONE.conduct.infohashes
    assert names is not None
    return ONE.conduct._replace(
        flows=flows, first=first, host=host, infohashes=names._replace(wire=(type(FILM)(wire),))
    )


def ongoing(number: int, was: Conduct) -> Ongoing:
    """Return an incident as it was known before."""
    made = Ongoing(f"i{number}", number)
    made.incident = ONE._replace(id=made.id, conduct=was)
    return made


def went_on(before: list[Conduct], now: list[Conduct]) -> tuple[dict[int, str], dict[int, list[str]], list[str]]:
    """Return which goes on as which, which went into which, and which are gone."""
    seen = [Seen(each, (), (), ()) for each in now]
    found = continue_([ongoing(n, each) for n, each in enumerate(before)], seen, lambda address: address == PUBLIC)
    ids = {place: each.id for place, each in found.ids.items()}
    merged = {place: [each.id for each in some] for place, some in found.merged.items()}
    return ids, merged, [each.id for each in found.gone]


def test_one_that_shares_a_flow_goes_on() -> None:
    """What shares none is new."""
    assert went_on([conduct(1, 2)], [conduct(2, 3), conduct(4)]) == ({0: "i0"}, {}, [])


def test_of_several_that_are_one_the_oldest_goes_on() -> None:
    """The others went into it."""
    assert went_on([conduct(1), conduct(2)], [conduct(1, 2)]) == ({0: "i0"}, {0: ["i1"]}, [])


def test_of_one_that_is_several_the_first_goes_on() -> None:
    """That which begins as it did."""
    parts = [conduct(1), conduct(2, 3, first=NINE + HOURS)]

    assert went_on([conduct(1, 2, 3)], parts) == ({0: "i0"}, {}, [])


def test_two_holders_of_one_address_stay_two() -> None:
    """A flow over the change of hands is both's."""
    both = [conduct(1), conduct(1, 2, first=NINE + HOURS)]

    assert went_on(both, both) == ({0: "i0", 1: "i1"}, {}, [])


def test_talk_with_the_dht_makes_no_two_torrents_one() -> None:
    """It is a part of each of which it told."""
    film, debian = conduct()._replace(activities=(1,)), conduct(wire=DEBIAN.digest)._replace(activities=(1,))

    assert went_on([film, DHT._replace(activities=(1,))], [debian]) == ({}, {}, ["i0", "i1"])
    assert went_on([film], [debian, film]) == ({1: "i0"}, {}, [])


def test_an_encrypted_flow_goes_on_as_what_it_is_found_to_be() -> None:
    """It is the flow that makes it the same, not the torrent."""
    before = conduct(1)._replace(kind="encrypted", infohashes=None)

    assert went_on([before], [conduct(1)]) == ({0: "i0"}, {}, [])


def test_the_other_end_of_a_flow_is_another_incident() -> None:
    """Unless its address was a public one that stood for the host."""
    other = ip_address("10.20.0.5")

    assert went_on([conduct(1)], [conduct(1, host=other)]) == ({}, {}, ["i0"])
    assert went_on([conduct(1, host=PUBLIC)], [conduct(1, host=other)]) == ({0: "i0"}, {}, [])


def test_what_was_settled_goes_on() -> None:
    """None of its facts need be known."""
    part = of_earlier_run("i0", conduct(1))

    found = continue_([ongoing(0, conduct(1))], [Seen(conduct(2), (part,), (), ())], lambda _: False)

    assert found.ids[0].id == "i0"


def test_a_fact_that_is_a_part_of_another_leaves_its_incident_to_that() -> None:
    """It shares no number, and is the same host in the same torrent at the same time; later is another."""
    later = conduct(2, first=ONE.conduct.last + 1)._replace(last=ONE.conduct.last + HOURS)

    assert went_on([conduct(1)], [conduct(2)]) == ({0: "i0"}, {}, [])
    assert went_on([conduct(1)], [later]) == ({}, {}, ["i0"])
