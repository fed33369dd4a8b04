"""Metric families out of figures: what may stand in a label, and that what is known reads as 0 before it happens.

Labels hold words of the policy and of this program's own vocabulary. Should an address or an infohash get into one all
the same, it is withheld here: the exposition is read by more people than the evidence is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Labels = TypeVar("Labels", bound=tuple[str, ...])
"""The values of the labels, as many as a family has."""

NANOSECONDS = 1_000_000_000
WITHHELD = "withheld"
MAX_LABEL = 128
_OWN_HASHES = frozenset({"sha256"})
"""Labels that hold the hash of one of our own files."""
_IDENTIFYING = re.compile(
    r"""
      (?<![\d.]) \d{1,3} (?:\.\d{1,3}){3} (?![\d.])                     # IPv4
    | (?<![0-9a-f:]) (?:[0-9a-f]{0,4}:){2,7} [0-9a-f]{0,4} (?![0-9a-f:])  # IPv6, and MAC addresses with colons
    | (?<![0-9a-f]) [0-9a-f]{2} (?:-[0-9a-f]{2}){5} (?![0-9a-f])        # MAC
    | (?<![0-9a-f]) (?:[0-9a-f]{40} | [0-9a-f]{64}) (?![0-9a-f])        # infohash
    """,
    re.VERBOSE | re.IGNORECASE,
)


def counter(name: str, words: str, labels: Sequence[str], samples: Mapping[Labels, float]) -> Metric:
    """Make a family of counters; ``name`` goes without ``_total``."""
    family = CounterMetricFamily(name, words, labels=labels)
    for values, figure in _in_order(labels, samples):
        family.add_metric(values, figure)
    return family


def gauge(name: str, words: str, labels: Sequence[str], samples: Mapping[Labels, float]) -> Metric:
    """Make a family of gauges."""
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, figure in _in_order(labels, samples):
        family.add_metric(values, figure)
    return family


def info(name: str, words: str, labels: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Metric:
    """Make a family that says something in its labels and is 1; ``name`` goes without ``_info``."""
    family = InfoMetricFamily(name, words, labels=labels)
    for values, _ in _in_order(labels, dict.fromkeys(rows, 1)):
        family.add_metric(values, {})
    return family


def seconds(nanoseconds: int) -> float:
    """Return a time or a length as Prometheus keeps it."""
    return nanoseconds / NANOSECONDS


def maybe_seconds(nanoseconds: int | None) -> float | None:
    """Return the same of what may not be known."""
    return None if nanoseconds is None else seconds(nanoseconds)


def one(figure: float | None) -> dict[tuple[str, ...], float]:
    """Return the sample of a family without labels; none where the figure is not known."""
    return {} if figure is None else {(): figure}


def by_word(figures: Mapping[str, float], known: Iterable[str] = ()) -> dict[tuple[str, ...], float]:
    """Return the samples of a family with one label; words that are ``known`` read as 0 until they happen."""
    samples: dict[tuple[str, ...], float] = {(word,): 0.0 for word in known}
    samples.update({(word,): figure for word, figure in figures.items()})
    return samples


def _in_order(labels: Sequence[str], samples: Mapping[Labels, float]) -> Iterable[tuple[list[str], float]]:
    """Sort the samples, and sum those whose labels became the same."""
    summed: dict[tuple[str, ...], float] = {}
    for values, figure in samples.items():
        key = tuple(shown(label, value) for label, value in zip(labels, values, strict=True))
        summed[key] = summed.get(key, 0) + figure
    return ((list(key), summed[key]) for key in sorted(summed))


@lru_cache(maxsize=4096)
def shown(label: str, value: str) -> str:
    """Return a label's value fit to be shown."""
    if label not in _OWN_HASHES and _IDENTIFYING.search(value):
        return WITHHELD
    return value.encode("ascii", "backslashreplace").decode()[:MAX_LABEL]
