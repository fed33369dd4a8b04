"""Whose an address was over a span of time: what identity sources know, and what the policy makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.model.attribution import UNATTRIBUTED, Attribution, Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from auditor.model.identity import Asked, Holder, Tenure
    from auditor.pipeline.part import Host
    from auditor.pipeline.people import Shown
    from auditor.policy.evaluate import Policy

    Ask = Callable[[Asked], Sequence[Tenure]]


class Held(NamedTuple):
    """One holder's part of a span; parts adjoin and cover all of it, and one alone may go beyond it."""

    first: int
    last: int
    """The last moment, included."""
    key: int
    """The same for the same holder, whichever lines say so."""
    attribution: Attribution


_ALWAYS = 0, (1 << 63) - 1


class Whose:
    """Says who held an address: asked for each part of every conduct, so what it finds is kept."""

    def __init__(self, policy: Policy, ask: Ask | None, shown: Shown) -> None:
        self._policy = policy
        self._ask = ask
        self._shown = shown
        self._by_policy: dict[Host, Held] = {}
        self._keys: dict[Hashable, int] = {}
        self._spans: dict[tuple[Host, int, int], tuple[Held, ...]] = {}

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._spans) + len(self._by_policy)

    def over(self, host: Host, first: int, last: int) -> tuple[Held, ...]:
        """Return who held ``host`` from ``first`` to ``last``, part by part; one who always does, in one part."""
        if self._ask is None or not self._policy.is_inside(host.ip):
            return (self._by_the_policy(host),)
        known = self._spans.get((host, first, last))
        if known is None:
            from auditor.model.identity import Asked  # noqa: PLC0415 - start-up without identity sources

            asked = Asked(host.vantage, host.ip, host.vlan, host.mac, first, last)
            known = self._spans[host, first, last] = tuple(_joined([self._held(host, t) for t in self._ask(asked)]))
        return known

    def at(self, host: Host, first: int, last: int) -> Attribution:
        """Say in one answer who held ``host``; where it changed hands meanwhile, nobody is said to have held it."""
        held = self.over(host, first, last)
        if len(held) == 1:
            return held[0].attribution
        groups = {each.attribution.group for each in held}
        return Attribution(
            group=groups.pop() if len(groups) == 1 else UNATTRIBUTED,
            status="ambiguous",
            candidates=tuple(candidate for each in held for candidate in _as_candidates(each.attribution)),
            lines=tuple(dict.fromkeys(line for each in held for line in each.attribution.lines)),
        )

    def _by_the_policy(self, host: Host) -> Held:
        """Return what the policy says by itself, of all time: by network, VLAN and the MAC in the frames."""
        known = self._by_policy.get(host)
        if known is None:
            attribution = self._policy.attribute(host.ip, vlan=host.vlan, mac=host.mac)
            known = self._by_policy[host] = Held(*_ALWAYS, self._key(attribution), attribution)
        return known

    def _key(self, holder: Hashable) -> int:
        return self._keys.setdefault(holder, len(self._keys))

    def _held(self, host: Host, tenure: Tenure) -> Held:
        if not tenure.holders:
            return self._by_the_policy(host)._replace(first=tenure.first, last=tenure.last)
        if tenure.status == "attributed":
            key = self._key(_identity(tenure.holders[0]))
            return Held(tenure.first, tenure.last, key, self._of_winner(host, tenure))
        key = self._key(tuple(_identity(holder) for holder in tenure.holders))
        return Held(tenure.first, tenure.last, key, self._of_several(host, tenure))

    def _of_winner(self, host: Host, tenure: Tenure) -> Attribution:
        winner, *others = tenure.holders
        by_policy = self._of(host, winner)
        return Attribution(
            group=by_policy.group,
            status=by_policy.status if by_policy.status == "ambiguous" else "attributed",
            subject=self._shown.subject(winner),
            source=by_policy.source or _source(winner),
            candidates=(*by_policy.candidates, *(self._candidate(host, other) for other in others)),
            lines=_lines(winner),
            clock=tenure.clock.basis if tenure.clock else None,
        )

    def _of_several(self, host: Host, tenure: Tenure) -> Attribution:
        """Name no subject; the group only where all who may have held the address, or nobody, are of one."""
        groups = {self._of(host, holder).group for holder in tenure.holders}
        candidates = tuple(self._candidate(host, holder) for holder in tenure.holders)
        if len(tenure.holders) == 1:
            alone = self._by_the_policy(host).attribution
            groups.add(alone.group)
            candidates += (Candidate(alone.group, None, alone.source or "no source", "nobody may have held it then"),)
        return Attribution(
            group=groups.pop() if len(groups) == 1 else UNATTRIBUTED,
            status="ambiguous",
            candidates=candidates,
            lines=tuple(dict.fromkeys(line for holder in tenure.holders for line in _lines(holder))),
            clock=tenure.clock.basis if tenure.clock else None,
        )

    def _of(self, host: Host, holder: Holder) -> Attribution:
        return self._policy.attribute(host.ip, vlan=host.vlan, mac=host.mac, holder=holder)

    def _candidate(self, host: Host, holder: Holder) -> Candidate:
        return Candidate(self._of(host, holder).group, self._shown.subject(holder), _source(holder), holder.standing)


def _as_candidates(attribution: Attribution) -> tuple[Candidate, ...]:
    if attribution.status == "ambiguous":
        return attribution.candidates
    source = attribution.lines[0] if attribution.lines else attribution.source or "no source"
    return (Candidate(attribution.group, attribution.subject, source, "held it for a part of the time"),)


def _joined(held: Sequence[Held]) -> list[Held]:
    """Put together neighbours of one holder: a renewal is no change of hands."""
    found: list[Held] = []
    for each in held:
        if found and found[-1].key == each.key:
            found[-1] = found[-1]._replace(last=each.last)
        else:
            found.append(each)
    return found


def _identity(holder: Holder) -> Hashable:
    """Return what makes a holder another one: the person, else the device, else its name."""
    return (holder.user, holder.mac or holder.duid or holder.host)


def _lines(holder: Holder) -> tuple[str, ...]:
    return tuple(str(line) for line in holder.lines)


def _source(holder: Holder) -> str:
    return str(holder.lines[0]) if holder.lines else "an identity source"
