"""Exit codes are a contract with scripts."""

from __future__ import annotations

from auditor.cli.exit_code import ExitCode


def test_the_codes_are_those_of_the_documentation() -> None:
    """Scripts depend on the numbers."""
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "VIOLATION": 1,
        "USAGE": 2,
        "UNREADABLE": 3,
        "INTERNAL": 70,
        "INTERRUPTED": 130,
    }


def test_the_gravest_wins() -> None:
    """70 before 2 before 3 before 1 before 0: a bad policy weighs more than an unreadable capture."""
    assert ExitCode.gravest() is ExitCode.OK
    assert ExitCode.gravest(ExitCode.OK, ExitCode.VIOLATION) is ExitCode.VIOLATION
    assert ExitCode.gravest(ExitCode.UNREADABLE, ExitCode.VIOLATION) is ExitCode.UNREADABLE
    assert ExitCode.gravest(ExitCode.UNREADABLE, ExitCode.USAGE) is ExitCode.USAGE
    assert ExitCode.gravest(ExitCode.INTERNAL, ExitCode.USAGE) is ExitCode.INTERNAL
