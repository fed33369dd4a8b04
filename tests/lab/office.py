"""The ordinary traffic of an office: web, names, mail-like sessions, file copies, leases, clocks, calls."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.process import run, wait_until

if TYPE_CHECKING:
    from tests.lab.scene import Scene
    from tests.lab.topology import Host

SITES = {
    "intranet.example": "198.51.100.80", "news.example": "198.51.100.80", "shop.example": "198.51.100.80",
    "files.example": "192.0.2.22", "time.example": "192.0.2.123", "calls.example": "192.0.2.123",
    "router.bittorrent.com": "198.51.100.90", "dht.transmissionbt.com": "198.51.100.90",
}  # fmt: skip
"""What the company's resolver answers."""
RESOLVER = {"employees": "10.20.0.1", "contractors": "10.30.0.1", "guests": "10.40.0.1"}
LOOK_ALIKE = {
    "quote.html": b"<html><body><p>The handshake is the byte 19 followed by \x13BitTorrent protocol and eight reserved "
    b"bytes; see BEP 3. A magnet link reads magnet:?xt=urn:btih:" + b"0" * 40 + b".</p></body></html>\n",
    "handshake.bin": b"\x13BitTorrent protocol"
    + bytes(8)
    + b"infohash-of-no-swarm"
    + b"-XX0000-of-no-client"
    + bytes(200),
    "settings.benc": b"d4:name9:something5:piecei7e1:q4:ping1:t2:aa1:y1:qe",
}
"""Things over HTTP that quote the protocol, or look like it, without being it."""


def web_server(scene: Scene, host: Host, port: int = 80, *, tls: bool = False) -> None:
    """Serve pages of random bytes, and the look-alikes, with nginx."""
    root = host.folder / "www"
    root.mkdir()
    for name, size in (("index.html", 3_000), ("style.css", 9_000), ("photo.jpg", 60_000), ("report.pdf", 140_000)):
        (root / name).write_bytes(hashlib.shake_256(name.encode()).digest(size))
    for name, content in LOOK_ALIKE.items():
        (root / name).write_bytes(content)
    for path in (scene.lab.folder, host.folder, root):
        path.chmod(0o755)
    listens = f"listen {port}; listen [::]:{port};"
    if tls:
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=intranet.example",
            "-keyout", str(host.folder / "key.pem"), "-out", str(host.folder / "cert.pem"))  # fmt: skip
        listens += (
            f" listen 443 ssl; ssl_certificate {host.folder}/cert.pem; ssl_certificate_key {host.folder}/key.pem;"
        )
    config = host.folder / "nginx.conf"
    config.write_text(
        f"pid {host.folder}/nginx.pid; error_log stderr; events {{}}\n"
        "http { access_log off; sendfile on;\n"
        f"client_body_temp_path {host.folder}/b; proxy_temp_path {host.folder}/p;\n"
        f"fastcgi_temp_path {host.folder}/f; uwsgi_temp_path {host.folder}/u; scgi_temp_path {host.folder}/s;\n"
        f"server {{ {listens} root {root}; }} }}\n"
    )
    scene.lab.start(host, "nginx", "-c", str(config), "-e", "stderr", "-g", "daemon off;")
    wait_until("nginx", lambda: scene.lab.run(host, "curl", "-s", f"http://127.0.0.1:{port}/quote.html", check=False))


class Office:
    """Servers outside, a resolver and DHCP on the router, and what people do with them."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.lab = scene, scene.lab
        self.web = scene.host("web", "outside", "198.51.100.80", "2001:db8:ffff::80", role="web sites")
        self.files = scene.host("files", "outside", "192.0.2.22", role="ssh and rsync server")
        self.clock = scene.host("clock", "outside", "192.0.2.123", role="time and calls")
        web_server(scene, self.web, tls=True)
        self._names_and_leases()
        self._ssh()
        self.lab.start(self.clock, sys.executable, "-m", "tests.lab.datagrams", "serve", self.clock.ip)

    def browse(self, host: Host, site: str = "news.example") -> None:
        """Read a page and what belongs to it, in the clear and over TLS."""
        self._curl(host, *(f"http://{site}/{page}" for page in ("index.html", "style.css", "photo.jpg")))
        self._curl(host, f"https://{site}/index.html", f"https://{site}/photo.jpg")

    def download(self, host: Host) -> None:
        """Fetch a document, in ranges."""
        self._curl(host, "-r", "0-69999", "http://files.example:8080/none", "http://shop.example/report.pdf")

    def read_about_bittorrent(self, host: Host) -> None:
        """Fetch what only quotes the protocol, or resembles it."""
        self._curl(host, *(f"http://news.example/{name}" for name in LOOK_ALIKE))
        self.lab.run(host, "getent", "hosts", "router.bittorrent.com", check=False)

    def work_remotely(self, host: Host) -> None:
        """Run commands over ssh, and copy files with scp and rsync."""
        keys = [
            "-i",
            str(self.files.folder / "id"),
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]
        there = "root@files.example"
        self.lab.run(host, "ssh", *keys, "-p", "2222", there, "ls -l / && uptime", check=False)
        source = host.folder / "slides.bin"
        source.write_bytes(hashlib.shake_256(host.name.encode()).digest(40_000))
        self.lab.run(
            host, "scp", "-q", *keys, "-P", "2222", str(source), f"{there}:{self.files.folder}/in", check=False
        )
        self.lab.run(host, "rsync", "-rt", str(source), f"rsync://files.example/share/{host.name}")

    def renew(self, host: Host) -> None:
        """Ask for a lease as a machine that boots does; the answer is not applied."""
        leases, pid = host.folder / "leases", host.folder / "dhclient.pid"
        self.lab.run(host, "dhclient", "-4", "-1", "-sf", "/bin/true", "-lf", str(leases), "-pf", str(pid), "eth0")
        self.lab.run(
            host, "dhclient", "-4", "-x", "-sf", "/bin/true", "-lf", str(leases), "-pf", str(pid), "eth0", check=False
        )

    def talk(self, host: Host) -> None:
        """Set the clock (NTP) and make a call (RTP-like and random datagrams)."""
        self.lab.run(host, sys.executable, "-m", "tests.lab.datagrams", "talk", self.clock.ip)

    def _curl(self, host: Host, *argv: str) -> None:
        sink = [word for url in argv if "://" in url for word in ("-o", "/dev/null")]
        self.lab.run(host, "curl", "-sk", "--max-time", "10", *sink, *argv, check=False)

    def _names_and_leases(self) -> None:
        records = [f"--address=/{name}/{ip}" for name, ip in SITES.items()]
        ranges = [f"--dhcp-range={net}.200.10,{net}.200.250,255.255.0.0,12h" for net in ("10.20", "10.30", "10.40")]
        self.lab.start(
            None, "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--no-resolv", "--no-hosts",
            "--conf-file=/dev/null", "--user=root",
            f"--pid-file={self.lab.folder}/dnsmasq.pid", f"--dhcp-leasefile={self.lab.folder}/leases",
            "--dhcp-authoritative", "--no-ping", "--address=/#/", *records, *ranges,
        ).expect("started")  # fmt: skip

    def _ssh(self) -> None:
        folder = self.files.folder
        for name in ("host", "id"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        (folder / "share").mkdir()
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        sshd = folder / "sshd_config"
        sshd.write_text(
            f"Port 2222\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/id.pub\nStrictModes no\nUsePAM no\n"
            f"PidFile {folder}/sshd.pid\nPermitRootLogin yes\nSubsystem sftp internal-sftp\nPrintMotd no\n"
        )
        self.lab.start(self.files, "/usr/sbin/sshd", "-D", "-e", "-f", str(sshd)).expect("Server listening")
        rsyncd = folder / "rsyncd.conf"
        rsyncd.write_text(
            f"uid = root\ngid = root\nuse chroot = no\npid file = {folder}/rsyncd.pid\nlog file = {folder}/rsyncd.log\n"
            f"[share]\npath = {folder}/share\nread only = no\n"
        )
        self.lab.start(self.files, "rsync", "--daemon", "--no-detach", f"--config={rsyncd}")
