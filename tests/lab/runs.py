"""One run of the array: a client inside takes a small torrent from outsiders, recorded at the router, with its labels.

The outsiders are libtorrent sessions of ours, because they report every connection with its ends, its carrier and how
it was encrypted: that is the truth of single flows. What no session reports is known by its sockets, since every
machine of the laboratory runs one BitTorrent program and no other.
"""

from __future__ import annotations

import random
import re
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from tests.lab import torrents
from tests.lab.capture import Tap
from tests.lab.clients import Tracker, version
from tests.lab.dht import SEVERAL, told
from tests.lab.frames import save
from tests.lab.labels import End, Label, Labels, distinct
from tests.lab.process import LabError, wait_until
from tests.lab.scene import DHT_ENTRY, DHT_NODES, DHT_NODES6, DHT_PORTS, Scene
from tests.lab.swarm import CLIENTS, DIALERS, INSIDE, PORTS, outsider_settings
from tests.lab.topology import SEGMENTS, Lab
from tests.lab.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tests.lab.clients import Client, Peer
    from tests.lab.labels import Encryption, Transport
    from tests.lab.matrix import Setup
    from tests.lab.process import Process
    from tests.lab.topology import Host
    from tests.lab.torrents import Torrent, Version

KIB = 1024
NEIGHBOUR = {"4": "10.20.3.20", "6": "2001:db8:20::320"}
SEED = {"4": "198.51.100.20", "6": "2001:db8:ffff::20"}
MATE = {"4": "198.51.100.21", "6": "2001:db8:ffff::21"}
PORT = 6881
EGRESS = SEGMENTS["employees"].egress
LSD = {"4": End("239.192.152.143", 6771), "6": End("ff15::efc0:988f", 6771)}
NODES = {"4": DHT_NODES[:4] + DHT_NODES[6:10], "6": DHT_NODES6[:8]}
"""Eight, since so many hold each announcement (BEP 5)."""
RESOLVER = "10.20.0.1"
PATIENCE = {"dht": 200, "pex": 120}
"""Seconds; clients of the libtorrent family come back a minute after a refusal, so the rest get 100."""
SLOWLY = 20_000
"""Bytes a second at which the go-between of a PEX run takes the torrent, so that it stays of little use."""
LINGER = 2.0
"""Seconds after the end in which a client may still announce and talk."""
Translations = dict[tuple[str, End, End], End]
"""The inside end that stood behind a public one, by transport and both public ends."""
_NEW = re.compile(
    r"\[NEW\] +(tcp|udp).*? src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+).*? src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)"
)


@dataclass(slots=True)
class Run:
    """A run while it goes on."""

    setup: Setup
    scene: Scene
    torrent: Torrent
    tracker: Tracker | None
    inside: Host
    outsiders: list[Peer] = field(default_factory=list)
    nodes: Peer | None = None
    owners: list[str] = field(default_factory=list)
    finished: bool = False

    @property
    def lab(self) -> Lab:
        """The network."""
        return self.scene.lab

    @property
    def seed(self) -> Peer:
        """The outsider that has all."""
        return self.outsiders[0]

    @property
    def ports(self) -> Sequence[int]:
        """Where the outsiders listen: the usual port the first time, later any."""
        return self._chance().sample(range(1024, 49152), 2) if self.setup.again else (PORT, PORT)

    def mixed(self, addresses: Sequence[str]) -> Sequence[str]:
        """Return addresses in the order in which this run uses them."""
        return self._chance().sample(addresses, len(addresses)) if self.setup.again else addresses

    def _chance(self) -> random.Random:
        return random.Random(self.setup.seed)  # noqa: S311 - the same seed has to give the same run


def record(setup: Setup, folder: Path) -> Path:
    """Carry out a run; write its capture and labels into ``folder``, and return the capture's path.

    Raises:
        LabError: if the client does not finish, or a program is about that should not be.
    """
    again = f" --seeds {setup.again}" if setup.again else ""
    command = f"python -m tests.lab.record --run {setup.number}{again} FOLDER"
    with Lab(nat=setup.nat == "yes") as lab:
        run = _prepare(setup, Scene(lab, Truth(setup.name, "", command)))
        translations = lab.start(None, "conntrack", "-E", "-e", "NEW") if setup.nat == "yes" else None
        tap = Tap(lab, "eth0", host=run.inside) if setup.discovery == "lsd" else Tap(lab, run.inside.segment)
        with tap:
            client = CLIENTS[setup.client](lab, run.inside, setup)
            run.scene.uses(client)
            _download(run, client)
            run.owners = _owners(run)
            time.sleep(LINGER)
            with suppress(LabError):  # a last look at its connections
                _look(run)
            client.stop()
        path = folder / f"{setup.name}.pcapng"
        save(path, tap.recordings, command)
        _labels(run, path.name, command, _translated(translations)).write(folder / f"{setup.name}.labels.json")
    return path


def _prepare(setup: Setup, scene: Scene) -> Run:
    tracker = None
    if setup.discovery in {"http", "udp"}:
        tracker = Tracker(scene.lab, scene.host("tracker", "outside", "198.51.100.5", role="tracker"))
        scene.truth.clients["opentracker"] = version("opentracker")
    url = None if tracker is None else tracker.udp_url if setup.discovery == "udp" else tracker.url
    size = (1024 + 64 * (setup.number % 16)) * KIB + setup.seed
    kind: Version = setup.version  # type: ignore[assignment]
    torrent = torrents.make(scene.lab.folder, f"run{setup.seed:02}.bin", size, version=kind, tracker=url)
    if tracker:
        tracker.start(torrent)
    resolver = RESOLVER if setup.discovery == "dht" else None
    # With an IPv4 address in any case: programs without one are deaf on 127.0.0.1 too (AI_ADDRCONFIG).
    addresses = dict.fromkeys((INSIDE[setup.ip], INSIDE["4"]))
    inside = scene.host("client", "employees", *addresses, role="client under test", resolver=resolver)
    run = Run(setup, scene, torrent, tracker, inside)
    if setup.discovery == "dht":
        run.nodes = scene.dht_network(NODES[setup.ip])
        _resolve(scene.lab)
    _seed(run)
    if setup.discovery == "pex":
        _go_between(run)
    return run


def _resolve(lab: Lab) -> None:
    """Answer every name with the DHT's entry node: clients have the names of theirs built in."""
    lab.start(
        None, "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--no-resolv", "--no-hosts", "--user=root",
        "--conf-file=/dev/null", f"--pid-file={lab.folder}/dnsmasq.pid", f"--address=/#/{DHT_ENTRY}",
    ).expect("started")  # fmt: skip


def _seed(run: Run) -> None:
    setup, scene = run.setup, run.scene
    near = setup.discovery == "lsd"
    host = scene.host(
        "seed", "employees" if near else "outside", (NEIGHBOUR if near else SEED)[setup.ip], role="seeds"
    )  # fmt: skip
    # One that calls would race the client for the connection; by hand, and on the LAN, either may be first.
    calls = near or (setup.discovery == "hand" and setup.client not in DIALERS)
    peer = scene.peer(host, run.ports[0], settings=outsider_settings(setup, calls=calls))
    run.outsiders.append(peer)
    if run.nodes:
        for ip in run.mixed(NODES[setup.ip]):
            peer.tell("router", ip, PORT)
    peer.add(run.torrent, seed=True)
    wait_until("a seed", lambda: peer.done(run.torrent))
    if run.tracker:
        wait_until("the tracker to know the seed", lambda: peer.status()["tracked"])
    if nodes := run.nodes:
        count, names = len(NODES[setup.ip]), run.torrent.wire
        wait_until(
            "the DHT to know the seed",
            lambda: any(told(nodes, host.ip, name, count) >= SEVERAL for name in names), 90, 0.5,
        )  # fmt: skip


def _go_between(run: Run) -> None:
    """Start the peer that the client meets first, and that has nothing but the seed's address to give."""
    setup = run.setup
    host = run.scene.host("mate", "outside", MATE[setup.ip], role="names the seed")
    mate = run.scene.peer(host, run.ports[1], settings=outsider_settings(setup, calls=True))
    run.outsiders.append(mate)
    mate.tell("limit", SLOWLY)
    mate.add(run.torrent)
    mate.connect(run.seed.host.ip, run.seed.port)
    wait_until("the two outsiders to meet", lambda: mate.status()["connections"])


def _download(run: Run, client: Client) -> None:
    setup = run.setup
    client.add(run.torrent)
    if run.nodes and setup.client == "libtorrent" and setup.ip == "6":
        for ip in NODES["6"]:
            client.tell("router", ip, PORT)  # type: ignore[attr-defined]
    met = run.outsiders[-1] if setup.discovery in {"hand", "pex"} else None
    again = 0.0

    def finished() -> bool:
        nonlocal again
        _look(run)
        if met and time.monotonic() > again:
            again = time.monotonic() + 8
            if setup.client in DIALERS:
                client.connect(met.host.ip, met.port)  # type: ignore[attr-defined]
            else:
                met.connect(run.inside.ip, PORTS[setup.client])
        return client.done(run.torrent)

    wait_until(f"{setup.client} to finish", finished, PATIENCE.get(setup.discovery, 100), 0.25)
    run.finished = True


def _look(run: Run) -> None:
    for peer in run.outsiders:
        peer.status()


def _owners(run: Run) -> list[str]:
    """Return the client's sockets with their programs, as the kernel lists them; there must be no other program."""
    listed = run.lab.run(run.inside, "ss", "-tunapH")
    found = set()
    for line in listed.splitlines():
        words = line.split()
        owner = re.search(r'\(\("([^"]+)"', line)
        if owner and not words[4].startswith(("127.", "[::1]")):
            found.add(f"{words[0]} {words[4]} {words[5]} {owner[1]}")
    programs = {each.rpartition(" ")[2] for each in found}
    if len(programs) > 1:
        raise LabError(f"more than one program spoke: {', '.join(sorted(programs))}")
    return sorted(found)


def _translated(conntrack: Process | None) -> Translations:
    """Read what the router's NAT did."""
    if conntrack is None:
        return {}
    conntrack.stop()
    found: Translations = {}
    for transport, source, _, sport, _, remote, public, rport, port in _NEW.findall(conntrack.said()):
        found[transport, End(public, int(port)), End(remote, int(rport))] = End(source, int(sport))
    return found


def _labels(run: Run, capture: str, command: str, translated: Translations) -> Labels:
    known = [*_by_socket(run), *_reported(run, translated)]
    made = run.torrent
    return Labels(
        capture, command, run.setup.seed,
        setup={key: str(value) for key, value in asdict(run.setup).items()},
        programs=dict(run.scene.truth.clients),
        torrents=[{"name": made.name, "size": made.size, "v1": made.v1, "v2": made.v2, "wire": made.wire}],
        sharing=[run.inside.ip, *([run.seed.host.ip] if run.setup.discovery == "lsd" else [])],
        finished=run.finished, owners=run.owners, labels=distinct(known),
    )  # fmt: skip


def _by_socket(run: Run) -> list[Label]:
    """Label flows by the socket at their other end."""
    setup, program, wire = run.setup, run.setup.client, run.torrent.wire
    ours = End(run.inside.ip, None)
    found = [
        Label(kind, True, program, "udp", End(ip, None), End(None, port))
        for kind, port in (("portmap", 1900), ("portmap", 5351), ("dns", 53))
        for ip in run.inside.addresses
    ]
    # Clients learn their public address and may call themselves.
    found.append(Label("utp", True, program, "udp", ours, End(EGRESS, None), wire, "unknown"))
    found.append(Label("peer", True, program, "tcp", ours, End(EGRESS, None), wire, "unknown"))
    for outsider in run.outsiders:
        end = End(outsider.host.ip, None)
        encryption: Encryption = "none" if setup.encryption == "off" else "unknown"
        found.append(Label("peer", True, program, "tcp", ours, end, wire, encryption, named=_is_named(run, outsider)))
        kind = "dht" if setup.discovery == "dht" else "utp"
        found.append(Label(kind, True, program, "udp", ours, end, wire, "unknown" if kind == "utp" else None))
    if run.tracker:
        end = End(run.tracker.host.ip, run.tracker.port)
        found += [Label("tracker-http", True, program, "tcp", ours, end, wire),
                  Label("tracker-udp", True, program, "udp", ours, end, wire)]  # fmt: skip
    if run.nodes:
        ends = [*(End(ip, PORT) for ip in NODES[setup.ip]), *(End(DHT_ENTRY, port) for port in DHT_PORTS)]
        found += [Label("dht", True, program, "udp", ours, end, wire) for end in ends]
    if setup.discovery == "lsd":
        # Both sides multicast, over IPv6 from their link-local addresses.
        found += [Label("lsd", True, program, "udp", End(None, None), group, wire) for group in LSD.values()]
    return found


def _is_named(run: Run, outsider: Peer, spoken: Iterable[str] = ("none",)) -> bool:
    """Whether an outsider was named to the client in the clear: PEX names the seed in the go-between's connection."""
    if run.setup.discovery == "pex":
        return outsider is run.seed and (run.setup.encryption == "off" or not {"none", "plaintext"}.isdisjoint(spoken))
    return run.setup.discovery != "hand"


def _reported(run: Run, translated: Translations) -> list[Label]:
    """Label the connections that the outsiders report."""
    met: list[tuple[Peer, Transport, End, End, str]] = []
    for outsider in run.outsiders:
        for each in outsider.status()["connections"]:
            transport: Transport = "udp" if each["utp"] else "tcp"
            # The log has no port of ours where we called.
            local, remote = End(outsider.host.ip, each["local"][1] or None), End(*each["remote"])
            inside = translated.get((transport, remote, local), remote)
            if inside.ip == run.inside.ip:  # or else the outsiders are among themselves
                met.append((outsider, transport, inside, local, each["encryption"] or "unknown"))
    told_in = {encryption for outsider, *_, encryption in met if outsider is not run.seed}
    return [
        Label(
            "utp" if transport == "udp" else "peer", True, run.setup.client, transport, inside, local,
            run.torrent.wire, encryption, named=_is_named(run, outsider, told_in),  # type: ignore[arg-type]
        )
        for outsider, transport, inside, local, encryption in met
    ]  # fmt: skip
