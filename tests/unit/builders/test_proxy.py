"""What clients and proxies say, as the specifications lay it out."""

from __future__ import annotations

from tests.build.proxy import connect, socks4, socks4a, socks5


def test_socks4_asks_for_an_address_and_4a_for_a_name() -> None:
    """The port comes first, the user's name ends with a zero."""
    assert socks4("192.0.2.1", 6881, b"eve")[0] == ("orig", b"\x04\x01\x1a\xe1\xc0\0\x02\x01eve\0")
    assert socks4a(b"host", 6881)[0] == ("orig", b"\x04\x01\x1a\xe1\0\0\0\x01\0host\0")


def test_socks5_logs_in_where_it_has_to() -> None:
    """RFC 1929: version 1, name and password with their lengths."""
    said = [data for side, data in socks5("192.0.2.1", 6881, (b"eve", b"sesame")) if side == "orig"]

    assert said == [b"\x05\x01\x02", b"\x01\x03eve\x06sesame", b"\x05\x01\0\x01\xc0\0\x02\x01\x1a\xe1"]
    assert socks5("192.0.2.1", 6881)[:2] == [("orig", b"\x05\x01\0"), ("resp", b"\x05\0")]


def test_connect_names_host_and_port() -> None:
    """The log-in is in base64."""
    (_, asked), (_, answered) = connect("192.0.2.1", 6881, (b"eve", b"sesame"))

    assert asked.startswith(b"CONNECT 192.0.2.1:6881 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic ZXZlOnNlc2FtZQ==\r\n" in asked
    assert answered.startswith(b"HTTP/1.1 200 ")
