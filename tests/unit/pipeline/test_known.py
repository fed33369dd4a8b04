"""What is known of who held addresses."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.identity.load import load
from auditor.model.identity import Asked
from auditor.pipeline.known import known
from tests.build.sighting import NINE, SECOND, lease, sighting

if TYPE_CHECKING:
    from pathlib import Path


def test_the_capture_is_a_source_of_its_own(tmp_path: Path) -> None:
    """Without any other, a DHCP answer in it tells whose an address was."""
    path = tmp_path / "identity.yaml"
    path.write_text("version: 1\n")
    seen = sighting(leases=[lease("10.40.9.9", "52:54:00:12:34:56", at=NINE, seconds=600)])

    built = known(load(path), seen)

    asked = Asked("default", ip_address("10.40.9.9"), (), None, NINE + SECOND, NINE + 2 * SECOND)
    [tenure] = built.directory.ask(asked)
    assert (tenure.status, tenure.holders[0].mac) == ("attributed", "52:54:00:12:34:56")
    assert built.read.sources == ()
