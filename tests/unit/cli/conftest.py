"""Running the command line within the test, with an engine that saw what the test says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from auditor import cli
from tests.build.audits import POLICY
from tests.build.sighting import capture, sighting

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.engine import CapturePath, Options, Progress
    from auditor.model.capture import Sighting


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``auditor`` with these arguments."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("AUDITOR_DEBUG", raising=False)

    def command(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["auditor", *arguments])
        try:
            code = cli.run()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return command


@dataclass
class Engine:
    """Stands in for the engine: notes what it was asked and returns what it was told to have seen."""

    saw: Sighting = field(default_factory=sighting)
    asked: list[tuple[tuple[CapturePath, ...], Options]] = field(default_factory=list)
    raises: BaseException | None = None

    def sight(
        self, captures: Sequence[CapturePath], options: Options, progress: Callable[[Progress], None] | None = None
    ) -> Sighting:
        """Return what was seen, with the captures that were asked for unless the test says which."""
        del progress
        self.asked.append((tuple(captures), options))
        if self.raises is not None:
            raise self.raises
        if self.saw.captures == (capture(),):
            return self.saw._replace(captures=tuple(capture(each.path) for each in captures))
        return self.saw

    def sight_interface(
        self, interface: str, seconds: float, options: Options, progress: Callable[[Progress], None] | None = None
    ) -> Sighting:
        """Return what was seen on an interface."""
        del seconds, progress
        self.asked.append(((), options))
        if self.raises is not None:
            raise self.raises
        return self.saw._replace(captures=(capture(interface)._replace(sha256=None),))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine whose sighting the test sets."""
    stand_in = Engine()
    monkeypatch.setattr("auditor.engine.sight", stand_in.sight)
    monkeypatch.setattr("auditor.engine.sight_interface", stand_in.sight_interface, raising=False)
    return stand_in


@pytest.fixture
def policy_file(tmp_path: Path) -> str:
    """The path of a policy."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(POLICY)
    return str(path)
