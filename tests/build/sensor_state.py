"""The state of a sensor that has just begun, for what shows it."""

from __future__ import annotations

from auditor.model.health import FileState, SensorState
from tests.build.sighting import NINE


def sensor_state() -> SensorState:
    """Nothing has happened yet."""
    return SensorState(
        version="0.1.0",
        sensor="sensor-1",
        started=NINE,
        is_ready=True,
        watch=None,
        totals={},
        limits_hit={},
        anomalies={},
        observations={},
        incidents={},
        incident_bytes={},
        open_incidents={},
        open_violations=(),
        open_violations_left_out=0,
        watched_seen={},
        unapproved_uploads={},
        policy=FileState("ab" * 32, NINE, None, 1, 0, is_stale=False),
        policy_name="test",
        identity=None,
        lapsed_exceptions=0,
        sources={},
        store=None,
        sinks={},
        reviews={},
        coverage_watched=0,
        coverage_gaps=0,
        unseen_bytes=0,
        clock_step=0,
        clock_steps=0,
        clock_offset=None,
        canary=None,
        canaries={},
        delays=(),
        delay_sum=0.0,
    )
