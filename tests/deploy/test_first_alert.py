"""The way from nothing to a firing alert, as the README has it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build.prometheus import free_port, program, wait

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "README.md").read_text("utf-8").split("## From nothing to a firing alert\n")[1].split("\n## ")[0]
COMMANDS = re.findall(r"^```\n(.*?)\n```$", SECTION, re.DOTALL | re.MULTILINE)[0].split("\n")


def test_there_are_five_commands_at_most() -> None:
    """Somebody who is new here should not need an afternoon."""
    assert len(COMMANDS) <= 5


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    """What in the commands is another here: ports that are free, folders that are nobody's, and a faster day."""
    sensor, prometheus = free_port(), free_port()
    (tmp_path / "sensor.yaml").write_text(
        (ROOT / "samples/sensor/sensor.yaml").read_text("utf-8") + f"metrics: {{listen: '127.0.0.1:{sensor}'}}\n"
    )
    (tmp_path / "policy.yaml").write_bytes((ROOT / "samples/sensor/policy.yaml").read_bytes())
    folder = ROOT / "deploy" / "prometheus"
    for name in ("recording.yml", "alerts.yml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    config = (folder / "prometheus.yml").read_text("utf-8")
    (tmp_path / "prometheus.yml").write_text(config.replace("127.0.0.1:9465", f"127.0.0.1:{sensor}"))
    return {
        ".venv/bin/auditor": f"{sys.executable} -m auditor",
        "samples/sensor/sensor.yaml": str(tmp_path / "sensor.yaml"),
        "--speed 600": "--speed 1500",
        "deploy/prometheus/prometheus.yml": str(tmp_path / "prometheus.yml"),
        "build/prometheus": str(tmp_path / "data"),
        "127.0.0.1:9099": f"127.0.0.1:{prometheus}",
    }


@pytest.mark.slow
def test_the_way_leads_to_a_firing_alert(here: dict[str, str]) -> None:
    """The commands themselves, after those that install: the alert fires, and names an incident and nobody."""
    program("prometheus")
    started = []
    try:
        for command in COMMANDS[2:4]:
            assert command.endswith(" &")
            words = _here(command.removesuffix(" &"), here)
            started.append(
                subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, text=True)
            )
        ask = _here(COMMANDS[4].split("; ")[1], here)

        def fired() -> str | None:
            asked = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=False)
            return asked.stdout if "firing" in asked.stdout else None

        alert = wait(fired, "the alert does not fire", timeout=90, pause=1)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=30)

    assert re.search(r'group="(guests|contractors)", incident="[0-9a-f-]{36}"', alert)
    assert 'rule="' in alert
    assert not re.search(r"\b10\.\d+\.\d+\.\d+\b", alert)


def _here(command: str, here: dict[str, str]) -> list[str]:
    for there, instead in here.items():
        command = command.replace(there, instead)
    return shlex.split(command)
