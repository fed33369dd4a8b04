"""Trackers' datagrams and HTTP announces in words."""

from __future__ import annotations

import pytest

from auditor.frames import tracker
from tests.build.tracker import (
    announce_reply,
    announce_request,
    connect_reply,
    connect_request,
    http_announce,
    scrape_request,
)

TORRENT, PEER_ID = bytes([0xAA] * 20), b"-qB4520-abcdefghijkl"


def test_an_announce_is_told_with_its_claims_and_without_its_key() -> None:
    """The key and BEP 41's options may be credentials."""
    request = announce_request(7, TORRENT, PEER_ID, downloaded=5, left=6, uploaded=7, event=2, key=0xDEADBEEF)

    lines = tracker.datagram(request + b"\x02\x0f/announce/hush!!")

    assert lines == [
        f"UDP tracker: announces infohash {TORRENT.hex()}, started",
        f"peer id {PEER_ID.hex()} (-qB4520-abcdefghijkl), port 6881",
        "claims downloaded 5, uploaded 7, left 6 bytes",
        "options (blanked)",
    ]
    assert "hush" not in str(lines)
    assert "deadbeef" not in str(lines)


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        (connect_request(), "UDP tracker: asks for a connection"),
        (connect_reply(7), "UDP tracker: gives a connection"),
        (announce_reply([("192.0.2.1", 6881)]), "UDP tracker: answers an announce, again in 1800 s"),
        (scrape_request(7, [TORRENT]), f"UDP tracker: asks for the numbers of {TORRENT.hex()}"),
        (bytes.fromhex("00000002 00000001") + bytes(24), "UDP tracker: gives the numbers of 2 torrents"),
        (bytes.fromhex("00000003 00000001") + b"passkey hush", "UDP tracker: refuses, text (blanked)"),
    ],
)
def test_each_kind_of_datagram_is_a_line(payload: bytes, line: str) -> None:
    """What a tracker refuses with may repeat a passkey, so its text is blanked."""
    lines = tracker.datagram(payload)

    assert lines is not None
    assert lines[0] == line


@pytest.mark.parametrize("payload", [b"", bytes(7), b"\x12\x34\x01\x00\x00\x01" + bytes(20), b"d1:ad2:ide1:y1:qe"])
def test_other_datagrams_are_none(payload: bytes) -> None:
    """DNS is no tracker."""
    assert tracker.datagram(payload) is None


def test_an_http_announce_is_one_line_without_credentials() -> None:
    """Only what BEP 3 defines and is known to be harmless."""
    line = tracker.http_announce(http_announce(TORRENT, PEER_ID, event="started", left=9, path="/hush/announce"))

    assert line == f"tracker announce, infohash {TORRENT.hex()}, started, downloaded 0, uploaded 0, left 9"


@pytest.mark.parametrize(
    "payload", [b"GET / HTTP/1.1\r\n", b"GET /?info_hash=a&peer_id=b HTTP/1.1\r\n", b"POST /?a=b HTTP/1.1\r\n"]
)
def test_other_requests_are_no_announce(payload: bytes) -> None:
    """A request needs an infohash and a peer id."""
    assert tracker.http_announce(payload) is None
