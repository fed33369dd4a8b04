"""The files of a sensor, the least of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_795_345_200 * 10**9
"""2026-11-22 11:00 UTC."""
POLICY = """\
version: 1
purpose: test
announced: {where: staff handbook, on: 2026-01-31}
retention: {default: 180d}
people: pseudonym
timezone: UTC
groups:
  - {name: guests, networks: [10.40.0.0/16], default: {verdict: notice, reason: a guest}}
  - {name: unattributed, default: {verdict: notice, reason: nobody}}
  - {name: unknown, default: {verdict: allow, reason: others}}
"""


def sensor_files(folder: Path, rest: str = "", *, interfaces: str = "lo", policy: str = POLICY) -> Path:
    """Write a sensor file, its policy and its key; return the path of the former."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.yaml").write_text(policy)
    key = folder / "pseudonyms.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o400)
    state = "" if "state_dir" in rest else "state_dir: state\n"
    path = folder / "sensor.yaml"
    files = "policy: policy.yaml\nkey_file: pseudonyms.key\n"
    path.write_text(f"version: 1\nname: test\n{files}interfaces: {interfaces}\n{state}{rest}")
    return path
