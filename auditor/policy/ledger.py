"""What rules counted of incidents that go on: asked and written in any order, read in order of time.

An audit sees conducts once, in order, and keeps a :class:`~auditor.policy.history.History`. Of what goes on, an earlier
one may be judged again after a later one: so each entry has its owner, which never counts against itself, and may be
withdrawn. Whoever comes after a changed entry is told, to be judged again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from auditor.policy.history import MAX_KEPT, who

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct
    from auditor.model.standing import Past

    Place = tuple[object, ...]
    """Where a conduct stands among all, in order of time; its first item is the moment when it began."""

SPARE = 64
"""Entries that are kept beyond those that a rule asks for: some may still come between them."""


class _Entry(NamedTuple):
    place: Place
    owner: str


class _Written(NamedTuple):
    key: Hashable
    rule: str
    what: str
    place: Place
    keep: int


class Ledger:
    """When each rule matched whom, by whose incident."""

    def __init__(self, past: Iterable[Past] = (), most: int = MAX_KEPT) -> None:
        """Take in what is known of incidents that are over."""
        self._most = most
        self._entries: OrderedDict[Hashable, list[_Entry]] = OrderedDict()
        self._written: dict[str, tuple[_Written, ...]] = {}
        self.forgotten = 0
        """How many pairs of a rule and a person or host were forgotten."""
        for each in past:
            place = (each.first, each.host.version, each.host, each.vantage)
            for rule, what in each.noted:
                key = (rule, what, each.subject or (each.vantage, each.vlan, each.host))
                self._write(each.id, _Written(key, rule, what, place, 0))

    def __len__(self) -> int:
        """How many pairs of a rule and a person or host are kept."""
        return len(self._entries)

    def page(self, owner: str, place: Place) -> Page:
        """Return what an incident may see: what came before it, but for itself."""
        return Page(self, owner, place)

    def put(self, page: Page) -> set[str]:
        """Take what was written on a page for all that is known of its owner; return who must be judged again."""
        before, now = self._written.get(page.owner, ()), tuple(page.written)
        if before == now:
            return set()
        return self.withdraw(page.owner) | self._put(page.owner, now)

    def withdraw(self, owner: str) -> set[str]:
        """Forget all of an incident, which is none; return who must be judged again."""
        touched: set[str] = set()
        for written in self._written.pop(owner, ()):
            entries = self._entries.get(written.key, [])
            at = bisect_left(entries, (written.place, owner))
            if at < len(entries) and entries[at] == (written.place, owner):
                del entries[at]
                touched |= {each.owner for each in entries[at : at + written.keep]}
        return touched - {owner}

    def close(self, owner: str) -> None:
        """Keep what is written of an incident, which nothing changes any more."""
        self._written.pop(owner, None)

    def before(self, key: Hashable, place: Place, owner: str, within: int) -> int:
        """Count the entries that came before a place, and began so shortly before it."""
        moment = place[0]
        entries = self._entries.get(key, [])
        end = bisect_left(entries, (place, owner))
        count = 0
        for entry in reversed(entries[:end]):
            if not moment - within < entry.place[0] <= moment:  # type: ignore[operator]  # its first item is a moment
                break
            count += entry.owner != owner
        return count

    def _put(self, owner: str, now: tuple[_Written, ...]) -> set[str]:
        touched: set[str] = set()
        for written in now:
            touched |= self._write(owner, written)
        self._written[owner] = now
        return touched - {owner}

    def _write(self, owner: str, written: _Written) -> set[str]:
        entries = self._entries.get(written.key)
        if entries is None:
            if len(self._entries) >= self._most:
                self._entries.popitem(last=False)
                self.forgotten += 1
            entries = self._entries[written.key] = []
        else:
            self._entries.move_to_end(written.key)
        entry = _Entry(written.place, owner)
        insort(entries, entry)
        if written.keep and len(entries) > written.keep + SPARE:
            del entries[0]
        at = bisect_left(entries, entry) + 1
        return {each.owner for each in entries[at : at + written.keep]}


class Page:
    """The ledger as one incident sees it, for :meth:`Policy.judge`; what is noted waits for :meth:`Ledger.put`."""

    def __init__(self, ledger: Ledger, owner: str, place: Place) -> None:
        self._ledger = ledger
        self._place = place
        self.owner = owner
        self.written: list[_Written] = []

    def earlier(self, rule: str, what: str, conduct: Conduct, attribution: Attribution, within: int) -> int:
        """Return how many of the same person or host were noted, that began so shortly before this one."""
        return self._ledger.before((rule, what, who(conduct, attribution)), self._place, self.owner, within)

    def note(self, rule: str, what: str, conduct: Conduct, attribution: Attribution, keep: int) -> None:
        """Keep that ``rule`` matched; only the last ``keep`` times matter."""
        self.written.append(_Written((rule, what, who(conduct, attribution)), rule, what, self._place, keep))
