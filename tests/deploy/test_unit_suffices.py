"""A sensor lives with what the unit leaves it: nobody's account, one capability, and the calls that pass its filter."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.sensor.doctor.around import UNIT
from tests.build.sensor import sensor_files
from tests.deploy.unit_file import allowed_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "systemd"
NOBODY = 65534
PACKAGES = {"setpriv": "util-linux", "strace": "strace", "systemd-analyze": "systemd"}
pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that nobody's account can reach, as it cannot reach pytest's own, with a state folder."""
    if os.geteuid() != 0:
        pytest.skip("root is needed, to become nobody")
    for program, package in PACKAGES.items():
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt-get install {package}")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "state").mkdir(mode=0o700)
        os.chown(folder / "state", NOBODY, NOBODY)
        yield folder


@pytest.fixture
def manager(place: Path) -> Iterator[socket.socket]:
    """The end at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(place / "notify"))
        (place / "notify").chmod(0o777)
        end.settimeout(60)
        yield end


def _heard(end: socket.socket, word: str) -> None:
    """Wait until the sensor says so."""
    while word not in end.recv(4096).decode().split("\n"):
        pass


def test_what_the_unit_leaves_is_enough(place: Path, manager: socket.socket) -> None:
    """To start, be scraped, reload and end; with no call that the unit's filter refuses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = sensor_files(place, f"metrics: {{listen: '127.0.0.1:{port}'}}\n")
    os.chown(place / "pseudonyms.key", NOBODY, NOBODY)
    only = "-all,+net_raw"
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    become += [f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"]
    calls = place / "calls"
    trace = ["strace", "-f", "-qq", "-e", "signal=none", "-o", str(calls)]
    with subprocess.Popen(
        [*trace, *become, sys.executable, "-m", "auditor", "sensor", "run", "--config", str(path)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(place / "state"),
            "NOTIFY_SOCKET": str(place / "notify"),
        },
        stderr=subprocess.PIPE,
        text=True,
    ) as traced:
        try:
            _heard(manager, "READY=1")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
                assert b"auditor_build_info" in page.read()
            process = int(calls.read_text().split(maxsplit=1)[0])
            os.kill(process, signal.SIGHUP)
            time.sleep(1)
            os.kill(process, signal.SIGTERM)
            _heard(manager, "STOPPING=1")
        except BaseException:
            traced.kill()
            raise
        said = traced.communicate(timeout=60)[1]
    assert traced.returncode == 0, said
    assert "not confined" not in said
    lines = calls.read_text().split("\n")
    begin = next(n for n, line in enumerate(lines) if re.search(r'execve\("[^"]*python', line))
    own = lines[begin:]
    made = {found[1] for line in own if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert made - allowed_calls(FOLDER / UNIT) == set()
    families = {family for line in own for family in re.findall(r" socket\((AF_\w+)", line)}
    (allowed,) = re.findall(r"^RestrictAddressFamilies=(.*)$", (FOLDER / UNIT).read_text("utf-8"), re.MULTILINE)
    assert "AF_PACKET" in families
    assert families <= set(allowed.split())
    # MemoryDenyWriteExecute= refuses memory that may be both, and mprotect() that makes it executable.
    assert [line for line in own if re.search(r"PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC", line)] == []
