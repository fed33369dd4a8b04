"""The dashboard for engineers: whether the sensor sees, keeps up, judges by the right files, keeps what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import Row

from deploy.grafana.panels import HERE, NONE_IS_GOOD, ONE_IS_GOOD, SOME_IS_SAID, board, delays, lines, number

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

UID = "auditor-health"


def health() -> Dashboard:
    """Make it."""
    dashboard = board(UID, "auditor: sensor health", "Whether the sensors see, keep up and record.", "now-6h")
    return _clock(_evidence(_judging(_engine(_capture(_now(dashboard))))))


def _rate(metric: str, by: str, more: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{more}{HERE}}}[$__rate_interval]))"


def _now(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.with_row(Row("Now"))
        .with_panel(number("Up", "Sensors that answer.", f'min(up{{job="auditor", {HERE}}})', steps=ONE_IS_GOOD))
        .with_panel(number("Ready", "Each watches and records.", f"min(auditor_ready{{{HERE}}})", steps=ONE_IS_GOOD))
        .with_panel(
            number(
                "Interfaces down",
                "Of all.",
                f"count(auditor_interface_up{{{HERE}}} == 0) or vector(0)",
                steps=NONE_IS_GOOD,
            )
        )
        .with_panel(number("Store", "Each takes records.", f"min(auditor_store_up{{{HERE}}})", steps=ONE_IS_GOOD))
        .with_panel(
            number("Sinks down", "Of all.", f"count(auditor_sink_up{{{HERE}}} == 0) or vector(0)", steps=NONE_IS_GOOD)
        )
        .with_panel(
            number(
                "Errors",
                "Of its own, caught, within the time that is chosen.",
                f"sum(increase(auditor_errors_total{{{HERE}}}[$__range])) or vector(0)",
                steps=SOME_IS_SAID,
            )
        )
        .with_panel(
            number(
                "Since",
                "The start of the sensor that began last.",
                f"max(auditor_start_timestamp_seconds{{{HERE}}}) * 1000",
                unit="dateTimeFromNow",
            )
        )
        .with_panel(number("Version", "", f"auditor_build_info{{{HERE}}}", legend="{{version}}"))
    )


def _capture(dashboard: Dashboard) -> Dashboard:
    where = "{{instance}} {{interface}}"
    return (
        dashboard.with_row(Row("Capture"))
        .with_panel(
            lines("Frames", "That came by.", {where: _rate("auditor_frames_total", "instance, interface")}, unit="pps")
        )
        .with_panel(
            lines("Bytes", "On the wire.", {where: _rate("auditor_bytes_total", "instance, interface")}, unit="Bps")
        )
        .with_panel(
            lines(
                "Interfaces",
                "1 while one is there, up and captured.",
                {where: f"auditor_interface_up{{{HERE}}}"},
            )
        )
        .with_panel(
            lines(
                "Lost in the kernel",
                "Of all frames; more than 1 % alerts.",
                {"{{instance}}": f"instance:auditor_lost_frames:ratio_rate5m{{{HERE}}}"},
                unit="percentunit",
                limit=0.01,
            )
        )
        .with_panel(
            lines(
                "Lost before the sensor",
                "Bytes that TCP acknowledged and that never came by: the mirror port drops.",
                {"{{instance}}": f"instance:auditor_unseen_bytes:ratio_rate15m{{{HERE}}}"},
                unit="percentunit",
                limit=0.01,
            )
        )
        .with_panel(
            lines(
                "Thrown away by the sensor",
                "Frames, by reason.",
                {"{{reason}}": _rate("auditor_discarded_frames_total", "reason")},
                unit="pps",
            )
        )
    )


def _engine(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.with_row(Row("Engine"))
        .with_panel(lines("New flows", "", {"{{transport}}": _rate("auditor_flows_total", "transport")}, unit="cps"))
        .with_panel(
            lines(
                "Tables",
                "How full each is.",
                {"{{table}}": f"max by (table) (auditor_table_entries{{{HERE}}} / auditor_table_capacity{{{HERE}}})"},
                unit="percentunit",
                limit=1,
            )
        )
        .with_panel(lines("Limits reached", "", {"{{limit}}": _rate("auditor_limits_hit_total", "limit")}))
        .with_panel(
            lines("Anomalies", "Malformed or missing traffic.", {"{{kind}}": _rate("auditor_anomalies_total", "kind")})
        )
        .with_panel(
            lines(
                "How well the vantage point sees",
                "Flows of which a part was not captured, and what came twice.",
                {
                    "one-sided flows": _rate("auditor_one_sided_flows_total", "job"),
                    "midstream flows": _rate("auditor_midstream_flows_total", "job"),
                    "duplicate frames": _rate("auditor_duplicate_frames_total", "job"),
                    "fragments": _rate("auditor_fragments_total", "job"),
                    "untied flows": _rate("auditor_untied_flows_total", "job"),
                },
            )
        )
        .with_panel(
            lines(
                "Handed on",
                "Frames that another worker had to read.",
                {
                    "{{instance}}": _rate("auditor_handed_on_frames_total", "instance"),
                    "workers of {{instance}}": f"auditor_workers{{{HERE}}}",
                },
            )
        )
    )


def _judging(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.with_row(Row("Judging"))
        .with_panel(
            lines(
                "From frame to verdict",
                "More than 2 s for one in a hundred alerts.",
                {
                    "median": f"instance:auditor_verdict_delay_seconds:p50_rate15m{{{HERE}}}",
                    "99th percentile": f"instance:auditor_verdict_delay_seconds:p99_rate15m{{{HERE}}}",
                },
                unit="s",
                limit=2,
            )
        )
        .with_panel(
            delays(
                "From frame to verdict, all",
                "Points are incidents, by their opaque id.",
                f"sum by (le) (increase(auditor_verdict_delay_seconds_bucket{{{HERE}}}[$__rate_interval]))",
            )
        )
        .with_panel(
            lines(
                "Files in force",
                "1 while the file as it is now could be read.",
                {
                    "policy of {{instance}}": f"auditor_policy_last_reload_successful{{{HERE}}}",
                    "identity sources of {{instance}}": f"auditor_identity_last_reload_successful{{{HERE}}}",
                },
            )
        )
        .with_panel(
            lines(
                "Age of identity sources",
                "Of the newest statement of each.",
                {"{{source}}": f"time() - auditor_identity_source_newest_timestamp_seconds{{{HERE}}}"},
                unit="s",
            )
        )
        .with_panel(
            lines(
                "Lines of identity sources refused",
                "",
                {"{{source}}": _rate("auditor_identity_source_refused_lines_total", "source")},
            )
        )
        .with_panel(
            lines(
                "Readings of files",
                "By result.",
                {
                    "policy: {{result}}": f"sum by (result) (auditor_policy_reloads_total{{{HERE}}})",
                    "identity sources: {{result}}": f"sum by (result) (auditor_identity_reloads_total{{{HERE}}})",
                },
            )
        )
    )


def _evidence(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.with_row(Row("Evidence"))
        .with_panel(
            lines("Records", "That became durable.", {"{{instance}}": _rate("auditor_store_records_total", "instance")})
        )
        .with_panel(
            lines(
                "Waiting",
                "In memory, of its capacity.",
                {
                    "{{instance}}": f"auditor_store_queue_records{{{HERE}}} / auditor_store_queue_capacity{{{HERE}}}",
                },
                unit="percentunit",
                limit=0.8,
            )
        )
        .with_panel(lines("Spooled", "Waiting on disk.", {"{{instance}}": f"auditor_store_spooled_records{{{HERE}}}"}))
        .with_panel(
            lines(
                "Evidence lost",
                "Records for which there was no room.",
                {
                    "{{kind}}": "sum by (kind) "
                    f"(increase(auditor_store_dropped_records_total{{{HERE}}}[$__rate_interval]))"
                },
                is_stacked=True,
            )
        )
        .with_panel(
            lines(
                "Sinks",
                "News that each took, and that was dropped.",
                {
                    "{{sink}}": _rate("auditor_sink_delivered_total", "sink"),
                    "{{sink}} dropped": _rate("auditor_sink_dropped_total", "sink"),
                },
            )
        )
        .with_panel(lines("Waiting for sinks", "", {"{{sink}}": f"sum by (sink) (auditor_sink_queued{{{HERE}}})"}))
    )


def _clock(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.with_row(Row("Clock and canary"))
        .with_panel(
            lines(
                "Clock",
                "How far it is off. Whose an address was depends on it.",
                {"{{instance}}": f"abs(auditor_clock_offset_seconds{{{HERE}}})"},
                unit="s",
                limit=1,
            )
        )
        .with_panel(
            lines(
                "Jumps of the clock",
                "",
                {"{{instance}}": f"increase(auditor_clock_steps_total{{{HERE}}}[$__rate_interval])"},
                is_stacked=True,
            )
        )
        .with_panel(
            lines(
                "Canary",
                "From sending it to having seen it.",
                {"{{instance}}": f"auditor_canary_delay_seconds{{{HERE}}}"},
                unit="s",
            )
        )
    )
