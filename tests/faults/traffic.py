"""Captures for sensors under test: contractors that share one torrent, each with an incident of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.moment import MINUTE, NANOSECONDS
from tests.build import End, handshake, message, piece, tcp_stream
from tests.build.capture import pcapng

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.build.frames import Frame

START = 1_795_338_000 * NANOSECONDS
"""2026-11-22 09:00:00 UTC."""
TORRENT = b"\xaa" * 20


def sharing(minute: int, number: int = 0) -> list[Frame]:
    """A contractor that gives a piece to a peer, so many minutes after the start."""
    host, peer = End(f"10.30.{number // 250}.{1 + number % 250}", 50_000 + minute), End("198.51.100.7", 6881)
    hello, answer = handshake(TORRENT, b"-qB4520-aaaaaaaaaaaa"), handshake(TORRENT, b"-TR4060-bbbbbbbbbbbb")
    given = message(1) + piece(0, 0, bytes(16384))
    turns = [("orig", hello), ("resp", answer + message(2)), ("orig", given)]
    return tcp_stream(host, peer, turns, start=START + minute * MINUTE)  # type: ignore[arg-type]


def capture(folder: Path, name: str, *frames: Iterable[Frame]) -> str:
    """Write a capture."""
    path = folder / name
    path.write_bytes(pcapng([frame for some in frames for frame in some]))
    return str(path)


def office(folder: Path, hosts: int = 60) -> str:
    """Write an hour in which each of so many contractors shares something, one after the other."""
    return capture(folder, "office.pcapng", *(sharing(number * 60 // hosts, number) for number in range(hosts)))
