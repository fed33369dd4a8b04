"""Captures go through the child and come back as they were; whatever goes wrong there is told in one sentence."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from auditor.frames import client
from tests.build import End, capture, get_peers, pcapng, tcp_stream, udp, write_pcap, write_pcapng

if TYPE_CHECKING:
    from pathlib import Path

CLIENT, SERVER = End("10.20.0.5", 51000), End("198.51.100.7", 6881)
FRAMES = tcp_stream(CLIENT, SERVER, [("orig", b"x" * 3000), ("resp", b"y")])


def read(path: Path, *, digest: bool = True) -> tuple[bytes, client.Outcome]:
    """Convert a capture; return the stream and the outcome."""
    with client.convert(path, digest=digest) as conversion, os.fdopen(os.dup(conversion.stream.fileno()), "rb") as pipe:
        stream = pipe.read()
        return stream, conversion.finish()


def test_a_capture_comes_back_as_one_pcapng_stream(tmp_path: Path) -> None:
    """Whoever reads the file descriptor gets the frames, and the parent hashes the bytes on disk."""
    path = write_pcap(tmp_path / "a.pcap.gz", FRAMES, nano=True)

    stream, outcome = read(path)

    expected = capture.section() + capture.interface(offset=0)
    assert stream == expected + b"".join(capture.enhanced(frame) for frame in FRAMES)
    assert outcome == client.Outcome(
        len(FRAMES), truncated=False, error=None, sha256=hashlib.sha256(path.read_bytes()).hexdigest()
    )


def test_hashing_can_be_left_out(tmp_path: Path) -> None:
    """Then the child reads the file itself."""
    _, outcome = read(write_pcapng(tmp_path / "a.pcapng", FRAMES), digest=False)

    assert outcome == client.Outcome(len(FRAMES), truncated=False, error=None, sha256=None)


@pytest.mark.parametrize("digest", [True, False])
def test_a_capture_that_breaks_off_gives_what_comes_before(tmp_path: Path, digest: bool) -> None:
    """Its stream ends within a block too, the outcome says so, and the hash is still that of the whole file."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(write_pcap(tmp_path / "a.pcap", FRAMES).read_bytes()[:-1])

    stream, outcome = read(path, digest=digest)

    assert stream.endswith(capture.enhanced(FRAMES[-2]) + capture.section()[:4])
    assert (outcome.truncated, outcome.error) == (True, None)
    assert outcome.sha256 == (hashlib.sha256(path.read_bytes()).hexdigest() if digest else None)


def test_a_capture_with_garbage_in_its_middle_is_hashed_to_its_end(tmp_path: Path) -> None:
    """Even where the child stops reading long before."""
    path = tmp_path / "garbage.pcapng"
    path.write_bytes(pcapng(FRAMES[:3]) + b"\xff" * 3_000_000)

    _, outcome = read(path)

    assert (outcome.frames, outcome.truncated) == (3, True)
    assert outcome.error is not None
    assert outcome.error.startswith(f"at offset {len(pcapng(FRAMES[:3]))}: expected ")
    assert outcome.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("digest", [True, False])
def test_a_file_that_is_no_capture_is_refused_with_offset_and_expectation(tmp_path: Path, digest: bool) -> None:
    """Before the caller has read anything."""
    path = tmp_path / "page.html"
    path.write_bytes(b"<html>" * 100_000)

    with (
        pytest.raises(ValueError, match=r"page\.html: at offset 0: expected a pcap or pcapng magic number"),
        client.convert(path, digest=digest),
    ):
        pytest.fail("the stream was handed out")

    with pytest.raises(ValueError, match="expected a pcap"):
        client.describe(path, [1])


def test_a_file_that_cannot_be_opened_is_an_os_error(tmp_path: Path) -> None:
    """As anywhere else."""
    with pytest.raises(FileNotFoundError), client.convert(tmp_path / "none.pcap"):
        pass
    with pytest.raises(FileNotFoundError):
        client.describe(tmp_path / "none.pcap", [1])


def test_leaving_early_kills_and_reaps_the_child(tmp_path: Path) -> None:
    """Nothing is left running, waiting or open, though the stream was full."""
    path = write_pcap(tmp_path / "long.pcap", FRAMES * 2000)

    with contextlib.suppress(KeyError), client.convert(path) as conversion:
        conversion.stream.read(10)
        raise KeyError

    assert conversion._child.returncode == -signal.SIGKILL
    assert conversion.stream.closed
    assert not any(thread.name == "frames-feed" for thread in threading.enumerate())


def test_a_child_that_is_stopped_is_an_os_error_with_the_reason(tmp_path: Path) -> None:
    """So that a capture which burns its processor time is never taken for a short one."""
    path = write_pcap(tmp_path / "long.pcap", FRAMES * 2000)

    with (
        pytest.raises(OSError, match=r"long\.pcap: the frames process was stopped by SIGXCPU: it used more processor"),
        client.convert(path) as conversion,
    ):
        conversion._child.send_signal(signal.SIGXCPU)


def test_a_child_that_crashes_is_an_os_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours is not blamed on the capture."""
    monkeypatch.setattr(sys, "executable", "/bin/sh")

    with (
        pytest.raises(OSError, match=r"a\.pcap: the frames process ended with status 2: "),
        client.convert(write_pcap(tmp_path / "a.pcap", FRAMES)),
    ):
        pass


def test_frames_are_described_in_the_order_asked_for(tmp_path: Path) -> None:
    """One text each; a number beyond the end says how many there are."""
    path = write_pcap(tmp_path / "a.pcap", [udp(CLIENT, SERVER, get_peers(b"n" * 20, b"h" * 20)), *FRAMES])

    second, first, beyond = client.describe(path, [2, 1, 900])

    assert second.startswith("frame 2, 2026-11-22T09:00:00.000000000Z, 54 bytes\n  Ethernet src=02:00:0a:14:00:05")
    assert "payload: DHT query get_peers" in first
    assert beyond == f"frame 900: not there, the capture has {1 + len(FRAMES)} frames"


@pytest.mark.parametrize("numbers", [[0], [-1], list(range(1, 1002))])
def test_odd_requests_are_refused(tmp_path: Path, numbers: list[int]) -> None:
    """Before a process is started for them."""
    with pytest.raises(ValueError, match="frames are numbered from 1, and at most 1000"):
        client.describe(tmp_path / "none.pcap", numbers)


def test_describing_nothing_is_nothing(tmp_path: Path) -> None:
    """An incident without frames needs no process."""
    assert client.describe(tmp_path / "none.pcap", []) == []


def test_an_interface_that_does_not_exist_is_an_os_error() -> None:
    """Told before the caller waits for frames."""
    with pytest.raises(OSError, match="nowhere0: there is no such interface"), client.sniff("nowhere0", 5):
        pass


@pytest.mark.lab
def test_listening_gives_each_frame_of_the_loopback_once() -> None:
    """With a time of now and the bytes as they were."""
    probe = subprocess.run(
        [sys.executable, "-c", "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"],
        capture_output=True,
        check=False,
    )
    if probe.returncode:
        pytest.skip("needs CAP_NET_RAW")
    with client.sniff("lo", 1) as conversion, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        sender.sendto(b"a datagram to myself", sender.getsockname())
        stream = bytearray()
        while chunk := conversion.stream.read(65536):
            stream += chunk

    assert bytes(stream).count(b"a datagram to myself") == 1
    assert conversion.finish().frames >= 1
