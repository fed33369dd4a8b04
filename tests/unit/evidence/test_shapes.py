"""Tests of incidents and flows as parts of records."""

from __future__ import annotations

from auditor.evidence.canonical import canonical
from auditor.evidence.shapes import attribution_parts, conduct_parts, flow_parts, judgement_json
from tests.build.evidence import incident
from tests.build.sighting import EMPLOYEE, FILM, OUTSIDER, connection, tie

SECRETS = ("10.40.0.9", "52:54:00", "51000", "6881", "p-0123", "ecret", "198.51.100.1", "dhcpd")


def test_a_conduct() -> None:
    """What counts and judges may stay; who and what it was stands apart; nothing is lost."""
    conduct = incident().conduct

    body, identifying = conduct_parts(conduct)

    assert not any(secret in canonical(body).decode() for secret in SECRETS)
    assert set(conduct._fields) - set(body) - set(identifying) == {"flows", "activities"}
    assert body["verified"] == {"downloaded": 800, "uploaded": 0, "wrong": 16, "files": [[0, 800, 0]]}
    assert identifying["torrent_name"] == "The Secret Film"
    assert canonical(identifying)


def test_an_attribution() -> None:
    """Groups may stay; subjects, sources, lines and reasons stand apart."""
    body, identifying = attribution_parts(incident().attribution)

    assert body == {"group": "guests", "status": "ambiguous", "clock": "measured", "candidates": ["guests"]}
    assert set(identifying) == {"subject", "source", "lines", "candidates"}


def test_a_judgement() -> None:
    """In the words of results."""
    assert judgement_json(incident().judgement) == {
        "verdict": "violation",
        "rule": "no-sharing",
        "severity": "high",
        "reason": "File sharing is not allowed",
        "lapsed": ["waiver"],
    }


def test_a_flow() -> None:
    """Its ends, peer ids and the hash over its addresses stand apart."""
    flow = connection(EMPLOYEE, OUTSIDER, FILM, down=16384)._replace(ties=(tie(FILM),), minutes=((1, 2, 3),))

    body, identifying = flow_parts(flow)

    text = canonical(body).decode()
    assert not any(secret in text for secret in (EMPLOYEE, OUTSIDER, "51000", "6881", flow.community_id))
    assert body["infohashes"] == [{"wire": str(FILM), "basis": "read"}]
    assert body["minutes"] == [[1, 2, 3]]
    assert identifying["orig"] == {"ip": EMPLOYEE, "port": 51000, "mac": None}
    assert identifying["community_id"] == flow.community_id
    assert canonical(identifying)
