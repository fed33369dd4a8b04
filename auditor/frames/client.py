# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
"""Starts the child process and talks with it over pipes; itself without Scapy.

The child gets the capture on its standard input, so it opens no file, and is killed and reaped wherever the caller
leaves off::

    with convert(path) as conversion:
        sighting = read_pcapng(conversion.stream)
    outcome = conversion.finish()
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

MAX_DESCRIBED = 1000
_CHUNK = 1 << 18
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a conversion went, known when its stream has ended."""

    frames: int
    truncated: bool
    """The capture ended before its end."""
    error: str | None
    """With ``truncated``: at which offset of the decompressed file what was expected, if it was not just cut off."""
    sha256: str | None
    """Of the file's bytes as they are, to its end; ``None`` where hashing was turned off or there is no file."""


class Conversion:
    """A capture on its way through the child."""

    def __init__(self, child: subprocess.Popen[bytes], feed: _Feed | None, subject: str) -> None:
        if child.stdout is None:  # pragma: no cover - the child is always started with it
            raise ValueError("the child has no standard output")
        self.stream: BinaryIO = child.stdout  # type: ignore[assignment]  # unbuffered: what a reader of the fd sees
        """A pcapng stream, with the link types, times and lengths of the capture; it has a ``fileno()``."""
        self._child = child
        self._feed = feed
        self._subject = subject
        self._outcome: Outcome | None = None

    def finish(self) -> Outcome:
        """Say how it went; what is left of the stream is read and thrown away.

        Raises:
            ValueError: if the input is no capture, in one sentence with the offset and what was expected.
            OSError: if the system refused, or a limit stopped the child.
        """
        if self._outcome is None:
            while self.stream.read(_CHUNK):
                pass
            report = _report(self._child, self._subject)
            digest = self._feed.digest() if self._feed is not None else None
            self._outcome = Outcome(
                report.get("frames", 0), report.get("truncated", False), report.get("error"), digest
            )
        return self._outcome


@contextlib.contextmanager
def convert(source: Path | BinaryIO, *, digest: bool = True) -> Iterator[Conversion]:
    """Read a capture through Scapy: give it as one pcapng stream, whatever its format and compression.

    The file is hashed on its way in unless ``digest`` is false. A stream that ends within a block is that of a capture
    which broke off; `Conversion.finish` says where.

    Raises:
        ValueError: on entry, if ``source`` is no capture.
        OSError: if it cannot be opened, or the child cannot do its work.
    """
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        name = str(source) if isinstance(source, Path) else "standard input"
        child = stack.enter_context(_child(["convert"], stdin=subprocess.PIPE if digest else file))
        feed = stack.enter_context(_Feed(file, child)) if digest else None
        conversion = Conversion(child, feed, name)
        _expect_output(conversion)
        try:
            yield conversion
            conversion.finish()
        finally:
            child.kill()  # before the feed is left, which may be writing to it


@contextlib.contextmanager
def sniff(interface: str, seconds: float) -> Iterator[Conversion]:
    """Listen on an interface through Scapy for so long: give what is seen as a pcapng stream while it comes.

    Leaving early stops the listening.

    Raises:
        OSError: on entry, if the interface does not exist or may not be listened on.
    """
    with _child(["sniff", interface, "--seconds", str(seconds)], stdin=subprocess.DEVNULL) as child:
        conversion = Conversion(child, None, interface)
        _expect_output(conversion)
        yield conversion
        child.terminate()
        conversion.finish()


def describe(path: Path, numbers: Sequence[int], *, devices: bool = True) -> list[str]:
    """Decode frames for a person, layer by layer, credentials blanked; one text for each of ``numbers``.

    Frames are counted from 1, as Wireshark does. Without ``devices``, MAC addresses are blanked too.

    Raises:
        ValueError: if ``path`` is no capture, or the numbers are too many or not positive.
        OSError: if it cannot be opened, or the child cannot do its work.
    """
    if not numbers:
        return []
    if len(numbers) > MAX_DESCRIBED or min(numbers) < 1:
        raise ValueError(f"frames are numbered from 1, and at most {MAX_DESCRIBED} are described at once")
    wanted = ",".join(map(str, numbers))
    words = ["describe", "--frames", wanted, *(["--devices"] if devices else [])]
    with path.open("rb") as file, _child(words, stdin=file) as child:
        output, errors = child.communicate()
        _report(child, str(path), errors)
    texts: list[str] = json.loads(output)
    return texts


class _Feed:
    """A thread that copies a file into the child and hashes it to its end, even if the child stops reading before."""

    def __init__(self, file: BinaryIO, child: subprocess.Popen[bytes]) -> None:
        self._file = file
        self._pipe = child.stdin
        self._hash = hashlib.sha256()
        self._failure: OSError | None = None
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._run, name="frames-feed", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._abandoned.set()
        self._thread.join()

    def digest(self) -> str:
        """Wait for the end of the file; return its SHA-256 in hexadecimal.

        Raises:
            OSError: if it could not be read.
        """
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._hash.hexdigest()

    def _run(self) -> None:
        pipe = self._pipe
        try:
            while not self._abandoned.is_set() and (chunk := self._file.read(_CHUNK)):
                self._hash.update(chunk)
                pipe = _written(pipe, chunk)
        except OSError as problem:
            self._failure = problem
        finally:
            if self._pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._pipe.close()


def _written(pipe: Any, chunk: bytes) -> Any:  # noqa: ANN401 - what subprocess takes and gives has no simple type
    """Write all of ``chunk``; return the pipe, or ``None`` once nobody reads it any more."""
    view = memoryview(chunk)
    try:
        while pipe is not None and view:
            view = view[pipe.write(view) :]
    except BrokenPipeError:
        return None
    return pipe


@contextlib.contextmanager
def _child(arguments: list[str], stdin: Any) -> Iterator[subprocess.Popen[bytes]]:  # noqa: ANN401 - what subprocess takes and gives has no simple type
    """Start the child with nothing of our environment but where to find its modules; kill and reap it on exit."""
    nowhere = os.devnull  # Scapy would look into these folders, and keep pickles there
    environment = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), nowhere)
    environment |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(_ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-P", "-B", "-m", "auditor.frames.child", *arguments]
    child = subprocess.Popen(  # noqa: S603 - our own module, by the interpreter that runs us
        command, bufsize=0, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _expect_output(conversion: Conversion) -> None:
    """Wait for the first byte of the stream; if the child ends without one, raise what it says."""
    waiting = select.poll()
    waiting.register(conversion.stream.fileno(), select.POLLIN)
    if not waiting.poll()[0][1] & select.POLLIN:
        conversion.finish()


def _report(child: subprocess.Popen[bytes], subject: str, errors: bytes | None = None) -> dict[str, Any]:
    """Wait for the child's end, and turn what it reports into a value or an exception."""
    if errors is None:
        errors = child.stderr.read() if child.stderr is not None else b""
    status = child.wait()
    last = errors.decode(errors="replace").strip().rpartition("\n")[2]
    try:
        report = json.loads(last)
    except ValueError:
        report = {"failed": _ending(status, last)}
    if "refused" in report:
        raise ValueError(f"{subject}: {report['refused']}")
    if "failed" in report:
        raise OSError(f"{subject}: {report['failed']}")
    return dict(report)


def _ending(status: int, last: str) -> str:
    if status >= 0:
        return f"the frames process ended with status {status}: {last or 'it said nothing'}"
    name = signal.Signals(-status).name
    reason = {"SIGXCPU": "it used more processor time than it may", "SIGKILL": "it was killed"}.get(name)
    return f"the frames process was stopped by {name}" + (f": {reason}" if reason else "")
