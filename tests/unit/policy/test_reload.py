"""A policy that its file replaces while it is in force."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from auditor.policy import reload
from auditor.policy.reload import policy_in_force
from auditor.written.in_force import Unusable

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """\
version: 1
purpose: test
people: none
name: {name}
groups:
  - {{name: unattributed, default: {{verdict: notice, reason: nobody's}}}}
  - {{name: unknown, default: {{verdict: notice, reason: not ours}}}}
rules:
  - {{id: one, verdict: allow, reason: one}}
"""


def _write(path: Path, name: str) -> None:
    """Replace a file as it should be: at one instant."""
    beside = path.with_suffix(".new")
    beside.write_text(POLICY.format(name=name))
    beside.replace(path)


def test_a_new_policy_is_put_in_force(tmp_path: Path) -> None:
    """With its hash; the old one goes on for whoever holds it."""
    path = tmp_path / "policy.yaml"
    _write(path, "old")
    held = policy_in_force(path)
    old = held.state
    _write(path, "new")

    outcome = held.reload()

    assert (outcome.old, outcome.new) == (old.sha256, held.state.sha256)
    assert (old.value.name, held.state.value.name) == ("old", "new")
    assert held.state.value.sha256 == held.state.sha256


@pytest.mark.parametrize("content", ["", "version: 2\n", "\0", POLICY.format(name="x").replace("none", "nobody")])
def test_a_bad_policy_changes_nothing(tmp_path: Path, content: str) -> None:
    """Whatever is wrong with it."""
    path = tmp_path / "policy.yaml"
    _write(path, "old")
    held = policy_in_force(path)
    path.write_text(content)
    assert not held.reload().accepted
    assert (held.state.value.name, held.is_stale) == ("old", True)


def test_a_policy_that_was_removed_changes_nothing(tmp_path: Path) -> None:
    """As between the two steps of a careless replacement."""
    path = tmp_path / "policy.yaml"
    _write(path, "old")
    held = policy_in_force(path)
    path.unlink()
    assert [issue.code for issue in held.reload().issues] == ["policy-unreadable"]
    with pytest.raises(Unusable):
        policy_in_force(path)


def test_half_of_a_policy_is_not_put_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is written in place may be a policy halfway: it is read again until nothing changes."""
    path = tmp_path / "policy.yaml"
    _write(path, "old")
    held = policy_in_force(path)
    whole = POLICY.format(name="new")
    half = whole[: whole.index("rules:")]
    contents = iter([half, half + "rules: []\n", whole, whole])
    once = reload._once

    def written_meanwhile(file: Path) -> object:
        file.write_text(next(contents))
        return once(file)

    monkeypatch.setattr(reload, "_once", written_meanwhile)
    monkeypatch.setattr(reload, "PAUSE", 0)

    assert held.reload().accepted
    assert [rule.id for rule in held.state.value.rules] == ["one"]


def test_a_file_that_never_rests_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the one in force stays."""
    path = tmp_path / "policy.yaml"
    _write(path, "old")
    held = policy_in_force(path)
    names = iter(range(100))
    once = reload._once

    def written_meanwhile(file: Path) -> object:
        _write(file, f"name {next(names)}")
        return once(file)

    monkeypatch.setattr(reload, "_once", written_meanwhile)
    monkeypatch.setattr(reload, "PAUSE", 0)

    assert [issue.code for issue in held.reload().issues] == ["policy-unsettled"]
    assert held.state.value.name == "old"


def test_a_file_that_is_replaced_while_it_is_read_is_one_or_the_other(tmp_path: Path) -> None:
    """Whoever reads meanwhile sees the name and the hash of one policy."""
    path = tmp_path / "policy.yaml"
    hashes: dict[str | None, str] = {}
    for name in ("old", "new"):
        _write(path, name)
        hashes[policy_in_force(path).state.sha256] = name
    held = policy_in_force(path)
    done = threading.Event()
    seen: set[tuple[str | None, str]] = set()

    def replace() -> None:
        for number in range(40):
            _write(path, ("old", "new")[number % 2])
        done.set()

    def look() -> None:
        while not done.is_set():
            state = held.state
            seen.add((hashes.get(state.sha256), state.value.name))

    threads = [threading.Thread(target=replace), threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    while not done.is_set():
        held.reload()
    for thread in threads:
        thread.join()

    assert held.reload().accepted
    assert held.state.value.name == "new"
    assert seen <= {("old", "old"), ("new", "new")}
