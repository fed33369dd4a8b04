"""Incidents that go on: facts in as they become known, and out what changed, for months.

The same facts, cut anywhere, come to the incidents that an audit of all of them finds: hosts with news are folded again
by the same fold, and judged by the same policy. What is over is forgotten; what goes on for long is settled, so that
little of it is kept.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.moment import MINUTE
from auditor.pipeline.conduct import IDLE
from auditor.pipeline.hosts import Hosts
from auditor.pipeline.incidents import Incidents
from auditor.pipeline.knowledge import Knowledge
from auditor.pipeline.pacing import Pace, Turns
from auditor.pipeline.sweeping import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.model.flow import Address
    from auditor.model.infohash import Infohash
    from auditor.model.standing import IncidentChange, Past, Resumed
    from auditor.model.torrent import SeenTorrent
    from auditor.model.watch import Delta
    from auditor.pipeline.continuing import Ongoing, Seen
    from auditor.pipeline.run import Directory
    from auditor.policy.evaluate import Policy
    from auditor.written.in_force import State

FACTS_OF_A_HOST = 4096
"""Facts of one host that are kept; past it, those that ended longest ago are settled."""
FACTS = 1 << 18
"""Facts of all hosts that are kept."""
STEP = 10 * MINUTE
"""Time of the frames that goes back so far is no delay."""


class Limits(NamedTuple):
    """How much is kept."""

    of_a_host: int = FACTS_OF_A_HOST
    of_all: int = FACTS


class Standing:
    """Takes facts as they become known, and tells which incidents changed."""

    def __init__(
        self,
        policy: State[Policy],
        *,
        sensor: str,
        directory: Directory | None,
        key: bytes | None,
        new_id: Callable[[], str],
        resumed: Sequence[Resumed] = (),
        past: Iterable[Past] = (),
        limits: Limits | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on with what an earlier run knew: ``resumed`` is open still, of what is over rules may ask ``past``.

        ``clock`` tells how long a fold takes, in seconds, and nothing else.
        """
        self._most = limits or Limits()
        self._knowledge = Knowledge(policy, directory, key)
        self._facts = Hosts(self._knowledge.known.is_inside, self._knowledge.known.translating)
        self._incidents = Incidents(
            self._knowledge, self._facts, sensor=sensor, new_id=new_id, resumed=resumed, past=past
        )
        self._turns: Turns[Address] = Turns(pace or Pace(), clock)
        self._turns.add(self._incidents.hosts())
        self._names: dict[Address, frozenset[Infohash]] = {}
        """All names of each host's torrents."""
        self._moving: set[Address] = set()
        """Hosts whose addresses may have changed hands, as a new directory knows."""
        self._bar = self._most.of_all
        self._settled = 0

    def take(self, delta: Delta) -> list[IncidentChange]:
        """Take what is new, and return what changed; what is too costly for now follows with a later call."""
        if delta.seen_until is not None:
            self._pass(delta.seen_until)
        if delta.torrents:
            self._learn(delta.torrents)
        for flow in delta.flows:
            self._turns.add(self._facts.take_flow(flow), is_growth=self._facts.is_grown)
        for activity in delta.activities:
            self._turns.add(self._facts.take_activity(activity), is_growth=self._facts.is_grown)
        self._turns.add(self._facts.withdraw(delta.withdrawn_flows, delta.withdrawn_activities))
        return self._work(everything=delta.is_over)

    def advance(self, now: int) -> list[IncidentChange]:
        """Let the frames' time pass; return what is over by then, or was waiting."""
        self._pass(now)
        return self._work()

    def replace_policy(self, state: State[Policy]) -> list[IncidentChange]:
        """Judge all that goes on by another policy. The gravest that was said sticks."""
        self._knowledge.replace_policy(state)
        return self._anew()

    def replace_directory(self, directory: Directory | None) -> list[IncidentChange]:
        """Attribute all that goes on anew, since more is known of who held addresses."""
        self._knowledge.replace_directory(directory)
        self._moving.update(self._incidents.hosts())
        return self._anew()

    @property
    def hosts(self) -> AbstractSet[Address]:
        """The hosts with incidents, as they are at each look: for the thread that takes facts."""
        return self._incidents.having

    @property
    def sizes(self) -> Mapping[str, int]:
        """How much is kept."""
        return {
            "standing_facts": self._facts.kept,
            "standing_hosts": len(self._names),
            "open_incidents": self._incidents.open,
            "waiting_hosts": len(self._turns),
            "history": len(self._incidents.ledger),
        }

    @property
    def limits_hit(self) -> Mapping[str, int]:
        """How often caps were reached, since the beginning."""
        found = {
            "settled_facts": self._settled,
            "history": self._incidents.ledger.forgotten,
            "known_torrents": self._knowledge.forgotten_torrents,
        }
        return {name: count for name, count in found.items() if count}

    def _pass(self, now: int) -> None:
        """Let time pass, forward; or far back, where a clock was set right that had been far ahead."""
        if now > self._incidents.now or now < self._incidents.now - STEP:
            self._incidents.now = now

    def _anew(self) -> list[IncidentChange]:
        """Judge what goes on at once, and fold it again in its turn: conducts may be other ones."""
        known = self._knowledge.known
        self._facts.find_anew(known.is_inside, known.translating)
        self._turns.add((*self._facts, *self._incidents.hosts()))
        return self._incidents.judge_all() + self._work()

    def _learn(self, torrents: Sequence[SeenTorrent]) -> None:
        self._knowledge.learn(torrents)
        names = {name for torrent in torrents for name in torrent.wire}
        self._turns.add([host for host, known in self._names.items() if not known.isdisjoint(names)])

    def _work(self, *, everything: bool = False) -> list[IncidentChange]:
        """Fold the hosts whose turn it is, and tell what changed."""
        batch = self._turns.take(self._incidents.now, self._fold, everything=everything)
        changes = self._go_on(batch, self._most.of_a_host)
        changes += self._incidents.tell_growth(everything=everything)
        return changes + self._make_room()

    def _fold(self, host: Address) -> list[Seen]:
        settled = [ongoing.settled for ongoing in self._incidents.of(host) if ongoing.settled is not None]
        found = self._knowledge.fold(self._facts.facts(host), settled)
        self._names[host] = self._knowledge.names(found)
        return found

    def _go_on(self, batch: Mapping[Address, Sequence[Seen]], most: int) -> list[IncidentChange]:
        """Tell what changed of these hosts, and let go of what is over, and of what is too much."""
        pairs, changes = self._incidents.go_on(batch)
        of_host: dict[Address, list[tuple[Ongoing, Seen]]] = {host: [] for host in batch}
        for ongoing, seen in pairs:
            host = seen.conduct.host
            of_host[host].append((ongoing, seen))
            is_asked = host in self._moving and not ongoing.is_over
            if is_asked and self._knowledge.has_moved(seen.conduct, self._incidents.now):
                changes.append(self._incidents.end(ongoing))
        self._moving.difference_update(batch)
        for host, found in of_host.items():
            self._sweep(host, found, most)
        return changes

    def _sweep(self, host: Address, found: Sequence[tuple[Ongoing, Seen]], most: int) -> None:
        swept = sweep(self._facts.facts(host), found, self._incidents.now, most, self._knowledge.known)
        self._settled += swept.settled
        self._facts.drop(host, swept.flows, swept.activities)
        self._incidents.forget(host, swept.forgotten)
        if not self._incidents.of(host) and not len(self._facts.facts(host)):
            self._turns.forget(host)
            del self._names[host]
            return
        ends = [seen.conduct.last + IDLE for ongoing, seen in found if not ongoing.is_over]
        if swept.deadline is not None:
            ends.append(swept.deadline)
        if ends:
            self._turns.until(host, min(ends))

    def _make_room(self) -> list[IncidentChange]:
        """Settle facts of the hosts that have the most, if all together are too many."""
        changes: list[IncidentChange] = []
        if self._facts.kept <= self._bar:
            return changes
        for facts in self._facts.largest():
            if self._facts.kept <= self._most.of_all * 3 // 4:
                break
            changes += self._go_on({facts.host: self._fold(facts.host)}, len(facts) // 2)
        # Of flows that go on none can be let go: what is left may be more still, and more of it is no reason to hurry.
        self._bar = max(self._most.of_all, self._facts.kept * 9 // 8)
        return changes
