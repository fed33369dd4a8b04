"""The incidents that go on: which conduct is which, what policy says of it, and what of that is told."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from auditor.model.incident import Incident
from auditor.model.standing import Gravest, IncidentChange, Noted
from auditor.pipeline.conduct import IDLE, order, weight
from auditor.pipeline.continuing import Ongoing, Seen, continue_
from auditor.pipeline.run import listed_name
from auditor.pipeline.settling import LetGo, of_earlier_run, settle, unnumbered
from auditor.pipeline.telling import graver, is_due, news
from auditor.policy.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.model.flow import Address, Flow
    from auditor.model.incident import Conduct
    from auditor.model.standing import Past, Resumed
    from auditor.pipeline.hosts import Hosts
    from auditor.pipeline.knowledge import Knowledge

PROOF_FLOWS = 64
"""Flows that come along with a change."""


class Incidents:
    """Keeps incidents by their hosts, and judges them as conducts of these hosts become known."""

    def __init__(
        self,
        knowledge: Knowledge,
        facts: Hosts,
        *,
        sensor: str,
        new_id: Callable[[], str],
        resumed: Iterable[Resumed],
        past: Iterable[Past],
    ) -> None:
        self._knowledge = knowledge
        self._facts = facts
        self._sensor = sensor
        self._new_id = new_id
        self._opened = 0
        self._of_host: dict[Address, list[Ongoing]] = {}
        self._by_id: dict[str, Ongoing] = {}
        self._untold: dict[str, Ongoing] = {}
        """Those that grew and were not told again yet."""
        self.ledger = Ledger(past)
        self.now = 0
        """The frames' time."""
        for each in sorted(resumed, key=lambda each: order(each.incident.conduct)):
            self._resume(each)

    def hosts(self) -> list[Address]:
        """Return the hosts that have any."""
        return list(self._of_host)

    @property
    def having(self) -> AbstractSet[Address]:
        """The same, as they are at each look."""
        return self._of_host.keys()

    @property
    def open(self) -> int:
        """How many go on."""
        return sum(not ongoing.is_over for ongoing in self._by_id.values())

    def of(self, host: Address) -> Sequence[Ongoing]:
        """Return those of a host, and those that are over and may come back."""
        return self._of_host.get(host, ())

    def go_on(self, batch: Mapping[Address, Sequence[Seen]]) -> tuple[list[tuple[Ongoing, Seen]], list[IncidentChange]]:
        """Take what all facts of these hosts come to now; return which incident each conduct is, and what changed."""
        seen = sorted((each for found in batch.values() for each in found), key=lambda each: order(each.conduct))
        before = [ongoing for host in batch for ongoing in self._of_host.pop(host, ())]
        continued = continue_(before, seen, self._knowledge.policy.is_egress)
        pairs: list[tuple[Ongoing, Seen]] = []
        changes: list[IncidentChange] = []
        touched: set[str] = set()
        again: dict[str, Conduct] = {}
        for place, each in enumerate(seen):
            ongoing = continued.ids.get(place) or Ongoing(self._new_id(), self._count())
            merged = continued.merged.get(place, ())
            self._be(ongoing, each, merged)
            pairs.append((ongoing, each))
            for other in merged:
                changes += self._let_go(other, touched)
            if not ongoing.is_judged or ongoing.incident.conduct != each.conduct:
                again[ongoing.id] = each.conduct
        for ongoing in continued.gone:
            changes += self._let_go(ongoing, touched)
        for owner in touched:
            self._add(owner, again)
        changes += self._tell(self._judge(again))
        ended = [ongoing for ongoing, _ in pairs if not ongoing.is_over and self._is_idle(ongoing)]
        return pairs, changes + [self.end(ongoing) for ongoing in ended]

    def judge_all(self) -> list[IncidentChange]:
        """Attribute and judge all that goes on anew."""
        going = [each for each in self._by_id.values() if each.is_judged and not each.is_over]
        return self._tell(self._judge({each.id: each.incident.conduct for each in going}))

    def end(self, ongoing: Ongoing) -> IncidentChange:
        """Tell that one is over."""
        ongoing.is_over = True
        return self._change(ongoing)

    def forget(self, host: Address, forgotten: Iterable[Ongoing]) -> None:
        """Let go of incidents that are over: nothing changes them any more."""
        for ongoing in forgotten:
            self._of_host[host].remove(ongoing)
            self.ledger.close(ongoing.id)
            self._drop(ongoing)
        if not self._of_host.get(host, True):
            del self._of_host[host]

    def tell_growth(self, *, everything: bool) -> list[IncidentChange]:
        """Tell of those that merely grew, where it is time to."""
        due = [
            ongoing
            for ongoing in self._untold.values()
            if everything or ongoing.told is None or is_due(ongoing.told, ongoing.told_at, ongoing.incident, self.now)
        ]
        return [self._change(ongoing) for ongoing in due]

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
        self._of_host.setdefault(conduct.host, []).append(ongoing)
        self._by_id[ongoing.id] = ongoing

    def _count(self) -> int:
        self._opened += 1
        return self._opened

    def _be(self, ongoing: Ongoing, seen: Seen, merged: Sequence[Ongoing]) -> None:
        """Let an incident go on as a conduct, and others as a part of it."""
        self._of_host.setdefault(seen.conduct.host, []).append(ongoing)
        self._by_id[ongoing.id] = ongoing
        ongoing.proof = _proof(seen)
        for other in merged:
            ongoing.merged += (other.id,)
            ongoing.is_over = ongoing.is_over and other.is_over
            ongoing.gravest = graver(other.gravest, ongoing.gravest)
        if any(part.settled and part.settled.incident != ongoing.id for part in seen.settled):
            identities = self._knowledge.known.identities
            ongoing.settled = settle(ongoing.id, seen.settled, seen.conduct, LetGo(), identities)

    def _let_go(self, ongoing: Ongoing, touched: set[str]) -> list[IncidentChange]:
        """End an incident that is none any more, or a part of another."""
        changes = [] if ongoing.is_over else [self.end(ongoing)]
        touched |= self.ledger.withdraw(ongoing.id)
        self._drop(ongoing)
        return changes

    def _drop(self, ongoing: Ongoing) -> None:
        self._by_id.pop(ongoing.id, None)
        self._untold.pop(ongoing.id, None)

    def _judge(self, again: dict[str, Conduct]) -> list[Ongoing]:
        """Attribute and judge conducts in order of time, and those that come after them of the same person."""
        heap = [(order(conduct), owner) for owner, conduct in again.items()]
        heapq.heapify(heap)
        judged = []
        while heap:
            place, owner = heapq.heappop(heap)
            conduct = again.pop(owner, None)
            if conduct is None:
                continue
            ongoing = self._by_id[owner]
            page = self.ledger.page(owner, place)
            policy, attribution = self._knowledge.policy, self._knowledge.attribute(conduct)
            judgement = policy.judge(conduct, attribution, page)
            ongoing.incident = Incident(owner, conduct, attribution, judgement, listed_name(conduct, policy))
            ongoing.noted = tuple([Noted(each.rule, each.what) for each in page.written])
            said = Gravest(judgement, max(self.now, conduct.last), self._knowledge.policy_sha256)
            ongoing.gravest = said if ongoing.told is None else graver(said, ongoing.gravest)
            ongoing.is_judged = True
            judged.append(ongoing)
            for other in self.ledger.put(page):
                if self._add(other, again):
                    heapq.heappush(heap, (order(again[other]), other))
        return judged

    def _add(self, owner: str, again: dict[str, Conduct]) -> bool:
        """Note that an incident must be judged again, if it goes on and was not noted yet."""
        ongoing = self._by_id.get(owner)
        if owner in again or ongoing is None or ongoing.is_over or not ongoing.is_judged:
            return False
        again[owner] = ongoing.incident.conduct
        return True

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
            is_more = bool(ongoing.merged) or ongoing.gravest != ongoing.told_gravest
            if what == "other" or is_more or (what == "grown" and (ongoing.is_over or is_back)):
                changes.append(self._change(ongoing))
            elif what == "grown":
                self._untold[ongoing.id] = ongoing
        return changes

    def _is_idle(self, ongoing: Ongoing) -> bool:
        return self.now - ongoing.incident.conduct.last > IDLE

    def _change(self, ongoing: Ongoing) -> IncidentChange:
        incident = ongoing.incident
        change = IncidentChange(
            incident=incident,
            gravest=ongoing.gravest,
            previous=ongoing.told,
            merged=ongoing.merged,
            is_over=ongoing.is_over,
            caused=incident.conduct.last,
            flows=self._flows(incident.conduct.host, ongoing.proof),
            people=self._knowledge.policy.people,
            sensor=self._sensor,
            noted=ongoing.noted,
        )
        ongoing.told, ongoing.told_gravest = incident, ongoing.gravest
        ongoing.told_at, ongoing.merged = self.now, ()
        self._untold.pop(ongoing.id, None)
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
