"""Measure this project beside its peers: ``python -m tests.bench`` (``--help`` lists the options).

Makes its own captures (about two minutes, 3 GB, kept for the next time), runs every contestant as a whole command with
the captures in the page cache, best of several rounds, and prints Markdown: machine, versions, one table a capture,
start-up, and the bars. Wall times are as good as the machine is quiet; the load is printed with them.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import bars, contestants, machine, pcapfile, report
from tests.bench.generate import Capture, generate
from tests.bench.race import Race, race, repeat
from tests.bench.recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.contestants import Field
    from tests.bench.measure import Runs

CAPTURES = Path(__file__).parent / "captures"
QUICK = 20  # times smaller
LENGTHS = (0.5, 1.0, 2.0)


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 if this project failed to run or, with ``--check``, did not meet every bar."""
    options = _options(words)
    field = contestants.find(options.auditor, options.dir / "build")
    if options.lengths:
        field.contestants[:] = [each for each in field.contestants if each.name == contestants.UNHASHED]
    shrink = QUICK if options.quick else 1
    recipes = [RECIPES[name].shrunk(shrink) if options.quick else RECIPES[name] for name in options.captures]
    suffix = "-quick" if options.quick else ""
    load = machine.load()
    if options.lengths:
        lengths = _lengths(field, recipes, options, suffix)
        races = [each for _, each in lengths]
        held: list[bars.Bar] = []
        lines = list(report.of_lengths(lengths))
    else:
        captures = _make([(recipe, suffix) for recipe in recipes], options.dir)
        races = [
            race(capture, field.contestants, options.repeats, shrink=shrink, full=options.full) for capture in captures
        ]
        startup = _startup(options, field)
        held = [] if options.quick else bars.hold(races, startup)
        lines = list(_tables(races, startup, held))
    text = "\n".join([*report.heading(field, load), *lines, ""])
    sys.stdout.write(text)
    if options.markdown:
        options.markdown.write_text(text)
    failed = any(result.runs.failure for each in races for result in each.results if result.contestant.own)
    return int(failed or (options.check and not all(bar.met for bar in held)))


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure auditor beside its peers.")
    parser.add_argument("--dir", type=Path, default=CAPTURES, help="where captures are made and kept")
    parser.add_argument("--captures", nargs="+", choices=RECIPES, default=list(RECIPES), help="only these")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, of which the best counts (5)")
    parser.add_argument("--quick", action="store_true", help=f"captures {QUICK} times smaller, to see that it runs")
    parser.add_argument("--full", action="store_true", help="whole captures for the slow peers too (a quarter hour)")
    parser.add_argument("--lengths", action="store_true", help="this project alone, on three lengths of each capture")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bar is missed or not measured")
    parser.add_argument("--auditor", metavar="COMMAND", help="the auditor to measure, instead of the installed one")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write the report there as well")
    options = parser.parse_args(words)
    if options.check and (options.quick or options.lengths):
        parser.error("--check needs the whole captures: leave out --quick and --lengths")
    if options.repeats < 1:
        parser.error("--repeats: at least 1")
    return options


def _make(wanted: Sequence[tuple[Recipe, str]], folder: Path) -> list[Capture]:
    # In processes of their own: for speed, and because this one's memory would count as its children's (measure.py).
    sys.stderr.write(f"captures in {folder}: {', '.join(recipe.name + suffix for recipe, suffix in wanted)}\n")
    with ProcessPoolExecutor(mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        return list(pool.map(generate, *zip(*((recipe, folder, suffix) for recipe, suffix in wanted), strict=True)))


def _startup(options: argparse.Namespace, field: Field) -> dict[str, Runs]:
    empty = options.dir / "empty.pcap"
    empty.write_bytes(pcapfile.HEADER)
    commands = {f"{c.name}, a capture without packets": c.on(empty) for c in field.contestants if not c.once}
    if words := contestants.project_command(options.auditor):
        commands = {bars.HELP: [*words, "--help"], "auditor --version": [*words, "--version"], **commands}
    return {label: repeat(label, command, 2 * options.repeats) for label, command in commands.items()}


def _lengths(
    field: Field, recipes: Sequence[Recipe], options: argparse.Namespace, suffix: str
) -> list[tuple[float, Race]]:
    wanted = [(times, recipe) for recipe in recipes for times in LENGTHS]
    captures = _make([(r.lasting(t), f"{suffix}-x{t:g}" if t != 1 else suffix) for t, r in wanted], options.dir)
    measured = zip((times for times, _ in wanted), captures, strict=True)
    return [(times, race(capture, field.contestants, options.repeats)) for times, capture in measured]


def _tables(races: Sequence[Race], startup: dict[str, Runs], held: Sequence[bars.Bar]) -> Iterator[str]:
    for each in races:
        yield from report.of_race(each)
        yield ""
    yield from report.of_startup(startup)
    if held:
        yield ""
        yield from report.of_bars(held)


if __name__ == "__main__":
    sys.exit(main())
