"""How the command line begins and ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-c", "from auditor.cli import main; main()"]


CAPTURE = Path(__file__).parents[3] / "samples" / "handshake-incoming.pcapng"

HEAVY = {
    "libtorrent",
    "prometheus_client",
    "pydantic",
    "pydantic_core",
    "rich",
    "scapy",
    "sqlalchemy",
    "structlog",
    "yaml",
}
UNASKED = {
    "auditor.audit.document",
    "auditor.evidence",
    "auditor.frames",
    "auditor.identity",
    "auditor.metrics",
    "auditor.model.identity",
    "auditor.model.watch",
    "auditor.policy.dispatch",
    "auditor.policy.load",
    "auditor.policy.rule",
    "auditor.sensor",
    "auditor.sinks",
    "auditor.torrents",
    "auditor.written",
}
"""What reads policies and identity sources, watches interfaces, and makes of a result what was not asked for."""
UNUSED = {
    "asyncio",
    "dataclasses",
    "fnmatch",
    "glob",
    "hashlib",
    "importlib.metadata",
    "json",
    "logging",
    "pathlib",
    "random",
    "socket",
    "subprocess",
    "tempfile",
    "urllib",
}
"""What of the standard library takes its time to be imported, and can wait until it is needed."""


def _imported(*arguments: str | Path) -> set[str]:
    """Return what a command imports."""
    program = (
        "import sys; there = set(sys.modules)\n"
        "from auditor import cli\n"
        "try: cli.run()\n"
        "except SystemExit: pass\n"
        "print(*set(sys.modules) - there)"
    )
    words = [sys.executable, "-c", program, *map(str, arguments)]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())


def test_help_imports_nothing_heavy() -> None:
    """Start-up is what a person waits for: only click is loaded."""
    assert not _imported("--help") & (HEAVY | UNASKED | {"auditor.engine", "pathlib"})


def test_an_audit_without_a_policy_imports_nothing_heavy() -> None:
    """What reads a policy file, draws a bar or decodes for people is loaded when it is needed."""
    imported = _imported("audit", CAPTURE)

    assert "auditor.engine" in imported
    assert not imported & (HEAVY | UNASKED | UNUSED)


def test_nothing_is_imported_before_looking_for_cycles_is_put_off() -> None:
    """Click makes enough values for twenty such looks."""
    program = "import sys, auditor.cli; print('click' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )


def test_a_reader_that_has_gone_is_no_error() -> None:
    """``auditor schema audit | head -1`` prints one line and nothing on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([*COMMAND, "schema", "audit"], stdout=writer, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writer)

    assert (ended.returncode, ended.stderr) == (0, b"")
