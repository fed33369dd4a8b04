"""Real clients as a run of the array wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import libtorrent as lt

from tests.lab.clients import Aria2, Client, Deluge, Peer, QBittorrent, RTorrent, Transmission
from tests.lab.scene import DHT_ENTRY, DHT_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.lab.matrix import Setup
    from tests.lab.scene import Settings
    from tests.lab.topology import Host, Lab

POLICY = {"off": lt.enc_policy.pe_disabled, "preferred": lt.enc_policy.pe_enabled, "forced": lt.enc_policy.pe_forced}
DIALERS = ("libtorrent", "qbittorrent", "deluge")
"""Clients that can be told to call a peer."""
ENTRY = (DHT_ENTRY, 6881)
INSIDE = {"4": "10.20.3.14", "6": "2001:db8:20::314"}
"""Where the client under test is."""


class Dialer(Protocol):
    """A client that can be told to call a peer."""

    def connect(self, ip: str, port: int) -> None:
        """Connect to one peer."""


def peer_settings(setup: Setup, *, calls: bool = True) -> Settings:
    """Return what a libtorrent session needs for a run; one that never ``calls`` only answers.

    Every second run in which encryption is preferred meets outsiders that insist on it, so that clients that begin in
    plaintext have to come back; and the outsiders of every second run choose plaintext once both offer it.
    """
    policy = POLICY[setup.encryption]
    both = setup.encryption == "preferred"
    level = lt.enc_level.pe_both if both else lt.enc_level.pe_rc4
    tcp, utp = setup.transport == "tcp", setup.transport == "utp"
    return {
        "allowed_enc_level": int(level), "enable_incoming_tcp": tcp, "enable_incoming_utp": utp,
        "enable_lsd": setup.discovery == "lsd", "enable_outgoing_tcp": tcp and calls,
        "enable_outgoing_utp": utp and calls, "in_enc_policy": int(policy), "out_enc_policy": int(policy),
        **(DHT_SETTINGS if setup.discovery == "dht" else {}),
    }  # fmt: skip


def outsider_settings(setup: Setup, *, calls: bool) -> Settings:
    """Return what the peer of the client under test is set to."""
    settings = peer_settings(setup, calls=calls)
    if setup.encryption == "preferred":
        insists, chooses = setup.number % 2 == 0, setup.number % 4 < 2
        settings["prefer_rc4"] = chooses
        if insists:
            settings |= {"in_enc_policy": int(POLICY["forced"]), "out_enc_policy": int(POLICY["forced"])}
    return settings


def _libtorrent(lab: Lab, host: Host, setup: Setup) -> Client:
    settings: Any = peer_settings(setup)
    return Peer(lab, host, **settings)


def _transmission(lab: Lab, host: Host, setup: Setup) -> Client:
    bound = {"bind-address-ipv4": INSIDE["4"], "bind-address-ipv6": host.ip} if setup.ip == "6" else {}
    settings: dict[str, Any] = {
        "dht-enabled": setup.discovery == "dht", "encryption": list(POLICY).index(setup.encryption),
        "lpd-enabled": setup.discovery == "lsd", "pex-enabled": setup.discovery == "pex",
        "utp-enabled": setup.transport == "utp", **bound,
    }  # fmt: skip
    return Transmission(lab, host, bootstrap=[ENTRY] if setup.discovery == "dht" else (), **settings)


def _qbittorrent(lab: Lab, host: Host, setup: Setup) -> Client:
    encryption = {"off": "2", "preferred": "0", "forced": "1"}[setup.encryption]
    return QBittorrent(
        lab, host, BTProtocol=setup.transport.upper(), Encryption=encryption,
        DHTEnabled=_yes(setup.discovery == "dht"), LSDEnabled=_yes(setup.discovery == "lsd"),
        PeXEnabled=_yes(setup.discovery == "pex"),
    )  # fmt: skip


def _aria2(lab: Lab, host: Host, setup: Setup) -> Client:
    forced = ("--bt-require-crypto=true", "--bt-min-crypto-level=arc4", "--bt-force-encryption=true")
    # It asks UDP trackers over the DHT's socket, and not at all without one.
    socket = ("--enable-dht=true", "--dht-listen-port=6890", f"--dht-file-path={host.folder}/dht.dat")
    options = (
        *(forced if setup.encryption == "forced" else ()),
        *(socket if setup.discovery in {"dht", "udp"} else ()),
        *((f"--dht-entry-point={DHT_ENTRY}:6881",) if setup.discovery == "dht" else ()),
        *(("--bt-enable-lpd=true",) if setup.discovery == "lsd" else ()),
        f"--enable-peer-exchange={_yes(setup.discovery == 'pex')}",
    )
    return Aria2(lab, host, 6890, *options)


def _rtorrent(lab: Lab, host: Host, setup: Setup) -> Client:
    encryption = {
        "off": "none",
        "preferred": "allow_incoming,try_outgoing,enable_retry",
        "forced": "require,require_rc4,allow_incoming,try_outgoing",
    }[setup.encryption]
    dht = (
        "dht.mode.set = auto", "dht.port.set = 6996",
        f'schedule2 = node, 5, 20, "dht.add_node={DHT_ENTRY}:6881"',
    )  # fmt: skip
    settings = (
        f"protocol.encryption.set = {encryption}",
        f"protocol.pex.set = {_yes(setup.discovery == 'pex')}",
        *(dht if setup.discovery == "dht" else ()),
    )
    return RTorrent(lab, host, 6995, *settings, delay=45 if setup.discovery == "dht" else 1)


def _deluge(lab: Lab, host: Host, setup: Setup) -> Client:
    policy = {"forced": 0, "preferred": 1, "off": 2}[setup.encryption]
    return Deluge(
        lab, host, dht=setup.discovery == "dht", lsd=setup.discovery == "lsd", utpex=setup.discovery == "pex",
        enc_in_policy=policy, enc_out_policy=policy, enc_level=2 if setup.encryption == "preferred" else 1,
    )  # fmt: skip


def _yes(wanted: bool) -> str:
    return "true" if wanted else "false"


CLIENTS: Mapping[str, Callable[[Lab, Host, Setup], Client]] = {
    "libtorrent": _libtorrent, "transmission": _transmission, "qbittorrent": _qbittorrent, "aria2": _aria2,
    "rtorrent": _rtorrent, "deluge": _deluge,
}  # fmt: skip
PORTS = {
    "libtorrent": 6881,
    "transmission": 51413,
    "qbittorrent": 26881,
    "aria2": 6890,
    "rtorrent": 6995,
    "deluge": 58000,
}
"""Where each listens for peers."""
