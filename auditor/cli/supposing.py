"""The options that tell a conduct, in the words of a policy's tests."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from auditor.model.scale import AmountBasis, Confidence, Participation

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.policy.observation import Observation


def _words(scale: type[Confidence | Participation | AmountBasis]) -> click.Choice[str]:
    return click.Choice([member.label for member in scale])


_ALWAYS = (
    click.option("--host", required=True, metavar="ADDRESS", help="The host's address."),
    click.option("--at", required=True, metavar="TIME", help="When: 2026-11-22T09:41:00Z."),
    click.option(
        "--infohash", multiple=True, metavar="HEX", help="The torrent; of an encrypted conduct, each it may be."
    ),
)
_SUPPOSED = (
    click.option("--kind", type=click.Choice(["swarm", "dht", "encrypted"]), help="What kind of conduct."),
    click.option("--participation", type=_words(Participation), help="What the host did."),
    click.option("--confidence", type=_words(Confidence), help="How sure it is."),
    click.option("--detectors", "--detector", multiple=True, metavar="ID", help="Who saw it: bt.handshake."),
    click.option("--inferred", is_flag=True, default=None, help="The infohash was inferred, not read."),
    click.option("--downloaded", metavar="AMOUNT", help="Bytes towards the host: '10 MiB'."),
    click.option("--uploaded", metavar="AMOUNT", help="Bytes from the host."),
    click.option("--amount-basis", type=_words(AmountBasis), help="What the amounts rest on."),
    click.option("--duration", metavar="T", help="How long it went on: 30m, 2h."),
    click.option("--port", multiple=True, help="Its own ports."),
    click.option("--remote-port", multiple=True, help="Those of its peers."),
    click.option("--client", multiple=True, help="What its client calls itself."),
    click.option("--tracker", multiple=True, metavar="NAME", help="Its trackers, each by address or name."),
    click.option("--swarm-size", type=int, help="How many take part."),
    click.option("--private/--public", default=None, help="What the torrent's metadata says."),
    click.option("--torrent-name", help="What the torrent's metadata calls it."),
    click.option("--vlan", multiple=True, type=int, help="VLANs of its frames."),
    click.option("--mac", help="The MAC in its frames."),
    click.option("--vantage", help="The vantage point that saw it."),
)
_KEYS: tuple[str, ...] = (
    "kind",
    "participation",
    "confidence",
    "detectors",
    "inferred",
    "downloaded",
    "uploaded",
    "amount_basis",
    "duration",
    "port",
    "remote_port",
    "client",
    "tracker",
    "swarm_size",
    "private",
    "torrent_name",
    "vlan",
    "mac",
    "vantage",
)


def observation_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options, and hand their values to the command as its ``observation``."""

    @wraps(command)
    def with_observation(**values: Any) -> object:  # noqa: ANN401 - of other options too
        told = {key: value for key in _KEYS if (value := values.pop(key)) not in {None, ()}}
        if told and values.get("captures"):
            option = next(iter(told)).replace("_", "-")
            raise click.UsageError(f"--{option} tells a supposed conduct; with --over it is seen, not told")
        told |= {key: value for key in ("host", "at", "infohash") if (value := values.pop(key)) != ()}
        return command(observation=observation(told), **values)

    for option in reversed((*_ALWAYS, *_SUPPOSED)):
        with_observation = option(with_observation)
    return with_observation


def observation(told: dict[str, object]) -> Observation:
    """Read what the options tell, as a file of tests is read."""
    from pydantic import ValidationError  # noqa: PLC0415 - start-up

    from auditor.policy.observation import Observation  # noqa: PLC0415 - start-up

    try:
        return Observation.model_validate(told)
    except ValidationError as problem:
        error = problem.errors(include_url=False)[0]
        context = error.get("ctx", {})
        option = str(error["loc"][0]).replace("_", "-")
        hint = f"; {context['hint']}" if context.get("hint") else ""
        raise click.UsageError(f"--{option}: {context.get('message', error['msg'])}{hint}") from None
