"""The state of a sensor."""

from __future__ import annotations

from dataclasses import fields

from auditor.model.health import SensorState


def test_a_state_is_one_value() -> None:
    """Whoever scrapes never sees one half of before and another of after."""
    assert SensorState.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert {each.name for each in fields(SensorState)} >= {"watch", "policy", "store", "canary", "delays"}
