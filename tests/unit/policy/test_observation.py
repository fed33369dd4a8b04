"""Conducts as people write them down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.policy.observation import Observation, goes_on, is_about

if TYPE_CHECKING:
    from auditor.model.incident import Conduct

V1, V2 = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a", "ab" * 32


def _conduct(**told: object) -> Conduct:
    return Observation.model_validate({"host": "10.20.0.5", "at": "2026-11-22T11:00:00Z", **told}).conduct()


@pytest.mark.parametrize(
    ("kind", "usual"),
    [
        ("swarm", (Participation.TRANSFERRED, Confidence.CONFIRMED, ("bt.handshake", "bt.messages"))),
        ("dht", (Participation.PRESENT, Confidence.CONFIRMED, ("bt.dht",))),
        ("encrypted", (Participation.TRANSFERRED, Confidence.LIKELY, ("bt.mse",))),
    ],
)
def test_what_is_left_out_is_as_usual(kind: str, usual: tuple[object, ...]) -> None:
    """For its kind; a moment, no torrent, no amount."""
    conduct = _conduct(kind=kind)
    assert (conduct.participation, conduct.confidence, conduct.detectors) == usual
    assert conduct.first == conduct.last == 1_795_345_200 * 10**9
    assert (conduct.infohashes, conduct.amount_basis) == (None, AmountBasis.NONE)


def test_everything_that_a_rule_asks_can_be_told() -> None:
    """In the words of the policy."""
    conduct = _conduct(
        duration="30m",
        detectors="bt.pex",
        confidence="likely",
        participation="connected",
        infohash=V2,
        inferred=True,
        torrent_name="an image",
        private=True,
        downloaded="1 MiB",
        port="6881-6882",
        remote_port=51413,
        client="Transmission 3.00",
        tracker="192.0.2.1",
        swarm_size=7,
        vlan=40,
        mac="52-54-00-12-34-56",
        vantage="office",
    )
    assert conduct.last - conduct.first == 30 * 60 * 10**9
    assert (conduct.confidence, conduct.participation) == (Confidence.LIKELY, Participation.CONNECTED)
    assert conduct.infohashes is not None
    assert conduct.infohashes.wire == (Infohash.from_hex(V2).wire,)
    assert (conduct.infohashes.v2, conduct.infohashes.basis) == (Infohash.from_hex(V2), Basis.INFERRED)
    assert (conduct.downloaded, conduct.amount_basis) == (2**20, AmountBasis.PIECES)
    assert (conduct.ports, conduct.remote_ports, conduct.vlan) == ((6881, 6882), (51413,), (40,))
    assert (conduct.mac, conduct.vantage, conduct.swarm_size) == ("52:54:00:12:34:56", "office", 7)
    assert (conduct.torrent_name, conduct.private) == ("an image", True)
    assert (conduct.clients, conduct.trackers) == (("Transmission 3.00",), (("192.0.2.1",),))


def test_an_amount_may_rest_on_nothing() -> None:
    """What is said goes before what is usual, the weakest too."""
    assert _conduct(uploaded=5, amount_basis="none").amount_basis is AmountBasis.NONE


def test_a_time_to_the_second_means_all_of_it() -> None:
    """Whoever copies it from a result finds what it was copied from."""
    conduct = _conduct(at="2026-11-22T11:00:00.9Z", duration="1m")
    second = 10**9
    assert goes_on(conduct, 1_795_345_200 * second)
    assert goes_on(conduct, 1_795_345_260 * second)
    assert not goes_on(conduct, 1_795_345_199 * second)
    assert not goes_on(conduct, 1_795_345_261 * second)


def test_a_torrent_is_known_by_any_of_its_names() -> None:
    """On the wire, v1 or v2; a conduct without any is about none."""
    conduct = _conduct(kind="encrypted", infohash=(V1, V2))
    assert is_about(conduct, Infohash.from_hex(V1))
    assert is_about(conduct, Infohash.from_hex(V2))
    assert not is_about(conduct, Infohash.from_hex("00" * 20))
    assert not is_about(_conduct(), Infohash.from_hex(V1))
