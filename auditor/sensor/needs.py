"""Which files a sensor needs while it runs: what :mod:`auditor.sensor.confine` leaves it.

Whatever is read anew (the policy, its lists, identity sources that rotate, certificates) is needed by its folder, since
a new file takes the place of the old one. A file that a reload names for the first time, in another folder, is not
among them: it takes a restart, and the reload is refused with the file's name.
"""

from __future__ import annotations

import os
import sys
import tempfile
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.metrics.web_config import read_web
from auditor.sensor.confine import Allowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.sensor.config import SensorConfig

_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin")
"""Programs and libraries; the decoder of frames is a process of its own."""
_STATE_OF_SYSTEM = ("/etc", "/proc", "/sys", "/dev", "/run/systemd", "/run/chrony", "/run/postgresql")
_DEVICES = ("/dev/null", "/dev/shm")  # noqa: S108 - not a file of ours


def needed(config: SensorConfig, sources: Iterable[str] = ()) -> Allowed:
    """Return what a sensor needs; ``sources`` are the patterns of identity sources, relative to the identity file."""
    python = (sys.prefix, sys.base_prefix, sys.exec_prefix, *filter(None, sys.path))
    return Allowed(
        read=_unique((*_STATE_OF_SYSTEM, *python, *_read(config, sources))),
        write=_unique((*_DEVICES, tempfile.gettempdir(), *_written(config))),
        run=_unique((*_SYSTEM, sys.prefix, sys.base_prefix)),
    )


def _read(config: SensorConfig, sources: Iterable[str]) -> Iterator[Path]:
    for file in (*config.files.values(), config.key_file):
        yield file.parent
        yield file.resolve().parent
    if config.identity is not None:
        for pattern in sources:
            yield _folder(config.identity.parent / pattern)
    if config.metrics.web_config is not None:
        web = read_web(config.metrics.web_config).web
        yield from (file.parent for file in (() if web is None else web.files))
    for sink in config.sinks:
        yield from (file.parent for file in sink.reads)
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where nobody has one
    yield Path(home) / ".pgpass"
    yield Path(home) / ".postgresql"


def _written(config: SensorConfig) -> Iterator[Path]:
    yield config.state_dir
    if config.store.spool is not None:
        yield config.store.spool.parent
    store = config.store.url
    if "://" not in store:
        yield Path(store) if Path(store).is_dir() else Path(store).parent
    elif store.startswith("sqlite://"):
        yield Path(store.removeprefix("sqlite:///")).parent
    for sink in config.sinks:
        yield from sink.folders


def _folder(pattern: Path) -> Path:
    """Return the last folder before a pattern's first wildcard."""
    parts = pattern.parent.parts
    end = next((n for n, part in enumerate(parts) if has_magic(part)), len(parts))
    return Path(*parts[:end])


def _unique(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(Path(path) for path in paths))
