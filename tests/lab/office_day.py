"""The two samples of a whole working day: one in which some use BitTorrent, one in which nobody does."""

from __future__ import annotations

import time
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.lab.capture import Tap
from tests.lab.catalogue import sample
from tests.lab.clients import QBittorrent, Transmission
from tests.lab.dht import SEVERAL, told
from tests.lab.frames import NANO
from tests.lab.office import RESOLVER, Office
from tests.lab.process import wait_until
from tests.lab.scene import DHT_SETTINGS
from tests.lab.topology import GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.lab.clients import Peer
    from tests.lab.frames import Frame, Recording
    from tests.lab.scene import Scene
    from tests.lab.topology import Host
    from tests.lab.torrents import Torrent

KIB = 1024
DAY = datetime(2026, 11, 19, tzinfo=UTC)
"""The Thursday that the day pretends to be."""
QUIET = 0.3
"""Seconds between two episodes, in which nothing is under way."""
GUEST_EGRESS = "203.0.113.40"


class Clock:
    """Moves what was recorded to the times of day at which it is said to have happened.

    A script runs its episodes one after another; each ends its connections before the next begins. The frames of an
    episode keep their distances, the episode as a whole is moved.
    """

    def __init__(self) -> None:
        self._begun: list[int] = []
        self._shift: list[int] = []

    def episode(self, hour: int, minute: int) -> None:
        """What follows happens at this time of day."""
        time.sleep(QUIET)
        now = time.time_ns()
        pretended = int(DAY.replace(hour=hour, minute=minute).timestamp()) * NANO
        self._begun.append(now)
        self._shift.append(pretended - now)

    def moved(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Return the recordings in pretended time; what came before the first episode is left out."""
        return [recording.mapped(self._move) for recording in recordings]

    def shift(self, moment: int) -> int:
        """Return what is added to a moment of any episode, in nanoseconds since the epoch."""
        return self._shift[max(0, bisect_right(self._begun, moment) - 1)]

    def pretended(self, moment: int) -> datetime:
        """Return when a moment is said to have been."""
        return datetime.fromtimestamp((moment + self.shift(moment)) // NANO, UTC)

    def _move(self, frame: Frame) -> Frame | None:
        return None if frame.time < self._begun[0] else replace(frame, time=frame.time + self.shift(frame.time))


def _staff(scene: Scene) -> dict[str, Host]:
    """Add the people who only work."""
    places = {
        "anna": ("employees", "10.20.1.15", "2001:db8:20::115"),
        "emil": ("employees", "10.20.1.16"),
        "carla": ("contractors", "10.30.2.9"),
        "gus": ("guests", "10.40.8.30"),
    }
    return {
        name: scene.host(name, segment, *addresses, role="works", resolver=RESOLVER[segment])
        for name, (segment, *addresses) in places.items()
    }


def _together(*actions: Callable[[], object]) -> None:
    """Do several things at once and wait for all of them."""
    with ThreadPoolExecutor(len(actions)) as pool:
        for future in [pool.submit(action) for action in actions]:
            future.result()


def _morning(office: Office, people: dict[str, Host]) -> None:
    """Machines boot, and people begin."""
    _together(*(lambda host=host: office.renew(host) for host in people.values()))
    _together(*(lambda host=host: office.browse(host, "intranet.example") for host in people.values()))


@sample("office-day.pcapng", nat=True)
def office_day(scene: Scene) -> Sequence[Recording]:
    """A working day of three groups behind NAT: web, DNS, ssh, DHCP, rsync, NTP, calls. An employee downloads an
    approved Linux image, a contractor uploads something else to two peers, a guest downloads through the DHT, and
    another employee runs DHT software without any torrent."""  # noqa: D205, D209 - it is one paragraph
    clock, people, office = Clock(), _staff(scene), Office(scene)
    engineer = scene.host(
        "engineer", "employees", "10.20.3.14", role="downloads an approved image", resolver="10.20.0.1"
    )
    router = scene.host(
        "router", "employees", "10.20.7.77", role="runs a DHT node without torrents", resolver="10.20.0.1"
    )
    contractor = scene.host("contractor", "contractors", "10.30.7.21", role="seeds", resolver="10.30.0.1")
    guest = scene.host("guest", "guests", "10.40.12.5", role="downloads, found through the DHT", resolver="10.40.0.1")
    image = scene.torrent("approved-linux.iso", 512 * KIB, tracked=True)
    film = scene.torrent("feature-film.bin", 384 * KIB, tracked=True)
    show = scene.torrent("late-show.bin", 448 * KIB)
    scene.announce(image, film)
    nodes = scene.dht_network()
    image_seed = scene.seed(image)
    show_seed = scene.seed(show, "198.51.100.21", settings=DHT_SETTINGS)
    wait_until("the DHT to know the seed", lambda: told(nodes, "198.51.100.21", show.infohash) >= SEVERAL, 60, 0.5)

    with Tap(scene.lab, *GROUPS) as tap:
        clock.episode(8, 31)
        _morning(office, people)

        clock.episode(9, 47)
        _together(lambda: office.work_remotely(people["emil"]), lambda: office.talk(people["anna"]))

        clock.episode(10, 5)
        office.browse(engineer, "shop.example")
        downloader = Transmission(scene.lab, engineer)
        scene.uses(downloader)
        downloader.add(image)
        office.read_about_bittorrent(people["anna"])
        scene.transfer(downloader, [image_seed], image, down=True)
        downloader.stop()

        clock.episode(11, 20)
        quiet = scene.peer(router, 6881, settings=DHT_SETTINGS)
        wait_until("DHT nodes", lambda: quiet.status()["dht_nodes"] >= SEVERAL, 60, 0.5)
        _together(lambda: office.browse(people["carla"]), lambda: office.browse(router))
        time.sleep(4)
        quiet.stop()
        scene.in_dht(router, 6881)
        scene.incident(router, None, "present")

        clock.episode(12, 38)
        _guest_downloads(scene, office, guest, show_seed, show, nodes)

        clock.episode(14, 40)
        _contractor_seeds(scene, office, contractor, film)

        clock.episode(16, 52)
        _together(lambda: office.work_remotely(people["carla"]), lambda: office.talk(people["gus"]))
        office.download(people["emil"])
    return clock.moved(tap.recordings)


def _guest_downloads(scene: Scene, office: Office, guest: Host, seed: Peer, show: Torrent, nodes: Peer) -> None:
    """Take all of ``show`` from a seed that only the DHT names, and announce to the DHT."""
    office.browse(guest)
    peer = scene.peer(guest, 6889, settings=DHT_SETTINGS)
    peer.add(show)
    scene.transfer(peer, [seed], show, down=True)
    wait_until("announcements", lambda: told(nodes, GUEST_EGRESS, show.infohash) >= SEVERAL, 60, 0.5)
    peer.stop()
    scene.in_dht(guest, 6889, announced=[show.infohash], looked_up=[show.infohash])


def _contractor_seeds(scene: Scene, office: Office, contractor: Host, film: Torrent) -> None:
    """Give ``film`` to two peers outside, which the tracker names and the contractor's client calls."""
    takers = []
    for number in (77, 78):
        taker = scene.peer(scene.host(f"taker{number}", "outside", f"192.0.2.{number}", role="downloads from inside"))
        taker.tell("refuse", "192.0.2.1", "192.0.2.254")
        taker.add(film)
        takers.append(taker)
    wait_until("the tracker to know them", lambda: all(taker.status()["tracked"] for taker in takers))
    seeder = QBittorrent(scene.lab, contractor)
    scene.uses(seeder)
    seeder.add(film, seed=True)
    office.browse(contractor)
    scene.transfer(seeder, takers, film, up=True)
    seeder.stop()


@sample("clean-hour.pcapng", nat=True)
def clean_hour(scene: Scene) -> Sequence[Recording]:
    """The same ordinary things without any BitTorrent, and things that only look like it: a page that quotes the
    protocol, a bencoded file and one that begins as a handshake does over HTTP, a look-up of router.bittorrent.com,
    datagrams that begin like it."""  # noqa: D205, D209
    clock, people, office = Clock(), _staff(scene), Office(scene)
    with Tap(scene.lab, *GROUPS) as tap:
        clock.episode(13, 2)
        _morning(office, people)
        clock.episode(13, 11)
        _together(*(lambda host=host: office.talk(host) for host in people.values()))
        clock.episode(13, 24)
        _together(*(lambda host=host: office.read_about_bittorrent(host) for host in people.values()))
        clock.episode(13, 36)
        _together(lambda: office.work_remotely(people["emil"]), lambda: office.work_remotely(people["carla"]))
        clock.episode(13, 57)
        _together(lambda: office.download(people["gus"]), lambda: office.browse(people["anna"]))
    return clock.moved(tap.recordings)
