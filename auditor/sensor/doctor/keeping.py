"""Checks of where evidence is kept."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from auditor.evidence.backend import BadUrl, Sqlite, backend_of
from auditor.evidence.store import StoreError, open_store
from auditor.model.text import harmless
from auditor.sensor.doctor.finding import Case, Finding
from auditor.sensor.fields import size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LITTLE, _TOO_LITTLE = 2 << 30, 200 << 20
"""Bytes that are free: some days of a busy network, and some hours."""


def can_be_written(case: Case) -> Iterator[Finding]:
    """Look whether the store can be opened, or made at the first start."""
    if case.config is None:
        return
    try:
        backend = backend_of(case.config.store.url)
        missing = isinstance(backend, Sqlite) and not backend.path.exists()
        if not missing:
            open_store(case.config.store.url, create=False).close()
    except (BadUrl, StoreError) as problem:
        yield Finding("store", "wrong", harmless(str(problem)), "auditor evidence list, by the sensor's account")
        return
    place = harmless(case.config.store.place)
    if isinstance(backend, Sqlite):
        folder = _nearest(backend.path.parent)
        if not os.access(folder, os.W_OK | os.X_OK):
            todo = f"let the sensor's account write there: install -d -o auditor -m 0700 {backend.path.parent}"
            yield Finding("store", "wrong", f"nothing can be written in {folder}", todo)
            return
    yield Finding("store", "right", f"{place} will be made at the first start" if missing else f"{place} can be read")


def have_room(case: Case) -> Iterator[Finding]:
    """Look how much room there is for the store and for what waits for it."""
    if case.config is None:
        return
    spool = case.config.store.spool
    places = [case.config.state_dir, *([] if spool is None else [spool.parent])]
    try:
        backend = backend_of(case.config.store.url)
    except BadUrl:
        pass
    else:
        places += [backend.path.parent] if isinstance(backend, Sqlite) else []
    seen: set[int] = set()
    for place in map(_nearest, places):
        device = place.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(place).free
        found = f"{size(free >> 20 << 20)} are free under {place}"
        if free < _LITTLE:
            todo = "make room, or keep records for a shorter time: 'retention' of the policy"
            yield Finding("room on disk", "wrong" if free < _TOO_LITTLE else "doubtful", found, todo)
        else:
            yield Finding("room on disk", "right", found)


def _nearest(folder: Path) -> Path:
    """Return the folder, or the one above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), folder)
