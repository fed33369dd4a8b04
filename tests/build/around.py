"""What stands around BitTorrent: local announces (BEP 14), DNS, TLS hellos, gateways, SOCKS and HTTP proxies."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from tests.build.frames import End

if TYPE_CHECKING:
    from collections.abc import Sequence

LSD_GROUP = End("239.192.152.143", 6771)
SSDP_GROUP = End("239.255.255.250", 1900)


def lsd(port: int, infohashes: Sequence[bytes], cookie: str = "0123abcd") -> bytes:
    """Announce torrents to the local network."""
    torrents = "".join(f"Infohash: {infohash.hex()}\r\n" for infohash in infohashes)
    head = f"BT-SEARCH * HTTP/1.1\r\nHost: {LSD_GROUP.ip}:{LSD_GROUP.port}\r\nPort: {port}\r\n"
    return f"{head}{torrents}cookie: {cookie}\r\n\r\n\r\n".encode()


def dns_query(name: str, tid: int = 1) -> bytes:
    """Ask for an address."""
    return struct.pack("!HHHHHH", tid, 0x0100, 1, 0, 0, 0) + _question(name)


def dns_reply(name: str, address: str, tid: int = 1) -> bytes:
    """Answer with one address."""
    record = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 300, 4, IPv4Address(address).packed)
    return struct.pack("!HHHHHH", tid, 0x8180, 1, 1, 0, 0) + _question(name) + record


def client_hello(name: str) -> bytes:
    """Begin TLS with the server of that name (RFC 8446 §4.1.2, RFC 6066 §3)."""
    host = _sized(2, b"\x00" + _sized(2, name.encode()))
    extensions = struct.pack("!H", 0) + _sized(2, host)
    body = b"\x03\x03" + b"\x77" * 32 + _sized(1, b"\x05" * 32) + _sized(2, b"\x13\x01\x13\x02") + _sized(1, b"\x00")
    return b"\x16\x03\x01" + _sized(2, b"\x01" + _sized(3, body + _sized(2, extensions)))


def natpmp_address() -> bytes:
    """Ask a gateway for its address outside (RFC 6886 §3.2)."""
    return b"\x00\x00"


def natpmp_address_reply(address: str) -> bytes:
    """Tell it."""
    return struct.pack("!BBHI4s", 0, 128, 0, 9, IPv4Address(address).packed)


def natpmp_map(internal: int, external: int, lifetime: int = 3600) -> bytes:
    """Ask a gateway to open a TCP port (RFC 6886 §3.3)."""
    return struct.pack("!BBHHHI", 0, 2, 0, internal, external, lifetime)


def natpmp_map_reply(internal: int, external: int, lifetime: int = 3600) -> bytes:
    """Open it."""
    return struct.pack("!BBHIHHI", 0, 130, 0, 9, internal, external, lifetime)


def soap(action: str, arguments: str = "", host: str = "10.20.0.1") -> bytes:
    """Call a gateway over UPnP."""
    service = "urn:schemas-upnp-org:service:WANIPConnection:1"
    body = f'<s:Envelope><s:Body><u:{action} xmlns:u="{service}">{arguments}</u:{action}></s:Body></s:Envelope>'
    head = f'POST /ctl/IPConn HTTP/1.1\r\nHost: {host}:5000\r\nSOAPAction: "{service}#{action}"\r\n'
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


def soap_reply(action: str, arguments: str = "") -> bytes:
    """Answer a call."""
    body = f"<s:Envelope><s:Body><u:{action}Response>{arguments}</u:{action}Response></s:Body></s:Envelope>"
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def add_port_mapping(client: str, internal: int, external: int, description: str) -> bytes:
    """Ask a gateway over UPnP to open a TCP port."""
    return soap(
        "AddPortMapping",
        f"<NewRemoteHost></NewRemoteHost><NewExternalPort>{external}</NewExternalPort><NewProtocol>TCP</NewProtocol>"
        f"<NewInternalPort>{internal}</NewInternalPort><NewInternalClient>{client}</NewInternalClient>"
        f"<NewEnabled>1</NewEnabled><NewPortMappingDescription>{description}</NewPortMappingDescription>"
        "<NewLeaseDuration>3600</NewLeaseDuration>",
    )


def socks5(to: End, user: str, password: str) -> tuple[bytes, bytes, bytes]:
    """Return what a client says to a SOCKS proxy before its own stream: greeting, log-in (RFC 1929), request."""
    login = b"\x01" + _sized(1, user.encode()) + _sized(1, password.encode())
    return b"\x05\x01\x02", login, b"\x05\x01\x00\x01" + to.packed + struct.pack("!H", to.port)


SOCKS5_REPLIES = (b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01" + bytes(6))
"""What the proxy says to each of them (RFC 1928 §3, §6)."""


def connect(to: End, credentials: str) -> bytes:
    """Ask an HTTP proxy for a tunnel (RFC 9110 §9.3.6)."""
    where = f"{to.ip}:{to.port}"
    return f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\nProxy-Authorization: Basic {credentials}\r\n\r\n".encode()


CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def _question(name: str) -> bytes:
    labels = b"".join(_sized(1, label.encode()) for label in name.split("."))
    return labels + b"\x00" + struct.pack("!HH", 1, 1)


def _sized(width: int, data: bytes) -> bytes:
    """Put the length of ``data`` before it, in so many bytes."""
    return len(data).to_bytes(width, "big") + data
