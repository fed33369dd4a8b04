"""A finished audit as metrics."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from auditor import __version__
from auditor.metrics.audit import AuditCollector, write_textfile
from tests.build.audits import office_audit

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics" / "audit.prom"


def collector() -> AuditCollector:
    """The metrics of an office day."""
    result = office_audit()
    return AuditCollector(result.captures, result.incidents, result.limits_hit, finished=1_795_400_000.5)


def test_the_whole_exposition_is_as_documented(tmp_path: Path) -> None:
    """Every family, label and figure; the golden file is the list in the documentation."""
    write_textfile(tmp_path / "auditor.prom", collector())

    assert (tmp_path / "auditor.prom").read_text() == GOLDEN.read_text().replace("@VERSION@", __version__)


def test_no_label_identifies_anyone(tmp_path: Path) -> None:
    """No address, infohash or name, whatever was found."""
    write_textfile(tmp_path / "auditor.prom", collector())
    exposition = (tmp_path / "auditor.prom").read_text()

    for incident in office_audit().incidents:
        infohashes = incident.conduct.infohashes
        assert str(incident.conduct.host) not in exposition
        assert incident.name is None or incident.name not in exposition
        assert infohashes is None or str(infohashes.wire[0]) not in exposition


def test_an_empty_audit_says_none_where_nothing_was_found(tmp_path: Path) -> None:
    """Known labels start at zero, so that an alert does not wait for the first sample."""
    write_textfile(tmp_path / "auditor.prom", AuditCollector([], [], {}, finished=1.0))
    exposition = (tmp_path / "auditor.prom").read_text()

    assert 'auditor_audit_captures{result="unreadable"} 0.0' in exposition
    assert "# TYPE auditor_audit_incidents gauge" in exposition


def test_the_file_appears_whole_and_readable(tmp_path: Path) -> None:
    """Another user's node exporter reads it at any moment: one rename, mode 0644, nothing left behind."""
    path = tmp_path / "auditor.prom"
    path.write_text("old")

    write_textfile(path, collector())

    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["auditor.prom"]


def test_a_file_that_cannot_be_written_is_an_error_without_a_trace(tmp_path: Path) -> None:
    """The caller says so; no draft stays."""
    (tmp_path / "folder").mkdir()

    with pytest.raises(OSError, match=r"directory|folder"):
        write_textfile(tmp_path / "folder", collector())

    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
