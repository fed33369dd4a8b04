"""What detectors see: one type for each kind of fact, as the engine hands them over. None judges.

What a tracker, a peer or any other remote party asserts is named so; it is that party's word.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from auditor.model.infohash import Infohash


class Handshake(NamedTuple):
    """Fact of ``bt.handshake``: what one end's handshake said (BEP 3)."""

    infohash: Infohash
    peer_id: bytes
    reserved: bytes

    @property
    def offers_upgrade(self) -> bool:
        """Whether the sender has the v2 side of a hybrid torrent too (BEP 52: reserved byte 7, 0x10)."""
        return bool(self.reserved[7] & 0x10)


class Messages(NamedTuple):
    """Fact of ``bt.messages``: what one end said after its handshake, counted (BEP 3, 6, 10)."""

    pieces: int
    piece_bytes: int
    counts: Mapping[str, int]
    """Messages by name (``request``, ``have``, ``bitfield``, ``choke`` …)."""
    partial: bool
    """Bytes were missing where they could not be skipped: counting stopped there, so the counts are lower bounds."""


class Extended(NamedTuple):
    """Fact of ``bt.extended``: what an end said of itself in extended handshakes (BEP 10): its word."""

    client: bytes | None
    """Hostile text."""
    port: int | None
    """Where it says that it listens."""
    ipv4: IPv4Address | IPv6Address | None
    """Its address, as it believes."""
    ipv6: IPv4Address | IPv6Address | None
    metadata_size: int | None
    upload_only: bool | None
    prefers_encryption: bool | None
    messages: Mapping[str, int]
    """Its messages of extensions by name (``ut_pex``, ``ut_metadata``, ``lt_donthave`` …)."""


class Pex(NamedTuple):
    """Fact of ``bt.pex``: peers that the end says it is connected to, or no longer (BEP 11), each as often as said."""

    added: int
    dropped: int


class Metadata(NamedTuple):
    """Fact of ``bt.metadata``: messages about the torrent's info dict (BEP 9), which may be lies."""

    requests: int
    blocks: int
    rejects: int


class Datagrams(NamedTuple):
    """Fact of ``bt.dht`` within one flow: KRPC datagrams by kind (BEP 5)."""

    queries: int
    replies: int
    errors: int


class Utp(NamedTuple):
    """Fact of ``bt.utp``: a uTP connection of a flow, in which another detector saw something (BEP 29)."""

    began: bool
    """This end began it."""
    bytes: int
    """Payload of this end, each byte once."""
    lost: int
    """Packets with payload of this end that were sent and not captured, at least."""


class Encrypted(NamedTuple):
    """Fact of ``bt.mse``: the first flights of a stream, which have the shape of an obfuscated handshake."""

    flights: tuple[int, ...]
    """Bytes of the first five, the initiator's first; 0 where there was none."""
    signature: str | None
    """The length by which a family of clients is known."""


class Claim(NamedTuple):
    """What a client says of itself to a tracker. Nobody can check it."""

    event: str
    downloaded: int | None
    uploaded: int | None
    left: int | None


class TrackerAnswer(NamedTuple):
    """What a tracker answered."""

    interval: int | None
    complete: int | None
    incomplete: int | None
    peers: int
    """How many peers it named."""
    failed: bool


class TrackerAnnounce(NamedTuple):
    """Fact of ``bt.tracker.*``: a client told a tracker that it takes part (BEP 3, 15)."""

    infohash: Infohash
    peer_id: bytes
    port: int | None
    first: Claim
    """In the first announce."""
    last: Claim
    completed: bool
    """One of the announces said that the download had just completed."""
    credentials: bool
    """A passkey or the like came along; it was not kept."""
    answer: TrackerAnswer | None
    host: str | None = None
    """The tracker's name or address, as the client asked for it over HTTP: letters, digits and ``.-_:`` alone."""


class TrackerScrape(NamedTuple):
    """Fact of ``bt.tracker.*``: a client asked for the numbers of torrents (BEP 48). Indexers do so too."""

    infohashes: tuple[Infohash, ...]
    answered: bool
    host: str | None = None
    """As of an announce."""


class TorrentFile(NamedTuple):
    """Fact of ``bt.torrent_file``: a torrent file that the end sent. Who fetches one need not take part."""

    v1: Infohash | None
    v2: Infohash | None
    name: bytes
    """Hostile text."""
    private: bool


class Magnet(NamedTuple):
    """Fact of ``bt.torrent_file``: a magnet link that passed. It proves no use of it."""

    v1: Infohash | None
    v2: Infohash | None
    place: str


class WebSeed(NamedTuple):
    """Fact of ``bt.webseed``: pieces asked for at a web seed, which was told the torrent (BEP 17) or not (BEP 19)."""

    infohash: Infohash
    bytes: int


class ExternalAddress(NamedTuple):
    """Fact of ``bt.external_address``: the end told the other one its address, as seen from there."""

    ip: IPv4Address | IPv6Address
    port: int | None
    told_by: str


class AllowedFast(NamedTuple):
    """Fact of ``bt.external_address``: pieces that the end gives even while it chokes (BEP 6).

    They are drawn from the other end's address, as seen from there.
    """

    infohash: Infohash
    indexes: tuple[int, ...]
    """The first of them, in the order in which they were named."""


class LocalAnnounce(NamedTuple):
    """Fact of ``bt.lsd``: a client announced a torrent to the local network (BEP 14)."""

    infohash: Infohash
    port: int
    """Where it says that it takes connections."""


class PortMapping(NamedTuple):
    """Fact of ``bt.portmap``: a port that a host asked its gateway to open (NAT-PMP, PCP, UPnP).

    Consoles and voice do the same: it says nothing by itself.
    """

    protocol: str
    internal: tuple[IPv4Address | IPv6Address, int] | None
    """Where the port leads to; ``None`` of a removal that does not say."""
    external_port: int
    """The gateway's port: granted, or else wished; 0 leaves it to the gateway."""
    lifetime: int
    """Seconds granted, or else wished; 0 of a removal."""
    client: str | None
    """The BitTorrent client that the asker calls itself."""
    granted: bool


class GatewaySearch(NamedTuple):
    """Fact of ``bt.portmap``: a host that looked for a gateway called itself a BitTorrent client."""

    client: str


class Name(NamedTuple):
    """Fact of ``bt.dns`` and ``bt.tls``: a well-known name was looked up, or asked for as a TLS server."""

    name: str
    """The entry in the engine's table, never what was looked up."""
    what: str
    """``bootstrap``, ``tracker`` or ``client``."""
    over: str
    answered: bool


class SslTorrent(NamedTuple):
    """Fact of ``bt.tls``: a TLS client asked for a server by an infohash, as libtorrent does of a torrent over TLS."""

    infohash: Infohash
    answered: bool


Fact = (
    Handshake
    | Messages
    | Extended
    | Pex
    | Metadata
    | Datagrams
    | Utp
    | Encrypted
    | TrackerAnnounce
    | TrackerScrape
    | TorrentFile
    | Magnet
    | WebSeed
    | ExternalAddress
    | AllowedFast
    | LocalAnnounce
    | PortMapping
    | GatewaySearch
    | Name
    | SslTorrent
)

GATEWAY = "gateway"
"""By whom a gateway's own word about an address is told."""
SUPPORTING: tuple[type[Fact], ...] = (ExternalAddress, Name, SslTorrent, PortMapping, GatewaySearch)
"""Kinds of facts of which some or all say nothing by themselves: see :func:`supports`."""


def supports(fact: Fact) -> bool:
    """Whether it says nothing by itself, and is of use beside other evidence about the same host alone."""
    return fact.told_by == GATEWAY if isinstance(fact, ExternalAddress) else isinstance(fact, SUPPORTING)


def names(fact: Fact) -> tuple[Infohash, ...]:
    """Return the torrents that a fact names, each as the wire carries it.

    Forty hexadecimal digits that a TLS server is asked for by are no name: anybody may ask for them.
    """
    match fact:
        case Handshake() | TrackerAnnounce() | WebSeed() | LocalAnnounce():
            return (fact.infohash.wire,)
        case TrackerScrape():
            return tuple(infohash.wire for infohash in fact.infohashes)
        case TorrentFile() | Magnet():
            return tuple(infohash.wire for infohash in (fact.v1, fact.v2) if infohash)
        case _:
            return ()
