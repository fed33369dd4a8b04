"""Checks of the machine: what we may do on it, what guards it from us, and its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.moment import NANOSECONDS
from auditor.sensor.confine import CAP_NET_RAW
from auditor.sensor.doctor.finding import Case, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAR = NANOSECONDS // 10
"""An offset that begins to matter: leases and complaints are told to the second."""


def may_capture(case: Case) -> Iterator[Finding]:
    """Look for the one capability that capturing needs."""
    held = case.host.capabilities()
    if CAP_NET_RAW not in held:
        todo = (
            "run it by deploy/systemd/auditor-sensor.service, or by hand: "
            "setpriv --ambient-caps +net_raw --inh-caps +net_raw"
        )
        yield Finding("privileges", "wrong", "without CAP_NET_RAW no interface can be captured", todo)
    elif len(held) > 1:
        found = f"CAP_NET_RAW is there, and {len(held) - 1} that are given up once the sensor has started"
        yield Finding("privileges", "right", found)
    else:
        yield Finding("privileges", "right", "CAP_NET_RAW is there, and nothing else")


def can_be_confined(case: Case) -> Iterator[Finding]:
    """Look for Landlock and seccomp, which keep a parser that was taken over from the rest of the machine."""
    version = case.host.landlock()
    if version is None:
        todo = "boot with lsm=landlock,… and Linux 5.13 or later; the sensor runs without"
        yield Finding("Landlock", "doubtful", "this kernel does not confine files", todo)
    else:
        yield Finding("Landlock", "right", f"files can be confined (version {version})")
    if (case.host.proc / "sys/kernel/seccomp/actions_avail").exists():
        yield Finding("seccomp", "right", "system calls can be confined, as the systemd unit does")
    else:
        todo = "a kernel with CONFIG_SECCOMP_FILTER; the sensor runs without"
        yield Finding("seccomp", "doubtful", "this kernel does not confine system calls", todo)


def tells_the_time(case: Case) -> Iterator[Finding]:
    """Ask the kernel whether something keeps the clock, and how far it is off."""
    offset = case.host.clock_offset()
    if offset is None:
        todo = "timedatectl set-ntp true, or run chrony: who held an address is a matter of seconds"
        yield Finding("clock", "wrong", "nothing synchronises the clock", todo)
    elif abs(offset) > _FAR:
        found = f"the clock is {abs(offset) / NANOSECONDS:.3f} s off"
        yield Finding("clock", "doubtful", found, "see 'chronyc tracking' or 'timedatectl timesync-status'")
    else:
        yield Finding("clock", "right", f"the clock is synchronised, within {abs(offset) / 1e6:.3f} ms")
