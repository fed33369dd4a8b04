"""The engine finds what an oracle finds that shares no code with it: Scapy decodes, and whole streams are kept."""

from __future__ import annotations

from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import engine
from auditor.engine import CapturePath, Options
from auditor.model.fact import Handshake, Messages
from auditor.policy.evaluate import Policy
from auditor.policy.load import load
from tests.build import (
    End,
    Frame,
    announce_peer,
    find_node,
    get_peers,
    handshake,
    krpc_error,
    krpc_reply,
    message,
    pcapng,
    piece,
    ping,
    request,
    tcp_stream,
    udp_exchange,
)
from tests.oracle import Facts, observe
from tests.oracle.packets import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.model.activity import Activity
    from auditor.model.capture import Sighting
    from auditor.model.fact import Fact
    from tests.build.frames import Side
    from tests.oracle import Node

ROOT = Path(__file__).parents[2]
READABLE = [path for path in sorted((ROOT / "samples").glob("*.pcap*")) if path.suffix != ".zst"]
"""The oracle reads no zstd."""


def sight(path: Path, policy: Policy) -> Sighting:
    """Return all that the engine sees."""
    ours = (*policy.inside_networks, *policy.egress_networks)
    return engine.sight([CapturePath(str(path), "default")], Options(inside=ours, dht_flows=True))


def told(sighting: Sighting) -> Iterator[tuple[Way, Fact]]:
    """Yield the engine's facts with who sent to whom."""
    for flow in sighting.flows:
        for observation in flow.observations:
            sender, receiver = flow.orig, flow.resp
            if observation.end == "resp":
                sender, receiver = receiver, sender
            yield Way(str(sender.ip), sender.port, str(receiver.ip), receiver.port), observation.fact


def assert_same_handshakes(sighting: Sighting, facts: Facts) -> None:
    """Each direction's infohash and peer id."""
    found = {
        (*way, str(fact.infohash), fact.peer_id.hex()) for way, fact in told(sighting) if isinstance(fact, Handshake)
    }

    assert found == {tuple(each) for each in facts.handshakes}


def assert_same_pieces(sighting: Sighting, facts: Facts) -> None:
    """Pieces and their bytes, by direction; at least as many where the oracle lacks bytes, such as of fragments."""
    pieces = dict.fromkeys(facts.pieces, (0, 0))
    for way, fact in told(sighting):
        if isinstance(fact, Messages):
            count, size = pieces.get(way, (0, 0))
            pieces[way] = (count + fact.pieces, size + fact.piece_bytes)

    assert pieces.keys() == facts.pieces.keys()
    for way, wanted in facts.pieces.items():
        assert pieces[way] == (wanted.count, wanted.size) or (wanted.partial and pieces[way][1] >= wanted.size), way


def assert_same_talk_with_the_dht(sighting: Sighting, facts: Facts, policy: Policy) -> None:
    """Of each inside address and port: queries by method, replies, errors, infohashes and partners."""
    found = {(str(each.endpoint.ip), each.endpoint.port): _of_activity(each) for each in sighting.activities}
    wanted = {end: _of_node(node) for end, node in facts.dht.items() if policy.is_inside(ip_address(end[0]))}

    assert found == wanted


def _of_activity(activity: Activity) -> dict[str, Any]:
    return {
        "queries_out": dict(activity.queries_out),
        "queries_in": dict(activity.queries_in),
        "replies_out": activity.replies_out,
        "replies_in": activity.replies_in,
        "errors_out": activity.errors_out,
        "errors_in": activity.errors_in,
        "announced": {str(target.infohash) for target in activity.announced},
        "looked_up": {str(target.infohash) for target in activity.looked_up},
        "partners": activity.nodes,
    }


def _of_node(node: Node) -> dict[str, Any]:
    counts = {"queries_out": dict(node.queries_out), "queries_in": dict(node.queries_in)}
    return asdict(node) | counts | {"partners": len(node.partners)}


@pytest.mark.slow
@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name.partition(".")[0])
def test_engine_and_oracle_agree_on_samples(path: Path) -> None:
    """What real clients sent."""
    policy = load(ROOT / "policies" / "corporate.yaml")
    sighting, facts = sight(path, policy), observe(path)

    assert_same_handshakes(sighting, facts)
    assert_same_pieces(sighting, facts)
    assert_same_talk_with_the_dht(sighting, facts, policy)


NAMES = st.sampled_from([b"a" * 20, b"\x00" * 20, bytes(range(20))])
MESSAGES = st.one_of(
    st.builds(piece, st.integers(0, 9), st.just(0), st.binary(max_size=40).map(lambda data: data * 50)),
    st.builds(request, st.integers(0, 9), st.just(0)),
    st.builds(message, st.sampled_from([0, 1, 2, 3, 14])),
    st.builds(message, st.sampled_from([5, 20, 77]), st.binary(min_size=1, max_size=30)),
    st.builds(message, st.just(4), st.binary(min_size=4, max_size=4)),
    st.just(bytes(4)),
    st.just(b"250 OK\r\n"),
)
DATAGRAMS: st.SearchStrategy[bytes] = st.one_of(
    st.builds(ping, NAMES),
    st.builds(find_node, NAMES, NAMES),
    st.builds(get_peers, NAMES, NAMES),
    st.builds(announce_peer, NAMES, NAMES, st.integers(0, 65535), st.binary(max_size=8)),
    st.builds(krpc_reply, st.fixed_dictionaries({b"id": NAMES, b"token": st.binary(max_size=8)})),
    st.builds(krpc_error),
    st.binary(max_size=60),
)
BOTH: tuple[Side, Side] = ("orig", "resp")
SIDES: st.SearchStrategy[Side] = st.sampled_from(BOTH)


@st.composite
def connections(draw: st.DrawFn, number: int) -> list[Frame]:
    """Make a TCP connection that begins with one or two handshakes, or with none, cut at random."""
    turns = [(side, handshake(draw(NAMES), b"-XX0001-%012d" % number)) for side in BOTH if draw(st.booleans())]
    turns += draw(st.lists(st.tuples(SIDES, MESSAGES), max_size=6))
    client, server = End(f"10.0.0.{number}", 50_000 + number), End("198.51.100.7", 6881)
    seq = draw(st.sampled_from([(1, 1), (2**32 - 40, 2**32 - 100)]))
    return tcp_stream(client, server, turns, mss=draw(st.sampled_from([19, 67, 500, 1460])), seq=seq)


@st.composite
def talks(draw: st.DrawFn, number: int) -> list[Frame]:
    """Make a talk of a host inside with a node outside."""
    turns = draw(st.lists(st.tuples(SIDES, DATAGRAMS), min_size=1, max_size=8))
    node = End("192.0.2.9", draw(st.sampled_from([6881, 1])))
    return udp_exchange(End(f"10.0.1.{number}", 6881), node, turns)


@st.composite
def captures(draw: st.DrawFn) -> list[Frame]:
    """Make several of each, at the same time; some segments come twice, or after the next one."""
    frames: list[Frame] = []
    for number in range(1, 1 + draw(st.integers(1, 3))):
        opening, rest = (whole := draw(connections(number)))[:3], whole[3:]
        if draw(st.booleans()):
            frames += rest  # The capture begins later. Which byte was the first is then known by the order.
            continue
        for at in draw(st.lists(st.integers(0, max(0, len(rest) - 2)), max_size=4)):
            rest[at : at + 2] = draw(
                st.sampled_from([rest[at : at + 2][::-1], [*rest[at : at + 1], *rest[at : at + 2]]])
            )
        times = [frame.time for frame in whole] + [whole[-1].time + 1_000_000 * n for n in range(1, 9)]
        frames += [Frame(time, frame.data) for time, frame in zip(times, opening + rest, strict=False)]
        frames += draw(talks(number))
    return sorted(frames, key=lambda frame: frame.time)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Frame]], Path]:
    """Write a capture over the one before."""
    path = tmp_path_factory.mktemp("generated") / "capture.pcapng"

    def write(frames: list[Frame]) -> Path:
        path.write_bytes(pcapng(frames))
        return path

    return write


@pytest.mark.slow
@settings(max_examples=60)
@given(frames=captures())
def test_engine_and_oracle_agree_on_what_is_made_up(
    written: Callable[[list[Frame]], Path], frames: list[Frame]
) -> None:
    """Whatever the segmentation, order and repetition, and whatever is said."""
    policy = Policy.none()
    path = written(frames)
    sighting, facts = sight(path, policy), observe(path)

    assert_same_handshakes(sighting, facts)
    assert_same_pieces(sighting, facts)
    assert_same_talk_with_the_dht(sighting, facts, policy)
