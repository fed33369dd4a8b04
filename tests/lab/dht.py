"""Samples of the mainline DHT, in a private one of a dozen libtorrent nodes outside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.lab.capture import Tap
from tests.lab.catalogue import sample
from tests.lab.clients import Transmission
from tests.lab.process import wait_until
from tests.lab.scene import DHT_NODES, DHT_NODES6, DHT_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.clients import Peer
    from tests.lab.frames import Recording
    from tests.lab.scene import Scene

KIB = 1024
SEVERAL = 3
"""How many nodes must have been asked, or told, before a script is content."""


def told(nodes: Peer, ip: str, infohash: str, count: int = len(DHT_NODES)) -> int:
    """Return how many of the nodes outside report an announcement from ``ip`` for ``infohash``."""
    reports = [nodes.status(number)["announces"] for number in range(count)]
    return sum(any(entry[0] == ip and entry[2] == infohash for entry in report) for report in reports)


def asked(peer: Peer, infohash: str) -> int:
    """Return how many nodes the peer reports to have asked for peers of ``infohash``."""
    return len({(ip, port) for ip, port, name in peer.status()["lookups"] if name == infohash})


@sample("dht-announce.pcapng")
def announce(scene: Scene) -> Sequence[Recording]:
    """A guest's libtorrent announces a torrent to the DHT that nobody else has."""
    torrent = scene.torrent("lonely.bin", 64 * KIB)
    host = scene.host("guest", "guests", "10.40.12.5", role="announces to the DHT")
    nodes = scene.dht_network()
    with Tap(scene.lab, "guests") as tap:
        peer = scene.peer(host, 6889, settings=DHT_SETTINGS)
        peer.add(torrent)
        wait_until("announcements", lambda: told(nodes, host.ip, torrent.infohash) >= SEVERAL, 60, 0.5)
        time.sleep(2)
        peer.stop()
    scene.in_dht(host, 6889, announced=[torrent.infohash], looked_up=[torrent.infohash])
    scene.incident(host, torrent, "announced")
    return tap.recordings


@sample("dht-announce-transmission.pcap")
def announce_transmission(scene: Scene) -> Sequence[Recording]:
    """A contractor's Transmission, whose DHT code is another, announces a torrent to the DHT."""
    torrent = scene.torrent("forgotten.bin", 64 * KIB)
    host = scene.host("contractor", "contractors", "10.30.40.9", role="announces to the DHT")
    nodes = scene.dht_network()
    with Tap(scene.lab, "contractors") as tap:
        client = Transmission(scene.lab, host, bootstrap=[(ip, 6881) for ip in DHT_NODES], **{"dht-enabled": True})
        scene.uses(client)
        client.add(torrent)
        wait_until("announcements", lambda: told(nodes, host.ip, torrent.infohash) >= SEVERAL, 150, 1)
        time.sleep(2)
        client.stop()
    scene.in_dht(host, client.port, announced=[torrent.infohash], looked_up=[torrent.infohash])
    scene.incident(host, torrent, "announced")
    return tap.recordings


@sample("dht-lookup.pcapng")
def lookup(scene: Scene) -> Sequence[Recording]:
    """A contractor's libtorrent asks the DHT for the peers of one infohash, and announces nothing."""
    torrent = scene.torrent("curious.bin", 64 * KIB)
    host = scene.host("contractor", "contractors", "10.30.3.3", role="looks up in the DHT")
    scene.dht_network()
    with Tap(scene.lab, "contractors") as tap:
        peer = scene.peer(host, 6881, settings=DHT_SETTINGS)
        wait_until("DHT nodes", lambda: peer.status()["dht_nodes"] >= SEVERAL, 60, 0.5)
        peer.tell("lookup", torrent.infohash)
        wait_until("lookups", lambda: asked(peer, torrent.infohash) >= SEVERAL, 60, 0.5)
        time.sleep(3)
        peer.stop()
    scene.in_dht(host, 6881, looked_up=[torrent.infohash])
    scene.incident(host, torrent, "looked_up")
    return tap.recordings


@sample("dht-routing-only.pcapng")
def routing_only(scene: Scene) -> Sequence[Recording]:
    """Two employees run DHT software without any torrent: one only routes, one stores a value (BEP 44)."""
    router = scene.host("router", "employees", "10.20.7.77", role="runs a DHT node")
    storer = scene.host("storer", "employees", "10.20.7.78", role="stores a value in the DHT")
    scene.dht_network()
    with Tap(scene.lab, "employees") as tap:
        peers = [scene.peer(router, 6881, settings=DHT_SETTINGS), scene.peer(storer, 42000, settings=DHT_SETTINGS)]
        wait_until("DHT nodes", lambda: all(peer.status()["dht_nodes"] >= SEVERAL for peer in peers), 60, 0.5)
        peers[1].tell("store", "a note to nobody")
        time.sleep(10)
        for peer in peers:
            peer.stop()
    for host, peer in zip((router, storer), peers, strict=True):
        scene.in_dht(host, peer.port)
        scene.incident(host, None, "present")
    return tap.recordings


@sample("dht-ipv6.pcapng")
def ipv6(scene: Scene) -> Sequence[Recording]:
    """An employee's libtorrent announces to the DHT over IPv6 (BEP 32)."""
    torrent = scene.torrent("modern.bin", 64 * KIB)
    host = scene.host("employee", "employees", "2001:db8:20::d47", role="announces to the DHT")
    nodes = scene.dht_network(DHT_NODES6)
    with Tap(scene.lab, "employees") as tap:
        peer = scene.peer(host, 6881, settings=DHT_SETTINGS)
        for ip in DHT_NODES6[:SEVERAL]:
            peer.tell("router", ip, 6881)
        peer.add(torrent)
        wait_until("announcements", lambda: told(nodes, host.ip, torrent.infohash, len(DHT_NODES6)) >= SEVERAL, 60, 0.5)
        time.sleep(2)
        peer.stop()
    scene.in_dht(host, 6881, announced=[torrent.infohash], looked_up=[torrent.infohash])
    scene.incident(host, torrent, "announced")
    return tap.recordings
