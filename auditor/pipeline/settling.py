"""What stays of facts that are no longer kept: one part for all those of an incident, which is folded on as they were.

So an incident goes on for months, and across restarts, while few of its facts are kept.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.scale import AmountBasis, Basis
from auditor.pipeline.conduct import amount, claims, fold, proofs
from auditor.pipeline.part import Host, Part, Settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.model.flow import Address
    from auditor.model.incident import Conduct
    from auditor.pipeline.conduct import Identities
    from auditor.pipeline.part import Claims, Proof

MOST_OF_A_KIND = 4096
"""Numbers of flows, ports, clients, trackers and peers that stay of one incident, of each kind so many."""


class LetGo(NamedTuple):
    """What is no longer kept of an incident."""

    flows: frozenset[int] = frozenset()
    activities: frozenset[int] = frozenset()
    beside: frozenset[str] = frozenset()
    """The detectors of what stood beside it."""


def settle(incident: str, parts: Sequence[Part], conduct: Conduct, gone: LetGo, identities: Identities) -> Part | None:
    """Make one part of some of a conduct's, in order of time; ``None`` where they say nothing by themselves."""
    telling = [part for part in parts if not part.aside]
    if not telling:
        return None
    peers = {each.peer for each in telling if each.peer is not None}
    before = [each.settled for each in telling if each.settled is not None]
    peers = peers.union(*[each.peers for each in before])
    folded = fold(telling, identities)
    folded = folded._replace(
        flows=_newest(gone.flows.union(*[each.flows for each in before])),
        activities=_newest(gone.activities.union(*[each.activities for each in before])),
        beside=tuple(sorted({*folded.beside, *gone.beside})),
        private=conduct.private,
        torrent_name=conduct.torrent_name,
    )
    part = _part(incident, folded, peers, proofs(telling), claims(telling))
    return part._replace(
        port=telling[0].port,
        downloaded=amount([each.downloaded for each in telling]),
        uploaded=amount([each.uploaded for each in telling]),
    )


def of_earlier_run(incident: str, conduct: Conduct) -> Part:
    """Make a part of all that an earlier run knew of an incident."""
    return _part(incident, conduct, ())


def unnumbered(conduct: Conduct) -> Conduct:
    """Return a conduct of an earlier run without what that one counted by."""
    verified = conduct.verified and conduct.verified._replace(torrent=None)
    return conduct._replace(flows=(), activities=(), verified=verified)


def _newest(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(numbers)[-MOST_OF_A_KIND:])


def _part(
    incident: str,
    conduct: Conduct,
    peers: Iterable[Address],
    proofs: tuple[Proof, ...] = (),
    claims: tuple[Claims, ...] = (),
) -> Part:
    names = conduct.infohashes
    is_one = names is not None and conduct.kind == "swarm"
    basis = conduct.amount_basis
    return Part(
        kind=conduct.kind,
        host=Host(conduct.vantage, conduct.host, conduct.vlan, conduct.mac),
        port=conduct.ports[0] if conduct.ports else 0,
        remote_port=None,
        first=conduct.first,
        last=conduct.last,
        participation=conduct.participation,
        confidence=conduct.confidence,
        detectors=frozenset(conduct.detectors),
        wire=names.wire if names is not None and is_one else (),
        basis=names.basis if names is not None else Basis.READ,
        candidates=names.wire if names is not None and not is_one else (),
        v1=names.v1 if names is not None and is_one else None,
        v2=names.v2 if names is not None and is_one else None,
        downloaded=(conduct.downloaded, basis) if conduct.downloaded or not conduct.uploaded else (0, AmountBasis.NONE),
        uploaded=(conduct.uploaded, basis) if conduct.uploaded else (0, AmountBasis.NONE),
        frames=conduct.frames,
        claimed=conduct.claimed,
        clients=frozenset(conduct.clients[:MOST_OF_A_KIND]),
        swarm_size=conduct.swarm_size,
        settled=Settled(
            incident=incident,
            flows=conduct.flows,
            activities=conduct.activities,
            proofs=proofs,
            claims=claims,
            ports=conduct.ports[:MOST_OF_A_KIND],
            remote_ports=conduct.remote_ports[:MOST_OF_A_KIND],
            trackers=conduct.trackers[:MOST_OF_A_KIND],
            verified=conduct.verified,
            beside=conduct.beside,
            private=conduct.private,
            torrent_name=conduct.torrent_name,
            peers=frozenset(islice(peers, MOST_OF_A_KIND)),
        ),
    )
