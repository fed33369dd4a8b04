"""What was watched."""

from __future__ import annotations

from auditor.model.coverage import CanaryResult, CoverageMinute


def test_a_canary_is_seen_only_whole() -> None:
    """A handshake without the DHT query is a sensor that is half blind."""
    whole = CanaryResult(0, "namespace", saw_handshake=True, saw_dht=True, delay=1, error=None)
    assert whole.is_seen
    assert not whole._replace(saw_dht=False).is_seen
    assert not whole._replace(saw_handshake=False).is_seen


def test_a_minute_without_more_has_no_gaps() -> None:
    """What is not said did not happen."""
    minute = CoverageMinute("hq", 0, 60_000_000_000, 1, 60, 0)
    assert (minute.unseen_bytes, minute.clock_step, minute.restarts, minute.canaries) == (0, 0, 0, ())
