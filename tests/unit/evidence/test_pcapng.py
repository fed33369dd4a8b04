"""Tests of slices as captures."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from auditor.evidence.pcapng import MAX_SLICE, MAX_SLICES, capture, together
from tests.build.evidence import frame
from tests.build.frames import End, ethernet, ip_packet, udp_datagram
from tests.build.sighting import NINE

if TYPE_CHECKING:
    from pathlib import Path

CLIENT, SERVER = End("10.20.0.5", 51000), End("198.51.100.7", 6881)


def tshark(path: Path, *fields: str) -> list[list[str]]:
    """Return fields of each frame as Wireshark's dissectors see them."""
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is missing: install Debian's package tshark")
    told = [word for field in fields for word in ("-e", field)]
    ended = subprocess.run(
        [program, "-n", "-r", path, "-T", "json", *told], capture_output=True, text=True, check=False, env={"HOME": "/"}
    )
    assert ended.returncode == 0, ended.stderr
    layers = [each["_source"]["layers"] for each in json.loads(ended.stdout)]
    return [[",".join(each.get(field, [])) for field in fields] for each in layers]


def test_wireshark_opens_it(tmp_path: Path) -> None:
    """With link types, lengths, nanoseconds and order as they were; of several captures, each frame once."""
    packet = ip_packet(CLIENT, SERVER, 17, udp_datagram(CLIENT, SERVER, b"d1:q4:pinge"))
    slices = [
        frame(2, data=packet, link=101)._replace(wire_len=len(packet)),
        frame(1, data=ethernet(CLIENT, SERVER, packet)),
    ]
    path = tmp_path / "slices.pcapng"

    path.write_bytes(together([capture([frame(3, data=packet, link=101), slices[0]]), capture(slices)]))

    fields = tshark(path, "frame.time_epoch", "frame.cap_len", "frame.len", "udp.srcport")
    seconds = NINE // 10**9
    assert fields == [
        [f"{seconds}.000000001", str(14 + len(packet)), "1400", str(CLIENT.port)],
        [f"{seconds}.000000002", str(len(packet)), str(len(packet)), str(CLIENT.port)],
        [f"{seconds}.000000003", str(len(packet)), "1400", str(CLIENT.port)],
    ]


def test_nothing_is_a_capture_too(tmp_path: Path) -> None:
    """Of no frames: it opens, and is empty."""
    path = tmp_path / "empty.pcapng"
    path.write_bytes(together([]))

    assert tshark(path, "frame.len") == []


def test_it_is_capped() -> None:
    """In frames, and in bytes of each."""
    slices = [frame(number, data=b"x" * 9000) for number in range(200)]

    written = capture(slices)

    assert written.count(b"x" * MAX_SLICE) == MAX_SLICES
    assert b"x" * (MAX_SLICE + 1) not in written
    assert written == capture(reversed(slices))
