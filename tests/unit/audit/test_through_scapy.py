"""Captures read through Scapy."""

from __future__ import annotations

import gzip
import io
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from auditor import engine
from auditor.audit import through_scapy
from auditor.engine import CapturePath, Options
from auditor.model.fact import Handshake
from auditor.policy.evaluate import Policy
from tests.build import End, handshake, holders, pcap, pcapng, tcp_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPTIONS = Options(inside=Policy.none().inside_networks)
HELLO = handshake(b"\xbb" * 20, b"-qB4520-abcdefghijkl")
TALK = tcp_stream(End("10.20.0.5", 51000), End("198.51.100.7", 6881), [("orig", HELLO), ("resp", HELLO)])


@pytest.fixture
def captures(tmp_path: Path) -> list[CapturePath]:
    """The same talk as pcapng and, later, as gzipped pcap; and a file that is no capture."""
    contents = {"a.pcapng": pcapng(TALK), "b.pcap.gz": gzip.compress(pcap(TALK)), "c.txt": b"hello, world\n"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [CapturePath(str(tmp_path / name), "office") for name in contents]


def test_it_sees_what_the_native_reader_sees(captures: list[CapturePath]) -> None:
    """Flows, hashes and counts are the same, whichever source read them."""
    native = engine.sight(captures[:2], OPTIONS)

    assert through_scapy.sight_captures(captures[:2], OPTIONS) == native
    assert any(isinstance(o.fact, Handshake) for flow in native.flows for o in flow.observations)


def test_who_had_an_address_is_the_same(tmp_path: Path) -> None:
    """DHCP, ARP and neighbour discovery come through as they are."""
    mac, ip = "02:00:00:00:00:05", "fd00:20::5"
    frames = [
        holders.dhcp("request", mac, "10.20.0.5", host="phone"),
        holders.dhcp("ack", mac, "10.20.0.5", vlan=(20,)),
        holders.arp(mac, "10.20.0.5", "10.20.0.5"),
        holders.dhcp6("reply", mac, ip),
        holders.advertised(mac, ip),
    ]
    (tmp_path / "a.pcap").write_bytes(pcap(frames))
    captures = [CapturePath(str(tmp_path / "a.pcap"), "office")]

    native = engine.sight(captures, OPTIONS)

    assert through_scapy.sight_captures(captures, OPTIONS) == native
    assert (len(native.leases), len(native.bindings)) == (3, 4)


def test_what_is_no_capture_is_told_after_the_others(captures: list[CapturePath]) -> None:
    """The others are read; frames keep pointing at the right capture."""
    seen = through_scapy.sight_captures([captures[2], captures[0]], OPTIONS)

    assert [capture.path for capture in seen.captures] == [captures[0].path, captures[2].path]
    assert (seen.captures[1].vantage, seen.captures[1].packets) == ("office", 0)
    assert "offset 0" in (seen.captures[1].error or "")
    assert {index for flow in seen.flows for o in flow.observations for index, _ in o.frames} == {0}


def test_a_missing_file_is_a_reason_not_an_exception(tmp_path: Path) -> None:
    """With nothing to read, nothing is seen."""
    seen = through_scapy.sight_captures([CapturePath(str(tmp_path / "none.pcap"), "default")], OPTIONS)

    assert (seen.flows, seen.captures[0].error) == ((), "No such file or directory")


def test_a_capture_that_breaks_off_is_truncated(tmp_path: Path) -> None:
    """It is read as far as it goes, and hashed to its end."""
    content = pcapng(TALK)[:-10]
    (tmp_path / "cut.pcapng").write_bytes(content)

    [info] = through_scapy.sight_captures([CapturePath(str(tmp_path / "cut.pcapng"), "default")], OPTIONS).captures

    assert (info.truncated, info.error, info.sha256) == (True, None, sha256(content).hexdigest())


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_capture_that_is_damaged_in_the_middle_is_told_as_the_native_reader_tells_it(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    """What was before the damage counts, and the error says where it is."""
    content = pcap(TALK) + b"\xff" * 40
    (tmp_path / "damaged.pcap").write_bytes(compress(content))
    captures = [CapturePath(str(tmp_path / "damaged.pcap"), "default")]

    seen = through_scapy.sight_captures(captures, OPTIONS)

    assert seen == engine.sight(captures, OPTIONS)
    assert (seen.captures[0].packets, seen.captures[0].truncated) == (len(TALK), True)
    assert (seen.captures[0].error or "").startswith(f"at offset {len(pcap(TALK))}: expected a record")


def test_hashing_can_be_left_out(captures: list[CapturePath]) -> None:
    """--no-hash."""
    [info] = through_scapy.sight_captures(captures[:1], OPTIONS._replace(digest=False)).captures

    assert info.sha256 is None


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the path ``-``."""
    (tmp_path / "in.pcapng").write_bytes(pcapng(TALK))
    with (tmp_path / "in.pcapng").open("rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
        [info] = through_scapy.sight_captures([CapturePath("-", "default")], OPTIONS).captures

    assert (info.path, info.packets) == ("-", len(TALK))


def test_too_many_captures_are_refused() -> None:
    """Each would have a process of its own."""
    many = [CapturePath(f"{n}.pcap", "default") for n in range(through_scapy.MOST_CAPTURES + 1)]

    with pytest.raises(through_scapy.TooManyCaptures, match="at most 64"):
        through_scapy.sight_captures(many, OPTIONS)


def test_an_interface_that_is_not_there_is_an_error() -> None:
    """The caller says so and ends with 3."""
    with pytest.raises(OSError, match="nosuch0"):
        through_scapy.sight_interface("nosuch0", 0.1, OPTIONS)
