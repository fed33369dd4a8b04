"""Conducts that are supposed, laid to whoever held the address."""

from __future__ import annotations

from ipaddress import ip_address

from auditor.audit.supposing import suppose
from auditor.identity.directory import Directory
from auditor.model.identity import Offset, SourceLine, Tenancy, Trust
from auditor.model.scale import People
from auditor.pipeline.people import Shown
from auditor.pipeline.whose import Whose
from auditor.policy.evaluate import Policy
from auditor.policy.observation import Observation

HOST = ip_address("10.20.0.5")
AT = 1_795_345_200 * 10**9


def test_it_ends_where_the_address_changes_hands() -> None:
    """As a conduct that was seen is split there; what follows is another's."""
    change = AT + 60 * 10**9
    line = SourceLine("list", "list.csv", 2)
    held = [
        Tenancy(0, change, Trust.LEASED, line, ip=HOST, user="alice"),
        Tenancy(change, None, Trust.LEASED, line, ip=HOST, user="bob"),
    ]
    whose = Whose(Policy.none(), Directory(held, {"list": Offset("declared")}).ask, Shown(People.NAMED))
    told = {"host": str(HOST), "at": "2026-11-22T11:00:00Z", "duration": "5m"}

    conduct, attribution = suppose(Observation.model_validate(told).conduct(), whose)

    assert (conduct.first, conduct.last) == (AT, change - 1)
    assert attribution.subject == "alice"
