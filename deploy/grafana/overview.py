"""The dashboard for compliance: what is open, what it came to, and what "nothing was seen" is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import Row

from deploy.grafana.panels import (
    BAD,
    GOOD,
    HERE,
    NONE_IS_GOOD,
    ONE_IS_GOOD,
    SOME_IS_SAID,
    WARNING,
    board,
    delays,
    lines,
    number,
    rows,
)

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

UID = "auditor-overview"


def overview() -> Dashboard:
    """Make it."""
    dashboard = board(
        UID,
        "auditor: overview",
        "BitTorrent by group and verdict. No person and no address is shown here: the evidence names them, to whoever "
        "may look at it.",
        "now-7d",
    )
    return _worth(_incidents(_open(_now(dashboard))))


def _now(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.with_row(Row("Now"))
        .with_panel(
            number(
                "Open violations",
                "Incidents that the policy forbids, seen within the last six hours.",
                f'sum(auditor_open_incidents{{verdict="violation", {HERE}}})',
                steps=NONE_IS_GOOD,
            )
        )
        .with_panel(
            number(
                "Open incidents of nobody",
                "Of devices that no group and no identity source claims.",
                f'sum(auditor_open_incidents{{group="unattributed", {HERE}}})',
                steps=SOME_IS_SAID,
            )
        )
        .with_panel(
            number(
                "Uploads against the policy",
                "Incidents in which a host gave content, within the time that is chosen.",
                f"sum(ceil(increase(auditor_violating_uploads_total{{{HERE}}}[$__range])))",
                steps=NONE_IS_GOOD,
            )
        )
        .with_panel(
            number(
                "Not reviewed",
                "Violations that began within the time that is chosen, less the notes that people wrote.",
                f'clamp_min(sum(increase(auditor_incidents_total{{verdict="violation", {HERE}}}[$__range]))'
                f" - sum(increase(auditor_reviews_total{{{HERE}}}[$__range])), 0)",
                steps=SOME_IS_SAID,
            )
        )
        .with_panel(
            number(
                "Watched in the last hour",
                'What "nothing was seen" is worth.',
                f"min(clamp_max(rate(auditor_coverage_watched_seconds_total{{{HERE}}}[1h]), 1))",
                steps=((None, BAD), (0.95, WARNING), (0.999, GOOD)),
                unit="percentunit",
            )
        )
        .with_panel(
            number(
                "Canary",
                "Whether each sensor saw the BitTorrent that it sent itself last.",
                f"min(auditor_canary_last_successful{{{HERE}}})",
                steps=ONE_IS_GOOD,
            )
        )
        .with_panel(
            number(
                "Policy",
                "In force. Its hash stands in every verdict.",
                f"auditor_policy_info{{{HERE}}}",
                legend="{{name}}",
            )
        )
        .with_panel(
            number(
                "Lapsed exceptions",
                "Exceptions of the policy that have ended.",
                f"max(auditor_lapsed_exceptions{{{HERE}}})",
                steps=SOME_IS_SAID,
            )
        )
    )


def _open(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.with_row(Row("Open violations and alerts"))
        .with_panel(
            rows(
                "Open violations",
                "The newest 100 of each sensor. `auditor evidence show ID` has the rest.",
                f"auditor_open_incident_info{{{HERE}}}",
                {
                    "incident": "incident",
                    "group": "group",
                    "severity": "severity",
                    "rule": "rule",
                    "instance": "sensor",
                },
            )
        )
        .with_panel(
            rows(
                "Alerts",
                "What Prometheus says fires now.",
                'ALERTS{alertname=~"Auditor.*", alertstate="firing"}',
                {
                    "alertname": "alert",
                    "severity": "severity",
                    "group": "group",
                    "incident": "incident",
                    "instance": "sensor",
                },
            )
        )
    )


def _incidents(dashboard: Dashboard) -> Dashboard:
    began = f"increase(auditor_incidents_total{{{HERE}}}[$__rate_interval])"
    return (
        dashboard.with_row(Row("Incidents"))
        .with_panel(
            lines(
                "Begun, by verdict",
                "Incidents that began, or whose verdict grew graver.",
                {"{{verdict}}": f"sum by (verdict) ({began})"},
                is_stacked=True,
            )
        )
        .with_panel(lines("Begun, by group", "The same.", {"{{group}}": f"sum by (group) ({began})"}, is_stacked=True))
        .with_panel(
            lines(
                "Open, by group",
                "Seen within the last six hours.",
                {"{{group}}: {{verdict}}": f"sum by (group, verdict) (auditor_open_incidents{{{HERE}}}) > 0"},
            )
        )
        .with_panel(
            lines(
                "Uploaded, by group",
                "Bytes that hosts gave in incidents.",
                {
                    "{{group}}": "sum by (group) "
                    f'(rate(auditor_incident_bytes_total{{direction="up", {HERE}}}[$__rate_interval]))'
                },
                unit="Bps",
            )
        )
        .with_panel(
            lines(
                "Downloaded, by group",
                "Bytes that hosts took in incidents.",
                {
                    "{{group}}": "sum by (group) "
                    f'(rate(auditor_incident_bytes_total{{direction="down", {HERE}}}[$__rate_interval]))'
                },
                unit="Bps",
            )
        )
        .with_panel(
            lines(
                "Torrents of the policy's lists",
                "Incidents in which one was seen.",
                {"{{list}}": f"sum by (list) (increase(auditor_list_incidents_total{{{HERE}}}[$__rate_interval]))"},
                is_stacked=True,
            )
        )
        .with_panel(
            lines(
                "Observations",
                "By detector and how sure it is.",
                {
                    "{{detector}}: {{confidence}}": "sum by (detector, confidence) "
                    f"(rate(auditor_observations_total{{{HERE}}}[$__rate_interval])) > 0"
                },
            )
        )
        .with_panel(
            lines(
                "Notes of people",
                "What was reviewed, resolved, or a false positive.",
                {"{{status}}": f"sum by (status) (increase(auditor_reviews_total{{{HERE}}}[$__rate_interval]))"},
                is_stacked=True,
            )
        )
        .with_panel(
            delays(
                "From frame to verdict",
                "Points are incidents, by their opaque id.",
                f"sum by (le) (increase(auditor_verdict_delay_seconds_bucket{{{HERE}}}[$__rate_interval]))",
            )
        )
    )


def _worth(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.with_row(Row('What "nothing was seen" is worth'))
        .with_panel(
            lines(
                "Watched",
                "The part of the time in which at least one interface was captured.",
                {
                    "{{instance}}": "clamp_max("
                    f"rate(auditor_coverage_watched_seconds_total{{{HERE}}}[$__rate_interval]), 1)"
                },
                unit="percentunit",
            )
        )
        .with_panel(
            lines(
                "Minutes with a gap",
                "In which nothing, or not everything, was watched.",
                {"{{instance}}": f"increase(auditor_coverage_gaps_total{{{HERE}}}[$__rate_interval])"},
                is_stacked=True,
            )
        )
        .with_panel(
            lines(
                "Canaries",
                "BitTorrent that the sensor sent itself, by whether it saw it.",
                {"{{result}}": f"sum by (result) (increase(auditor_canaries_total{{{HERE}}}[$__rate_interval]))"},
                is_stacked=True,
            )
        )
    )
