"""Who had which address, as frames of the capture say that belong to no flow: DHCP, ARP and neighbour discovery.

A device chooses what name it tells, and anybody on a link can say that an address is his: these are words with their
frames. Whom they make the holder is decided by whoever knows the other sources.
"""

from typing import Literal, NamedTuple

from auditor.model.flow import Address, FrameRef, Tunnel

FOREVER = 0xFFFF_FFFF
"""Seconds of a lease without an end (RFC 2131 section 3.3, RFC 8415 section 7.7)."""


class Seen(NamedTuple):
    """When something was seen, and in which frame."""

    time: int
    frame: FrameRef


class Binding(NamedTuple):
    """That an address was a device's, as often as it was said."""

    vantage: str
    vlan: tuple[int, ...]
    """Tags, outermost first; none where tags do not part networks."""
    tunnel: Tunnel | None
    ip: Address
    mac: str
    """``aa:bb:cc:dd:ee:ff``"""
    kind: Literal["dhcp", "dhcp6", "arp", "ndp"]
    first: Seen
    last: Seen
    times: int
    """How often, frames delivered twice included."""
    announced: tuple[Seen, ...] = ()
    """When the device told everybody unasked, as it does when it gets the address: the first times."""
    shared: bool = False
    """The MAC speaks for more addresses at once than a device has: a router's, or a liar's."""


class Lease(NamedTuple):
    """What one DHCP message said."""

    vantage: str
    vlan: tuple[int, ...]
    tunnel: Tunnel | None
    at: Seen
    event: Literal["named", "granted", "released", "declined"]
    """``named``: a client that asks tells its name, of no address. ``granted``: the server's word; ``released``: the
    client's, or the server's that it is over. ``declined``: the client found somebody else there."""
    kind: Literal["dhcp", "dhcp6"]
    ip: Address | None
    mac: str | None
    """The client's, as the message tells it; in DHCPv6 the frame's, on the client's own link."""
    duid: str | None = None
    """DHCPv6's name of the device, hexadecimal with colons."""
    host: str | None = None
    """The client's name, as it or the server wrote it: made harmless, and chosen by a stranger."""
    seconds: int | None = None
    """For how long it is granted; :data:`FOREVER` has no end."""
    server: str | None = None
    """The server's address, or its DUID."""
    renewed: bool = False
    """The client had the address and goes on with it; of IPv6 never told."""
    relayed: bool = False
    """Seen between server and relay, where the frame's VLAN need not be the client's."""


class Known(NamedTuple):
    """What was said so far, and where each of it was seen."""

    captures: tuple[str, ...] = ()
    """Names of captures and interfaces; the first number of a frame's place counts them."""
    leases: tuple[Lease, ...] = ()
    bindings: tuple[Binding, ...] = ()
