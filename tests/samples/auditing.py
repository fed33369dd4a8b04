"""Running ``auditor audit`` within the test, and what the laboratory knows of each sample."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from auditor.cli.program import cli

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
POLICY = ROOT / "policies" / "corporate.yaml"
TRUTHS = sorted(SAMPLES.glob("*.truth.json"))

Json = dict[str, Any]

each_sample = pytest.mark.parametrize("name", [path.name.removesuffix(".truth.json") for path in TRUTHS])
"""Parametrizes a test with the name of each sample."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path) -> Ended:
    """Run ``auditor audit`` by the shipped policy."""
    words = ["audit", "--policy", str(POLICY), *map(str, arguments)]
    ended = CliRunner().invoke(cli, words, standalone_mode=False, catch_exceptions=False)
    return Ended(int(ended.return_value), ended.stdout, ended.stderr)


def audited(*arguments: str | Path) -> Json:
    """Return the document of an audit."""
    return json.loads(run("--format", "json", *arguments).out)  # type: ignore[no-any-return]


@cache
def truth(name: str) -> Json:
    """Return what the laboratory says of a sample."""
    return json.loads((SAMPLES / f"{name}.truth.json").read_text())  # type: ignore[no-any-return]


def path_of(name: str) -> Path:
    """Return where a sample's capture is."""
    return SAMPLES / str(truth(name)["sample"])


@cache
def whole(name: str) -> Json:
    """Return the document of a sample's audit, with all its flows."""
    return audited("--all-flows", path_of(name))
