"""Samples of where and how a capture can be made: links, tunnels, cuts, and only half of what was said."""

from __future__ import annotations

import struct
import time
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

from tests.lab.capture import Tap
from tests.lab.catalogue import sample
from tests.lab.frames import RAW_IP, Frame
from tests.lab.process import wait_until
from tests.lab.torrents import PIECE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.lab.clients import Peer
    from tests.lab.frames import Recording
    from tests.lab.scene import Scene
    from tests.lab.topology import Host
    from tests.lab.torrents import Torrent

KIB = 1024
ETHERNET_HEADER = 14
IPV4_SOURCE = slice(26, 30)
"""Of an untagged Ethernet frame."""


def vlan_tag(identifier: int) -> Callable[[Frame], Frame]:
    """Return what puts an 802.1Q tag into an Ethernet frame."""
    tag = struct.pack(">HH", 0x8100, identifier)
    return lambda frame: replace(frame, data=frame.data[:12] + tag + frame.data[12:], length=frame.length + 4)


def gre_wrap(source: str, target: str) -> Callable[[Frame], Frame]:
    """Return what wraps an Ethernet frame in GRE (RFC 2784, protocol 0x6558) between two IPv4 addresses."""
    ends = ip_address(source).packed + ip_address(target).packed
    macs = bytes.fromhex("025254000001 025254000002 0800")

    def wrap(frame: Frame) -> Frame:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 24 + frame.length, 0, 0x4000, 64, 47, 0) + ends
        head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
        outer = macs + head + struct.pack(">HH", 0, 0x6558)
        return replace(frame, data=outer + frame.data, length=frame.length + len(outer))

    return wrap


def _checksum(header: bytes) -> int:
    total: int = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def without_ethernet(frame: Frame) -> Frame | None:
    """Return the IP packet of an Ethernet frame, if it carries one."""
    if frame.data[12:14] not in (b"\x08\x00", b"\x86\xdd"):
        return None
    return replace(frame, data=frame.data[ETHERNET_HEADER:], length=frame.length - ETHERNET_HEADER)


def _download(scene: Scene, host: Host, torrent: Torrent) -> None:
    """Let ``host`` take ``torrent`` from a seed outside, over plaintext TCP."""
    seed = scene.seed(torrent)
    leech = scene.peer(host)
    leech.add(torrent)
    leech.connect(seed.host.ip, 6881)
    scene.transfer(leech, [seed], torrent, down=True)


@sample("vlan-tagged.pcapng")
def vlan_tagged(scene: Scene) -> Sequence[Recording]:
    """A contractor downloads, mirrored with VLAN tag 30, which is put in afterwards (this kernel has no 802.1Q)."""
    torrent = scene.torrent("tagged.bin", 192 * KIB)
    host = scene.host("contractor", "contractors", "10.30.70.7", role="downloads")
    with Tap(scene.lab, "contractors") as tap:
        _download(scene, host, torrent)
    return [recording.mapped(vlan_tag(30)) for recording in tap.recordings]


@sample("tunnel-vxlan.pcapng")
def vxlan(scene: Scene) -> Sequence[Recording]:
    """A guest's network is carried over VXLAN (identifier 4040) to a remote site; captured between the two ends."""
    torrent = scene.torrent("overlaid.bin", 192 * KIB)
    seed = scene.seed(torrent, "198.51.100.20")
    host = scene.host("site", "guests", "10.40.0.200", role="downloads, as 10.40.99.2 through the tunnel")
    ends = (
        (host, "52:54:00:40:40:02", "10.40.0.200", "10.40.0.1", "10.40.99.2/24"),
        (None, "52:54:00:40:40:01", "10.40.0.1", "10.40.0.200", "10.40.99.1/24"),
    )
    for end, mac, local, remote, address in ends:
        tunnel = ("type", "vxlan", "id", "4040", "dstport", "4789", "local", local, "remote", remote)
        scene.lab.run(end, "ip", "link", "add", "vxlan0", "address", mac, *tunnel)
        scene.lab.plain(end.namespace if end else scene.lab.router, "vxlan0")
        scene.lab.run(end, "ip", "address", "add", address, "dev", "vxlan0")
        scene.lab.run(end, "ip", "link", "set", "vxlan0", "up")
    scene.lab.run(host, "ip", "route", "replace", "198.51.100.0/24", "via", "10.40.99.1")
    return _through(scene, host, seed, torrent, "10.40.99.2")


def _through(scene: Scene, host: Host, seed: Peer, torrent: Torrent, address: str) -> Sequence[Recording]:
    with Tap(scene.lab, host.segment) as tap:
        leech = scene.peer(host, addresses=(address,))
        leech.add(torrent)
        leech.connect(seed.host.ip, 6881)
        scene.transfer(leech, [seed], torrent, down=True, address=address)
    return tap.recordings


@sample("tunnel-gre.pcap")
def gre(scene: Scene) -> Sequence[Recording]:
    """An employee downloads, mirrored in GRE, which is put around the frames afterwards (this kernel has no GRE)."""
    torrent = scene.torrent("wrapped.bin", 192 * KIB)
    host = scene.host("employee", "employees", "10.20.47.47", role="downloads")
    with Tap(scene.lab, "employees") as tap:
        _download(scene, host, torrent)
    return [recording.mapped(gre_wrap("10.0.0.11", "10.0.0.12")) for recording in tap.recordings]


@sample("raw-ip.pcap.gz")
def raw_ip(scene: Scene) -> Sequence[Recording]:
    """A guest downloads, in link type RAW: the Ethernet headers are taken off afterwards."""
    torrent = scene.torrent("bare.bin", 192 * KIB)
    host = scene.host("guest", "guests", "10.40.101.1", role="downloads")
    with Tap(scene.lab, "guests") as tap:
        _download(scene, host, torrent)
    return [recording.mapped(without_ethernet, RAW_IP) for recording in tap.recordings]


@sample("cooked.pcap")
def cooked(scene: Scene) -> Sequence[Recording]:
    """An employee downloads, captured on the employee's own machine on the pseudo-interface any (link type SLL2)."""
    torrent = scene.torrent("cooked.bin", 192 * KIB)
    host = scene.host("employee", "employees", "10.20.27.6", role="downloads and captures")
    with Tap(scene.lab, "any", host=host) as tap:
        _download(scene, host, torrent)
    return tap.recordings


@sample("snap-length.pcapng")
def snap_length(scene: Scene) -> Sequence[Recording]:
    """A contractor downloads, captured with a snap length of 160 bytes: handshakes are whole, pieces are not."""
    torrent = scene.torrent("cropped.bin", 512 * KIB)
    host = scene.host("contractor", "contractors", "10.30.16.0", role="downloads")
    with Tap(scene.lab, "contractors", snaplen=160) as tap:
        _download(scene, host, torrent)
    _weaken(scene, "Frames were cut at 160 bytes, so what the pieces held cannot be counted from the payload alone.")
    return tap.recordings


@sample("asymmetric.pcapng")
def asymmetric(scene: Scene) -> Sequence[Recording]:
    """An employee's client gives to a peer outside; of the recording only what the employee sent was kept."""
    torrent = scene.torrent("one-way.bin", 256 * KIB)
    host = scene.host("employee", "employees", "10.20.55.5", role="seeds")
    remote = scene.host("leech", "outside", "192.0.2.77", role="downloads from inside")
    seed, leech = scene.peer(host), scene.peer(remote)
    seed.add(torrent, seed=True)
    with Tap(scene.lab, "employees") as tap:
        leech.add(torrent)
        leech.connect(host.ip, 6881)
        scene.transfer(seed, [leech], torrent, up=True)
    scene.truth.handshakes = [replace(entry, sent_by=("host",)) for entry in scene.truth.handshakes]
    scene.truth.unseen.append("What the remote sent was filtered out, its handshake too.")
    ours = ip_address(host.ip).packed
    return [
        recording.mapped(lambda frame: frame if frame.data[IPV4_SOURCE] == ours else None)
        for recording in tap.recordings
    ]


@sample("started-mid-transfer.pcapng")
def mid_transfer(scene: Scene) -> Sequence[Recording]:
    """The capture begins while a guest downloads: one connection's handshakes are missing, the next one's are there."""
    torrent = scene.torrent("long.bin", 768 * KIB)
    host = scene.host("guest", "guests", "10.40.33.3", role="downloads")
    first, second = scene.seed(torrent), scene.seed(torrent, "198.51.100.21")
    leech = scene.peer(host)
    leech.tell("limit", 100_000)
    leech.add(torrent)
    leech.connect(first.host.ip, 6881)
    wait_until("a first piece", lambda: leech.amounts(torrent)[0] > 100_000)
    with Tap(scene.lab, "guests") as tap:
        time.sleep(1)
        leech.connect(second.host.ip, 6881)
        wait_until("the second seed", lambda: _taken(leech, torrent, second.host.ip) > 2 * PIECE)
        given = _taken(leech, torrent, second.host.ip)
        leech.tell("limit", 0)
        scene.transfer(leech, [second], torrent, down=True)
    scene.truth.incidents = [replace(entry, downloaded=given) for entry in scene.truth.incidents]
    scene.truth.unseen.append(f"{first.host.ip} and {host.ip} shook hands before the capture began.")
    return tap.recordings


@sample("inside-to-inside.pcapng")
def inside_to_inside(scene: Scene) -> Sequence[Recording]:
    """A contractor downloads from an employee: both are inside, each frame is seen twice."""
    torrent = scene.torrent("shared.bin", 192 * KIB)
    employee = scene.host("employee", "employees", "10.20.66.6", role="seeds")
    contractor = scene.host("contractor", "contractors", "10.30.66.6", role="downloads")
    seed, leech = scene.peer(employee), scene.peer(contractor)
    seed.add(torrent, seed=True)
    with Tap(scene.lab, "employees", "contractors") as tap:
        leech.add(torrent)
        leech.connect(employee.ip, 6881)
        scene.transfer(leech, [seed], torrent, down=True)
    scene.shook(employee.ip, contractor.ip, torrent, "host", "remote")
    scene.incident(employee, torrent, "transferred", uploaded=torrent.size)
    return tap.recordings


@sample("lossy.pcapng")
def lossy(scene: Scene) -> Sequence[Recording]:
    """An employee downloads over a link that loses one packet in twenty each way: gaps, repetitions, wrong order."""
    torrent = scene.torrent("torn.bin", 320 * KIB)
    host = scene.host("employee", "employees", "10.20.120.20", role="downloads")
    scene.lab.lose(one_in=20)
    with Tap(scene.lab, "employees") as tap:
        _download(scene, host, torrent)
    return tap.recordings


def _taken(leech: Peer, torrent: Torrent, remote: str) -> int:
    """Return the content bytes that the leech reports to have from one peer it is connected with."""
    peers = leech.status()["torrents"][torrent.infohash]["peers"]
    return sum(down for ip, _, down, _ in peers if ip == remote)


def _weaken(scene: Scene, why: str) -> None:
    """Expect no amounts, and only contact, where the capture cannot show more."""
    scene.truth.unseen.append(why)
    scene.truth.incidents = [
        replace(entry, participation="connected", downloaded=0, uploaded=0) for entry in scene.truth.incidents
    ]
