"""What a sample's script works with: the network, the clients, and the truth that grows as it acts."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.lab import torrents
from tests.lab.clients import Peer, Tracker, version
from tests.lab.process import wait_until
from tests.lab.truth import Dht, Handshake, Incident, Machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.clients import Client
    from tests.lab.topology import Host, Lab
    from tests.lab.torrents import Torrent, Version
    from tests.lab.truth import Participation, Sender, Truth

Settings = dict[str, object]
"""Settings of libtorrent, as its settings pack names them."""
DHT_PORTS = (6881, 25401)
"""The ports of the private DHT's entry node: bootstrap addresses built into clients use one or the other."""
DHT_ENTRY = "198.51.100.90"
DHT_SETTINGS: Settings = {"enable_dht": True, "dht_bootstrap_nodes": f"{DHT_ENTRY}:25401"}
DHT_NODES = tuple(f"{network}.{last}" for network in ("198.51.100", "192.0.2") for last in range(91, 97))
DHT_NODES6 = tuple(f"2001:db8:ffff::{last}" for last in range(91, 100))
"""The addresses of the private DHT's nodes."""


class Scene:
    """A laboratory, and the truth about what is done in it."""

    def __init__(self, lab: Lab, truth: Truth) -> None:
        self.lab, self.truth = lab, truth
        self.tracker: Tracker | None = None

    def host(self, name: str, segment: str, *addresses: str, role: str, resolver: str | None = None) -> Host:
        """Add a machine."""
        machine = self.lab.host(name, segment, *addresses, resolver=resolver)
        self.truth.hosts.append(Machine(machine.ip, addresses, machine.mac, segment, role, None))
        return machine

    def torrent(self, name: str, size: int, kind: Version = "v1", *, tracked: bool = False) -> Torrent:
        """Make a torrent; ``tracked`` ones name the tracker of the scene."""
        url = self._tracker().url if tracked else None
        made = torrents.make(self.lab.folder, name, size, version=kind, tracker=url)
        self.truth.torrents.append({"name": name, "size": size, "v1": made.v1, "v2": made.v2, "wire": made.wire})
        return made

    def uses(self, client: Client) -> None:
        """Note which program, in which version, runs on which host."""
        words = f"{client.program} {version(client.program)}"
        self.truth.clients[client.program] = version(client.program)
        self.truth.hosts = [replace(m, client=words) if m.ip == client.host.ip else m for m in self.truth.hosts]

    def peer(
        self, host: Host, port: int = 6881, *, addresses: tuple[str, ...] = (), settings: Settings | None = None
    ) -> Peer:
        """Start libtorrent on ``host``."""
        peer = Peer(self.lab, host, port, addresses=addresses, **(settings or {}))
        self.uses(peer)
        return peer

    def seed(
        self, torrent: Torrent, ip: str = "198.51.100.20", port: int = 6881, settings: Settings | None = None
    ) -> Peer:
        """Add a libtorrent seed outside."""
        host = self.host(f"seed{ip.rpartition('.')[2]}", "outside", ip, role=f"seeds {torrent.name}")
        peer = self.peer(host, port, settings=settings)
        peer.add(torrent, seed=True)
        wait_until("a seed", lambda: peer.done(torrent))
        if torrent.tracker:
            wait_until("the tracker to know the seed", lambda: peer.status()["tracked"])
        return peer

    def announce(self, *tracked: Torrent) -> None:
        """Start the scene's tracker."""
        self._tracker().start(*tracked)

    def transfer(
        self, inside: Client, remotes: Sequence[Client], torrent: Torrent, *, down: bool = False, up: bool = False,
        address: str | None = None,
    ) -> None:  # fmt: skip
        """Wait until ``inside`` has taken all, or given all to each of ``remotes``; then write down what happened.

        Remotes that are given to must have no other source, so that each got at least the content from ``inside``.
        """
        if down:
            wait_until(f"{torrent.name} at {inside.host.name}", lambda: inside.done(torrent), 90)
        if up:
            wait_until(f"{torrent.name} outside", lambda: all(remote.done(torrent) for remote in remotes), 90)
        time.sleep(0.5)
        host = address or inside.host.ip
        for remote in remotes:
            self.shook(host, remote.host.ip, torrent, "host", "remote")
        self.incident(
            inside.host, torrent, "transferred", address=host,
            downloaded=torrent.size if down else 0, uploaded=torrent.size * len(remotes) if up else 0,
        )  # fmt: skip
        reported = inside.amounts(torrent)
        for figures, amount in zip((self.truth.downloaded, self.truth.uploaded), reported, strict=True):
            figures.setdefault(host, {})[torrent.infohash] = amount

    def shook(self, host: str, remote: str, torrent: Torrent, *senders: Sender) -> None:
        """Write down a handshake."""
        self.truth.handshakes.append(Handshake(host, remote, torrent.infohash, senders))

    def incident(
        self, host: Host, torrent: Torrent | None, participation: Participation, *, address: str | None = None,
        downloaded: int = 0, uploaded: int = 0,
    ) -> None:  # fmt: skip
        """Write down what an audit has to find; without a torrent it is DHT activity as such."""
        kind, names = ("swarm", torrent.wire) if torrent else ("dht", ())
        self.truth.incidents.append(
            Incident(address or host.ip, host.segment, kind, names, participation, downloaded, uploaded)  # type: ignore[arg-type]
        )

    def dht_network(self, addresses: Sequence[str] = DHT_NODES) -> Peer:
        """Start the private DHT outside: an entry node, and one node an address, all libtorrent, knowing each other."""
        entry = self.host("entry", "outside", DHT_ENTRY, role="DHT entry node")
        nodes = self.host("nodes", "outside", *addresses, role="DHT nodes")
        listen = ",".join(f"{DHT_ENTRY}:{port}" for port in DHT_PORTS)
        first = self.peer(entry, settings=DHT_SETTINGS | {"dht_bootstrap_nodes": "", "listen_interfaces": listen})
        others = self.peer(nodes, addresses=tuple(addresses), settings=DHT_SETTINGS)
        for number, ip in enumerate(addresses):
            for other in set(addresses) - {ip}:
                others.tell("router", other, 6881, session=number)
        half = len(addresses) // 2
        # A client asks the entry node once, and has nobody if it is told of nobody. Behind each of the entry's ports is
        # a node of its own, of IPv4; with so many in sum either knows half of the others, and maybe its sibling.
        of_entry = [ip for ip in addresses if ":" not in ip]
        enough = (len(DHT_PORTS) - 1) * (len(addresses) + 1) + half if of_entry else 0

        def is_warm() -> bool:
            for ip in of_entry:
                first.tell("router", ip, 6881)
            known = [others.status(number)["dht_nodes"] for number in range(len(addresses))]
            return bool(first.status()["dht_nodes"] >= enough and min(known) >= half)

        wait_until("a warm DHT", is_warm, 90, 1)
        return others

    def in_dht(self, host: Host, port: int, announced: Sequence[str] = (), looked_up: Sequence[str] = ()) -> None:
        """Write down a DHT node of ours."""
        self.truth.dht.append(Dht(host.ip, port, announced, looked_up))

    def _tracker(self) -> Tracker:
        if self.tracker is None:
            host = self.host("tracker", "outside", "198.51.100.5", role="tracker")
            self.tracker = Tracker(self.lab, host)
            self.truth.clients["opentracker"] = version("opentracker")
        return self.tracker
