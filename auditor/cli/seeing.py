"""What commands read: captures, folders and patterns of them, standard input, or an interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from auditor import engine
from auditor.audit.captures import Selection, VantageRule, options_for, refuse, select, vantage_of
from auditor.cli import output
from auditor.cli.progress import ProgressBar
from auditor.engine import CapturePath
from auditor.model.capture import Sighting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.engine import Options
    from auditor.policy.evaluate import Policy


class Request(NamedTuple):
    """What is to be read, and how."""

    captures: tuple[str, ...]
    interface: str | None = None
    seconds: float | None = None
    vantages: tuple[VantageRule, ...] = ()
    source: str = "native"
    jobs: int = 0
    digest: bool = True
    all_flows: bool = False


def sight(request: Request, policy: Policy) -> Sighting:
    """Read what is asked for, with a progress bar, and say which files were left out."""
    options = options_for(policy, jobs=request.jobs, digest=request.digest, all_flows=request.all_flows)
    with ProgressBar() as progress:
        if request.interface is not None and request.seconds is not None:
            return _sight_interface(request.source, request.interface, request.seconds, options, progress)
        selection = select(request.captures)
        _say_left_out(selection, request.vantages)
        captures = [CapturePath(path, vantage_of(path, request.vantages)) for path in selection.paths]
        sighting = _sight_captures(request.source, captures, options, progress)
    return sighting._replace(captures=sighting.captures + selection.refused)


def _sight_captures(source: str, captures: Sequence[CapturePath], options: Options, progress: ProgressBar) -> Sighting:
    if source == "native":
        return engine.sight(captures, options, progress)
    from auditor.audit import through_scapy  # noqa: PLC0415 - start-up

    try:
        return through_scapy.sight_captures(captures, options, progress)
    except through_scapy.TooManyCaptures as problem:
        raise click.UsageError(str(problem)) from problem


def _sight_interface(source: str, interface: str, seconds: float, options: Options, progress: ProgressBar) -> Sighting:
    """Watch an interface; one that cannot be watched is a capture that could not be read."""
    try:
        if source == "native":
            return engine.sight_interface(interface, seconds, options, progress)
        from auditor.audit import through_scapy  # noqa: PLC0415 - start-up

        return through_scapy.sight_interface(interface, seconds, options, progress)
    except OSError as problem:
        return _unreadable(interface, problem)


def _unreadable(interface: str, problem: OSError) -> Sighting:
    reason = problem.strerror or str(problem)
    return Sighting(captures=(refuse(interface, reason),), flows=(), activities=(), limits_hit={}, totals={})


def _say_left_out(selection: Selection, vantages: Sequence[VantageRule]) -> None:
    for rule in vantages:
        if not any(rule.matches(path) for path in selection.paths):
            raise click.UsageError(f"--vantage {rule.name}={rule.pattern} matches none of the captures")
    if selection.left_out:
        output.say(
            f"{output.counted(selection.left_out, 'file')} in folders left out: no captures by their first bytes."
        )
