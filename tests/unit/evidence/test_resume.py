"""Tests of what earlier runs left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.evidence.recorder import Recorder
from auditor.evidence.resume import IDLE, left_open
from auditor.model.standing import Gravest, Noted, Past
from tests.build.evidence import MAKER, change, incident
from tests.build.sighting import HOURS, NINE

if TYPE_CHECKING:
    from auditor.evidence.store import Store

LAST = incident().conduct.last


def test_an_open_incident_goes_on(store: Store) -> None:
    """As it was, but for what numbers of flows and frames of the earlier run would mean."""
    now = incident()
    grave = change(now).gravest
    milder = now._replace(judgement=now.judgement._replace(rule="milder"))
    made = Recorder(run=MAKER, sensor="office")
    store.append(made.of_change(change(now)))
    store.append(made.of_change(change(milder, now)._replace(gravest=grave)))

    left = left_open(store, LAST + HOURS)

    [resumed] = left.resumed
    assert resumed.gravest == grave == Gravest(now.judgement, now.conduct.first, "ab" * 32)
    assert resumed.noted == (Noted("no-sharing", "often"),)
    claimed = milder.conduct.claimed
    assert claimed is not None
    first = claimed.first._replace(event="")
    verified = milder.conduct.verified
    assert verified is not None
    assert resumed.incident == milder._replace(
        conduct=milder.conduct._replace(
            flows=(),
            activities=(),
            frames=(),
            claimed=claimed._replace(first=first),
            verified=verified._replace(torrent=-1),
        )
    )


def test_what_is_over_does_not(store: Store) -> None:
    """Because it was said, or because six hours have passed; rules that ask how often may know of it still."""
    one, other = incident(1), incident(2)
    made = Recorder(run=MAKER, sensor="office")
    store.append([*made.of_change(change(one, is_over=True)), *made.of_change(change(other))])

    left = left_open(store, LAST + HOURS, since=NINE)
    later = left_open(store, LAST + IDLE + HOURS, since=NINE)
    no_more = left_open(store, LAST + IDLE + HOURS, since=NINE + 1)

    assert [resumed.incident.id for resumed in left.resumed] == [other.id]
    conduct = one.conduct
    assert left.past == (
        Past(one.id, "default", conduct.host, (40,), "p-0123456789", NINE, (Noted("no-sharing", "often"),)),
    )
    assert later.resumed == ()
    assert {past.id for past in later.past} == {one.id, other.id}
    assert no_more == ((), ())
