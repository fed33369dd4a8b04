"""A private namespace with one way out."""

from __future__ import annotations

import secrets
import subprocess

import pytest

from auditor.sensor.canary import namespace
from auditor.sensor.canary.mark import ENDS, Marks
from auditor.sensor.canary.namespace import Namespace
from tests.build.links import needs_root
from tests.build.sighting import NINE

pytestmark = pytest.mark.lab


def links() -> str:
    """All interfaces of this machine, with their addresses."""
    return subprocess.run(["ip", "address"], capture_output=True, text=True, check=True).stdout


def test_it_leaves_one_interface_without_an_address_and_then_nothing() -> None:
    """Whatever was sent, the machine's own network is as it was."""
    needs_root()
    name = f"t{secrets.token_hex(4)}"
    made = Namespace(name)
    try:
        for _ in range(2):
            made.send(Marks().make(NINE))
        shown = links()
        assert f" {name}@" in shown
        assert not any(str(end) in shown for end in ENDS)
    finally:
        made.close()
        made.close()

    assert name not in links()
    with pytest.raises(OSError, match="is gone"):
        made.send(Marks().make(NINE))


def test_a_name_that_is_taken_is_an_error() -> None:
    """And nothing is left of the try."""
    needs_root()
    with pytest.raises(OSError, match="ip link add"):
        Namespace("lo")


def test_without_ip_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to do."""
    needs_root()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="install iproute2"):
        Namespace(f"t{secrets.token_hex(4)}")
    assert namespace.INTERFACE == "auditor-canary"
