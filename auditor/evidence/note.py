"""What people note about incidents: appended, never changed."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Literal, get_args

from auditor.evidence.reading import named, of_kind
from auditor.evidence.record import Record, new_id
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.evidence.store import Store

Status = Literal["reviewed", "false-positive", "resolved"]
STATUSES: tuple[Status, ...] = get_args(Status)
MAX_REASON = 2000
MAX_BY = 200


def note(store: Store, incident: str, *, status: Status, by: str, reason: str, at: int | None = None) -> Record:
    """Append a note about an incident, which is named by its id or an end of it; return it once it is durable.

    Raises:
        LookupError: if there is no such incident.
        ValueError: if it says not who or why.
        StoreError: if it cannot be written.
    """
    who, why = by.strip(), reason.strip()
    if not who or not why:
        raise ValueError("a note says who notes it and why")
    if len(who) > MAX_BY or len(why) > MAX_REASON:
        raise ValueError(f"a note has at most {MAX_REASON} characters, and a name {MAX_BY}")
    with store.reading() as connection:
        identifier = named(connection, incident)
    moment = time.time_ns() if at is None else at
    # Who noted it is a person too, and what is noted may name one.
    told = {"by": harmless(who, MAX_BY), "reason": harmless(why, 2 * MAX_REASON)}
    record = Record("note", new_id(moment), moment, {"incident": identifier, "status": status}, told)
    store.append([record])
    return record


def counts(store: Store) -> Mapping[str, int]:
    """Return how many notes there are, by status."""
    found = Counter(
        str(each.body["status"]) for each in of_kind(store, "note", limit=1_000_000) if each.body is not None
    )
    return {status: found[status] for status in STATUSES}
