"""A watch whose frames come from Scapy's sniffer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from auditor.engine import Options
from auditor.sensor import sniffed
from auditor.sensor.sniffed import Sniffed
from tests.build import tcp_stream
from tests.build.capture import pcapng
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.model.flow import Flow


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Sniffers that have seen one handshake each; what was asked for and ended."""
    path = tmp_path / "seen.pcapng"
    path.write_bytes(pcapng(tcp_stream(EMPLOYEE, PEER, [("orig", HELLO), ("resp", ANSWER)])))
    told: list[str] = []

    @contextmanager
    def sniff(interface: str, _seconds: float) -> Iterator[Any]:
        if interface == "nowhere":
            raise OSError(19, "there is no such interface")
        told.append(f"{interface} begins")
        try:
            with path.open("rb") as stream:
                yield type("Conversion", (), {"stream": stream})
        finally:
            told.append(f"{interface} ends")

    monkeypatch.setattr(sniffed, "sniff", sniff)
    return told


def test_what_the_sniffer_sees_comes_as_from_any_watch(streams: list[str]) -> None:
    """And the sniffer ends with it."""
    with Sniffed(["eth0"], Options(())) as watch:
        flows: dict[int, Flow] = {}
        is_over = False
        while not is_over:
            delta = watch.drain(0.1)
            flows |= {seen.id: seen.flow for seen in delta.flows}
            is_over = delta.is_over
        assert watch.counters().interfaces[0].name == "eth0"
        watch.stop()

    [flow] = flows.values()
    assert flow.vantage == "eth0"
    assert {observation.detector for observation in flow.observations} == {"bt.handshake"}
    assert streams == ["eth0 begins", "eth0 ends"]


def test_one_that_cannot_begin_leaves_none_behind(streams: list[str]) -> None:
    """The first sniffer ends when the second fails."""
    with pytest.raises(OSError, match="no such interface"):
        Sniffed(["eth0", "nowhere"], Options(()))

    assert streams == ["eth0 begins", "eth0 ends"]
