"""A torrent's identity."""

from __future__ import annotations

import pytest

from auditor.model.infohash import Infohash

V1 = "416dc518fa482e72c6d2b9913f658b63aa1350f2"
V2 = "eb7fd3a573e835a6644cf939e601dd74e4e00301916078d1de42242090d3712b"


@pytest.mark.parametrize("text", [V1, V2])
def test_an_infohash_is_written_as_it_was_read(text: str) -> None:
    """40 or 64 hexadecimal digits."""
    assert str(Infohash.from_hex(text)) == text
    assert Infohash.from_hex(text.upper()) == Infohash.from_hex(text)


def test_on_the_wire_a_v2_infohash_has_twenty_bytes() -> None:
    """Handshakes and the DHT have no room for more (BEP 52)."""
    assert str(Infohash.from_hex(V2).wire) == V2[:40]
    assert Infohash.from_hex(V1).wire == Infohash.from_hex(V1)


@pytest.mark.parametrize("text", ["", V1[:-1], V1 + "00", "g" * 40])
def test_anything_else_is_refused(text: str) -> None:
    """A length or a digit that does not fit is a mistake of whoever wrote it."""
    with pytest.raises(ValueError, match=r"hexadecimal"):
        Infohash.from_hex(text)


def test_bytes_of_another_length_are_refused() -> None:
    """There are 20 or 32."""
    with pytest.raises(ValueError, match="20 or 32 bytes, not 19"):
        Infohash(bytes(19))
