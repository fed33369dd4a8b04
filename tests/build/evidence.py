"""Records for tests."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.evidence.record import Record, named_id
from auditor.model.attribution import Attribution, Candidate
from auditor.model.fact import Claim
from auditor.model.incident import Claimed, Conduct, FileAmount, Incident, Infohashes, Judgement, VerifiedAmount
from auditor.model.scale import (
    AmountBasis,
    Basis,
    Confidence,
    Participation,
    People,
    Severity,
    Verdict,
)
from auditor.model.standing import Gravest, IncidentChange, Noted
from auditor.model.watch import Slice
from tests.build.sighting import FILM, GUEST, NINE, SECOND

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


def incident(number: int = 1, *, host: str = GUEST, at: int = NINE, group: str = "guests") -> Incident:
    """An incident with something of everything."""
    conduct = Conduct(
        kind="swarm",
        vantage="default",
        host=ip_address(host),
        ports=(51000,),
        remote_ports=(6881,),
        first=at,
        last=at + 60 * SECOND,
        participation=Participation.TRANSFERRED,
        confidence=Confidence.CONFIRMED,
        detectors=("bt.handshake", "bt.messages"),
        infohashes=Infohashes((FILM,), FILM, None, Basis.READ),
        downloaded=1000,
        uploaded=2000,
        amount_basis=AmountBasis.PIECES,
        flows=(1, 2),
        activities=(7,),
        frames=((0, 4), (0, 9)),
        vlan=(40,),
        mac="52:54:00:12:34:56",
        claimed=Claimed(Claim("started", 0, 0, 9000), Claim("", 1000, 0, None), completed=False),
        verified=VerifiedAmount(0, 800, 0, 16, (FileAmount(0, 800, 0),)),
        beside=("bt.dns",),
        clients=("Secret Client 1.0",),
        trackers=(("198.51.100.1", "tracker.secret.example"),),
        swarm_size=12,
        private=False,
        torrent_name="The Secret Film",
    )
    attribution = Attribution(
        group=group,
        status="ambiguous",
        subject="p-0123456789",
        source="secret-source 10.40.0.0/16",
        candidates=(Candidate(group, "p-0123456789", "secret-source", "secret reason"),),
        lines=("secret dhcpd.leases:17",),
        clock="measured",
    )
    judgement = Judgement(Verdict.VIOLATION, "no-sharing", Severity.HIGH, "File sharing is not allowed", ("waiver",))
    return Incident(named_id(MAKER, "incident", number), conduct, attribution, judgement, "A Secret Name")


def change(
    now: Incident, previous: Incident | None = None, *, is_over: bool = False, people: People = People.PSEUDONYM
) -> IncidentChange:
    """What is new about an incident."""
    return IncidentChange(
        incident=now,
        gravest=Gravest(now.judgement, now.conduct.first, "ab" * 32),
        previous=previous,
        merged=(),
        is_over=is_over,
        caused=now.conduct.last,
        flows=(),
        people=people,
        sensor="office",
        noted=(Noted("no-sharing", "often"),),
    )
