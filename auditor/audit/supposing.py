"""A conduct that somebody supposes, laid to whoever held the address then, as the pipeline lays what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.pipeline.part import Host

if TYPE_CHECKING:
    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct
    from auditor.pipeline.whose import Whose


def suppose(conduct: Conduct, whose: Whose) -> tuple[Conduct, Attribution]:
    """Return the conduct, which ends where the address changes hands, and whose it is."""
    host = Host(conduct.vantage, conduct.host, conduct.vlan, conduct.mac)
    held = whose.over(host, conduct.first, conduct.last)[0]
    return conduct._replace(last=min(conduct.last, held.last)), held.attribution
