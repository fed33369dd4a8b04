"""From a sensor file to the settings of a daemon: confined first, then with its policy, key and identity in force."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import TYPE_CHECKING

from auditor.engine.watch import Tap, Watch
from auditor.identity import load
from auditor.model.moment import NANOSECONDS
from auditor.sensor import seen_file
from auditor.sensor.assemble import Held, Settings
from auditor.sensor.canary.run import Canaries, way_or_why_not
from auditor.sensor.confine import confine
from auditor.sensor.key import key_of
from auditor.sensor.needs import needed
from auditor.sensor.notify import Notify
from auditor.sensor.reloads import in_force
from auditor.sensor.sniffed import Sniffed

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

    from auditor.engine import Options
    from auditor.sensor.canary.run import Way
    from auditor.sensor.clock import Clock
    from auditor.sensor.config import SensorConfig
    from auditor.sensor.parts import Watching

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Of mallopt(3)."""
LARGE = 128 << 10
"""Bytes that are given back to the system as soon as they are free: the C library's first setting, which else grows."""
CANARY = "canary"
"""The vantage point of a namespace for canaries: nothing of it is read together with what comes by elsewhere."""


def canary_way(config: SensorConfig) -> Way | None:
    """Return how canaries are sent: to be asked for before the sensor is confined, since a namespace takes rights."""
    return None if config.canary is None else way_or_why_not(config.canary.over)


def settings_of(config: SensorConfig, clock: Clock, way: Way | None = None) -> Settings:
    """Put in force what the sensor file names, and return what a daemon is made of.

    Raises:
        Unusable: if the policy or the identity file cannot be used.
        BadKey: if the key of pseudonyms cannot.
        OSError: if a key of our own cannot be written.
    """
    policy, identity = in_force(config.policy, config.identity, clock)
    key, canary = key_of(config), config.canary
    return Settings(
        config.name,
        Held(policy, identity, config.policy, config.identity, key),
        store=config.store,
        metrics=config.metrics,
        sinks=config.sinks,
        poll=(config.identity_reload or NANOSECONDS) / NANOSECONDS,
        canaries=None if way is None or canary is None else Canaries(way, canary.over, key),
        canary_every=None if canary is None else canary.every,
        notify=Notify(),
        seen_file=config.state_dir / seen_file.NAME,
    )


def watching(config: SensorConfig, source: str, way: Way | None = None) -> Callable[[Options], Watching]:
    """Return what begins to watch the interfaces, and where canaries come by."""

    def begin(options: Options) -> Watching:
        if source == "scapy":
            return Sniffed([each.interface for each in config.interfaces], options)
        taps = [Tap(**each._asdict()) for each in config.interfaces]
        canaries = None if way is None else way.interface
        if canaries is not None and canaries not in {tap.interface for tap in taps}:
            taps.append(Tap(canaries, vantage=CANARY))
        return Watch.live(taps, options, workers=config.workers)

    return begin


def confined(config: SensorConfig, log: FilteringBoundLogger) -> None:
    """Give up every privilege and every file that a running sensor does not need, before the first thread is started.

    Raises:
        OSError: if the kernel refuses.
    """
    config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = confine(needed(config, _patterns(config)))
    for sentence in done.left_out:
        log.warning("not confined", reason=sentence)


def few_heaps() -> None:
    """Have all threads share two heaps of the C library: one for each keeps whatever that thread once needed.

    Records are made by one thread and freed by another, so that memory would grow for days before it stayed the same.
    For the same reason the C library learns nothing from large values that were freed: it would keep room for them.
    """
    with suppress(OSError, AttributeError):  # another C library
        set_option = ctypes.CDLL(None).mallopt
        set_option(M_ARENA_MAX, 2)
        set_option(M_MMAP_THRESHOLD, LARGE)
        set_option(M_TRIM_THRESHOLD, LARGE)


def _patterns(config: SensorConfig) -> list[str]:
    """Return the patterns of the identity sources' files, as their file writes them."""
    if config.identity is None:
        return []
    identity = load.read_file(config.identity).identity
    return [] if identity is None else [pattern for each in identity.sources for pattern in each.entry.files]
