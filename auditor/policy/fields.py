"""The types of a policy's own fields, as :mod:`auditor.written.fields` has those of any file."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated

from auditor.model import scale
from auditor.model.infohash import Infohash
from auditor.policy import scalars
from auditor.policy.patterns import Pattern
from auditor.written.fields import Written, member, text, version
from auditor.written.scalars import parse_word

DETECTORS = (
    "bt.handshake",
    "bt.messages",
    "bt.extended",
    "bt.pex",
    "bt.metadata",
    "bt.utp",
    "bt.dht",
    "bt.tracker.http",
    "bt.tracker.udp",
    "bt.tracker.ws",
    "bt.lsd",
    "bt.torrent_file",
    "bt.webseed",
    "bt.portmap",
    "bt.dns",
    "bt.tls",
    "bt.external_address",
    "bt.mse",
)
"""Every detector of the design. A policy may name those that come with a later release."""

KINDS = ("swarm", "dht", "encrypted")
STATUSES = ("attributed", "ambiguous", "unattributed")
MERCY = ("allow", "notice")

_CONFIDENCE = member(scale.Confidence, "confidence")
_PARTICIPATION = member(scale.Participation, "participation")

Version = Annotated[int, version("policy")]
Hours = Annotated[tuple[int, int], text(scalars.parse_hours, examples=["08:00-18:00", "22:00-06:00"])]
Days = Annotated[tuple[int, ...], text(scalars.parse_days, examples=["mon-fri", "sat"])]
Wildcard = Annotated[Pattern, text(scalars.parse_pattern, minLength=1, examples=["lab-*", "*.example.com"])]
InfohashField = Annotated[Infohash, text(scalars.parse_infohash, pattern="^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$")]
Detector = Annotated[str, Written(partial(parse_word, "detector", DETECTORS), {"enum": list(DETECTORS)})]
Kind = Annotated[str, Written(partial(parse_word, "kind", KINDS), {"enum": list(KINDS)})]
Status = Annotated[str, Written(partial(parse_word, "status", STATUSES), {"enum": list(STATUSES)})]
Count = Annotated[int, Written(partial(scalars.parse_count, 1), {"type": "integer", "minimum": 1})]
Size = Annotated[int, Written(partial(scalars.parse_count, 0), {"type": "integer", "minimum": 0})]
Duration = Annotated[int, text(scalars.parse_duration, pattern="^[0-9]{1,5}\\s*[mhdw]$", examples=["12h", "90d"])]
Date = Annotated[date, text(scalars.parse_date, format="date", examples=["2026-01-31"])]
Mercy = Annotated[
    scale.Verdict,
    Written(lambda value: scale.Verdict.from_label(parse_word("verdict", MERCY, value)), {"enum": list(MERCY)}),
]
"""The verdict of an exception."""
Direction = Annotated[
    str, Written(partial(parse_word, "direction", ("upload", "download")), {"enum": ["upload", "download"]})
]
Confidence = Annotated[scale.Confidence, _CONFIDENCE]
Participation = Annotated[scale.Participation, _PARTICIPATION]
CONFIDENCE_WORDS = _CONFIDENCE.json
PARTICIPATION_WORDS = _PARTICIPATION.json
Verdict = Annotated[scale.Verdict, member(scale.Verdict, "verdict")]
Severity = Annotated[scale.Severity, member(scale.Severity, "severity")]
AmountBasis = Annotated[scale.AmountBasis, member(scale.AmountBasis, "basis")]
People = Annotated[scale.People, member(scale.People, "people")]
