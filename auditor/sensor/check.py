"""The sensor file and every file that it names, checked at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from auditor.identity import load as identity_load
from auditor.metrics.web_config import read_web
from auditor.pipeline.people import BadKey, read_key
from auditor.policy import load as policy_load
from auditor.sensor import load
from auditor.sensor.duties import lacking
from auditor.written.issue import Issue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.sensor.config import SensorConfig


class FileChecked(NamedTuple):
    """A file, and everything that is to be said about it."""

    what: str
    """``sensor``, ``policy``, ``identity``, ``key`` or ``web``."""
    path: Path
    issues: tuple[Issue, ...]

    @property
    def is_right(self) -> bool:
        """Whether a sensor may start with it."""
        return all(issue.severity != "error" for issue in self.issues)


class Checked(NamedTuple):
    """What checking a sensor file gave."""

    config: SensorConfig | None
    """``None`` where the sensor file itself has an error."""
    files: tuple[FileChecked, ...]


def check(path: Path, now: int, environ: Mapping[str, str] = os.environ) -> Checked:
    """Read a sensor file and what it names; ``now`` is the moment for which policies are checked."""
    loaded = load.read(path, environ, at_rest=True)
    files = [FileChecked("sensor", path, tuple(loaded.issues))]
    draft = loaded.draft
    if draft is not None:
        files.append(FileChecked("policy", draft.policy, tuple(_policy(draft.policy, now))))
        if draft.identity is not None:
            found = identity_load.read_file(draft.identity)
            files.append(FileChecked("identity", draft.identity, tuple(found.issues)))
        if not draft.makes_key and draft.key_file.is_absolute():
            files.append(FileChecked("key", draft.key_file, tuple(_key(draft.key_file))))
        if draft.metrics.web_config is not None:
            files.append(FileChecked("web", draft.metrics.web_config, read_web(draft.metrics.web_config).issues))
    return Checked(loaded.config, tuple(files))


def _policy(path: Path, now: int) -> list[Issue]:
    found = policy_load.read(path, now)
    return found.issues if found.policy is None else [*lacking(path, found.policy, now), *found.issues]


def _key(path: Path) -> list[Issue]:
    try:
        read_key(path)
    except BadKey as problem:
        message = str(problem).removeprefix(f"{path} ")
        return [Issue("bad-key-file", message, str(path), 0, 0, "the account that runs the sensor must read it")]
    return []
