"""The list of samples: each a script with a name, a file and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.lab.frames import Recording
from tests.lab.scene import Scene

Script = Callable[[Scene], Sequence[Recording]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample to make."""

    file: str
    """Its capture's name; the ending is its format."""
    purpose: str
    script: Script
    nat: bool

    @property
    def name(self) -> str:
        """The capture's name without its endings."""
        return self.file.partition(".")[0]


CATALOGUE: dict[str, Sample] = {}


def sample(file: str, *, nat: bool = False) -> Callable[[Script], Script]:
    """Enter a script into the catalogue; its docstring is the sample's purpose."""

    def enter(script: Script) -> Script:
        entry = Sample(file, " ".join((script.__doc__ or "").split()), script, nat)
        CATALOGUE[entry.name] = entry
        return script

    return enter
