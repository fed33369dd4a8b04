"""What a capture can suffer, applied to recorded ones: ``python -m tests.lab.changes FOLDER [NAME...]``.

Each capture that was recorded gets a changed copy with its labels; chance is drawn from the run's seed and the change's
name, so the same copy comes out again. Frames keep their bytes: a lost frame was lost on its way to the capture, and
the two programs never missed it.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.conversations import packet
from tests.lab.frames import read_pcapng, save
from tests.lab.labels import read
from tests.lab.links import vlan_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.frames import Frame, Recording

INSIDE = ("10.", "2001:db8:20:")
MILLISECOND = 1_000_000
SUFFIX = ".labels.json"
HEAD = 24
Change = Callable[["Recording", random.Random], "Recording"]


def vlan(recording: Recording, _: random.Random) -> Recording:
    """Put every frame into VLAN 20."""
    return recording.mapped(vlan_tag(20))


def outbound(recording: Recording, _: random.Random) -> Recording:
    """Keep what the inside sent."""
    return recording.mapped(lambda frame: frame if _is_from_inside(frame) else None)


def inbound(recording: Recording, _: random.Random) -> Recording:
    """Keep what the outside sent."""
    return recording.mapped(lambda frame: None if _is_from_inside(frame) else frame)


def _is_from_inside(frame: Frame) -> bool:
    found = packet(frame.data)
    return bool(found and (found.source.ip or "").startswith(INSIDE))


def late(recording: Recording, _: random.Random) -> Recording:
    """Begin when two fifths of the bytes are over: in mid-transfer."""
    total, gone = sum(frame.length for frame in recording.frames), 0
    for number, frame in enumerate(recording.frames):
        gone += frame.length
        if gone * 5 >= total * 2:
            return replace(recording, frames=recording.frames[number:])
    return recording


def loss(recording: Recording, chance: random.Random, rate: float) -> Recording:
    """Lose frames at random."""
    return recording.mapped(lambda frame: None if chance.random() < rate else frame)


def reorder(recording: Recording, chance: random.Random) -> Recording:
    """Let one frame in ten come up to 20 ms late."""

    def delayed(frame: Frame) -> Frame:
        late_by = chance.randrange(20 * MILLISECOND) if chance.random() < 0.1 else 0
        return replace(frame, time=frame.time + late_by)

    moved = recording.mapped(delayed)
    return replace(moved, frames=tuple(sorted(moved.frames, key=lambda frame: frame.time)))


def snap(recording: Recording, _: random.Random) -> Recording:
    """Cut frames at 128 bytes."""
    return replace(recording.mapped(lambda frame: replace(frame, data=frame.data[:128])), snaplen=128)


def head(recording: Recording, _: random.Random) -> Recording:
    """Keep the first two dozen frames of each pair of ends, so that a capture is small enough to be committed."""
    seen: Counter[frozenset[object]] = Counter()

    def early(frame: Frame) -> Frame | None:
        found = packet(frame.data)
        if found is None:
            return None
        key = frozenset((found.transport, found.source, found.target))
        seen[key] += 1
        return frame if seen[key] <= HEAD else None

    return recording.mapped(early)


CHANGES: dict[str, Change] = {
    "vlan": vlan,
    "outbound": outbound,
    "inbound": inbound,
    "late": late,
    "loss1": lambda recording, chance: loss(recording, chance, 0.01),
    "loss5": lambda recording, chance: loss(recording, chance, 0.05),
    "reorder": reorder,
    "snap128": snap,
    "head": head,
}
MEASURED = tuple(name for name in CHANGES if name != "head")
"""What the accuracy table shows; the last one is for ``tests/cases``."""


def apply(name: str, folder: Path, original: str) -> Path:
    """Write the changed copy of a capture with its labels, and return the copy's path."""
    labels = read(folder / f"{original}{SUFFIX}")
    # No use for cryptography: the same seed has to give the same copy.
    chance = random.Random(f"{labels.seed} {name} {original}")  # noqa: S311
    changed = [CHANGES[name](recording, chance) for recording in read_pcapng(folder / labels.capture)]
    path = folder / f"{original}+{name}.pcapng"
    labels.capture, labels.changes = path.name, [*labels.changes, name]
    save(path, changed, f"{labels.made}, then {name} with seed {labels.seed}")
    labels.write(folder / f"{original}+{name}{SUFFIX}")
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Change the captures of a folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.changes", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CHANGES)} (by default all but head)")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(CHANGES):
        parser.error(f"no such change: {', '.join(sorted(unknown))}")
    for path in sorted(options.folder.glob(f"*{SUFFIX}")):
        if not read(path).changes:
            for name in options.names or MEASURED:
                apply(name, options.folder, path.name.removesuffix(SUFFIX))


if __name__ == "__main__":
    main()
