"""The frames that tests are built on are what Scapy reads them to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether

from tests.build import START, Conversation, End, tcp_stream, udp, udp_exchange

if TYPE_CHECKING:
    from scapy.packet import Packet

    from tests.build import Frame

CLIENT, SERVER = End("10.20.0.5", 51000), End("198.51.100.7", 6881)
CLIENT6, SERVER6 = End("2001:db8::5", 51000), End("2001:db8:1::7", 6881)


@pytest.mark.parametrize(("client", "server"), [(CLIENT, SERVER), (CLIENT6, SERVER6)], ids=["IPv4", "IPv6"])
def test_every_checksum_is_what_scapy_computes(client: End, server: End) -> None:
    """Headers rebuilt by Scapy, with lengths and checksums its own, are the same bytes."""
    frames = tcp_stream(client, server, [("orig", b"odd"), ("resp", b"even"), ("orig", b"\xff" * 1460)])
    frames.append(udp(client, server, b"odd"))
    for frame in frames:
        packet = Ether(frame.data)
        for layer in (IP, TCP, UDP):
            if layer in packet:
                del packet[layer].chksum
        if IP in packet:
            del packet[IP].len
        assert bytes(packet) == frame.data


def test_a_stream_is_opened_spoken_and_closed() -> None:
    """Flags and numbers follow RFC 793: SYN and FIN take one number each, acknowledgements point behind the data."""
    frames = tcp_stream(CLIENT, SERVER, [("orig", b"a" * 2000), ("resp", b"bb")], seq=(100, 900))

    seen = [(p[TCP].sport, str(p[TCP].flags), p[TCP].seq, p[TCP].ack, len(p[TCP].payload)) for p in _read(frames)]

    assert seen == [
        (51000, "S", 100, 0, 0),
        (6881, "SA", 900, 101, 0),
        (51000, "A", 101, 901, 0),
        (51000, "PA", 101, 901, 1460),
        (51000, "PA", 1561, 901, 540),
        (6881, "A", 901, 2101, 0),
        (6881, "PA", 901, 2101, 2),
        (51000, "A", 2101, 903, 0),
        (51000, "FA", 2101, 903, 0),
        (6881, "FA", 903, 2102, 0),
        (51000, "A", 2102, 904, 0),
    ]
    assert [frame.time for frame in frames] == [START + 1_000_000 * at for at in range(11)]


def test_sequence_numbers_wrap() -> None:
    """A connection may begin just below 2**32."""
    frames = tcp_stream(CLIENT, SERVER, [("orig", b"abcdef")], seq=(2**32 - 3, 0))

    assert [p[TCP].seq for p in _read(frames) if p[TCP].sport == 51000] == [2**32 - 3, 2**32 - 2, 2**32 - 2, 4, 5]


def test_lost_bytes_leave_a_hole() -> None:
    """What the tap missed moves the numbers and makes no frame."""
    talk = Conversation(CLIENT, SERVER, seq=(0, 0))
    talk.send("orig", b"abc", acknowledged=False)
    talk.lose("orig", b"de")
    talk.pause(5)
    talk.send("orig", b"f", acknowledged=False)
    talk.reset("resp")

    packets = _read(talk.frames)

    assert [(p[TCP].seq, p[TCP].ack) for p in packets] == [(0, 0), (5, 0), (0, 6)]
    assert "R" in str(packets[-1][TCP].flags)
    assert talk.frames[1].time == START + 1_000_000 + 5


def test_tags_stand_in_the_order_given() -> None:
    """One tag is 802.1Q; of two the outer is 802.1ad."""
    (single,) = _read([udp(CLIENT, SERVER, b"x", vlan=[30])])
    (double,) = _read([udp(CLIENT6, SERVER6, b"x", vlan=[100, 30])])

    assert (single[Dot1Q].vlan, single[UDP].load) == (30, b"x")
    assert (double[Dot1AD].vlan, double[Dot1Q].vlan, double[IPv6].nh) == (100, 30, 17)


def test_the_ends_keep_their_macs() -> None:
    """A MAC is made up from the address unless it is given."""
    (frame,) = _read([udp(CLIENT, End("198.51.100.7", 53, mac="52:54:00:12:34:56"), b"x")])

    assert (frame.src, frame.dst) == ("02:00:0a:14:00:05", "52:54:00:12:34:56")


def test_datagrams_go_to_and_fro() -> None:
    """An exchange is one datagram a turn, in time."""
    frames = udp_exchange(CLIENT, SERVER, [("orig", b"q"), ("resp", b"r")], gap=7)

    assert [(p[UDP].sport, p[UDP].load) for p in _read(frames)] == [(51000, b"q"), (6881, b"r")]
    assert [frame.time for frame in frames] == [START, START + 7]


def test_families_do_not_mix() -> None:
    """A slip in a test is told at once, not found in a decoder."""
    with pytest.raises(ValueError, match="not of one address family"):
        udp(CLIENT, SERVER6, b"x")


def _read(frames: list[Frame]) -> list[Packet]:
    return [Ether(frame.data) for frame in frames]
