"""What a sensor gives up; it cannot be taken back, so each test does it in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.sensor import confine

ROOT = Path(__file__).parents[3]
needs_landlock = pytest.mark.skipif(confine.landlock_version() is None, reason="this kernel has no Landlock")
PRELUDE = """
import json, os, subprocess, sys, threading
from pathlib import Path
from auditor.sensor import confine
from auditor.sensor.confine import Allowed
folder = Path(sys.argv[1])
def can(act):
    try:
        act()
    except OSError as problem:
        return problem.strerror
    return True
"""


def _child(script: str, folder: Path) -> object:
    """Run a script and return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script, str(folder)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to read in, one to write in, and one for neither."""
    for name in ("read", "write", "none"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


@needs_landlock
def test_files_that_are_not_needed_are_out_of_reach(folder: Path) -> None:
    """Also for threads that are started later; writing needs leave of its own, and what is not there is left out."""
    found = _child(
        """
allowed = Allowed((folder / "read", folder / "missing"), (folder / "write",), (Path("/usr"), Path(sys.prefix)))
confine.restrict_files(allowed, confine.landlock_version())
found = {}
def look():
    found.update(
        read=can((folder / "read/file").read_text),
        other=can((folder / "none/file").read_text),
        passwd=can(lambda: open("/etc/passwd")),
        change=can(lambda: (folder / "read/file").write_text("x")),
        write=can(lambda: (folder / "write/new").write_text("x")),
        rename=can(lambda: (folder / "write/new").rename(folder / "write/newer")),
        delete=can((folder / "write/newer").unlink),
        device=can(lambda: os.mknod(folder / "write/null", 0o20600, os.makedev(1, 3))),
    )
thread = threading.Thread(target=look)
thread.start()
thread.join()
print(json.dumps(found))
""",
        folder,
    )
    assert isinstance(found, dict)
    denied = {name for name, said in found.items() if said is not True}
    assert denied == {"other", "passwd", "change", "device"}
    assert {found["other"], found["passwd"], found["change"]} == {"Permission denied"}


@needs_landlock
def test_only_programs_that_may_run_do(folder: Path) -> None:
    """What may be read is not thereby a program; one that may run is confined, too."""
    script = folder / "read" / "program"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    found = _child(
        """
system = [Path(p) for p in ("/usr", "/lib", "/lib64", "/bin")]
confine.restrict_files(Allowed((folder / "read",), (), tuple(system)), confine.landlock_version())
cat = ["/bin/cat", str(folder / "none/file")]
print(json.dumps({
    "other": can(lambda: subprocess.run([str(folder / "read/program")], close_fds=True)),
    "cat": subprocess.run(cat, capture_output=True, text=True, stdin=subprocess.PIPE).stderr,
}))
""",
        folder,
    )
    assert isinstance(found, dict)
    assert found["other"] == "Permission denied"
    assert "Permission denied" in found["cat"]


def test_no_privilege_is_left_but_raw_sockets(folder: Path) -> None:
    """Nor can a program that is started gain one."""
    found = _child(
        """
before = confine.capabilities()
done = confine.confine(Allowed((Path("/"),), (), (Path("/"),)))
lines = dict(line.split(":\\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\\t" in line)
print(json.dumps({
    "before": sorted(before), "kept": sorted(done.capabilities), "left_out": done.left_out,
    **{name: lines[name].strip() for name in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd", "NoNewPrivs")},
}))
""",
        folder,
    )
    assert isinstance(found, dict)
    raw = 1 << confine.CAP_NET_RAW if confine.CAP_NET_RAW in found["before"] else 0
    assert [int(found[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")] == [raw, raw, 0, 0]
    assert found["NoNewPrivs"] == "1"
    assert int(found["CapBnd"], 16) == (1 << confine.CAP_NET_RAW) or 8 not in found["before"]
    assert found["kept"] == ([confine.CAP_NET_RAW] if raw else [])


def test_a_kernel_without_landlock_is_told_and_survived(folder: Path) -> None:
    """The sensor goes on."""
    found = _child(
        """
confine.landlock_version = lambda: None
done = confine.confine(Allowed())
print(json.dumps([done.landlock, done.left_out, can((folder / "none/file").read_text)]))
""",
        folder,
    )
    assert isinstance(found, list)
    assert found[0] is None
    assert "no Landlock" in found[1][0]
    assert found[2] is True


def test_a_capability_of_the_program_is_taken(folder: Path) -> None:
    """As in a container, where the file of the interpreter has it and it is not in effect."""
    found = _child(
        """
import ctypes
held = confine.capabilities()
if confine.CAP_NET_RAW in held:
    sets = (confine._Sets * 2)()
    sets[0].permitted = 1 << confine.CAP_NET_RAW
    confine._libc().capset(ctypes.byref(confine._Header(0x20080522, 0)), sets)
before = sorted(confine._held("effective"))
confine.drop_capabilities([confine.CAP_NET_RAW])
print(json.dumps([sorted(held), before, sorted(confine._held("effective"))]))
""",
        folder,
    )
    assert isinstance(found, list)
    held, before, after = found
    assert (before, after) == (([], [confine.CAP_NET_RAW]) if confine.CAP_NET_RAW in held else ([], []))
