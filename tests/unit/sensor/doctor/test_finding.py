"""The machine as it is."""

from __future__ import annotations

from auditor.sensor.doctor.finding import Host


def test_by_default_it_is_this_machine() -> None:
    """With its kernel's files."""
    host = Host()
    assert host.cores >= 1
    assert (host.sys / "class/net/lo").exists()
    assert (host.proc / "meminfo").exists()
