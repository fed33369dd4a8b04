"""What was read, and how far."""

from __future__ import annotations

import pytest

from auditor.model.capture import CaptureInfo
from auditor.model.fact import Handshake, Magnet, Messages
from tests.build.sighting import EMPLOYEE, GUEST, OUTSIDER, connection, flow, shake, sighting


def test_a_capture_has_no_anomalies_unless_some_were_counted() -> None:
    """And nobody can count into what such captures share."""
    info = CaptureInfo("a.pcap", None, "default", 0, 0, None, None, truncated=False, error=None)

    assert info.anomalies == {}
    with pytest.raises(TypeError):
        info.anomalies["tcp-gap"] = 1  # type: ignore[index]


def test_a_sighting_finds_what_was_observed_by_its_kind() -> None:
    """Each with its flow and that one's index, in their order."""
    talks = [flow(EMPLOYEE, OUTSIDER, [shake("orig"), shake("resp")]), connection(GUEST, OUTSIDER, down=16384)]

    told = [(index, flow.orig, seen.end) for index, flow, seen, fact in sighting(talks).seen(Messages) if fact.pieces]

    assert told == [(1, talks[1].orig, "resp")]
    assert len(list(sighting(talks).seen(Handshake))) == 4
    assert list(sighting(talks).seen(Magnet)) == []
