"""What was read, and how far."""

from __future__ import annotations

from auditor.model.capture import CaptureInfo


def test_a_capture_has_no_anomalies_unless_some_were_counted() -> None:
    """Each capture counts its own."""
    one, other = (CaptureInfo("a.pcap", None, "default", 0, 0, None, None, truncated=False, error=None) for _ in "ab")

    assert one.anomalies == {}
    assert one.anomalies is not other.anomalies
