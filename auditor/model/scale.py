"""The ordered scales of the design: confidence, participation, verdict, severity; and the basis of an infohash.

Members compare by strength, so that "at least" is ``>=``. ``label`` is the word used in YAML, JSON and metrics.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Self


class Scale(IntEnum):
    """An ordered set of words, weakest first."""

    @property
    def label(self) -> str:
        """The word as it stands in YAML, JSON and metrics."""
        return self._name_.lower()

    @classmethod
    def from_label(cls, label: str) -> Self:
        """Return the member that ``label`` names.

        Raises:
            ValueError: if no member has that word.
        """
        member = cls.__members__.get(label.upper())
        if member is None or member.label != label:
            raise ValueError(f"'{label}' is not one of {', '.join(m.label for m in cls)}")
        return member


class Confidence(Scale):
    """How sure it is that the traffic is BitTorrent."""

    SUSPECTED = 1
    LIKELY = 2
    CONFIRMED = 3


class Participation(Scale):
    """What the inside host itself did."""

    CONTACTED = 1
    PRESENT = 2
    LOOKED_UP = 3
    ATTEMPTED = 4
    ANNOUNCED = 5
    CONNECTED = 6
    TRANSFERRED = 7


class Verdict(Scale):
    """A rule's outcome."""

    ALLOW = 1
    NOTICE = 2
    VIOLATION = 3


class Severity(Scale):
    """How grave an organisation holds a matched rule to be."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class Basis(Enum):
    """Whether an infohash was read in the flow itself or tied to it from elsewhere."""

    READ = "read"
    INFERRED = "inferred"


class AmountBasis(Scale):
    """What an amount of bytes rests on, weakest first."""

    NONE = 0
    FLOW = 1
    PIECES = 2
    VERIFIED = 3


class People(Enum):
    """How a policy lets subjects be shown."""

    NONE = "none"
    PSEUDONYM = "pseudonym"
    NAMED = "named"
