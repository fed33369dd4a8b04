"""Samples of the peer wire protocol over TCP, in plaintext: one a client, and the ways a handshake can end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.lab.capture import Tap
from tests.lab.catalogue import sample
from tests.lab.clients import Aria2, QBittorrent, RTorrent, Transmission
from tests.lab.office import web_server
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.frames import Recording
    from tests.lab.scene import Scene

KIB = 1024


@sample("handshake-libtorrent.pcapng")
def libtorrent(scene: Scene) -> Sequence[Recording]:
    """An employee's libtorrent downloads from one seed outside."""
    torrent = scene.torrent("holiday-film.bin", 384 * KIB)
    host = scene.host("employee", "employees", "10.20.3.14", role="downloads")
    seed = scene.seed(torrent)
    leech = scene.peer(host)
    with Tap(scene.lab, "employees") as tap:
        leech.add(torrent)
        leech.connect(seed.host.ip, 6881)
        scene.transfer(leech, [seed], torrent, down=True)
    return tap.recordings


@sample("handshake-transmission.pcap")
def transmission(scene: Scene) -> Sequence[Recording]:
    """A contractor's Transmission finds a seed through an HTTP tracker and downloads from it."""
    torrent = scene.torrent("album.bin", 512 * KIB, tracked=True)
    host = scene.host("contractor", "contractors", "10.30.7.21", role="downloads")
    scene.announce(torrent)
    seed = scene.seed(torrent)
    leech = Transmission(scene.lab, host)
    scene.uses(leech)
    with Tap(scene.lab, "contractors") as tap:
        leech.add(torrent)
        scene.transfer(leech, [seed], torrent, down=True)
    return tap.recordings


@sample("handshake-qbittorrent.pcapng.zst")
def qbittorrent(scene: Scene) -> Sequence[Recording]:
    """A guest's qBittorrent downloads from a seed outside, then uploads to a peer that connects to it."""
    torrent = scene.torrent("series-s01e01.bin", 320 * KIB, tracked=True)
    host = scene.host("guest", "guests", "10.40.12.5", role="downloads and uploads")
    other = scene.host("leech", "outside", "192.0.2.77", role="downloads from inside")
    scene.announce(torrent)
    seed = scene.seed(torrent)
    middle = QBittorrent(scene.lab, host)
    scene.uses(middle)
    with Tap(scene.lab, "guests") as tap:
        middle.add(torrent)
        wait_until("qBittorrent's download", lambda: middle.done(torrent), 90)
        seed.stop()
        leech = scene.peer(other)
        leech.add(torrent)
        leech.connect(host.ip, middle.port)
        scene.transfer(middle, [leech], torrent, down=True, up=True)
    scene.shook(host.ip, seed.host.ip, torrent, "host", "remote")
    return tap.recordings


@sample("handshake-aria2.pcap.gz")
def aria2(scene: Scene) -> Sequence[Recording]:
    """An employee's aria2 seeds to two peers outside that find it through the tracker: upload from the inside only."""
    torrent = scene.torrent("bundle.bin", 256 * KIB, tracked=True)
    host = scene.host("employee", "employees", "10.20.9.2", role="seeds")
    scene.announce(torrent)
    takers = []
    for number in (77, 78):
        taker = scene.host(f"leech{number}", "outside", f"192.0.2.{number}", role="downloads from inside")
        takers.append(scene.peer(taker))
    seed = Aria2(scene.lab, host)
    with Tap(scene.lab, "employees") as tap:
        seed.add(torrent, seed=True)
        wait_until("aria2 to seed", lambda: seed.done(torrent))
        for peer in takers:
            peer.tell("refuse", "192.0.2.1", "192.0.2.254")
            peer.add(torrent)
            peer.connect(host.ip, seed.port)
        scene.transfer(seed, takers, torrent, up=True)
    scene.uses(seed)
    return tap.recordings


@sample("handshake-aria2-fallback.pcapng")
def aria2_fallback(scene: Scene) -> Sequence[Recording]:
    """A contractor's aria2 downloads: it tries encryption first, is refused, and comes back in plaintext."""
    torrent = scene.torrent("archive.bin", 256 * KIB, tracked=True)
    host = scene.host("contractor", "contractors", "10.30.9.2", role="downloads")
    scene.announce(torrent)
    seed = scene.seed(torrent)
    leech = Aria2(scene.lab, host)
    with Tap(scene.lab, "contractors") as tap:
        leech.add(torrent)
        scene.transfer(leech, [seed], torrent, down=True)
    scene.uses(leech)
    return tap.recordings


@sample("handshake-rtorrent.pcap")
def rtorrent(scene: Scene) -> Sequence[Recording]:
    """A guest's rTorrent finds a seed through the tracker and downloads from it."""
    torrent = scene.torrent("concert.bin", 256 * KIB, tracked=True)
    host = scene.host("guest", "guests", "10.40.31.8", role="downloads")
    scene.announce(torrent)
    seed = scene.seed(torrent)
    leech = RTorrent(scene.lab, host)
    scene.uses(leech)
    with Tap(scene.lab, "guests") as tap:
        leech.add(torrent)
        scene.transfer(leech, [seed], torrent, down=True)
    return tap.recordings


@sample("handshake-ipv6.pcapng")
def ipv6(scene: Scene) -> Sequence[Recording]:
    """A contractor's libtorrent downloads over IPv6."""
    torrent = scene.torrent("lectures.bin", 256 * KIB)
    host = scene.host("contractor", "contractors", "2001:db8:30::715", role="downloads")
    remote = scene.host("seed", "outside", "2001:db8:ffff::20", role="seeds")
    seed, leech = scene.peer(remote), scene.peer(host)
    seed.add(torrent, seed=True)
    with Tap(scene.lab, "contractors") as tap:
        leech.add(torrent)
        leech.connect(remote.ip, 6881)
        scene.transfer(leech, [seed], torrent, down=True)
    return tap.recordings


@sample("handshake-hybrid.pcapng")
def hybrid(scene: Scene) -> Sequence[Recording]:
    """A guest downloads a hybrid torrent: it asks by the v1 name and is answered by the v2 name."""
    torrent = scene.torrent("podcast.bin", 320 * KIB, "hybrid")
    host = scene.host("guest", "guests", "10.40.2.52", role="downloads")
    seed = scene.seed(torrent)
    leech = scene.peer(host)
    with Tap(scene.lab, "guests") as tap:
        leech.add(torrent)
        leech.connect(seed.host.ip, 6881)
        scene.transfer(leech, [seed], torrent, down=True)
    return tap.recordings


@sample("handshake-v2.pcapng")
def v2(scene: Scene) -> Sequence[Recording]:
    """An employee downloads a v2 torrent, whose name on the wire is its SHA-256 cut to 20 bytes."""
    torrent = scene.torrent("dataset.bin", 256 * KIB, "v2")
    host = scene.host("employee", "employees", "10.20.2.52", role="downloads")
    seed = scene.seed(torrent)
    leech = scene.peer(host)
    with Tap(scene.lab, "employees") as tap:
        leech.add(torrent)
        leech.connect(seed.host.ip, 6881)
        scene.transfer(leech, [seed], torrent, down=True)
    return tap.recordings


@sample("handshake-refused.pcapng")
def refused(scene: Scene) -> Sequence[Recording]:
    """An employee's client asks a peer that is not in the swarm: its handshake is never answered."""
    torrent, other = scene.torrent("rare.bin", 256 * KIB), scene.torrent("popular.bin", 256 * KIB)
    host = scene.host("employee", "employees", "10.20.44.4", role="tries to download")
    stranger = scene.seed(other)
    leech = scene.peer(host)
    with Tap(scene.lab, "employees") as tap:
        leech.add(torrent)
        leech.connect(stranger.host.ip, 6881)
        wait_until("a connection", lambda: leech.status()["connects"])
        time.sleep(2)
    scene.shook(host.ip, stranger.host.ip, torrent, "host")
    scene.incident(host, torrent, "attempted")
    return tap.recordings


@sample("handshake-incoming.pcapng")
def incoming(scene: Scene) -> Sequence[Recording]:
    """Outsiders shake hands with a web server and with a client of another swarm: nobody inside takes part."""
    torrent, other = scene.torrent("wanted.bin", 256 * KIB), scene.torrent("unrelated.bin", 256 * KIB)
    web = scene.host("web", "employees", "10.20.5.80", role="web server where a peer's address used to be")
    idle = scene.host("idle", "employees", "10.20.5.81", role="client of another swarm")
    web_server(scene, web, 6881)
    client = scene.peer(idle)
    client.add(other)
    callers = [scene.peer(scene.host(f"caller{n}", "outside", f"192.0.2.{n}", role="calls in")) for n in (50, 51)]
    with Tap(scene.lab, "employees") as tap:
        for caller, host in zip(callers, (web, idle), strict=True):
            caller.add(torrent)
            caller.connect(host.ip, 6881)
        wait_until("both calls", lambda: all(caller.status()["connects"] for caller in callers))
        time.sleep(2)
    for caller, host in zip(callers, (web, idle), strict=True):
        scene.shook(host.ip, caller.host.ip, torrent, "remote")
        scene.incident(host, torrent, "contacted")
    return tap.recordings


@sample("connected-only.pcapng")
def connected(scene: Scene) -> Sequence[Recording]:
    """Two peers that both have nothing shake hands: swarm contact, and no piece moves."""
    torrent = scene.torrent("unseeded.bin", 256 * KIB)
    host = scene.host("guest", "guests", "10.40.60.6", role="takes part without content")
    remote = scene.peer(scene.host("other", "outside", "198.51.100.60", role="takes part without content"))
    client = scene.peer(host)
    remote.add(torrent)
    with Tap(scene.lab, "guests") as tap:
        client.add(torrent)
        client.connect(remote.host.ip, 6881)
        wait_until("a peer", lambda: client.status()["torrents"][torrent.infohash]["peers"])
        time.sleep(2)
    scene.shook(host.ip, remote.host.ip, torrent, "host", "remote")
    scene.incident(host, torrent, "connected")
    return tap.recordings
