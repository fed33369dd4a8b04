"""The frames of a canary, as the engine and Scapy read them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether

from auditor.engine import CapturePath, Options, sight
from auditor.model.fact import Handshake
from auditor.sensor.canary.frames import frames, send
from auditor.sensor.canary.mark import ENDS, Marks
from tests.build.sighting import NINE

if TYPE_CHECKING:
    from pathlib import Path

MARKS = Marks()


def test_checksums_and_addresses_are_right() -> None:
    """Locally administered, documented, and what Scapy would have computed."""
    made = list(frames(MARKS.make(NINE)))

    assert len(made) == 10
    for frame in made:
        packet = Ether(frame)
        assert frame[0] & 2
        assert frame[6] & 2
        assert {packet[IP].src, packet[IP].dst} == {str(end) for end in ENDS}
        again = packet.copy()
        for layer in (IP, TCP, UDP):
            if layer in again:
                del again[layer].chksum
        assert bytes(Ether(bytes(again)))[: len(frame)] == frame


def test_the_engine_sees_a_canary_and_nothing_else(tmp_path: Path) -> None:
    """One flow with a handshake each way, one DHT activity with the asking node; both are known by their marks."""
    canary = MARKS.make(NINE)
    path = tmp_path / "canary.pcap"
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    records = (
        struct.pack("<IIII", NINE // 10**9, number, len(frame), len(frame)) + frame
        for number, frame in enumerate(frames(canary))
    )
    path.write_bytes(head + b"".join(records))
    seen = sight([CapturePath(str(path), "default")], Options(inside=(), jobs=1))

    assert [len(seen.flows), len(seen.activities)] == [1, 1]
    facts = [observed.fact for observed in seen.flows[0].observations]
    assert [fact.infohash.digest for fact in facts if isinstance(fact, Handshake)] == [canary.infohash] * 2
    assert seen.activities[0].node_ids == (canary.asking_node,)
    assert MARKS.is_flow(seen.flows[0])
    assert MARKS.is_activity(seen.activities[0])


def test_an_interface_that_is_missing_is_an_error() -> None:
    """Nothing is sent anywhere else."""
    with pytest.raises(OSError, match=r"No such device|not permitted"):
        send("missing0", [b"x" * 60])
