"""What detectors see."""

from __future__ import annotations

from auditor.model.fact import Handshake
from auditor.model.infohash import Infohash


def test_the_upgrade_bit_of_a_handshake_says_hybrid() -> None:
    """BEP 52: the last byte of the reserved ones, 0x10."""
    infohash = Infohash(bytes(20))

    assert Handshake(infohash, b"", bytes.fromhex("0000000000100015")).offers_upgrade
    assert not Handshake(infohash, b"", bytes.fromhex("0000000000100005")).offers_upgrade
