"""How the command line begins and ends."""

from __future__ import annotations

import os
import subprocess
import sys

COMMAND = [sys.executable, "-c", "from auditor.cli import main; main()"]


def test_help_imports_nothing_heavy() -> None:
    """Start-up is what a person waits for: only click is loaded."""
    program = (
        "import sys; from auditor.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'pydantic', 'rich', 'libtorrent', 'scapy', 'yaml', 'prometheus_client'} & set(sys.modules)))"
    )

    ended = subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=True)

    assert ended.stdout.endswith("[]\n")


def test_an_audit_without_a_policy_imports_nothing_heavy() -> None:
    """What reads a policy file, draws a bar or decodes for people is loaded when it is needed."""
    program = (
        "import sys, auditor.cli.audit\n"
        "heavy = {'pydantic', 'pydantic_core', 'rich', 'libtorrent', 'scapy', 'yaml', 'prometheus_client'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout == "[]\n"


def test_a_reader_that_has_gone_is_no_error() -> None:
    """``auditor schema audit | head -1`` prints one line and nothing on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([*COMMAND, "schema", "audit"], stdout=writer, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writer)

    assert (ended.returncode, ended.stderr) == (0, b"")
