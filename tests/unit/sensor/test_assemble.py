"""Parts that are put together to a daemon, which then plays a capture."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.engine import CapturePath, Options
from auditor.engine.watch import Watch
from auditor.evidence.reading import Filter, incidents, of_kind
from auditor.evidence.store import open_store
from auditor.identity.reload import identity_in_force
from auditor.model.watch import Delta, FlowSeen, InterfaceCounters, WatchCounters
from auditor.policy.reload import policy_in_force
from auditor.sensor.assemble import Held, Settings, assemble, only_after_restart, options_for
from auditor.sensor.clock import SystemClock
from auditor.sensor.config import StoreSettings
from tests.build import sensing
from tests.build.sensing import Log
from tests.build.sighting import EMPLOYEE, SECOND, STRANGER, connection, lease
from tests.build.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.standing import IncidentChange
    from auditor.sensor.daemon import Daemon

ROOT = Path(__file__).parent.parent.parent.parent
OFFICE = [CapturePath(str(ROOT / "samples" / "office-day.pcapng"), "default")]
POLICY = ROOT / "policies" / "corporate.yaml"


class Assembled:
    """A daemon that plays the office day into a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = Log()
        self.told: list[IncidentChange] = []
        self.url = str(folder / "kept")

    def daemon(self, url: str | None = None) -> Daemon:
        """Put one together."""
        store = StoreSettings(url or self.url, 1000, self.folder / "spool", 1 << 20, 10_000_000)
        held = Held(policy_in_force(POLICY), policy_path=POLICY)
        settings = Settings("office", held, store=store, is_live=False, tell=self.told.extend)

        def watch(options: Options) -> Watch:
            return Watch.replay(OFFICE, options, speed=None)

        return assemble(settings, watch, clock=SystemClock(), log=self.log.logger)


@pytest.fixture
def assembled(tmp_path: Path) -> Assembled:
    """Nothing has run yet."""
    return Assembled(tmp_path)


def test_everything_is_in_the_store_when_it_has_run(assembled: Assembled) -> None:
    """Incidents with what proves them, the policy, coverage, and that it ran."""
    assert assembled.daemon().run()
    with closing(open_store(assembled.url, create=False)) as store:
        assert len(incidents(store, Filter())) == 6
        assert [each.body and each.body["event"] for each in of_kind(store, "sensor")] == ["started", "stopped"]
        for kind in ("observation", "flow", "attribution", "verdict", "coverage", "policy"):
            assert of_kind(store, kind)


def test_the_state_says_the_same(assembled: Assembled) -> None:
    """As many incidents as were told."""
    daemon = assembled.daemon()
    daemon.run()
    state = daemon.exposed.state()

    assert sum(state.incidents.values()) == len({change.incident.id for change in assembled.told}) == 6
    assert state.incidents["guests", "violation", "medium", "swarm"] == 1
    assert state.errors == {}
    assert state.store is not None
    assert (state.store.queued, state.store.dropped) == (0, {})


def test_a_second_run_goes_on_with_the_first_ones_incidents(assembled: Assembled) -> None:
    """Those that were open still, under their ids; and it says that there was one."""
    assembled.daemon().run()
    first = {change.incident.id for change in assembled.told if not change.is_over}
    daemon = assembled.daemon()
    assert sum(daemon.exposed.state().open_incidents.values()) >= 1
    daemon.run()

    assert first & {change.incident.id for change in assembled.told[-6:]}
    assert daemon.exposed.state().restarts == 1


def test_a_store_that_is_away_stops_nothing(assembled: Assembled, tmp_path: Path) -> None:
    """What was seen is told, records wait, and the log says why."""
    (tmp_path / "in-the-way").write_text("")
    daemon = assembled.daemon(str(tmp_path / "in-the-way" / "kept"))
    daemon.store.close(0)  # type: ignore[union-attr] # nobody waits for it here
    daemon.run()

    assert assembled.told
    assert assembled.log.of("the store is away")


def test_a_policy_that_only_a_restart_puts_in_force_whole_says_so(assembled: Assembled, tmp_path: Path) -> None:
    """In the log, which names what, and in the state; and no more once the old networks are back."""
    path = tmp_path / "policy.yaml"
    old = sensing.POLICY.format(name="test") + "inside: 10.0.0.0/8\n"
    new = old.replace("10.0.0.0/8", "10.0.0.0/9")
    path.write_text(old)
    settings = Settings("office", Held(policy_in_force(path), policy_path=path), is_live=False)
    daemon = assemble(settings, lambda _options: Mirror(), clock=SystemClock(), log=assembled.log.logger)
    with daemon.ends:
        assert not daemon.exposed.state().awaits_restart
        path.write_text(new)
        daemon.ask_reload()
        wait_until(lambda: daemon.exposed.state().awaits_restart, 10)
        path.write_text(old)
        daemon.ask_reload()
        wait_until(lambda: not daemon.exposed.state().awaits_restart, 10)

    (warning,) = assembled.log.of("restart the sensor")
    assert "changes inside networks:" in warning["reason"]


def test_what_the_engine_takes_only_when_it_begins_is_named() -> None:
    """Networks in another order are the same."""
    one, other = ip_network("10.0.0.0/8"), ip_network("192.168.0.0/16")
    began = Options((one, other))

    assert only_after_restart(began, Options((other, one))) == []
    assert only_after_restart(began, Options((one,), vlan_in_key=False, known=(b"de",))) == [
        "inside networks",
        "listed torrents",
        "vlan_in_key",
    ]


class Mirror:
    """A watch that shows a device's lease while an incident goes on, and ends when it is told to."""

    def __init__(self) -> None:
        at = time.time_ns()
        flow = connection(EMPLOYEE, STRANGER, up=16384, at=at)
        self.shown = [
            Delta(flows=(FlowSeen(1, flow, False),), seen_until=at),
            Delta(leases=(lease(EMPLOYEE, "52:54:00:00:00:01", at=at - SECOND, host="lab-pc"),), seen_until=at),
        ]
        self.stopped = False

    def drain(self, wait: float) -> Delta:
        """Show what is left."""
        time.sleep(wait / 20)
        return self.shown.pop(0) if self.shown else Delta(is_over=self.stopped)

    def counters(self) -> WatchCounters:
        """One interface."""
        return WatchCounters((InterfaceCounters("mirror0", True, 1, 1, 0, {}, 1, None, None),), {}, 0, 1)

    def stop(self) -> None:
        """End."""
        self.stopped = True


def test_what_frames_show_changes_incidents_that_are_open(
    assembled: Assembled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device is named by a lease that came by later; that is no reason to record files anew."""
    monkeypatch.setattr("auditor.sensor.assemble.LOOK", 20_000_000)
    (tmp_path / "identity.yaml").write_text("version: 1\nsources: [{name: list, kind: intervals, files: list.csv}]\n")
    (tmp_path / "list.csv").write_text("valid_from,valid_to,ip,mac,host,user,group\n")
    named: list[tuple[str, ...]] = []

    def tell(changes: Sequence[IncidentChange]) -> None:
        named.extend(change.incident.attribution.lines for change in changes)
        if named[-1]:
            daemon.stop()

    store = StoreSettings(assembled.url, 1000, None, 0, 10_000_000)
    held = Held(policy_in_force(POLICY), identity_in_force(tmp_path / "identity.yaml"), policy_path=POLICY)
    settings = Settings("office", held, store=store, tell=tell)
    daemon = assemble(settings, lambda _options: Mirror(), clock=SystemClock(), log=assembled.log.logger)
    late = threading.Timer(20, daemon.stop)
    late.start()

    assert daemon.run()
    late.cancel()
    assert named[0] == ()
    assert [line.partition(" ")[0] for line in named[-1]] == ["capture"]
    state = daemon.exposed.state()
    assert state.errors == {}
    assert daemon.exposed.sizes()["seen_leases"] == 1
    with closing(open_store(assembled.url, create=False)) as kept:
        assert len(of_kind(kept, "identity")) == 1
        assert len(of_kind(kept, "policy")) == 1


def test_a_watch_that_may_not_begin_leaves_nothing_running(assembled: Assembled) -> None:
    """The store's writer ends too."""

    def refuse(_options: Options) -> Watch:
        raise PermissionError(1, "Operation not permitted")

    held = Held(policy_in_force(POLICY))
    with pytest.raises(PermissionError):
        assemble(Settings("office", held), refuse, clock=SystemClock(), log=assembled.log.logger)


def test_the_engine_is_told_what_the_policy_says(assembled: Assembled) -> None:
    """Our networks, egress included."""
    policy = policy_in_force(POLICY).state.value
    options = options_for(policy)

    assert {str(network) for network in options.inside} >= {"10.20.0.0/16", "203.0.113.0/24"}
    assert options.vlan_in_key == policy.vlan_in_key
    assert assembled.told == []
