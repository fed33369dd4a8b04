"""What is known beside the facts: the policy in force, who held addresses, and torrents' metadata."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from auditor.pipeline.beside import stand_beside
from auditor.pipeline.conduct import Known, changed_hands, conducts_of
from auditor.pipeline.content import Torrents
from auditor.pipeline.continuing import Seen
from auditor.pipeline.part import Host
from auditor.pipeline.people import Shown
from auditor.pipeline.run import attributed
from auditor.pipeline.translating import Translating
from auditor.pipeline.whose import Whose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct
    from auditor.model.infohash import Infohash
    from auditor.model.torrent import SeenTorrent
    from auditor.pipeline.hosts import Facts
    from auditor.pipeline.part import Part
    from auditor.pipeline.run import Directory
    from auditor.policy.evaluate import Policy
    from auditor.written.in_force import State

ADDRESSES = 1 << 16
"""Addresses of which is kept whether they are ours."""
ANSWERS = 1 << 15
"""Answers about who held addresses that are kept."""
TORRENTS = 1 << 16
"""Torrents whose metadata is known."""
INFO_BYTES = 16 << 20
"""Of info dicts: those of the newest torrents."""


class Knowledge:
    """Folds the facts of a host by what is known now."""

    def __init__(self, state: State[Policy], directory: Directory | None, key: bytes | None) -> None:
        self._state = state
        self._directory = directory
        self._key = key
        self._shown = Shown(state.value.people, key)
        self._torrents = Torrents(most=TORRENTS, most_bytes=INFO_BYTES)
        self._whose, self.known = self._looked_anew()

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._state.value

    @property
    def policy_sha256(self) -> str | None:
        """The hash of its file."""
        return self._state.sha256

    @property
    def forgotten_torrents(self) -> int:
        """How many torrents found no room."""
        return self._torrents.forgotten

    def replace_policy(self, state: State[Policy]) -> None:
        """Put another policy in force."""
        if state.value.people is not self.policy.people:
            self._shown = Shown(state.value.people, self._key)
        self._state = state
        self._whose, self.known = self._looked_anew()

    def replace_directory(self, directory: Directory | None) -> None:
        """Ask another directory from now on."""
        self._directory = directory
        self._whose, self.known = self._looked_anew()

    def learn(self, torrents: Iterable[SeenTorrent]) -> None:
        """Take in metadata, which goes on where the earlier ended."""
        self._torrents.extend(torrents)
        self.known = self.known._replace(identities=self._torrents.identities(self.policy.resolve))

    def fold(self, facts: Facts, settled: Iterable[Part]) -> list[Seen]:
        """Fold what is known of a host, and what stays of what was known of it."""
        if len(self._whose) > ANSWERS:
            self._whose, self.known = self._looked_anew()
        seen, flows, activities = facts.sighting(is_ordered=self.known.translating is not None)
        folded = conducts_of(facts.host, seen, self.known, settled)
        found = stand_beside([each.conduct for each in folded], seen, self.known.is_inside, self.known.holders)
        if self.policy.asks_metadata:
            found = [self._torrents.described(conduct) for conduct in found]
        return [
            Seen(
                _numbered(conduct, each.parts, flows, activities),
                each.parts,
                flows,
                activities,
            )
            for conduct, each in zip(found, folded, strict=True)
        ]

    def names(self, seen: Sequence[Seen]) -> frozenset[Infohash]:
        """Return all names of the torrents of conducts: metadata under one of them may say more of them."""
        wire = {name for each in seen if each.conduct.infohashes for name in each.conduct.infohashes.wire}
        others = {other.wire for name in wire for other in self.known.identities(name) if other is not None}
        return frozenset(wire | others)

    def attribute(self, conduct: Conduct) -> Attribution:
        """Say whose a conduct is."""
        return attributed(conduct, self._whose)

    def has_moved(self, conduct: Conduct, now: int) -> bool:
        """Whether somebody else is known to hold the address since a conduct was last active."""
        if self._directory is None or conduct.last >= now:
            return False
        host = Host(conduct.vantage, conduct.host, conduct.vlan, conduct.mac)
        return changed_hands(host, conduct.last, now, self.known.holders)

    def _looked_anew(self) -> tuple[Whose, Known]:
        """Begin without what was found out by means of what is no longer in force, or is too much to keep."""
        policy, directory = self.policy, self._directory
        whose = Whose(policy, None if directory is None else directory.ask, self._shown)
        known = Known(
            lru_cache(maxsize=ADDRESSES)(policy.is_inside),
            whose.over,
            self._torrents.identities(policy.resolve),
            None if directory is None else Translating(policy.is_egress, directory.behind),
        )
        return whose, known


def _numbered(conduct: Conduct, parts: Iterable[Part], flows: Sequence[int], activities: Sequence[int]) -> Conduct:
    """Name a conduct's facts by the watch's numbers, and with them those that are settled."""
    settled = [part.settled for part in parts if part.settled is not None]
    of_flows = {flows[place] for place in conduct.flows}.union(*[each.flows for each in settled])
    of_activities = {activities[place] for place in conduct.activities}.union(*[each.activities for each in settled])
    return conduct._replace(flows=tuple(sorted(of_flows)), activities=tuple(sorted(of_activities)))
