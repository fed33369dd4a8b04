"""The example of a sensor file."""

from __future__ import annotations

from pathlib import Path

import yaml

from auditor.sensor.check import check
from auditor.sensor.load import read
from auditor.sensor.schema import SensorFile
from tests.build.sensor import NOW

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy" / "sensor.yaml"


def _installed(folder: Path, text: str) -> Path:
    """Put the example where it would stand, with the policy that ships: its owner says where people were told."""
    policy = (ROOT / "policies" / "corporate.yaml").read_text("utf-8")
    (folder / "policy.yaml").write_text(policy.replace("\n# announced: ", "\nannounced: "))
    for listed in (ROOT / "policies").glob("*.txt"):
        (folder / listed.name).write_bytes(listed.read_bytes())
    (folder / "torrents").mkdir()
    (folder / "pseudonyms.key").write_bytes(bytes(32))
    path = folder / "sensor.yaml"
    path.write_text(text)
    return path


def test_the_example_passes_its_check(tmp_path: Path) -> None:
    """With the policy that ships, and no word left to say."""
    path = _installed(tmp_path, EXAMPLE.read_text("utf-8"))
    checked = check(path, NOW, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert [str(issue) for each in checked.files for issue in each.issues] == []
    assert [each.what for each in checked.files] == ["sensor", "policy", "key"]


def test_every_line_that_is_commented_out_is_right(tmp_path: Path) -> None:
    """Whoever takes the # away is not refused."""
    lines = EXAMPLE.read_text("utf-8").split("\n")
    keys = ("identity:", "vantage:", "filter:", "url:", "web_config:", "sinks:", "  - {kind:", "canary:")
    filled = [
        line.replace("# ", "", 1) if line.lstrip().startswith("# ") and line.lstrip()[2:].startswith(keys) else line
        for line in lines
    ]
    assert len([1 for before, after in zip(lines, filled, strict=True) if before != after]) == len(keys) + 1
    path = _installed(tmp_path, "\n".join(filled))
    assert read(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).issues == []


def test_the_example_names_every_key() -> None:
    """At least in a comment."""
    text = EXAMPLE.read_text("utf-8")
    assert [name for name in SensorFile.model_fields if f"{name}:" not in text] == []


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    """What it says of them is so."""
    shown = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    least = tmp_path / "least"
    least.mkdir()
    bare = "version: 1\nname: sensor-1\npolicy: policy.yaml\nkey_file: ${CREDENTIALS_DIRECTORY}/pseudonyms.key\n"
    one = read(_installed(least, f"{bare}interfaces: {shown['interfaces'][0]['name']}\n"), environ).config
    full = tmp_path / "full"
    full.mkdir()
    other = read(_installed(full, EXAMPLE.read_text("utf-8")), environ).config
    assert one is not None
    assert other is not None
    own = ("path", "sha256", "policy")
    assert {name for name in one.__slots__ if getattr(one, name) != getattr(other, name)} == set(own)
