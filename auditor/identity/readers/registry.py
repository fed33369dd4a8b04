"""The readers by the kind that ``identity.yaml`` names: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.identity.readers.ad_groups import AdGroups
from auditor.identity.readers.conntrack import MAX_EVENT, Conntrack
from auditor.identity.readers.dhcpd import Dhcpd
from auditor.identity.readers.dnsmasq import Dnsmasq
from auditor.identity.readers.freeradius import MAX_ATTRIBUTE, Freeradius
from auditor.identity.readers.intervals import Intervals
from auditor.identity.readers.kea import Kea
from auditor.identity.readers.ldif import Ldif
from auditor.identity.readers.lines import MAX_LINE, Lines
from auditor.identity.readers.neighbours import MAX_SNAPSHOT, Neighbours
from auditor.identity.readers.nft_log import MAX_ROW, NftLog
from auditor.identity.readers.reader import Reader, Reading, Refused, Told
from auditor.identity.readers.windows_dhcp import WindowsDhcp
from auditor.identity.readers.zeek_dhcp import ZeekDhcp
from auditor.identity.readers.zeek_networks import MAX_NETWORK, ZeekNetworks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["READERS", "Kind", "Reader", "Reading", "Refused", "Told", "read"]


class Kind(NamedTuple):
    """A kind of source."""

    reader: Callable[[Reading], Reader]
    longest: int = MAX_LINE
    """Of a line, in bytes: a longer one is refused."""


READERS: Mapping[str, Kind] = {
    "ad-groups": Kind(AdGroups),
    "conntrack": Kind(Conntrack, longest=MAX_EVENT),
    "dnsmasq": Kind(Dnsmasq),
    "freeradius": Kind(Freeradius, longest=MAX_ATTRIBUTE),
    "intervals": Kind(Intervals),
    "isc-dhcpd": Kind(Dhcpd),
    "kea": Kind(Kea),
    "ldif": Kind(Ldif),
    "neighbours": Kind(Neighbours, longest=MAX_SNAPSHOT),
    "nft-log": Kind(NftLog, longest=MAX_ROW),
    "windows-dhcp": Kind(WindowsDhcp),
    "zeek-dhcp": Kind(ZeekDhcp),
    "zeek-networks": Kind(ZeekNetworks, longest=MAX_NETWORK),
}


def read(kind: str, lines: Iterable[bytes], reading: Reading) -> Iterator[Told]:
    """Read one file of a kind from beginning to end."""
    reader, longest = READERS[kind][0](reading), READERS[kind].longest
    number = 0
    for number, line in enumerate(lines, 1):
        if len(line) > longest:
            yield Refused(number, f"the line is longer than {longest} bytes")
        else:
            yield from reader.line(number, line)
    yield from reader.rest()
    if isinstance(lines, Lines) and lines.problem:
        yield Refused(number + 1, lines.problem)
