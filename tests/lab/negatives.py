"""What is not BitTorrent: programs of Debian and look-alikes of ours, each recorded by itself at the router.

A script starts its server outside, says on which sockets it listens, and makes its flows from one machine inside, on
which nothing else runs. So a flow is labelled by the socket at its outer end.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.capture import Tap
from tests.lab.clients import SEARCH, version
from tests.lab.frames import save
from tests.lab.labels import End, Label, Labels, distinct
from tests.lab.lookalikes import SCANNED, TCP_PORTS, UDP_PORTS
from tests.lab.office import LOOK_ALIKE, web_server
from tests.lab.process import LabError, Process, run, wait_until
from tests.lab.scene import DHT_ENTRY, DHT_NODES, DHT_PORTS, DHT_SETTINGS, Scene
from tests.lab.topology import Lab
from tests.lab.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.labels import Transport
    from tests.lab.topology import Host

INSIDE, OUTSIDE = "10.20.1.15", "198.51.100.80"
TWO_SEEDS = (0, 1)


@dataclass(slots=True)
class Stage:
    """The two machines of a script, and the labels that grow as it acts."""

    scene: Scene
    program: str
    seed: int
    inside: Host
    outside: Host
    labels: list[Label] = field(default_factory=list)
    synthetic: bool = False

    @property
    def lab(self) -> Lab:
        """The network."""
        return self.scene.lab

    def label(self, kind: str, *ports: int | None, transport: Transport = "tcp", ip: str = OUTSIDE) -> None:
        """Say what the sockets outside speak."""
        for port in ports:
            mine = End(self.inside.ip, None)
            self.labels.append(
                Label(kind, False, self.program, transport, mine, End(ip, port), synthetic=self.synthetic)
            )

    def serve(self, *argv: str, env: Mapping[str, str] | None = None, says: str = "") -> Process:
        """Start a server outside."""
        process = self.lab.start(self.outside, *argv, env=env)
        if says:
            process.expect(says)
        return process

    def act(self, *argv: str, check: bool = False, timeout: float = 120) -> str:
        """Run a program inside to its end."""
        return self.lab.run(self.inside, *argv, check=check, timeout=timeout)

    def loop(self, script: str, count: int) -> None:
        """Run a line of shell so many times, ``$n`` being the number; what one attempt says or returns is its own."""
        self.act("sh", "-c", f"for n in $(seq 1 {count}); do {script}; done >/dev/null 2>&1", timeout=300)


Script = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class Negative:
    """One script."""

    program: str
    script: Script
    needs: tuple[str, ...]
    """Programs that must be installed."""

    @property
    def missing(self) -> list[str]:
        """Which of them are not."""
        return [need for need in self.needs if not shutil.which(need, path=SEARCH)]


CATALOGUE: dict[str, Negative] = {}


def negative(program: str, *needs: str) -> Callable[[Script], Script]:
    """Enter a script under the program whose flows it makes."""

    def enter(script: Script) -> Script:
        CATALOGUE[program] = Negative(program, script, needs)
        return script

    return enter


def record(what: Negative, seed: int, folder: Path) -> Path:
    """Carry out a script; write its capture and labels into ``folder``, and return the capture's path."""
    command = f"python -m tests.lab.record --negative {what.program} FOLDER"
    with Lab() as lab:
        scene = Scene(lab, Truth(what.program, "", command))
        inside = scene.host("inside", "employees", INSIDE, role="works")
        outside = scene.host("outside", "outside", OUTSIDE, role="serves")
        stage = Stage(scene, what.program, seed, inside, outside)
        with Tap(lab, "employees") as tap:
            what.script(stage)
        path = folder / f"not-{what.program}-seed{seed}.pcapng"
        save(path, tap.recordings, command)
        programs = {need: version(need) for need in what.needs if need != "ip"}
        Labels(
            path.name, command, seed, programs=programs | dict(scene.truth.clients), labels=distinct(stage.labels)
        ).write(folder / f"{path.stem}.labels.json")
    return path


@negative("curl", "nginx", "curl", "openssl")
def curl(stage: Stage) -> None:
    """Pages in clear and over TLS, and pages that quote BitTorrent, on the ports that BitTorrent likes too."""
    _web(stage)
    for port, kind, pages in (
        (80, "web", ("index.html", "photo.jpg")),
        (6881, "web that quotes BitTorrent", LOOK_ALIKE),
    ):
        stage.label(kind, port)
        for page in pages:
            stage.loop(f"curl -s -o /dev/null http://{OUTSIDE}:{port}/{page}", 30)
    stage.label("tls", 443)
    stage.loop(f"curl -sk -o /dev/null https://{OUTSIDE}/style.css", 60)


@negative("wget", "nginx", "wget", "openssl")
def wget(stage: Stage) -> None:
    """The same with another client."""
    _web(stage)
    stage.label("web", 80)
    stage.label("web that quotes BitTorrent", 6881)
    stage.loop(f"wget -q -O /dev/null http://{OUTSIDE}/index.html", 60)
    for page in LOOK_ALIKE:
        stage.loop(f"wget -q -O /dev/null http://{OUTSIDE}:6881/{page}", 20)


def _web(stage: Stage) -> None:
    web_server(stage.scene, stage.outside, 80, tls=True)
    stage.lab.run(stage.outside, "sh", "-c", "nft 'add table ip nat; add chain ip nat in { type nat hook prerouting "
                  "priority -100; }; add rule ip nat in tcp dport 6881 redirect to :80'")  # fmt: skip


@negative("openssl", "openssl")
def openssl(stage: Stage) -> None:
    """TLS 1.2 and 1.3 on ports that BitTorrent clients listen on."""
    key, certificate = _certificate(stage)
    ports = (6881, 51413, 8443)
    for port in ports:
        stage.serve(
            "openssl", "s_server", "-accept", str(port), "-key", key, "-cert", certificate, "-www", says="ACCEPT"
        )
    stage.label("tls", *ports)
    for port in ports:
        for flag in ("-tls1_2", "-tls1_3"):
            stage.loop(
                f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet {flag} -connect {OUTSIDE}:{port}", 16
            )


def _certificate(stage: Stage) -> tuple[str, str]:
    key, certificate = (str(stage.outside.folder / name) for name in ("key.pem", "cert.pem"))
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a.example",
        "-keyout", key, "-out", certificate)  # fmt: skip
    return key, certificate


@negative("ngtcp2", "gtlsserver", "gtlsclient", "openssl")
def quic(stage: Stage) -> None:
    """HTTP/3 over QUIC."""
    key, certificate = _certificate(stage)
    root = stage.outside.folder / "htdocs"
    root.mkdir()
    (root / "index.html").write_bytes(bytes(20_000))
    stage.serve("gtlsserver", "-q", "-d", str(root), "*", "4433", key, certificate)
    time.sleep(1)
    stage.label("quic", 4433, transport="udp")
    stage.loop(f"timeout 5 gtlsclient -q --exit-on-all-streams-close {OUTSIDE} 4433 https://a.example/index.html", 60)


@negative("dnsmasq", "dnsmasq")
def names(stage: Stage) -> None:
    """Look-ups through the C library, of a tracker's and a bootstrap node's names among others."""
    _resolver(stage)
    stage.label("dns", 53, transport="udp")
    names = "news.example router.bittorrent.com tracker.example dht.transmissionbt.com shop.example"
    resolve = "import socket,sys\nfor n in range(200):\n for name in sys.argv[1:]:\n  try: socket.getaddrinfo(name, 80, socket.AF_INET)\n  except OSError: pass"  # noqa: E501
    config = stage.inside.folder / "resolv.conf"
    config.write_text(f"nameserver {OUTSIDE}\noptions timeout:1 attempts:1\n")
    mounted = f"mount --bind {config} /etc/resolv.conf && exec {sys.executable} -c '{resolve}' {names}"
    stage.act("sh", "-c", mounted, check=True)


@negative("dig", "dnsmasq", "dig")
def dig(stage: Stage) -> None:
    """Queries of many types over UDP and TCP."""
    _resolver(stage)
    stage.label("dns", 53, transport="udp")
    stage.label("dns", 53)
    for kind in ("A", "AAAA", "TXT", "MX", "ANY", "SRV"):
        stage.loop(f"dig +tries=1 +time=1 @{OUTSIDE} host$n.example {kind}", 50)
    stage.loop(f"dig +tcp +tries=1 +time=1 @{OUTSIDE} host$n.example A", 30)


def _resolver(stage: Stage) -> None:
    stage.serve(
        "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
        "--user=root", f"--pid-file={stage.outside.folder}/pid", "--address=/#/192.0.2.9",
        "--txt-record=host1.example,d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe", says="started",
    )  # fmt: skip


@negative("ssh", "sshd", "ssh")
def ssh(stage: Stage) -> None:
    """Sessions and copies over ssh."""
    folder = stage.outside.folder
    for name in ("host", "id"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    (folder / "sshd_config").write_text(
        f"Port 2222\nPort 6889\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/id.pub\nStrictModes no\nUsePAM no\n"
        f"PidFile {folder}/pid\nPermitRootLogin yes\nMaxStartups 100\n"
    )
    stage.serve("/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config"), says="Server listening")
    stage.label("ssh", 2222, 6889)
    options = f"-q -i {folder}/id -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    for port in (2222, 6889):
        stage.loop(f"ssh {options} -p {port} root@{OUTSIDE} 'head -c 20000 /dev/urandom'", 12)


@negative("rsync", "rsync")
def rsync(stage: Stage) -> None:
    """Files to and from an rsync server."""
    folder = stage.outside.folder
    (folder / "share").mkdir()
    (folder / "share" / "a").write_bytes(os.urandom(50_000))
    (folder / "conf").write_text(
        f"uid = root\ngid = root\nuse chroot = no\nreverse lookup = no\npid file = {folder}/pid\n"
        f"log file = {folder}/log\n[s]\npath = {folder}/share\nread only = no\n"
    )
    stage.serve("rsync", "--daemon", "--no-detach", f"--config={folder}/conf")
    wait_until("rsync", lambda: stage.act("rsync", f"rsync://{OUTSIDE}/s/"))
    stage.label("rsync", 873)
    there = f"rsync://{OUTSIDE}/s"
    stage.loop(f"rsync {there}/a {stage.inside.folder}/$n; rsync {stage.inside.folder}/$n {there}/b$n", 40)


@negative("iperf3", "iperf3")
def iperf(stage: Stage) -> None:
    """Bulk over TCP and UDP, several streams at once."""
    stage.serve("iperf3", "-s", "-p", "5201", "--forceflush", says="listening")
    stage.label("bulk", 5201)
    stage.label("bulk", 5201, transport="udp")
    stage.loop(f"iperf3 -c {OUTSIDE} -p 5201 -n 100K -P 4; sleep 0.1", 15)
    stage.loop(f"iperf3 -c {OUTSIDE} -p 5201 -u -n 30K -P 3; sleep 0.1", 10)


@negative("shadowsocks", "ss-server", "ss-local", "nginx", "curl", "openssl")
def shadowsocks(stage: Stage) -> None:
    """Pages through Shadowsocks: random bytes from the first one on, many flows to one server."""
    web_server(stage.scene, stage.outside, 80, tls=True)
    cipher = ("-k", "a secret", "-m", "chacha20-ietf-poly1305")
    stage.serve("ss-server", "-s", OUTSIDE, "-p", "16881", *cipher)
    stage.lab.start(stage.inside, "ss-local", "-s", OUTSIDE, "-p", "16881", "-l", "1080", *cipher)
    stage.label("tunnel", 16881)
    _through(stage, "socks5://127.0.0.1:1080", 130)


def _through(stage: Stage, proxy: str, count: int) -> None:
    page = f"http://{OUTSIDE}/index.html"
    wait_until("the proxy", lambda: stage.act("curl", "-sIo", "/dev/null", "-w", "x", "-x", proxy, page))
    stage.loop(f"curl -s --max-time 5 -o /dev/null -x '{proxy}' {page}", count // 2)
    stage.loop(f"curl -sk --max-time 5 -o /dev/null -x '{proxy}' https://{OUTSIDE}/style.css", count // 2)


@negative("obfs4proxy", "obfs4proxy", "nginx", "curl", "openssl")
def obfs4(stage: Stage) -> None:
    """Pages through obfs4: uniform bytes and random lengths."""
    web_server(stage.scene, stage.outside, 80, tls=True)
    state = {"TOR_PT_MANAGED_TRANSPORT_VER": "1"}
    stage.serve(
        "obfs4proxy",
        env={
            **state, "TOR_PT_STATE_LOCATION": f"{stage.outside.folder}/pt", "TOR_PT_SERVER_TRANSPORTS": "obfs4",
            "TOR_PT_SERVER_BINDADDR": f"obfs4-{OUTSIDE}:17000", "TOR_PT_ORPORT": "127.0.0.1:80",
        }, says="SMETHODS DONE",
    )  # fmt: skip
    client = stage.lab.start(
        stage.inside, "obfs4proxy",
        env={**state, "TOR_PT_STATE_LOCATION": f"{stage.inside.folder}/pt", "TOR_PT_CLIENT_TRANSPORTS": "obfs4"},
    )  # fmt: skip
    client.expect("CMETHODS DONE")
    port = re.search(r"socks5 127\.0\.0\.1:(\d+)", client.said())
    bridge = (stage.outside.folder / "pt" / "obfs4_bridgeline.txt").read_text()
    certificate = re.search(r"cert=\S+", bridge)
    if port is None or certificate is None:
        raise LabError("obfs4proxy told no port or no certificate")
    stage.label("tunnel", 17000)
    # The pluggable transport takes its arguments as the proxy's user and password, joined.
    login = f"{certificate[0]};iat-mode=:0"
    command = f"curl -s --max-time 5 -o /dev/null --proxy-user '{login}' -x socks5://127.0.0.1:{port[1]}"
    stage.loop(f"{command} http://{OUTSIDE}:17000/index.html", 80)


@negative("wireguard-go", "wireguard-go", "wg", "ping")
def wireguard(stage: Stage) -> None:
    """WireGuard tunnels, each from a port of its own."""
    # Of two names, since their control sockets share a folder whatever the namespace.
    there, here = (f"wg{stage.lab.token[-4:]}{end}" for end in "oi")
    keys = {"outside": _device(stage, stage.outside, there, 1), "inside": _device(stage, stage.inside, here, 2)}
    stage.lab.run(stage.outside, "wg", "set", there, "listen-port", "51820", "peer", keys["inside"],
                  "allowed-ips", "172.31.9.0/24")  # fmt: skip
    stage.label("tunnel", 51820, transport="udp")
    for port in range(6881, 6901):
        stage.act("wg", "set", here, "listen-port", str(port), "peer", keys["outside"], "allowed-ips",
                  "172.31.9.0/24", "endpoint", f"{OUTSIDE}:51820")  # fmt: skip
        stage.act("ping", "-c", "2", "-i", "0.2", "-W", "1", "172.31.9.1")


def _device(stage: Stage, host: Host, device: str, last: int) -> str:
    """Start a WireGuard device and return its public key."""
    key = run("wg", "genkey").strip()
    (host.folder / "key").write_text(key)
    stage.lab.start(host, "wireguard-go", "-f", device)
    wait_until("the device", lambda: stage.lab.run(host, "ip", "link", "show", device, check=False))
    stage.lab.run(host, "wg", "set", device, "private-key", str(host.folder / "key"))
    stage.lab.run(host, "ip", "address", "add", f"172.31.9.{last}/24", "dev", device)
    stage.lab.run(host, "ip", "link", "set", device, "up")
    return run("wg", "pubkey", stdin=key).strip()


@negative("openvpn", "openvpn", "ping")
def openvpn(stage: Stage) -> None:
    """OpenVPN with a static key over UDP and TCP."""
    key = str(stage.outside.folder / "key")
    run("openvpn", "--genkey", "secret", key)
    common = ("--dev-type", "tun", "--secret", key, "--cipher", "AES-256-CBC", "--verb", "3")
    for number, (kind, carrier) in enumerate((("udp", "udp"), ("tcp-server", "tcp"), ("udp", "udp"), ("udp", "udp"))):
        port = 16_900 + number
        ours, theirs = f"172.31.{number}.2", f"172.31.{number}.1"
        stage.label("tunnel", port, transport=carrier)  # type: ignore[arg-type]
        there = stage.serve("openvpn", *common, "--dev", f"tun{number}", "--proto", kind, "--port", str(port),
                            "--ifconfig", theirs, ours)  # fmt: skip
        here = stage.lab.start(
            stage.inside, "openvpn", *common, "--dev", f"tun{number}", "--proto", kind.replace("server", "client"),
            "--remote", OUTSIDE, str(port), "--nobind", "--ifconfig", ours, theirs,
        )  # fmt: skip
        here.expect("Initialization Sequence Completed")
        stage.act("ping", "-c", "5", "-i", "0.2", "-W", "1", theirs)
        here.stop()
        there.stop()


@negative("coturn", "turnserver", "turnutils_uclient", "turnutils_stunclient")
def stun(stage: Stage) -> None:
    """STUN requests, and voice-like streams through TURN."""
    stage.serve(
        "turnserver", "-n", "-L", OUTSIDE, "-z", "--no-cli", "--no-tls", "--no-dtls", "-l", "stdout", "--no-stdout-log",
        "--pidfile", f"{stage.outside.folder}/pid", "-b", f"{stage.outside.folder}/db",
    )  # fmt: skip
    time.sleep(1)
    stage.label("stun and voice", None, transport="udp")
    stage.label("stun and voice", None)
    stage.loop(f"timeout 3 turnutils_stunclient {OUTSIDE}", 60)
    stage.act("timeout", "15", "turnutils_uclient", "-m", "24", "-n", "20", "-y", "-z", "20", OUTSIDE)
    stage.act("timeout", "15", "turnutils_uclient", "-t", "-m", "8", "-n", "20", "-y", "-z", "20", OUTSIDE)


BROWSE = """
import socket, sys
server = (sys.argv[1], 8303)
for n in range(120):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.settimeout(0.1)
        token = bytes([n]) * 4
        ours.sendto(b"\\x04\\x00\\x00" + b"\\xff" * 4 + b"\\x05" + token + bytes(512), server)
        try:
            theirs = ours.recv(2000)[8:12]
            ours.sendto(b"\\x21" + theirs + token + b"\\xff" * 4 + b"gie3\\x01", server)
            ours.recv(2000)
        except OSError:
            pass
"""


@negative("teeworlds", "teeworlds-server")
def teeworlds(stage: Stage) -> None:
    """A game's server, asked by a browser of servers (the queries are ours, the answers its own)."""
    stage.serve("/usr/games/teeworlds-server", f"bindaddr {OUTSIDE}", "sv_register 0")
    time.sleep(1)
    stage.label("game", 8303, transport="udp")
    stage.act(sys.executable, "-c", BROWSE, OUTSIDE, check=True)


@negative("mosquitto", "mosquitto", "mosquitto_pub", "mosquitto_sub")
def mqtt(stage: Stage) -> None:
    """Messages through an MQTT broker."""
    config = stage.outside.folder / "conf"
    config.write_text(f"listener 1883 {OUTSIDE}\nallow_anonymous true\nuser root\n")
    stage.serve("mosquitto", "-c", str(config), "-v", says="running")
    stage.label("messages", 1883)
    stage.loop(f"mosquitto_pub -h {OUTSIDE} -t a/$n -r -m 'message $n of {stage.seed}'", 50)
    stage.loop(f"mosquitto_sub -h {OUTSIDE} -t 'a/#' -C 3 -W 2", 30)


CHAT = """
import socket, sys
for n in range(60):
    s = socket.create_connection((sys.argv[1], 6667))
    s.settimeout(0.05)
    s.sendall(b"NICK n%d\\r\\nUSER n 0 * :n\\r\\nJOIN #a\\r\\nPRIVMSG #a :magnet:?xt=urn:btih:%040d\\r\\n" % (n, n))
    try:
        s.recv(4000)
        s.recv(4000)
    except OSError:
        pass
    s.sendall(b"PRIVMSG #a :BitTorrent protocol d1:ad2:id20:\\r\\nQUIT\\r\\n")
    s.close()
"""


@negative("ngircd", "ngircd")
def irc(stage: Stage) -> None:
    """Chats over IRC, in which somebody pastes a magnet link."""
    config = stage.outside.folder / "conf"
    config.write_text(
        f"[Global]\nName=irc.example\nInfo=x\nPorts=6667\nListen={OUTSIDE}\n[Options]\nIdent=no\nDNS=no\nPAM=no\n"
    )
    stage.serve("ngircd", "-n", "-f", str(config))
    time.sleep(1)
    stage.label("messages", 6667)
    stage.act(sys.executable, "-c", CHAT, OUTSIDE, check=True)


@negative("swaks", "swaks", "aiosmtpd")
def mail(stage: Stage) -> None:
    """Letters that quote the protocol and carry a torrent."""
    stage.serve("/usr/bin/python3", "-m", "aiosmtpd", "-n", "-l", f"{OUTSIDE}:2525", "-c", "aiosmtpd.handlers.Sink")
    time.sleep(1.5)
    stage.label("mail that quotes BitTorrent", 2525)
    body = stage.inside.folder / "body"
    body.write_bytes(b"\x13BitTorrent protocol" + bytes(8) + b"d8:announce30:http://tracker.example/announcee\n")
    stage.loop(f"swaks -n --server {OUTSIDE}:2525 --from a@b.example --to c@d.example --attach @{body}", 40)


@negative("dhtnode", "dhtnode")
def opendht(stage: Stage) -> None:
    """OpenDHT, a DHT that is neither mainline's nor for files."""
    stage.serve("dhtnode", "-s", "-p", "4222")
    time.sleep(1)
    stage.label("another DHT", 4222, transport="udp")
    for number in range(20):
        here = stage.lab.start(stage.inside, "dhtnode", "-s", "-p", str(5000 + number), "-b", f"{OUTSIDE}:4222")
        time.sleep(0.8)
        here.stop()


@negative("nmap", "nmap", "nginx", "curl", "openssl")
def nmap(stage: Stage) -> None:
    """Scans of ports over TCP and UDP, with the probes of services."""
    web_server(stage.scene, stage.outside, 6881, tls=True)
    stage.label("port scan", None)
    stage.label("port scan", None, transport="udp")
    stage.act("nmap", "-n", "-Pn", "-sT", "-p", "1-2000,6881-6889", OUTSIDE)
    stage.act("timeout", "60", "nmap", "-n", "-Pn", "-sV", "--version-light", "-p", "443,6881", OUTSIDE)
    few = ("--top-ports", "150", "--max-retries", "1", "--min-rate", "100")
    stage.act("timeout", "60", "nmap", "-n", "-Pn", "-sU", *few, OUTSIDE)


def _lookalike(program: str, kind: str, count: int) -> None:
    def script(stage: Stage) -> None:
        stage.synthetic = True
        stage.serve(sys.executable, "-m", "tests.lab.lookalikes", "serve", OUTSIDE, says="ready")
        if program in UDP_PORTS:
            stage.label(kind, UDP_PORTS[program], transport="udp")
        if program in TCP_PORTS:
            stage.label(kind, TCP_PORTS[program])
        if program == "connect-scan":
            stage.label(kind, *SCANNED)
        stage.act(
            sys.executable, "-m", "tests.lab.lookalikes", program, OUTSIDE, str(stage.seed), str(count), check=True
        )

    negative(program)(script)


for _program, _kind, _count in (
    ("call", "voice", 40), ("shooter", "game", 60), ("source-query", "game", 60), ("raknet", "game", 60),
    ("messenger", "obfuscated messenger", 80), ("rlpx", "another peer-to-peer network", 80),
    ("near-misses", "near misses", 100), ("connect-scan", "port scan", 1),
):  # fmt: skip
    _lookalike(_program, _kind, _count)


@negative("libtorrent", "ip")
def dht_alone(stage: Stage) -> None:
    """Mainline DHT nodes without any torrent: found as what they are, but no file sharing."""
    stage.scene.dht_network(DHT_NODES[:8])
    mine = End(stage.inside.ip, None)
    ends = [*(End(ip, 6881) for ip in DHT_NODES), *(End(DHT_ENTRY, port) for port in DHT_PORTS)]
    stage.labels += [Label("dht", True, "libtorrent", "udp", mine, end) for end in ends]
    peers = [stage.scene.peer(stage.inside, 6881 + number, settings=DHT_SETTINGS) for number in range(3)]
    wait_until("DHT nodes", lambda: any(peer.status()["dht_nodes"] >= 3 for peer in peers), 90, 0.5)
    peers[0].tell("store", "a note to nobody")
    time.sleep(5)
