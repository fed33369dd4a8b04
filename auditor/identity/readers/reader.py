"""What a reader of identity sources is: lines in, statements and refusals out.

A reader is handed one line after the other and knows nothing of files, so that it reads a file that is whole, one that
is compressed and one that still grows in the same way. It keeps a bounded amount, whatever it is fed.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple, Protocol

from auditor.model.identity import SourceLine, Statement, Tenancy, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from auditor.model.flow import Address


class Refused(NamedTuple):
    """A line that could not be read; the reader went on behind it."""

    line: int
    """Counts from 1."""
    reason: str
    """Never quotes the line: what stands there may name people."""


Told = Statement | Refused


class Reading(NamedTuple):
    """How a file is to be read: what is known of it that does not stand in it."""

    source: str
    """The source's name."""
    file: str
    """Its path, as it is shown."""
    zone: tzinfo = UTC
    """Of times that are written as a clock on the wall shows them."""
    vantage: str | None = None
    vlan: int | None = None
    year: int | None = None
    """In which the last line was written, where the format leaves the year out."""
    idle: int | None = None
    """For how long a session or a flow may last after it was last heard of, in nanoseconds; ``None``: as is usual."""
    prefixes: tuple[str, str] | None = None
    """How a packet filter begins the rows of packets before it translates them, and of translated ones."""
    taken: int | None = None
    """When the file was written last, in nanoseconds since the epoch: its modification time, which whoever opens it
    hands in. A snapshot that does not tell its own time was taken then."""
    lease: int | None = None
    """How long an address is leased, in nanoseconds, where a server's file leaves that out."""

    def at(self, line: int) -> SourceLine:
        """Name a line of the file."""
        return SourceLine(self.source, self.file, line)

    def tenancy(  # noqa: PLR0917  by position: a million times
        self,
        line: int,
        start: int,
        end: int | None,
        ip: Address,
        mac: str | None = None,
        duid: str | None = None,
        host: str | None = None,
        trust: Trust = Trust.LEASED,
        *,
        supposed: bool = False,
    ) -> Tenancy:
        """State that a device had an address; of no length, that it had it no longer."""
        at = SourceLine(self.source, self.file, line)
        vlan, vantage = self.vlan, self.vantage
        return Tenancy(start, end, trust, at, ip, mac, duid, vlan, vantage, host, None, (), (), None, supposed)


class Reader(Protocol):
    """Reads the lines of one file."""

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read one line, without its end; return what is settled by it: no later line changes that."""
        ...

    def rest(self) -> Sequence[Told]:
        """Return what later lines might still change, as it stands.

        At the end of a file that is all there is left to say. Of a file that grows it may be asked again and again:
        each answer takes the place of the one before.
        """
        ...
