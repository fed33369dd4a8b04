"""The systemd unit, and the account and folders that it needs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.sensor.doctor.around import UNIT

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
pytestmark = pytest.mark.lab


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing: apt-get install systemd")
    return found


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(each) for each in command], capture_output=True, check=False, text=True)


def test_the_unit_exposes_little() -> None:
    """2.0 or better of 10, as systemd weighs it; the threshold is in tenths."""
    done = _run(
        _program("systemd-analyze"), "security", "--offline=true", "--threshold=20", "--no-pager", FOLDER / UNIT
    )
    assert done.returncode == 0, done.stdout
    (level,) = re.findall(r"Overall exposure level for .*: ([0-9.]+)", done.stdout)
    assert float(level) <= 2.0


def test_the_unit_is_understood(tmp_path: Path) -> None:
    """Every key of it, by the oldest systemd that we say it is for."""
    text = (FOLDER / UNIT).read_text("utf-8").replace("/opt/auditor/bin/auditor", "/bin/true")
    unit = tmp_path / UNIT
    unit.write_text(text)
    done = _run(_program("systemd-analyze"), "verify", "--man=no", unit)
    assert UNIT not in done.stderr, done.stderr


def test_the_unit_runs_what_there_is() -> None:
    """Its command line is one that we know, and its paths are those of the example."""
    text = (FOLDER / UNIT).read_text("utf-8")
    assert "ExecStart=/opt/auditor/bin/auditor sensor run --config /etc/auditor/sensor.yaml\n" in text
    assert "LoadCredential=pseudonyms.key:" in text
    assert "${CREDENTIALS_DIRECTORY}/pseudonyms.key" in (FOLDER.parent / "sensor.yaml").read_text("utf-8")
    assert not re.search(r"^(PrivateUsers|PrivateNetwork)=", text, re.MULTILINE)


@pytest.mark.parametrize("call", ["landlock_create_ruleset", "adjtimex", "prctl", "sendmmsg", "getrandom", "futex"])
def test_the_unit_lets_through_what_we_call(call: str) -> None:
    """What the groups that it names hold, without those that it takes away, with what it adds."""
    analyze = _program("systemd-analyze")

    def members(group: str) -> set[str]:
        listed = _run(analyze, "syscall-filter", "--no-pager", group).stdout.split("\n")[1:]
        names = {line.strip() for line in listed if line.startswith("    ") and not line.strip().startswith("#")}
        return {m for name in names for m in (members(name) if name.startswith("@") else {name})}

    allowed: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", (FOLDER / UNIT).read_text("utf-8"), re.MULTILINE):
        named = {m for word in line.lstrip("~").split() for m in (members(word) if word[0] == "@" else {word})}
        allowed = allowed - named if line.startswith("~") else allowed | named
    assert call in allowed
    assert not {"mount", "bpf", "setuid", "reboot", "init_module", "ptrace"} & allowed


def test_the_account_and_its_folders_are_made(tmp_path: Path) -> None:
    """In a root of our own."""
    sysusers, tmpfiles = _program("systemd-sysusers"), _program("systemd-tmpfiles")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").touch()
    (tmp_path / "etc/group").touch()
    done = _run(sysusers, f"--root={tmp_path}", FOLDER / "auditor.sysusers.conf")
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"^auditor:x:\d+:\d+:auditor sensor:/var/lib/auditor:", (tmp_path / "etc/passwd").read_text(), re.MULTILINE
    )
    done = _run(tmpfiles, f"--root={tmp_path}", "--create", FOLDER / "auditor.tmpfiles.conf")
    assert done.returncode == 0, done.stderr
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("etc/auditor", "var/lib/auditor")}
    assert modes == {"etc/auditor": 0o750, "var/lib/auditor": 0o700}
