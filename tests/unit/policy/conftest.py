"""What the tests of policies share: a conduct with every field set, and a policy of a few lines."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.model.attribution import Attribution
from auditor.model.incident import Conduct, Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.policy import load
from auditor.policy.rule import match

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.policy.evaluate import Policy

LINUX = Infohash(bytes.fromhex("c12fe1c06bba254a9dc9f519b335aa7c1367a88a"))
NOON = 1_795_345_200 * 10**9
"""Sunday 2026-11-22 12:00 in Berlin, 11:00 UTC."""

CONDUCT = Conduct(
    kind="swarm",
    vantage="office",
    host=ip_address("10.20.0.5"),
    ports=(51413,),
    remote_ports=(6881, 49152),
    first=NOON,
    last=NOON + 60 * 10**9,
    participation=Participation.TRANSFERRED,
    confidence=Confidence.CONFIRMED,
    detectors=("bt.handshake", "bt.messages"),
    infohashes=Infohashes((LINUX,), None, None, Basis.READ),
    downloaded=10_000_000,
    uploaded=2_000_000,
    amount_basis=AmountBasis.PIECES,
    flows=(0,),
    activities=(),
    frames=(),
    vlan=(),
    mac=None,
)

HEAD = """\
version: 1
purpose: test
people: pseudonym
timezone: Europe/Berlin
groups:
  - {name: employees, networks: [10.20.0.0/16], default: {verdict: notice, reason: employees by default}}
  - {name: guests, networks: [10.40.0.0/16], vlans: [40], default: {verdict: notice, reason: guests by default}}
  - {name: unattributed, default: {verdict: notice, reason: nobody by default}}
  - {name: unknown, default: {verdict: allow, reason: others by default}}
"""


@pytest.fixture(scope="session")
def conduct() -> Callable[..., Conduct]:
    """Return what makes a conduct: a confirmed transfer by an employee, but for the fields that are given."""
    return CONDUCT._replace


@pytest.fixture(scope="session")
def policy() -> Callable[[str], Policy]:
    """Return what makes a policy with four groups and the rest of the file as given."""

    def make(rest: str = "") -> Policy:
        loaded = load.parse((HEAD + rest).encode(), Path("test.yaml"))
        assert loaded.policy is not None, [str(issue) for issue in loaded.issues]
        return loaded.policy

    return make


@pytest.fixture(scope="session")
def codes() -> Callable[[str], list[str]]:
    """Return what lists the issue codes of that same policy, in order."""
    return lambda rest: [issue.code for issue in load.parse((HEAD + rest).encode(), Path("test.yaml")).issues]


LISTS = f"""lists:
  approved: {{infohashes: [{LINUX}, {"ab" * 32}]}}
  yesterday: {{infohashes: {LINUX}, until: 2026-11-21}}
  today: {{infohashes: {LINUX}, until: 2026-11-22}}
  films: {{names: the.film.*}}
  called: {{infohashes: {{v1: {"ef" * 20}, name: The.Film.1}}}}
"""


@pytest.fixture
def ask(policy: Callable[[str], Policy], conduct: Callable[..., Conduct]) -> Callable[..., tuple[bool, str]]:
    """Return what asks one selector about one conduct of an employee: whether it matches, and why."""

    def make(when: str, verdict: str = "notice", valid: str = "", **fields: object) -> tuple[bool, str]:
        extra = f"valid: {valid}, " if valid else ""
        rule = f"rules:\n  - {{id: r, {extra}when: {when}, verdict: {verdict}, reason: because}}\n"
        made = policy(LISTS + rule).rules[0]
        (found,) = match(made, conduct(**fields), Attribution("employees", "attributed"))
        return found.matched, found.why

    return make
