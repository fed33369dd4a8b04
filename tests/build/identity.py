"""Lines of identity sources, read by the reader of their kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor.identity.readers.registry import Reading, Refused, read
from auditor.model.identity import Tenancy
from auditor.model.moment import NANOSECONDS, to_second

if TYPE_CHECKING:
    from auditor.identity.readers.registry import Told

SOURCE, FILE = "dhcp", "leases"
DAY = "2026-11-22"
ALICE, GUEST = "52:54:00:12:34:56", "52:54:00:65:43:21"
DUID = "00:01:00:01:32:9b:44:00:52:54:00:12:34:56"


def moment(clock: str, day: str = DAY) -> int:
    """Return the moment of a clock's time in UTC."""
    return int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC).timestamp()) * NANOSECONDS


def tell(kind: str, text: str | bytes, **how: Any) -> list[Told]:  # noqa: ANN401  fields of a reading
    """Read a file of a kind."""
    data = text.encode() if isinstance(text, str) else text
    return list(read(kind, data.splitlines(), Reading(SOURCE, FILE, **how)))


def held(kind: str, text: str | bytes, **how: Any) -> list[Tenancy]:  # noqa: ANN401  fields of a reading
    """Read a file in which no line is refused."""
    told = tell(kind, text, **how)
    assert not [each for each in told if not isinstance(each, Tenancy)], told
    return [each for each in told if isinstance(each, Tenancy)]


def refused(kind: str, text: str | bytes, **how: Any) -> list[Refused]:  # noqa: ANN401  fields of a reading
    """Read a file and return what was refused."""
    return [each for each in tell(kind, text, **how) if isinstance(each, Refused)]


def spans(tenancies: list[Tenancy], day: str = DAY) -> list[tuple[str, str, str, str | None, int]]:
    """Return start and end on a day's clock, address, device and line: what mostly matters."""
    return [
        (_clock(each.start, day), _clock(each.end, day), str(each.ip), each.mac or each.duid, each.line.line)
        for each in tenancies
    ]


def _clock(when: int | None, day: str) -> str:
    return "" if when is None else to_second(when).removeprefix(f"{day} ")
