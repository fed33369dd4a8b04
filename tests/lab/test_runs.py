"""Runs of the laboratory, and what an audit says of them: a chosen part (``lab``), or all (``lab_full``)."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab import negatives, runs
from tests.lab.accuracy import measure
from tests.lab.clients import SEARCH
from tests.lab.labels import read
from tests.lab.matrix import CHOSEN, setups
from tests.lab.record import insist, unexplained

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.join import Verdict
    from tests.lab.matrix import Setup
    from tests.lab.negatives import Negative

BASE = ("ip", "ethtool", "tcpdump", "nft", "conntrack", "curl", "dnsmasq", "opentracker", "ss")
INSTALLED_AS = {
    "libtorrent": (), "transmission": ("transmission-daemon",), "qbittorrent": ("qbittorrent-nox",),
    "aria2": ("aria2c",), "rtorrent": ("rtorrent",), "deluge": ("deluged", "deluge-console"),
}  # fmt: skip
PACKAGES = {
    "aria2c": "aria2", "dig": "bind9-dnsutils", "dnsmasq": "dnsmasq-base", "gtlsclient": "ngtcp2-client",
    "gtlsserver": "ngtcp2-server", "ip": "iproute2", "mosquitto_pub": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients", "nft": "nftables", "nginx": "nginx-light", "ping": "iputils-ping",
    "ss": "iproute2", "ss-local": "shadowsocks-libev", "ss-server": "shadowsocks-libev", "ssh": "openssh-client",
    "sshd": "openssh-server", "turnserver": "coturn", "turnutils_stunclient": "coturn", "turnutils_uclient": "coturn",
    "wg": "wireguard-tools", "aiosmtpd": "python3-aiosmtpd",
}  # fmt: skip
"""Packages whose name is not the program's."""
PART = ("curl", "dnsmasq", "openssl", "shadowsocks", "messenger", "near-misses", "rlpx", "libtorrent", "call", "raknet")
"""The negatives that continuous integration makes, of one seed."""


def need(*programs: str) -> None:
    """Skip, naming what is missing."""
    if os.geteuid():
        pytest.skip("needs root")
    if missing := sorted({PACKAGES.get(each, each) for each in programs if not shutil.which(each, path=SEARCH)}):
        pytest.skip(f"needs the Debian packages {', '.join(missing)}")


def verdicts(folder: Path) -> list[Verdict]:
    """Return what an audit made of every flow of a folder."""
    return [verdict for half in measure(folder).values() for verdict in half.verdicts]


def check_run(setup: Setup, folder: Path) -> None:
    """A client downloads; every flow is known; plaintext is found, and no infohash is ever wrong."""
    need(*BASE, *INSTALLED_AS[setup.client])

    assert insist(setup.name, lambda: runs.record(setup, folder))

    assert read(folder / f"{setup.name}.labels.json").finished
    assert unexplained(folder, setup.name) == []
    found = verdicts(folder)
    plain = [each for each in found if each.cell.name == "peer over TCP, plaintext"]
    assert {each.label.kind for each in found} & {"peer", "utp"}
    assert all(each.confidence == "confirmed" and each.read for each in plain)
    assert all(each.read | each.inferred <= set(each.label.infohashes) for each in found)


def check_negative(what: Negative, seed: int, folder: Path) -> None:
    """Every flow is known, and none is taken for BitTorrent's at ``likely`` or better, unless it is the DHT's."""
    need(*BASE, *what.needs)

    assert insist(what.program, lambda: negatives.record(what, seed, folder))

    assert unexplained(folder, f"not-{what.program}-seed{seed}") == []
    found = verdicts(folder)
    assert found
    assert not [each for each in found if not each.label.bittorrent and each.confidence in {"confirmed", "likely"}]


@pytest.mark.lab
@pytest.mark.parametrize("setup", [setups()[number] for number in CHOSEN], ids=lambda setup: setup.name)
def test_a_chosen_run(setup: Setup, tmp_path: Path) -> None:
    """A dozen of the array."""
    check_run(setup, tmp_path)


@pytest.mark.lab
@pytest.mark.parametrize("program", PART)
def test_a_chosen_negative(program: str, tmp_path: Path) -> None:
    """A part of the programs."""
    check_negative(negatives.CATALOGUE[program], 0, tmp_path)


@pytest.mark.lab_full
@pytest.mark.parametrize("setup", setups(), ids=lambda setup: setup.name)
def test_every_run(setup: Setup, tmp_path: Path) -> None:
    """The whole array."""
    check_run(setup, tmp_path)


@pytest.mark.lab_full
@pytest.mark.parametrize("seed", negatives.TWO_SEEDS)
@pytest.mark.parametrize("program", negatives.CATALOGUE)
def test_every_negative(program: str, seed: int, tmp_path: Path) -> None:
    """Every program, with both seeds."""
    check_negative(negatives.CATALOGUE[program], seed, tmp_path)


def test_the_chosen_runs_have_every_value_of_every_factor() -> None:
    """A part for every day that leaves nothing out by itself."""
    chosen = [setups()[number] for number in CHOSEN]
    for factor in ("client", "encryption", "transport", "discovery", "version", "ip", "nat"):
        assert {getattr(setup, factor) for setup in chosen} == {getattr(setup, factor) for setup in setups()}, factor


def test_pex_names_the_seed_in_clear_only_where_the_client_and_the_go_between_talk_so() -> None:
    """What the two outsiders speak among themselves is heard by nobody."""
    setup = replace(setups()[45], discovery="pex", encryption="preferred")

    def named(spoken: str) -> bool:
        def peer(ip: str, *met: tuple[str, str]) -> SimpleNamespace:
            reports = [{"utp": False, "local": ["", 6881], "remote": [to, 9], "encryption": how} for to, how in met]
            return SimpleNamespace(host=SimpleNamespace(ip=ip), status=lambda: {"connections": reports})

        seed = peer("192.0.2.1", ("10.20.3.14", "rc4"))
        mate = peer("192.0.2.2", ("192.0.2.1", "plaintext"), ("10.20.3.14", spoken))
        here, torrent = SimpleNamespace(ip="10.20.3.14"), SimpleNamespace(wire=())
        run: Any = SimpleNamespace(setup=setup, outsiders=[seed, mate], seed=seed, inside=here, torrent=torrent)
        return next(label.named for label in runs._reported(run, {}))

    assert [named(spoken) for spoken in ("rc4", "plaintext", "none")] == [False, True, True]
