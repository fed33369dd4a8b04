"""Checks of the files that people wrote, of the key, and of identity sources."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from auditor.identity import load as identity_load
from auditor.model.moment import HOUR, NANOSECONDS
from auditor.model.text import harmless
from auditor.policy.rule import in_words
from auditor.sensor.doctor.finding import Case, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.sensor.check import FileChecked

_WORDS = {
    "sensor": "sensor file",
    "policy": "policy",
    "identity": "identity file",
    "key": "key file",
    "web": "web configuration",
}
_STALE = 24 * HOUR
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SHOWN = 3


def are_right(case: Case) -> Iterator[Finding]:
    """Tell of each file whether a sensor starts with it: ``sensor check`` says every issue."""
    for each in case.checked.files:
        yield _file(each, case)


def _file(each: FileChecked, case: Case) -> Finding:
    subject = _WORDS[each.what]
    path = harmless(str(each.path))
    errors = [issue for issue in each.issues if issue.severity == "error"]
    warnings = [issue for issue in each.issues if issue.severity == "warning"]
    told = errors or warnings
    if not told:
        return Finding(subject, "right", path)
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    found = "; ".join(str(issue) for issue in told[:_SHOWN]) + more
    check = f"auditor sensor check --config {harmless(str(case.checked.files[0].path))}"
    todo = told[0].hint if len(told) == 1 and told[0].hint is not None else check
    return Finding(subject, "wrong" if errors else "doubtful", found, todo)


def keeps_its_key_apart(case: Case) -> Iterator[Finding]:
    """Look who may read the key of pseudonyms, and where it lies."""
    config = case.config
    if config is None:
        return
    path = harmless(str(config.key_file))
    if config.makes_key:
        found = f"the key of pseudonyms is beside the evidence ({path}): who has both can tell who is who"
        todo = "make one elsewhere (openssl rand -out FILE 32) and name it: key_file"
        yield Finding("key of pseudonyms", "doubtful", found, todo)
        return
    try:
        mode = config.key_file.stat().st_mode
    except OSError:
        return  # Was told as a file that cannot be read, or is systemd's business.
    if mode & _OTHERS:
        found = f"others may read {path} (mode {stat.S_IMODE(mode):04o})"
        yield Finding("key of pseudonyms", "wrong", found, f"chmod 0400 {path}")
    else:
        yield Finding("key of pseudonyms", "right", f"{path} is its owner's alone")


def know_who_was_who(case: Case) -> Iterator[Finding]:
    """Look whether identity sources can be read, and have said something lately."""
    path = None if case.config is None else case.config.identity
    identity = None if path is None else identity_load.read_file(path).identity
    for each in () if identity is None else identity.sources:
        subject = f"source {each.entry.name}"
        unreadable = [file.shown for file in each.files if not os.access(file.path, os.R_OK)]
        if unreadable:
            found = f"{', '.join(harmless(name) for name in unreadable[:_SHOWN])} cannot be read"
            yield Finding(subject, "wrong", found, "let the sensor's account read it: setfacl -m u:auditor:r FILE")
            continue
        written = max((_written(file.path) for file in each.files), default=0)
        if not written:
            yield Finding(subject, "doubtful", "none of its files is there yet", "see whether its service writes them")
        elif (age := case.now - written) > _STALE and each.entry.follow:
            found = f"its files were last written {in_words(age // HOUR * HOUR)} ago"
            yield Finding(subject, "doubtful", found, "see whether its service still writes them")
        else:
            yield Finding(subject, "right", f"{len(each.files)} files, all of which can be read")


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns // NANOSECONDS * NANOSECONDS
    except OSError:
        return 0


def keeps_its_promises(case: Case) -> Iterator[Finding]:
    """Say what the policy promises to the people who are watched."""
    from auditor.policy import load  # noqa: PLC0415 - beside what it says

    policy = None if case.config is None else load.read(case.config.policy).policy
    if policy is None or policy.announced is None or policy.retention is None:
        return  # What lacks was told with the file.
    told = f"announced on {policy.announced.on}, {harmless(policy.announced.where, 80)}"
    yield Finding("promises", "right", f"{told}; kept for {in_words(policy.retention.default)}")
