"""The child limits itself, and once it reads captures it may do nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import Frame, pcap

ROOT = Path(__file__).resolve().parents[3]


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a Python of its own, with the child's module loaded as ``child``."""
    command = [sys.executable, "-c", f"from auditor.frames import child\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_it_limits_memory_time_files_and_writing() -> None:
    """Before Scapy is loaded, so that whatever Scapy does stays within."""
    done = run(
        "import resource, sys\n"
        "child.restrict('describe')\n"
        "limits = ['AS', 'CPU', 'NOFILE', 'FSIZE', 'CORE']\n"
        "print([resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in limits], 'scapy' in sys.modules)"
    )

    assert done.stdout == "[(1073741824, 1073741824), (600, 600), (64, 64), (0, 0), (0, 0)] False\n"


@pytest.mark.parametrize(
    "deed",
    [
        "import socket; socket.socket()",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "open('/dev/null', 'w')",
        "import ctypes; ctypes.CDLL(None)",
    ],
)
def test_it_refuses_what_reading_a_capture_never_needs(deed: str) -> None:
    """A parser led astray by a frame reaches neither the network nor a program nor a file."""
    assert run(deed).returncode == 0
    assert "PermissionError: the frames process may not do" in run(f"child.forbid_the_world()\n{deed}").stderr


def test_reading_is_still_allowed() -> None:
    """Modules may be loaded late."""
    assert run("child.forbid_the_world()\nimport wave\nopen('/dev/null').close()").returncode == 0


def test_it_imports_nothing_of_the_auditor_but_its_own_folder() -> None:
    """The licences are kept apart, and so is what a parser could reach."""
    done = run(
        "import sys\n"
        "from auditor.frames import describing, reading, sniffing\n"
        "print(sorted(name for name in sys.modules if name.startswith('auditor') and 'frames' not in name))"
    )

    assert done.stdout == "['auditor']\n"


def test_a_block_that_claims_gigabytes_costs_no_memory() -> None:
    """The capture ends there, as one that breaks off."""
    content = pcap([Frame(0, b"abcd")]) + bytes(8) + b"\xff\xff\xff\xff" * 2
    command = [sys.executable, "-m", "auditor.frames.child", "convert"]
    done = subprocess.run(command, input=content, capture_output=True, check=False, cwd=ROOT)

    assert done.returncode == 0
    assert json.loads(done.stderr) == {
        "frames": 1,
        "truncated": True,
        "error": "at offset 44: expected a record with at most 262144 captured bytes",
    }
