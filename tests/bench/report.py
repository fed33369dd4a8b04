"""The results as Markdown tables that read well in a terminal too."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tests.bench import machine, measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.bench.bars import Bar
    from tests.bench.contestants import Field
    from tests.bench.measure import Runs
    from tests.bench.race import Race, Result

OUTCOME = {True: "met", False: "MISSED", None: "open"}


def heading(field: Field, load: float) -> Iterator[str]:
    """Yield the lines that say who was measured, where, and how; ``load`` was there before."""
    yield "# Benchmark"
    yield ""
    for what, words in {**machine.describe(), "this project": machine.commit()}.items():
        yield f"- {what}: {words}"
    versions = {contestant.version: None for contestant in field.contestants}
    yield f"- versions: {'; '.join(versions)}"
    if field.absent:
        yield f"- absent: {'; '.join(field.absent)}"
    yield f"- load average before and after: {load:.2f}, {machine.load():.2f}"
    how = "whole commands, start-up included, output thrown away, captures in the page cache, free memory at hand"
    yield f"- {how}, without {measure.DROPPED}, so that Python compiles sources once and not in each run:"
    yield ""
    for contestant in field.contestants:
        yield f"  - {contestant.name}: `{contestant.shown}`"
    yield ""


def of_race(race: Race) -> Iterator[str]:
    """Yield the lines for one capture."""
    capture = race.capture
    mean = capture.bytes / capture.packets
    yield f"## {capture.recipe}: {capture.packets:,} packets of {mean:.0f} bytes on average, {capture.flows:,} flows"
    yield ""
    head = ("", "packets/s", "to ndpiReader", "best s", "median s", "processor s", "peak MB")
    rows = [_row(race, result) for result in race.results]
    yield from table(head, rows)
    slices = [f"{r.contestant.name}: the first {r.packets:,} packets" for r in race.results if not r.whole]
    if slices:
        yield ""
        yield f"\\* measured once, on a part of the capture: {'; '.join(slices)}."
    for result in race.results:
        if result.runs.failure:
            yield ""
            yield f"{result.contestant.name} failed with {result.runs.failure}"


def of_startup(startup: Mapping[str, Runs]) -> Iterator[str]:
    """Yield the lines for the commands that do next to nothing."""
    yield "## Start-up"
    yield ""
    rows = [
        (name, "failed", "", "")
        if runs.failure
        else (name, f"{runs.best.wall:.3f}", f"{runs.median:.3f}", _megabytes(runs))
        for name, runs in startup.items()
    ]
    yield from table(("", "best s", "median s", "peak MB"), rows)


def of_lengths(lengths: Sequence[tuple[float, Race]]) -> Iterator[str]:
    """Yield the lines that show how time and memory go with the length of a capture, shortest first."""
    yield "## Length: the same traffic, watched half as long and twice as long"
    yield ""
    yield "Time is linear where a million packets take as long in each row; start-up is part of all, and weighs most in"
    yield "the first. Memory is flat where the peak stays; BitTorrent that was found is kept to the end and adds to it."
    head = ("length", "packets", "best s", "s per million packets", "peak MB")
    for recipe, group in groupby(lengths, key=lambda length: length[1].capture.recipe):
        measured = [(times, result) for times, race in group for result in race.results]
        yield ""
        yield f"### {recipe}"
        yield ""
        yield from table(head, [*(_length(*each) for each in measured), *_growth(measured)])


def of_bars(bars: Sequence[Bar]) -> Iterator[str]:
    """Yield the lines that hold the promises against the figures."""
    yield "## Bars"
    yield ""
    yield from table(("", "bar", "measured", ""), [(b.about, b.bar, b.measured, OUTCOME[b.met]) for b in bars])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a Markdown table with its columns padded to one width, the first to the left, the others to the right."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for number, row in enumerate(cells):
        first, *rest = zip(row, widths, strict=True)
        yield "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]) + " |"
        if number == 0:
            yield "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"


def _row(race: Race, result: Result) -> tuple[str, ...]:
    name = result.contestant.name + ("" if result.whole else " *")
    if result.rate is None:
        return (name, "failed", "", "", "", "", "")
    ratio, best = race.ratio(result.contestant.name), result.runs.best
    return (
        name,
        f"{result.rate:,.0f}",
        "" if ratio is None else f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.3f}",
        f"{best.wall:.2f}",
        f"{result.runs.median:.2f}",
        f"{best.cpu:.2f}",
        _megabytes(result.runs),
    )


def _length(times: float, result: Result) -> tuple[str, ...]:
    packets = f"{result.packets:,}"
    if result.rate is None:
        return (f"x {times:g}", packets, "failed", "", "")
    wall = f"{result.runs.best.wall:.2f}"
    return (f"x {times:g}", packets, wall, f"{1e6 / result.rate:.3f}", _megabytes(result.runs))


def _growth(measured: Sequence[tuple[float, Result]]) -> Iterator[tuple[str, ...]]:
    """Yield the row that holds the longest against the shortest, where both ran."""
    if len(measured) < 2:
        return
    (_, short), (_, long) = measured[0], measured[-1]
    if short.rate is None or long.rate is None:
        return
    ratios = [long.packets / short.packets, long.runs.best.wall / short.runs.best.wall, short.rate / long.rate]
    if min(short.runs.peak, long.runs.peak) > measure.floor():
        ratios.append(long.runs.peak / short.runs.peak)
    words = [f"{ratio:.2f} times" for ratio in ratios]
    yield ("last to first", *words, *[""] * (4 - len(words)))


def _megabytes(runs: Runs) -> str:
    floor = measure.floor()
    return f"{runs.peak / 1e6:.0f}" if runs.peak > floor else f"< {floor / 1e6:.0f}"
