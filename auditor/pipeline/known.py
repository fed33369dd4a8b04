"""What is known of who held addresses: what identity sources say, and what the captures themselves show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.identity.clock import Clocks
from auditor.identity.seen import statements

if TYPE_CHECKING:
    from auditor.identity.load import Built, Identity
    from auditor.model.capture import Sighting


def known(identity: Identity, sighting: Sighting) -> Built:
    """Read every source, beside the DHCP, ARP and NDP frames of the captures, and measure its clock against them.

    Raises:
        TooManyStatements: if there are more than can be kept.
    """
    return identity.build(statements(sighting), Clocks(sighting))
