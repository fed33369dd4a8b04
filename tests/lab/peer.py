"""One or more libtorrent sessions as a program: commands in on stdin, answers out on stdout, one JSON line each.

Started in a namespace by :class:`tests.lab.clients.Peer`, which documents the commands. What it answers is what
libtorrent itself reports; nothing is read off the wire.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import libtorrent as lt

PLAIN = {
    "alert_mask": lt.alert.category_t.all_categories,
    "alert_queue_size": 100_000,
    "allow_multiple_connections_per_ip": True,
    "anonymous_mode": False,
    "dht_enforce_node_id": False,
    "dht_ignore_dark_internet": False,
    "dht_prefer_verified_node_ids": False,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "enable_dht": False,
    "enable_incoming_utp": False,
    "enable_lsd": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "enable_upnp": False,
    "in_enc_policy": int(lt.enc_policy.pe_disabled),
    "min_reconnect_time": 1,
    "out_enc_policy": int(lt.enc_policy.pe_disabled),
    "ssrf_mitigation": False,
}
"""Plaintext over TCP, no discovery, at home in a network of documentation ranges."""

CONNECTION = re.compile(r"(?:<<<|>>>) CONNECTION \[.* type: (\S+) .*local: (\S+):(\d+) ")
SELECTED = re.compile(r"crypto select *: *\[? *(plaintext|rc4)")
RECEIVED = "<== HANDSHAKE [ BitTorrent protocol"
"""What libtorrent's log says of a connection: its ends, the cipher, a handshake that has come."""


class Node:
    """One session and what it has reported so far."""

    def __init__(self, settings: dict[str, Any]) -> None:
        pack: Any = {**PLAIN, **settings}
        self.session = lt.session(pack)
        self.connects: list[list[Any]] = []
        self.connections: list[dict[str, Any]] = []
        self.announces: list[list[Any]] = []
        self.lookups: list[list[Any]] = []
        self.tracked = 0
        self.dht_nodes = 0

    def add(self, torrent: str, folder: str) -> None:
        """Take part in a swarm; what ``folder`` already holds is checked and seeded."""
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(torrent)
        parameters.save_path = folder
        parameters.flags &= ~lt.torrent_flags.auto_managed & ~lt.torrent_flags.paused
        self.session.add_torrent(parameters)

    def magnet(self, link: str, folder: str) -> None:
        """Take part in a swarm of which only a magnet link is known (BEP 9)."""
        parameters = lt.parse_magnet_uri(link)
        parameters.save_path = folder
        parameters.flags &= ~lt.torrent_flags.auto_managed & ~lt.torrent_flags.paused
        self.session.add_torrent(parameters)

    def remove(self) -> None:
        """Leave every swarm."""
        for handle in self.session.get_torrents():
            self.session.remove_torrent(handle)

    def connect(self, ip: str, port: int) -> None:
        """Connect to a peer, in every swarm."""
        for handle in self.session.get_torrents():
            handle.connect_peer((ip, port))

    def lookup(self, infohash: str) -> None:
        """Ask the DHT for peers, without announcing."""
        self.session.dht_get_peers(lt.sha1_hash(bytes.fromhex(infohash)))

    def store(self, text: str) -> None:
        """Put an immutable item into the DHT (BEP 44)."""
        self.session.dht_put_immutable_item(text)

    def router(self, ip: str, port: int) -> None:
        """Tell the DHT of a node."""
        self.session.add_dht_node((ip, port))

    def limit(self, download: int) -> None:
        """Limit the download rate, in bytes a second; 0 is none."""
        self.session.apply_settings({"download_rate_limit": download})

    def refuse(self, first: str, last: str) -> None:
        """Have nothing to do with a range of addresses."""
        ranges = lt.ip_filter()
        ranges.add_rule(first, last, 1)
        self.session.set_ip_filter(ranges)

    def status(self) -> dict[str, Any]:
        """Report transfers, connections and the DHT as libtorrent counts them."""
        self.session.post_session_stats()
        self._drain()
        torrents = {}
        for handle in self.session.get_torrents():
            state = handle.status()
            torrents[str(handle.info_hashes().get_best())] = {
                "downloaded": state.total_payload_download,
                "uploaded": state.total_payload_upload,
                "seeding": state.is_seeding,
                "checking": str(state.state).startswith("check"),
                "peers": [[peer.ip[0], peer.ip[1], peer.total_download, peer.total_upload]
                          for peer in handle.get_peer_info()],
            }  # fmt: skip
        return {
            "torrents": torrents,
            "dht_nodes": self.dht_nodes,
            "tracked": self.tracked,
            "connects": self.connects,
            "connections": self.connections,
            "announces": self.announces,
            "lookups": self.lookups,
        }

    def _log(self, remote: tuple[str, int], words: str) -> None:
        """Learn from libtorrent's log of a connection what carried it and what the two agreed on."""
        if found := CONNECTION.search(words):
            carrier, address, port = found.groups()
            local = [address.strip("[]"), int(port)]
            self.connections.append(
                {"remote": list(remote), "local": local, "utp": carrier == "uTP", "encryption": None}
            )
        elif mine := [each for each in self.connections if each["remote"] == list(remote)]:
            if chosen := SELECTED.search(words):
                mine[-1]["encryption"] = chosen[1]
            elif RECEIVED in words and mine[-1]["encryption"] is None:
                mine[-1]["encryption"] = "none"

    def _drain(self) -> None:
        for alert in self.session.pop_alerts():
            if isinstance(alert, lt.peer_connect_alert):
                self.connects.append(list(alert.endpoint))
            elif isinstance(alert, lt.dht_announce_alert):
                self.announces.append([str(alert.ip), alert.port, str(alert.info_hash)])
            elif isinstance(alert, lt.tracker_reply_alert):
                self.tracked += 1
            elif isinstance(alert, lt.session_stats_alert):
                self.dht_nodes = int(alert.values["dht.dht_nodes"])
            elif isinstance(alert, lt.peer_log_alert):
                self._log(alert.endpoint, alert.message())
            elif isinstance(alert, lt.dht_outgoing_get_peers_alert):
                self.lookups.append([*alert.endpoint, str(alert.info_hash)])


def main() -> None:
    """Serve commands ``[session number, command, arguments...]`` until stdin ends."""
    nodes = [Node(settings) for settings in json.loads(sys.argv[1])]
    for line in sys.stdin:
        number, command, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(getattr(nodes[number], command)(*arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
