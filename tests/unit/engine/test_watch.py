"""Frames that go on coming."""

from __future__ import annotations

import signal
import socket
import time
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from auditor.engine import CapturePath, Options, sight
from auditor.engine.watch import Tap, Watch
from auditor.model.fact import Handshake
from tests.build import START, handshake, piece, tcp_stream, write_pcap
from tests.unit.engine.traffic import EMPLOYEE, INFOHASH, INSIDE, PEER, PEER_ID, download

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.flow import End as FlowEnd
    from auditor.model.watch import Delta


def flows_of(deltas: list[Delta]) -> list[tuple[int, bytes]]:
    """First time and infohash of each flow, as it was told last."""
    latest = {seen.id: seen.flow for delta in deltas for seen in delta.flows}
    return sorted(
        (flow.first, observation.fact.infohash.digest)
        for flow in latest.values()
        for observation in flow.observations
        if isinstance(observation.fact, Handshake) and observation.end == "orig"
    )


def drained(watch: Watch) -> list[Delta]:
    """Everything until the end."""
    deltas = [watch.drain(1.0)]
    while not deltas[-1].is_over:
        deltas.append(watch.drain(1.0))
    return deltas


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_replay_shows_what_an_audit_does(tmp_path: Path, jobs: int) -> None:
    """The same flows, counted, up to the last frame's time."""
    capture = CapturePath(str(download(tmp_path / "a.pcap")), "office")
    [flow] = sight([capture], Options(INSIDE)).flows

    with Watch.replay([capture], Options(INSIDE, jobs=jobs), speed=None) as watch:
        deltas = drained(watch)
        counters = watch.counters()

    assert flows_of(deltas) == [(START, INFOHASH)]
    assert [seen.flow for delta in deltas for seen in delta.flows if seen.is_over] == [flow]
    assert deltas[-1].seen_until == flow.last
    assert counters.workers == jobs
    [interface] = counters.interfaces
    assert (interface.name, interface.last_frame, interface.error) == (capture.path, flow.last, None)
    assert counters.tables["flows"].cap > 0


def test_a_flow_is_told_while_it_goes_on_and_again_when_it_is_over(tmp_path: Path) -> None:
    """Each time whole, under the same number; and the frames that prove it come with it, without what people share."""
    turns: list[tuple[FlowEnd, bytes]] = [
        ("orig", handshake(INFOHASH, PEER_ID) + b"what follows is nobody's business"),
        ("resp", handshake(INFOHASH, b"-TR4060-bbbbbbbbbbbb")),
        ("resp", piece(0, 0, b"shared" * 200)),
    ]
    path = write_pcap(tmp_path / "a.pcap", tcp_stream(EMPLOYEE, PEER, turns, gap=100_000_000))

    with Watch.replay([CapturePath(str(path), "office")], Options(INSIDE), speed=1.0) as watch:
        deltas = drained(watch)

    told = [seen for delta in deltas for seen in delta.flows]
    assert len(told) >= 2
    assert len({seen.id for seen in told}) == 1
    assert [seen.is_over for seen in told] == [False] * (len(told) - 1) + [True]
    assert told[0].flow.last < told[-1].flow.last
    slices = [kept for delta in deltas for kept in delta.slices]
    assert {(kept.frame, kept.link) for kept in slices} >= {((0, 4), 1), ((0, 6), 1)}
    first = next(kept for kept in slices if kept.frame == (0, 4))
    assert first.time == START + 3 * 100_000_000
    assert first.data.endswith(handshake(INFOHASH, PEER_ID))
    assert first.wire_len > len(first.data)
    assert not any(b"shared" in kept.data for kept in slices)


def test_a_replay_in_a_loop_shows_each_turn_s_flow_later(tmp_path: Path) -> None:
    """By the capture's length and the gap."""
    capture = CapturePath(str(download(tmp_path / "a.pcap")), "office")
    [flow] = sight([capture], Options(INSIDE)).flows

    with Watch.replay([capture], Options(INSIDE), speed=None, loops=3, gap=100.0) as watch:
        deltas = drained(watch)

    turn = flow.last - flow.first + 100 * 10**9
    assert flows_of(deltas) == [(START + i * turn, INFOHASH) for i in range(3)]


def test_a_filter_that_the_kernel_would_refuse_is_refused() -> None:
    """With the place of what is wrong."""
    with pytest.raises(ValueError, match="instruction 1: a jump ends within the program"):
        Watch.live([Tap("lo", filter=((0x28, 0, 0, 12), (0x15, 0, 9, 2048), (0x06, 0, 0, 1)))], Options(INSIDE))


def test_a_watch_of_a_missing_interface_says_so_and_goes_on() -> None:
    """It may come; what is wrong stands in the counters."""
    try:
        watch = Watch.live([Tap("no-such-interface")], Options(INSIDE))
    except OSError as error:
        pytest.skip(str(error))
    with watch:
        [interface] = watch.counters().interfaces
        assert (interface.is_open, interface.openings) == (False, 0)
        assert interface.error == "there is no interface named no-such-interface"
        assert not watch.drain(0.05).is_over
        watch.stop()
        assert drained(watch)[-1].is_over


def test_a_signal_ends_a_wait_for_news(tmp_path: Path) -> None:
    """Whoever waits may have to act on it, as the sensor does when it is told to stop."""
    capture = CapturePath(str(download(tmp_path / "a.pcap")), "office")
    came: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _frame: came.append(number))
    try:
        with Watch.replay([capture], Options(INSIDE), speed=1e-6) as watch:
            begun = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            delta = watch.drain(20.0)
            waited = time.monotonic() - begun
    finally:
        signal.signal(signal.SIGALRM, before)
    assert (came, delta.flows, delta.is_over) == ([signal.SIGALRM], (), False)
    assert waited < 10.0


def test_a_watch_sees_what_comes_over_an_interface() -> None:
    """A handshake over the loopback, told at once, before the connection ends, and counted."""
    try:
        watch = Watch.live([Tap("lo", vantage="here")], Options((ip_network("127.0.0.0/8"),)), workers=1)
    except OSError as error:
        pytest.skip(str(error))
    with watch, socket.create_server(("127.0.0.1", 0)) as server:
        if not watch.counters().interfaces[0].is_open:
            pytest.skip("the loopback is down")
        with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
            client.sendall(handshake(INFOHASH, PEER_ID))
            accepted.recv(68)
            accepted.sendall(handshake(INFOHASH, b"-TR4060-bbbbbbbbbbbb"))
            client.recv(68)
            begun, deltas = time.monotonic(), [watch.drain(5.0)]
            while not flows_of(deltas) and time.monotonic() - begun < 30:
                deltas.append(watch.drain(5.0))
            took = time.monotonic() - begun
            assert not any(seen.is_over for delta in deltas for seen in delta.flows)
        watch.stop()
        deltas += drained(watch)
        [interface] = watch.counters().interfaces

    assert [infohash for _, infohash in flows_of(deltas)] == [INFOHASH]
    assert took < 2, "somebody is to be alerted"
    assert watch.vantages == ("here",)
    assert interface.frames >= 8
    assert abs(interface.last_frame - time.time_ns()) < 60 * 10**9 if interface.last_frame else False
