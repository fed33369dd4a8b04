"""The oracle is right about captures made by hand, so that it may judge the engine."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.build import (
    End,
    Frame,
    announce_peer,
    capture,
    get_peers,
    handshake,
    krpc_error,
    krpc_reply,
    message,
    piece,
    ping,
    tcp_stream,
    udp,
    udp_exchange,
    wrap,
    write_pcap,
    write_pcapng,
)
from tests.oracle import Facts, Handshake, Node, Pieces, observe
from tests.oracle.packets import Way

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scapy.packet import Packet

    from tests.build.frames import Side

CLIENT, SERVER = End("10.20.0.5", 51000), End("198.51.100.7", 6881)
CLIENT6, SERVER6 = End("2001:db8::5", 51000), End("2001:db8:1::7", 6881)
INFOHASH, LEECH, SEED, NODE = b"h" * 20, b"-qB4520-aaaaaaaaaaaa", b"-TR4060-bbbbbbbbbbbb", b"n" * 20
OTHER = b"o" * 20
HELLO, ANSWER = handshake(INFOHASH, LEECH), handshake(INFOHASH, SEED)
UP, DOWN = Way(CLIENT.ip, 51000, SERVER.ip, 6881), Way(SERVER.ip, 6881, CLIENT.ip, 51000)
BOTH = {Handshake(*UP, INFOHASH.hex(), LEECH.hex()), Handshake(*DOWN, INFOHASH.hex(), SEED.hex())}


@pytest.fixture
def facts_of(tmp_path: Path) -> Callable[..., Facts]:
    """Put frames into a capture and ask the oracle."""

    def ask(frames: list[Frame], link: int = capture.ETHERNET) -> Facts:
        return observe(write_pcapng(tmp_path / "capture.pcapng", frames, link))

    return ask


def swarm(mss: int = 1460, seq: tuple[int, int] = (1, 1), vlan: tuple[int, ...] = ()) -> list[Frame]:
    """Make a connection in which the client gets two pieces, 16384 and 100 bytes, and gives one of 7."""
    given = piece(0, 0, bytes(16384)) + message(4, bytes(4)) + piece(1, 0, bytes(100))
    turns = [("orig", HELLO), ("resp", ANSWER), ("orig", message(2) + piece(9, 0, b"x" * 7)), ("resp", given)]
    return tcp_stream(CLIENT, SERVER, turns, mss=mss, seq=seq, vlan=vlan)  # type: ignore[arg-type]


AMOUNTS = {UP: Pieces(1, 7, 0, partial=False), DOWN: Pieces(2, 16484, 0, partial=False)}


@pytest.mark.parametrize("mss", [17, 67, 68, 1460])
def test_handshakes_and_pieces_are_found_however_they_are_cut(facts_of: Callable[..., Facts], mss: int) -> None:
    """Segments mean nothing to the peers."""
    facts = facts_of(swarm(mss))

    assert facts.handshakes == BOTH
    assert facts.pieces == AMOUNTS


def test_order_and_repetition_do_not_matter(facts_of: Callable[..., Facts]) -> None:
    """Nor does a sequence number that wraps."""
    frames = swarm(mss=100, seq=(2**32 - 30, 2**32 - 3000))
    opening, rest = frames[:3], frames[3:]

    facts = facts_of(opening + rest[::-1] + rest[5:9])

    assert facts.handshakes == BOTH
    assert facts.pieces == AMOUNTS


def test_a_hole_makes_the_amounts_lower_bounds(facts_of: Callable[..., Facts]) -> None:
    """What stands before it counts."""
    frames = swarm(mss=1000)
    lost = next(at for at, frame in enumerate(frames) if len(frame.data) > 1000)

    facts = facts_of(frames[: lost + 2] + frames[lost + 3 :])

    assert facts.pieces[DOWN] == Pieces(0, 0, 2000 - 13, partial=True)
    assert facts.pieces[UP] == AMOUNTS[UP]


def test_a_connection_seen_from_its_middle_has_no_handshake(facts_of: Callable[..., Facts]) -> None:
    """Only offset 0 of a direction proves one."""
    frames = swarm()

    assert facts_of(frames[5:]).handshakes == {handshake for handshake in BOTH if handshake.src == SERVER.ip}


def test_a_port_used_again_is_another_connection(facts_of: Callable[..., Facts]) -> None:
    """Its handshake is found too, and its pieces are added."""
    other = tcp_stream(CLIENT, SERVER, [("orig", handshake(b"o" * 20, LEECH) + piece(0, 0, b"abc"))], seq=(9000, 9000))

    facts = facts_of(swarm() + other)

    assert facts.handshakes == BOTH | {Handshake(*UP, (b"o" * 20).hex(), LEECH.hex())}
    assert facts.pieces[UP] == Pieces(2, 10, 0, partial=False)


@pytest.mark.parametrize(
    ("said", "answered", "is_one"),
    [
        (HELLO, ANSWER, True),
        (HELLO + message(2), b"", True),
        (HELLO + message(2), message(1), True),
        (HELLO, handshake(b"o" * 20, SEED, bytes(7) + b"\x10"), True),
        (HELLO + b"and so on", b"", False),
        (HELLO + message(2), b"250 OK\r\n", False),
        (HELLO, b"HTTP/1.1 200 OK\r\n", False),
    ],
)
def test_a_handshake_that_may_not_be_the_beginning_may_be_refuted(
    facts_of: Callable[..., Facts], said: bytes, answered: bytes, *, is_one: bool
) -> None:
    """By what follows it, or by what the other end says."""
    turns: list[tuple[Side, bytes]] = [("orig", said), ("resp", answered)]
    whole = tcp_stream(CLIENT, SERVER, turns)

    found = [
        Handshake(*UP, INFOHASH.hex(), LEECH.hex()) in facts_of(frames).handshakes for frames in (whole, whole[3:])
    ]

    assert found == [True, is_one]


@pytest.mark.parametrize("data", [HELLO[:67], b"\x12" + HELLO[1:], b"GET " + HELLO, bytes(100)])
def test_nothing_else_is_a_handshake(facts_of: Callable[..., Facts], data: bytes) -> None:
    """Not its beginning, not the words elsewhere."""
    assert facts_of(tcp_stream(CLIENT, SERVER, [("orig", data)])) == Facts(frozenset(), {}, {})


def test_a_length_that_no_client_sends_ends_the_count(facts_of: Callable[..., Facts]) -> None:
    """And says so."""
    turns = HELLO + piece(0, 0, b"abc") + b"\xff\xff\xff\xff\x07"

    assert facts_of(tcp_stream(CLIENT, SERVER, [("orig", turns)])).pieces == {UP: Pieces(1, 3, 0, partial=True)}


@pytest.mark.parametrize(
    ("how", "link"),
    [
        (wrap.packet, capture.RAW_IP),
        (wrap.cooked, capture.SLL),
        (wrap.cooked2, capture.SLL2),
        (wrap.vxlan, capture.ETHERNET),
    ],
)
@pytest.mark.parametrize(("client", "server"), [(CLIENT, SERVER), (CLIENT6, SERVER6)], ids=["IPv4", "IPv6"])
def test_link_layers_and_addresses_do_not_matter(
    facts_of: Callable[..., Facts], how: Callable[[Packet], Packet], link: int, client: End, server: End
) -> None:
    """Scapy decodes them."""
    frames = [*tcp_stream(client, server, [("orig", HELLO)]), udp(client, server, ping(NODE))]

    facts = facts_of(wrap.wrap(frames, how), link)

    assert facts.handshakes == {Handshake(client.ip, 51000, server.ip, 6881, INFOHASH.hex(), LEECH.hex())}
    assert set(facts.dht) == {(client.ip, 51000), (server.ip, 6881)}


def test_tags_and_padding_do_not_matter(facts_of: Callable[..., Facts]) -> None:
    """A short frame is padded to 60 bytes by its network card, which is not payload."""
    padded = [Frame(frame.time, frame.data.ljust(60, b"\x7f")) for frame in swarm(mss=3, vlan=(10,))]

    assert facts_of(padded).handshakes == BOTH


def test_the_dht_is_told_by_host(facts_of: Callable[..., Facts]) -> None:
    """Who asked what of whom, and which infohashes each named itself."""
    frames = udp_exchange(
        CLIENT,
        SERVER,
        [
            ("orig", ping(NODE)),
            ("resp", krpc_reply({b"id": OTHER})),
            ("orig", get_peers(NODE, INFOHASH)),
            ("orig", announce_peer(NODE, b"a" * 20, 6881, b"token")),
            ("resp", krpc_error()),
            ("resp", get_peers(OTHER, b"r" * 20)),
        ],
    )

    facts = facts_of(frames)

    client, server = (CLIENT.ip, 51000), (SERVER.ip, 6881)
    queries = Counter({"ping": 1, "get_peers": 1, "announce_peer": 1})
    assert facts.dht == {
        client: Node(
            queries,
            Counter({"get_peers": 1}),
            replies_in=1,
            errors_in=1,
            announced={(b"a" * 20).hex()},
            looked_up={INFOHASH.hex()},
            partners={server},
        ),
        server: Node(
            Counter({"get_peers": 1}),
            queries,
            replies_out=1,
            errors_out=1,
            looked_up={(b"r" * 20).hex()},
            partners={client},
        ),
    }


def test_what_comes_back_under_the_askers_id_is_nobodys_word(facts_of: Callable[..., Facts]) -> None:
    """It is an echo."""
    asked = [(side, data) for data in (get_peers(NODE, INFOHASH), ping(OTHER)) for side in ("orig", "resp")]

    facts = facts_of(udp_exchange(CLIENT, SERVER, asked))  # type: ignore[arg-type]

    queries, client, server = Counter({"get_peers": 1, "ping": 1}), (CLIENT.ip, 51000), (SERVER.ip, 6881)
    looked_up = {INFOHASH.hex()}
    assert facts.dht == {
        client: Node(queries, looked_up=looked_up, partners={server}),
        server: Node(queries_in=queries, partners={client}),
    }


def test_a_dht_node_on_the_port_of_dns_is_found(facts_of: Callable[..., Facts]) -> None:
    """Whatever Scapy would make of it."""
    assert facts_of([udp(CLIENT, End("198.51.100.7", 53), ping(NODE))]).dht


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"d",
        b"de",
        ping(NODE) + b"x",
        ping(NODE)[:-1],
        ping(b"short"),
        ping(NODE).replace(b"1:t2:aa", b""),
        b"d1:y1:q1:t1:ae",
        b"d1:t1:a1:yi1ee",
        b"d1:t1:a1:y1:e1:ei1ee",
        b"l" * 5000,
        b"d1:t1:a1:y1:r1:rd2:id-20:" + NODE + b"ee",
    ],
)
def test_no_other_datagram_is_of_the_dht(facts_of: Callable[..., Facts], payload: bytes) -> None:
    """Cut, extended, without transaction, kind or id."""
    assert facts_of([udp(CLIENT, SERVER, payload)]).dht == {}


def test_what_an_icmp_error_quotes_was_not_sent(facts_of: Callable[..., Facts]) -> None:
    """A host that is told of another's datagram did not speak."""
    from scapy.layers.inet import ICMP, IP  # noqa: PLC0415 - for this test alone
    from scapy.layers.l2 import Ether  # noqa: PLC0415

    quoted = udp(CLIENT, SERVER, ping(NODE))
    error = Ether() / IP(src=SERVER.ip, dst=CLIENT.ip) / ICMP(type=3, code=3) / quoted.data[14:]

    assert facts_of([Frame(quoted.time, bytes(error))]).dht == {}


def test_pcap_and_gzip_are_read_too(tmp_path: Path) -> None:
    """Samples may be either."""
    assert observe(write_pcap(tmp_path / "a.pcap.gz", swarm())).handshakes == BOTH
