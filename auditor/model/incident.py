"""One inside host in one swarm, its DHT activity or its encrypted one: what it did, and what policy says of it."""

from typing import Literal, NamedTuple

from auditor.model.attribution import Attribution
from auditor.model.fact import Claim
from auditor.model.flow import Address, End, FrameRef
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation, Severity, Verdict

Kind = Literal["swarm", "dht", "encrypted"]


class Infohashes(NamedTuple):
    """The names of an incident's torrent; of an ``encrypted`` one, the torrents that it may be about."""

    wire: tuple[Infohash, ...]
    v1: Infohash | None
    v2: Infohash | None
    basis: Basis


class Judgement(NamedTuple):
    """What policy says: the verdict, and the rule that gave it."""

    verdict: Verdict
    rule: str | None
    """``None`` where no rule matched and the group's default spoke."""
    severity: Severity
    reason: str
    lapsed: tuple[str, ...] = ()
    """Exceptions that had ended by then, and would have come before the rule."""


class Claimed(NamedTuple):
    """What a client said of itself to trackers: its own words, which nobody can check."""

    first: Claim
    last: Claim
    completed: bool
    """It said once that the download had just completed."""


class FileAmount(NamedTuple):
    """Verified bytes of one file."""

    offset: int
    """Where the file begins in the torrent, which is its name there."""
    downloaded: int
    uploaded: int


class VerifiedAmount(NamedTuple):
    """What was proven to be the torrent's: pieces that hash to what its metadata says."""

    torrent: int | None
    """Index into the sighting's torrents; ``None`` where an earlier run knew it."""
    downloaded: int
    uploaded: int
    wrong: int
    """Bytes of whole pieces, either way, that are not the torrent's."""
    files: tuple[FileAmount, ...]


class Conduct(NamedTuple):
    """What one inside host did in one swarm, in the DHT or behind encryption: the facts that a policy judges."""

    kind: Kind
    vantage: str
    host: Address
    ports: tuple[int, ...]
    """The host's own ports."""
    remote_ports: tuple[int, ...]
    first: int
    last: int
    participation: Participation
    confidence: Confidence
    detectors: tuple[str, ...]
    infohashes: Infohashes | None
    downloaded: int
    uploaded: int
    amount_basis: AmountBasis
    flows: tuple[int, ...]
    """Indexes into the sighting's flows."""
    activities: tuple[int, ...]
    """Indexes into the sighting's activities."""
    frames: tuple[FrameRef, ...]
    vlan: tuple[int, ...]
    mac: str | None
    claimed: Claimed | None = None
    verified: VerifiedAmount | None = None
    """``None`` where no metadata is known to compare with, or no piece passed."""
    beside: tuple[str, ...] = ()
    """Detectors of what stands beside it and says nothing by itself: no rule is asked about them."""
    clients: tuple[str, ...] = ()
    """What the host's client calls itself to peers and trackers: its own word. Harmless to print."""
    trackers: tuple[tuple[str, ...], ...] = ()
    """The trackers that the host announced to, or asked numbers of: each its address, and its name where it was asked
    for by one, which is the host's own word. Harmless to print."""
    swarm_size: int | None = None
    """How many take part, at least as the host could know: the peers that it met, or what a tracker told it."""
    private: bool | None = None
    """Whether its peers come from its trackers alone (BEP 27); ``None`` where no metadata is known."""
    torrent_name: str | None = None
    """What known metadata calls the torrent: a stranger's words, harmless to print. For rules, never shown."""


class Incident(NamedTuple):
    """A conduct, attributed and judged."""

    id: str
    conduct: Conduct
    attribution: Attribution
    judgement: Judgement
    name: str | None
    """The torrent's name, where a policy list names it, or where names are to be shown."""
    torrent: str | None = None
    """The id of the torrent, where its metadata is known."""


def host_end(inside: tuple[End, ...]) -> Literal["orig", "resp", "both", "none"]:
    """Say in one word which ends of a flow are inside."""
    if len(inside) == 2:  # noqa: PLR2004 - a flow has two ends
        return "both"
    return inside[0] if inside else "none"
