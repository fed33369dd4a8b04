"""What a client and its proxy say before the client's own stream: SOCKS4 and 4a, SOCKS5 (RFC 1928, 1929), CONNECT."""

from __future__ import annotations

import struct
from base64 import b64encode
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.build.frames import Side

Turns = list[tuple["Side", bytes]]


def socks4(ip: str, port: int, user: bytes = b"") -> Turns:
    """Ask a SOCKS4 proxy for a connection, and get it."""
    return [("orig", b"\x04\x01" + _address(ip, port) + user + b"\0"), ("resp", b"\0\x5a" + bytes(6))]


def socks4a(host: bytes, port: int, user: bytes = b"") -> Turns:
    """Ask a SOCKS4a proxy for a connection to a name."""
    asked = b"\x04\x01" + _address("0.0.0.1", port) + user + b"\0" + host + b"\0"
    return [("orig", asked), ("resp", b"\0\x5a" + bytes(6))]


def socks5(ip: str, port: int, login: tuple[bytes, bytes] | None = None) -> Turns:
    """Ask a SOCKS5 proxy for a connection, with or without a user's name and password."""
    turns: Turns = [
        ("orig", b"\x05\x01\x02" if login else b"\x05\x01\0"),
        ("resp", b"\x05\x02" if login else b"\x05\0"),
    ]
    if login:
        user, password = login
        turns.append(("orig", bytes([1, len(user)]) + user + bytes([len(password)]) + password))
        turns.append(("resp", b"\x01\0"))
    wanted = IPv4Address(ip).packed + struct.pack("!H", port)
    return [*turns, ("orig", b"\x05\x01\0\x01" + wanted), ("resp", b"\x05\0\0\x01" + bytes(6))]


def connect(ip: str, port: int, login: tuple[bytes, bytes] | None = None) -> Turns:
    """Ask an HTTP proxy for a tunnel (RFC 9110 §9.3.6)."""
    place = f"{ip}:{port}".encode()
    said = b"Proxy-Authorization: Basic " + b64encode(b":".join(login)) + b"\r\n" if login else b""
    asked = b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (place, place, said)
    return [("orig", asked), ("resp", b"HTTP/1.1 200 Connection established\r\n\r\n")]


def _address(ip: str, port: int) -> bytes:
    return struct.pack("!H", port) + IPv4Address(ip).packed
