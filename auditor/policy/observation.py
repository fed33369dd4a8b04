"""A conduct as people write it down: for tests of a policy, and for asking what it would say."""

from __future__ import annotations

from itertools import chain
from typing import Annotated

from pydantic import Field

from auditor.model.incident import Conduct, Infohashes, Kind
from auditor.model.infohash import V2_BYTES, Infohash
from auditor.model.moment import NANOSECONDS
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.policy import fields  # noqa: TC001 - pydantic reads it
from auditor.written.fields import AddressField, Amount, Line, Mac, Moment, OneOrMore, Ports, Vlan
from auditor.written.schema import Entry

VANTAGE = "default"
"""The vantage point of all captures that are not parted by name."""
MAX_SPANS = 32
"""Ranges of ports that a conduct may have, and torrents that it may be about."""
_PortList = Annotated[tuple[Ports, ...], Field(max_length=MAX_SPANS), OneOrMore()]
_USUAL: dict[Kind, tuple[Participation, Confidence, tuple[str, ...]]] = {
    "swarm": (Participation.TRANSFERRED, Confidence.CONFIRMED, ("bt.handshake", "bt.messages")),
    "dht": (Participation.PRESENT, Confidence.CONFIRMED, ("bt.dht",)),
    "encrypted": (Participation.TRANSFERRED, Confidence.LIKELY, ("bt.mse",)),
}


class Observation(Entry):
    """What one host did. What is left out is as it most often is for its `kind`."""

    host: AddressField = Field(description="Its address.")
    at: Moment = Field(description="When it began.")
    duration: fields.Duration | None = Field(default=None, description="How long it went on; a moment where left out.")
    earlier: Annotated[tuple[Moment, ...], Field(max_length=100), OneOrMore()] = Field(
        default=(), description="When the same host had done the same before, in order, for rules that count."
    )
    kind: fields.Kind = Field(default="swarm", description="`swarm` (the default), `dht` or `encrypted`.")
    detectors: Annotated[tuple[fields.Detector, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="Who saw it. Default: `bt.handshake` and `bt.messages`; `bt.dht`; `bt.mse`."
    )
    confidence: fields.Confidence | None = Field(
        default=None, description="Exactly so sure. Default: `confirmed`; of `encrypted`, `likely`."
    )
    participation: fields.Participation | None = Field(
        default=None, description="Exactly so much. Default: `transferred`; of `dht`, `present`."
    )
    infohash: Annotated[tuple[fields.InfohashField, ...], Field(max_length=MAX_SPANS), OneOrMore()] = Field(
        default=(), description="The torrent's, v1 or v2; of `encrypted`, those of all torrents that it may be."
    )
    inferred: bool = Field(default=False, description="Whether the infohash was tied to it from elsewhere, not read.")
    torrent_name: Line | None = Field(default=None, description="What the torrent's metadata calls it.")
    private: bool | None = Field(default=None, description="What its metadata says of that, where it is known.")
    downloaded: Amount = Field(default=0, description="Bytes towards the host.")
    uploaded: Amount = Field(default=0, description="Bytes from the host.")
    amount_basis: fields.AmountBasis | None = Field(
        default=None, description="What the amounts rest on. Default: `pieces`; without any amount, `none`."
    )
    port: _PortList = Field(default=(), description="Its own ports.")
    remote_port: _PortList = Field(default=(), description="Those of its peers.")
    client: Annotated[tuple[Line, ...], OneOrMore()] = Field(default=(), description="What its client calls itself.")
    tracker: Annotated[tuple[Line, ...], OneOrMore()] = Field(
        default=(), description="Its trackers, each by address or name."
    )
    swarm_size: fields.Size | None = Field(default=None, description="How many take part, where that is known.")
    vlan: Annotated[tuple[Vlan, ...], OneOrMore()] = Field(
        default=(), description="Tags of its frames, outermost first."
    )
    mac: Mac | None = Field(default=None, description="The MAC in its frames, as before the first router.")
    vantage: Line = Field(default=VANTAGE, description="The vantage point that saw it.")

    def conduct(self) -> Conduct:
        """Return the conduct."""
        kind: Kind = self.kind  # type: ignore[assignment]  # one of KINDS
        participation, confidence, detectors = _USUAL[kind]
        amount_basis = AmountBasis.PIECES if self.downloaded or self.uploaded else AmountBasis.NONE
        return Conduct(
            kind=kind,
            vantage=self.vantage,
            host=self.host,
            ports=_single(self.port),
            remote_ports=_single(self.remote_port),
            first=self.at,
            last=self.at + (self.duration or 0),
            participation=self.participation or participation,
            confidence=self.confidence or confidence,
            detectors=self.detectors or detectors,
            infohashes=self._infohashes(),
            downloaded=self.downloaded,
            uploaded=self.uploaded,
            amount_basis=amount_basis if self.amount_basis is None else self.amount_basis,
            flows=(),
            activities=(),
            frames=(),
            vlan=self.vlan,
            mac=self.mac,
            clients=self.client,
            trackers=tuple((tracker,) for tracker in self.tracker),
            swarm_size=self.swarm_size,
            private=self.private,
            torrent_name=self.torrent_name,
        )

    def _infohashes(self) -> Infohashes | None:
        if not self.infohash:
            return None
        wire = tuple(dict.fromkeys(infohash.wire for infohash in self.infohash))
        v2 = next((each for each in self.infohash if len(each.digest) == V2_BYTES), None)
        return Infohashes(wire, None, v2 if self.kind == "swarm" else None, self._basis())

    def _basis(self) -> Basis:
        return Basis.INFERRED if self.inferred else Basis.READ


def is_about(conduct: Conduct, infohash: Infohash) -> bool:
    """Whether a conduct is about a torrent, or may be."""
    if conduct.infohashes is None:
        return False
    known = (*conduct.infohashes.wire, conduct.infohashes.v1, conduct.infohashes.v2)
    return any(each is not None and infohash.wire == each.wire for each in known)


def goes_on(conduct: Conduct, at: int) -> bool:
    """Whether a conduct went on at a moment, or within the second after it: results show whole seconds."""
    return conduct.first < at + NANOSECONDS and at <= conduct.last


def _single(ports: tuple[range, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(ports)))
