"""What a person reads who audits a broken capture: one sentence with its name, the place and what was expected."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cases.captures.make import CASES, HERE, reading, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None,
    reason="run as root, needs setpriv of the Debian package util-linux",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all the broken captures."""
    path = tmp_path_factory.mktemp("broken")
    write(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_broken_capture_is_told_as_expected(case: str, folder: Path) -> None:
    """By both readers; `python -m tests.cases.captures.make` writes the expected texts anew."""
    expected = (HERE / f"{case}.expected").read_text()

    assert reading(case, folder) == expected
    through_scapy = reading(case, folder, "--source", "scapy")
    assert through_scapy.splitlines()[1:] == expected.splitlines()[1:]
