"""A new user's way from nothing to a firing alert is as the README has it: its five commands, as they are written."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.test_runs import need

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SECTION = README.partition("\n## From nothing to a firing alert\n")[2]
COMMANDS = re.findall(r"^```\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)[0].splitlines()
INSTALLING = (
    "sudo apt-get install -y --no-install-recommends prometheus",
    "python3 -m venv .venv && .venv/bin/pip install .",
)
"""What whoever runs the tests has done already; the second one, and the first of its kind, `.ci/run` does anew."""


@contextmanager
def loopback() -> Iterator[str]:
    """A namespace with nothing but a loopback: the ports of the README are free there, and lead nowhere."""
    name = f"readme{secrets.token_hex(4)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def clone(folder: Path) -> Path:
    """What a user has: the files of the repository, and the program installed into ``.venv``."""
    for name in ("deploy", "samples", "policies"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("state"))
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    return folder


def test_there_are_at_most_five_commands() -> None:
    """The first two install what is needed."""
    assert len(COMMANDS) <= 5
    assert tuple(COMMANDS[:2]) == INSTALLING


@pytest.mark.lab
@pytest.mark.slow
def test_they_end_with_a_firing_alert(tmp_path: Path) -> None:
    """It has the group, the rule, the severity and the incident's id, and no address."""
    need("ip", "prometheus", "promtool")
    script = "\n".join(COMMANDS[2:])
    with loopback() as namespace:
        shell = subprocess.Popen(
            ["ip", "netns", "exec", namespace, "bash", "-c", script],
            cwd=clone(tmp_path),
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            shell.wait(120)
        finally:
            os.killpg(shell.pid, signal.SIGTERM)
            printed, _ = shell.communicate(timeout=30)
    assert shell.returncode == 0
    alerts = [line for line in printed.splitlines() if line.startswith("ALERTS{")]
    assert any('group="guests"' in alert for alert in alerts), printed
    for alert in alerts:
        assert 'alertstate="firing"' in alert
        assert re.search(r'severity="(medium|high|critical)"', alert)
        assert re.search(r'rule="[a-z-]+"', alert)
        assert re.search(r'incident="[0-9a-f-]{36}"', alert)
        assert not re.search(r"10\.[0-9]+\.[0-9]+\.[0-9]+", alert)
