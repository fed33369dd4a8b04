"""DHT activities as the engine hands them over."""

from __future__ import annotations

import pytest

from auditor.model.activity import DhtTarget
from auditor.model.infohash import Infohash


def test_what_a_host_did_is_a_fact_that_nobody_changes() -> None:
    """Whoever judges it reads it only."""
    target = DhtTarget(Infohash(bytes(20)), 1, 2, queries=3, nodes=3, answered=1, near_own_id=False, frames=())

    with pytest.raises(AttributeError):
        target.queries = 4  # type: ignore[misc]
