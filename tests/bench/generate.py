"""Makes the captures: each in a process of its own, once; a capture that fits its recipe is used again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tests.bench import pcapfile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.recipes import Recipe

FORMAT = 1  # raised with every change to what a recipe gives


@dataclass(frozen=True, slots=True)
class Capture:
    """One generated capture: its file and what it holds."""

    path: Path
    recipe: str
    packets: int
    bytes: int
    flows: int


def generate(recipe: Recipe, folder: Path, suffix: str = "") -> Capture:
    """Write the capture of ``recipe`` into ``folder``, with a note of what it holds beside it.

    The note is written last: without a note that fits the recipe, the capture is made anew.
    """
    path = folder / f"{recipe.name}{suffix}.pcap"
    note = path.with_suffix(".json")
    made_from = {"format": FORMAT, **asdict(recipe)}
    if path.exists() and note.exists():
        known = json.loads(note.read_text())
        if known["made_from"] == made_from and path.stat().st_size == known["size"]:
            return Capture(path, recipe.name, known["packets"], known["bytes"], recipe.flows)
    folder.mkdir(parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    written = pcapfile.write(path, recipe.scripts())
    known = {"made_from": made_from, "size": path.stat().st_size, "packets": written.packets, "bytes": written.bytes}
    note.write_text(json.dumps(known, indent=1) + "\n")
    return Capture(path, recipe.name, written.packets, written.bytes, recipe.flows)
