"""What deploy/README.md says is so."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "deploy"
TEXT = (FOLDER / "README.md").read_text("utf-8")


def test_links_and_paths_lead_somewhere() -> None:
    """To a file or folder of this repository."""
    links = re.findall(r"\]\(([^)\s]+)\)", TEXT)
    assert [link for link in links if not (FOLDER / link).exists()] == []
    paths = re.findall(r"(?<![\w/.])deploy/[\w./-]*\w", TEXT)
    assert paths
    assert [path for path in paths if not (FOLDER.parent / path).exists()] == []


def test_every_folder_is_named() -> None:
    """Whoever looks for one finds it."""
    named = {link.split("/")[0] for link in re.findall(r"\]\(([^)\s]+)\)", TEXT)}
    assert {each.name for each in FOLDER.iterdir() if each.is_dir() and not each.name.startswith(("_", "."))} <= named
