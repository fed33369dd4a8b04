"""A live watch on a real wire: what it sees does not depend on how many workers share the work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sensor.kernel_filter import compile_filter
from tests.build import End, find_node, handshake, krpc_reply, piece, request, tcp_stream, udp_exchange, write_pcap
from tests.build.frames import Frame
from tests.build.wrap import fragments, geneve, gre, gtp, ip_in_ip, mpls, pppoe, qinq, vxlan, wrap
from tests.lab.watching import of_capture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


pytestmark = pytest.mark.lab

ROOT = Path(__file__).parent.parent.parent
SHAPES: tuple[Callable[[Any], Any], ...] = (vxlan, geneve, gtp, partial(gre, key=7), mpls, qinq, pppoe, ip_in_ip)


@pytest.fixture(autouse=True)
def namespaces() -> None:
    """Skip where there can be none."""
    if os.geteuid() or shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs root, unshare and ip")


def watching(*arguments: str) -> Any:  # noqa: ANN401 - what the program prints
    """What the program prints that watches a wire of its own."""
    command = ["unshare", "--net", sys.executable, "-m", "tests.lab.watching", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def watched(capture: Path, workers: int, *more: str) -> dict[str, Any]:
    """What so many workers see of a capture that is sent over a wire of its own."""
    seen: dict[str, Any] = watching(str(capture), str(workers), *more)
    return seen


def download(host: int, port: int, vlan: Sequence[int] = ()) -> list[Frame]:
    """A piece goes to an inside host."""
    inside, peer = End(f"10.20.0.{host}", 50_000 + host), End("198.51.100.7", port)
    infohash = bytes([host]) * 20
    turns: list[Any] = [
        ("orig", handshake(infohash, b"-qB4520-aaaaaaaaaaaa")),
        ("resp", handshake(infohash, b"-TR4060-bbbbbbbbbbbb")),
        ("orig", request(0, 0, 3000)),
        ("resp", piece(0, 0, bytes(3000))),
    ]
    return tcp_stream(inside, peer, turns, vlan=vlan)


def lookup(host: int, port: int) -> list[Frame]:
    """A query of the DHT, answered at length."""
    node, other = bytes([host]) * 20, b"o" * 20
    turns: list[Any] = [
        ("orig", find_node(node, other)),
        ("resp", krpc_reply({b"id": other, b"nodes": bytes(26 * 30)})),
    ]
    return udp_exchange(End(f"10.20.0.{host}", port), End(f"198.51.100.{host}", 6881), turns)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Connections in the open, under tags and in tunnels, and datagrams in fragments."""
    frames: list[Frame] = []
    for host in range(1, 13):
        frames += download(host, 6881) + download(host, 6882, vlan=(30,))
        for number, shape in enumerate(SHAPES):
            frames += wrap(download(host, 7000 + number), shape)
        query, reply = lookup(host, 40_000 + host)
        frames += [query, *reversed(fragments(reply, 400)), *wrap(lookup(host, 41_000), vxlan)]
    return write_pcap(tmp_path_factory.mktemp("watch") / "wire.pcap", frames)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_sees_what_an_audit_sees(capture: Path, workers: int) -> None:
    """Tunnels, tags and fragments included; nothing is lost, and nothing handed on that need not be."""
    expected, seen = of_capture(str(capture)), watched(capture, workers)

    assert seen["interfaces"] == [{"frames": seen["sent"], "lost": 0, "discarded": {}, "openings": 1}]
    for part in ("flows", "activities", "bindings", "totals"):
        assert seen[part] == json.loads(json.dumps(expected[part])), part
    assert len(seen["flows"]) == 12 * (2 + len(SHAPES))
    assert (seen["handed_on"] > 0) == (workers > 1)


def test_the_kernel_spreads_plain_frames_as_the_engines_share_them(tmp_path: Path) -> None:
    """Each comes to the worker that has its flow, under a tag or none."""
    frames = [frame for host in range(1, 60) for frame in download(host, 6881, vlan=((30,), (), (100, 20))[host % 3])]
    plain = write_pcap(tmp_path / "plain.pcap", frames)

    seen = watched(plain, 3)

    assert (len(seen["flows"]), seen["handed_on"]) == (59, 0)


def test_a_filter_is_applied_by_the_kernel(tmp_path: Path) -> None:
    """What it leaves out is not even counted."""
    frames = download(1, 6881) + download(2, 443)
    mixed = write_pcap(tmp_path / "mixed.pcap", frames)

    seen = watched(mixed, 2, json.dumps(compile_filter("not tcp port 443")))

    assert len(seen["flows"]) == 1
    assert seen["interfaces"][0]["frames"] == len(download(1, 6881))


def test_an_interface_that_goes_away_is_told_of_and_watched_again_when_it_is_back(tmp_path: Path) -> None:
    """Down, renamed, deleted; each time it is opened anew within seconds, and counts on."""
    capture = write_pcap(tmp_path / "a.pcap", download(1, 6881))
    told = watching(str(capture), "faults")
    sent = 0
    for openings, (away, back) in enumerate(zip([None, *told[1::2]], told[::2], strict=True), 1):
        sent += back["sent"]
        assert (back["is_open"], back["error"], back["openings"]) == (True, None, openings), back
        assert (back["frames"], back["lost"]) == (sent, 0), back
        if away is not None:
            assert not away["is_open"]
    assert [entry["error"] for entry in told[1::2]] == [
        "the interface wire1 is down",
        "there is no interface named wire1",
        "there is no interface named wire1",
    ]
    assert {entry["later"] for entry in told} == {"there is no interface named later0"}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_tap_with_an_interface_for_each_direction_is_read_as_one(tmp_path: Path, workers: int) -> None:
    """Frames are taken in by their times, whichever interface they come by."""
    frames = [frame for host in range(1, 30) for frame in download(host, 6881)]
    capture = write_pcap(tmp_path / "a.pcap", frames)

    seen = watching(str(capture), "parted", str(workers))

    expected = json.loads(json.dumps(of_capture(str(capture))))
    assert (seen["flows"], seen["totals"]) == (expected["flows"], expected["totals"])
    there, back = seen["interfaces"]
    assert there["frames"] > 0
    assert there["frames"] + back["frames"] == len(frames)


def test_captures_are_played_onto_an_interface(tmp_path: Path) -> None:
    """What is too long for it is left out."""
    frames = download(1, 6881)
    long = Frame(frames[0].time, bytes(12) + b"\x08\x00" + bytes(9001))
    capture = write_pcap(tmp_path / "a.pcap", [*frames, long])

    seen = watching(str(capture), "played")

    assert seen["sent"] == 2 * len(frames)
    assert seen["interfaces"] == [{"frames": seen["sent"], "lost": 0, "discarded": {}, "openings": 1}]
    assert len(seen["flows"]) == 1, "the same sequence numbers once more are the same connection"
