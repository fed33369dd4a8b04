"""A part: what one flow, or one infohash of a DHT activity, shows of one host. Conducts are made of them.

What the host itself sent is kept apart from what others sent to it. Anyone can throw a handshake or a query at an
address, so others' bytes alone never make a host more than ``contacted``, and that only ever ``suspected``.
"""

from typing import Literal, NamedTuple

from auditor.model.flow import Address, End, Flow, FrameRef, Observation, Verified
from auditor.model.incident import Claimed, VerifiedAmount
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation

ENDS: tuple[End, End] = ("orig", "resp")
Amount = tuple[int, AmountBasis]
NOTHING: Amount = (0, AmountBasis.NONE)
CONTACTED = Participation.CONTACTED, Confidence.SUSPECTED
"""What a host is to whom only others spoke."""


class Host(NamedTuple):
    """An address as it was seen: what an attribution needs to know."""

    vantage: str
    ip: Address
    vlan: tuple[int, ...]
    mac: str | None


Weight = tuple[Confidence, Participation, Confidence]


class Proof(NamedTuple):
    """Frames that prove a part, and where they stand among others'."""

    weight: Weight
    first: int
    last: int
    frames: tuple[FrameRef, ...]


class Claims(NamedTuple):
    """What a host claimed, and when the parts that tell it began and ended."""

    first: int
    last: int
    claimed: Claimed


class Settled(NamedTuple):
    """What a part says that stands for many whose facts are no longer kept, of what one part has but one."""

    incident: str
    """The id of the incident of which they were."""
    flows: tuple[int, ...]
    """The watch's numbers of those that this run saw."""
    activities: tuple[int, ...]
    proofs: tuple[Proof, ...]
    """What came to the conduct's frames, in order of time."""
    claims: tuple[Claims, ...]
    """The earliest and the latest."""
    ports: tuple[int, ...]
    remote_ports: tuple[int, ...]
    trackers: tuple[tuple[str, ...], ...]
    verified: VerifiedAmount | None
    beside: tuple[str, ...]
    private: bool | None
    torrent_name: str | None
    peers: frozenset[Address]
    """Of those who shook hands with the host."""


class Part(NamedTuple):
    """A piece of a conduct: when one host did what, in which torrent, and what proves it."""

    kind: Literal["swarm", "dht", "encrypted"]
    host: Host
    port: int
    remote_port: int | None
    first: int
    last: int
    participation: Participation
    confidence: Confidence
    detectors: frozenset[str]
    wire: tuple[Infohash, ...] = ()
    """The torrent's names on the wire, the host's own first; two where a hybrid's ends differ (BEP 52)."""
    basis: Basis = Basis.READ
    """Whether the torrent was read here, or inferred."""
    candidates: tuple[Infohash, ...] = ()
    """The torrents of which it may be one, in order, where an encrypted flow is tied to several."""
    flow: int | None = None
    activity: int | None = None
    frames: tuple[FrameRef, ...] = ()
    public: tuple[Address, int] | None = None
    """The host's own end as the flow shows it, where that is a public endpoint in front of the host."""
    aside: bool = False
    """It says nothing of the host by itself, and is told only beside other parts."""
    # From here on stands what most parts leave out: see MORE.
    v1: Infohash | None = None
    """The v1 infohash, where a hybrid's handshakes or a torrent file tell which one it is."""
    v2: Infohash | None = None
    """The v2 infohash, where a torrent file tells it."""
    downloaded: Amount = NOTHING
    uploaded: Amount = NOTHING
    claimed: Claimed | None = None
    received: tuple[Verified, ...] = ()
    """Pieces towards the host that were compared with the torrent's metadata."""
    sent: tuple[Verified, ...] = ()
    peer: Address | None = None
    """Who shook hands with the host."""
    clients: frozenset[str] = frozenset()
    """What the host's client calls itself."""
    tracker: Address | None = None
    """The tracker that the host told, or asked."""
    tracker_name: str | None = None
    """What the host called it."""
    swarm_size: int | None = None
    """How many take part, as a tracker answered."""
    settled: Settled | None = None


MORE = Part._fields.index("v1")
NO_MORE = tuple([Part._field_defaults[name] for name in Part._fields[MORE:]])
"""What most parts have from the field ``MORE`` on: they say no more than who did what when, and in which torrent."""


def opposite(end: End) -> End:
    """Return the other end."""
    return "resp" if end == "orig" else "orig"


def host_of(flow: Flow, end: End) -> Host:
    """Return the host at an end of a flow."""
    endpoint = flow.endpoint(end)
    return Host(flow.vantage, endpoint.ip, flow.vlan, endpoint.mac)


def of_observation(
    index: int, flow: Flow, end: End, seen: Observation, *, did: Participation, wire: tuple[Infohash, ...]
) -> Part:
    """Make an end's part of a swarm of one observation."""
    return Part(
        kind="swarm",
        host=host_of(flow, end),
        port=flow.endpoint(end).port,
        remote_port=flow.endpoint(opposite(end)).port,
        first=seen.first,
        last=seen.last,
        participation=did,
        confidence=seen.confidence,
        detectors=frozenset({seen.detector}),
        wire=wire,
        flow=index,
        frames=seen.frames,
    )
