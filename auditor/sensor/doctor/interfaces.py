"""Checks of the interfaces that are watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sensor.doctor.finding import Case, Finding
from auditor.sensor.fields import size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UP, _LOOPBACK, _PROMISCUOUS = 0x1, 0x8, 0x100
"""IFF_UP, IFF_LOOPBACK and IFF_PROMISC of linux/if.h."""
_SHARE_DOUBTFUL, _SHARE_WRONG = 0.25, 0.5


def are_there(case: Case) -> Iterator[Finding]:
    """Look whether each interface is there, up, and hears something."""
    for name in _names(case):
        folder = case.host.sys / "class/net" / name
        flags = _flags(folder)
        if flags is None:
            others = sorted(each.name for each in (case.host.sys / "class/net").glob("*"))
            todo = f"name one that is: {', '.join(others[:12])}" if others else "see 'ip -br link'"
            yield Finding(name, "wrong", "there is no such interface", todo)
        elif not flags & _UP:
            yield Finding(name, "wrong", "the interface is down", f"ip link set {name} up")
        elif _read(folder / "carrier") == "0":
            yield Finding(name, "wrong", "the interface has no link", "look at the cable and the mirror port")
        elif not flags & _LOOPBACK and _read(folder / "statistics/rx_packets") == "0":
            found = "the interface is up, and has not received a frame"
            yield Finding(name, "doubtful", found, f"see whether the mirror port sends: tcpdump -ni {name} -c 5")
        else:
            state = ", promiscuous already" if flags & _PROMISCUOUS else ""
            yield Finding(name, "right", f"the interface is up{state}")


def show_frames_as_they_were(case: Case) -> Iterator[Finding]:
    """Look for offloads that put received frames together: what is captured then never was on the wire."""
    for name in _present(case):
        offloads = case.host.offloads(name)
        if offloads is None:
            yield Finding(name, "unknown", "the driver does not tell whether it puts frames together (GRO, LRO)")
            continue
        on = [word for word, is_on in (("gro", offloads.gro), ("lro", offloads.lro)) if is_on]
        if on:
            words = " and ".join(word.upper() for word in on)
            found = f"{words} put received frames together: what is captured was never on the wire"
            yield Finding(name, "wrong", found, f"ethtool -K {name} {' '.join(f'{word} off' for word in on)}")
        else:
            yield Finding(name, "right", "frames are captured as they were on the wire (no GRO, no LRO)")


def lose_nothing_themselves(case: Case) -> Iterator[Finding]:
    """Look at the interface's own ring and at what it has lost: frames that no sensor ever sees."""
    for name in _present(case):
        ring = case.host.ring(name)
        counters = case.host.sys / "class/net" / name / "statistics"
        lost = sum(int(_read(counters / each) or 0) for each in ("rx_missed_errors", "rx_fifo_errors"))
        small = ring is not None and ring.size < ring.largest
        todo = f"ethtool -G {name} rx {ring.largest}" if ring is not None and small else None
        if lost:
            found = f"the interface itself has lost {lost:,} frames since it was started"
            yield Finding(name, "doubtful", found, todo or "spread it over more queues: ethtool -L")
        elif ring is not None and small:
            found = f"its own ring has {ring.size:,} places of {ring.largest:,}"
            yield Finding(name, "doubtful", found, todo)


def fit_into_memory(case: Case) -> Iterator[Finding]:
    """Hold the rings, one for each worker and interface, against the memory that is free."""
    if case.config is None:
        return
    workers = case.config.workers or case.host.cores
    total = workers * sum(each.ring_bytes for each in case.config.interfaces)
    free = _memory(case.host.proc / "meminfo")
    found = f"rings take {size(total)}: {len(case.config.interfaces)} interfaces, {workers} workers"
    if free is None:
        yield Finding("rings", "unknown", f"{found}; how much memory is free cannot be told")
        return
    share = total / max(free, 1)
    found = f"{found}; {size(free >> 20 << 20)} of memory are free"
    if share > _SHARE_DOUBTFUL:
        todo = "write a smaller 'ring', or fewer 'workers', into the sensor file"
        yield Finding("rings", "wrong" if share > _SHARE_WRONG else "doubtful", found, todo)
    else:
        yield Finding("rings", "right", found)


def _names(case: Case) -> list[str]:
    return [] if case.config is None else [each.interface for each in case.config.interfaces]


def _present(case: Case) -> list[str]:
    return [name for name in _names(case) if _flags(case.host.sys / "class/net" / name) is not None]


def _flags(folder: Path) -> int | None:
    written = _read(folder / "flags")
    try:
        return None if written is None else int(written, 16)
    except ValueError:
        return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return None  # An interface that is down answers "invalid argument" for its carrier.


def _memory(path: Path) -> int | None:
    for line in (_read(path) or "").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable" and rest.split()[0].isdecimal():
            return int(rest.split()[0]) * 1024
    return None
