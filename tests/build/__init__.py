"""Frames and captures for tests, written like the conversation they carry.

A test that needs a capture says who spoke with whom and what was said::

    client, server = End("10.20.0.5", 51000), End("198.51.100.7", 6881)
    hello, answer = handshake(infohash, b"-qB4520-aaaaaaaaaaaa"), handshake(infohash, b"-TR4060-bbbbbbbbbbbb")
    frames = tcp_stream(client, server, [("orig", hello), ("resp", answer), ("resp", piece(0, 0, bytes(16384)))])
    write_pcapng(tmp_path / "talk.pcapng", frames)

`frames` packs Ethernet, IP, TCP and UDP with plain ``struct`` (some 100,000 frames a second), `bittorrent`, `encrypted`
and `trackers` make the payloads, `capture` the files, and `wrap` puts frames into tunnels and other link layers through
Scapy.
"""

from tests.build.bittorrent import (
    KEEPALIVE,
    announce_peer,
    bencode,
    find_node,
    get_peers,
    handshake,
    krpc_error,
    krpc_query,
    krpc_reply,
    message,
    peers_reply,
    piece,
    ping,
    request,
)
from tests.build.capture import pcap, pcapng, write_pcap, write_pcapng
from tests.build.encrypted import obfuscated
from tests.build.frames import START, Conversation, End, Frame, tcp_stream, udp, udp_exchange
from tests.build.trackers import announced

__all__ = [
    "KEEPALIVE",
    "START",
    "Conversation",
    "End",
    "Frame",
    "announce_peer",
    "announced",
    "bencode",
    "find_node",
    "get_peers",
    "handshake",
    "krpc_error",
    "krpc_query",
    "krpc_reply",
    "message",
    "obfuscated",
    "pcap",
    "pcapng",
    "peers_reply",
    "piece",
    "ping",
    "request",
    "tcp_stream",
    "udp",
    "udp_exchange",
    "write_pcap",
    "write_pcapng",
]
