"""Which files a sensor needs."""

from __future__ import annotations

import sys
from pathlib import Path

from auditor.sensor import load
from auditor.sensor.needs import needed
from tests.build.sensor import sensor_files


def test_what_is_read_anew_is_needed_by_its_folder(tmp_path: Path) -> None:
    """A new file takes the place of the old one; a pattern is good for all below its first wildcard."""
    rest = "identity: ids/identity.yaml\nmetrics: {web_config: web/web.yml}\n"
    config = load.load(sensor_files(tmp_path, rest))
    allowed = needed(config, ["leases/dhcpd.leases*", "/var/log/radius/*/detail", "nat.log"])
    wanted = {
        *(tmp_path, tmp_path / "web", tmp_path / "ids", tmp_path / "ids/leases", Path("/var/log/radius")),
        *(Path("/etc"), Path(sys.prefix)),
    }
    assert wanted <= set(allowed.read)


def test_it_writes_where_it_was_told_to(tmp_path: Path) -> None:
    """The state, the store, the spool and files of sinks."""
    rest = (
        "state_dir: state\nstore: {url: 'sqlite:////srv/evidence/e.sqlite', spool: /var/spool/auditor/spool}\n"
        "sinks: [{kind: eve, to: 'file:/var/log/auditor/eve.json'}]\n"
    )
    allowed = needed(load.load(sensor_files(tmp_path, rest)))
    wanted = {tmp_path / "state", *map(Path, ("/srv/evidence", "/var/spool/auditor", "/var/log/auditor"))}
    assert wanted <= set(allowed.write)
    assert not {Path("/"), Path("/etc"), tmp_path} & set(allowed.write)


def test_a_database_elsewhere_needs_no_folder(tmp_path: Path) -> None:
    """Only the file with its password."""
    allowed = needed(load.load(sensor_files(tmp_path, "store: postgresql://auditor@db.example/auditor\n")))
    assert Path.home() / ".pgpass" in allowed.read
    assert Path.home() not in {*allowed.read, *allowed.write}
