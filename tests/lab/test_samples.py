"""The shipped samples hold what their truth says, by a look at the bytes that shares no code with the product."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
import subprocess
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.lab.readme import listing

FOLDER = Path(__file__).parents[2] / "samples"
TRUTHS = sorted(FOLDER.glob("*.truth.json"))
HANDSHAKE = b"\x13BitTorrent protocol"
LIMIT, LIMIT_TOGETHER = 5_000_000, 20_000_000


def content(capture: Path) -> bytes:
    """Return a capture's bytes, decompressed."""
    if capture.suffix == ".gz":
        return gzip.decompress(capture.read_bytes())
    if capture.suffix == ".zst":
        if not shutil.which("zstd"):
            pytest.skip("needs the Debian package zstd")
        return subprocess.run(["zstd", "-dc", str(capture)], check=True, capture_output=True).stdout
    return capture.read_bytes()


def spoken(data: bytes, source: str, target: str) -> list[bytes]:
    """Return the stretches of a capture that follow an IP header from ``source`` to ``target``."""
    ends = ip_address(source).packed + ip_address(target).packed
    return data.split(ends)[1:]


def handshakes(data: bytes, source: str, target: str) -> set[str]:
    """Return the infohashes of the handshakes that begin a segment from ``source`` to ``target``."""
    found = set()
    for stretch in spoken(data, source, target):
        header = 4 * (stretch[12] >> 4)
        if stretch[header:].startswith(HANDSHAKE):
            found.add(stretch[header + 28 : header + 48].hex())
    return found


def truth_of(path: Path) -> dict[str, Any]:
    """Read one truth."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_samples_are_small() -> None:
    """No file is over 5 MB, and all together stay under 20 MB."""
    sizes = [file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()]

    assert max(sizes) <= LIMIT
    assert sum(sizes) <= LIMIT_TOGETHER


def test_readme_lists_the_samples() -> None:
    """The list in the README is the one that the truths give."""
    assert listing(FOLDER) in (FOLDER / "README.md").read_text()


def test_every_capture_has_its_truth() -> None:
    """A capture without truth, or a truth without capture, is a mistake of whoever committed it."""
    captures = {file.name for file in FOLDER.glob("*.pcap*")}

    assert captures == {truth_of(path)["sample"] for path in TRUTHS}


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.name.partition(".")[0])
def test_handshakes_are_on_the_wire(path: Path) -> None:
    """Each handshake that the laboratory knows of is there in plaintext, from whom it says and from no one else."""
    truth = truth_of(path)
    data = content(FOLDER / truth["sample"])
    wire = {name: set(torrent["wire"]) for torrent in truth["torrents"] for name in torrent["wire"]}

    for entry in truth["handshakes"]:
        ways = {"host": (entry["host"], entry["remote"]), "remote": (entry["remote"], entry["host"])}
        for sender, (source, target) in ways.items():
            found = handshakes(data, source, target)
            assert bool(found & wire[entry["infohash"]]) == (sender in entry["sent_by"]), (sender, entry)


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.name.partition(".")[0])
def test_dht_queries_are_on_the_wire(path: Path) -> None:
    """Each DHT node of ours is there with its announcements and look-ups, as queries that it sent itself."""
    truth = truth_of(path)
    data = content(FOLDER / truth["sample"])

    for entry in truth["dht"]:
        source = ip_address(entry["host"]).packed
        sent = [piece[:600] for piece in data.split(source)[1:] if _port(piece, source) == entry["port"]]
        assert any(b"1:y1:q" in piece for piece in sent)
        for method, names in (("announce_peer", entry["announced"]), ("get_peers", entry["looked_up"])):
            for name in names:
                wanted = b"9:info_hash20:" + bytes.fromhex(name)
                assert any(wanted in piece and method.encode() in piece for piece in sent), (method, name)


def _port(stretch: bytes, source: bytes) -> int:
    """Return the source port of a packet, from what follows its source address."""
    return int(struct.unpack_from(">H", stretch.ljust(len(source) + 2), len(source))[0])


def test_nothing_in_the_clean_hour() -> None:
    """The clean hour's truth has no BitTorrent, and its capture holds the look-alikes."""
    truth = truth_of(FOLDER / "clean-hour.truth.json")
    data = content(FOLDER / truth["sample"])

    assert not truth["incidents"]
    assert not truth["handshakes"]
    assert not truth["dht"]
    assert handshakes(data, "198.51.100.80", "10.20.1.15"), "a segment within an HTTP answer begins as a handshake does"
    assert b"router\x0abittorrent\x03com" in data
