"""Which half is for tuning and which for measuring alone, so that no detector is made to fit what it is measured on.

A flow is set aside if its program is, or if the seed of its run is odd: of clients and programs in equal parts that
leaves about a quarter open. Programs were halved within each family before a detector was measured on these runs, so
that a measure always has implementations that nobody tuned on. Of the clients, those that the published signatures of
obfuscated handshakes were drawn from (libtorrent's own sessions, Transmission, aria2) are open. The others are not
unheard of: ``samples/`` has qBittorrent and rTorrent in plaintext, which the first detectors were tested on; and
qBittorrent and Deluge are built on libtorrent, so that rTorrent alone is of another family.

Tools print no flow of the set-aside half unless ``--reveal`` is given; who reveals it has spent it, and halves anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN: Mapping[str, tuple[str, ...]] = {
    "clients": ("libtorrent", "transmission", "aria2"),
    "web": ("curl", "ngtcp2"),
    "names and sessions": ("dnsmasq", "ssh"),
    "bulk": ("iperf3",),
    "tunnels": ("shadowsocks", "wireguard-go"),
    "calls and games": ("call", "shooter", "raknet"),
    "messages": ("messenger", "mosquitto"),
    "other": ("near-misses", "connect-scan"),
}
SET_ASIDE: Mapping[str, tuple[str, ...]] = {
    "clients": ("qbittorrent", "rtorrent", "deluge"),
    "web": ("openssl", "wget"),
    "names and sessions": ("dig", "ngircd"),
    "bulk": ("rsync",),
    "tunnels": ("obfs4proxy", "openvpn"),
    "calls and games": ("coturn", "teeworlds", "source-query"),
    "messages": ("swaks", "rlpx"),
    "other": ("dhtnode", "nmap"),
}


def is_set_aside(program: str, seed: int) -> bool:
    """Whether flows of a program, in a run of this seed, are for measuring alone.

    Raises:
        ValueError: if the program has no half yet.
    """
    aside, known = ({name for family in half.values() for name in family} for half in (SET_ASIDE, OPEN))
    if program not in aside | known:
        raise ValueError(f"{program} belongs to neither half: give it one in {__name__}")
    return program in aside or seed % 2 == 1
