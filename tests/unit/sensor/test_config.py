"""Settings."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from auditor.sensor.config import host_name

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("host", "name"),
    [("HQ-1.example.org", "hq-1.example.org"), ("bob's mac", "bob-s-mac"), ("-ü-", "sensor"), ("", "sensor")],
)
def test_a_sensor_is_called_as_its_host(
    monkeypatch: pytest.MonkeyPatch, host: str, name: str, request: pytest.FixtureRequest
) -> None:
    """In the letters that a name may have."""
    del request
    said: Callable[[], str] = lambda: host  # noqa: E731 - as the socket module has it
    monkeypatch.setattr(socket, "gethostname", said)
    assert host_name() == name
