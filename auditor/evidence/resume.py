"""What earlier runs left in the store for one that goes on: incidents that are open, and those that rules count."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.evidence.reading import Filter, incidents
from auditor.model.attribution import Attribution, Candidate
from auditor.model.fact import Claim
from auditor.model.incident import Claimed, Conduct, FileAmount, Incident, Infohashes, Judgement, VerifiedAmount
from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR, since_epoch
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation, Severity, Verdict
from auditor.model.standing import Gravest, Noted, Past, Resumed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.evidence.reading import Content, Stored
    from auditor.evidence.store import Store

IDLE = 6 * HOUR
"""An incident ends after so long without activity."""


class Left(NamedTuple):
    """What an earlier run left."""

    resumed: tuple[Resumed, ...]
    past: tuple[Past, ...]


def left_open(store: Store, now: int, *, since: int | None = None) -> Left:
    """Return the incidents that are open at a moment, and those that began at or after ``since`` and are over.

    What was deleted of an incident cannot be gone on with: it is left out.
    """
    begin = min(now - IDLE, now if since is None else since)
    resumed, past = [], []
    for listed in incidents(store, Filter(begin=begin)):
        stored = listed.record
        if stored.body is None or stored.identifying is None:
            continue
        if not stored.body["is_over"] and stored.at > now - IDLE:
            resumed.append(_resumed(stored))
        elif since is not None and since_epoch(stored.body["first"]) >= since:
            past.append(_past(stored))
    return Left(tuple(resumed), tuple(past))


def _resumed(stored: Stored) -> Resumed:
    body: Content = stored.body or {}
    who: Content = stored.identifying or {}
    incident = Incident(
        id=body["id"],
        conduct=_conduct(body, who),
        attribution=_attribution(body["attribution"], who["attribution"]),
        judgement=_judgement(body["now"]),
        name=who["name"],
    )
    gravest = Gravest(_judgement(body), since_epoch(body["gravest_at"]), body["gravest_policy_sha256"])
    return Resumed(incident, gravest, _noted(body))


def _past(stored: Stored) -> Past:
    body: Content = stored.body or {}
    who: Content = stored.identifying or {}
    return Past(
        id=body["id"],
        vantage=body["vantage"],
        host=ip_address(who["host"]),
        vlan=tuple(body["vlan"]),
        subject=who["attribution"]["subject"],
        first=since_epoch(body["first"]),
        noted=_noted(body),
    )


def _noted(body: Content) -> tuple[Noted, ...]:
    return tuple(Noted(each["rule"], each["what"]) for each in body["noted"])


def _conduct(body: Content, who: Content) -> Conduct:
    return Conduct(
        kind=body["kind"],
        vantage=body["vantage"],
        host=ip_address(who["host"]),
        ports=tuple(who["ports"]),
        remote_ports=tuple(who["remote_ports"]),
        first=since_epoch(body["first"]),
        last=since_epoch(body["last"]),
        participation=Participation.from_label(body["participation"]),
        confidence=Confidence.from_label(body["confidence"]),
        detectors=tuple(body["detectors"]),
        infohashes=_infohashes(body["infohashes"]),
        downloaded=body["downloaded"],
        uploaded=body["uploaded"],
        amount_basis=AmountBasis.from_label(body["amount_basis"]),
        flows=(),
        activities=(),
        frames=(),
        vlan=tuple(body["vlan"]),
        mac=who["mac"],
        claimed=_claimed(body["claimed"]),
        verified=_verified(body["verified"]),
        beside=tuple(body["beside"]),
        clients=tuple(who["clients"]),
        trackers=tuple(tuple(names) for names in who["trackers"]),
        swarm_size=body["swarm_size"],
        private=body["private"],
        torrent_name=who["torrent_name"],
    )


def _infohashes(told: Mapping[str, Any] | None) -> Infohashes | None:
    if told is None:
        return None
    v1, v2 = (None if told[name] is None else Infohash.from_hex(told[name]) for name in ("v1", "v2"))
    return Infohashes(tuple(Infohash.from_hex(each) for each in told["wire"]), v1, v2, Basis(told["basis"]))


def _claimed(told: Mapping[str, Any] | None) -> Claimed | None:
    if told is None:
        return None
    return Claimed(_claim(told["first"]), _claim(told), completed=told["completed"])


def _claim(told: Mapping[str, Any]) -> Claim:
    # Which event it was is not told: nothing asks for it once several are put together.
    return Claim("", told["downloaded"], told["uploaded"], told["left"])


def _verified(told: Mapping[str, Any] | None) -> VerifiedAmount | None:
    if told is None:
        return None
    files = tuple(FileAmount(*each) for each in told["files"])
    return VerifiedAmount(-1, told["downloaded"], told["uploaded"], told["wrong"], files)


def _attribution(body: Content, who: Content) -> Attribution:
    return Attribution(
        group=body["group"],
        status=body["status"],
        subject=who["subject"],
        source=who["source"],
        candidates=tuple(
            Candidate(each["group"], each["subject"], each["source"], each["reason"]) for each in who["candidates"]
        ),
        lines=tuple(who["lines"]),
        clock=body["clock"],
    )


def _judgement(told: Content) -> Judgement:
    return Judgement(
        Verdict.from_label(told["verdict"]),
        told["rule"],
        Severity.from_label(told["severity"]),
        told["reason"],
        tuple(told["lapsed"]),
    )
