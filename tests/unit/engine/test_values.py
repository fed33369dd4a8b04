"""The engine's values as the domain's types."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, get_args

from auditor.engine import CapturePath, Options, sight, values
from auditor.model.fact import Fact, Handshake, Messages
from auditor.model.infohash import Infohash
from tests.build import START, find_node, krpc_reply, tcp_stream, udp_exchange, write_pcap
from tests.build.torrent import Torrent, magnet_talk
from tests.unit.engine.traffic import EMPLOYEE, INFOHASH, INSIDE, PEER, PEER_ID, download

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kind_of_fact_can_come_over() -> None:
    """Each by its type's name in the engine's spelling: one that is missing would end an audit."""
    kinds = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower() for kind in get_args(Fact)}

    assert set(values._FACTS) == kinds


def test_a_flow_comes_over_with_its_ends_amounts_and_facts(tmp_path: Path) -> None:
    """Plain values become the domain's types."""
    capture = CapturePath(str(download(tmp_path / "a.pcap", vlan=(30,))), "office")

    sighting = sight([capture], Options(INSIDE))

    [info], [flow] = sighting.captures, sighting.flows
    assert (info.vantage, info.truncated, info.error) == ("office", False, None)
    assert (flow.transport, flow.vantage, flow.vlan, flow.first) == ("tcp", "office", (30,), START)
    assert (flow.orig.ip, flow.orig.port, flow.resp.ip) == (ip_address("10.20.0.5"), 51000, ip_address("198.51.100.7"))
    assert flow.bytes == (68 + 17, 68 + 13 + 1000)
    own = next(o for o in flow.observations if o.end == "orig" and isinstance(o.fact, Handshake))
    assert own.fact == Handshake(Infohash(INFOHASH), PEER_ID, own.fact.reserved)  # type: ignore[union-attr]
    sent = next(o.fact for o in flow.observations if o.end == "resp" and isinstance(o.fact, Messages))
    assert (sent.pieces, sent.piece_bytes, sent.partial) == (1, 1000, False)


def test_an_activity_is_the_inside_host_s(tmp_path: Path) -> None:
    """Its nodes, queries and minutes, not the other end's."""
    node, other = b"n" * 20, b"o" * 20
    exchange = udp_exchange(
        EMPLOYEE, PEER, [("orig", find_node(node, other)), ("resp", krpc_reply({b"id": other, b"nodes": b""}))]
    )
    capture = CapturePath(str(write_pcap(tmp_path / "a.pcap", exchange)), "office")

    [activity] = sight([capture], Options(INSIDE)).activities

    assert (activity.endpoint.ip, activity.nodes) == (ip_address("10.20.0.5"), 1)
    assert (dict(activity.queries_out), activity.replies_in, activity.replies_out) == ({"find_node": 1}, 1, 0)
    assert activity.node_ids == (node,)


def test_pieces_are_verified_by_what_was_known_beforehand(tmp_path: Path) -> None:
    """A listed .torrent file proves what passed, though no metadata passed."""
    torrent = Torrent({"a": b"1" * 20_000})
    capture = write_pcap(tmp_path / "talk.pcap", tcp_stream(EMPLOYEE, PEER, magnet_talk(torrent, told=b"")))
    path = CapturePath(str(capture), "default")

    [unknown] = sight([path], Options(INSIDE)).flows
    whole = sight([path], Options(INSIDE, known=(torrent.info,)))

    [known] = whole.flows
    assert unknown.verified == ()
    assert [(v.end, v.verified) for v in known.verified] == [("resp", (2, 20_000))]
    assert [seen.info for seen in whole.torrents] == [torrent.info]
