#!/usr/bin/env python3
"""Writes first inputs for what stands around BitTorrent: local announces, port mappings, DNS, TLS and proxies.

As seeds.py: ``PYTHONPATH=. auditor/native/fuzz/seeds_around.py``, then ``run minimise``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from seeds import INFOHASH, PEERS, write

from tests.build import handshake

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines(*texts: str) -> bytes:
    """Write a head as HTTP and its kin do."""
    return "".join(f"{text}\r\n" for text in (*texts, "")).encode()


def announces() -> Iterator[bytes]:
    """Announce torrents to the local network."""
    start, host = "BT-SEARCH * HTTP/1.1", "Host: 239.192.152.143:6771"
    torrents = [f"Infohash: {digit * 40}" for digit in "aB"]
    yield lines(start, host, "Port: 6881", torrents[0], "cookie: 5ec7e7") + b"\r\n"
    yield lines(start, "port:51413", "Infohash: short", *torrents)


def mappings() -> Iterator[bytes]:
    """Ask a gateway for ports, and answer."""
    yield bytes([0, 0])
    yield bytes([0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 7])
    yield struct.pack(">BBHHHI", 0, 2, 0, 6881, 51413, 3600)
    yield struct.pack(">BBHIHHI", 0, 130, 0, 9, 6881, 51413, 3600)
    mapping = bytes([0x11] * 12) + struct.pack(">B3xHH16s", 17, 6881, 51413, bytes(16))
    yield (
        struct.pack(">BBHI16s", 2, 1, 0, 7200, bytes(16))
        + mapping
        + bytes([3, 0, 0, 1, 9, 0, 0, 0, 1, 0, 0, 16] + [7] * 16)
    )
    yield struct.pack(">BBxBII12x", 2, 0x81, 0, 7200, 9) + mapping
    gateway = "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
    yield lines("M-SEARCH * HTTP/1.1", f"ST: {gateway}", 'MAN: "ssdp:discover"', "USER-AGENT: BiglyBT")
    service = "urn:schemas-upnp-org:service:WANIPConnection:1"
    yield lines("POST /ctl HTTP/1.1", f'SOAPAction: "{service}#AddPortMapping"', "Content-Length: 0")
    asked = (
        "<NewExternalPort>1</NewExternalPort><NewProtocol>TCP</NewProtocol><NewInternalPort a='>'>1</NewInternalPort>"
    )
    names = "<NewInternalClient>10.20.0.5</NewInternalClient><NewPortMappingDescription>x</NewPortMappingDescription>"
    told = "<NewExternalIPAddress>203.0.113.7</NewExternalIPAddress><NewLeaseDuration>0</NewLeaseDuration><!-- a -->"
    for call in (
        f"<u:AddPortMapping>{asked}{names}</u:AddPortMapping>",
        f"<GetExternalIPAddressResponse/>{told}",
        "<Fault/>",
    ):
        yield f'<?xml version="1.0"?><s:Envelope><s:Body>{call}</s:Body></s:Envelope>'.encode()


def questions() -> Iterator[bytes]:
    """Look up names, listed and not."""
    for name in (
        "router.bittorrent.com",
        "I-29.b-1.ut.bench.utorrent.com",
        "www.example.org",
        "_x._sub._bittorrent._tcp.local",
    ):
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        for flags in (0x0100, 0x8183):
            yield struct.pack(">HHHHHH", 7, flags, 1, 0, 0, 0) + labels + struct.pack(">xHH", 1, 1)


def hellos() -> Iterator[bytes]:
    """Ask for TLS servers, in one record and in two."""
    for name in (b"tracker.openwebtorrent.com", b"a" * 40, b""):
        listed = struct.pack(">HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name if name else b""
        extensions = bytes([0xDA, 0xDA, 0, 0]) + listed + bytes([0, 11, 0, 2, 1, 0])
        body = bytes([3, 3, *[7] * 32, 2, 5, 5, 0, 2, 0x13, 1, 1, 0]) + struct.pack(">H", len(extensions)) + extensions
        sent = bytes([1, 0]) + struct.pack(">H", len(body)) + body
        yield struct.pack(">BHH", 22, 0x0301, len(sent)) + sent
        yield (
            struct.pack(">BHH", 22, 0x0301, 50)
            + sent[:50]
            + struct.pack(">BHH", 22, 0x0301, len(sent) - 50)
            + sent[50:]
        )


def proxied() -> Iterator[bytes]:
    """Speak with a proxy, then with a peer: how many bytes the client sent, then both directions."""
    hello = handshake(INFOHASH, PEERS[0])
    target = bytes([1, 192, 0, 2, 1, 0x1A, 0xE1])
    granted = bytes([5, 0, 0, 1, *[0] * 6])
    for client, proxy in (
        (bytes([5, 1, 0, 5, 1, 0]) + target, bytes([5, 0]) + granted),
        (bytes([5, 2, 0, 2, 1, 1, 117, 1, 112, 5, 1, 0, 3, 1, 104, 0, 80]), bytes([5, 2, 1, 0]) + granted),
        (bytes([4, 1, 0, 80, 0, 0, 0, 1, 117, 0, 104, 0]), bytes([0, 90, *[0] * 6])),
    ):
        yield bytes([len(client + hello)]) + client + hello + proxy + hello
        yield b"\0" + client
        yield b"\0" + proxy


if __name__ == "__main__":
    write("lsd", [*announces()])
    write("portmap", [*mappings()])
    write("dns", [*questions()])
    write("tls", [*hellos()])
    write("socks", [*proxied()])
