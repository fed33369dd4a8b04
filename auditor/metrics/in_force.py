"""What is in force: the policy and the identity sources, as they were read last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.metrics.family import by_word, counter, gauge, info, one, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from auditor.model.health import FileState, SensorState


def in_force(state: SensorState) -> Iterator[Metric]:
    """Yield the state of what people wrote."""
    yield info(
        "auditor_policy",
        "The policy in force.",
        ("name", "sha256"),
        [(state.policy_name, state.policy.sha256 or "")],
    )
    yield from _reloads("policy", "the policy", state.policy)
    yield gauge(
        "auditor_lapsed_exceptions",
        "Exceptions of the policy that have ended.",
        (),
        one(state.lapsed_exceptions),
    )
    yield gauge(
        "auditor_policy_awaits_restart",
        "Whether the policy in force changes what only a restart tells the engine: networks, listed torrents, VLANs.",
        (),
        one(state.awaits_restart),
    )
    identity = state.identity
    yield info(
        "auditor_identity",
        "The identity sources in force.",
        ("sha256",),
        [] if identity is None else [(identity.sha256 or "",)],
    )
    yield from _reloads("identity", "the identity sources", identity)
    yield gauge(
        "auditor_identity_source_newest_timestamp_seconds",
        "The time of the newest statement of an identity source.",
        ("source",),
        by_word({name: seconds(each.newest) for name, each in state.sources.items() if each.newest is not None}),
    )
    yield counter(
        "auditor_identity_source_refused_lines",
        "Lines of an identity source that could not be read.",
        ("source",),
        by_word({name: each.refused for name, each in state.sources.items()}),
    )


def _reloads(noun: str, words: str, file: FileState | None) -> Iterator[Metric]:
    yield gauge(
        f"auditor_{noun}_last_reload_success_timestamp_seconds",
        f"When {words} could be read last.",
        (),
        one(None if file is None else seconds(file.last_success)),
    )
    yield gauge(
        f"auditor_{noun}_last_reload_successful",
        f"Whether {words} could be read the last time; if not, what was read before is in force.",
        (),
        one(None if file is None else not file.is_stale),
    )
    results = {} if file is None else {"success": file.loads, "failure": file.failures}
    yield counter(f"auditor_{noun}_reloads", f"Readings of {words}, by result.", ("result",), by_word(results))
