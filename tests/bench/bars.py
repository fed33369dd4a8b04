"""What the project promises about its speed and size, held against what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench.contestants import HASH_ALONE, HASHED, UNHASHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.bench.measure import Runs
    from tests.bench.race import Race

# Most of *encrypted* is the traffic of *mixed*, so it has to go as fast. It keeps the endpoints that were named and the
# first flights of whatever looks random beside the flows, so it may need as much memory as *dht*.
TIMES_FASTER = {  # than ndpiReader, at least
    HASHED: {"mixed": 4.0, "small": 25.0, "dht": 12.0, "encrypted": 4.0},
    UNHASHED: {"mixed": 6.0, "small": 30.0, "dht": 12.0, "encrypted": 6.0},
}
PEAK_MEGABYTES = {"mixed": 150.0, "small": 150.0, "dht": 250.0, "encrypted": 250.0}  # at most
HELP = "auditor --help"
HELP_SECONDS = 0.4  # less than


class Bar(NamedTuple):
    """One promise: what it is about, the bar and the measured value as words, and whether it was met.

    ``met`` is None where something needed for it did not run.
    """

    about: str
    bar: str
    measured: str
    met: bool | None


def hold(races: Sequence[Race], startup: Mapping[str, Runs]) -> list[Bar]:
    """Return every promise with what became of it."""
    return [*(bar for race in races for bar in _of_race(race)), _of_help(startup)]


def _of_race(race: Race) -> Iterator[Bar]:
    name = race.capture.recipe
    for contestant, bars in TIMES_FASTER.items():
        ratio = race.ratio(contestant)
        met = None if ratio is None else ratio >= bars[name]
        measured = "not measured" if ratio is None else f"{ratio:.1f}"
        limit = race.ratio(HASH_ALONE) if contestant == HASHED else None
        if met is False and limit is not None and limit < bars[name]:
            measured += f" (out of reach: SHA-256 alone {limit:.1f})"
        yield Bar(f"{name}: {contestant}, times faster than ndpiReader", f"≥ {bars[name]:g}", measured, met)
    own = [r.runs.peak / 1e6 for r in race.results if r.contestant.name in TIMES_FASTER and r.rate]
    peak = max(own, default=None)
    yield Bar(
        f"{name}: peak memory",
        f"≤ {PEAK_MEGABYTES[name]:g} MB",
        "not measured" if peak is None else f"{peak:.0f} MB",
        None if peak is None else peak <= PEAK_MEGABYTES[name],
    )


def _of_help(startup: Mapping[str, Runs]) -> Bar:
    runs = startup.get(HELP)
    if runs is None or runs.failure:
        return Bar(HELP, f"< {HELP_SECONDS} s", "not measured", None)
    return Bar(HELP, f"< {HELP_SECONDS} s", f"{runs.best.wall:.3f} s", runs.best.wall < HELP_SECONDS)
