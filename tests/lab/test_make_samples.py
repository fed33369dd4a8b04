"""The maker makes a sample from nothing, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.lab.catalogue import CATALOGUE
from tests.lab.make_samples import make

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ("ip", "ethtool", "tcpdump", "nft")


@pytest.mark.lab
def test_a_sample_is_made_and_the_network_removed(tmp_path: Path) -> None:
    """A capture and its truth appear; no namespace stays."""
    if os.geteuid():
        pytest.skip("needs root")
    if missing := [program for program in PROGRAMS if not shutil.which(program)]:
        pytest.skip(f"needs the Debian packages that have {', '.join(missing)}")

    capture = make(CATALOGUE["connected-only"], tmp_path)

    assert b"\x13BitTorrent protocol" in capture.read_bytes()
    assert (tmp_path / "connected-only.truth.json").exists()
    left = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    assert f"lab{os.getpid()}" not in left
