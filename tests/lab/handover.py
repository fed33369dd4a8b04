"""Make ``samples/handover``: one address that three devices hold within an hour, and who says so.

``python -m tests.lab.handover``, as root. A contractor's laptop, then a guest's phone, then the same phone under
another hardware address are given the one address that a DHCP server has for the guests' network, and each downloads
behind NAT. Beside the captures of both sides stand what a company has of such an hour: the server's leases, a RADIUS
server's accounting, the gateway's connection tracking. All of it is real, and moved to one pretended time of day.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.capture import Tap
from tests.lab.clients import Peer
from tests.lab.frames import NANO, merged, save
from tests.lab.office_day import Clock
from tests.lab.process import wait_until
from tests.lab.scene import Scene
from tests.lab.topology import Host, Lab
from tests.lab.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.process import Process
    from tests.lab.torrents import Torrent

FOLDER = Path(__file__).parents[2] / "samples" / "handover"
ADDRESS = "10.40.9.9"
EGRESS = "203.0.113.40"
KIB = 1024
LINGER = 4.0
"""Seconds between what a device does, so that logs of whole seconds tell it apart: it comes, downloads, renews its
lease, and leaves."""
SECRET = "lab-secret"  # noqa: S105 - of a server that ends with the laboratory


@dataclass(frozen=True, slots=True)
class Device:
    """A device on the guests' network, and who logs in with it."""

    host: Host
    name: str
    user: str
    mac: str
    session: str


class Leases:
    """ISC dhcpd on the router, with a single address to give."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.file = lab.folder / "dhcpd.leases"
        self.file.touch()
        config = lab.folder / "dhcpd.conf"
        config.write_text(
            "authoritative; default-lease-time 600; max-lease-time 600; ping-check false;\n"
            "update-conflict-detection false; dhcp-cache-threshold 0;\n"
            f"subnet 10.40.0.0 netmask 255.255.0.0 {{ range {ADDRESS} {ADDRESS}; option routers 10.40.0.1; }}\n"
        )
        pid = lab.folder / "dhcpd.pid"
        for file in (lab.folder, config, self.file):
            file.chmod(0o777 if file.is_dir() else 0o666)
        lab.start(
            None, "dhcpd", "-4", "-f", "-d", "-cf", str(config), "-lf", str(self.file), "-pf", str(pid), "guests"
        ).expect("Server starting service")

    def take(self, device: Device) -> None:
        """Boot a device: it asks for an address by its name, is given one and uses it."""
        script = device.host.folder / "dhclient-script"
        script.write_text(
            '#!/bin/sh\nip link set eth0 up\n[ -n "$new_ip_address" ] || exit 0\n'
            'ip address replace "$new_ip_address/16" dev eth0\nip route replace default via 10.40.0.1\n'
        )
        script.chmod(0o755)
        self._client(device, "-1", "-sf", str(script))

    def give_back(self, device: Device) -> None:
        """Leave: the address is free again."""
        self._client(device, "-r", "-sf", "/bin/true")
        self._lab.run(device.host, "ip", "address", "flush", "dev", "eth0", "scope", "global")

    def _client(self, device: Device, *words: str) -> None:
        folder = device.host.folder
        config = folder / "dhclient.conf"
        config.write_text(f'send host-name "{device.name}";\n')
        files = ("-cf", str(config), "-lf", str(folder / "leases"), "-pf", str(folder / "pid"))
        self._lab.run(device.host, "dhclient", "-4", *words, *files, "eth0")


class Accounting:
    """FreeRADIUS on the router, which writes what an access point tells of its log-ins."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.file = lab.folder / "detail"
        folder = lab.folder / "raddb"
        folder.mkdir()
        (folder / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
        (folder / "radiusd.conf").write_text(
            f"prefix = /usr\nlogdir = {folder}\nraddbdir = {folder}\nrun_dir = {folder}\n"
            f"libdir = /usr/lib/freeradius\npidfile = {folder}/pid\nlog {{\n destination = stdout\n}}\n"
            f"client localhost {{\n ipaddr = 127.0.0.1\n secret = {SECRET}\n}}\n"
            f'modules {{\n detail {{\n  filename = {self.file}\n  permissions = 0644\n  header = "%t"\n }}\n}}\n'
            "server accounting {\n listen {\n  type = acct\n  ipaddr = 127.0.0.1\n  port = 1813\n }\n"
            " accounting {\n  detail\n }\n}\n"
        )
        lab.start(None, "freeradius", "-X", "-d", str(folder)).expect("Ready to process requests")

    def tell(self, device: Device, status: str, address: str | None = None) -> None:
        """Send an accounting request as the access point does."""
        words = {
            "User-Name": device.user,
            "Acct-Status-Type": status,
            "Acct-Session-Id": device.session,
            "NAS-Identifier": "guest-wifi",
            "NAS-Port-Type": "Wireless-802.11",
            "Calling-Station-Id": device.mac.replace(":", "-").upper(),
            "Event-Timestamp": str(int(time.time())),
        } | ({"Framed-IP-Address": address} if address else {})
        request = self._lab.folder / "request"
        request.write_text(",".join(f'{name} = "{value}"' for name, value in words.items()) + "\n")
        self._lab.run(None, "radclient", "-f", str(request), "127.0.0.1:1813", "acct", SECRET)


class Translations:
    """What the gateway's connection tracking tells of the addresses that it translates."""

    def __init__(self, lab: Lab) -> None:
        self._process: Process = lab.start(None, "conntrack", "-E", "-o", "timestamp,id", "-e", "NEW,DESTROY")

    @property
    def text(self) -> str:
        """All events so far."""
        return "".join(line + "\n" for line in self._process.said().splitlines() if line.startswith("["))


def change_mac(lab: Lab, host: Host, mac: str) -> None:
    """Take another hardware address, as phones do that hide their own."""
    for words in (("down",), ("address", mac), ("up",)):
        lab.run(host, "ip", "link", "set", "dev", "eth0", *words)


def main() -> None:
    """Run the hour and write the folder."""
    truth = Truth("handover", " ".join((__doc__ or "").split("\n")[0].split()), "python -m tests.lab.handover")
    with Lab(nat=True) as lab:
        scene, clock = Scene(lab, truth), Clock()
        laptop = lab.host("pat", "guests")
        phone = lab.host("kim", "guests")
        pat = Device(laptop, "pat-laptop", "pat", laptop.mac, "00000011")
        kim = Device(phone, "kim-phone", "kim", phone.mac, "00000012")
        hidden = Device(phone, "kim-phone", "kim", "da:a1:19:5e:00:17", "00000013")
        film, show = scene.torrent("feature-film.bin", 384 * KIB), scene.torrent("late-show.bin", 320 * KIB)
        seeds = {film.name: scene.seed(film), show.name: scene.seed(show, "198.51.100.21")}
        leases, accounting, translations = Leases(lab), Accounting(lab), Translations(lab)
        stays: list[Mapping[str, object]] = []
        # The gateway's own side of a bridge shows answers as they are after the translation; a bridge's ports do not.
        ports = [f"port{lab.hosts.index(seed.host)}" for seed in seeds.values()]
        with Tap(lab, "guests", *ports) as tap:
            for device, torrent, hour, minute in (
                (pat, film, 9, 5),
                (kim, film, 9, 25),
                (hidden, show, 9, 45),
            ):
                time.sleep(1.5)  # Logs tell whole seconds: no second has two episodes.
                clock.episode(hour, minute)
                begun = time.time_ns()
                if device is hidden:
                    change_mac(lab, phone, hidden.mac)
                stay = _stay(scene, device, torrent, seeds[torrent.name], leases, accounting)
                stays.append({**stay, "from": _words(clock, begun), "to": _words(clock, time.time_ns())})
        inside, *others = clock.moved(tap.recordings)
        outside = merged(others)
        FOLDER.mkdir(exist_ok=True)
        save(FOLDER / "inside.pcapng", [inside], truth.made)
        save(FOLDER / "outside.pcapng", [outside], truth.made)
        _write("dhcpd.leases", _dates(leases.file.read_text(), clock))
        _write("radius-detail", _seconds(accounting.file.read_text(), clock))
        _write("conntrack.log", _stamps(translations.text, clock))
        told = {
            "schema": "auditor.handover/1",
            "made": truth.made,
            "address": ADDRESS,
            "egress": EGRESS,
            "stays": stays,
        }
        _write("truth.json", json.dumps(told, indent=1) + "\n")
        for torrent in (film, show):
            shutil.copyfile(torrent.file, FOLDER / torrent.file.name)


def _stay(
    scene: Scene, device: Device, torrent: Torrent, seed: Peer, leases: Leases, accounting: Accounting
) -> Mapping[str, object]:
    """One device comes, downloads, and leaves."""
    accounting.tell(device, "Start")
    leases.take(device)
    accounting.tell(device, "Interim-Update", ADDRESS)
    time.sleep(LINGER)
    client = Peer(scene.lab, device.host, 6881, addresses=(ADDRESS,))
    client.add(torrent)
    client.connect(seed.host.ip, seed.port)
    wait_until(f"{torrent.name} at {device.name}", lambda: client.done(torrent), 90)
    time.sleep(LINGER)
    client.stop()
    leases.take(device)
    time.sleep(LINGER)
    leases.give_back(device)
    accounting.tell(device, "Stop", ADDRESS)
    return {
        "user": device.user, "host": device.name, "mac": device.mac, "infohash": torrent.infohash, "size": torrent.size,
    }  # fmt: skip


def _words(clock: Clock, moment: int) -> str:
    return f"{clock.pretended(moment):%Y-%m-%dT%H:%M:%SZ}"


def _write(name: str, text: str) -> None:
    (FOLDER / name).write_text(text)


def _dates(text: str, clock: Clock) -> str:
    """Move the times of a lease file, ``starts 4 2026/11/19 09:05:01``; those of one lease stay together."""
    moved: list[str] = []
    shift: int | None = None
    for line in text.splitlines(keepends=True):
        shift = None if line.startswith("lease ") else shift
        if match := re.search(r"\d (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)", line):
            then = datetime.strptime(match[1], "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC)
            shift = clock.shift(_within(then)) if shift is None else shift
            now = then + timedelta(microseconds=shift // 1000)
            line = line.replace(match[0], f"{now.isoweekday() % 7} {now:%Y/%m/%d %H:%M:%S}")  # noqa: PLW2901
        moved.append(line)
    return "".join(moved)


def _within(second: datetime) -> int:
    """Return the last nanosecond of a second: what began within it had begun by then."""
    return int(second.timestamp()) * NANO + NANO - 1


def _seconds(text: str, clock: Clock) -> str:
    """Move the times of accounting: a heading, ``Event-Timestamp`` and ``Timestamp``."""
    moved: list[str] = []
    for record in text.split("\n\n"):
        stamp = re.search(r"Timestamp = (\d+)", record)
        if stamp is None:
            continue
        then = datetime.fromtimestamp(int(stamp[1]), UTC)
        now = then + timedelta(microseconds=clock.shift(_within(then)) // 1000)
        heading, *lines = record.strip("\n").split("\n")
        del heading
        lines = [re.sub(r"(Event-Timestamp = ).*", rf'\g<1>"{now:%b %d %Y %H:%M:%S} UTC"', line) for line in lines]
        lines = [re.sub(r"(\tTimestamp = ).*", rf"\g<1>{int(now.timestamp())}", line) for line in lines]
        moved.append("\n".join([f"{now:%a %b %d %H:%M:%S %Y}", *lines]) + "\n\n")
    return "".join(moved)


def _stamps(text: str, clock: Clock) -> str:
    """Move the times of connection tracking: ``[1795351938.938811]``."""

    def moved(match: re.Match[str]) -> str:
        then = int(match[1]) * NANO + int(match[2]) * 1000
        seconds, rest = divmod(then + clock.shift(then), NANO)
        return f"[{seconds}.{rest // 1000:06}]"

    return re.sub(r"\[(\d+)\.(\d{6})\]", moved, text)


if __name__ == "__main__":
    main()
