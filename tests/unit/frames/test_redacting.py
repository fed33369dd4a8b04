"""What a person is shown holds no credential and steers no terminal."""

from __future__ import annotations

import pytest

from auditor.frames import redacting

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (f"/{KEY}/announce?port=6881&left=0", "/(blanked)/announce?port=6881&left=0"),
        (f"/announce/{KEY}?event=started", "/announce/(blanked)?event=started"),
        (f"/announce.php?passkey={KEY}&uploaded=1", "/announce.php?passkey=(blanked)&uploaded=1"),
        ("/announce?info_hash=%01%ab&key=5F3A&ip=10.0.0.1", "/announce?info_hash=01ab&key=(blanked)&ip=(blanked)"),
        ("/a/short/scrape?uid=7&t=x", "/(blanked)/(blanked)/scrape?uid=(blanked)&t=(blanked)"),
        (f"/download/{KEY}/disc.torrent", "/download/(blanked)/disc.torrent"),
        ("/images/disc.iso", "/images/disc.iso"),
        (f"/rss?{KEY}", "/rss?(blanked)"),
        (f"http://bob:secret@t.example/{KEY}/announce", "http://(blanked)@t.example/(blanked)/announce"),
        (f"http://bob:a@{KEY}@t.example/announce", "http://(blanked)@t.example/announce"),
        (f"http://{KEY}.t.example:80/announce", "http://(blanked)/announce"),
        ("http://[2001:db8::1]:80/announce", "http://[2001:db8::1]:80/announce"),
        (f"/x?{KEY}=1", "/x?(blanked)=(blanked)"),
        ("/announce?peer_id=-qB4520-%1B%5B2J", "/announce?peer_id=-qB4520-%1B%5B2J"),
    ],
)
def test_targets_keep_what_is_bittorrents_own(asked: str, shown: str) -> None:
    """Passkeys stand in paths and in parameters of any name, so only known parameters are shown."""
    assert redacting.target(asked.encode()) == shown


def test_a_request_shows_only_headers_known_to_be_harmless() -> None:
    """Whatever carries a log-in is blanked, and so is any header not thought of."""
    secrets = ("Cookie", "Authorization", "Proxy-Authorization", "X-Api-Key", "Referer")
    lines = "".join(f"{name}: {KEY}\r\n" for name in secrets)
    payload = f"GET /announce HTTP/1.1\r\nHost: t.example\r\nUser-Agent: q\x1b[2J\u202e\r\n{lines}odd line\r\n\r\n{KEY}"

    shown = redacting.http(payload.encode())

    assert shown == [
        "GET /announce HTTP/1.1",
        "Host: t.example",
        "User-Agent: q\\x1b[2J\\u202e",
        *(f"{name}: (blanked)" for name in secrets),
        "(blanked)",
    ]


@pytest.mark.parametrize(
    "host", [f"bob:{KEY}@t.example", f"{KEY}.t.example", f"t:{KEY}", f"t.example/{KEY}", "x" * 300]
)
def test_a_host_that_is_no_plain_name_is_blanked(host: str) -> None:
    """What a client calls the server may hold a log-in, or a member's own name."""
    assert redacting.http(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()) == ["GET / HTTP/1.1", "Host: (blanked)"]


def test_a_response_shows_its_status_and_no_body() -> None:
    """Set-Cookie is a credential too."""
    assert redacting.http(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 3\r\n\r\nabc") == [
        "HTTP/1.1 200",
        "Set-Cookie: (blanked)",
        "Content-Length: 3",
    ]


@pytest.mark.parametrize("payload", [b"", b"USER bob\r\nPASS secret\r\n", b"\x16\x03\x01", b"GET /cut"])
def test_anything_else_is_not_http(payload: bytes) -> None:
    """And is not shown at all."""
    assert redacting.http(payload) is None


def test_text_becomes_one_printable_line() -> None:
    """Escapes are written out, and the end is cut."""
    assert redacting.harmless("a\nb\x9b\u2066é") == "a\\nb\\x9b\\u2066é"
    assert redacting.harmless(b"\xff\xc3\xa9") == "\\xffé"
    assert redacting.harmless("x" * 300) == "x" * 200 + "…"
