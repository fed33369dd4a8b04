"""Talk that looks random."""

from __future__ import annotations

from tests.build.encrypted import UNTELLING, obfuscated


def test_flights_alternate_and_have_their_lengths() -> None:
    """The initiator begins; the same seed gives the same bytes."""
    turns = obfuscated(1)

    assert [(side, len(data)) for side, data in turns] == [
        ("orig", 200),
        ("resp", 300),
        ("orig", 90),
        ("resp", 40),
        ("orig", 68),
    ]
    assert obfuscated(1, UNTELLING) == turns[:4]
    assert obfuscated(2) != turns
