"""Records for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.evidence.record import Record, named_id
from auditor.model.watch import Slice
from tests.build.sighting import NINE

if TYPE_CHECKING:
    from auditor.evidence.canonical import Json

MAKER = "00000000-0000-8000-8000-000000000000"


def record(number: int = 0, kind: str = "observation", /, *, at: int | None = None, **body: Json) -> Record:
    """A record whose id comes from its number."""
    moment = NINE + number if at is None else at
    return Record(kind, named_id(MAKER, kind, number), moment, body or {"number": number}, {"host": "10.20.0.5"})


def frame(number: int, *, data: bytes = b"\x02" * 60, link: int = 1) -> Slice:
    """A slice of one frame."""
    return Slice((0, number), NINE + number, link, 1400, data)
