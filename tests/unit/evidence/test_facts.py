"""Tests of facts as parts of records."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import get_args

from auditor.evidence.canonical import canonical
from auditor.evidence.facts import IDENTIFYING, MAX_TARGETS, activity_parts, parts
from auditor.model import fact as facts
from auditor.model.activity import ToldAddress
from auditor.model.fact import Extended, Fact, Handshake, PortMapping, TorrentFile, TrackerAnnounce, TrackerAnswer
from tests.build.sighting import FILM, NINE, activity, target

V6 = ip_address("2001:db8::5")
EXAMPLES: list[Fact] = [
    Handshake(FILM, b"-qB4520-abcdefghijkl", bytes(8)),
    Extended(b"\x1b[31mSecret", 6881, ip_address("10.0.0.1"), V6, 5, None, True, {"ut_pex": 3}),
    TrackerAnnounce(
        FILM, b"-qB4520-abcdefghijkl", 6881, facts.Claim("started", 0, 0, 1), facts.Claim("", 1, 2, None), False, True,
        TrackerAnswer(1800, 1, 2, 50, False), "tracker.secret.example",
    ),
    facts.TrackerScrape((FILM,), True, "tracker.secret.example"),
    TorrentFile(FILM, None, b"Secret Film", False),
    PortMapping("tcp", (ip_address("10.0.0.1"), 6881), 6881, 3600, "Secret", True),
    facts.AllowedFast(FILM, (7, 8)),
    facts.Messages(1, 16384, {"piece": 1}, False),
    facts.ExternalAddress(V6, 7, "tracker"),
]  # fmt: skip


def test_every_kind_says_what_identifies() -> None:
    """A detector that sees something new must say so before it is kept."""
    assert set(IDENTIFYING) == set(get_args(Fact))
    assert all(hidden <= set(kind._fields) for kind, hidden in IDENTIFYING.items())


def test_bodies_identify_nobody() -> None:
    """No address, port, name or peer id, and everything that counts; all of it is canonical."""
    for fact in EXAMPLES:
        body, identifying = parts(fact)

        text = canonical(body).decode() + canonical(identifying).decode()
        assert "\x1b" not in text
        for secret in ("10.0.0.1", "2001:db8::5", "6881", "Secret", "secret", b"abcdefghijkl".hex()):
            assert secret not in canonical(body).decode(), fact
        assert set(body) | set(identifying) == {"kind", *fact._fields}


def test_words() -> None:
    """As they stand in the model."""
    body, identifying = parts(EXAMPLES[2])

    assert body["kind"] == "tracker_announce"
    assert body["infohash"] == str(FILM)
    assert body["first"] == {"event": "started", "downloaded": 0, "uploaded": 0, "left": 1}
    assert body["answer"] == {"interval": 1800, "complete": 1, "incomplete": 2, "peers": 50, "failed": False}
    assert identifying == {
        "peer_id": b"-qB4520-abcdefghijkl".hex(), "port": 6881, "host": "tracker.secret.example",
    }  # fmt: skip


def test_an_activity() -> None:
    """Its torrents may stay and are capped; the host and what others told it stand apart."""
    told = ToldAddress(V6, 6881, 3, NINE, NINE, ((0, 1),))
    seen = activity("10.40.0.9", announced=[target()] * (MAX_TARGETS + 3), looked_up=[target()], told=[told])

    body, identifying = activity_parts(seen)

    assert isinstance(body["announced"], list)
    assert len(body["announced"]) == MAX_TARGETS
    assert body["left_out"] == 3
    assert "10.40.0.9" not in json.dumps(body)
    assert "2001:db8" not in json.dumps(body)
    assert identifying["host"] == "10.40.0.9"
    assert canonical(body)
    assert canonical(identifying)
