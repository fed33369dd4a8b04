"""Listening ends by the clock or by a signal, and takes what the socket gives."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.config import conf
from scapy.layers.l2 import Ether

from auditor.frames import sniffing
from auditor.frames.reading import Captured, Interface, Section


class Socket:
    """Stands in for Scapy's: one frame with a time, one without, one that is left out, then silence."""

    LL = Ether
    closed = False

    def __init__(self, **_: Any) -> None:  # noqa: ANN401 - Scapy's sockets are dynamic
        self.frames = [(Ether, b"abc", 5.25), (Ether, b"de", None), (None, None, None)]
        Socket.closed = False

    def select(self, sockets: list[Socket], _wait: float) -> list[Socket]:
        """Say whether something came."""
        return sockets if self.frames else []

    def recv_raw(self, _size: int) -> Any:  # noqa: ANN401 - Scapy's sockets are dynamic
        """Give the next frame."""
        return self.frames.pop(0)

    def close(self) -> None:
        """Note that it was closed."""
        Socket.closed = True


@pytest.fixture(autouse=True)
def _socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "L2listen", Socket)
    monkeypatch.setattr(conf, "L2socket", Socket)
    monkeypatch.setattr(sniffing, "network_name", lambda name: name)


def test_frames_come_with_their_time_and_end_with_the_duration() -> None:
    """A frame without a time gets that of now; one left out by the socket makes none."""
    section, interface, first, second = sniffing.sniff("eth0", 0.05, lambda: False)

    assert (section, interface) == (Section(), Interface(1, 262144, 9, 0))
    assert first == Captured(0, 5_250_000_000, b"abc", 3)
    assert isinstance(second, Captured)
    assert second.ticks is not None
    assert second.ticks > 1_700_000_000_000_000_000
    assert Socket.closed


def test_a_signal_ends_it_early() -> None:
    """The stream is whole all the same."""
    assert len(list(sniffing.sniff("eth0", 3600, lambda: True))) == 2
    assert Socket.closed
