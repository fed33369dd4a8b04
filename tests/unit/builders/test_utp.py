"""uTP packets as BEP 29 lays them out."""

from __future__ import annotations

from tests.build.utp import DATA, SELECTIVE_ACK, SYN, packet, utp_stream


def test_a_packet_has_type_version_id_and_numbers() -> None:
    """Numbers wrap at 16 bits."""
    made = packet(DATA, 7, 2**16 + 5, -1, b"hi")

    assert made.hex() == "010000070000000000000000001000000005ffff" + b"hi".hex()
    assert packet(SYN, 7, 1, 0)[:2].hex() == "4100"


def test_extensions_are_a_chain_before_the_payload() -> None:
    """The header names the first, each the next, and none has the number 0."""
    made = packet(DATA, 7, 1, 1, b"hi", [(SELECTIVE_ACK, b"abcd"), (3, b"xy")])

    assert made[1] == SELECTIVE_ACK
    assert made[20:] == b"\x03\x04abcd\x00\x02xyhi"


def test_the_answer_takes_no_number() -> None:
    """What it shows is the number of the responder's first packet; the initiator sends with the next id."""
    syn, answer, data, _, reply, *_ = [datagram for _, datagram in utp_stream(9, [("orig", b"a"), ("resp", b"b")])]

    assert (syn[2:4], answer[2:4], data[2:4]) == (b"\0\x09", b"\0\x09", b"\0\x0a")
    assert reply[16:18] == answer[16:18]
