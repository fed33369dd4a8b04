"""A frame is told layer by layer, and hostile frames are told as such."""

from __future__ import annotations

import io
from functools import partial

import pytest
from scapy.layers.l2 import ARP, Ether

from auditor.frames.describing import describe
from auditor.frames.reading import Capture
from tests.build import START, End, Frame, bittorrent, capture, handshake, pcap, pcapng, tcp_stream, udp, wrap
from tests.build.tracker import connect_request, http_announce
from tests.build.utp import SYN, packet

CLIENT, SERVER = End("10.20.0.5", 51000), End("198.51.100.7", 6881)
MAC = "52:54:00:12:34:56"
LOOKUP = bittorrent.get_peers(b"n" * 20, b"h" * 20)


def told(frame: Frame, link: int = capture.ETHERNET) -> list[str]:
    """Describe one frame; return the lines."""
    (text,) = describe(Capture(io.BytesIO(pcap([frame], link=link))), [1])
    return text.split("\n")


def test_a_handshake_is_told_from_the_link_layer_up() -> None:
    """The whole text, as a person reads it."""
    frames = tcp_stream(CLIENT, SERVER, [("orig", handshake(b"h" * 20, b"-TR4060-abcdefghijkl"))], vlan=[30])

    assert told(frames[3]) == [
        "frame 1, 2026-11-22T09:00:00.003000000Z, 126 bytes",
        "  Ethernet src=02:00:0a:14:00:05 dst=02:00:c6:33:64:07",
        "  802.1Q vlan=30 prio=0",
        "  IP src=10.20.0.5 dst=198.51.100.7 ttl=64 id=4098 flags=DF frag=0 proto=tcp",
        "  TCP sport=51000 dport=6881 seq=1001 ack=500001 flags=PA window=64240",
        "  payload: BitTorrent handshake, infohash 6868686868686868686868686868686868686868",
        "    peer id 2d5452343036302d6162636465666768696a6b6c (-TR4060-abcdefghijkl)",
        "    offers extensions, DHT, fast",
    ]


@pytest.mark.parametrize(
    ("how", "line"),
    [
        (partial(wrap.vxlan, vni=42), "  VXLAN vni=0x2a"),
        (partial(wrap.gtp, teid=9), "  GTP-U Header teid=9 gtp_type=g_pdu"),
        (partial(wrap.gre, key=7), "  GRE proto=IPv4 key=0x7"),
        (partial(wrap.qinq, outer=100, inner=20), "  802.1Q vlan=20 prio=0"),
        (wrap.mpls, "  MPLS label=17 s=1 ttl=64"),
    ],
)
def test_tunnels_are_opened(how: partial[object], line: str) -> None:
    """With the numbers that name them, down to the datagram."""
    (frame,) = wrap.wrap([udp(CLIENT, SERVER, LOOKUP)], how)

    lines = told(frame)

    assert line in lines
    assert lines[-3] == "  payload: DHT query get_peers"


def test_an_announce_over_http_is_told_without_its_credentials() -> None:
    """One line of what it says, then the request with the passkey and key blanked."""
    announce = http_announce(
        b"h" * 20, b"-TR4060-abcdefghijkl", event="started", left=9, path="/0123456789abcdef/announce"
    )
    frames = tcp_stream(CLIENT, SERVER, [("orig", announce)])

    lines = told(frames[3])

    assert lines[4] == f"  payload: tracker announce, infohash {'68' * 20}, started, downloaded 0, uploaded 0, left 9"
    assert lines[5].startswith("    GET /(blanked)/announce?info_hash=")
    assert "DEADBEEF" not in str(lines)


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        (connect_request(), "  payload: UDP tracker: asks for a connection"),
        (packet(SYN, 700, 1, 0), "  payload: uTP SYN, connection 700, seq 1, ack 0, window 1048576, 0 bytes"),
        (LOOKUP, "  payload: DHT query get_peers"),
    ],
)
def test_what_shares_a_udp_socket_is_told_apart(payload: bytes, line: str) -> None:
    """One port carries the DHT, trackers and uTP."""
    assert line in told(udp(CLIENT, SERVER, payload))


def test_other_link_types_are_known() -> None:
    """The capture's link type decides, not a guess."""
    frame = udp(CLIENT, SERVER, LOOKUP)

    assert told(wrap.wrap([frame], wrap.cooked)[0], capture.SLL)[1].startswith("  cooked linux ")
    assert told(wrap.wrap([frame], wrap.packet)[0], capture.RAW_IP)[1].startswith("  IP src=10.20.0.5")


def test_an_unknown_payload_shows_no_byte() -> None:
    """It may be a password."""
    (frame, *_) = tcp_stream(CLIENT, End("198.51.100.7", 21), [("orig", b"PASS secret\r\n")])[3:]

    assert told(frame)[-1] == "  payload: 13 bytes, not decoded"


def test_a_dns_question_is_told() -> None:
    """With a name that cannot steer the terminal."""
    question = bytes.fromhex("1234 0100 0001 0000 0000 0000") + b"\x05a\x1b[2J\x00" + bytes.fromhex("0001 0001")

    assert told(udp(CLIENT, End("8.8.8.8", 53), question))[-1] == "  DNS Question Record qname=a\\x1b[2J. qtype=A"


def test_a_layer_that_is_not_listed_shows_its_name_alone() -> None:
    """Its fields may be credentials."""
    request = bytes.fromhex("0101 0600") + bytes(232) + bytes.fromhex("63825363") + b"\x0c\x06secret\xff"

    assert told(udp(End("0.0.0.0", 68), End("255.255.255.255", 67), request))[-2:] == ["  BOOTP", "  DHCP options"]  # noqa: S104 - a host without an address yet


def test_a_frame_cut_by_the_snap_length_says_so() -> None:
    """And gives what can be had."""
    content = pcap([udp(CLIENT, SERVER, LOOKUP)], snap_length=40)

    (text,) = describe(Capture(io.BytesIO(content)), [1])

    assert "137 bytes, of which 40 were captured\n  Ethernet" in text


@pytest.mark.parametrize("link", [1, 101, 113, 276, 9, 0, 4242])
@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 60, b"\x45" * 60, b"\x60" + bytes(59)])
def test_no_frame_is_too_odd_to_be_told(link: int, data: bytes) -> None:
    """Garbage gives lines, never an exception."""
    assert told(Frame(START, data), link)[0].startswith("frame 1, ")


def test_layers_without_end_are_cut() -> None:
    """A stack of tags cannot fill a screen."""
    lines = told(Frame(START, bytes(12) + b"\x81\x00\x00\x01" * 400 + b"\x08\x00"))

    assert len(lines) < 30


def test_times_follow_the_interface_and_simple_packets_the_frame_before() -> None:
    """As the engine counts them."""
    content = pcapng([Frame(START, b"a" * 60)], resolution=6) + capture.simple(Frame(0, b"b" * 60))

    texts = describe(Capture(io.BytesIO(content)), [2, 1])

    assert [text.split(",")[1] for text in texts] == [" 2026-11-22T09:00:00.000000000Z"] * 2


def test_a_broken_capture_says_where_its_frames_end() -> None:
    """A number beyond is not there, and why."""
    content = pcap([udp(CLIENT, SERVER, LOOKUP)] * 2)[:-1]

    assert describe(Capture(io.BytesIO(content)), [2]) == ["frame 2: not there, the capture breaks off after 1 frames"]


def test_a_time_beyond_the_calendar_is_still_told() -> None:
    """A capture can claim any time."""
    assert told(Frame(2**32 * 10**9 - 1, b""))[0].startswith("frame 1, 2106-02-07T06:28:15.999999999Z")
    (text,) = describe(Capture(io.BytesIO(pcapng([Frame(2**63, b"")], resolution=3))), [1])
    assert "T" in text or "ns after the epoch" in text


def test_devices_are_named_only_where_people_are() -> None:
    """A MAC address is blanked in every layer that has one; what else the layer says stays."""
    frames = [
        *tcp_stream(CLIENT, SERVER, [("orig", handshake(b"h" * 20, b"-TR4060-abcdefghijkl"))], vlan=[30])[:1],
        Frame(2, bytes(Ether(src=MAC, dst=MAC) / ARP(hwsrc=MAC, psrc="10.20.0.5", hwdst=MAC, pdst="10.20.0.1"))),
    ]

    texts = describe(Capture(io.BytesIO(pcap(frames))), [1, 2], devices=False)

    assert "src=(blanked) dst=(blanked)" in texts[0]
    assert "psrc=10.20.0.5" in texts[1]
    assert all(MAC not in text and "02:00:0a" not in text for text in texts)
