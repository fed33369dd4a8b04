"""What a systemd unit lets a service call."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@cache
def _members(group: str) -> frozenset[str]:
    """Return the system calls of a group, as this systemd knows it."""
    command = ["systemd-analyze", "syscall-filter", "--no-pager", group]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\n")[1:]
    names = [line.strip() for line in listed if line.startswith("    ") and not line.strip().startswith("#")]
    return frozenset(member for name in names for member in _named(name))


def _named(word: str) -> frozenset[str]:
    return _members(word) if word.startswith("@") else frozenset({word})


def allowed_calls(unit: Path) -> frozenset[str]:
    """Return the system calls that pass the unit's filters: what is named, without what is then taken away."""
    allowed: frozenset[str] = frozenset()
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit.read_text("utf-8"), re.MULTILINE):
        named = frozenset(member for word in line.lstrip("~").split() for member in _named(word))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed
