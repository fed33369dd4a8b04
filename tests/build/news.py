"""Changes of incidents as a sensor's pipeline hands them over, with names in them that must not get out."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.model.attribution import Attribution, Candidate
from auditor.model.fact import Claim
from auditor.model.incident import Claimed, Conduct, Incident, Infohashes, Judgement
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation, People, Severity, Verdict
from auditor.model.standing import Gravest, IncidentChange
from tests.build.sighting import FILM, NINE, SECOND, flow, shake

if TYPE_CHECKING:
    from auditor.model.flow import Flow

HOST, OUTSIDER = "10.40.7.77", "198.51.100.77"
MAC = "52:54:00:0f:a8:35"
PSEUDONYM = "p-0123456789abcdef0123"
USER, DEVICE, TORRENT, TRACKER, CLIENT = "zebulon", "zebulons-laptop", "The.Secret.Film", "zebulon.example", "zebulonT"
PLANTED = (HOST, OUTSIDER, MAC, USER, DEVICE, TORRENT, TRACKER, CLIENT)
"""What may stand nowhere unless people are named."""
HOSTILE = 'a"b\\c]d\r\n\x1b[31m\u202e\x00 \ud800<34>1 - [x y="z"]\u2028é' + "x" * 5000
"""What a stranger may hope to smuggle into a line."""


def judged(verdict: Verdict = Verdict.VIOLATION, *, rule: str | None = "guests-no-files") -> Judgement:
    """What a policy says."""
    severity = {Verdict.ALLOW: Severity.INFO, Verdict.NOTICE: Severity.LOW, Verdict.VIOLATION: Severity.HIGH}[verdict]
    return Judgement(verdict, rule, severity, "guests share no files")


def incident(
    number: int = 1,
    *,
    verdict: Verdict = Verdict.VIOLATION,
    participation: Participation = Participation.CONNECTED,
    subject: str | None = PSEUDONYM,
    name: str | None = TORRENT,
    reason: str | None = None,
    detectors: tuple[str, ...] = ("bt.handshake", "bt.dht"),
    downloaded: int = 1 << 20,
) -> Incident:
    """An incident of a guest."""
    conduct = Conduct(
        kind="swarm",
        vantage="default",
        host=ip_address(HOST),
        ports=(51000,),
        remote_ports=(6881,),
        first=NINE,
        last=NINE + 60 * SECOND,
        participation=participation,
        confidence=Confidence.CONFIRMED,
        detectors=detectors,
        infohashes=Infohashes((FILM,), FILM, None, Basis.READ),
        downloaded=downloaded,
        uploaded=4096,
        amount_basis=AmountBasis.PIECES,
        flows=(3,),
        activities=(),
        frames=((0, 4),),
        vlan=(40,),
        mac=MAC,
        claimed=Claimed(Claim("started", 0, 0, 9), Claim("stopped", 9, 0, 0), completed=True),
        clients=(CLIENT,),
        trackers=((OUTSIDER, TRACKER),),
        torrent_name=TORRENT,
    )
    attribution = Attribution(
        "guests",
        "attributed",
        subject,
        f"mac {MAC}",
        (Candidate("guests", subject, f"lease of {DEVICE}", f"{USER} at {MAC}"),),
        (f"office /var/lib/{USER}/leases:17",),
        "measured",
    )
    judgement = judged(verdict)
    if reason is not None:
        judgement = judgement._replace(reason=reason)
    identifier = f"0198c0de-0000-7000-8000-{number:012d}"
    return Incident(identifier, conduct, attribution, judgement, name, "t-0001")


def change(
    now: Incident | None = None,
    *,
    previous: Incident | None = None,
    people: People = People.PSEUDONYM,
    is_over: bool = False,
    merged: tuple[str, ...] = (),
    flows: tuple[Flow, ...] | None = None,
    sensor: str = "sensor-1",
) -> IncidentChange:
    """A change of it; a new one, unless told otherwise."""
    now = now or incident()
    seen = flow(HOST, OUTSIDER, [shake("orig"), shake("resp")], mac=MAC)
    return IncidentChange(
        incident=now,
        gravest=Gravest(now.judgement, NINE, "ab" * 32),
        previous=previous,
        merged=merged,
        is_over=is_over,
        caused=NINE + 60 * SECOND + 123_456_789,
        flows=(seen,) if flows is None else flows,
        people=people,
        sensor=sensor,
    )
