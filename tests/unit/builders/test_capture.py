"""The capture files that tests are built on hold what was put in, as Scapy reads them."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Literal

import pytest
from scapy.utils import RawPcapNgReader, RawPcapReader

from tests.build import START, Frame, capture, pcap, pcapng, write_pcap, write_pcapng

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = [Frame(START + 123_456_789, b"abcde"), Frame(START + 1_000_000_000, b"x" * 64)]
ENDIANS = pytest.mark.parametrize("endian", ["<", ">"])


@ENDIANS
@pytest.mark.parametrize("nano", [True, False])
def test_pcap_keeps_frames_and_times(endian: Literal["<", ">"], nano: bool) -> None:
    """In each byte order, and as exactly as the unit allows."""
    reader = RawPcapReader(io.BytesIO(pcap(FRAMES, link=101, nano=nano, endian=endian)))

    read = [(head.sec, head.usec, data) for data, head in reader]

    assert read == [(1795338000, 123_456_789 if nano else 123_456, b"abcde"), (1795338001, 0, b"x" * 64)]
    assert reader.linktype == 101


@ENDIANS
@pytest.mark.parametrize("resolution", [9, 6])
def test_pcapng_keeps_frames_and_times(endian: Literal["<", ">"], resolution: int) -> None:
    """In each byte order and resolution."""
    reader = RawPcapNgReader(io.BytesIO(pcapng(FRAMES, link=113, resolution=resolution, endian=endian)))

    read = [((head.tshigh << 32) + head.tslow, head.linktype, data) for data, head in reader]

    unit = 10 ** (9 - resolution)
    assert read == [((START + 123_456_789) // unit, 113, b"abcde"), ((START + 1_000_000_000) // unit, 113, b"x" * 64)]


def test_powers_of_two_and_offsets_are_ticks() -> None:
    """``if_tsresol`` with its high bit counts binary fractions; ``if_tsoffset`` is taken off first."""
    made = capture.enhanced(Frame(5_500_000_000, b"abcd"), resolution=0x81, offset=3)

    assert made.hex() == "060000002400000000000000000000000500000004000000040000006162636424000000"


def test_frames_are_cut_at_the_snap_length() -> None:
    """The original length stays on record."""
    ((data, head),) = RawPcapReader(io.BytesIO(pcap(FRAMES[1:], snap_length=10)))
    ((ng_data, ng_head),) = RawPcapNgReader(io.BytesIO(pcapng(FRAMES[1:], snap_length=10)))

    assert (len(data), head.wirelen) == (10, 64)
    assert (len(ng_data), ng_head.wirelen) == (10, 64)


def test_old_and_simple_blocks_are_read_too() -> None:
    """Blocks join into a file by hand."""
    content = capture.section() + capture.interface() + capture.simple(FRAMES[0]) + capture.obsolete(FRAMES[0])

    assert [data for data, _ in RawPcapNgReader(io.BytesIO(content))] == [b"abcde", b"abcde"]


def test_a_name_in_gz_is_compressed(tmp_path: Path) -> None:
    """And twice the same file is twice the same bytes."""
    plain = write_pcap(tmp_path / "a.pcap", FRAMES).read_bytes()
    packed = write_pcapng(tmp_path / "a.pcapng.gz", FRAMES).read_bytes()

    assert plain == pcap(FRAMES)
    assert gzip.decompress(packed) == pcapng(FRAMES)
    assert packed == write_pcapng(tmp_path / "b.pcapng.gz", FRAMES).read_bytes()
