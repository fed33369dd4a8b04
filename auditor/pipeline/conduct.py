"""What each inside host did in each swarm and in the DHT: facts folded into conducts, before policy judges them.

A conduct is one host (as attributed) in one swarm, or its talk with the DHT, or its encrypted talk that may be about
the same torrents, until six hours pass without activity. It depends on the facts alone, never on the order in which
flows or activities arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.flow import Address, End, Flow, FrameRef
from auditor.model.incident import Claimed, Conduct, FileAmount, Infohashes, VerifiedAmount
from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.pipeline.part import ENDS, MORE, NO_MORE, NOTHING, Amount, Claims, Host, Part, Proof, Settled, Weight
from auditor.pipeline.parts import registry
from auditor.pipeline.splitting import split
from auditor.pipeline.translating import Translating, count_once
from auditor.pipeline.whose import Held

if TYPE_CHECKING:
    from auditor.model.capture import Sighting

IDLE = 6 * HOUR
"""A conduct ends when this long passes without activity."""
PROOF_FRAMES = 64
"""Frames kept as the proof of a conduct, those of its strongest parts first."""
_BY_TIME, _BY_WEIGHT = attrgetter("first", "last"), attrgetter("weight")
TRACKER_NAMES = 16
"""Names of trackers kept of a conduct, the first in order. Of the others the addresses stay."""

IsInside = Callable[[Address], bool]
Holders = Callable[[Host, int, int], Sequence[Held]]
"""Says who held an address from one moment to another; where the holder changes, a conduct ends."""
Identities = Callable[[Infohash], tuple[Infohash | None, Infohash | None]]
"""Returns the v1 and the v2 infohash known of the torrent with this name on the wire."""


class Folded(NamedTuple):
    """A conduct, and the parts of which it was made, in order of time."""

    conduct: Conduct
    parts: Sequence[Part]


def conducts(
    sighting: Sighting,
    is_inside: IsInside,
    holders: Holders,
    identities: Identities,
    translating: Translating | None = None,
) -> list[Conduct]:
    """Fold everything that was seen into conducts, in order of time, then of host.

    What a public endpoint did is the inside host's that stood behind it, as far as ``translating`` knows.
    """
    found = list(_parts(sighting, is_inside))
    if translating is not None:
        found = count_once(translating.inside_hosts(found, sighting), sighting)
    return [folded.conduct for folded in _folded(found, sighting, holders, identities)]


class Known(NamedTuple):
    """What is known beside the facts."""

    is_inside: IsInside
    holders: Holders
    identities: Identities
    translating: Translating | None = None


def conducts_of(host: Address, sighting: Sighting, known: Known, settled: Iterable[Part] = ()) -> list[Folded]:
    """Fold what was seen of one host, and what stays of what was seen of it before.

    The same as :func:`conducts` says of it, if the sighting has all of its facts.
    """
    found: Iterable[Part] = _parts(sighting, known.is_inside)
    if known.translating is not None:
        found = known.translating.inside_hosts(list(found), sighting)
    of_host = [part for part in found if part.host.ip == host]
    if known.translating is not None:
        of_host = count_once(of_host, sighting)
    return _folded([*settled, *of_host], sighting, known.holders, known.identities)


def _folded(parts: Iterable[Part], sighting: Sighting, holders: Holders, identities: Identities) -> list[Folded]:
    held = sorted(_held(parts, sighting, holders), key=lambda each: _order(each[1]))
    torrents = _Torrents(identities)
    for held_by, piece in held:
        torrents.tie(held_by, piece.wire if piece.settled is None else _names(piece))
    groups: dict[tuple[object, ...], list[Part]] = {}
    for held_by, piece in held:
        torrent = torrents.of(held_by, piece.wire[0].digest) if piece.wire else None
        groups.setdefault((held_by, piece.kind, torrent, piece.candidates), []).append(piece)
    runs = (run for group in groups.values() for run in _runs(group, holders))
    folded = [Folded(fold(run, identities), run) for run in runs if not all(p.aside for p in run)]
    return sorted(folded, key=lambda each: order(each.conduct))


def inside_ends(flow: Flow, is_inside: IsInside) -> tuple[End, ...]:
    """Return the ends of a flow that are inside."""
    if is_inside(flow.orig.ip):
        return ENDS if is_inside(flow.resp.ip) else ("orig",)
    return ("resp",) if is_inside(flow.resp.ip) else ()


def _parts(sighting: Sighting, is_inside: IsInside) -> Iterator[Part]:
    """Yield the parts of every inside end; where neither end is inside, those of the originator."""
    for index, flow in enumerate(sighting.flows):
        for end in inside_ends(flow, is_inside) or ("orig",):
            yield from registry.of_flow(index, flow, end)
    for index, activity in enumerate(sighting.activities):
        yield from registry.of_activity(index, activity)


def _held(parts: Iterable[Part], sighting: Sighting, holders: Holders) -> Iterator[tuple[int, Part]]:
    """Yield parts with a number that is the same where one and the same held the same address."""
    numbers: dict[tuple[str, Address, int], int] = {}
    for part in parts:
        host = part.host
        # What is settled was one holder's when it was, and cannot be taken apart.
        held = holders(host, part.first, part.last if part.settled is None else part.first)
        pieces = [(held[0], part)] if len(held) == 1 else split(part, sighting, held)
        for each, piece in pieces:
            yield numbers.setdefault((host.vantage, host.ip, each.key), len(numbers)), piece


def _names(settled: Part) -> tuple[Infohash, ...]:
    """Return the names of a torrent that was found out to have two, whether or not that is known still."""
    return (*settled.wire, *[known.wire for known in (settled.v1, settled.v2) if known is not None])


class _Torrents:
    """Which names on the wire mean one torrent, for each holder of an address by itself.

    What ties two names may be said by the other end of a flow; so one host's stranger does not join the swarms of
    another host.
    """

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._next: dict[tuple[int, bytes], bytes] = {}

    def tie(self, holder: int, names: Sequence[Infohash]) -> None:
        """Note that these names mean one torrent, and whatever else is known to mean it."""
        for name in names:
            if (holder, name.digest) not in self._next:
                self._next[holder, name.digest] = name.digest
                known = [identity.wire for identity in self._identities(name) if identity is not None]
                self.tie(holder, [other for other in known if (holder, other.digest) not in self._next])
                for other in known:
                    self._join(holder, name, other)
        for name in names[1:]:
            self._join(holder, names[0], name)

    def of(self, holder: int, name: bytes) -> bytes:
        """Return the one name that stands for the torrent: the smallest."""
        while (following := self._next[holder, name]) != name:
            name = following
        return name

    def _join(self, holder: int, one: Infohash, another: Infohash) -> None:
        low, high = sorted((self.of(holder, one.digest), self.of(holder, another.digest)))
        self._next[holder, high] = low


def _runs(parts: Iterable[Part], holders: Holders) -> Iterator[list[Part]]:
    """Part a group, in order of time, wherever it was idle for long, or somebody else held the address meanwhile."""
    run: list[Part] = []
    last = 0
    for piece in parts:
        if (
            run
            and piece.first > last
            and (piece.first - last > IDLE or changed_hands(piece.host, last, piece.first, holders))
        ):
            yield run
            run = []
        if not (run and piece.aside):
            last = max(last, piece.last) if run else piece.last
        run.append(piece)
    yield run


def changed_hands(host: Host, last: int, until: int, holders: Holders) -> bool:
    """Whether some other holder is known after a moment; that nobody is known is no change of hands."""
    between = holders(host, last, until)
    return len(between) > 1 and any(held.key != between[-1].key and held.attribution.lines for held in between)


def fold(parts: Sequence[Part], identities: Identities) -> Conduct:
    """Make one conduct of its parts, which are in order of time. What stands aside adds its flows alone."""
    flows = {p.flow for p in parts if p.flow is not None}
    parts = [p for p in parts if not p.aside]
    earliest = parts[0]
    # The weightiest part speaks for the whole, with its own confidence: what is suspected or likely borrows none.
    weightiest = max(parts, key=weight)
    telling = [p for p in parts if p[MORE:] != NO_MORE]
    sums = _Sums(telling) if telling else _NO_SUMS
    return Conduct(
        kind=earliest.kind,
        vantage=earliest.host.vantage,
        host=earliest.host.ip,
        ports=tuple(sorted(sums.ports.union([p.port for p in parts]))),
        remote_ports=tuple(
            sorted(sums.remote_ports.union([p.remote_port for p in parts if p.remote_port is not None]))
        ),
        first=earliest.first,
        last=max([p.last for p in parts]),
        participation=weightiest.participation,
        confidence=weightiest.confidence,
        detectors=tuple(sorted(set().union(*[p.detectors for p in parts]))),
        infohashes=_infohashes(parts, telling, identities),
        downloaded=sums.downloaded,
        uploaded=sums.uploaded,
        amount_basis=sums.amount_basis,
        flows=tuple(sorted(flows)),
        activities=tuple(sorted({p.activity for p in parts if p.activity is not None})),
        frames=_proven(parts),
        vlan=earliest.host.vlan,
        mac=earliest.host.mac,
        claimed=_claimed(telling),
        verified=_verified(telling),
        beside=sums.beside,
        private=sums.private,
        torrent_name=sums.torrent_name,
        clients=sums.clients,
        trackers=sums.trackers,
        swarm_size=sums.swarm_size,
    )


class _Sums:
    """What those parts of a conduct say together that say more than most."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.downloaded = self.uploaded = 0
        self.ports: set[int] = set()
        self.remote_ports: set[int] = set()
        self.private: bool | None = None
        self.torrent_name: str | None = None
        self._amounts: list[Amount] = []
        self._clients: set[str] = set()
        self._trackers: set[tuple[str, str | None]] = set()
        self._peers: set[Address] = set()
        self._sizes: list[int] = []
        self._beside: set[str] = set()
        for part in parts:
            self._add(part)
        self.amount_basis = _amount_basis(self._amounts)
        self.beside = tuple(sorted(self._beside))
        self.clients = tuple(sorted(self._clients))
        self.trackers = _trackers(self._trackers)

    def _add(self, part: Part) -> None:
        if part.downloaded is not NOTHING or part.uploaded is not NOTHING:
            self.downloaded += part.downloaded[0]
            self.uploaded += part.uploaded[0]
            self._amounts += (part.downloaded, part.uploaded)
        if part.clients:
            self._clients |= part.clients
        if part.tracker is not None:
            self._trackers.add((str(part.tracker), part.tracker_name))
        if part.peer is not None:
            self._peers.add(part.peer)
        if part.swarm_size is not None:
            self._sizes.append(part.swarm_size)
        if part.settled is not None:
            self._add_settled(part.settled)

    def _add_settled(self, settled: Settled) -> None:
        self.ports.update(settled.ports)
        self.remote_ports.update(settled.remote_ports)
        self._trackers |= {(each[0], each[-1]) for each in settled.trackers}
        self._peers |= settled.peers
        self._beside.update(settled.beside)
        if self.private is None:
            self.private = settled.private
        if self.torrent_name is None:
            self.torrent_name = settled.torrent_name

    @property
    def swarm_size(self) -> int | None:
        """How many take part: the most that a tracker told, or those who were met where these are more."""
        return max(*self._sizes, len(self._peers), 0) if self._sizes or self._peers else None


def amount(told: Sequence[Amount]) -> Amount:
    """Add up amounts of one direction."""
    return sum([count for count, _ in told]), _amount_basis(told)


def _trackers(met: Collection[tuple[str, str | None]]) -> tuple[tuple[str, ...], ...]:
    """Return each tracker's address, and its name where it has one beside it."""
    if not met:
        return ()
    names = set(sorted({name for address, name in met if name is not None and name != address})[:TRACKER_NAMES])
    return tuple(sorted({(address, name) if name in names else (address,) for address, name in met}))


def _amount_basis(amounts: Iterable[Amount]) -> AmountBasis:
    """Return what all amounts rest on at least; where there are some bytes, no bytes rest on nothing."""
    told = [(count, basis) for count, basis in amounts if basis is not AmountBasis.NONE]
    return min([basis for count, basis in told if count] or [basis for _, basis in told], default=AmountBasis.NONE)


def _verified(parts: Iterable[Part]) -> VerifiedAmount | None:
    """Add up what was proven each way, and of which files."""
    downloaded = uploaded = wrong = 0
    is_known, torrent = False, None
    files: dict[int, list[int]] = {}
    for piece in [part for part in parts if part.received or part.sent or part.settled is not None]:
        before = piece.settled.verified if piece.settled is not None else None
        if before is not None:
            is_known, torrent = True, before.torrent if torrent is None else torrent
            downloaded, uploaded = downloaded + before.downloaded, uploaded + before.uploaded
            wrong += before.wrong
            for offset, down, up in before.files:
                known = files.setdefault(offset, [0, 0])
                known[:] = known[0] + down, known[1] + up
        for way, compared in enumerate((piece.received, piece.sent)):
            for each in compared:
                is_known, torrent = True, each.torrent
                wrong += each.wrong.bytes
                downloaded += each.verified.bytes if way == 0 else 0
                uploaded += each.verified.bytes if way == 1 else 0
                for offset, count in each.files:
                    files.setdefault(offset, [0, 0])[way] += count
    if not is_known:
        return None
    amounts = tuple(FileAmount(offset, down, up) for offset, (down, up) in sorted(files.items()))
    return VerifiedAmount(torrent, downloaded, uploaded, wrong, amounts)


def _infohashes(parts: Sequence[Part], telling: Sequence[Part], identities: Identities) -> Infohashes | None:
    """Name the torrent: 20 bytes on the wire do not tell the version, a hybrid's two handshakes or a list do.

    Where it is one of several, all are named: no list can tell what they are.
    """
    candidates = parts[0].candidates
    if candidates:
        return Infohashes(wire=candidates, v1=None, v2=None, basis=Basis.INFERRED)
    wire = tuple(sorted(set().union(*[p.wire for p in parts])))
    if not wire:
        return None
    basis = Basis.READ if Basis.READ in [p.basis for p in parts] else Basis.INFERRED
    v1, v2 = zip(*map(identities, wire), strict=True)
    return Infohashes(wire, _only(v1, [p.v1 for p in telling]), _only(v2, [p.v2 for p in telling]), basis)


def _claimed(parts: Sequence[Part]) -> Claimed | None:
    """Return what the host claimed first and last, whichever trackers it told."""
    told = claims(parts)
    if not told:
        return None
    return Claimed(told[0].claimed.first, told[-1].claimed.last, any(each.claimed.completed for each in told))


def claims(parts: Sequence[Part]) -> tuple[Claims, ...]:
    """Return the earliest and the latest of what was claimed; that it was completed is told with both."""
    told: list[Claims] = []
    for part in parts:
        if part.settled is not None and part.settled.claims:
            told += part.settled.claims
        elif part.claimed is not None:
            told.append(Claims(part.first, part.last, part.claimed))
    if not told:
        return ()
    is_completed = any(each.claimed.completed for each in told)
    ends = min(told, key=lambda each: each.first), max(told, key=lambda each: each.last)
    return tuple([each._replace(claimed=each.claimed._replace(completed=is_completed)) for each in ends])


def _only(known: Iterable[Infohash | None], told: Iterable[Infohash | None]) -> Infohash | None:
    """Return the one infohash that is known, or else told; where there are several, none is known to be right."""
    found = {*filter(None, known)} or {*filter(None, told)}
    return found.pop() if len(found) == 1 else None


def weight(piece: Part) -> Weight:
    """Weigh a part by what the host did, unless that is merely suspected.

    Of a host that announced a torrent in clear and is likely to have transferred it encrypted, the latter is said: to
    say that it announced it for certain would leave out the graver.
    """
    return _weight(piece.confidence, piece.participation)


@cache
def _weight(confidence: Confidence, participation: Participation) -> Weight:
    return min(confidence, Confidence.LIKELY), participation, confidence


def proofs(parts: Iterable[Part]) -> tuple[Proof, ...]:
    """Return what proves a conduct of these parts, those of its weightiest parts first, as far as there is room.

    What found no room among some of the parts finds none among all of them.
    """
    told: list[Proof] = []
    for part in parts:
        if part.settled is not None and part.settled.proofs:
            told += part.settled.proofs
        elif part.frames:
            told.append(Proof(weight(part), part.first, part.last, part.frames))
    told.sort(key=_BY_TIME)
    told.sort(key=_BY_WEIGHT, reverse=True)
    kept: set[FrameRef] = set()
    found: list[Proof] = []
    for each in told:
        room = PROOF_FRAMES - len(kept)
        if room == 0:
            break
        new = {*each.frames} - kept
        if len(new) > room:
            new = {*sorted(new)[:room]}
        if new:
            kept |= new
            found.append(each._replace(frames=tuple(sorted(new))))
    return tuple(found)


def _proven(parts: Sequence[Part]) -> tuple[FrameRef, ...]:
    """Return the frames that prove a conduct of these parts, each once and in order."""
    frames = set().union(*[part.frames for part in parts])
    if len(frames) > PROOF_FRAMES:  # Only then it matters whose come first.
        frames = set().union(*[proof.frames for proof in proofs(parts)])
    return tuple(sorted(frames))


def _order(piece: Part) -> tuple[object, ...]:
    """Put parts in order of time; where that does not tell, of everything that a conduct takes from its first part."""
    host = piece.host
    return (
        piece.first,
        piece.last,
        host.ip.version,
        host.ip,
        host.vantage,
        host.vlan,
        host.mac or "",
        piece.kind,
        piece.wire,
        piece.candidates,
        -piece.participation,
        piece.port,
        piece.remote_port or 0,
        piece.frames,
    )


def order(conduct: Conduct) -> tuple[object, ...]:
    """Put conducts in order of time, then of host."""
    wire = conduct.infohashes.wire if conduct.infohashes else ()
    host = conduct.host
    return (conduct.first, host.version, host, conduct.vantage, conduct.kind, wire, conduct.vlan, conduct.mac or "")


_NO_SUMS = _Sums(())
"""What conducts add up to of which no part says more than most; never changed."""
