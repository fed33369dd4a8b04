"""What frames showed of who has which address, kept in a file from one run of a sensor to the next.

A lease that was granted before a restart holds after it, and nobody says so again for hours. The file is the sensor's
own, in its folder, for its user alone; what is too old, a run forgets as it would have anyway. One that cannot be read
costs no more than that: it is as if nothing had been seen.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from auditor.model.binding import Known

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1 << 26
"""Several times what the most that is kept takes."""
FORM = 1
NAME = "seen.json"
"""Of the file, in the folder of a sensor."""


_File = TypeAdapter(tuple[int, Known])


class SeenFile:
    """One such file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, known: Known) -> None:
        """Put what is known in place of what was there, whole or not at all.

        Raises:
            OSError: if it cannot be written.
        """
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.unlink(missing_ok=True)  # of a run that was killed while it wrote
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_File.dump_json((FORM, known)))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)

    def read(self) -> Known:
        """Return what an earlier run knew; nothing where there was none.

        Raises:
            OSError: if it cannot be read.
            ValueError: if it is not what was written; the message quotes nothing of it.
        """
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return Known()
        if len(content) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        try:
            form, known = _File.validate_json(content, strict=False)
        except ValidationError as problem:
            raise ValueError(f"{problem.error_count()} of its values are not as they were written") from None
        if form != FORM:
            raise ValueError(f"it has form {form}, and this is {FORM}")
        places = [lease.at.frame[0] for lease in known.leases]
        places += [seen.frame[0] for each in known.bindings for seen in (each.first, each.last, *each.announced)]
        if not all(0 <= place < len(known.captures) for place in places):
            raise ValueError("it has frames of nowhere")
        return known
