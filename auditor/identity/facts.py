"""What a statement says of whoever held something, and whether two statements can be of the same holder."""

from __future__ import annotations

from typing import NamedTuple

_LINK_LAYER_TIME = "00:01"
_LINK_LAYER = "00:03"
_ETHERNET = "00:01"
_MAC_CHARACTERS = len("aa:bb:cc:dd:ee:ff")


class Facts(NamedTuple):
    """The holder in one statement, apart from where and when."""

    mac: str | None = None
    duid: str | None = None
    host: str | None = None
    user: str | None = None
    groups: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def is_of_person(self) -> bool:
        """Whether it says more than which device it was."""
        return bool(self.host or self.user or self.groups or self.attributes)


def mac_of_duid(duid: str) -> str | None:
    """Return the Ethernet address that a DUID was made of (RFC 8415 §11.2, §11.4).

    ``00:01`` type, ``00:01`` hardware, four bytes of time, address; or ``00:03``, ``00:01``, address. It is the address
    of any interface that the device had when it made the DUID, so it goes behind one that a source states.
    """
    kind, hardware, rest = duid[:5], duid[6:11], duid[12:]
    if hardware != _ETHERNET or kind not in {_LINK_LAYER_TIME, _LINK_LAYER}:
        return None
    mac = rest[12:] if kind == _LINK_LAYER_TIME else rest
    return mac if len(mac) == _MAC_CHARACTERS else None


def duid_key(duid: str) -> str:
    """Name a device by its DUID, apart from all MACs."""
    return f"duid:{duid}"


def names_of(facts: Facts) -> tuple[str, ...]:
    """Return the names under which other statements may speak of the same device.

    The address in a DUID is one only where no MAC is stated.
    """
    if facts.duid is None:
        return () if facts.mac is None else (facts.mac,)
    own = duid_key(facts.duid)
    mac = facts.mac or mac_of_duid(facts.duid)
    return (own,) if mac is None else (mac, own)


def same_host(one: str, other: str) -> bool:
    """Whether two host names may be one: the same, or one with its domain and one without."""
    one, other = one.casefold().rstrip("."), other.casefold().rstrip(".")
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def contradict(one: Facts, other: Facts) -> bool:
    """Whether two statements of one device cannot both hold: another person, name, or group."""
    return (
        bool(one.user and other.user and one.user.casefold() != other.user.casefold())
        or bool(one.host and other.host and not same_host(one.host, other.host))
        or bool(one.groups and other.groups and one.groups != other.groups)
        or _differ(one.attributes, other.attributes)
    )


def _differ(one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]) -> bool:
    if not one or not other or one == other:
        return False
    names = {name for name, _ in one} & {name for name, _ in other}
    return {pair for pair in one if pair[0] in names} != {pair for pair in other if pair[0] in names}
