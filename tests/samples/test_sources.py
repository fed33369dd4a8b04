"""Scapy's reader, ``--source scapy``, gives the same document as the native one, to the last field."""

from __future__ import annotations

import gzip
import sys
from typing import TYPE_CHECKING

import pytest

from tests.samples.auditing import audited, each_sample, path_of, run, whole

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


@each_sample
def test_every_sample_is_the_same_through_scapy(name: str) -> None:
    """Plain, gzip and zstd, of every link type and tunnel."""
    assert audited("--source", "scapy", "--all-flows", path_of(name)) == whole(name)


def same(path: Path) -> tuple[int, bool]:
    """Audit a file by both readers, which must agree; return how many packets it gave, and whether it broke off."""
    native, scapy = (run("--format", "json", "--source", source, path) for source in ("native", "scapy"))
    assert scapy == native
    [capture] = audited(path)["captures"]
    return capture["packets"], capture["truncated"]


@pytest.mark.parametrize(
    "name", ["handshake-libtorrent", "handshake-transmission", "handshake-aria2", "handshake-qbittorrent"]
)
@pytest.mark.parametrize("part", [0.2, 0.7, 0.999])
def test_a_copy_that_was_cut_is_the_same_through_scapy(tmp_path: Path, name: str, part: float) -> None:
    """pcapng, pcap, gzip and zstd, each as far as it goes."""
    content = path_of(name).read_bytes()
    cut = tmp_path / f"cut-{path_of(name).name}"
    cut.write_bytes(content[: int(len(content) * part)])

    packets, truncated = same(cut)

    assert 0 < packets < whole(name)["captures"][0]["packets"]
    assert truncated


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_a_compressed_copy_differs_in_nothing_but_its_hash(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    """Whatever the file is called: the first bytes tell."""
    plain = path_of("handshake-libtorrent")
    packed = tmp_path / plain.name
    packed.write_bytes(compress(plain.read_bytes()))

    same(packed)

    documents = [audited("--all-flows", "--no-hash", path) for path in (plain, packed)]
    for document in documents:
        document["captures"][0]["path"] = None
    assert documents[0] == documents[1]


def test_a_copy_that_was_damaged_in_the_middle_is_the_same_through_scapy(tmp_path: Path) -> None:
    """It is read as far as the damage, and says where that is; the exit code is that of what could not be read."""
    content = path_of("handshake-transmission").read_bytes()
    middle = len(content) // 2
    damaged = tmp_path / "damaged.pcap"
    damaged.write_bytes(content[:middle] + b"\xff" * 100_000 + content[middle:])

    packets, truncated = same(damaged)
    ended = run("--source", "scapy", damaged)

    assert packets > 100
    assert truncated
    assert ended.code == 3
    assert "expected a record with at most 262144 captured bytes" in ended.err
