"""A machine for the doctor to look at: a few files instead of the kernel's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.sensor import load
from auditor.sensor.check import check
from auditor.sensor.doctor.ethtool import Offloads, Ring
from auditor.sensor.doctor.finding import Case, Host
from tests.build.sensor import NOW, sensor_files

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30


def interface(folder: Path, name: str, *, flags: int = 0x1003, carrier: str | None = "1", **counters: int) -> None:
    """Let there be an interface."""
    at = folder / "sys/class/net" / name
    (at / "statistics").mkdir(parents=True)
    (at / "flags").write_text(f"{flags:#x}\n")
    if carrier is not None:
        (at / "carrier").write_text(f"{carrier}\n")
    for counter, value in {"rx_packets": 5, "rx_missed_errors": 0, "rx_fifo_errors": 0, **counters}.items():
        (at / "statistics" / counter).write_text(f"{value}\n")


def host(folder: Path, **changes: Any) -> Host:  # noqa: ANN401 - fields of any type
    """Make a machine on which nothing is wrong."""
    (folder / "proc/sys/kernel/seccomp").mkdir(parents=True, exist_ok=True)
    (folder / "proc/sys/kernel/seccomp/actions_avail").touch()
    (folder / "proc/meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable: {8 * GIB >> 10} kB\n")
    right: dict[str, Any] = {
        "sys": folder / "sys",
        "proc": folder / "proc",
        "run": folder / "run",
        "units": (folder / "units",),
        "prometheus": folder / "prometheus.yml",
        "environ": {},
        "cores": 2,
        "offloads": lambda _: Offloads(gro=False, lro=False),
        "ring": lambda _: Ring(4096, 4096),
        "capabilities": lambda: frozenset({13}),
        "landlock": lambda: 4,
        "clock_offset": lambda: 25_000,
    }
    return Host(**{**right, **changes})


def case(folder: Path, rest: str = "", *, interfaces: str = "eth1", policy: str | None = None, **changes: Any) -> Case:  # noqa: ANN401
    """Make what is examined: the least files of a sensor, and such a machine."""
    told = {} if policy is None else {"policy": policy}
    path = sensor_files(folder, rest, interfaces=interfaces, **told)
    checked = check(path, NOW, {})
    return Case(checked, load.read(path, {}, at_rest=True).draft, host(folder, **changes), NOW)
