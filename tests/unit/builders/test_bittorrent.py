"""The payloads that tests are built on are those of the specifications."""

from __future__ import annotations

from tests.build import bittorrent

NODE, TARGET = b"abcdefghij0123456789", b"mnopqrstuvwxyz123456"


def test_a_handshake_is_the_bytes_that_libtorrent_sent() -> None:
    """The vector was captured from a real client."""
    made = bittorrent.handshake(bytes.fromhex("99951e0d6c0f881b1f3166e9a7699f5d5d51a9c7"), b"-LT2110-abcdefghijkl")

    assert made.hex().startswith(
        "13426974546f7272656e742070726f746f636f6c000000000010000599951e0d6c0f881b1f3166e9a7699f5d5d51a9c72d4c54323131302d"
    )
    assert len(made) == 68


def test_a_v2_infohash_is_cut_to_what_the_wire_carries() -> None:
    """BEP 52: the first 20 bytes of the SHA-256."""
    assert bittorrent.handshake(bytes(range(32)), NODE)[28:48] == bytes(range(20))


def test_messages_carry_their_length() -> None:
    """BEP 3: the length counts the id and the payload."""
    assert bittorrent.message(bittorrent.UNCHOKE) == bytes.fromhex("0000000101")
    assert bittorrent.request(1, 0) == bytes.fromhex("0000000d06 00000001 00000000 00004000")
    assert bittorrent.piece(2, 3, b"hi") == bytes.fromhex("0000000b07 00000002 00000003 6869")


def test_datagrams_are_those_of_bep_5() -> None:
    """The examples that the specification gives."""
    assert bittorrent.ping(NODE) == b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"
    assert bittorrent.find_node(NODE, TARGET) == (
        b"d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe"
    )
    assert bittorrent.get_peers(NODE, TARGET) == (
        b"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe"
    )
    assert bittorrent.announce_peer(NODE, TARGET, 6881, b"aoeusnth") == (
        b"d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz123456"
        b"4:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe"
    )
    assert bittorrent.krpc_reply({b"id": TARGET}) == b"d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re"
    assert bittorrent.krpc_error() == b"d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee"


def test_keys_can_be_left_unsorted() -> None:
    """Some clients do not sort; tests must be able to speak as they do."""
    assert bittorrent.bencode({b"y": b"q", b"a": [1, b"x"]}, sort=False) == b"d1:y1:q1:ali1e1:xee"
    assert bittorrent.bencode({b"y": b"q", b"a": [1, b"x"]}) == b"d1:ali1e1:xe1:y1:qe"
