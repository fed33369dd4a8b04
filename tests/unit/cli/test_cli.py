"""The command line as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from auditor import __version__

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Engine, Run

COMMAND = [sys.executable, "-c", "from auditor.cli import main; main()"]


def test_help_teaches(run: Run) -> None:
    """The commands, where to start, and every exit code."""
    ended = run("--help")

    assert ended.code == 0
    for word in (
        "audit",
        "capture",
        "policy",
        "schema",
        "auditor policy init",
        "130 interrupted",
        "70  an error of ours",
    ):
        assert word in ended.out


@pytest.mark.parametrize("command", ["audit", "capture", "policy", "schema"])
def test_every_command_has_help(run: Run, command: str) -> None:
    """Each can be loaded and explains itself."""
    assert run(command, "--help").code == 0


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


def test_the_version_is_told(run: Run) -> None:
    """On stdout, with the program's name."""
    assert run("--version").out == f"auditor {__version__}\n"


def test_an_unknown_command_ends_with_two(run: Run) -> None:
    """And stderr says where help is."""
    ended = run("adit")

    assert ended.code == 2
    assert "auditor --help" in ended.err


def test_an_error_of_ours_is_one_sentence_and_70(run: Run, engine: Engine) -> None:
    """It asks for a report and gives the place, but not the message, which may hold an address."""
    engine.raises = ValueError("10.20.0.5 is not in list")

    ended = run("audit", "day.pcapng")

    assert ended.code == 70
    assert ended.err.count("\n") == 1
    assert "ValueError at conftest.py:" in ended.err
    assert "10.20.0.5" not in ended.err


def test_the_traceback_is_there_on_demand(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever reports or mends it."""
    engine.raises = ValueError("here")
    monkeypatch.setattr(os, "environ", os.environ | {"AUDITOR_DEBUG": "1"})

    assert "Traceback" in run("audit", "day.pcapng").err


def test_a_panic_of_the_engine_is_an_error_of_ours(run: Run, engine: Engine) -> None:
    """It is no Exception to Python, and still ends with 70."""

    class PanicException(BaseException):
        pass

    engine.raises = PanicException()

    assert run("audit", "day.pcapng").code == 70


def test_an_engine_of_another_version_says_itself_what_to_do(run: Run, engine: Engine) -> None:
    """Its sentence is shown as it is."""
    engine.raises = ImportError("rebuild: pip install -e .")

    ended = run("audit", "day.pcapng")

    assert (ended.code, ended.err) == (70, "auditor: rebuild: pip install -e .\n")


def test_a_reader_that_has_gone_is_no_error() -> None:
    """``auditor schema audit | head -1`` prints one line and nothing on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([*COMMAND, "schema", "audit"], stdout=writer, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writer)

    assert (ended.returncode, ended.stderr) == (0, b"")
