"""The runs of real clients: what is varied, what cannot be had and why, and the covering array of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from tests.lab.pairwise import Barred, covering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.pairwise import Factors

FACTORS: Factors = {
    "client": ("libtorrent", "transmission", "qbittorrent", "aria2", "rtorrent", "deluge"),
    "encryption": ("off", "preferred", "forced"),
    "transport": ("tcp", "utp"),
    "discovery": ("http", "udp", "dht", "pex", "lsd", "hand"),
    "version": ("v1", "v2", "hybrid"),
    "ip": ("4", "6"),
    "nat": ("no", "yes"),
}
BARRED: Sequence[Barred] = (
    Barred({"client": ("aria2", "rtorrent"), "transport": ("utp",)}, "the client has no uTP"),
    Barred({"client": ("aria2",), "encryption": ("off",)}, "aria2 tries obfuscation first, whatever it is told"),
    Barred({"client": ("transmission",), "version": ("v2", "hybrid")}, "Transmission 3.00 calls such torrents corrupt"),
    Barred({"client": ("aria2", "rtorrent"), "version": ("v2",)}, "the client knows v1 torrents alone"),
    Barred(
        {"client": ("aria2",), "version": ("hybrid",)}, "aria2 1.36 took hybrid torrents here and never finished one"
    ),
    Barred({"client": ("deluge",), "version": ("v2",)}, "Deluge 2.0.3 asks for the v1 name of each torrent"),
    Barred({"client": ("rtorrent", "deluge"), "ip": ("6",)}, "as packaged, the client met no IPv6 peer here"),
    Barred({"ip": ("6",), "nat": ("yes",)}, "the laboratory's router translates IPv4; IPv6 hosts keep their addresses"),
    Barred({"discovery": ("lsd",), "nat": ("yes",)}, "LSD stays in its segment and meets no router"),
    Barred({"discovery": ("lsd",), "client": ("rtorrent",)}, "rTorrent has no LSD"),
    Barred(
        {"discovery": ("lsd",), "ip": ("6",), "client": ("transmission", "aria2")}, "the client's LSD is IPv4's alone"
    ),
    Barred(
        {"discovery": ("dht",), "client": ("rtorrent",)},
        "rTorrent 0.9.8 talks to the DHT, but takes the length before a peer's address for a part of it",
    ),
    Barred({"discovery": ("http", "udp"), "ip": ("6",)}, "Debian's opentracker is built for IPv4"),
    Barred(
        {"discovery": ("dht",), "ip": ("6",), "client": ("transmission", "qbittorrent", "aria2")},
        "the client takes no IPv6 entry node that the laboratory could give it, or has no IPv6 DHT",
    ),
    Barred(
        {"discovery": ("hand", "pex"), "client": ("rtorrent",)},
        "rTorrent cannot be told to call a peer, and turned away every one that called it here",
    ),
    Barred(
        {"discovery": ("hand", "pex"), "nat": ("yes",), "client": ("transmission", "aria2")},
        "the client cannot be told to call a peer, and nobody can call it through NAT",
    ),
)
RUNS = 60
CHOSEN = (0, 1, 3, 5, 8, 14, 16, 20, 26, 30, 38, 45)
"""The part that continuous integration runs: every value of every factor, and most pairs."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One run: a row of the array."""

    number: int
    client: str
    encryption: str
    transport: str
    discovery: str
    version: str
    ip: str
    nat: str
    again: int = field(default=0, kw_only=True)
    """How often the row was carried out before; each time has other content and other ports."""

    @property
    def seed(self) -> int:
        """What chance is drawn from; as even or odd as the number, so that a row stays in its half."""
        return self.number + self.again * 2 * RUNS

    @property
    def name(self) -> str:
        """What its files are called."""
        words = (self.client, self.encryption, self.transport, self.discovery, self.version, f"ip{self.ip}")
        nat, again = ["nat"] if self.nat == "yes" else [], [f"again{self.again}"] if self.again else []
        return "-".join((f"run{self.number:02}", *words, *nat, *again))


@cache
def setups() -> tuple[Setup, ...]:
    """Return the covering array, numbered."""
    return tuple(
        Setup(number, *(row[factor] for factor in FACTORS))
        for number, row in enumerate(covering(FACTORS, BARRED, RUNS))
    )
