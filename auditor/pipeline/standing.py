"""Incidents that go on: facts in as they become known, and out what changed, for months.

The same facts, cut anywhere, come to the incidents that an audit of all of them finds: hosts with news are folded again
by the same fold, and judged by the same policy. What is over is forgotten; what goes on for long is settled, so that
little of it is kept.
"""

from __future__ import annotations

import heapq
import time
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.incident import Incident
from auditor.model.standing import Gravest, IncidentChange, Noted
from auditor.pipeline.beside import stand_beside
from auditor.pipeline.conduct import IDLE, Known, changed_hands, conducts_of, order, weight
from auditor.pipeline.content import Torrents
from auditor.pipeline.continuing import Ongoing, Seen, continue_
from auditor.pipeline.hosts import Hosts
from auditor.pipeline.part import Host
from auditor.pipeline.people import Shown
from auditor.pipeline.run import attributed, listed_name
from auditor.pipeline.settling import of_earlier_run, settle, unnumbered
from auditor.pipeline.sweeping import sweep
from auditor.pipeline.telling import graver, is_due, news
from auditor.pipeline.translating import Translating
from auditor.pipeline.whose import Whose
from auditor.policy.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from auditor.model.flow import Address, Flow
    from auditor.model.incident import Conduct
    from auditor.model.infohash import Infohash
    from auditor.model.standing import Past, Resumed
    from auditor.model.torrent import SeenTorrent
    from auditor.model.watch import Delta
    from auditor.pipeline.run import Directory
    from auditor.policy.evaluate import Policy
    from auditor.written.in_force import State

FACTS_OF_A_HOST = 4096
"""Facts of one host that are kept; past it, those that ended longest ago are settled."""
FACTS = 1 << 18
"""Facts of all hosts that are kept."""
PROOF_FLOWS = 64
"""Flows that come along with a change."""
BUDGET = 0.25
"""Seconds after which the hosts that are left wait for the next time."""
PATIENCE = 20
"""A host is folded again once so many times as long as that took has passed …"""
LONGEST_WAIT = 5.0
"""… or so many seconds."""
ANSWERS = 1 << 17
"""Answers about who held addresses that are kept."""


class Limits(NamedTuple):
    """How much is kept."""

    of_a_host: int = FACTS_OF_A_HOST
    of_all: int = FACTS


class _Host:
    """Where one host stands."""

    __slots__ = ("deadline", "due", "names", "ongoing")

    def __init__(self) -> None:
        self.ongoing: list[Ongoing] = []
        self.names: frozenset[Infohash] = frozenset()
        """All names of its torrents."""
        self.due = 0.0
        """When it may be folded again, by the clock."""
        self.deadline: int | None = None
        """When something of it is over, by the frames."""


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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on with what an earlier run knew: ``resumed`` is open still, of what is over rules may ask ``past``.

        ``clock`` tells how long a fold takes, in seconds, and nothing else.
        """
        self._sensor = sensor
        self._key = key
        self._new_id = new_id
        self._most = limits or Limits()
        self._clock = clock
        self._state = policy
        self._directory = directory
        self._torrents = Torrents()
        self._ledger = Ledger(past)
        self._hosts: dict[Address, _Host] = {}
        self._by_id: dict[str, tuple[Address, Ongoing]] = {}
        self._pending: dict[Address, None] = {}
        """Hosts with news, those that wait for longest first."""
        self._untold: set[str] = set()
        """Incidents that grew and were not told again yet."""
        self._deadlines: list[tuple[int, int, Address]] = []
        self._now = 0
        self._opened = 0
        self._hit: dict[str, int] = {}
        self._bar = self._most.of_all
        self._shown = Shown(policy.value.people, key)
        self._look_anew()
        self._facts = Hosts(self._is_inside, self._known.translating)
        for each in sorted(resumed, key=lambda each: order(each.incident.conduct)):
            self._resume(each)

    # The door.

    def take(self, delta: Delta) -> list[IncidentChange]:
        """Take what is new, and return what changed; what is too costly for now follows with a later call."""
        self._now = max(self._now, delta.seen_until or 0)
        if delta.torrents:
            self._learn(delta.torrents)
        for flow in delta.flows:
            self._pending.update(dict.fromkeys(self._facts.take_flow(flow)))
        for activity in delta.activities:
            self._pending.update(dict.fromkeys(self._facts.take_activity(activity)))
        return self._work(everything=delta.is_over)

    def advance(self, now: int) -> list[IncidentChange]:
        """Let the frames' time pass; return what is over by then, or was waiting."""
        self._now = max(self._now, now)
        return self._work()

    def replace_policy(self, state: State[Policy]) -> list[IncidentChange]:
        """Judge all that goes on by another policy. The gravest that was said sticks."""
        if state.value.people is not self._state.value.people:
            self._shown = Shown(state.value.people, self._key)
        self._state = state
        return self._anew()

    def replace_directory(self, directory: Directory | None) -> list[IncidentChange]:
        """Attribute all that goes on anew, since more is known of who held addresses."""
        self._directory = directory
        return self._anew()

    @property
    def sizes(self) -> Mapping[str, int]:
        """How much is kept."""
        return {
            "standing_facts": self._facts.kept,
            "standing_hosts": len(self._hosts),
            "open_incidents": sum(not ongoing.is_over for _, ongoing in self._by_id.values()),
            "waiting_hosts": len(self._pending),
            "history": len(self._ledger),
        }

    @property
    def limits_hit(self) -> Mapping[str, int]:
        """How often caps were reached, since the beginning."""
        found = {**self._hit, "history": self._ledger.forgotten}
        return {name: count for name, count in found.items() if count}

    # What is known beside the facts.

    def _look_anew(self) -> None:
        """Forget what was found out by means of a policy or directory that is no longer in force."""
        policy, directory = self._state.value, self._directory
        self._is_inside = lru_cache(maxsize=1 << 16)(policy.is_inside)
        self._whose = Whose(policy, None if directory is None else directory.ask, self._shown)
        self._known = Known(
            self._is_inside,
            self._whose.over,
            self._torrents.identities(policy.resolve),
            None if directory is None else Translating(policy.is_egress, directory.behind),
        )

    def _anew(self) -> list[IncidentChange]:
        self._look_anew()
        self._facts.find_anew(self._is_inside, self._known.translating)
        self._pending.update(dict.fromkeys((*self._facts, *self._hosts)))
        changes = self._work(everything=True, judge_all=True)
        if self._directory is not None:
            moved = [ongoing for _, ongoing in self._by_id.values() if not ongoing.is_over and self._has_moved(ongoing)]
            changes += [self._end(ongoing) for ongoing in moved]
        return changes

    def _has_moved(self, ongoing: Ongoing) -> bool:
        """Whether somebody else is known to hold the address since it was last active."""
        conduct = ongoing.incident.conduct
        host = Host(conduct.vantage, conduct.host, conduct.vlan, conduct.mac)
        return conduct.last < self._now and changed_hands(host, conduct.last, self._now, self._whose.over)

    def _learn(self, torrents: Sequence[SeenTorrent]) -> None:
        self._torrents.extend(torrents)
        self._known = self._known._replace(identities=self._torrents.identities(self._state.value.resolve))
        names = {name for torrent in torrents for name in torrent.wire}
        self._pending.update((host, None) for host, state in self._hosts.items() if not state.names.isdisjoint(names))

    def _resume(self, resumed: Resumed) -> None:
        conduct = unnumbered(resumed.incident.conduct)
        incident = resumed.incident._replace(conduct=conduct, torrent=None)
        ongoing = Ongoing(
            id=incident.id,
            number=self._count(),
            told=incident,
            told_at=conduct.last,
            told_gravest=resumed.gravest,
            noted=resumed.noted,
            settled=of_earlier_run(incident.id, conduct),
        )
        ongoing.incident, ongoing.gravest = incident, resumed.gravest
        self._hosts.setdefault(conduct.host, _Host()).ongoing.append(ongoing)
        self._by_id[ongoing.id] = conduct.host, ongoing
        self._pending[conduct.host] = None

    def _count(self) -> int:
        self._opened += 1
        return self._opened

    # The work.

    def _work(self, *, everything: bool = False, judge_all: bool = False) -> list[IncidentChange]:
        """Fold the hosts whose turn it is, end what is over, and tell what changed."""
        began = self._clock()
        turns = list(self._pending) if everything else self._turns(began)
        ending = self._past_deadline()
        turns = list(dict.fromkeys((*turns, *ending)))
        batch: dict[Address, list[Seen]] = {}
        for done, host in enumerate(turns, start=1):
            started = self._clock()
            batch[host] = self._fold(host)
            now = self._clock()
            self._hosts[host].due = now + min(PATIENCE * (now - started), LONGEST_WAIT)
            if not everything and now - began > BUDGET and done < len(turns):
                for late in ending:
                    if late not in batch:
                        self._wait(late, self._now - 1)
                break
        changes = self._continue(batch, self._most.of_a_host, judge_all=judge_all)
        changes += self._tell_growth(everything=everything)
        changes += self._make_room()
        return changes

    def _turns(self, moment: float) -> list[Address]:
        """Return the hosts with news whose turn it is: first those of which nothing is known."""
        new, due = [], []
        for host in self._pending:
            state = self._hosts.get(host)
            if state is None or not state.ongoing:
                new.append(host)
            elif state.due <= moment:
                due.append(host)
        return new + due

    def _past_deadline(self) -> list[Address]:
        found = []
        while self._deadlines and self._deadlines[0][0] < self._now:
            deadline, _, host = heapq.heappop(self._deadlines)
            state = self._hosts.get(host)
            if state is not None and state.deadline == deadline:
                state.deadline = None
                found.append(host)
        return found

    def _wait(self, host: Address, deadline: int) -> None:
        state = self._hosts[host]
        if state.deadline != deadline:
            state.deadline = deadline
            heapq.heappush(self._deadlines, (deadline, self._count(), host))  # counted, so that no addresses compare

    def _fold(self, host: Address) -> list[Seen]:
        """Fold what is known of a host."""
        self._pending.pop(host, None)
        if len(self._whose) > ANSWERS:
            self._look_anew()
        state = self._hosts.setdefault(host, _Host())
        facts = self._facts.facts(host)
        seen, flows, activities = facts.sighting(is_ordered=self._known.translating is not None)
        settled = [ongoing.settled for ongoing in state.ongoing if ongoing.settled is not None]
        folded = conducts_of(host, seen, self._known, settled)
        told = stand_beside([each.conduct for each in folded], seen, self._is_inside, self._whose.over)
        if self._state.value.asks_metadata:
            told = [self._torrents.described(conduct) for conduct in told]
        found = [
            Seen(
                conduct._replace(
                    flows=tuple(sorted([flows[place] for place in conduct.flows])),
                    activities=tuple(sorted([activities[place] for place in conduct.activities])),
                ),
                each.parts,
                flows,
                activities,
            )
            for conduct, each in zip(told, folded, strict=True)
        ]
        wire = {name for each in found if each.conduct.infohashes for name in each.conduct.infohashes.wire}
        others = {other.wire for name in wire for other in self._known.identities(name) if other is not None}
        state.names = frozenset(wire | others)
        return found

    def _continue(
        self, batch: Mapping[Address, Sequence[Seen]], most: int, *, judge_all: bool = False
    ) -> list[IncidentChange]:
        """Find out which incidents the conducts of these hosts are, judge them, and tell what changed."""
        seen = sorted((each for found in batch.values() for each in found), key=lambda each: order(each.conduct))
        before = [ongoing for host in batch for ongoing in self._hosts[host].ongoing]
        continued = continue_(before, seen, self._state.value.is_egress)
        for host in batch:
            self._hosts[host].ongoing = []
        changes: list[IncidentChange] = []
        touched: set[str] = set()
        again: dict[str, Conduct] = {}
        pairs: dict[Address, list[tuple[Ongoing, Seen]]] = {host: [] for host in batch}
        for place, each in enumerate(seen):
            ongoing = continued.ids.get(place) or Ongoing(self._new_id(), self._count())
            others = continued.merged.get(place, ())
            self._go_on(ongoing, each, others)
            pairs[each.conduct.host].append((ongoing, each))
            for other in others:
                changes += self._let_go(other, touched)
            is_new = not ongoing.is_judged or ongoing.incident.conduct != each.conduct
            if is_new or (judge_all and not ongoing.is_over):
                again[ongoing.id] = each.conduct
        for ongoing in continued.gone:
            changes += self._let_go(ongoing, touched)
        for owner in touched:
            self._add_again(owner, again)
        changes += self._tell(self._judge(again))
        for host, found in pairs.items():
            changes += [self._end(ongoing) for ongoing, _ in found if not ongoing.is_over and self._is_idle(ongoing)]
            self._sweep(host, found, most)
        return changes

    def _go_on(self, ongoing: Ongoing, seen: Seen, merged: Sequence[Ongoing]) -> None:
        """Let an incident go on as a conduct, others as a part of it."""
        host = seen.conduct.host
        self._hosts[host].ongoing.append(ongoing)
        self._by_id[ongoing.id] = host, ongoing
        ongoing.proof = _proof(seen)
        if merged:
            ongoing.merged += tuple([other.id for other in merged])
            ongoing.is_over = ongoing.is_over and all(other.is_over for other in merged)
            for other in merged:
                ongoing.gravest = graver(other.gravest, ongoing.gravest)
        if any(part.settled and part.settled.incident != ongoing.id for part in seen.settled):
            ongoing.settled = settle(ongoing.id, seen.settled, seen.conduct, (), self._known.identities)

    def _let_go(self, ongoing: Ongoing, touched: set[str]) -> list[IncidentChange]:
        """End an incident that is none any more, or a part of another."""
        changes = [] if ongoing.is_over else [self._end(ongoing)]
        touched |= self._ledger.withdraw(ongoing.id)
        self._forget(ongoing)
        return changes

    def _forget(self, ongoing: Ongoing) -> None:
        self._by_id.pop(ongoing.id, None)
        self._untold.discard(ongoing.id)

    def _judge(self, again: dict[str, Conduct]) -> list[Ongoing]:
        """Attribute and judge conducts in order of time, and those that come after them of the same person."""
        policy = self._state.value
        heap = [(order(conduct), owner) for owner, conduct in again.items()]
        heapq.heapify(heap)
        judged = []
        while heap:
            place, owner = heapq.heappop(heap)
            conduct = again.pop(owner, None)
            if conduct is None:
                continue
            _, ongoing = self._by_id[owner]
            attribution = attributed(conduct, self._whose)
            page = self._ledger.page(owner, place)
            judgement = policy.judge(conduct, attribution, page)
            ongoing.incident = Incident(owner, conduct, attribution, judgement, listed_name(conduct, policy))
            ongoing.noted = tuple([Noted(each.rule, each.what) for each in page.written])
            said = Gravest(judgement, max(self._now, conduct.last), policy.sha256)
            ongoing.gravest = graver(said, ongoing.gravest) if ongoing.told else said
            ongoing.is_judged = True
            judged.append(ongoing)
            for other in self._ledger.put(page):
                if self._add_again(other, again):
                    heapq.heappush(heap, (order(again[other]), other))
        return judged

    def _add_again(self, owner: str, again: dict[str, Conduct]) -> bool:
        """Note that an incident must be judged again, if it goes on and was not noted yet."""
        if owner in again or owner not in self._by_id:
            return False
        _, ongoing = self._by_id[owner]
        if ongoing.is_over or not ongoing.is_judged:
            return False
        again[owner] = ongoing.incident.conduct
        return True

    def _sweep(self, host: Address, found: Sequence[tuple[Ongoing, Seen]], most: int) -> None:
        """Let go of what is over, and of what is too much."""
        state = self._hosts[host]
        swept = sweep(self._facts.facts(host), found, self._now, most, self._known)
        if swept.settled:
            self._hit["settled_facts"] = self._hit.get("settled_facts", 0) + swept.settled
        self._facts.drop(host, swept.flows, swept.activities)
        for ongoing in swept.forgotten:
            state.ongoing.remove(ongoing)
            self._ledger.close(ongoing.id)
            self._forget(ongoing)
        if not state.ongoing and not len(self._facts.facts(host)):
            del self._hosts[host]
        else:
            ends = [each.incident.conduct.last + IDLE for each in state.ongoing if not each.is_over]
            if swept.deadline is not None:
                ends.append(swept.deadline)
            if ends:
                self._wait(host, min(ends))

    def _make_room(self) -> list[IncidentChange]:
        """Settle facts of the hosts that have the most, if all together are too many."""
        changes: list[IncidentChange] = []
        if self._facts.kept <= self._bar:
            return changes
        for facts in self._facts.largest():
            if self._facts.kept <= self._most.of_all * 3 // 4:
                break
            changes += self._continue({facts.host: self._fold(facts.host)}, len(facts) // 2)
        # Of flows that go on none can be let go: what is left may be more still, and more of it is no reason to hurry.
        self._bar = max(self._most.of_all, self._facts.kept * 9 // 8)
        return changes

    # What is told.

    def _tell(self, judged: Iterable[Ongoing]) -> list[IncidentChange]:
        """Tell what is new of incidents, but for those that are about to be told for being over."""
        changes = []
        for ongoing in dict.fromkeys(judged):
            incident, told = ongoing.incident, ongoing.told
            is_back = ongoing.is_over and told is not None and incident.conduct.last > told.conduct.last
            ongoing.is_over = ongoing.is_over and not (is_back and not self._is_idle(ongoing))
            if self._is_idle(ongoing) and not ongoing.is_over:
                continue
            what = "other" if told is None else news(told, incident)
            if (
                what == "other"
                or ongoing.merged
                or ongoing.gravest != ongoing.told_gravest
                or (what == "grown" and (ongoing.is_over or is_back))
            ):
                changes.append(self._change(ongoing))
            elif what == "grown":
                self._untold.add(ongoing.id)
        return changes

    def _tell_growth(self, *, everything: bool) -> list[IncidentChange]:
        changes = []
        for owner in sorted(self._untold):
            _, ongoing = self._by_id[owner]
            if everything or ongoing.told is None or is_due(ongoing.told, ongoing.told_at, ongoing.incident, self._now):
                changes.append(self._change(ongoing))
        return changes

    def _is_idle(self, ongoing: Ongoing) -> bool:
        return self._now - ongoing.incident.conduct.last > IDLE

    def _end(self, ongoing: Ongoing) -> IncidentChange:
        ongoing.is_over = True
        return self._change(ongoing)

    def _change(self, ongoing: Ongoing) -> IncidentChange:
        incident, gravest = ongoing.incident, ongoing.gravest
        change = IncidentChange(
            incident=incident,
            gravest=gravest,
            previous=ongoing.told,
            merged=ongoing.merged,
            is_over=ongoing.is_over,
            caused=incident.conduct.last,
            flows=self._flows(incident.conduct.host, ongoing.proof),
            people=self._state.value.people,
            sensor=self._sensor,
            noted=ongoing.noted,
        )
        ongoing.told, ongoing.told_gravest = incident, gravest
        ongoing.told_at, ongoing.merged = self._now, ()
        self._untold.discard(ongoing.id)
        return change

    def _flows(self, host: Address, numbers: Sequence[int]) -> tuple[Flow, ...]:
        known = self._facts.facts(host).flows
        return tuple([known[number].flow for number in numbers if number in known])


def _proof(seen: Seen) -> tuple[int, ...]:
    """Return the numbers of the flows that prove most of a conduct."""
    ranked = sorted(seen.parts, key=weight, reverse=True)
    places = dict.fromkeys([part.flow for part in ranked if part.flow is not None])
    numbers = [seen.flows[place] for place in places]
    return tuple(dict.fromkeys([*numbers, *seen.conduct.flows]))[:PROOF_FLOWS]
