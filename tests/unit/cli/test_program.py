"""The command line as a whole: its commands, and what becomes of errors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from auditor import __version__

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Engine, Run


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
