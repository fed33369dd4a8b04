"""The door to the compiled engine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

import auditor_native
from auditor import engine
from auditor.engine import CapturePath, Options, Progress, sight, transmit
from tests.unit.engine.traffic import INSIDE, download

if TYPE_CHECKING:
    from pathlib import Path


def test_progress_may_be_listened_to(tmp_path: Path) -> None:
    """About ten times a second: of a short run perhaps never."""
    capture = CapturePath(str(download(tmp_path / "a.pcap")), "office")
    told: list[Progress] = []

    sight([capture], Options(INSIDE), told.append)

    assert all(progress.packets > 0 for progress in told)


def test_an_engine_of_another_contract_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to do."""
    monkeypatch.setattr(auditor_native, "CONTRACT", auditor_native.CONTRACT + 1)

    with pytest.raises(ImportError, match=r"rebuild it: pip install -e \."):
        importlib.reload(engine)


def test_what_cannot_be_sent_onto_an_interface_is_told(tmp_path: Path) -> None:
    """There is none of that name, or no right to."""
    capture = download(tmp_path / "a.pcap")
    with pytest.raises(OSError, match=r"no interface named no-such-if0|CAP_NET_RAW"):
        transmit([str(capture)], "no-such-if0")
    with pytest.raises(ValueError, match="more than nothing"):
        transmit([str(capture)], "no-such-if0", speed=-1.0)
