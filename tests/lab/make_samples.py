"""Make the captures in ``samples/``: ``python -m tests.lab.make_samples [NAME...]``, as root.

Without names all are made. A sample is written when its script has succeeded, its truth beside it; the others stay.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.lab import dht, handshakes, links, office_day  # noqa: F401 - they enter their samples into the catalogue
from tests.lab.catalogue import CATALOGUE, Sample
from tests.lab.frames import save
from tests.lab.process import LabError
from tests.lab.readme import refresh
from tests.lab.scene import Scene
from tests.lab.topology import Lab
from tests.lab.truth import Truth

FOLDER = Path(__file__).parents[2] / "samples"
ATTEMPTS = 3
"""Real programs keep their own time; a script that waited in vain is run again."""


def make(sample: Sample, folder: Path) -> Path:
    """Run one sample's script and write its capture, truth and torrents into ``folder``."""
    truth = Truth(sample.file, sample.purpose, f"python -m tests.lab.make_samples {sample.name}")
    with Lab(nat=sample.nat) as lab:
        recordings = sample.script(Scene(lab, truth))
        shelf = folder / "torrents"
        shelf.mkdir(parents=True, exist_ok=True)
        for file in lab.folder.glob("*.torrent"):
            shutil.copyfile(file, shelf / file.name)
    path = folder / sample.file
    save(path, recordings, f"{truth.made}: {truth.purpose}")
    truth.write(folder / f"{sample.name}.truth.json")
    refresh(folder)
    return path


def main() -> None:
    """Make the samples named on the command line, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab.make_samples", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CATALOGUE)}")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write (default: samples/)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if unknown := set(options.names) - set(CATALOGUE):
        parser.error(f"no such sample: {', '.join(sorted(unknown))}")
    for name in options.names or CATALOGUE:
        begun = time.monotonic()
        path = _insist(CATALOGUE[name], options.folder)
        _say(f"{path.name}: {path.stat().st_size:,} bytes in {time.monotonic() - begun:.0f} s")


def _insist(sample: Sample, folder: Path) -> Path:
    for _ in range(ATTEMPTS - 1):
        try:
            return make(sample, folder)
        except (LabError, subprocess.TimeoutExpired) as error:
            _say(f"{sample.name}: {error}; again")
    return make(sample, folder)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    main()
