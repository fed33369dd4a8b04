"""What detectors see."""

from __future__ import annotations

from ipaddress import ip_address

from auditor.model.fact import (
    ExternalAddress,
    Fact,
    GatewaySearch,
    Handshake,
    LocalAnnounce,
    Name,
    PortMapping,
    SslTorrent,
    names,
    supports,
)
from auditor.model.infohash import Infohash


def test_the_upgrade_bit_of_a_handshake_says_hybrid() -> None:
    """BEP 52: the last byte of the reserved ones, 0x10."""
    infohash = Infohash(bytes(20))

    assert Handshake(infohash, b"", bytes.fromhex("0000000000100015")).offers_upgrade
    assert not Handshake(infohash, b"", bytes.fromhex("0000000000100005")).offers_upgrade


def test_what_says_nothing_by_itself_is_told_apart() -> None:
    """The engine drops it where nothing is beside it; what a tracker or the network is told stands by itself."""
    address, film = ip_address("203.0.113.40"), Infohash(bytes(20))
    mapping = PortMapping("tcp", None, 6881, 0, None, granted=False)

    weak: list[Fact] = [
        ExternalAddress(address, None, "gateway"),
        mapping,
        GatewaySearch("BiglyBT"),
        SslTorrent(film, True),
    ]
    assert all(supports(fact) for fact in (*weak, Name("dht.libtorrent.org", "bootstrap", "dns", answered=False)))
    assert not any(supports(fact) for fact in (ExternalAddress(address, None, "tracker"), LocalAnnounce(film, 6881)))


def test_forty_digits_asked_for_over_tls_are_no_name_of_a_torrent() -> None:
    """Anybody may ask for them; an announce names its torrent."""
    film = Infohash(bytes(20))

    assert (names(SslTorrent(film, answered=True)), names(LocalAnnounce(film, 6881))) == ((), (film,))
