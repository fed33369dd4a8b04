"""How processes end."""

from __future__ import annotations

import subprocess
import sys

import pytest


def _ended(*lines: str) -> subprocess.CompletedProcess[str]:
    program = "\n".join(["from auditor.cli import ending", "import sys", *lines, "ending.end(3)", "print('never')"])
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("left", [(), ("ending.leave_lying([object()])",)], ids=["nothing-left", "left"])
def test_what_was_printed_is_there_and_the_code_is_told(left: tuple[str, ...]) -> None:
    """Whichever way it ends."""
    ended = _ended("print('out', end='')", "print('err', end='', file=sys.stderr)", *left)

    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "out", "err")


def test_what_was_left_is_not_taken_apart() -> None:
    """That is what it is for."""
    value = "class Value:\n    def __del__(self): print('taken apart')"

    assert _ended(value, "ending.leave_lying(Value())").stdout == ""
    assert _ended(value, "Value()").stdout == "taken apart\n"
