"""What the laboratory writes reads back as the same frames, in an independent reader."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import dpkt
import pytest

from tests.lab.frames import ETHERNET, RAW_IP, Frame, Recording, pcap, pcapng, read_pcap, save
from tests.lab.links import gre_wrap, vlan_tag, without_ethernet
from tests.lab.process import LabError

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000
PACKET = bytes.fromhex(
    "525400000001 525400000002 0800 4500002000000000401100000a141414c6336414 1111222200080000 61626364".replace(" ", "")
)
EARLY, LATE = Frame(7 * SECOND + 5_000, PACKET, len(PACKET)), Frame(9 * SECOND + 1_000, PACKET[:20], 99)


def recording(*frames: Frame, interface: str = "employees") -> Recording:
    """Return a recording of ``frames``."""
    return Recording(interface, ETHERNET, 65535, frames)


def test_pcap_reads_back() -> None:
    """Times in microseconds, bytes and link type survive."""
    reader = dpkt.pcap.Reader(io.BytesIO(pcap(recording(EARLY, LATE))))

    assert [(round(stamp * 1e6), data) for stamp, data in reader] == [(7_000_005, PACKET), (9_000_001, PACKET[:20])]
    assert reader.datalink() == ETHERNET


def test_pcapng_merges_interfaces_by_time() -> None:
    """Frames of two interfaces come out in one order of time."""
    written = pcapng([recording(LATE), recording(EARLY, interface="guests")], "two interfaces")

    assert [data for _, data in dpkt.pcapng.Reader(io.BytesIO(written))] == [PACKET, PACKET[:20]]


def test_nanosecond_pcap_is_what_the_tap_reads(tmp_path: Path) -> None:
    """Reading undoes writing, the length on the wire included."""
    file = tmp_path / "tap.pcap"
    file.write_bytes(pcap(recording(EARLY, LATE), nano=True))

    assert read_pcap(file, "employees") == recording(EARLY, LATE)


def test_compressed_names_are_compressed(tmp_path: Path) -> None:
    """The ending of a name decides its format and compression."""
    save(tmp_path / "a.pcap.gz", [recording(EARLY)], "")

    assert gzip.decompress((tmp_path / "a.pcap.gz").read_bytes()) == pcap(recording(EARLY))


def test_pcap_refuses_two_interfaces(tmp_path: Path) -> None:
    """A format that cannot hold what was recorded is refused, not silently cut."""
    with pytest.raises(LabError, match="2 recording"):
        save(tmp_path / "a.pcap", [recording(EARLY), recording(LATE)], "")


def test_changed_frames_are_still_the_frame() -> None:
    """A tag, a tunnel and a missing link layer leave the packet within as it was."""
    tagged = dpkt.ethernet.Ethernet(vlan_tag(30)(EARLY).data)
    wrapped = gre_wrap("10.0.0.11", "10.0.0.12")(EARLY).data
    bare = recording(EARLY).mapped(without_ethernet, RAW_IP)

    assert [tag.id for tag in tagged.vlan_tags] == [30]
    assert isinstance(dpkt.ethernet.Ethernet(wrapped).data.data, dpkt.gre.GRE)
    assert wrapped.endswith(PACKET)
    assert bare.frames[0].data == PACKET[14:]
    assert bare.linktype == RAW_IP
