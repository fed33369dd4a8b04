"""Exact bounds of a proportion (Clopper and Pearson, Biometrika 26, 1934), from the binomial tails that define them.

The bounds are quantiles of beta distributions; bisecting the tail itself needs no special function beyond ``lgamma``.
"""

from __future__ import annotations

from math import exp, fsum, lgamma, log

STEPS = 60
"""Halvings of the unit interval: finer than a float near its ends."""


def tail(hits: int, of: int, rate: float) -> float:
    """Return the probability of ``hits`` or more in ``of`` independent trials at ``rate``, for a rate inside (0, 1)."""
    if hits <= of // 2:
        return 1 - fsum(_mass(k, of, rate) for k in range(hits))
    return fsum(_mass(k, of, rate) for k in range(hits, of + 1))


def _mass(hits: int, of: int, rate: float) -> float:
    ways = lgamma(of + 1) - lgamma(hits + 1) - lgamma(of - hits + 1)
    return exp(ways + hits * log(rate) + (of - hits) * log(1 - rate))


def clopper_pearson(hits: int, of: int, error: float = 0.05) -> tuple[float, float]:
    """Return the two-sided bounds of a rate of which ``hits`` of ``of`` were seen, at confidence ``1 - error``.

    Raises:
        ValueError: if there cannot be so many hits.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no proportion")
    lower = _where(hits, of, error / 2) if hits else 0.0
    upper = 1 - _where(of - hits, of, error / 2) if hits < of else 1.0
    return lower, upper


def _where(hits: int, of: int, mass: float) -> float:
    """Return the rate at which ``hits`` or more have the probability ``mass``; it grows with the rate."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if tail(hits, of, middle) < mass:
            low = middle
        else:
            high = middle
    return low
