# SPDX-License-Identifier: GPL-2.0-or-later
"""The child process: ``python -m auditor.frames.child convert|describe|sniff``, started by `client` alone.

A capture comes on standard input and leaves, converted, on standard output; the one line of JSON on standard error at
the end says how it went. The process limits itself before it loads Scapy, and once loaded may not use the network, run
a program or write a file.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from auditor.frames.reading import Event

MEMORY = 1 << 30
OPEN_FILES = 64
CPU_SECONDS = {"convert": 6 * 3600, "describe": 600, "sniff": 24 * 3600}
_BUFFER = 1 << 18
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ctypes.", "shutil.")


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return 0 if it was done, 1 if the input was refused or the system would not."""
    parser = argparse.ArgumentParser(prog="auditor.frames.child")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("convert")
    describing = commands.add_parser("describe")
    describing.add_argument("--frames", required=True)
    describing.add_argument("--devices", action="store_true")
    sniffer = commands.add_parser("sniff")
    sniffer.add_argument("interface")
    sniffer.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args(arguments)
    restrict(options.command)
    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    try:
        report = {"convert": _convert, "describe": _describe, "sniff": _sniff}[options.command](options)
    except ValueError as problem:
        report = {"refused": str(problem)}
    except BrokenPipeError:  # whoever read the stream wants no more of it
        report = {}
        sys.stdout = None  # Python would flush it again on the way out
    except OSError as problem:
        report = {"failed": problem.strerror or str(problem)}
    sys.stderr.write(json.dumps(report) + "\n")
    return 1 if "refused" in report or "failed" in report else 0


def restrict(command: str) -> None:
    """Lower this process's limits: time on the processor, memory, open files; no files written, no core dump."""
    for kind, wanted in (
        (resource.RLIMIT_CPU, CPU_SECONDS[command]),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(kind, (limit, limit))
        except ValueError:  # a platform that knows the limit but does not keep it
            continue


def forbid_the_world() -> None:
    """From here on refuse what reading a capture never needs. A second lock behind the limits, not a sandbox."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event.startswith(_FORBIDDEN):
            raise PermissionError(f"the frames process may not do '{event}'")

    sys.addaudithook(hook)


def _convert(_options: argparse.Namespace) -> dict[str, Any]:
    from auditor.frames.reading import Capture  # noqa: PLC0415 - Scapy is loaded below the limits

    forbid_the_world()
    capture = Capture(sys.stdin.buffer)
    frames = _stream(iter(capture), sys.stdout.buffer, truncated=lambda: capture.truncated)
    return {"frames": frames, "truncated": capture.truncated, "error": capture.error}


def _sniff(options: argparse.Namespace) -> dict[str, Any]:
    from auditor.frames.sniffing import sniff  # noqa: PLC0415 - Scapy is loaded below the limits

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    events = sniff(options.interface, options.seconds, stop.is_set)
    return {"frames": _stream(events, sys.stdout.buffer, prompt=True)}


def _describe(options: argparse.Namespace) -> dict[str, Any]:
    from auditor.frames.describing import describe  # noqa: PLC0415 - Scapy is loaded below the limits
    from auditor.frames.reading import Capture  # noqa: PLC0415 - Scapy is loaded below the limits

    forbid_the_world()
    numbers = [int(number) for number in options.frames.split(",")]
    json.dump(describe(Capture(sys.stdin.buffer), numbers, devices=options.devices), sys.stdout)
    return {}


def _stream(
    events: Iterator[Event], out: BinaryIO, *, truncated: Callable[[], bool] = bool, prompt: bool = False
) -> int:
    """Write events as pcapng; return the number of frames.

    A capture that broke off ends here within a block too, so that whoever reads the stream cannot take it for whole.
    """
    from auditor.frames import pcapng, reading  # noqa: PLC0415 - Scapy is loaded below the limits

    frames, pending = 0, bytearray()
    for event in events:
        match event:
            case reading.Captured(interface, ticks, data, original):
                frames += 1
                if ticks is None:
                    pending += pcapng.simple(data, original)
                else:
                    pending += pcapng.enhanced(interface, ticks, data, original)
            case reading.Interface(link, snap_length, resolution, offset):
                pending += pcapng.interface(link, snap_length, resolution, offset)
            case _:
                pending += pcapng.section()
        if prompt or len(pending) >= _BUFFER:
            out.write(pending)
            out.flush()
            pending.clear()
    if truncated():
        pending += pcapng.section()[:4]
    out.write(pending)
    out.flush()
    return frames


if __name__ == "__main__":
    sys.exit(main())
