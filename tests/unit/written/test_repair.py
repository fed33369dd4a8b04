"""Stand-ins let the rest of a broken policy be checked, at its own places."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from auditor.policy.load import POLICY
from auditor.policy.schema import PolicyFile
from auditor.written import repair

DEFAULT = {"verdict": "notice", "reason": "because"}
GOOD: dict[str, Any] = {
    "version": 1,
    "purpose": "test",
    "people": "none",
    "groups": ({"name": "a", "networks": ("10.0.0.0/8",), "default": DEFAULT},),
}


def _mend(data: dict[str, Any]) -> tuple[PolicyFile | None, repair.Restore]:
    with pytest.raises(ValidationError) as problem:
        PolicyFile.model_validate(data)
    return repair.mend(POLICY, PolicyFile, data, problem.value)


def test_wrong_values_get_stand_ins() -> None:
    """What is mandatory is filled, what is not is left out."""
    mended, _ = _mend({"groups": GOOD["groups"], "people": "x", "timezone": "y", "zzz": 1})
    assert mended is not None
    assert (mended.purpose, mended.timezone.key) == ("-", "UTC")


def test_items_that_are_taken_out_keep_their_places() -> None:
    """A path into the mended policy leads to the item of the file that it means."""
    networks = ("bad", "10.0.0.0/8", "worse", "172.16.0.0/12")
    mended, restore = _mend(GOOD | {"inside": networks})
    assert mended is not None
    assert [str(network) for network in mended.inside] == ["10.0.0.0/8", "172.16.0.0/12"]
    assert [restore(("inside", place)) for place in (0, 1)] == [("inside", 1), ("inside", 3)]


def test_a_stand_in_may_uncover_the_next_error() -> None:
    """A listed torrent whose only infohash is wrong goes altogether."""
    lists = {"x": {"infohashes": ({"v1": "bad"}, "aa" * 20)}}
    mended, restore = _mend(GOOD | {"lists": lists})
    assert mended is not None
    assert len(mended.lists["x"].infohashes) == 1
    assert restore(("lists", "x", "infohashes", 0)) == ("lists", "x", "infohashes", 1)


def test_unnamed_entries_are_no_duplicates() -> None:
    """Stand-ins for names differ."""
    group = {"networks": ("10.0.0.0/8",), "default": DEFAULT}
    mended, _ = _mend(GOOD | {"groups": (group, group | {"name": "NO"})})
    assert mended is not None
    assert len({group.name for group in mended.groups}) == 2


def test_what_cannot_be_mended_is_left() -> None:
    """Without a single group there is nothing to check."""
    assert _mend(GOOD | {"groups": ()})[0] is None
