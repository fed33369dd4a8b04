"""What the engine would hand over, made by hand: for tests of everything that comes after it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from auditor.model.activity import Activity, DhtTarget, ToldAddress
from auditor.model.attribution import Attribution
from auditor.model.binding import Binding, Lease, Seen
from auditor.model.capture import CaptureInfo, Sighting
from auditor.model.fact import Claim, Datagrams, Encrypted, Fact, Handshake, Messages, TrackerAnnounce
from auditor.model.flow import End, Endpoint, Flow, Grade, Inferred, Observation, Tally, Tie, Verified
from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR, NANOSECONDS
from auditor.model.scale import Confidence
from auditor.pipeline.whose import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from auditor.pipeline.conduct import Holders
    from auditor.pipeline.part import Host

NINE = 1_795_338_000 * NANOSECONDS
"""2026-11-22 09:00:00 UTC."""
SECOND = NANOSECONDS
HOURS = HOUR

DEBIAN = Infohash(bytes([0xAA] * 20))
FILM = Infohash(bytes([0xBB] * 20))

EMPLOYEE, CONTRACTOR, GUEST = "10.20.0.5", "10.30.0.7", "10.40.0.9"
OUTSIDER, STRANGER = "198.51.100.7", "203.0.113.9"


def held_by(name: Callable[[Host], Hashable]) -> Holders:
    """Say of every host, at any time, that the one of this name held it."""
    keys: dict[Hashable, int] = {}

    def over(host: Host, first: int, last: int) -> Sequence[Held]:
        return (Held(first, last, keys.setdefault(name(host), len(keys)), Attribution("guests", "attributed")),)

    return over


def flow(
    orig: str,
    resp: str,
    observations: Sequence[Observation] = (),
    *,
    at: int = NINE,
    lasting: int = 60 * SECOND,
    ports: tuple[int, int] = (51000, 6881),
    payload: tuple[int, int] = (1000, 2000),
    vlan: tuple[int, ...] = (),
    mac: str | None = None,
    vantage: str = "default",
    transport: str = "tcp",
) -> Flow:
    """A flow between two addresses; ``mac`` is the originator's."""
    return Flow(
        vantage=vantage,
        transport="udp" if transport == "udp" else "tcp",
        orig=Endpoint(ip_address(orig), ports[0], mac),
        resp=Endpoint(ip_address(resp), ports[1]),
        vlan=vlan,
        tunnel=None,
        first=at,
        last=at + lasting,
        packets=(10, 20),
        bytes=payload,
        missing=(0, 0),
        minutes=(),
        observations=tuple(observations),
    )


def shake(
    end: End,
    infohash: Infohash = FILM,
    *,
    upgrade: bool = False,
    at: int = NINE,
    frame: int = 4,
    peer_id: bytes | None = None,
) -> Observation:
    """A handshake that one end sent; each has a peer id of its own."""
    own = b"-qB4520-abcdefghijkl" if end == "orig" else b"-qB4520-mnopqrstuvwx"
    fact = Handshake(
        infohash, own if peer_id is None else peer_id, bytes([0, 0, 0, 0, 0, 0x10, 0, 0x15 if upgrade else 0x05])
    )
    return observation("bt.handshake", end, fact, at=at, frame=frame)


def talk(end: End, pieces: int = 0, piece_bytes: int = 0, *, partial: bool = False, at: int = NINE) -> Observation:
    """Messages that one end sent after its handshake."""
    return observation("bt.messages", end, Messages(pieces, piece_bytes, {"piece": pieces}, partial), at=at, frame=9)


def compared(end: End, verified: int, *, wrong: int = 0, offset: int = 0, stream: int = 0) -> Verified:
    """Pieces that one end sent, compared with the first torrent's metadata; the right ones are of one file."""
    files = ((offset, verified),) if verified else ()
    return Verified(stream, end, 0, Tally(1, verified), Tally(1, wrong), Tally(0, 0), Tally(0, 0), files)


def datagrams(end: End, queries: int = 1, *, at: int = NINE) -> Observation:
    """KRPC datagrams that one end sent."""
    return observation("bt.dht", end, Datagrams(queries, 0, 0), at=at, frame=12)


def announce(
    end: End,
    infohash: Infohash = FILM,
    *,
    first: Claim | None = None,
    last: Claim | None = None,
    completed: bool = False,
    at: int = NINE,
    frame: int = 40,
) -> Observation:
    """A torrent that one end announced to a tracker over UDP."""
    first = first or Claim("started", 0, 0, 1000)
    fact = TrackerAnnounce(infohash, b"-qB4520-abcdefghijkl", 6881, first, last or first, completed, False, None)
    return observation("bt.tracker.udp", end, fact, at=at, frame=frame)


def encrypted(end: End, *, at: int = NINE) -> Observation:
    """The flights of an obfuscated handshake, those of one end."""
    seen = observation("bt.mse", end, Encrypted((200, 300, 90, 40, 68), "handshake-fifth"), at=at, frame=15)
    return seen._replace(confidence=Confidence.SUSPECTED)


def tie(*infohashes: Infohash, end: End = "orig", outgoing: bool = True, grade: Grade | None = None) -> Tie:
    """What ties a flow to these torrents; to none, at host level."""
    grade = grade or ("single-source" if infohashes else "host-level")
    confidence = Confidence.SUSPECTED if grade == "host-level" else Confidence.LIKELY
    inferred = tuple(Inferred(infohash, ("tracker",), 1, NINE - SECOND) for infohash in infohashes)
    return Tie(end, outgoing, grade, confidence, is_retry=False, rules=1, infohashes=inferred)


def tied(
    orig: str,
    resp: str,
    *ties: Tie,
    at: int = NINE,
    payload: tuple[int, int] = (1000, 2000),
) -> Flow:
    """An encrypted flow and what ties it."""
    made = flow(orig, resp, [encrypted("orig", at=at), encrypted("resp", at=at)], at=at, payload=payload)
    return made._replace(ties=ties)


def observation(
    detector: str, end: End, fact: Fact, *, at: int = NINE, frame: int = 50, stream: int = 0
) -> Observation:
    """One confirmed fact."""
    return Observation(detector, Confidence.CONFIRMED, end, at, at + SECOND, 1, ((0, frame),), fact, stream)


def connection(orig: str, resp: str, infohash: Infohash = FILM, *, down: int = 0, up: int = 0, at: int = NINE) -> Flow:
    """A flow with handshakes both ways in which the originator downloads and uploads so many bytes of pieces."""
    observations = [shake("orig", infohash, at=at), shake("resp", infohash, at=at, peer_id=b"-TR4060-abcdefghijkl")]
    observations += [talk("orig", up // 16384, up, at=at), talk("resp", down // 16384, down, at=at)]
    return flow(orig, resp, observations, at=at)


def target(
    infohash: Infohash = FILM, *, nodes: int = 3, near_own_id: bool = False, at: int = NINE, frame: int = 30
) -> DhtTarget:
    """What a host did about one infohash in the DHT."""
    return DhtTarget(infohash, at, at + SECOND, nodes, nodes, nodes, near_own_id, ((0, frame),))


def activity(
    host: str,
    *,
    at: int = NINE,
    lasting: int = 60 * SECOND,
    port: int = 6881,
    announced: Sequence[DhtTarget] = (),
    looked_up: Sequence[DhtTarget] = (),
    queries_out: int = 5,
    replies_out: int = 0,
    queries_in: int = 3,
    told: Sequence[ToldAddress] = (),
) -> Activity:
    """A host's talk with the DHT."""
    return Activity(
        vantage="default",
        endpoint=Endpoint(ip_address(host), port),
        vlan=(),
        tunnel=None,
        first=at,
        last=at + lasting,
        nodes=40,
        queries_in={"ping": queries_in} if queries_in else {},
        queries_out={"find_node": queries_out} if queries_out else {},
        replies_in=4,
        replies_out=replies_out,
        errors_in=0,
        errors_out=0,
        announced=tuple(announced),
        looked_up=tuple(looked_up),
        node_ids=(),
        clients=(),
        read_only=False,
        told=tuple(told),
        minutes=(),
        frames=((0, 20),),
    )


def capture(path: str = "day.pcapng", *, error: str | None = None, truncated: bool = False) -> CaptureInfo:
    """A capture of eight hours."""
    info = CaptureInfo(path, "ab" * 32, "default", 20_000, 11_000_000, NINE, NINE + 8 * HOURS, truncated, None)
    return info._replace(sha256=None, packets=0, bytes=0, first=None, last=None, error=error) if error else info


def lease(
    ip: str | None,
    mac: str | None,
    *,
    at: int = NINE,
    event: Literal["named", "granted", "released", "declined"] = "granted",
    seconds: int | None = 3600,
    host: str | None = None,
    duid: str | None = None,
    vlan: tuple[int, ...] = (),
    renewed: bool = False,
    relayed: bool = False,
    frame: int = 1,
) -> Lease:
    """What one DHCP message said."""
    address = ip_address(ip) if ip is not None else None
    return Lease(
        vantage="default",
        vlan=vlan,
        tunnel=None,
        at=Seen(at, (0, frame)),
        event=event,
        kind="dhcp6" if duid else "dhcp",
        ip=address,
        mac=mac,
        duid=duid,
        host=host,
        seconds=seconds if event == "granted" else None,
        renewed=renewed,
        relayed=relayed,
    )


def binding(
    ip: str,
    mac: str,
    *,
    at: int = NINE,
    lasting: int = 60 * SECOND,
    announced: Sequence[int] = (),
    vlan: tuple[int, ...] = (),
    shared: bool = False,
) -> Binding:
    """An address and a device, as ARP or neighbour discovery told."""
    return Binding(
        vantage="default",
        vlan=vlan,
        tunnel=None,
        ip=ip_address(ip),
        mac=mac,
        kind="ndp" if ":" in ip else "arp",
        first=Seen(at, (0, 7)),
        last=Seen(at + lasting, (0, 9)),
        times=2,
        announced=tuple(Seen(time, (0, 8)) for time in announced),
        shared=shared,
    )


def sighting(
    flows: Sequence[Flow] = (),
    activities: Sequence[Activity] = (),
    captures: Sequence[CaptureInfo] | None = None,
    leases: Sequence[Lease] = (),
    bindings: Sequence[Binding] = (),
) -> Sighting:
    """Everything that one run of the engine saw."""
    return Sighting(
        captures=(capture(),) if captures is None else tuple(captures),
        flows=tuple(flows),
        activities=tuple(activities),
        limits_hit={},
        totals={"tcp_flows": 80, "udp_flows": 40, "one_sided_flows": 0},
        leases=tuple(leases),
        bindings=tuple(bindings),
    )
