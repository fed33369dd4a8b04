"""Who holds each address at the moment, as one DHCP server's records go by.

A server leases an address to one device at a time: what it writes later about an address ends what it wrote before,
whatever end that was promised. So the last holding of each address waits here until the next one shows its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from auditor.model.identity import Tenancy

MAX_HELD = 1 << 16
"""Addresses that wait at once, as many as a /16 has. Above that the oldest is told with the end it was promised."""


class Holdings:
    """The last holding of each address that records told of."""

    def __init__(self, cap: int = MAX_HELD) -> None:
        self._cap = cap
        self._held: dict[Hashable, Tenancy] = {}

    def held(self, key: Hashable) -> Tenancy | None:
        """Return an address's last holding, unless it is over."""
        return self._held.get(key)

    def hold(self, key: Hashable, tenancy: Tenancy, latest: int) -> Sequence[Tenancy]:
        """Take a holding in; return what it settles.

        ``key`` is the address, or the address and where it is. The holding began at ``latest`` or, where a local time
        has two readings, somewhat before.
        """
        before = self._held.pop(key, None)
        if before is not None and latest < before.start:  # written late, or the server's clock was put back
            self._held[key] = before
            return (_ended(tenancy, before.start),)
        if before is not None and before.start >= latest:
            self._held[key] = _again(before, tenancy)
            return ()
        self._held[key] = tenancy
        if before is not None:
            return (_ended(before, latest),)
        if len(self._held) > self._cap:
            return (self._held.pop(next(iter(self._held))),)
        return ()

    def close(self, key: Hashable, over: Tenancy) -> Sequence[Tenancy]:
        """End an address's holding with ``over``, which has no length; return what that settles.

        Where the holding stands in another file, ``over`` itself is what this one has to say.
        """
        before = self._held.get(key)
        if before is None:
            return (over,)
        if over.start < before.start or (over.mac and before.mac and over.mac != before.mac):
            return ()  # of a holding that is over anyway
        del self._held[key]
        return (_ended(before, over.start),) if before.start < over.start else ()

    def rest(self) -> Sequence[Tenancy]:
        """Return the holdings that nothing has ended yet."""
        return tuple(self._held.values())


def _ended(tenancy: Tenancy, at: int) -> Tenancy:
    return tenancy if tenancy.end is not None and tenancy.end <= at else tenancy._replace(end=at)


def _again(before: Tenancy, now: Tenancy) -> Tenancy:
    """Return a holding that was written twice: the later one is right, but may leave out what is known."""
    same = before.mac == now.mac and before.duid == now.duid and now.host is None
    return before._replace(end=now.end) if same else now
