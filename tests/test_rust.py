"""The engine's own tests, so that one command runs everything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NATIVE = Path(__file__).parent.parent / "auditor" / "native"


def test_the_engine_passes_its_own_tests() -> None:
    """``cargo test`` of the core and the I/O crate."""
    cargo = shutil.which("cargo")
    if cargo is None:
        if os.environ.get("CI"):
            pytest.fail("cargo is missing")
        pytest.skip("cargo is missing: install Rust to run the engine's own tests")

    ended = subprocess.run(
        [cargo, "test", "--locked", "--quiet"], cwd=NATIVE, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
