"""What a sensor asks of a policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.policy import load
from auditor.sensor.duties import lacking, sensor_policy_in_force
from auditor.written.in_force import Unusable
from tests.build.sensor import NOW, POLICY

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = sorted(p for p in (Path(__file__).parents[3] / "policies").glob("*.yaml") if not p.match("*.test.yaml"))
ANNOUNCED = "announced: {where: staff handbook, on: 2026-01-31}\n"


def _codes(text: str) -> list[str]:
    path = Path("p.yaml")
    policy = load.parse(text.encode(), path).policy
    assert policy is not None
    return [issue.code for issue in lacking(path, policy, NOW)]


def test_a_policy_without_announcement_or_retention_is_not_for_a_sensor() -> None:
    """All that lacks is told at once."""
    assert _codes(POLICY) == []
    bare = "".join(line for line in POLICY.splitlines(True) if not line.startswith(("announced", "retention")))
    assert _codes(bare) == ["missing-announced", "missing-retention"]
    assert _codes(POLICY.replace("purpose: test", 'purpose: "-"')) == ["missing-purpose"]


def test_people_are_told_before_they_are_watched() -> None:
    """On the day itself it is in force, by the policy's own calendar."""
    assert _codes(POLICY.replace("2026-01-31", "2026-11-23")) == ["announced-later"]
    assert _codes(POLICY.replace("2026-01-31", "2026-11-22")) == []
    assert _codes(POLICY.replace("2026-01-31", "2026-11-23").replace("UTC", "Pacific/Kiritimati")) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_ships_lacks_only_what_its_owner_alone_can_say(path: Path) -> None:
    """Where and when people were told; the line is there to be filled in."""
    policy = load.load(path)
    assert [issue.code for issue in lacking(path, policy, NOW)] == ["missing-announced"]
    assert policy.retention is not None
    filled = path.read_text("utf-8").replace("\n# announced: ", "\nannounced: ")
    made = load.parse(filled.encode(), path).policy
    assert made is not None
    assert lacking(path, made, NOW) == []


def test_a_policy_that_loses_them_is_not_put_in_force(tmp_path: Path) -> None:
    """The one before it still is."""
    now: Callable[[], int] = lambda: NOW  # noqa: E731 - a clock
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.replace("announced", "# announced"))
    with pytest.raises(Unusable, match="missing-announced"):
        sensor_policy_in_force(path, now)
    path.write_text(POLICY)
    in_force = sensor_policy_in_force(path, now)
    before = in_force.state.sha256
    path.write_text(POLICY.replace("retention", "# retention"))
    assert not in_force.reload().accepted
    assert (in_force.state.sha256, in_force.is_stale) == (before, True)
