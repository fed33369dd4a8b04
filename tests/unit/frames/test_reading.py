"""Every format and compression gives the same frames, and no byte is believed that makes no sense."""

from __future__ import annotations

import errno
import gzip
import io
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.frames.reading import Capture, Captured, Event, Interface, NotACaptureError, Section
from tests.build import Frame, capture, pcap, pcapng

FRAMES = [Frame(1_795_338_000_123_456_789, b"abcde"), Frame(1_795_338_001_000_000_000, b"x" * 64)]
ENDIANS = pytest.mark.parametrize("endian", ["<", ">"])


WHOLE, CUT = (False, None), (True, None)


def read(content: bytes) -> tuple[list[Event], tuple[bool, str | None]]:
    """Read a capture to its end; return its events, and whether and why it broke off."""
    opened = Capture(io.BytesIO(content))
    return list(opened), (opened.truncated, opened.error)


@ENDIANS
@pytest.mark.parametrize("nano", [True, False])
def test_pcap_is_read_in_its_own_units(endian: capture.Endian, nano: bool) -> None:
    """The link type, the snap length and each time are those of the file."""
    events, ending = read(pcap(FRAMES, link=101, nano=nano, endian=endian, snap_length=10))

    unit = 1 if nano else 1000
    assert events == [
        Section(),
        Interface(101, 10, 9 if nano else 6, 0),
        Captured(0, FRAMES[0].time // unit, b"abcde", 5),
        Captured(0, FRAMES[1].time // unit, b"x" * 10, 64),
    ]
    assert ending == WHOLE


@ENDIANS
def test_pcapng_is_read_block_by_block(endian: capture.Endian) -> None:
    """Several interfaces, offsets, binary units, simple and obsolete packets; other blocks are passed over."""
    content = b"".join(
        (
            capture.section(endian),
            capture.interface(1, endian=endian, snap_length=0),
            capture.block(5, b"statistics..", endian),
            capture.interface(113, resolution=0x8A, offset=100, endian=endian),
            capture.enhanced(FRAMES[0], 1, resolution=0x8A, offset=100, endian=endian),
            capture.simple(FRAMES[0], endian=endian),
            capture.obsolete(FRAMES[1], endian=endian),
        )
    )

    events, ending = read(content)

    ticks = (FRAMES[0].time - 100_000_000_000) * 1024 // 1_000_000_000
    assert events == [
        Section(),
        Interface(1, 0, 9, 0),
        Interface(113, capture.SNAP_LENGTH, 0x8A, 100),
        Captured(1, ticks, b"abcde", 5),
        Captured(0, None, b"abcde", 5),
        Captured(0, FRAMES[1].time, b"x" * 64, 64),
    ]
    assert ending == WHOLE


def test_a_new_section_forgets_the_interfaces() -> None:
    """And may change the byte order and the link type."""
    content = pcapng(FRAMES[:1], link=113) + pcapng(FRAMES[1:], link=101, endian=">")

    events, ending = read(content)

    assert [event.link for event in events if isinstance(event, Interface)] == [113, 101]
    assert events.count(Section()) == 2
    assert ending == WHOLE


def test_an_interface_turns_its_units_into_nanoseconds() -> None:
    """Powers of ten and of two, and an offset that may be negative."""
    assert Interface(1, 0, 9, 0).nanoseconds(5) == 5
    assert Interface(1, 0, 6, -1).nanoseconds(5) == 5_000 - 1_000_000_000
    assert Interface(1, 0, 0x81, 2).nanoseconds(3) == 3_500_000_000


def test_gzip_and_zstd_are_read_through() -> None:
    """Also when two compressed files were joined."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - where it is depends on the version
    else:
        from backports import zstd  # noqa: PLC0415 - where it is depends on the version
    content = pcap(FRAMES)

    assert read(gzip.compress(content, mtime=0)) == read(content)
    assert read(gzip.compress(content[:30], mtime=0) + gzip.compress(content[30:])) == read(content)
    assert read(zstd.compress(content)) == read(content)


def test_without_a_reader_of_zstd_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other formats stay readable."""
    for name in ("compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(NotACaptureError, match=r"run `pip install backports\.zstd`"):
        Capture(io.BytesIO(bytes.fromhex("28b52ffd") + bytes(40)))


@pytest.mark.parametrize("content", [pcap(FRAMES), pcapng(FRAMES), pcapng(FRAMES, endian=">")])
def test_every_cut_gives_the_frames_before_it_and_is_told(content: bytes) -> None:
    """A cut is a whole capture only where a record ends."""
    whole = [event for event in read(content)[0] if isinstance(event, Captured)]
    complete = 0
    for cut in range(len(content)):
        try:
            events, ending = read(content[:cut])
        except NotACaptureError:
            assert cut < 28
            continue
        frames = [event for event in events if isinstance(event, Captured)]
        assert frames == whole[: len(frames)]
        assert ending in {WHOLE, CUT}
        complete += ending == WHOLE
    assert complete == (2 if content.startswith(b"\x4d") else 3)  # after the header, an interface, the first frame


@pytest.mark.parametrize("lost", [1, 8, 20, 40])
def test_compressed_data_that_ends_too_early_is_told(lost: int) -> None:
    """Even where the frames before are whole."""
    packed = gzip.compress(pcap(FRAMES * 500), compresslevel=0, mtime=0)

    events, ending = read(packed[:-lost])

    assert len(events) > 900
    assert ending == CUT


@pytest.mark.parametrize(
    ("tail", "at", "reason"),
    [
        (capture.block(6, b"short"), 0, "a pcapng packet block of at least 32 bytes"),
        (capture.block(1, b"tiny"), 0, "a pcapng interface description of at least 20 bytes"),
        (capture.enhanced(FRAMES[0], 9), 8, "the number of an interface described before"),
        (capture.section() + capture.simple(FRAMES[0]), 28, "an interface described before the first packet"),
        (capture.block(6, struct.pack("<5I", 0, 0, 0, 9, 9) + bytes(8)), 20, "captured bytes that fit their"),
        (bytes.fromhex("06000000 08000000"), 0, "a pcapng block length of at least 12 and a multiple of 4"),
        (bytes.fromhex("06000000 ffffff0f") + bytes(40), 0, "a pcapng block length of at least 12 and a multiple of"),
        (bytes.fromhex("06000000 fcffff0f") + bytes(40), 0, "a pcapng block of at most 16 MiB"),
        (capture.section()[:4] + bytes(24), 8, "the pcapng byte-order magic 1a2b3c4d"),
        (bytes(16), 0, "a pcapng block length of at least 12 and a multiple of 4"),
    ],
    ids=["short", "description", "interface", "simple", "captured", "tiny", "odd", "huge", "section", "zeros"],
)
def test_a_block_that_makes_no_sense_ends_the_capture(tail: bytes, at: int, reason: str) -> None:
    """Where it does, with the reason; in the words of the native reader."""
    content = pcapng(FRAMES)

    events, (truncated, error) = read(content + tail)

    assert [event for event in events if isinstance(event, Captured)] == read(content)[0][2:]
    assert truncated
    assert (error or "").startswith(f"at offset {len(content) + at}: expected {reason}")


def test_a_frame_is_given_though_its_block_ends_wrongly() -> None:
    """As the native reader does, which sees the end last."""
    content = pcapng(FRAMES)

    events, ending = read(content[:-4] + bytes(4))

    assert events == read(content)[0]
    assert ending == (True, f"at offset {len(content) - 4}: expected the length of the pcapng block again at its end")


def test_a_record_that_cannot_be_so_long_ends_the_capture() -> None:
    """Before anything of it is read."""
    content = pcap(FRAMES)

    events, ending = read(content + struct.pack("<IIII", 0, 0, 262_145, 262_145))

    assert events == read(content)[0]
    assert ending == (True, f"at offset {len(content)}: expected a record with at most 262144 captured bytes")


def test_damage_within_compressed_data_is_told() -> None:
    """What was decompressed before it is given."""
    packed = bytearray(gzip.compress(pcap(FRAMES * 1000), compresslevel=0, mtime=0))
    packed[-6] ^= 1  # of the checksum

    events, (truncated, error) = read(bytes(packed))

    assert len(events) == 2002
    assert truncated
    assert (error or "").endswith(": expected intact gzip data")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "at offset 0: expected a pcap or pcapng magic number, gzip or zstd data, but it ends there"),
        (b"\xa1\xb2", "at offset 2: expected a pcap or pcapng magic number, gzip or zstd data, but it ends there"),
        (b"PK\x03\x04zip", "at offset 0: expected a pcap or pcapng magic number, gzip or zstd data"),
        (pcap([])[:20], "at offset 20: expected a whole pcap file header, but it ends there"),
        (pcap([])[:4] + b"\x09" + pcap([])[5:], "at offset 4: expected pcap version 2"),
        (pcapng([])[:10], "at offset 10: expected a whole pcapng section header, but it ends there"),
        (pcapng([])[:20], "at offset 20: expected a whole pcapng section header, but it ends there"),
        (pcapng([])[:8] + bytes(40), "at offset 8: expected the pcapng byte-order magic 1a2b3c4d"),
        (pcapng([])[:12] + bytes(40), "at offset 12: expected pcapng version 1"),
        (
            pcapng([])[:4] + bytes(4) + pcapng([])[8:],
            "at offset 4: expected a pcapng section header's length: 28 to 16777",
        ),
        (b"\x1f\x8b\x07\x00broken", "at offset 0: expected intact gzip data"),
        (b"\x5f\x2a\x4d\x18\x00\x00\x00\x00broken", "at offset 0: expected intact zstd data"),
        (gzip.compress(pcap([]), mtime=0)[:15], "expected more compressed data"),
    ],
)
def test_what_is_no_capture_is_refused(content: bytes, sentence: str) -> None:
    """With the offset and what was expected there, in the words of the native reader."""
    with pytest.raises(NotACaptureError, match=sentence):
        Capture(io.BytesIO(content))


@pytest.mark.parametrize("content", [pcap(FRAMES * 10), gzip.compress(pcap(FRAMES * 10), compresslevel=0, mtime=0)])
def test_a_disk_that_fails_is_not_blamed_on_the_capture(content: bytes) -> None:
    """The system's error comes through Scapy as it is."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 100:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output error"):
        list(Capture(Failing(content)))


SEEDS = [pcap(FRAMES), pcapng(FRAMES, endian=">"), gzip.compress(pcapng(FRAMES, resolution=0x8A), mtime=0)]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=4)), max_size=6))
def test_no_damage_raises_anything_else(content: bytes, damage: list[tuple[int, bytes]]) -> None:
    """Whatever the bytes, the frames before are given and the rest is told."""
    for at, put in damage:
        content = content[:at] + put + content[at + len(put) :]
    try:
        events, (truncated, error) = read(content)
    except NotACaptureError:
        return
    assert events[:1] == [Section()] or (not events and truncated)
    assert error is None or truncated
