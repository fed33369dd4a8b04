"""The list of samples in ``samples/README.md``, written from their truths so that it cannot fall behind them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BEGIN, END = "<!-- samples: written by make_samples -->", "<!-- end -->"


def listing(folder: Path) -> str:
    """Return the Markdown list of the samples in ``folder``, and the versions of the programs that made them."""
    truths = [json.loads(path.read_text()) for path in sorted(folder.glob("*.truth.json"))]
    rows = [f"| `{truth['sample']}` | {truth['purpose']} | {', '.join(sorted(truth['clients']))} |" for truth in truths]
    versions = sorted({f"{name} {version}" for truth in truths for name, version in truth["clients"].items()})
    table = "\n".join(["| capture | what happens | programs |", "|---|---|---|", *rows])
    return f"{table}\n\nVersions (Debian 12, and libtorrent from its wheel): {'; '.join(versions)}."


def refresh(folder: Path) -> None:
    """Write the list into the README of ``folder``, if there is one."""
    readme = folder / "README.md"
    if readme.exists():
        before, _, rest = readme.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        readme.write_text(f"{before}{BEGIN}\n{listing(folder)}\n{END}{after}")
