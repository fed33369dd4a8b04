"""States of a sensor, for tests: one that has nothing yet, one with something of everything."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.coverage import CanaryResult
from auditor.model.health import FileState, OpenIncident, SensorState, SinkState, SourceState, StoreState
from auditor.model.watch import InterfaceCounters, Table, WatchCounters

NOON = 1_795_600_800_000_000_000
SECOND = 1_000_000_000
GROUPS = ("contractors", "employees", "guests", "unattributed", "unknown")
SAID = (("allow", "info"), ("notice", "low"), ("violation", "high"), ("violation", "medium"))
"""What the policy in force can say: it is counted from zero for each group."""
KINDS = ("swarm", "dht", "encrypted")
FIRST = "019a5b7c-0d10-7000-8000-000000000001"
SECOND_ID = "019a5b7c-0d10-7000-8000-000000000002"
POLICY_SHA256 = "5f" * 32
BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, float("inf"))


def fresh_state() -> SensorState:
    """A sensor that has just begun: nothing came by, nothing is known but the policy."""
    return SensorState(
        version="0.1.0",
        sensor="campus-1",
        started=NOON,
        is_ready=False,
        watch=None,
        totals={},
        limits_hit={},
        anomalies={},
        observations={("bt.handshake", confidence): 0 for confidence in ("suspected", "likely", "confirmed")},
        incidents={(group, *said, kind): 0 for group in GROUPS for said in SAID for kind in KINDS},
        incident_bytes={
            (group, verdict, direction): 0 for group in GROUPS for verdict, _ in SAID for direction in ("down", "up")
        },
        open_incidents={(group, *said): 0 for group in GROUPS for said in SAID},
        open_violations=(),
        open_violations_left_out=0,
        watched_seen={"approved": 0, "watched": 0},
        unapproved_uploads=dict.fromkeys(GROUPS, 0),
        policy=FileState(POLICY_SHA256, NOON, None, 1, 0, is_stale=False),
        policy_name="corporate",
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
        delays=tuple((bound, 0) for bound in BOUNDS),
        delay_sum=0.0,
    )


def busy_state() -> SensorState:
    """A sensor in its second hour, with a sample in every family."""
    fresh = fresh_state()
    return replace(
        fresh,
        is_ready=True,
        watch=WatchCounters(
            interfaces=(
                InterfaceCounters(
                    "mirror0", True, 41_000_000, 32_800_000_000, 1200, {"filter": 77}, 2, NOON + 5400 * SECOND, None
                ),
                InterfaceCounters("mirror1", False, 90, 5400, 0, {}, 1, None, "is down"),
            ),
            tables={"flows": Table(81_200, 1_000_000), "held_bytes": Table(4_194_304, 268_435_456)},
            handed_on=310,
            workers=2,
        ),
        totals={
            "tcp_flows": 402_000,
            "udp_flows": 91_000,
            "duplicate_frames": 12,
            "fragments": 340,
            "midstream_flows": 77,
            "one_sided_flows": 5,
            "untied_flows": 9,
        },
        limits_hit={"flows": 3},
        anomalies={"tcp-gap": 21, "frame-snapped": 2},
        observations={**fresh.observations, ("bt.handshake", "confirmed"): 180, ("bt.mse", "likely"): 12},
        incidents={
            **fresh.incidents,
            ("guests", "violation", "medium", "swarm"): 3,
            ("contractors", "violation", "high", "swarm"): 1,
            ("employees", "notice", "low", "dht"): 4,
            ("unattributed", "notice", "low", "encrypted"): 1,
        },
        incident_bytes={
            **fresh.incident_bytes,
            ("guests", "violation", "down"): 734_003_200,
            ("contractors", "violation", "up"): 1_048_576,
        },
        open_incidents={
            **fresh.open_incidents,
            ("guests", "violation", "medium"): 1,
            ("contractors", "violation", "high"): 1,
            ("unattributed", "notice", "low"): 1,
        },
        open_violations=(
            OpenIncident(SECOND_ID, "contractors", "high", "contractor-sharing"),
            OpenIncident(FIRST, "guests", "medium", "guest-sharing"),
        ),
        open_violations_left_out=2,
        watched_seen={**fresh.watched_seen, "watched": 1},
        unapproved_uploads={**fresh.unapproved_uploads, "contractors": 1},
        policy=FileState(POLICY_SHA256, NOON, NOON + 3600 * SECOND, 1, 2, is_stale=True),
        identity=FileState("a7" * 32, NOON + 60 * SECOND, None, 3, 0, is_stale=False),
        lapsed_exceptions=1,
        sources={
            "kea": SourceState("kea-leases", NOON + 5300 * SECOND, 4),
            "radius": SourceState("radius-detail", None, 0),
        },
        store=StoreState(
            "sqlite",
            51_200,
            40,
            65_536,
            12,
            {"observation": 7},
            NOON + 5000 * SECOND,
            "disk full",
            NOON + 4990 * SECOND,
        ),
        sinks={
            "eve": SinkState("eve", 8, 0, 0, None, None),
            "siem": SinkState("syslog", 5, 3, 1, NOON, "connection refused"),
        },
        reviews={"reviewed": 2, "false-positive": 1},
        coverage_watched=5_390 * SECOND,
        coverage_gaps=1,
        unseen_bytes=65_536,
        clock_step=-2 * SECOND,
        clock_steps=1,
        clock_offset=1_500_000,
        canary=CanaryResult(NOON + 3600 * SECOND, "namespace", True, True, 400_000_000, None),
        canaries={"seen": 5, "missed": 1},
        delays=tuple(zip(BOUNDS, (1, 4, 8, 9, 9, 9, 9, 9, 9), strict=True)),
        delay_sum=2.75,
        delay_exemplar=FIRST,
        restarts=4,
        errors={"sink": 1},
        delay_latest=0.31,
        canary_seen=NOON + 1800 * SECOND,
        canary_every=1800 * SECOND,
    )


def quiet_state() -> SensorState:
    """The same sensor before anything happened: every series is there, and every counter at zero."""
    busy, fresh = busy_state(), fresh_state()
    assert busy.watch is not None
    assert busy.store is not None
    interfaces = tuple(
        each._replace(frames=0, bytes=0, lost=0, discarded=dict.fromkeys(each.discarded, 0), openings=1)
        for each in busy.watch.interfaces
    )
    return replace(
        fresh,
        is_ready=True,
        watch=busy.watch._replace(interfaces=interfaces, handed_on=0),
        limits_hit=dict.fromkeys(busy.limits_hit, 0),
        anomalies=dict.fromkeys(busy.anomalies, 0),
        identity=busy.identity,
        sources={name: each._replace(refused=0) for name, each in busy.sources.items()},
        store=busy.store._replace(acknowledged=0, queued=0, spooled=0, dropped={}, failing_since=None, error=None),
        sinks={name: SinkState(each.kind, 0, 0, 0, None, None) for name, each in busy.sinks.items()},
        canaries={"seen": 5},
        errors=dict.fromkeys(busy.errors, 0),
    )
