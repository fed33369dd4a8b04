"""BitTorrent clients as they are installed, each behind the same few verbs.

All are told to use plaintext over TCP and to find peers through the torrent's tracker alone, unless a sample says
otherwise. What they report is what they report: their own figures, asked over their own interfaces.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import libtorrent as lt

from tests.lab.process import LabError, run, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.lab.process import Process
    from tests.lab.topology import Host, Lab
    from tests.lab.torrents import Torrent


class Client(Protocol):
    """What every client can be asked to do."""

    program: ClassVar[str]
    host: Host

    def add(self, torrent: Torrent, *, seed: bool = False) -> None:
        """Take part in a swarm, with the content at hand (``seed``) or without."""

    def done(self, torrent: Torrent) -> bool:
        """Say whether it reports the content as complete."""

    def amounts(self, torrent: Torrent) -> tuple[int, int]:
        """Return the content bytes it reports as downloaded and as uploaded."""

    def stop(self) -> None:
        """End the program."""


class Peer:
    """libtorrent sessions in a program of their own (:mod:`tests.lab.peer`), one for each address."""

    program: ClassVar[str] = "libtorrent"

    def __init__(
        self, lab: Lab, host: Host, port: int = 6881, *, addresses: tuple[str, ...] = (), **settings: object
    ) -> None:
        self.host, self.port = host, port
        listen = [f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}" for ip in addresses or (host.ip,)]
        self.process = lab.start(
            host, sys.executable, "-m", "tests.lab.peer",
            json.dumps([{"listen_interfaces": interface, **settings} for interface in listen]), talk=True,
        )  # fmt: skip

    def tell(self, command: str, *arguments: object, session: int = 0) -> Any:  # noqa: ANN401 - JSON
        """Send a command (:class:`tests.lab.peer.Node` has them) and return the answer.

        Raises:
            LabError: if the program does not answer.
        """
        pipes = self.process.popen
        if pipes.stdin is None or pipes.stdout is None:
            raise LabError("a peer is started with talk=True")
        pipes.stdin.write(json.dumps([session, command, *arguments]).encode() + b"\n")
        pipes.stdin.flush()
        if answer := pipes.stdout.readline():
            return json.loads(answer)
        raise LabError(f"the peer ended: {self.process.said()[-500:]}")

    def add(self, torrent: Torrent, *, seed: bool = False) -> None:
        """Take part in a swarm."""
        self.tell("add", str(torrent.file), str(torrent.content if seed else self.host.folder))
        wait_until("a checked torrent", lambda: not self._torrent(torrent)["checking"])

    def add_magnet(self, torrent: Torrent) -> None:
        """Take part in a swarm, knowing no more than its infohash."""
        names = (("btih", torrent.v1), ("btmh", torrent.v2 and f"1220{torrent.v2}"))
        topics = "&".join(f"xt=urn:{kind}:{name}" for kind, name in names if name)
        self.tell("magnet", f"magnet:?{topics}", str(self.host.folder))

    def connect(self, ip: str, port: int) -> None:
        """Connect to one peer."""
        self.tell("connect", ip, port)

    def done(self, torrent: Torrent) -> bool:
        """Say whether libtorrent is a seed."""
        return bool(self._torrent(torrent)["seeding"])

    def amounts(self, torrent: Torrent) -> tuple[int, int]:
        """Return libtorrent's payload totals."""
        state = self._torrent(torrent)
        return state["downloaded"], state["uploaded"]

    def status(self, session: int = 0) -> dict[str, Any]:
        """Return all that the session reports."""
        answer: dict[str, Any] = self.tell("status", session=session)
        return answer

    def stop(self) -> None:
        """End the program."""
        self.process.stop()

    def _torrent(self, torrent: Torrent) -> dict[str, Any]:
        found: dict[str, Any] = self.status()["torrents"][(torrent.v2 or torrent.infohash)[:40]]
        return found


class _Program:
    """A client that is a program with an HTTP interface on its own loopback."""

    program: ClassVar[str]
    process: Process

    def __init__(self, lab: Lab, host: Host, port: int) -> None:
        self.lab, self.host, self.port = lab, host, port
        self.folder = host.folder / self.program
        self.folder.mkdir()

    def stop(self) -> None:
        """End the program."""
        self.process.stop()

    def _curl(self, *argv: str, check: bool = True) -> str:
        return self.lab.run(self.host, "curl", "-s", "--max-time", "5", *argv, check=check)

    def _place(self, torrent: Torrent, *, seed: bool) -> str:
        """Return the folder to work in; the client's own copy of the content is there if it seeds."""
        if seed:
            (self.folder / torrent.name).write_bytes((torrent.content / torrent.name).read_bytes())
        return str(self.folder)


class Transmission(_Program):
    """transmission-daemon."""

    program: ClassVar[str] = "transmission-daemon"

    def __init__(
        self, lab: Lab, host: Host, port: int = 51413, *, bootstrap: Sequence[tuple[str, int]] = (), **settings: object
    ) -> None:
        super().__init__(lab, host, port)
        nodes = "".join(f"{ip} {node}\n" for ip, node in bootstrap)
        (self.folder / "dht.bootstrap").write_text(nodes)
        defaults = {
            "bind-address-ipv4": host.ip, "dht-enabled": False, "encryption": 0, "lpd-enabled": False,
            "peer-port": port, "port-forwarding-enabled": False, "rpc-bind-address": "127.0.0.1",
            "rpc-whitelist-enabled": False, "utp-enabled": False, "download-dir": str(self.folder),
        }  # fmt: skip
        (self.folder / "settings.json").write_text(json.dumps({**defaults, **settings}))
        self.process = lab.start(host, self.program, "-f", "-g", str(self.folder))
        self._session = ""
        wait_until("Transmission's RPC", self._greet)

    def add(self, torrent: Torrent, *, seed: bool = False) -> None:
        """Take part in a swarm."""
        folder = self._place(torrent, seed=seed)
        self._call("torrent-add", {"filename": str(torrent.file), "download-dir": folder})

    def done(self, torrent: Torrent) -> bool:
        """Say whether Transmission has it all."""
        return bool(self._torrent(torrent)["percentDone"] == 1)

    def amounts(self, torrent: Torrent) -> tuple[int, int]:
        """Return Transmission's own totals."""
        state = self._torrent(torrent)
        return state["downloadedEver"], state["uploadedEver"]

    def _torrent(self, torrent: Torrent) -> Mapping[str, Any]:
        fields = ["percentDone", "downloadedEver", "uploadedEver"]
        answer = self._call("torrent-get", {"ids": [torrent.infohash], "fields": fields})
        found: Mapping[str, Any] = answer["arguments"]["torrents"][0]
        return found

    def _greet(self) -> bool:
        answer = self._curl("-i", "http://127.0.0.1:9091/transmission/rpc", check=False)
        self._session = next((line for line in answer.splitlines() if line.startswith("X-Transmission-Session-Id")), "")
        return bool(self._session)

    def _call(self, method: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        body = json.dumps({"method": method, "arguments": arguments})
        answer = self._curl("-H", self._session, "-d", body, "http://127.0.0.1:9091/transmission/rpc")
        found: dict[str, Any] = json.loads(answer)
        if found["result"] != "success":
            raise LabError(f"Transmission answers {method} with: {found['result']}")
        return found


class QBittorrent(_Program):
    """qbittorrent-nox."""

    program: ClassVar[str] = "qbittorrent-nox"

    def __init__(self, lab: Lab, host: Host, port: int = 26881, **settings: str) -> None:
        super().__init__(lab, host, port)
        defaults = {
            "BTProtocol": "TCP", "Encryption": "2", "DHTEnabled": "false", "LSDEnabled": "false",
            "SSRFMitigation": "false", "Port": str(port), "DefaultSavePath": str(self.folder),
            "QueueingSystemEnabled": "false",
        }  # fmt: skip
        session = "".join(f"Session\\{key}={value}\n" for key, value in {**defaults, **settings}.items())
        config = self.folder / "qBittorrent" / "config"
        config.mkdir(parents=True)
        config.joinpath("qBittorrent.conf").write_text(
            "[LegalNotice]\nAccepted=true\n[Preferences]\nWebUI\\LocalHostAuth=false\nWebUI\\Port=8080\n"
            f"[BitTorrent]\n{session}"
            "[Network]\nPortForwardingEnabled=false\n"
        )
        self.process = lab.start(host, self.program, f"--profile={self.folder}")
        wait_until("qBittorrent's API", lambda: self._curl(f"{self._API}/app/version", check=False).startswith("v"))

    _API = "http://127.0.0.1:8080/api/v2"

    def add(self, torrent: Torrent, *, seed: bool = False) -> None:
        """Take part in a swarm."""
        folder = self._place(torrent, seed=seed)
        self._curl("-F", f"torrents=@{torrent.file}", "-F", f"savepath={folder}", f"{self._API}/torrents/add")
        wait_until("qBittorrent's torrent", self._torrents)

    def connect(self, ip: str, port: int) -> None:
        """Connect to one peer, in every swarm."""
        hashes = "|".join(state["hash"] for state in self._torrents())
        peer = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
        self._curl("-d", f"hashes={hashes}", "--data-urlencode", f"peers={peer}", f"{self._API}/torrents/addPeers")

    def done(self, torrent: Torrent) -> bool:
        """Say whether qBittorrent has it all."""
        return bool(self._torrent(torrent)["progress"] == 1)

    def amounts(self, torrent: Torrent) -> tuple[int, int]:
        """Return qBittorrent's own totals, which include protocol overhead of the session's transfers."""
        state = self._torrent(torrent)
        return state["downloaded"], state["uploaded"]

    def _torrents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._curl(f"{self._API}/torrents/info"))
        return found

    def _torrent(self, torrent: Torrent) -> dict[str, Any]:
        return next(state for state in self._torrents() if state["hash"] in (torrent.v1, *torrent.wire))


class Aria2(_Program):
    """aria2c; one torrent a program, given at its start."""

    program: ClassVar[str] = "aria2c"

    def __init__(self, lab: Lab, host: Host, port: int = 6890, *options: str) -> None:
        super().__init__(lab, host, port)
        self.options = options

    def add(self, torrent: Torrent, *, seed: bool = False) -> None:
        """Take part in a swarm."""
        self.process = self.lab.start(
            self.host, self.program, "--no-conf", f"--listen-port={self.port}", "--seed-ratio=0.0",
            "--bt-enable-lpd=false", "--enable-dht=false", "--enable-dht6=false", "--check-integrity=true",
            "--enable-rpc=true", "--rpc-listen-port=6800", f"--dir={self._place(torrent, seed=seed)}",
            "--summary-interval=0", "--console-log-level=error", *self.options, str(torrent.file),
        )  # fmt: skip
        wait_until("aria2's RPC", lambda: self._active(check=False))

    def done(self, torrent: Torrent) -> bool:
        """Say whether aria2 has it all."""
        return any(int(state["completedLength"]) == torrent.size for state in self._active())

    def amounts(self, torrent: Torrent) -> tuple[int, int]:
        """Return aria2's own figures: content completed and bytes uploaded."""
        state = next(state for state in self._active() if state["infoHash"] == torrent.infohash)
        return int(state["completedLength"]), int(state["uploadLength"])

    def _active(self, *, check: bool = True) -> list[dict[str, Any]]:
        body = json.dumps({"jsonrpc": "2.0", "id": "lab", "method": "aria2.tellActive"})
        answer = self._curl("-d", body, "http://127.0.0.1:6800/jsonrpc", check=check)
        found: list[dict[str, Any]] = json.loads(answer)["result"] if answer else []
        return found


class RTorrent(_Program):
    """rtorrent without a terminal; it reports nothing, so its peer's figures stand for it."""

    program: ClassVar[str] = "rtorrent"

    def __init__(self, lab: Lab, host: Host, port: int = 6995, *settings: str, delay: int = 1) -> None:
        super().__init__(lab, host, port)
        self.settings, self.delay = settings, delay

    def add(self, torrent: Torrent, *, seed: bool = False) -> None:
        """Take part in a swarm."""
        rc = self.folder / "rtorrent.rc"
        rc.write_text(
            f"system.daemon.set = true\ndirectory.default.set = {self._place(torrent, seed=seed)}\n"
            f"network.port_range.set = {self.port}-{self.port}\ndht.mode.set = disable\n"
            f"protocol.encryption.set = none\nsession.path.set = {self.folder}\n"
            + "".join(f"{setting}\n" for setting in self.settings)
            + f'schedule2 = add, {self.delay}, 0, "load.start={torrent.file}"\n'
        )
        self.process = self.lab.start(self.host, self.program, "-n", "-o", f"import={rc}")

    def done(self, torrent: Torrent) -> bool:
        """Say whether its file on disk equals the content."""
        file = self.folder / torrent.name
        return file.exists() and file.read_bytes() == (torrent.content / torrent.name).read_bytes()

    def amounts(self, torrent: Torrent) -> tuple[int, int]:
        """Return what is on disk as downloaded."""
        return (torrent.size if self.done(torrent) else 0), 0


class Deluge(_Program):
    """deluged, asked over its own RPC by :mod:`tests.lab.deluge_rpc`, which runs under Debian's Python."""

    program: ClassVar[str] = "deluged"
    _RPC = Path(__file__).with_name("deluge_rpc.py")

    def __init__(self, lab: Lab, host: Host, port: int = 58000, **settings: object) -> None:
        super().__init__(lab, host, port)
        defaults: dict[str, object] = {
            "dht": False, "download_location": str(self.folder), "listen_ports": [port, port], "lsd": False,
            "natpmp": False, "new_release_check": False, "random_outgoing_ports": True, "random_port": False,
            "upnp": False, "utpex": True,
        }  # fmt: skip
        config = json.dumps({"file": 1, "format": 1}) + json.dumps({**defaults, **settings})
        (self.folder / "core.conf").write_text(config)
        (self.folder / "auth").write_text("lab:lab:10\n")
        self.process = lab.start(host, self.program, "-d", "-c", str(self.folder))
        wait_until("Deluge's RPC", lambda: self._ask("core.get_session_state", check=False) is not None, pause=1)

    def add(self, torrent: Torrent, *, seed: bool = False) -> None:
        """Take part in a swarm."""
        content = base64.b64encode(torrent.file.read_bytes()).decode()
        options = {"download_location": self._place(torrent, seed=seed)}
        self._ask("core.add_torrent_file", torrent.file.name, content, options)

    def connect(self, ip: str, port: int) -> None:
        """Connect to one peer, in every swarm."""
        for name in self._ask("core.get_session_state"):
            self._ask("core.connect_peer", name, ip, port)

    def done(self, torrent: Torrent) -> bool:  # noqa: ARG002 - it has one torrent
        """Say whether Deluge has it all."""
        return bool(self._state()["is_finished"])

    def amounts(self, torrent: Torrent) -> tuple[int, int]:  # noqa: ARG002 - it has one torrent
        """Return Deluge's own totals."""
        state = self._state()
        return state["all_time_download"], state["total_uploaded"]

    def _state(self) -> dict[str, Any]:
        keys = ["is_finished", "all_time_download", "total_uploaded"]
        found: dict[str, dict[str, Any]] = self._ask("core.get_torrents_status", {}, keys)
        return next(iter(found.values()))

    def _ask(self, *words: object, check: bool = True) -> Any:  # noqa: ANN401 - JSON
        answer = self.lab.run(self.host, "/usr/bin/python3", str(self._RPC), json.dumps(words), check=check)
        return json.loads(answer) if answer else None


class Tracker:
    """opentracker, which serves the torrents it is told of."""

    def __init__(self, lab: Lab, host: Host, port: int = 6969) -> None:
        self.lab, self.host, self.port = lab, host, port

    @property
    def url(self) -> str:
        """What goes into a torrent."""
        return f"http://{self.host.ip}:{self.port}/announce"

    @property
    def udp_url(self) -> str:
        """What goes into a torrent that is announced over UDP."""
        return f"udp://{self.host.ip}:{self.port}/announce"

    def start(self, *torrents: Torrent) -> None:
        """Serve ``torrents``, by every name they have on the wire; opentracker makes its folder its root."""
        folder = self.host.folder / "opentracker"
        folder.mkdir()
        allowed = "".join(f"{name}\n" for torrent in torrents for name in torrent.wire)
        folder.joinpath("allowed").write_text(allowed)
        for path in (self.lab.folder, self.host.folder, folder):
            path.chmod(0o755)
        self.lab.start(
            self.host, "opentracker", "-i", self.host.ip, "-p", str(self.port), "-P", str(self.port), "-d", str(folder),
            "-w", "/allowed", "-u", "nobody",
        )  # fmt: skip


SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/games"
"""Where programs are, those of servers and games too."""


@cache
def version(program: str) -> str:
    """Return the version of an installed program, as its Debian package (or the wheel) gives it."""
    if program == Peer.program:
        return str(lt.version)
    file = str(Path(shutil.which(program, path=SEARCH) or program).resolve())
    # Where /bin is a link to /usr/bin, packages may still list their files under /bin.
    listed = run("dpkg-query", "-S", file, check=False) or run("dpkg-query", "-S", file.removeprefix("/usr"))
    owner = listed.split(":")[0]
    return run("dpkg-query", "-W", "-f", "${Version}", owner)
