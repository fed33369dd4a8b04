"""Tests of values as JSON."""

from __future__ import annotations

import json

from auditor.model import shaping
from auditor.model.attribution import Attribution, Candidate
from auditor.model.fact import Claim, Magnet
from auditor.model.identity import Offset
from auditor.model.incident import Claimed, Infohashes
from auditor.model.scale import Basis, Confidence
from tests.build.sighting import EMPLOYEE, FILM, NINE, OUTSIDER, connection, flow, observation, tie, tied


def test_what_is_not_known_is_null() -> None:
    """Never left out, and never a number that would say something."""
    assert shaping.moment_json(None) is None
    assert shaping.infohashes_json(None) is None
    assert shaping.claimed_json(None) is None
    unknown = shaping.clock_json(Offset("unknown"))
    assert (unknown["offset_seconds"], unknown["margin_seconds"]) == (None, None)


def test_values() -> None:
    """In the words of results; all of it is JSON."""
    told = Claimed(Claim("started", 0, 0, 9), Claim("", 1, 2, None), completed=True)
    held = Attribution(
        "guests", "attributed", "p-1", "network", (Candidate("guests", None, "network", "why"),), ("x:1",)
    )

    values = {
        "moment": shaping.moment_json(NINE),
        "infohashes": shaping.infohashes_json(Infohashes((FILM,), FILM, None, Basis.READ)),
        "claimed": shaping.claimed_json(told),
        "clock": shaping.clock_json(Offset("measured", 1_500_000_000, 0, 3)),
        "attribution": shaping.attribution_json(held),
        "peers": shaping.peers_json(connection(EMPLOYEE, OUTSIDER)),
        "tie": shaping.tie_json(tie(FILM)),
    }

    assert json.loads(json.dumps(values)) == values
    assert values["claimed"] == {
        "downloaded": 1, "uploaded": 2, "left": None, "completed": True,
        "first": {"downloaded": 0, "uploaded": 0, "left": 9},
    }  # fmt: skip
    assert values["attribution"] is not None
    assert values["attribution"]["candidates"][0]["reason"] == "why"  # type: ignore[call-overload, index] # it is there


def test_a_link_in_a_page_makes_no_flow_sure() -> None:
    """Anybody may link to a torrent."""
    page = flow(EMPLOYEE, OUTSIDER, [observation("bt.torrent_file", "resp", Magnet(FILM, None, "page"))])

    assert shaping.flow_confidence(page) is Confidence.SUSPECTED
    assert shaping.flow_confidence(connection(EMPLOYEE, OUTSIDER)) is Confidence.CONFIRMED


def test_what_was_read_stands_before_what_was_inferred() -> None:
    """Each torrent once."""
    both = connection(EMPLOYEE, OUTSIDER, FILM)._replace(ties=(tie(FILM),))

    assert shaping.named_json(both) == [{"wire": str(FILM), "basis": "read"}]
    assert shaping.named_json(tied(EMPLOYEE, OUTSIDER, tie(FILM))) == [{"wire": str(FILM), "basis": "inferred"}]
