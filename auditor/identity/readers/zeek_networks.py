"""Reads Zeek's ``networks.cfg``: a network a line, and what it is called.

    10.0.0.0/8          Private IP space

It names networks and nobody in them: a policy may ask for the attribute ``network``. It has no times: what it says is
true until it is changed.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from auditor.identity.readers.fields import name
from auditor.identity.readers.reader import Reading, Refused, Told
from auditor.model.identity import Tenancy, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_NETWORK = 1024
"""Of a line, in bytes."""
_LONGEST_NETWORK = 64


class ZeekNetworks:
    """Every line stands for itself."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read one network."""
        words = line.partition(b"#")[0].split(None, 1)
        if not words:
            return ()
        try:
            text = words[0][:_LONGEST_NETWORK].decode("ascii")
            network = ip_network(text, strict=False)  # as Zeek does: bits behind the prefix are dropped
        except ValueError:
            return (Refused(number, "the line does not begin with a network"),)
        called = name(words[1]) if len(words) > 1 else None
        reading = self._reading
        return (
            Tenancy(
                0,
                None,
                Trust.LISTED,
                reading.at(number),
                vlan=reading.vlan,
                vantage=reading.vantage,
                attributes=(("network", called or str(network)),),
                network=network,
            ),
        )

    def rest(self) -> Sequence[Told]:
        """Nothing is open."""
        return ()
