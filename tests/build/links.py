"""Interfaces for tests that capture: pairs that are gone again afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def needs_root() -> None:
    """Skip where interfaces cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("needs root, for interfaces of its own")
    if shutil.which("ip") is None:
        pytest.skip("needs Debian's iproute2")


@contextmanager
def pair() -> Iterator[tuple[str, str]]:
    """Make two interfaces that lead to each other; each hears only what the other sends."""
    needs_root()
    name = f"t{secrets.token_hex(4)}"
    ends = f"{name}a", f"{name}b"
    subprocess.run(["ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1]], check=True)
    try:
        for end in ends:
            subprocess.run(["ip", "link", "set", end, "addrgenmode", "none", "arp", "off", "up"], check=True)
        yield ends
    finally:
        subprocess.run(["ip", "link", "delete", ends[0]], check=True)
