"""The real parts have the form that the loop asks for."""

from __future__ import annotations

import inspect

import pytest

from auditor.engine.watch import Watch
from auditor.evidence.recorder import Recorder
from auditor.evidence.writer import Writer
from auditor.pipeline.standing import Standing
from auditor.sensor.parts import Judging, Making, Storing, Telling, Watching
from auditor.sensor.sniffed import Sniffed
from auditor.sinks.queued import Queued


@pytest.mark.parametrize(
    ("part", "form"),
    [
        (Watch, Watching),
        (Sniffed, Watching),
        (Standing, Judging),
        (Recorder, Making),
        (Writer, Storing),
        (Queued, Telling),
    ],
)
def test_a_part_has_what_the_loop_calls(part: type, form: type) -> None:
    """Every method, with as many arguments."""
    for name, asked in vars(form).items():
        if name.startswith("_") or isinstance(asked, property):
            continue
        count = len(inspect.signature(asked).parameters)
        given = inspect.signature(getattr(part, name)).parameters.values()
        needed = [each for each in given if each.default is inspect.Parameter.empty]

        assert len(needed) <= count <= len(given), f"{part.__name__}.{name}"
