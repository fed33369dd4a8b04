"""What became of the same person or host before: for rules that ask how often something happened, and in what time.

Conducts come in order of time. What is kept is as much as the rules ask for, of those seen last.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable

    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct

MAX_KEPT = 1 << 18
"""Pairs of a rule and a person or host; past it, those that were not seen for the longest are forgotten."""


class Before(Protocol):
    """What rules ask, and what they note."""

    def earlier(self, rule: str, what: str, conduct: Conduct, attribution: Attribution, within: int) -> int:
        """Return how many conducts of the same person or host were noted, that began so shortly before this one."""
        ...

    def note(self, rule: str, what: str, conduct: Conduct, attribution: Attribution, keep: int) -> None:
        """Keep that ``rule`` matched; only the last ``keep`` times matter."""
        ...


class History:
    """When each rule matched whom."""

    def __init__(self, most: int = MAX_KEPT) -> None:
        self._most = most
        self._times: OrderedDict[Hashable, deque[int]] = OrderedDict()
        self.forgotten = 0
        """How many pairs were forgotten: a count may be too low for them, never too high."""

    def earlier(self, rule: str, what: str, conduct: Conduct, attribution: Attribution, within: int) -> int:
        """Return how many conducts of the same person or host were noted, that began so shortly before this one."""
        times = self._times.get((rule, what, who(conduct, attribution)))
        if times is None:
            return 0
        moment = conduct.first
        return sum(moment - within < time <= moment for time in times)

    def note(self, rule: str, what: str, conduct: Conduct, attribution: Attribution, keep: int) -> None:
        """Keep that ``rule`` matched; only the last ``keep`` times matter."""
        key = (rule, what, who(conduct, attribution))
        times = self._times.get(key)
        if times is None:
            if len(self._times) >= self._most:
                self._times.popitem(last=False)
                self.forgotten += 1
            times = self._times[key] = deque(maxlen=keep)
        else:
            self._times.move_to_end(key)
        times.append(conduct.first)


def who(conduct: Conduct, attribution: Attribution) -> Hashable:
    """Return what stands for the person, else the host: its address in its network."""
    return attribution.subject or (conduct.vantage, conduct.vlan, conduct.host)
