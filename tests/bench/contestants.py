"""Who runs: this project, its peers and the limits, each as a whole command with its version."""

from __future__ import annotations

import platform
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
CAPTURE = "{capture}"  # where a command takes the capture's path

HASHED, UNHASHED, BASELINE = "auditor", "auditor --no-hash", "ndpiReader"
HASH_ALONE = "limit: SHA-256 of the file alone"
"""The contestants that the bars speak of."""

_TSHARK_FIELDS = ("frame.number", "ip.src", "ip.dst", "bittorrent.info_hash", "bt-dht.bencoded.string")


@dataclass(frozen=True, slots=True)
class Contestant:
    """One command to measure.

    ``slice`` is how many packets it gets where a whole capture would take minutes; ``once`` spares it the repeats.
    """

    name: str
    command: tuple[str, ...]
    version: str
    slice: int | None = None
    once: bool = False

    @property
    def own(self) -> bool:
        """Whether this is the project itself."""
        return self.name.startswith(HASHED)

    def on(self, capture: Path) -> list[str]:
        """Return the command for ``capture``."""
        return [str(capture) if word == CAPTURE else word for word in self.command]

    @property
    def shown(self) -> str:
        """The command as words to read: programs and scripts by name, wherever they lie on this machine."""
        return " ".join(
            shlex.quote(Path(word).name if word.startswith("/") else word) for word in self.on(Path("CAPTURE"))
        )


@dataclass(frozen=True, slots=True)
class Field:
    """All who can run on this machine, and why the others cannot."""

    contestants: list[Contestant]
    absent: list[str]


def find(auditor: str | None, build: Path) -> Field:
    """Return the contestants that this machine has; the C ones are compiled into ``build``."""
    field = Field([], [])
    _add_project(field, auditor)
    _add_programs(field)
    _add_python(field)
    _add_compiled(field, build)
    field.contestants.append(hash_alone(shutil.which("openssl")))
    return field


def project_command(auditor: str | None) -> list[str] | None:
    """Return the words of the auditor's command: as given, or beside this Python, or on the path."""
    if auditor:
        return shlex.split(auditor)
    beside = Path(sys.executable).parent / "auditor"
    found = str(beside) if beside.exists() else shutil.which("auditor")
    return [found] if found else None


def _add_project(field: Field, auditor: str | None) -> None:
    words = project_command(auditor)
    if words is None:
        field.absent.append("auditor: no such command; install this project first")
        return
    version = first_line([*words, "--version"])
    audit = (*words, "audit", "--exit-zero")
    field.contestants.extend(
        (
            Contestant(HASHED, (*audit, "--jobs", "1", CAPTURE), version),
            Contestant(UNHASHED, (*audit, "--jobs", "1", "--no-hash", CAPTURE), version),
            Contestant("auditor --jobs 2", (*audit, "--jobs", "2", CAPTURE), version),
            Contestant("auditor --jobs 2 --no-hash", (*audit, "--jobs", "2", "--no-hash", CAPTURE), version),
        )
    )


def _add_programs(field: Field) -> None:
    if path := shutil.which("ndpiReader"):
        version = first_line([path, "-h"]).removeprefix("Welcome to ")
        field.contestants.append(Contestant(BASELINE, (path, "-q", "-i", CAPTURE), version))
    else:
        field.absent.append("ndpiReader: install Debian's libndpi-bin")
    if path := shutil.which("tshark"):
        select = ("--enable-heuristic", "bittorrent_dht_udp", "-Y", "bittorrent.info_hash or bt-dht", "-T", "fields")
        fields = (word for name in _TSHARK_FIELDS for word in ("-e", name))
        command = (path, "-n", "-r", CAPTURE, *select, *fields)
        version = first_line([path, "--version"]).partition(" (Git")[0]
        field.contestants.append(Contestant("tshark", command, version, 500_000, once=True))
    else:
        field.absent.append("tshark: install Debian's tshark")


def _add_python(field: Field) -> None:
    for name, packets in (("dpkt", 500_000), ("scapy", 50_000)):
        try:
            version = f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            field.absent.append(f"{name}: pip install {name}")
            continue
        command = (sys.executable, str(PEERS / f"{name}_walk.py"), CAPTURE)
        field.contestants.append(Contestant(name, command, version, packets, once=True))


def _add_compiled(field: Field, build: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        field.absent.append("walk, nDPI library: no C compiler")
        return
    build.mkdir(parents=True, exist_ok=True)
    version = first_line([compiler, "--version"])
    if _compile(compiler, "ndpi_bittorrent", build, "-I/usr/include/ndpi", libraries=("-lndpi",)):
        command = (str(build / "ndpi_bittorrent"), CAPTURE)
        field.contestants.append(Contestant("nDPI library, BitTorrent alone", command, "peers/ndpi_bittorrent.c"))
    else:
        field.absent.append("nDPI library, BitTorrent alone: install Debian's libndpi-dev")
    if _compile(compiler, "walk", build):
        for name, mode in (("walk with a flow table, in C", "flows"), ("walk over the records, in C", "records")):
            field.contestants.append(Contestant(name, (str(build / "walk"), mode, CAPTURE), version))
    else:
        field.absent.append("walk: its compilation failed")


def _compile(compiler: str, name: str, build: Path, *options: str, libraries: tuple[str, ...] = ()) -> bool:
    command = [compiler, "-std=gnu11", "-O2", *options, "-o", str(build / name), str(PEERS / f"{name}.c"), *libraries]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def hash_alone(openssl: str | None) -> Contestant:
    """Return who computes the SHA-256 of a capture alone: nobody who does so as well can be quicker."""
    if openssl:
        return Contestant(HASH_ALONE, (openssl, "dgst", "-sha256", CAPTURE), first_line([openssl, "version"]))
    command = (sys.executable, str(PEERS / "sha256_alone.py"), CAPTURE)
    return Contestant(HASH_ALONE, command, f"hashlib of Python {platform.python_version()}")


def first_line(command: list[str]) -> str:
    """Return the first line that ``command`` prints, or why there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no version: {error}"
    lines = [line.strip() for line in (done.stdout or done.stderr).splitlines() if line.strip()]
    return lines[0] if lines else "no version"
