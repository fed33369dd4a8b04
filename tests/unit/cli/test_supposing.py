"""Options that tell a conduct."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner, Result

from auditor.cli.supposing import observation_options
from auditor.model.scale import Participation
from auditor.policy.observation import Observation

FOUND: list[Observation] = []


@click.command()
@click.option("--over", "captures", multiple=True)
@observation_options
def command(captures: tuple[str, ...], observation: Observation) -> None:
    """Keep what was told."""
    del captures
    FOUND.append(observation)


def _run(*arguments: str) -> Result:
    FOUND.clear()
    return CliRunner().invoke(command, ["--host", "10.20.0.5", "--at", "2026-11-22T11:00:00Z", *arguments])


def test_every_field_of_an_observation_has_an_option() -> None:
    """But for what came earlier, which only a test of a rule that counts needs."""
    options = {parameter.name for parameter in command.params} - {"captures"}
    assert options == set(Observation.model_fields) - {"earlier"}


def test_options_are_read_as_a_file_of_tests_is() -> None:
    """In the same words; several where a list may stand; what is left out is as usual."""
    assert _run("--participation", "announced", "--port", "6881-6882", "--port", "7", "--public").exit_code == 0
    conduct = FOUND[0].conduct()
    assert (conduct.participation, conduct.ports, conduct.private) == (Participation.ANNOUNCED, (6881, 6882, 7), False)
    assert conduct.detectors == ("bt.handshake", "bt.messages")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--uploaded", "much"], "--uploaded: 'much' is no amount of bytes; write a number with B"),
        (["--infohash", "abc"], "--infohash: 'abc'"),
        (["--amount-basis", "hope"], "Invalid value for '--amount-basis'"),
        (["--detector", "bt.hope"], "--detectors: 'bt.hope' is not one of"),
        (["--over", "x.pcap", "--client", "x"], "--client tells a supposed conduct; with --over it is seen, not told"),
    ],
)
def test_what_is_wrong_is_told_by_its_option(arguments: list[str], told: str) -> None:
    """With what to write instead."""
    ended = _run(*arguments)
    assert ended.exit_code == 2
    assert told in ended.stderr
